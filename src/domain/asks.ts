/** What approvals a pull request needs: the policy's own, and those of every rule that applies, with code owners named. */

import type { Ask, AskState, NobodyLeft, TreeState } from "./ask.ts";
import type { Instant, PullRequest } from "./change.ts";
import { ownersAsked } from "./owners.ts";
import type { Policy } from "./policy/policy.ts";
import { leavesOf, type Requirement, type RequirementTree } from "./policy/requirement.ts";
import { whenHolds } from "./rule.ts";
import { oneLine } from "./wording.ts";

/** Everything asked of a pull request as of `at`. */
export function asksOf(pull: PullRequest, policy: Policy, at: Instant): readonly Ask[] {
  const always = policy.approvals.flatMap((tree) =>
    split(tree).map((part) => askFor(part, pull, { by: null, applies: "yes", unknown: [] })),
  );
  const byRules = policy.rules.flatMap((rule) => {
    const { holds, unknown } = whenHolds(rule.when, pull, at);
    if (holds === "no") return [];
    const because = unknown.map(
      (each) => `whether the rule “${oneLine(rule.name)}” applies cannot be told: ${oneLine(each)}`,
    );
    return split(rule.approval).map((part) =>
      askFor(part, pull, { by: rule.name, applies: holds, unknown: because }),
    );
  });
  return [...always, ...byRules];
}

/** All of several are as many asks. */
function split(tree: RequirementTree): readonly RequirementTree[] {
  return "all-of" in tree ? tree["all-of"].flatMap(split) : [tree];
}

function askFor(
  tree: RequirementTree,
  pull: PullRequest,
  rest: Pick<Ask, "by" | "applies" | "unknown">,
): Ask {
  const ofOwners = leavesOf(tree).some((leaf) => leaf.from.codeowners === true);
  return { ...rest, ofOwners, tree: ofOwners ? withOwners(tree, pull) : tree };
}

function withOwners(tree: RequirementTree, pull: PullRequest): RequirementTree {
  if ("all-of" in tree) return { "all-of": tree["all-of"].map((each) => withOwners(each, pull)) };
  if ("any-of" in tree) return { "any-of": tree["any-of"].map((each) => withOwners(each, pull)) };
  return tree.from.codeowners === true ? { "all-of": ownersAsked(tree, pull) } : tree;
}

/** How far one requirement is met: by how many people, by how many at most, and why nobody is left who could add to them. */
interface ReachedBy {
  readonly have: number;
  readonly couldHave: number;
  readonly nobody: NobodyLeft | null;
}

/** How far an ask is met, `reached` telling it of each single requirement. */
export function stateOf(ask: Ask, reached: (leaf: Requirement) => ReachedBy): AskState {
  const state = treeState(ask.tree, reached);
  if (state.met) return { ask, state, outcome: "met" };
  return { ask, state, outcome: state.could || ask.applies === "unknown" ? "unknown" : "short" };
}

function treeState(tree: RequirementTree, reached: (leaf: Requirement) => ReachedBy): TreeState {
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
    have,
    couldHave,
    nobody,
    met,
    could: unknown || couldHave >= tree.required,
    stuck: !unknown && !met && nobody !== null,
  };
}

/** Everything that is asked for, each single requirement once. */
export function asked(asks: readonly Ask[]): readonly Requirement[] {
  return [...new Set(asks.flatMap(({ tree }) => leavesOf(tree)))];
}
