/** Lists that were read only in part: what may stand in the rest of them is not known, and never counts as missing. */

import type { Cut } from "./change.ts";
import { pullsOf, type Subject } from "./controls/control.ts";

const WORDS: Readonly<Record<Cut, string>> = {
  reviews: "reviews",
  events: "edits and other events",
  labels: "labels",
  checks: "checks and statuses",
};

/** Says that some of these lists are longer than what was read of them; nothing where none is. */
export function cutReasons(cut: readonly Cut[] = [], which: readonly Cut[]): readonly string[] {
  return which
    .filter((each) => cut.includes(each))
    .map((each) => `GitHub lists more ${WORDS[each]} than can be read`);
}

/** Says which lists of a subject, or of its pull requests, were read only in part. */
export function cutIn(subject: Subject, which: readonly Cut[]): readonly string[] {
  const own = subject.moment === "landed" ? (subject.change.cut ?? []) : [];
  const all = [...own, ...pullsOf(subject).flatMap((pull) => pull.cut ?? [])];
  return cutReasons(all, which);
}
