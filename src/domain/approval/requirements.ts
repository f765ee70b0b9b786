/** The approvals a pull request needs: the policy's own, and those of every rule that applies, with code owners named. */

import type {
  ApprovalRequirement,
  RequirementState,
  NobodyLeft,
  RequirementTreeState,
} from "./requirement-state.ts";
import type { PullRequest } from "../change/pull-request.ts";
import { requiredOwners } from "./code-owners.ts";
import type { Policy } from "../policy/file/policy.ts";
import { leafRequirementsIn, type Requirement, type RequirementTree } from "../policy/file/requirement.ts";
import { evaluateWhen } from "./rule-conditions.ts";
import { oneLine } from "../texts/wording.ts";
import type { Instant } from "../time/instant.ts";

/** Returns every requirement of a pull request as of `at`. */
export function requirementsOf(
  pull: PullRequest,
  policy: Policy,
  at: Instant,
): readonly ApprovalRequirement[] {
  const always = policy.approvals.flatMap((tree) =>
    split(tree).map((part) => requirementFrom(part, pull, { by: null, applies: "yes", unknown: [] })),
  );
  const byRules = policy.rules.flatMap((rule) => {
    const { holds, unknown } = evaluateWhen(rule.when, pull, at);
    if (holds === "no") return [];
    const because = unknown.map(
      (each) => `whether the rule “${oneLine(rule.name)}” applies cannot be verified: ${oneLine(each)}`,
    );
    return split(rule.approval).map((part) =>
      requirementFrom(part, pull, { by: rule.name, applies: holds, unknown: because }),
    );
  });
  return [...always, ...byRules];
}

/** Several joined by `all-of` are as many requirements. */
function split(tree: RequirementTree): readonly RequirementTree[] {
  return "all-of" in tree ? tree["all-of"].flatMap(split) : [tree];
}

function requirementFrom(
  tree: RequirementTree,
  pull: PullRequest,
  rest: Pick<ApprovalRequirement, "by" | "applies" | "unknown">,
): ApprovalRequirement {
  const ofOwners = leafRequirementsIn(tree).some((leaf) => leaf.from.codeowners === true);
  return { ...rest, ofOwners, tree: ofOwners ? withOwners(tree, pull) : tree };
}

function withOwners(tree: RequirementTree, pull: PullRequest): RequirementTree {
  if ("all-of" in tree) return { "all-of": tree["all-of"].map((each) => withOwners(each, pull)) };
  if ("any-of" in tree) return { "any-of": tree["any-of"].map((each) => withOwners(each, pull)) };
  return tree.from.codeowners === true ? { "all-of": requiredOwners(tree, pull) } : tree;
}

/** Counts the people who meet one requirement, and those who could at most; `nobody`: why nobody could add to them. */
export interface ReachedBy {
  readonly have: number;
  readonly couldHave: number;
  readonly nobody: NobodyLeft | null;
}

/** Returns how far a requirement is met; `reached` answers that for each leaf requirement. */
export function stateOfRequirement(
  requirement: ApprovalRequirement,
  reached: (leaf: Requirement) => ReachedBy,
): RequirementState {
  const state = treeState(requirement.tree, reached);
  if (state.met) return { requirement, state, outcome: "met" };
  return {
    requirement,
    state,
    outcome: state.could || requirement.applies === "unknown" ? "unknown" : "short",
  };
}

function treeState(tree: RequirementTree, reached: (leaf: Requirement) => ReachedBy): RequirementTreeState {
  if ("all-of" in tree) {
    const each = tree["all-of"].map((inner) => treeState(inner, reached));
    return {
      "all-of": each,
      met: each.every(({ met }) => met),
      could: each.every(({ could }) => could),
      stuck: each.some(({ stuck }) => stuck),
    };
  }
  if ("any-of" in tree) {
    const each = tree["any-of"].map((inner) => treeState(inner, reached));
    return {
      "any-of": each,
      met: each.some(({ met }) => met),
      could: each.some(({ could }) => could),
      stuck: each.every(({ stuck }) => stuck),
    };
  }
  const { have, couldHave, nobody } = reached(tree);
  const unknown = tree.unknown !== undefined;
  const met = !unknown && have >= tree.required;
  return {
    requirement: tree,
    proven: have,
    atMost: couldHave,
    nobody,
    met,
    could: unknown || couldHave >= tree.required,
    stuck: !unknown && !met && nobody !== null,
  };
}

/** Returns the leaf requirements of these, each once. */
export function leafRequirements(requirements: readonly ApprovalRequirement[]): readonly Requirement[] {
  return [...new Set(requirements.flatMap(({ tree }) => leafRequirementsIn(tree)))];
}
