/** The waiting times of changes, and how many bypassed the process after a long wait. Never by person. */

import type { ChangeRecord } from "../../records/change.ts";
import { DAY } from "../../time/durations.ts";

/** Describes a median and a 90th percentile (nearest rank), milliseconds. */
export interface Quantiles {
  readonly median: number;
  readonly p90: number;
  readonly of: number;
}

/** Describes the waiting times of a set of changes. Null where none had such a moment. */
export interface WaitingTimes {
  /** Changes that landed by a pull request. */
  readonly pulls: number;
  /** From opening to the first review by someone else. */
  readonly firstReview: Quantiles | null;
  /** From opening to the first approval that counts. */
  readonly approval: Quantiles | null;
  /** From the last approval that counts to the merge, the time in a merge queue among it. */
  readonly approvalToMerge: Quantiles | null;
  /** Changes that waited over {@link LONG} for a first review, or landed after as long without one. */
  readonly long: number;
  readonly bypassedAfterLong: number;
  /** All that bypassed the process, and those of them with no pull request at all. */
  readonly bypassed: number;
  readonly withoutPull: number;
}

/** Holds the time (ms) above which a wait is long. */
export const LONG = DAY;

/** Describes the waits of one change, milliseconds; null where there was no such moment. */
export interface Waits {
  readonly isPull: boolean;
  readonly firstReview: number | null;
  readonly approval: number | null;
  readonly approvalToMerge: number | null;
  readonly isLong: boolean;
  readonly isBypass: boolean;
}

/** Returns the waiting times of one landed change. A change of several pull requests waited as long as the one that waited longest. */
export function waitsOf({ change, assessment }: ChangeRecord): Waits {
  const counted = new Set(
    assessment.approvals.filter(({ counts }) => counts).map(({ reviewId }) => reviewId),
  );
  const each = change.pullRequests.map((pull) => {
    const merged = pull.merged?.at ?? change.update.at;
    const foreign = pull.reviews.filter(
      (review) =>
        review.author !== null && review.author.id !== pull.author?.id && review.submittedAt <= merged,
    );
    const approvals = pull.reviews.filter(({ id }) => counted.has(id)).map(({ submittedAt }) => submittedAt);
    const first = least(foreign.map(({ submittedAt }) => submittedAt));
    return {
      firstReview: first === null ? null : first - pull.createdAt,
      approval: approvals.length === 0 ? null : Math.min(...approvals) - pull.createdAt,
      approvalToMerge: approvals.length === 0 ? null : Math.max(0, merged - Math.max(...approvals)),
      waited: (first ?? merged) - pull.createdAt,
    };
  });
  return {
    isPull: each.length > 0,
    firstReview: most(each.map(({ firstReview }) => firstReview)),
    approval: most(each.map(({ approval }) => approval)),
    approvalToMerge: most(each.map(({ approvalToMerge }) => approvalToMerge)),
    isLong: each.some(({ waited }) => waited > LONG),
    isBypass: assessment.results.some(
      ({ control, outcome }) =>
        outcome === "fail" &&
        (control === "gate-respected" ||
          control === "merged-by-pull-request" ||
          control === "independently-approved"),
    ),
  };
}

/** Returns the waiting times of many changes, together. */
export function waitingTimes(waits: readonly Waits[]): WaitingTimes {
  const pulls = waits.filter(({ isPull }) => isPull);
  const long = pulls.filter(({ isLong }) => isLong);
  const values = (name: "firstReview" | "approval" | "approvalToMerge"): Quantiles | null =>
    quantiles(pulls.map((each) => each[name]).filter((value) => value !== null));
  return {
    pulls: pulls.length,
    firstReview: values("firstReview"),
    approval: values("approval"),
    approvalToMerge: values("approvalToMerge"),
    long: long.length,
    bypassedAfterLong: long.filter(({ isBypass }) => isBypass).length,
    bypassed: waits.filter(({ isBypass }) => isBypass).length,
    withoutPull: waits.filter(({ isBypass, isPull }) => isBypass && !isPull).length,
  };
}

/** Returns median and 90th percentile by nearest rank; null of nothing. */
export function quantiles(values: readonly number[]): Quantiles | null {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return sorted.length === 0 ? null : { median: at(0.5), p90: at(0.9), of: sorted.length };
}

function least(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.min(...values);
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
