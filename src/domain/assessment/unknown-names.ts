/** A policy that names a team or login nobody has requires something that cannot be verified: nothing passes by it. */

import { unknownNameProblems } from "../policy/unknown-names.ts";
import type { PolicyRecord } from "../policy/record.ts";
import type { Result } from "../values/result.ts";
import { isBeforeMerge } from "../controls/control.ts";
import { type Subject } from "../records/subject.ts";

/** Holds the cause of a result that does not pass because the policy names nobody. */
export const NAMES_NOBODY = "policy-names-nobody";

/**
 * Returns the approval of a change, blocked where the policy names a team or login that GitHub does not know. Before a
 * merge someone can fix the policy: it fails. Afterwards what would have been required is not known: it is never a
 * pass.
 */
export function heldByNames(tested: Result, subject: Subject, record: PolicyRecord): Result {
  if (tested.control !== "independently-approved") return tested;
  const problems = unknownNameProblems(record);
  if (problems.length === 0) return tested;
  const isBefore = isBeforeMerge(subject);
  const said = problems.map(({ file, line, message }) => `${message} (${file}, line ${line})`);
  const reasons = [...said, ...tested.reasons];
  const { outcome, cause } = tested;
  const inputs = { ...tested.inputs, problems: said, instead: { outcome, cause } };
  if (!isBefore && outcome === "fail") return { ...tested, reasons: [...tested.reasons, ...said] };
  return { ...tested, outcome: isBefore ? "fail" : "unverifiable", cause: NAMES_NOBODY, reasons, inputs };
}
