/** The flows about the past on a ledger of their own, beside a harness that played the present. */

import { installedOn, toolsOn } from "../../src/cli/evidence/past-tools.ts";
import type { Instant } from "../../src/domain/time/instant.ts";
import { backfillDeployments } from "../../src/flows/completeness/backfill-deployments.ts";
import { backfillRepository, type Backfilled } from "../../src/flows/completeness/backfill.ts";
import type { Tools } from "../../src/flows/context/tools.ts";
import { REHEARSED } from "../../src/github/api/rate-limits.ts";
import { makeProbot, octokitsOf } from "../../src/github/api/octokit.ts";
import { Pacing } from "../../src/github/api/pacing.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import { appCredentials } from "./app.ts";
import type { InProcessHarness } from "./harness.ts";

/** A ledger with nothing in it, and the flows that fill it. */
export interface Past {
  readonly ledger: Ledger;
  readonly tools: Tools;
  now(): Instant;
  /** Fills in the changes and deployments of every repository of acme. */
  backfill(from: Instant, to: Instant): Promise<readonly Backfilled[]>;
  close(): Promise<void>;
}

/** Opens the past of a harness, long enough after its end that GitHub's lists have settled. */
export async function openPast(
  harness: Pick<InProcessHarness, "github" | "double">,
  where: StoreLocation,
): Promise<Past> {
  const now = harness.github.double.world.now() + 3_600_000;
  await harness.double.setClock(now);
  const ledger = await openLedger(where);
  const probot = makeProbot({
    ...appCredentials,
    baseUrl: "http://github.test/api/v3",
    pacing: new Pacing(REHEARSED),
    fetch: (input, init) => harness.github.fetch(new Request(input, init)),
  });
  const how = { now: () => now, sleep: () => Promise.resolve() };
  const terminal = { printError: () => undefined, interactive: false };
  const tools = toolsOn(ledger, appCredentials.appId, octokitsOf(probot), terminal, how);
  return {
    ledger,
    tools,
    now: () => now,
    async backfill(from, to) {
      const done = [];
      for (const watched of await installedOn(tools, { owner: "acme", name: null })) {
        const filled = await backfillRepository(watched, { from, to });
        await backfillDeployments(watched, { from, to }, filled.refs);
        done.push(filled);
      }
      return done;
    },
    close: () => ledger.close(),
  };
}
