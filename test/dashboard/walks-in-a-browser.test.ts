/** Whole ways through the pages in a real browser, each from a sign-in to what its person came for. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test, vi, type TestContext } from "vitest";

import { verifyPage } from "../../scripts/verify-page.ts";
import { fingerprintOf } from "../../src/domain/evidence/seal.ts";
import { closePeriod } from "../../src/flows/monitoring/close-period.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { openPackage } from "../../src/package/folder.ts";
import { KEY, MAKING } from "../evidence/fixture.ts";
import { openBrowser } from "../support/browser.ts";
import type { Ending } from "../support/ending.ts";
import { servedPages } from "./at-github.ts";
import { reach, shoot } from "./looks.ts";
import { CLIENT, startOpenId, type OpenIdStage } from "./openid-provider.ts";
import { monthSpan } from "../../src/domain/time/month.ts";

const AUDIT = { subject: "a-1", email: "audit@big.example", isVerified: true };
const NOW = Date.parse("2026-08-03T06:00:00Z");
const FINGERPRINT = fingerprintOf(KEY.spki);

/** One change without approval among others, a month that is over, and a pull request that lacks an approval. */
const STORY = `
name: what people come for
policy:
  mode: enforce
  approval: { required: 1, from: { users: [bob, cat] } }
  checks: { required: [build] }
  monitoring: { owner: cat }
  access:
    leads: { teams: [acme/leads] }
    auditors: { emails: [${AUDIT.email}], until: 2026-12-31 }
people:
  ann: { permission: write }
  bob: { permission: write }
  cat: { permission: write, teams: [leads] }
  eve: { permission: admin }
start: 2026-07-06T09:00:00Z
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: one, title: "the first", files: { src/a.ts: "1" } }
  - { do: review, by: bob, pull: 1, state: approved, after: 1m }
  - { do: set-check, pull: 1, name: build, conclusion: success }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: push, by: eve, branch: main, files: { a.ts: "1" }, bypass: true, after: 1m }
  - { do: wait, at: "2026-08-03T05:00:00Z" }
  - { do: open-pull-request, by: ann, pull: 2, branch: two, title: "the second", files: { src/b.ts: "1" } }
  - { do: set-check, pull: 2, name: build, conclusion: failure, after: 1m }
  - { do: wait, at: "${new Date(NOW).toISOString()}" }
`;

interface Stage extends Awaited<ReturnType<typeof servedPages>> {
  readonly provider: OpenIdStage;
  /** verify.html, as it is released. */
  readonly verifyHtml: string;
}

let browser: Browser | string;
let stage: Stage;
const opened: Page[] = [];
const ends: (() => Promise<unknown>)[] = [];
const ending: Ending = (end) => void ends.unshift(end);

beforeAll(async () => {
  browser = await openBrowser();
  if (typeof browser !== "string") ending(browser.close.bind(browser));
  // The provider reads the system's clock, and warns of what only one in production needs.
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  vi.spyOn(console, "warn").mockReturnValue();
  const folder = await mkdtemp(join(tmpdir(), "countersign-walks-"));
  ending(() => rm(folder, { recursive: true, force: true }));
  const verifyHtml = join(folder, "verify.html");
  await writeFile(verifyHtml, await verifyPage());
  let provider: OpenIdStage | undefined;
  const pages = await servedPages(STORY, {
    ending,
    settings: async (url) => {
      provider = await startOpenId(`${url}/sign-in/openid/callback`, {}, ending);
      const openId = { ...CLIENT, issuer: provider.issuer };
      const gitHub = { clientId: "Iv1.client", clientSecret: "secret", sessionSecret: "s".repeat(32) };
      return { packages: folder, signIn: { ...gitHub, openId } };
    },
  });
  await closeJuly(pages, folder);
  if (provider === undefined) throw new Error("nobody asked for the settings");
  stage = { ...pages, provider, verifyHtml };
});

afterAll(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const end of ends) await end();
});

