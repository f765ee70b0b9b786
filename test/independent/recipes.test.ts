/**
 * What a direct push of a standard change and a deployment before its merge leave in a package, recomputed by the independent program.
 *
 * @module-tag long
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { exportEvidence } from "../../src/flows/monitoring/export-evidence.ts";
import { openPackage } from "../../src/package/folder.ts";
import { COPIES } from "../../src/package/copies.ts";
import { MAKER } from "../../src/package/maker.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { VERSION } from "../../src/package/version.ts";
import { KEY } from "../evidence/fixture.ts";
import { openHarness } from "../support/harness.ts";
import { story } from "../support/scenarios.ts";
import { recompute } from "./recompute.ts";

const PERIOD = {
  name: "2026-Q3",
  from: Date.parse("2026-07-01T00:00:00Z"),
  to: Date.parse("2026-10-01T00:00:00Z"),
};

/** Plays a story and exports its quarter into a folder. */
async function packageOf(name: string, folder: string): Promise<void> {
  const scenario = story(name);
  const harness = await openHarness(scenario, "sqlite");
  try {
    expect((await playScenario(scenario, harness)).failures).toEqual([]);
    const ledger = await harness.openLedger();
    let organizationId = 0;
    for await (const entry of ledger.states("repository", { everyOrganization: true }))
      organizationId = entry.organizationId;
    await ledger.snapshot(async (moment) =>
      exportEvidence({
        ledger: moment,
        organization: { id: organizationId, login: "acme" },
        period: PERIOD,
        generatedAt: Date.parse("2026-10-05T09:00:00Z"),
        signingKey: KEY,
        writer: await openPackage(folder),
        tool: { name: "countersign", version: VERSION, apiUrl: "http://github.test/api/v3", facts: [] },
        maker: { ...MAKER, copies: COPIES },
      }),
    );
    await ledger.close();
  } finally {
    await harness.close();
  }
}

test.each([
  {
    name: "recipe-release-commits",
    file: "exemptions.csv",
    says: "independently-approved merged-by-pull-request gate-respected",
  },
  { name: "recipe-before-merge", file: "START-HERE.html", says: "production.secrets-only" },
])(
  "$name: its package is whole, can be recomputed, and says what was let through",
  async ({ name, file, says }) => {
    const folder = await mkdtemp(join(tmpdir(), "countersign-recipe-"));
    try {
      const place = join(folder, "package");
      await packageOf(name, place);
      expect(await recompute(place)).toEqual([]);
      expect((await verifyPath(place)).defects).toEqual([]);
      expect(await readFile(join(place, file), "utf8")).toContain(says);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
