/** Handing over a package: a period is closed, or gets an addendum, and the evidence log records which package it was. */

import { closingsIn, lastHandedOver, notClosable, type MadeAs } from "../../domain/evidence/closing.ts";
import { branchProofs, completenessDocument, openPoints } from "../../domain/evidence/completeness.ts";
import type { EvidenceSource, Period } from "../../domain/evidence/tables/population.ts";
import type { Entry } from "../../domain/records/entry.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { periodSubject, type HandedOver, type PeriodCloseRecord } from "../../domain/records/monitoring.ts";
import type { Ledger, LedgerReader } from "../../ledger/ledger.ts";
import { packageHead } from "./log-heads.ts";
import { readObservedTime } from "../records/observation-coverage.ts";
import { exportEvidence, readerOf, sourceOf, type Exported, type ExportRequest } from "./export-evidence.ts";

/** Describes how a package is handed over. */
export interface HandOver extends Omit<ExportRequest, "ledger" | "madeAs" | "period"> {
  readonly ledger: Ledger;
  /** The login given at the terminal. */
  readonly by: string;
}

/** Describes the package that was handed over, or why none was. */
export type HandOverResult =
  | { readonly refused: readonly string[] }
  | { readonly refused: null; readonly exported: Exported; readonly record: PeriodCloseRecord };

/** Closes a period: writes its package and records it. Refuses one that is not over or not proven complete, unless `reason` says why. */
export async function closePeriod(
  request: HandOver & { readonly period: Period; readonly reason: string | null },
): Promise<HandOverResult> {
  const { ledger, organization, period, reason } = request;
  const problem = notClosable(await closedIn(ledger, organization.id), period);
  if (problem !== null) return refuse(request, [problem]);
  const madeAs: MadeAs = { as: "close", reason };
  return handOver(request, { period, madeAs, before: null }, async (source) => {
    const open = openPoints(await completenessDocument(source), source);
    if (reason === null && open.length > 0)
      return [
        ...open,
        "To close it all the same, give the reason, which the package then shows first: --incomplete REASON",
      ];
    if (reason !== null && open.length === 0)
      return [`${period.name} is over and proven complete: close it without --incomplete.`];
    return [];
  });
}

/** Returns what closing a period now would name as not proven; none: nothing. `isServing` as in {@link readObservedTime}. */
export async function openPointsOf(
  ledger: Pick<LedgerReader, "history" | "log" | "presence" | "states">,
  {
    organizationId,
    period,
    at,
  }: { readonly organizationId: number; readonly period: Period; readonly at: Instant },
): Promise<readonly string[]> {
  const observedTime = await readObservedTime(ledger, organizationId, at, true);
  const source = { ...readerOf(ledger), observedTime, organizationId, period, generatedAt: at };
  return openPoints({ branches: await branchProofs(source) }, source);
}

/** Makes an addendum to a closed period and records it. Refuses where nothing differs from the package handed over last. */
export async function addToPeriod(
  request: HandOver & { readonly name: string; readonly reason: string },
): Promise<HandOverResult> {
  const { ledger, organization, name, reason } = request;
  const before = (await closedIn(ledger, organization.id)).find(({ period }) => period.name === name);
  if (before === undefined)
    return refuse(request, [
      `No period ${name} of ${organization.login} was closed. Close it first: countersign period close ${name}`,
    ]);
  const madeAs: MadeAs = { as: "addendum", reason };
  return handOver(request, { period: before.period, madeAs, before }, () => Promise.resolve([]));
}

/** Returns the closed periods of an organisation, by name. */
export async function closedIn(
  ledger: Pick<LedgerReader, "states">,
  organizationId: number,
): Promise<readonly PeriodCloseRecord[]> {
  const found: PeriodCloseRecord[] = [];
  const states: LedgerReader["states"] = (kind, filter) => ledger.states(kind, filter);
  for await (const { body } of closingsIn({ states }, organizationId)) found.push(body);
  return found;
}

