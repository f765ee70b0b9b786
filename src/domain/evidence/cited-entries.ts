/** The log entries that a package contains beside those of its period, because its rows cite them. */

import type { EntryKind, LoggedEntry } from "../records/entry.ts";
import { closingsIn, sourceHandedOver } from "./closing.ts";
import { controlStatesOf } from "./rows/control-state.ts";
import { deviationsOf } from "./rows/deviations.ts";
import { emergencyRowsOf } from "./rows/emergencies.ts";
import { headChecksOf, headsOf } from "./heads/rows.ts";
import { remediationsOf, stepsOf } from "./rows/remediation.ts";
import { scopePolicies } from "./rows/policies.ts";
import { repositoriesSeen } from "./tables/in-scope.ts";
import { completenessOf, gapsOf } from "./rows/scope.ts";
import { isInPeriod, pairLine, partsOf, statesOf, type EvidenceSource } from "./tables/population.ts";

/** Yields entries that rows cite but that lie outside the period, by kind, subject and number. */
export async function* citedEntries(source: EvidenceSource): AsyncIterable<LoggedEntry> {
  const moments = await momentsOf(source);
  const isOne = moments.length === 1;
  const lines = isOne ? namedIn(source) : namedInAll(moments);
  let named: string | null = null;
  for await (const line of source.sorted(lines)) {
    const [kind, subject, mark, ...rest] = line.split("\t");
    if (mark === NAMED) named = `${kind}\t${subject}`;
    else if (isOne || named === `${kind}\t${subject}`) {
      const entry = JSON.parse(rest.join("\t")) as LoggedEntry;
      if (!isInPeriod(source.period, entry.at)) yield entry;
    }
  }
}

/** Yields the entries of a package: those of its period, and those its rows cite. */
export async function* packagedEntries(source: EvidenceSource): AsyncIterable<LoggedEntry> {
  const { organizationId, period } = source;
  yield* source.log({ organizationId, from: period.from, to: period.to });
  yield* citedEntries(source);
}

/** What the rows of a package are made from: now, as of the packages handed over, and the same of each period it rolls up. */
async function momentsOf(source: EvidenceSource): Promise<readonly EvidenceSource[]> {
  const moments: EvidenceSource[] = [];
  for (const each of [source, ...partsOf(source)]) {
    moments.push(each);
    const newest = await sourceHandedOver(each);
    const closing = each === source ? null : await sourceHandedOver(each, "closing");
    if (newest !== null) moments.push(newest.source);
    if (closing !== null && closing.handedOver.seal !== newest?.handedOver.seal) moments.push(closing.source);
  }
  return moments;
}

/** Comes before every number. */
const NAMED = "!";

/** The kinds of which rows read the newest states, whenever they happened. */
const READ_EVER = [
  "repository",
  "policy",
  "completeness",
  "coverage-gap",
  "deviation",
  "remediation",
  "emergency",
  "retroactive-review",
  "log-head",
  "head-check",
] as const satisfies readonly EntryKind[];

function lineOf(entry: LoggedEntry): string {
  const { kind, subject, seq } = entry;
  return [kind, subject, String(seq).padStart(16, "0"), JSON.stringify(entry)].join("\t");
}

/** The lines of what the rows of one state of the log cite. */
async function* namedIn(source: EvidenceSource): AsyncIterable<string> {
  const cited = [
    scopePolicies,
    completenessOf,
    gapsOf,
    deviationsOf,
    remediationsOf,
    stepsOf,
    emergencyRowsOf,
    controlStatesOf,
    headsOf,
    headChecksOf,
  ];
  for (const statesIn of cited)
    for await (const { entry } of statesIn(source)) if (entry !== null) yield lineOf(entry);
  // What was in scope follows from every version.
  for (const { versions } of await repositoriesSeen(source)) yield* versions.map(lineOf);
  for await (const entry of closingsIn(source, source.organizationId, source.period)) yield lineOf(entry);
}

/**
 * The lines of several states of the log. Whatever one of them cites comes with its newest entry of each: without, a package's
 * log would take an older entry for the newest.
 */
async function* namedInAll(moments: readonly EvidenceSource[]): AsyncIterable<string> {
  for (const each of moments)
    for await (const line of namedIn(each)) {
      const [kind = "", subject = ""] = line.split("\t");
      yield pairLine(kind, subject, NAMED);
      yield line;
    }
  for (const each of moments)
    for (const kind of READ_EVER)
      for await (const { entry } of statesOf(each, kind, "ever")) yield lineOf(entry);
}
