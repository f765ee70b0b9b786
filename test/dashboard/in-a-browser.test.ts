/** The pages in a real browser: found, read and used by a lead, whatever the screen, the keyboard or the settings. */

import { Hono } from "hono";
import type { BrowserContext, Page } from "playwright-core";
import { expect, onTestFinished, test, type TestContext } from "vitest";

import type { DashboardPage } from "../../src/dashboard/page/page.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import { listenOn } from "../../src/listening.ts";
import { changeEntry, deploymentEntry, ORGANIZATION, PERIOD, smallLog, WEB } from "../evidence/fixture.ts";
import { openPage } from "../support/browser.ts";
import { addressesOf } from "./addresses.ts";
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
  return [...smallLog(), ...changes, ...deployments, ...gateEntries()];
}

/** What was answered about a pull request, and about a deployment that waits. */
function gateEntries(): readonly Entry[] {
  const { change, assessment } = changeEntry(1, PERIOD.from).body;
  const { deployment, ...deployed } = deploymentEntry(2, [1, 2], PERIOD.from).body;
  const { environment, sha, ref } = deployment;
  const comment = "It waits for **1 approval** of `acme/web#1`.";
  const of = { repositoryId: WEB.id, organizationId: ORGANIZATION.id, at: PERIOD.from };
  const asked = { repository: WEB, number: 7_002, run: 41, environment, sha, ref, requestedAt: PERIOD.from };
  const answered = { deadline: PERIOD.from + HOUR, answer: "waiting", comment } as const;
  const shown = {
    conclusion: "failure",
    title: "1 approval is missing",
    summary: comment,
    text: "",
  } as const;
  const check = { headSha: sha, status: "completed", ...shown } as const;
  return [
    {
      ...of,
      kind: "gate",
      subject: `${WEB.id}#1`,
      body: { pulls: change.pullRequests, assessment, check },
    },
    {
      ...of,
      kind: "deployment-gate",
      subject: `${WEB.id}#7002:${environment}`,
      body: { ...asked, ...answered, ...deployed },
    },
  ];
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

/** Whether a page is one to read here: no file, and not of a package, which the quarter has none of yet (audit-in-a-browser.test.ts). */
function isRead({ path }: DashboardPage): boolean {
  return !/\.csv$|^\/audit\/:seal/u.test(path);
}

/** One address of every page there is. */
function paths(): readonly string[] {
  const subjects = (kind: string): readonly string[] =>
    quarter().flatMap((entry) => (entry.kind === kind ? [entry.subject] : []));
  return [...addressesOf(subjects, isRead).values()].map((of) => of[0] ?? "");
}

for (const [name, size, media] of LOOKS)
  test(
    `have no finding of axe on any page, ${name}, and fit the screen`,
    { tags: name === "light" ? [] : ["long"] },
    async (context) => {
      const { page, url, noted } = await served(context);
      const found: string[] = [];
      for (const path of [...paths(), "/nowhere"]) {
        const answer = await page.goto(`${url}${path}`);
        expect(answer?.status(), path).toBe(path === "/nowhere" ? 404 : 200);
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

test(
  "lead to the change that failed and to the list it is in, by the keyboard alone",
  { tags: ["long"] },
  async (context) => {
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
  },
);

test("filter and turn pages without JavaScript, and send the list", { tags: ["long"] }, async (context) => {
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
