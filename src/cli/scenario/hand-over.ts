/** Closes periods in a story, and adds to them, as at the terminal. */

import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Instant } from "../../domain/time/instant.ts";
import { addToPeriod, closePeriod } from "../../flows/monitoring/close-period.ts";
import { periodsTogether } from "../evidence/export.ts";
import { packageParts } from "../evidence/write-package.ts";
import { STORY_ORGANIZATION } from "./format/match.ts";
import type { Harness } from "./harness/harness.ts";

/** Describes what is handed over. `incomplete`: why a period is closed without proof; `addendum`: why a closed one gets another package. */
export interface StoryHandOver {
  readonly period: string;
  readonly incomplete: string | null;
  readonly addendum: string | null;
  readonly by: string;
}

/** Hands a package over that nobody keeps: the log records it. Answers why not, or null. */
export async function handOver(harness: Harness, given: StoryHandOver, now: Instant): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-handed-over-"));
  const ledger = await harness.openLedger("write");
  try {
    const period = await periodsTogether(given.period, STORY_ORGANIZATION, ledger);
    await harness.app.reconcile(STORY_ORGANIZATION, period.from, period.to);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const parts = await packageParts(ledger, {
      organization: STORY_ORGANIZATION,
      out: join(folder, "package"),
      zip: false,
      signingKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      apiUrl: "https://api.github.com",
      generatedAt: now,
    });
    const request = { ...parts, ledger, by: given.by };
    const { refused } =
      given.addendum === null
        ? await closePeriod({ ...request, period, reason: given.incomplete })
        : await addToPeriod({ ...request, name: period.name, reason: given.addendum });
    return refused === null ? null : refused.join(" ");
  } finally {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  }
}
