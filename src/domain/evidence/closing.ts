/** Closed periods: which packages of a period were handed over, and the log as it was then. */

import { z } from "zod";

import type { LoggedEntry } from "../records/entry.ts";
import type { CoverageGapRecord, HandedOver, PeriodCloseRecord } from "../records/monitoring.ts";
import { oneLine } from "../texts/wording.ts";
import type { Span } from "../time/span.ts";
import type { SummaryDocument } from "./summary.ts";
import type { RolledUp } from "./roll-up/figures.ts";
import { rollsUpDocument, RollsUpSchema, rollUpWords } from "./roll-up/words.ts";
import type { EvidenceSource, LogReader, Period } from "./tables/population.ts";
import { timeText } from "./tables/table.ts";

/** Describes what a package is made as. `reason`: of a closing, why it comes before the period is complete; of an addendum, why it is made. */
export interface MadeAs {
  readonly as: "export" | "close" | "addendum";
  readonly reason: string | null;
}

/** Holds what every package is made as unless it is to be handed over. */
export const EXPORTED: MadeAs = { as: "export", reason: null };

/** Yields the closings of an organisation, or those that touch a span, by the period's name. */
export async function* closingsIn(
  { states }: Pick<LogReader, "states">,
  organizationId: number,
  span: Span = { from: -Infinity, to: Infinity },
): AsyncIterable<LoggedEntry<"period-close">> {
  for await (const entry of states("period-close", { organizationId, order: "subject" })) {
    const { from, to } = entry.body.period;
    if (from < span.to && to > span.from) yield entry;
  }
}

/** Describes how a period stands with its closings. */
export interface Closings {
  /** The closing of exactly this period; null: it was never closed. */
  readonly own: PeriodCloseRecord | null;
  /** Closed periods that share days with this one, and are not the same. */
  readonly others: readonly PeriodCloseRecord[];
}

/** Reads the closings that concern a period. Dates decide: the same dates under another name are the same period. */
export async function closingsOf(source: EvidenceSource): Promise<Closings> {
  const { period, organizationId } = source;
  let own: PeriodCloseRecord | null = null;
  const others: PeriodCloseRecord[] = [];
  for await (const { body } of closingsIn(source, organizationId, period)) {
    if (body.period.from === period.from && body.period.to === period.to) own = body;
    else others.push(body);
  }
  return { own, others };
}

/** Returns the newest package of a closed period that was handed over. */
export function lastHandedOver({ handedOver }: PeriodCloseRecord): HandedOver {
  // INVARIANT: its schema refuses an empty list.
  return handedOver.at(-1) as HandedOver;
}

/** Returns the package that closed a period. */
export function closingOf({ handedOver }: PeriodCloseRecord): HandedOver {
  // INVARIANT: its schema refuses an empty list.
  return handedOver[0] as HandedOver;
}

/** Returns why a period cannot be closed, given the closed ones; null: it can. */
export function notClosable(closed: readonly PeriodCloseRecord[], period: Period): string | null {
  const { name, from, to } = period;
  const dates = (of: Span): string => `${timeText(of.from)} up to ${timeText(of.to)}`;
  for (const { period: known, handedOver } of closed) {
    const [closing] = handedOver;
    const which = `closed on ${timeText(closing?.at ?? 0)} by ${closing?.by ?? ""} (SHA-256 of manifest.dsse.json: ${closing?.seal ?? ""})`;
    if (known.from === from && known.to === to)
      return `${name} was ${which}${known.name === name ? "" : ` as ${known.name}`}. What came to light since belongs in an addendum: countersign period addendum ${known.name}`;
    if (known.name === name)
      return `A period ${name} with other dates (${dates(known)}) was ${which}. A closed period keeps its dates: give this one (${dates(period)}) another name.`;
    if (known.from < to && known.to > from)
      return `${name} (${dates(period)}) shares days with ${known.name} (${dates(known)}), which was ${which}. No day belongs to two closed periods.`;
  }
  return null;
}

/** Describes a package that was handed over, and what it was made from. */
export interface PackageSource {
  readonly handedOver: HandedOver;
  readonly source: EvidenceSource;
}

/** Returns what the newest handed-over package, or the closing, was made from; null: the period was never closed. */
export async function sourceHandedOver(
  source: EvidenceSource,
  which: "newest" | "closing" = "newest",
): Promise<PackageSource | null> {
  const { own } = await closingsOf(source);
  if (own === null) return null;
  const handedOver = which === "newest" ? lastHandedOver(own) : closingOf(own);
  const { observed, generatedAt, log } = handedOver;
  const then = source.asOf(log.size);
  const gaps: CoverageGapRecord[] = [...observed.gaps];
  const { organizationId } = source;
  for await (const { body } of then.states("coverage-gap", { organizationId, order: "subject" }))
    gaps.push(body);
  gaps.sort((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1));
  const { since, until, unseen } = observed;
  return {
    handedOver,
    source: { ...source, ...then, generatedAt, observedTime: { since, until, unseen, gaps } },
  };
}

const Digest = z.string().regex(/^[0-9a-f]{64}$/u);
const Count = z.int().min(0);

