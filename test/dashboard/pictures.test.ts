/**
 * What the pages look like, over the demo's quarter, against pictures that were looked at. The browser and its fonts come with npm
 * packages, so that the machine does not matter. To renew them: UPDATE_GOLDEN=1 npx vitest run test/dashboard/pictures.test.ts
 *
 * @module-tag long
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import pixelmatch from "pixelmatch";
import type { Page } from "playwright-core";
import { PNG } from "pngjs";
import { expect, test, type TestContext } from "vitest";

import { openLedger } from "../../src/ledger/open.ts";
import { openPage } from "../support/browser.ts";
import { servedPages } from "./at-github.ts";
import { LOOKS } from "./looks.ts";

const RENEW = "UPDATE_GOLDEN=1 npx vitest run test/dashboard/pictures.test.ts";

/** So many pixels may differ: edges of letters, where another processor rounds otherwise. */
const MOST_PIXELS = 40;

/** The page of one thing is shown down to here (px): what follows is all that is on record of it. */
const DEEPEST = 2_600;

/** A picture: of which page, how it is shown, and where it is kept. */
interface Picture {
  readonly name: string;
  readonly path: string;
  readonly look: (typeof LOOKS)[number][0] | "readme";
}

const README = ["readme", { width: 1_000, height: 720 }, { colorScheme: "light" }] as const;

function fileOf({ name, look }: Picture): URL {
  return look === "readme"
    ? new URL(`../../docs/images/dashboard-${name}.png`, import.meta.url)
    : new URL(`../golden/pictures/${name}-${look}.png`, import.meta.url);
}

/** The demo's quarter, signed in as its lead, the day after it ended. */
async function quarter(
  context: TestContext,
): Promise<{ readonly page: Page; readonly url: string; readonly pictures: readonly Picture[] }> {
  if (process.platform !== "linux" || process.arch !== "x64")
    return context.skip("skipped: other platforms have other fonts");
  const page = await openPage(context);
  const story = readFileSync(new URL("../../demo/story.yaml", import.meta.url), "utf8");
  const pages = await servedPages(story);
  const { cookies } = await pages.signedIn("carol");
  await page
    .context()
    .addCookies([...cookies].map(([name, value]) => ({ name, value, url: pages.url, httpOnly: true })));
  const ledger = await openLedger(pages.harness.where, { readOnly: true });
  const change = new Map<string, string>();
  let deviation = "";
  try {
    for await (const { subject, body } of ledger.states("change", { everyOrganization: true }))
      change.set(body.change.pullRequests[0]?.title ?? "", subject);
    for await (const { body } of ledger.states("deviation", { everyOrganization: true }))
      if (body.pull === 3) deviation = body.id;
  } finally {
    await ledger.close();
  }
  const days = "from=2026-07-01&to=2026-09-30";
  const overview = `/?${days}`;
  const checkout = `/changes/${change.get("Fix the checkout")}`;
  return {
    page,
    url: pages.url,
    pictures: [
      { name: "overview", path: overview, look: "light" },
      { name: "overview", path: overview, look: "narrow" },
      { name: "overview", path: overview, look: "readme" },
      { name: "changes", path: `/changes?${days}`, look: "light" },
      { name: "change", path: checkout, look: "light" },
      { name: "change", path: checkout, look: "printed" },
      { name: "change", path: checkout, look: "readme" },
      { name: "deviation", path: `/deviations/${deviation}`, look: "dark" },
      { name: "months", path: "/months", look: "light" },
      { name: "audit", path: "/audit", look: "light" },
    ],
  };
}

async function open(page: Page, url: string, { path, look }: Picture): Promise<void> {
  const [, size, media] = [...LOOKS, README].find(([name]) => name === look) ?? README;
  await page.setViewportSize(size);
  await page.emulateMedia({ media: "screen", ...media });
  const answer = await page.goto(`${url}${path}`);
  expect(answer?.status(), path).toBe(200);
}

