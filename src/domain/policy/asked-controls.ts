/** The controls a policy requires: one that nothing requires passes nothing and fails nothing, and must be named so. */

import { CONTROL_NAMES, type ControlName } from "../values/result.ts";
import type { Policy } from "./file/policy.ts";
import { leafRequirementsIn } from "./file/requirement.ts";

/** Maps controls to the keys of the policy file that require them. Other controls are always required. */
export const ASKED_BY: Readonly<Partial<Record<ControlName, string>>> = {
  "independently-approved": "approval.required",
  "approved-by-owners": "approval.from.codeowners",
  "checks-passed": "checks.required",
  "record-linked": "record",
  "change-documented": "description.sections",
  "outside-freeze": "freeze",
};

/** Returns whether a policy requires a control. */
export function isAskedFor(policy: Policy, control: ControlName): boolean {
  const requirements = [...policy.approvals, ...policy.rules.map(({ approval }) => approval)].flatMap(
    leafRequirementsIn,
  );
  switch (control) {
    case "independently-approved":
      return requirements.some(({ required }) => required > 0);
    case "approved-by-owners":
      return requirements.some(({ required, from }) => required > 0 && from.codeowners === true);
    case "checks-passed":
      return policy.checks.length > 0;
    case "record-linked":
      return policy.records.length > 0;
    case "change-documented":
      return policy.sections.length > 0;
    case "outside-freeze":
      return policy.freezes.length > 0;
    case "merged-by-pull-request":
    case "gate-respected":
    case "content-as-reviewed":
    case "emergency-authorised":
    case "emergency-reviewed-in-time":
    case "deployment-traceable":
    case "deployment-approved":
      return true;
  }
}

/** Returns what a policy has set for a control: where this differs, another thing is required. */
export function settingOf(policy: Policy, control: ControlName): unknown {
  const { mode, approvals, rules, independence } = policy;
  switch (control) {
    case "independently-approved":
    case "approved-by-owners":
    case "content-as-reviewed":
      return { mode, approvals, rules, independence };
    case "checks-passed":
      return { mode, checks: policy.checks };
    case "record-linked":
      return { mode, records: policy.records };
    case "change-documented":
      return { mode, sections: policy.sections };
    case "outside-freeze":
      return { mode, freezes: policy.freezes };
    case "emergency-authorised":
    case "emergency-reviewed-in-time":
      return { mode, emergency: policy.emergency };
    case "deployment-traceable":
    case "deployment-approved":
      return { mode, production: policy.production };
    case "merged-by-pull-request":
    case "gate-respected":
      return { mode };
  }
}

/** Returns the controls that none of these policies requires. */
export function unasked(policies: readonly Policy[]): readonly ControlName[] {
  return CONTROL_NAMES.filter((control) => !policies.some((policy) => isAskedFor(policy, control)));
}

/** Returns a sentence naming the controls nothing requires, with what would require each. Null: all are required. */
export function unaskedText(
  controls: readonly ControlName[],
  nameOf: (control: ControlName) => string = (control) => control,
): string | null {
  if (controls.length === 0) return null;
  const named = controls.map((control) => `${nameOf(control)} (${ASKED_BY[control] ?? "policy"})`);
  return `The policy does not require ${named.join(", ")}: nothing here shows that a change met ${controls.length === 1 ? "it" : "them"}.`;
}