/** Holds what manifest.json says about closings. */
export const ClosingSchema = z
  .strictObject({
    made_as: z
      .enum(["export", "close", "addendum"])
      .describe(
        "close or addendum: made to be handed over; its own digest is in the log and in later packages",
      ),
    reason: z
      .string()
      .nullable()
      .describe("of a closing, why it came before the period was complete; of an addendum, why it was made"),
    says: z.string().describe("the same in words"),
    handed_over: z
      .array(
        z.strictObject({
          number: Count.describe("0: the closing; 1 and on: its addenda"),
          as: z.enum(["close", "addendum"]),
          at: z.string(),
          by: z.string(),
          seal_sha256: Digest.describe("SHA-256 of the package's manifest.dsse.json"),
          key_id: Digest,
          generated_at: z.string(),
          version: z.string(),
          log: z.strictObject({ size: Count, hash: Digest }),
          reason: z.string().nullable(),
        }),
      )
      .describe("the packages of this period that were handed over before this one, oldest first"),
    rows_that_differ: Count.nullable().describe(
      "rows of since-close.csv that are more than recorded again; null: no package was handed over",
    ),
    rows_recorded_again: Count.nullable(),
    other_closed_periods: z
      .array(z.strictObject({ name: z.string(), from: z.string(), to: z.string(), seal_sha256: Digest }))
      .describe("closed periods that share days with this one, with the newest package handed over"),
    rolls_up: RollsUpSchema.optional(),
  })
  .describe("Which package of this period was handed over, and what differs from it.");

/** Describes what manifest.json says about closings. */
export type ClosingDocument = z.infer<typeof ClosingSchema>;

/** Returns what manifest.json says about closings. */
export function closingDocument(
  madeAs: MadeAs,
  { own, others }: Closings,
  differences: SummaryDocument["since_close"],
  rolledUp: RolledUp,
): ClosingDocument {
  const rollsUp = rollsUpDocument(rolledUp);
  const document = {
    made_as: madeAs.as,
    reason: madeAs.reason,
    handed_over: (own?.handedOver ?? []).map((each, number) => ({
      number,
      as: each.as,
      at: timeText(each.at),
      by: each.by,
      seal_sha256: each.seal,
      key_id: each.keyId,
      generated_at: timeText(each.generatedAt),
      version: each.version,
      log: { ...each.log },
      reason: each.reason,
    })),
    rows_that_differ: own === null ? null : differences.total,
    rows_recorded_again: own === null ? null : differences.recorded_again,
    other_closed_periods: others.map((each) => ({
      name: each.period.name,
      from: timeText(each.period.from),
      to: timeText(each.period.to),
      seal_sha256: lastHandedOver(each).seal,
    })),
    ...(rollsUp === null ? {} : { rolls_up: rollsUp }),
  };
  return { ...document, says: closingWords(document).join(" ") };
}

/** Returns whether nothing of a period was handed over, and this package is not made to be. */
export function isNeverClosed(document: ClosingDocument): boolean {
  const { made_as: as, handed_over: before, other_closed_periods: others } = document;
  return as === "export" && before.length + others.length === 0 && document.rolls_up === undefined;
}

/** Returns the same in sentences: first why a closing came early, then which package was handed over and what differs. */
export function closingWords(document: Omit<ClosingDocument, "says">): readonly string[] {
  const { made_as: as, reason, handed_over: before, rows_that_differ: rows, rolls_up: rollsUp } = document;
  const [closing] = before;
  const last = before.at(-1);
  const parts = new Set(rollsUp?.periods.map(({ from, to }) => `${from} ${to}`));
  const apart = document.other_closed_periods.filter(({ from, to }) => !parts.has(`${from} ${to}`));
  const others = apart.map(
    ({ name, from, to, seal_sha256: seal }) =>
      `Days of this period belong to the closed period ${name} (${from} up to ${to}), whose package in force has the manifest.dsse.json with SHA-256 ${seal}: export exactly that period to see what differs from it.`,
  );
  if (closing === undefined || last === undefined)
    return [
      ...(rollsUp !== undefined
        ? rollUpWords(rollsUp)
        : as === "close"
          ? [
              ...(reason === null
                ? []
                : [`This package was closed before it was complete: ${ended(reason)}`]),
              "This package was made to be handed over. The SHA-256 of its manifest.dsse.json is recorded in the evidence log after it was sealed; later packages of the period name it.",
            ]
          : [
              "This period was not closed when this was generated: no package of it is on record as handed over.",
            ]),
      ...others,
    ];
  const early =
    closing.reason === null ? [] : [`The period was closed before it was complete: ${ended(closing.reason)}`];
  const which = (each: typeof last): string =>
    `${each.number === 0 ? "the closing" : `addendum ${each.number}`} of ${each.at} by ${each.by} (SHA-256 of its manifest.dsse.json: ${each.seal_sha256})`;
  const differ = `${rows === 0 ? "No row differs" : rows === 1 ? "1 row differs" : `${rows} rows differ`} from it${document.rows_recorded_again === 0 ? "" : `, and ${document.rows_recorded_again} more ${document.rows_recorded_again === 1 ? "was" : "were"} only recorded again`}; see since-close.csv.`;
  return [
    ...(rollsUp === undefined ? [] : rollUpWords(rollsUp)),
    ...early,
    as === "addendum"
      ? `This package is addendum ${before.length} to the package that was handed over, made because: ${ended(reason ?? "")}`
      : "This package is not the one that was handed over.",
    `Handed over was ${which(last)}. ${differ}`,
    ...(before.length === 1
      ? []
      : [`Handed over before that: ${before.slice(0, -1).map(which).join("; ")}.`]),
    ...others,
  ];
}

/** A reason as the end of a sentence. */
function ended(reason: string): string {
  const line = oneLine(reason);
  return /[.!?]$/u.test(line) ? line : `${line}.`;
}