afterEach(async () => {
  for (const page of opened.splice(0)) await page.context().close();
});

/** Hands July's package over. */
async function closeJuly({ harness }: Pick<Stage, "harness">, folder: string): Promise<void> {
  const ledger = await openLedger(harness.where);
  try {
    let organization = MAKING.organization;
    for await (const { body } of ledger.states("repository", { everyOrganization: true }))
      organization = { id: body.repository.ownerId, login: body.repository.owner };
    const period = { name: "2026-07", ...monthSpan("2026-07") };
    const how = { period, generatedAt: NOW, by: "cat", reason: "the App was installed on 6 July" };
    const writer = await openPackage(join(folder, "july"), { zip: true });
    const { refused } = await closePeriod({ ...MAKING, organization, ledger, writer, ...how });
    expect(refused).toBeNull();
  } finally {
    await ledger.close();
  }
}

/** A browser in which nobody is signed in; GitHub's own page of sign-in asks this person. */
async function pageOf(
  { skip }: Pick<TestContext, "skip">,
  login: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  if (typeof browser === "string") return skip(browser);
  const context = await browser.newContext({ ...options, baseURL: stage.url });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const asked = async (requestId: string, url: string): Promise<void> => {
    const back = (await stage.agree(url, login)).replaceAll("&", "&amp;");
    const body = Buffer.from(`<title>GitHub</title><a href="${back}">Authorize</a>`).toString("base64");
    const responseHeaders = [{ name: "content-type", value: "text/html" }];
    await session.send("Fetch.fulfillRequest", { requestId, responseCode: 200, responseHeaders, body });
  };
  session.on("Fetch.requestPaused", ({ requestId, request }) => void asked(requestId, request.url));
  await session.send("Fetch.enable", { patterns: [{ urlPattern: "http://github.test/*" }] });
  page.setDefaultTimeout(0);
  opened.push(page);
  return page;
}

test("an auditor without an account finds one control's failures, and verifies the package in the same browser", async (context) => {
  const page = await pageOf(context, "nobody");
  const zip = await audited(page, "walk-audit");

  await page.goto(pathToFileURL(stage.verifyHtml).href);
  await page.getByLabel("Fingerprint of the company’s signing key").fill(FINGERPRINT);
  await page.locator("#zip").setInputFiles({
    name: "package.zip",
    mimeType: "application/zip",
    buffer: await readFile(zip),
  });
  await page.getByText("The check has ended.").waitFor();
  expect(await page.locator(".verdict h2").innerText()).toBe("No defect found");
  expect((await page.locator("#result").innerText()).replaceAll(/\s/gu, "")).toContain(FINGERPRINT);
  await shoot(page, "walk-audit-verified");
});

test(
  "an auditor does the same without JavaScript, up to the package",
  { tags: ["long"] },
  async (context) => {
    const page = await pageOf(context, "nobody", { javaScriptEnabled: false });
    const zip = await readFile(await audited(page, "walk-audit-plain"));
    expect(zip.subarray(0, 2).toString()).toBe("PK");
  },
);

