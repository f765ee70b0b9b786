/** The shapes of requirements, and of how far they are met. */

import type { Certainty } from "../values/certainty.ts";
import type { Requirement, RequirementTree } from "../policy/file/requirement.ts";

/** Describes one requirement of approvals; all of them must be met. */
export interface ApprovalRequirement {
  /** The rule it comes from; null: the policy requires it of every change. */
  readonly by: string | null;
  /** Never "no": a rule that does not apply requires nothing. */
  readonly applies: Exclude<Certainty, "no">;
  /** Why it is not known whether it applies. */
  readonly unknown: readonly string[];
  /** Whether it requires code owners: it is the control `approved-by-owners` then. */
  readonly ofOwners: boolean;
  readonly tree: RequirementTree;
}

/** Describes why nobody is left who could give an approval, and what would help. */
export interface NobodyLeft {
  readonly because: string;
  readonly remedy: string;
}

/** Describes how far a requirement, or several, are met. */
export type RequirementTreeState =
  | (Reached & {
      readonly requirement: Requirement;
      readonly proven: number;
      /** As `proven`, if everything that could not be found out were in favour. */
      readonly atMost: number;
      /** Why nobody is left who could give it; null: someone may be. */
      readonly nobody: NobodyLeft | null;
    })
  | (Reached & { readonly "all-of": readonly RequirementTreeState[] })
  | (Reached & { readonly "any-of": readonly RequirementTreeState[] });

interface Reached {
  readonly met: boolean;
  /** Met, if everything that could not be found out were in favour. */
  readonly could: boolean;
  /** Not met, and nobody is left who could meet it. */
  readonly stuck: boolean;
}

/** Describes one requirement and how far it is met. */
export interface RequirementState {
  readonly requirement: ApprovalRequirement;
  readonly state: RequirementTreeState;
  readonly outcome: "met" | "short" | "unknown";
}
