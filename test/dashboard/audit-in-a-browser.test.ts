/**
 * The audit's pages in a real browser, as an auditor has them.
 *
 * @module-tag long
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Hono } from "hono";
import { expect, onTestFinished, test } from "vitest";

import { closePeriod } from "../../src/flows/monitoring/close-period.ts";
import { listenOn } from "../../src/listening.ts";
import { openPackage } from "../../src/package/folder.ts";
import { packagesIn } from "../../src/start/packages.ts";
import { GENERATED_AT, ledgerWith, MAKING, ORGANIZATION, PERIOD, smallLog } from "../evidence/fixture.ts";
import { openPage } from "../support/browser.ts";
import { pagesOf } from "./browsing.ts";
import { findings, LOOKS, shoot } from "./looks.ts";

test("an auditor draws a sample and downloads the package, with no finding of axe on the way", async (context) => {
  const { ledger, close } = await ledgerWith(smallLog());
  const shelf = await mkdtemp(join(tmpdir(), "countersign-audit-"));
  onTestFinished(async () => {
    await close();
    await rm(shelf, { recursive: true, force: true });
  });
  await ledger.beat(GENERATED_AT);
  const writer = await openPackage(join(shelf, "q3"), { zip: true });
  const how = { period: PERIOD, generatedAt: GENERATED_AT, reason: null, by: "carol" };
  await closePeriod({ ...MAKING, ledger, writer, ...how });
  const person = {
    kind: "oidc",
    issuer: "https://login.example",
    subject: "a-1",
    email: "a@b.example",
  } as const;
  const sees = [{ organization: ORGANIZATION, repositories: "all", role: "auditor" }] as const;
  const viewer = { name: "a@b.example (no GitHub account)", person, sees, csrfToken: "x" };
  const { app } = pagesOf(ledger, { viewer, packages: packagesIn(shelf, ledger) });
  const outer = new Hono();
  outer.notFound((c) => app.fetch(c.req.raw, { address: "127.0.0.1" }));
  const server = await listenOn(outer, "127.0.0.1", 0);
  onTestFinished(() => server.close());
  const page = await openPage(context);

  const found: string[] = [];
  const look = async (name: string): Promise<void> => {
    for (const [each, size, media] of LOOKS) {
      await page.setViewportSize(size);
      await page.emulateMedia({ media: "screen", ...media });
      for (const finding of await findings(page)) found.push(`${name} ${each} ${finding}`);
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      if (wide > 0) found.push(`${name} ${each} is ${wide} px too wide`);
      await shoot(page, `${name}-${each}`);
    }
    // A link is followed on a screen: on paper there are none.
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize({ width: 1_280, height: 900 });
  };
  await page.goto(server.url);
  await page.getByRole("link", { name: "Audit" }).click();
  await look("audit");
  await page.getByRole("link", { name: "Preview of a period that is not closed" }).click();
  await page.getByText("This period is not closed.").waitFor();
  await look("audit-preview");
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("link", { name: "closing", exact: true }).click();
  await page.getByLabel("Size").fill("3");
  await page.getByLabel("Seed").fill("fieldwork 7391");
  await page.getByRole("button", { name: "Draw" }).click();
  expect(await page.locator("#sample ~ .scroll tbody tr, section:has(#sample) tbody tr").count()).toBe(3);
  await look("audit-package");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download the zip" }).click(),
  ]);
  expect(await readFile(await download.path())).toEqual(await readFile(join(shelf, "q3.zip")));
  expect(found).toEqual([]);
});