/** An auditor signs in, finds one control's failures, draws a sample and downloads the package; returns where it is. */
async function audited(page: Page, name: string): Promise<string> {
  stage.provider.signsIn(AUDIT);
  await page.goto("/changes");
  await page.getByRole("link", { name: "Sign in", exact: true }).click();
  await page.getByRole("link", { name: /^Sign in with an address/u }).click();
  await page.getByText(`Signed in as ${AUDIT.email} (no GitHub account)`).waitFor();
  expect(await page.locator("tbody tr").count()).toBe(2);

  await page.getByLabel("Control that did not pass").selectOption("independently-approved");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForURL(/control=independently-approved/u);
  expect(await page.locator("tbody tr").count()).toBe(1);
  await page.locator("tbody tr a").first().click();
  await page.waitForURL(/\/changes\/[0-9a-f]{64}/u);
  expect(await page.getByRole("main").textContent()).toMatch(/eve[^]*without a pull request/u);
  await shoot(page, `${name}-change`);

  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("link", { name: "closing", exact: true }).click();
  await page.getByLabel("Size").fill("1");
  await page.getByLabel("Seed").fill("fieldwork 7391");
  await page.getByRole("button", { name: "Draw" }).click();
  const sample = await readFile(await downloaded(page, "The sample as CSV"), "utf8");
  const chosen = await page.locator("section:has(#sample) tbody code").innerText();
  expect(sample).toMatch(new RegExp(`^rank,digest,id,stratum\r\n1,[0-9a-f]{64},${chosen},all\r\n$`, "u"));
  await shoot(page, `${name}-sample`);
  expect(await page.locator("section:has(#verify)").innerText()).toContain(FINGERPRINT);
  return downloaded(page, "Download the zip");
}

async function downloaded(page: Page, link: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: link }).click(),
  ]);
  return download.path();
}

test("a developer follows the red check's own link, and reads what is missing and who gives it, without JavaScript", async (context) => {
  const [repository] = [...stage.harness.github.double.world.repositories.values()].filter(
    ({ name }) => name === "web",
  );
  const check = repository?.checkRuns.findLast(({ name }) => name === "countersign");
  expect(check?.conclusion).toBe("failure");
  const link = check?.detailsUrl ?? "";
  const page = await pageOf(context, "ann", {
    javaScriptEnabled: false,
    viewport: { width: 1_280, height: 720 },
  });
  await page.goto(link);
  await page.getByRole("link", { name: "Sign in", exact: true }).click();
  await page.getByRole("link", { name: "Sign in with GitHub" }).click();
  await page.getByRole("link", { name: "Authorize" }).click();
  await page.getByText("Signed in as ann").waitFor();
  expect(page.url()).toBe(link);
  for (const [width, height] of [
    [1_280, 720],
    [360, 740],
  ] as const) {
    await page.setViewportSize({ width, height });
    const now = page.locator("section:has(#now)");
    const words = await now.innerText();
    expect(words).toContain("1 approval");
    for (const who of ["bob", "cat"]) expect(words).toContain(who);
    expect(await endOf(now.getByText(/bob.*cat/u).first()), `${width}`).toBeLessThan(height);
    await shoot(page, `walk-developer-${width}`);
  }
});

async function endOf(element: ReturnType<Page["locator"]>): Promise<number> {
  const box = await element.boundingBox();
  return box === null ? Infinity : box.y + box.height;
}

test("an owner signs a month off, from the sign-in on by the keyboard alone", async (context) => {
  const page = await pageOf(context, "cat");
  const follow = async (name: RegExp): Promise<void> => {
    await reach(page, name);
    await page.keyboard.press("Enter");
  };
  await page.goto("/");
  await follow(/^Sign in$/u);
  await page.waitForURL(/\/sign-in/u);
  await follow(/^Sign in with GitHub$/u);
  await page.waitForURL(/github\.test/u);
  await follow(/^Authorize$/u);
  await page.getByText("Signed in as cat").waitFor();
  await follow(/^Months$/u);
  await page.waitForURL(/\/months$/u);
  const forms = await page.locator("form.act").count();
  expect(forms).toBeGreaterThan(0);
  await reach(page, /^What you saw/u);
  await page.keyboard.type("I read every change of July");
  await follow(/^Sign off$/u);
  await page.waitForURL(/\/months\?answer=/u);
  expect(await page.getByRole("status").textContent()).toMatch(/cat signed off .* for 2026-07/u);
  expect(await page.locator("form.act").count()).toBe(forms - 1);
  const signed = page.locator("section:has(#signed-off) tbody tr");
  expect(await signed.count()).toBe(1);
  expect(await signed.textContent()).toMatch(/cat[^]*I read every change of July/u);
  await shoot(page, "walk-month-signed");
});
