/**
 * Three made-up companies: every sentence that an auditor, a customer or their own management reads of them, held as text.
 *
 * @module-tag long
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { writeDraft } from "../../src/cli/evidence/draft.ts";
import { answerReadiness } from "../../src/cli/evidence/readiness.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import { printScenarioResult } from "../../src/cli/scenario/result.ts";
import { DRAFT_KINDS } from "../../src/domain/drafts/draft.ts";
import { exportEvidence } from "../../src/flows/monitoring/export-evidence.ts";
import { openPackage } from "../../src/package/folder.ts";
import { COPIES } from "../../src/package/copies.ts";
import { MAKER } from "../../src/package/maker.ts";
import { VERSION } from "../../src/package/version.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { KEY } from "../evidence/fixture.ts";
import { recompute } from "../independent/recompute.ts";
import { readStory } from "../support/scenarios.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { pageText, withoutPlaces } from "./reading.ts";

const PERIOD = {
  name: "2026-Q3",
  from: Date.parse("2026-07-01T00:00:00Z"),
  to: Date.parse("2026-10-01T00:00:00Z"),
};

/** When the auditor comes. */
const TODAY = Date.parse("2026-10-05T09:00:00Z");

describe.each(["careful", "messy", "switched-off"])("the %s company", (name) => {
  let stage: InProcessHarness;
  let folder: string;
  let deviations: readonly string[];

  beforeAll(async () => {
    const path = new URL(`${name}.yaml`, import.meta.url);
    const scenario = readStory(readFileSync(path, "utf8"), `test/companies/${name}.yaml`);
    folder = await mkdtemp(join(process.env["COMPANIES_OUT"] ?? tmpdir(), `countersign-${name}-`));
    stage = await openHarness(scenario, "sqlite");
    const performance = await playScenario(scenario, stage);
    expect(performance.failures, printScenarioResult(performance)).toEqual([]);
    await stage.app.reconcile("acme", PERIOD.from, TODAY);
    const ledger = await stage.openLedger();
    try {
      let organizationId = 0;
      for await (const entry of ledger.states("repository", { everyOrganization: true }))
        organizationId = entry.organizationId;
      await ledger.snapshot(async (moment) =>
        exportEvidence({
          ledger: moment,
          organization: { id: organizationId, login: "acme" },
          period: PERIOD,
          generatedAt: TODAY,
          signingKey: KEY,
          writer: await openPackage(join(folder, "package")),
          tool: { name: "countersign", version: VERSION, apiUrl: "http://github.test/api/v3", facts: [] },
          maker: { ...MAKER, copies: COPIES },
        }),
      );
      const ids: string[] = [];
      for await (const { body } of ledger.states("deviation", { everyOrganization: true })) ids.push(body.id);
      deviations = ids;
    } finally {
      await ledger.close();
    }
  });

  afterAll(async () => {
    await stage.close();
    if (process.env["COMPANIES_OUT"] === undefined) await rm(folder, { recursive: true, force: true });
  });

  test("shows an auditor this first page", async () => {
    const page = await readFile(join(folder, "package/START-HERE.html"), "utf8");
    await expect(withoutPlaces(pageText(page))).toMatchFileSnapshot(
      `../golden/companies/${name}/START-HERE.txt`,
    );
  });

  test("has this readiness", async () => {
    const { code, lines } = await answerReadiness(stage.where, { org: "acme", days: 90 }, TODAY);
    const text = [`exit code ${code}`, ...lines, ""].join("\n");
    await expect(text).toMatchFileSnapshot(`../golden/companies/${name}/readiness.txt`);
  });

  test.each(DRAFT_KINDS)("gets this draft: %s", async (kind) => {
    const ids = kind === "response" ? deviations : [undefined];
    const texts: string[] = [];
    for (const id of ids) {
      const { code, lines } = await writeDraft(
        stage.where,
        kind,
        { org: "acme", period: PERIOD.name, ...(id === undefined ? {} : { id }) },
        TODAY,
      );
      texts.push([`exit code ${code}${id === undefined ? "" : `, ${id}`}`, ...lines, ""].join("\n"));
    }
    await expect(withoutPlaces(texts.join("\n"))).toMatchFileSnapshot(
      `../golden/companies/${name}/${kind}.txt`,
    );
  });

  test("has a package that verify and the independent program find whole", async () => {
    expect((await verifyPath(join(folder, "package"))).defects).toEqual([]);
    expect(await recompute(join(folder, "package"))).toEqual([]);
  });
});
