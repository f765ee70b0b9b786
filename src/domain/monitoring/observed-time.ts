/** Observed time: computed whenever something is read, from when an App was there and when it read. */

import type { Instant } from "../time/instant.ts";
import { sha256 } from "../values/digest.ts";
import type { RepositoryRecord } from "../records/repository.ts";
import { day, spanText, uncovered, type Span } from "../time/span.ts";
import { HOUR, MINUTE } from "../time/durations.ts";
import type { CompletenessRecord, CoverageGapRecord } from "../records/monitoring.ts";

/** Holds when an App was there and read. The database knows it, the evidence log does not hold it. */
export interface Presence {
  /** When an App last noted that it works; null: none ever did. */
  readonly lastBeat: Instant | null;
  /** By repository id: when everything in it was last read. */
  readonly lastSweeps: ReadonlyMap<number, Instant>;
}

/** Describes a sentence with the spans it covers. `rests`: on GitHub's lists counted against ours, or on an App that was there. */
export interface Statement {
  readonly says: string;
  readonly rests: "listings" | "watch";
  readonly covers: readonly Span[];
}

/** Describes what an organisation's observation came to. */
export interface ObservedTime {
  /** When observation began; null: nothing was ever observed. */
  readonly since: Instant | null;
  /** Up to when something was read: never later than the moment it is computed for. */
  readonly until: Instant;
  /** The coverage gaps that are on record, and those that follow from when an App was there; oldest first. */
  readonly gaps: readonly CoverageGapRecord[];
  /** Those of them whose events nobody read afterwards, each ending at the moment it is computed for at the latest. */
  readonly unseen: readonly Span[];
}

/** Holds what {@link observedTimeOf} rests on, of one organisation. */
export interface ObservedTimeFacts {
  readonly at: Instant;
  readonly presence: Presence;
  readonly repositories: readonly RepositoryRecord[];
  readonly gaps: readonly CoverageGapRecord[];
  readonly completeness: readonly CompletenessRecord[];
}

/** An App notes four times a minute that it is there; clocks of different readers differ by less than this (ms). */
const BEATS_APART = 10 * MINUTE;

/** Everything is read once a day, and that may fail once (ms). */
const SWEEPS_APART = 50 * HOUR;

/**
 * Returns what was observed by a moment. INVARIANT: nothing recorded later makes an unseen day seen, but that it was
 * read afterwards.
 */
export function observedTimeOf(facts: ObservedTimeFacts): ObservedTime {
  const { at, presence } = facts;
  const repo = facts.repositories.filter(
    ({ inScope, removedAt, archived }) => inScope && removedAt === null && !archived,
  );
  // By hand: packages are verified on Node 20 too, which cannot group.
  const counts = new Map<number, CompletenessRecord[]>();
  for (const each of facts.completeness) {
    const of = counts.get(each.repository.id);
    if (of === undefined) counts.set(each.repository.id, [each]);
    else of.push(each);
  }
  const lastReads = new Map(
    repo.map((each) => [each.repository.id, lastRead(each, presence, counts.get(each.repository.id))]),
  );
  const derived = [...absence(facts, repo, lastReads), ...unreadSpans(facts, repo, lastReads)];
  const gaps = [...facts.gaps, ...derived].toSorted((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1));
  const wasRead = (gap: CoverageGapRecord): boolean =>
    gap.backfilled && [...lastReads.values()].every((last) => last >= (gap.to ?? at));
  const unseen = gaps
    .filter((gap) => !wasRead(gap))
    .map(({ from, to }) => ({ from, to: Math.min(to ?? at, at) }))
    .filter(({ from, to }) => from < to);
  const isThere = presence.lastBeat !== null && at - presence.lastBeat <= BEATS_APART;
  const last = presence.lastBeat ?? Math.max(0, ...lastReads.values());
  const began = facts.repositories.map(({ installedFrom, backfilledFrom }) => {
    return Math.min(installedFrom, backfilledFrom ?? Infinity);
  });
  const since = began.length === 0 ? null : Math.min(...began);
  return { since, until: isThere ? at : Math.min(at, last), gaps, unseen };
}

