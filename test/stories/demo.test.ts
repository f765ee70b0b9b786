/** @module-tag long */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterAll, beforeAll, expect, test } from "vitest";

import { runProgram } from "../../src/cli/program.ts";
import { recompute } from "../independent/recompute.ts";
import { dropOn, openPage } from "../support/browser.ts";

let out: string;
let code: number;
const printed: string[] = [];

beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), "countersign-demo-"));
  code = await runProgram(["demo", "--out", out], {
    print: (line) => printed.push(line),
    printError: (line) => printed.push(line),
    env: {},
    interactive: false,
  });
});

afterAll(() => rmSync(out, { recursive: true, force: true }));

function fingerprint(): string {
  const manifest = readFileSync(join(out, "evidence", "manifest.json"), "utf8");
  return (JSON.parse(manifest) as { readonly signing: { readonly key_id: string } }).signing.key_id;
}

test("the demo plays its quarter in two processes, and its package verifies and is recomputed until it is tampered with", async () => {
  const text = printed.join("\n");
  expect(code, text).toBe(0);
  expect(text).toContain("found later by the sweep");
  expect(text).toContain("The package is whole");
  expect(text).toMatch(/^ {2}changes\.csv: /mu);
  const places = [
    ["evidence", "START-HERE.html"],
    ["addendum", "START-HERE.html"],
    ["two-quarters", "START-HERE.html"],
    ["sample", "index.html"],
    ["tampered"],
    ["verify.html"],
  ].map((parts) => join(out, ...parts));
  expect(printed.slice(-places.length).map((line) => line.slice(line.indexOf(out)))).toEqual(places);
  for (const place of places) expect(existsSync(place), place).toBe(true);
  expect(text).toContain("This package rolls up 2 periods: 2026-Q3, 2026-Q4.");
  expect(text).toMatch(
    /Of 2026-Q3, \d+ rows? differs? from the package that closed it, and .* its addendum 1/u,
  );
  expect(await recompute(join(out, "two-quarters"))).toEqual([]);
  expect(await recompute(join(out, "evidence"))).toEqual([]);
  expect(text).toMatch(/This package is addendum 1 .* rows? differs? from it/u);
  expect(await recompute(join(out, "addendum"))).toEqual([]);
  expect(await recompute(join(out, "tampered"))).toContain("changes.csv: not as sealed");
});

test("its heads were posted on GitHub in time, and agree with the log", () => {
  const page = readFileSync(join(out, "evidence", "START-HERE.html"), "utf8");
  expect(page).toMatch(/Posted: \d+\. The newest is head \d+, /u);
  expect(page).toContain("No difference was found.");
  expect(page).not.toMatch(/GitHub dates \d+ of \d+ heads of the log more than a day after/u);
  const heads = readFileSync(join(out, "evidence", "log", "heads.csv"), "utf8");
  expect(heads.match(/,posted,,/gu)?.length).toBeGreaterThan(10);
});

test("verify.sh finds what countersign verify finds", () => {
  const text = printed.join("\n");
  expect(text).toContain("That is the fingerprint you gave.");
  expect(text).toContain("DEFECT changes.csv: was changed");
});

test("the first pages show every table whole on a laptop's screen", async (context) => {
  const page = await openPage(context);
  await page.setViewportSize({ width: 1280, height: 900 });
  for (const name of ["evidence", "addendum", "two-quarters"]) {
    await page.goto(pathToFileURL(join(out, name, "START-HERE.html")).href);
    const cut = await page.evaluate<string[]>(
      `[...document.querySelectorAll(".scroll")].filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.innerText.slice(0, 60))`,
    );
    expect(cut, name).toEqual([]);
  }
});

test("the first page prints on four pages, an addendum's too, and that of two quarters on five", async (context) => {
  const page = await openPage(context);
  for (const format of ["A4", "Letter"]) {
    const counted: Record<string, number | undefined> = {};
    for (const name of ["evidence", "addendum", "two-quarters"]) {
      await page.goto(pathToFileURL(join(out, name, "START-HERE.html")).href);
      const pdf = (await page.pdf({ format })).toString("latin1");
      counted[name] = pdf.match(/\/Type\s*\/Page\b/gu)?.length;
    }
    expect(counted, format).toEqual({ evidence: 4, addendum: 4, "two-quarters": 5 });
  }
});

test("verify.html shows in a browser what the demo says of it", async (context) => {
  const text = printed.join("\n");
  expect(text).toContain(`enter the fingerprint: ${fingerprint()}`);
  const page = await openPage(context);
  await page.goto(pathToFileURL(join(out, "verify.html")).href);
  await page.getByLabel("Fingerprint of the company’s signing key").fill(fingerprint());
  for (const [given, verdict] of [
    ["evidence.zip", "No defect found"],
    ["two-quarters.zip", "No defect found"],
    ["tampered", "2 defects found"],
  ] as const) {
    await page.evaluate('document.getElementById("status").textContent = ""');
    await dropOn(page, join(out, given));
    await page.getByText("The check has ended.").waitFor();
    expect(await page.locator(".verdict h2").innerText(), given).toBe(verdict);
    const shown = await page.locator("#result").innerText();
    expect(shown.replaceAll(/\s/gu, ""), given).toContain(fingerprint());
  }
});