async function taken(page: Page, { name, look }: Picture): Promise<Buffer> {
  if (look === "readme") return name === "overview" ? figuresOf(page) : page.screenshot();
  if (name !== "change" && name !== "deviation") return page.screenshot({ fullPage: true });
  const { width } = page.viewportSize() ?? README[1];
  return page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height: DEEPEST } });
}

/** What the period came to: the sections from its verdicts to its controls. */
async function figuresOf(page: Page): Promise<Buffer> {
  const [top, bottom] = await page.evaluate<readonly [number, number]>(
    "['verdicts', 'controls'].map((id, last) => document.querySelector(`section:has(#${id})`).getBoundingClientRect()[last ? 'bottom' : 'top'])",
  );
  const clip = { x: 0, y: Math.round(top), width: README[1].width, height: Math.round(bottom - top) };
  return page.screenshot({ fullPage: true, clip });
}

/** What differs between two pictures, and a picture of it. */
function difference(
  before: Buffer,
  after: Buffer,
): { readonly pixels: number; readonly says: string; readonly shown: Buffer } {
  const [a, b] = [PNG.sync.read(before), PNG.sync.read(after)];
  if (a.width !== b.width || a.height !== b.height)
    return {
      pixels: Infinity,
      says: `it is ${b.width} × ${b.height}, and was ${a.width} × ${a.height}`,
      shown: after,
    };
  const shown = new PNG({ width: a.width, height: a.height });
  const pixels = pixelmatch(a.data, b.data, shown.data, a.width, a.height, { threshold: 0.1 });
  return { pixels, says: `${pixels} pixels differ`, shown: PNG.sync.write(shown) };
}

test("look as they did when somebody looked at them", async (context) => {
  const { page, url, pictures } = await quarter(context);
  const found: string[] = [];
  for (const picture of pictures) {
    const file = fileOf(picture);
    await open(page, url, picture);
    const now = await taken(page, picture);
    const isThere = existsSync(file);
    const { pixels, says, shown } = isThere
      ? difference(readFileSync(file), now)
      : { pixels: Infinity, says: "there is no such picture", shown: now };
    if (process.env["UPDATE_GOLDEN"] === "1" && pixels > 0) {
      mkdirSync(dirname(file.pathname), { recursive: true });
      writeFileSync(file, now);
      continue;
    }
    if (pixels <= MOST_PIXELS) continue;
    const folder = join(tmpdir(), "countersign-pictures");
    mkdirSync(folder, { recursive: true });
    const kept = join(folder, `${picture.name}-${picture.look}`);
    writeFileSync(`${kept}-now.png`, now);
    writeFileSync(`${kept}-difference.png`, shown);
    found.push(`${picture.name} ${picture.look}: ${says}. Look at ${kept}-now.png and -difference.png`);
  }
  expect(found, `At most ${MOST_PIXELS} pixels may differ. To renew: ${RENEW}`).toEqual([]);
  // What README shows is small.
  for (const picture of pictures)
    if (picture.look === "readme") expect(readFileSync(fileOf(picture)).length).toBeLessThan(150_000);

  // They would tell if a section were gone, be it the smallest.
  const [overview] = pictures;
  if (overview === undefined) throw new Error("there is no picture");
  await open(page, url, overview);
  await page.evaluate(
    "[...document.querySelectorAll('main section')].sort((a, b) => a.offsetHeight - b.offsetHeight)[0].remove()",
  );
  const without = difference(readFileSync(fileOf(overview)), await taken(page, overview));
  expect(without.pixels).toBeGreaterThan(MOST_PIXELS);
  // And if one word of a table were another.
  await open(page, url, overview);
  await page.evaluate("document.querySelector('td').textContent = 'Something else'");
  const other = difference(readFileSync(fileOf(overview)), await taken(page, overview));
  expect(other.pixels).toBeGreaterThan(MOST_PIXELS);
});
