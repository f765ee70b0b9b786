/** Which controls a policy asks for: what nothing asks for passes nothing and fails nothing, and must be called that. */

import { CONTROL_NAMES, type ControlName } from "../values/result.ts";
import type { Policy } from "./file/policy.ts";
import { leavesIn } from "./file/requirement.ts";

/** The keys of the policy file by which a control is asked for, where it is not asked for in any case. */
const ASKED_BY: Readonly<Partial<Record<ControlName, string>>> = {
  "independently-approved": "approval.required",
  "approved-by-owners": "approval.from.codeowners",
  "checks-passed": "checks.required",
  "record-linked": "record",
  "change-documented": "description.sections",
  "outside-freeze": "freeze",
};

/** Tells whether a policy asks for a control. */
export function isAskedFor(policy: Policy, control: ControlName): boolean {
  const leaves = [...policy.approvals, ...policy.rules.map(({ approval }) => approval)].flatMap(leavesIn);
  switch (control) {
    case "independently-approved":
      return leaves.some(({ required }) => required > 0);
    case "approved-by-owners":
      return leaves.some(({ required, from }) => required > 0 && from.codeowners === true);
    case "checks-passed":
      return policy.checks.length > 0;
    case "record-linked":
      return policy.records.length > 0;
    case "change-documented":
      return policy.sections.length > 0;
    case "outside-freeze":
      return policy.freezes.length > 0;
    default:
      return true;
  }
}

/** Returns the controls that none of these policies asks for. */
export function unasked(policies: readonly Policy[]): readonly ControlName[] {
  return CONTROL_NAMES.filter((control) => !policies.some((policy) => isAskedFor(policy, control)));
}

/** Returns a sentence naming the controls nobody asked for, with what would ask for each; null: all are asked for. */
export function unaskedText(controls: readonly ControlName[]): string | null {
  if (controls.length === 0) return null;
  const named = controls.map((control) => `${control} (${ASKED_BY[control] ?? "policy"})`);
  return `The policy does not ask for ${named.join(", ")}: nothing here shows that a change met ${controls.length === 1 ? "it" : "them"}.`;
}
