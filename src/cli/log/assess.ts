/** `countersign assess --facts`: the assessment alone, on stored facts, without GitHub and without recording. */

import type { Assessment, JudgedApproval, Outcome, Verdict } from "../../domain/values/result.ts";
import { assessSnapshot } from "../../domain/assessment/snapshot.ts";
import { oneLine, time, VERDICT_TITLES } from "../../domain/texts/wording.ts";
import type { Answer, ExitCode, Terminal } from "../terminal/answer.ts";
import { columns } from "../terminal/columns.ts";
import { readFacts, titleOf } from "../input/facts-file.ts";
import { policyFrom } from "../input/policy-files.ts";
import { approvalWords, countsText } from "../../domain/approval/wording.ts";

/** Assesses the facts under the policy recorded with them, or under the given files. */
export async function assessFacts(
  terminal: Pick<Terminal, "input">,
  facts: string,
  policies: readonly string[],
): Promise<Answer> {
  const snapshot = await readFacts(facts, terminal);
  const other = await policyFrom(policies, terminal);
  const assessment = assessSnapshot(snapshot, other ?? snapshot.policy);
  const under = other === null ? "the policy recorded with it" : policies.join(" and ");
  const lines = [
    titleOf(snapshot),
    `Assessed as of ${time(snapshot.at)} under ${under}: ${VERDICT_TITLES[assessment.verdict]}`,
    "",
    ...resultLines(assessment),
    ...approvalLines(assessment),
  ];
  return { code: codeOf(assessment.verdict), lines, data: assessment };
}

/** Returns 0 where all requirements are met or none applies yet, else 1: unverifiable is no yes. */
export function codeOf(verdict: Verdict): ExitCode {
  return ["compliant", "emergency", "exempted", "historic"].includes(verdict) ? 0 : 1;
}

/** Prints each control with its outcome and reasons, a reason a line. */
export function resultLines({ results }: Assessment): readonly string[] {
  return columns(
    ["control", "outcome", "why"],
    results.flatMap((each) => {
      const [first = "", ...rest] = each.reasons.map(oneLine);
      return [[each.control, OUTCOMES[each.outcome], first], ...rest.map((reason) => ["", "", reason])];
    }),
  );
}

/** Prints each approval, whether it counts and why. */
export function approvalLines({ approvals }: Assessment): readonly string[] {
  if (approvals.length === 0) return [];
  const rows = approvals.map((each) => [
    oneLine(each.login),
    countsText(each),
    (each.served ?? []).map(servedWords).join(" and "),
    oneLine(approvalWords(each)),
  ]);
  return ["", ...columns(["approval by", "counts", "for", "why"], rows)];
}

/** "1 from acme/dba or cat, required by “payments” (by acme/dba)". */
function servedWords({ requirement, rule, by }: NonNullable<JudgedApproval["served"]>[number]): string {
  const asked = rule === null ? "" : `, required by “${oneLine(rule)}”`;
  return `${oneLine(requirement)}${asked} (${by.map(oneLine).join(", ")})`;
}

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  pass: "pass",
  fail: "fail",
  waived: "waived",
  "not-applicable": "not required",
  unverifiable: "unverifiable",
};
