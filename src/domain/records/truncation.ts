/** Lists that were read only in part: what the rest of them may contain is not known, and never counts as missing. */

import type { Truncation } from "../change/review.ts";
import { pullsOf, type Subject } from "./subject.ts";

const WORDS: Readonly<Record<Truncation, string>> = {
  reviews: "reviews",
  events: "edits and other events",
  labels: "labels",
  checks: "checks and statuses",
};

/** Returns a sentence that some of these lists are longer than what was read of them; nothing where none is. */
export function truncationReasons(
  cut: readonly Truncation[] = [],
  which: readonly Truncation[],
): readonly string[] {
  return which
    .filter((each) => cut.includes(each))
    .map((each) => `GitHub lists more ${WORDS[each]} than can be read`);
}

/** Returns which lists of a subject, or of its pull requests, were read only in part. */
export function truncationsIn(subject: Subject, which: readonly Truncation[]): readonly string[] {
  const own = subject.moment === "landed" ? (subject.change.cut ?? []) : [];
  const all = [...own, ...pullsOf(subject).flatMap((pull) => pull.cut ?? [])];
  return truncationReasons(all, which);
}