/** When a repository was last read as a whole; before the first time, from when it is observed. */
function lastRead(
  { repository, installedFrom }: RepositoryRecord,
  { lastSweeps }: Presence,
  counts: readonly CompletenessRecord[] = [],
): Instant {
  const counted = counts.map(({ checkedAt }) => checkedAt);
  return Math.max(installedFrom, lastSweeps.get(repository.id) ?? 0, ...counted);
}

/** The span since the last sign of an App, if it lasts. */
function absence(
  { at, presence: { lastBeat } }: ObservedTimeFacts,
  repo: readonly RepositoryRecord[],
  lastReads: ReadonlyMap<number, Instant>,
): readonly CoverageGapRecord[] {
  const [first] = repo;
  if (first === undefined || (lastBeat !== null && at - lastBeat <= BEATS_APART)) return [];
  const scope = first.repository.owner;
  if (lastBeat !== null)
    return [
      derivedGap("app-down", scope, lastBeat, {
        because: `no App has been running since ${day(lastBeat)}`,
        backfilled: false,
      }),
    ];
  const from = Math.min(...repo.map(({ installedFrom, backfilledFrom }) => backfilledFrom ?? installedFrom));
  return [
    derivedGap("app-down", scope, from, {
      because: "no App ever watched: what is here was read from GitHub afterwards",
      to: Math.max(from, ...lastReads.values()),
      backfilled: true,
    }),
  ];
}

/** The repositories that were not read as a whole for longer than that may take, though an App was there. */
function unreadSpans(
  { at, presence: { lastBeat } }: ObservedTimeFacts,
  repo: readonly RepositoryRecord[],
  lastReads: ReadonlyMap<number, Instant>,
): readonly CoverageGapRecord[] {
  // Where no App is there, nothing is read, and that is listed once.
  if (lastBeat === null || at - lastBeat > BEATS_APART) return [];
  return repo.flatMap(({ repository }) => {
    const last = lastReads.get(repository.id) ?? at;
    if (at - last <= SWEEPS_APART) return [];
    return [
      derivedGap("github-unreachable", `${repository.owner}/${repository.name}`, last, {
        because: `everything in it was last looked at on ${day(last)}, and since then only what webhooks told is known`,
        backfilled: false,
      }),
    ];
  });
}

function derivedGap(
  cause: CoverageGapRecord["cause"],
  scope: string,
  from: Instant,
  more: Pick<CoverageGapRecord, "because" | "backfilled"> & { readonly to?: Instant },
): CoverageGapRecord {
  const id = `GAP-${sha256(`derived:${scope}:${cause}:${from}`).slice(0, 12)}`;
  return { id, cause, scope, from, to: more.to ?? null, because: more.because, backfilled: more.backfilled };
}

/** Returns the parts of a span that were observed: over by the moment computed for, and missed by nobody. */
export function observedIn(observedTime: ObservedTime, span: Span): readonly Span[] {
  const from = Math.max(span.from, observedTime.since ?? span.to);
  return uncovered(observedTime.unseen, { from, to: Math.min(span.to, observedTime.until) });
}

/** Returns the parts of a span that were not observed though observation had begun. What lies ahead of `at` is left out. */
export function unobservedIn(observedTime: ObservedTime, span: Span, at: Instant): readonly Span[] {
  const from = Math.max(span.from, observedTime.since ?? span.from);
  return uncovered(observedIn(observedTime, span), { from, to: Math.min(span.to, at) });
}

/** Returns the spans in words, a few of them. */
export function spansText(spans: readonly Span[]): string {
  const shown = spans.slice(0, 5).map(spanText).join(", ");
  return spans.length > 5 ? `${shown} and ${spans.length - 5} more spans` : shown;
}

/** Returns the spans in which every branch is proven complete: GitHub's lists agree, as far as they were read. */
export function provenIn(
  completeness: readonly CompletenessRecord[],
  branch: { readonly repositoryId: number; readonly ref: string },
): readonly Span[] {
  return completeness
    .filter(({ repository, ref, complete }) => {
      return complete && repository.id === branch.repositoryId && ref === branch.ref;
    })
    .map(countedSpan);
}

/** Returns the span a count covers: it cannot know what happened after it was made. */
export function countedSpan({ from, to, checkedAt }: CompletenessRecord): Span {
  return { from, to: Math.max(from, Math.min(to, checkedAt)) };
}
