/** The shapes of what is asked for, and of how far it is met. */

import type { Certainty } from "../values/certainty.ts";
import type { Requirement, RequirementTree } from "../policy/file/requirement.ts";

/** One thing asked for: all asks must be met. */
export interface ApprovalRequirement {
  /** The rule that asks; null: the policy asks it of every change. */
  readonly by: string | null;
  /** Never "no": a rule that does not apply asks nothing. */
  readonly applies: Exclude<Certainty, "no">;
  /** Why it cannot be told whether it applies. */
  readonly unknown: readonly string[];
  /** Whether it asks for code owners: it is the control `approved-by-owners` then. */
  readonly ofOwners: boolean;
  readonly tree: RequirementTree;
}

/** Why nobody is left who could give an approval, and what would help. */
export interface NobodyLeft {
  readonly because: string;
  readonly remedy: string;
}

/** How far a requirement, or several, are met. */
export type RequirementTreeState =
  | (Reached & {
      readonly requirement: Requirement;
      readonly proven: number;
      /** As `have`, if everything that could not be found out were in favour. */
      readonly atMost: number;
      /** Why nobody is left who could give it; null: somebody may be. */
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

/** One ask and how far it is met. */
export interface RequirementState {
  readonly requirement: ApprovalRequirement;
  readonly state: RequirementTreeState;
  readonly outcome: "met" | "short" | "unknown";
}
