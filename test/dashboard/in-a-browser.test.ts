/** The pages in a real browser: found, read and used by a lead, whatever the screen, the keyboard or the settings. */

import { Hono } from "hono";
import type { BrowserContext, Page } from "playwright-core";
import { expect, onTestFinished, test, type TestContext } from "vitest";

import type { Entry } from "../../src/domain/records/entry.ts";
import { listenOn } from "../../src/listening.ts";
import { changeEntry, deploymentEntry, PERIOD, smallLog } from "../evidence/fixture.ts";
import { openPage } from "../support/browser.ts";
import { pagesOver } from "./browsing.ts";
import { findings, LOOKS, shoot } from "./looks.ts";

const HOUR = 3_600_000;

/** When the pages are opened: the period still runs. */
const NOW = PERIOD.to - 5 * 24 * HOUR;

/** A quarter with everything the pages show, and one review that is overdue. */
function quarter(): readonly Entry[] {
  const changes = Array.from({ length: 70 }, (_, index) =>
    changeEntry(index + 20, PERIOD.from + index * 29 * HOUR),
  );
  const deployments = Array.from({ length: 4 }, (_, index) =>
    deploymentEntry(index + 10, [index + 20], PERIOD.from + index * 500 * HOUR),
  );
  return [...smallLog(), ...changes, ...deployments];
}

/** A page of the browser and the address of the pages. */
async function served(
  context: TestContext,
): Promise<{ readonly page: Page; readonly url: string; readonly noted: string[] }> {
  const { app } = await pagesOver(quarter(), { now: NOW });
  const outer = new Hono();
  outer.notFound((c) => app.fetch(c.req.raw, { address: "127.0.0.1" }));
  const server = await listenOn(outer, "127.0.0.1", 0);
  onTestFinished(() => server.close());
  const page = await openPage(context);
  const noted: string[] = [];
  page.on("console", (message) => noted.push(message.text()));
  page.on("pageerror", (error) => noted.push(error.message));
  return { page, url: server.url, noted };
}

const PATHS = [
  "/",
  "/changes",
  "/deployments",
  "/deviations",
  "/emergencies",
  "/reviews",
  "/controls",
  "/months",
  "/repositories",
  "/repositories/acme/web",
  "/nowhere",
] as const;

for (const [name, size, media] of LOOKS)
  test(
    `have no finding of axe on any page, ${name}, and fit the screen`,
    { tags: name === "light" ? [] : ["long"] },
    async (context) => {
      const { page, url, noted } = await served(context);
      const found: string[] = [];
      for (const path of PATHS) {
        await page.goto(`${url}${path}`);
        if (path === "/changes") await page.locator("tbody a").first().waitFor();
        await page.setViewportSize(size);
        await page.emulateMedia({ media: "screen", ...media });
        for (const each of await findings(page)) found.push(`${path} ${each}`);
        const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        if (wide > 0) found.push(`${path} is ${wide} px too wide`);
        await shoot(page, `${path.replaceAll(/[^a-z]+/gu, "-")}-${name}`);
      }
      expect(found).toEqual([]);
      expect(noted.filter((each) => !/404|400/u.test(each))).toEqual([]);
    },
  );

test("lead to the change that failed and to the list it is in, by the keyboard alone", async (context) => {
  const { page, url } = await served(context);
  await page.goto(url);
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
  await page.keyboard.press("Enter");
  const reached = async (text: RegExp): Promise<void> => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press("Tab");
      if (text.test(await page.evaluate<string>("document.activeElement.textContent.trim()"))) return;
    }
    throw new Error(`no ${String(text)} within 60 presses`);
  };
  await reached(/^independent approval$/u);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/changes\?control=independently-approved/u);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await reached(/^\d{4}-\d\d-\d\d \d\d:\d\d$/u);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/changes\/[0-9a-f]{64}$/u);
});

test("filter and turn pages without JavaScript, and send the list", async (context) => {
  const { page: first, url } = await served(context);
  const browser = first.context().browser();
  if (browser === null) throw new Error("no browser");
  const plain: BrowserContext = await browser.newContext({ javaScriptEnabled: false });
  const page = await plain.newPage();
  await page.goto(`${url}/changes`);
  await page.getByRole("link", { name: "Next page" }).click();
  await page.getByRole("link", { name: "Previous page" }).click();
  await page.getByLabel("Verdict").selectOption("non-compliant");
  await page.getByRole("button", { name: "Filter" }).click();
  const rows = await page.locator("tbody tr").count();
  expect(rows).toBeGreaterThan(3);
  expect(await page.locator("tbody tr", { hasText: "non-compliant" }).count()).toBe(rows);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "The whole list as CSV" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("changes.csv");
});
