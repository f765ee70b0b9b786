/** Looking at a page in a browser, and going through it by keyboard: each way it is shown, what axe finds, and a picture for whoever wants one. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Where screenshots are written, for whoever wants to look; unset: nowhere. */
const SHOTS = process.env["SCREENSHOTS"];

/** The ways a page is shown. */
export const LOOKS = [
  ["light", { width: 1280, height: 900 }, { colorScheme: "light" }],
  ["dark", { width: 1280, height: 900 }, { colorScheme: "dark" }],
  ["narrow", { width: 360, height: 740 }, { colorScheme: "light" }],
  ["printed", { width: 720, height: 900 }, { media: "print", colorScheme: "dark" }],
] as const;

/** What axe finds on a page. */
export async function findings(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(AXE);
  const found = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>("axe.run()");
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
}

/** Presses Tab until what has the focus is called so. */
export async function reach(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate<string>(
      "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()",
    );
    if (name.test(focused)) return;
  }
  throw new Error(`no ${String(name)} within 60 presses`);
}

/** Takes a picture of a whole page. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (SHOTS === undefined) return;
  mkdirSync(SHOTS, { recursive: true });
  writeFileSync(join(SHOTS, `${name}.png`), await page.screenshot({ fullPage: true }));
}