async function refuse(
  { writer }: Pick<HandOver, "writer">,
  refused: readonly string[],
): Promise<{ readonly refused: readonly string[] }> {
  await writer.abandon();
  return { refused };
}

interface Wanted {
  readonly period: Period;
  readonly madeAs: MadeAs;
  /** What was handed over of the period before. */
  readonly before: PeriodCloseRecord | null;
}

/** Writes the package as of one place in the log, then records it; a package that is not recorded is removed again. */
async function handOver(
  request: HandOver,
  wanted: Wanted,
  problemsOf: (source: EvidenceSource) => Promise<readonly string[]>,
): Promise<HandOverResult> {
  const { ledger, writer, generatedAt } = request;
  const { period, madeAs, before } = wanted;
  const made = await ledger.snapshot(async (moment): Promise<HandOverResult> => {
    const exporting = { ...request, ledger: moment, period, madeAs };
    const source = await sourceOf(exporting);
    const refused = await problemsOf(source);
    if (refused.length > 0) return refuse(request, refused);
    const exported = await exportEvidence(exporting);
    const handedOver = await handedOverAs(request, wanted, { source, exported });
    const record = { period, handedOver: [...(before?.handedOver ?? []), handedOver] };
    return { refused: null, exported, record };
  });
  if (made.refused !== null) return made;
  const nothing = made.exported.closing.rows_that_differ === 0;
  const entry = entryOf(request, made.record);
  const tasks = [packageHead(entry.organizationId, "close", made.exported.seal, generatedAt)];
  let isRecorded = false;
  try {
    // What was handed over meanwhile is not in this package.
    if (!nothing)
      isRecorded = await ledger.recordIf({ entries: [entry], tasks }, generatedAt, (now) =>
        isStill(now, entry, before),
      );
  } finally {
    if (!isRecorded) await writer.withdraw();
  }
  if (isRecorded) return made;
  return {
    refused: [
      nothing
        ? `No row differs from the package of ${period.name} that was handed over last: there is nothing to add.`
        : `${period.name}, or days of it, were closed by someone else meanwhile. See countersign period list.`,
    ],
  };
}

async function handedOverAs(
  { by, generatedAt, tool }: HandOver,
  { madeAs }: Wanted,
  { source, exported }: { readonly source: EvidenceSource; readonly exported: Exported },
): Promise<HandedOver> {
  const { since, until, unseen, gaps } = source.observedTime;
  const recorded = new Set<string>();
  const { organizationId } = source;
  for await (const { body } of source.states("coverage-gap", { organizationId, order: "subject" }))
    recorded.add(body.id);
  return {
    as: madeAs.as === "addendum" ? "addendum" : "close",
    at: generatedAt,
    by,
    seal: exported.seal,
    keyId: exported.fingerprint,
    generatedAt,
    version: tool.version,
    log: exported.log,
    observed: { since, until, unseen, gaps: gaps.filter(({ id }) => !recorded.has(id)) },
    reason: madeAs.reason,
  };
}

function entryOf({ organization, generatedAt }: HandOver, body: PeriodCloseRecord): Entry<"period-close"> {
  return {
    kind: "period-close",
    subject: periodSubject(organization.id, body.period.name),
    repositoryId: 0,
    organizationId: organization.id,
    at: generatedAt,
    body,
  };
}

/** Returns whether nothing was handed over of the period, or of its days, since a package of it was begun. */
async function isStill(
  now: Pick<LedgerReader, "states">,
  { organizationId, body: { period } }: Entry<"period-close">,
  before: PeriodCloseRecord | null,
): Promise<boolean> {
  const closed = await closedIn(now, organizationId);
  if (before === null) return notClosable(closed, period) === null;
  const own = closed.find(({ period: { name } }) => name === period.name);
  return own !== undefined && lastHandedOver(own).seal === lastHandedOver(before).seal;
}
