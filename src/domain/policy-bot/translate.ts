/** A policy-bot file said in ours: what can be said exactly is; of the rest, the nearest form that asks no less, with the reason. */

import type { WrittenRequirement } from "../policy/requirement.ts";
import { letsAuthorOut, type When } from "../policy/when.ts";
import { truncate } from "../text.ts";
import { allOf, conditionsOf, type Bounds } from "./conditions.ts";
import type { ApprovalNode, BotFile, BotRule } from "./file.ts";
import { requirementsOf, vetoOf, type Note } from "./requirements.ts";

/** One rule of the policy file that comes out. */
interface MadeRule {
  readonly name: string;
  readonly when: When;
  readonly approval: WrittenRequirement;
}

/** What a file comes to: our policy file as a value, and everything that is not the same there and here. */
export interface Translation {
  readonly policy: Readonly<Record<string, unknown>>;
  readonly notes: readonly Note[];
}

/** So many conditional rules below one `or` are told apart; beyond that each that applies asks its own. */
const MOST_CONDITIONS = 4;

const STUCK: WrittenRequirement = { required: 1, from: { permission: "admin" } };

/** Translates a file. What asks nothing there asks nothing here; nothing else is ever asked less of without a note. */
export function translateBotFile(file: BotFile): Translation {
  if (file.remote !== undefined) {
    const message = `the policy is in ${file.remote}`;
    const instead =
      "translate that file, and put it as .github/countersign.yml into the organisation's .github";
    return { policy: { mode: "enforce" }, notes: [{ where: "remote", kind: "changed", message, instead }] };
  }
  const notes: Note[] = [];
  const rules = new Map((file.approval_rules ?? []).map((rule) => [rule.name, withDefaults(rule, file)]));
  const asked = requirementsOf([...rules.values()], notes);
  const bounds = new Map([...rules.values()].map((rule) => [rule.name, boundsOf(rule, notes)]));
  const items = (file.policy?.approval ?? []).flatMap(flattened);
  for (const name of new Set(items.flatMap(namesIn).filter((each) => !rules.has(each)))) {
    const message = `there is no rule called "${name}"`;
    notes.push({
      where: name,
      kind: "looser",
      message,
      instead: "an approval by an admin is asked in its place",
    });
  }
  const say = { asked: asked.byRule, bounds, notes };
  const always: WrittenRequirement[] = [];
  const made: MadeRule[] = [];
  for (const item of items) {
    for (const { conditions, approval } of casesOf(item, say)) {
      if (conditions.length === 0) always.push(approval);
      else made.push({ name: namesIn(item).join(" or "), when: allOf(conditions), approval });
    }
  }
  const veto = vetoOf(file, notes);
  if (veto.approval !== null) always.push(veto.approval);
  made.push(...veto.rules);
  const stuck = whereNothingApplies(items, bounds, notes);
  if (stuck === "always") always.push(STUCK);
  else if (stuck !== null)
    made.push({ name: "no rule of the translated policy applies", when: stuck, approval: STUCK });
  for (const { name, when } of made) {
    const parts = new Set(letsAuthorOut(when, []).flatMap((path) => path.slice(-1)));
    if (parts.size === 0) continue;
    const message = `it lets out by what an author sets (${[...parts].map(String).join(", ")})`;
    notes.push({
      where: name,
      kind: "changed",
      message,
      instead: "only the organisation's own file may say that",
    });
  }
  const required = [...new Set(asked.checks)];
  return {
    policy: {
      mode: "enforce",
      approval: { ...together(always), independence: asked.independence, ...asked.requestReviews },
      ...(made.length === 0 ? {} : { rules: named(made) }),
      ...(required.length === 0 ? {} : { checks: { required } }),
    },
    notes,
  };
}

/** What is different whatever a file says. */
export const ALWAYS: readonly string[] = [
  "every base branch is judged there; here those that reach production: name them under production.branches (default: the default branch)",
  "an approval there is for a time, here for a content: it is proven that what is merged is what was approved",
  "bots and apps never approve here, and nobody approves what they made alone",
];

function withDefaults(rule: BotRule, file: BotFile): BotRule {
  const defaults = file.approval_defaults?.options;
  return defaults === undefined ? rule : { ...rule, options: { ...defaults, ...rule.options } };
}

function boundsOf(rule: BotRule, notes: Note[]): Bounds | null {
  if (rule.if === undefined || Object.keys(rule.if).length === 0) return null;
  const bounds = conditionsOf(rule.if);
  for (const message of bounds.notes)
    notes.push({
      where: rule.name,
      kind: "changed",
      message: `if ${message}`,
      instead: "wherever the rule may apply it asks, and wherever it may not let out it does not",
    });
  return bounds;
}

/** All of several are as many items. */
function flattened(node: ApprovalNode): readonly ApprovalNode[] {
  return typeof node === "object" && "and" in node ? node.and.flatMap(flattened) : [node];
}

function namesIn(node: ApprovalNode): readonly string[] {
  if (typeof node === "string") return [node];
  return ("or" in node ? node.or : node.and).flatMap(namesIn);
}

interface Saying {
  /** What each rule asks; null: nothing. */
  readonly asked: ReadonlyMap<string, WrittenRequirement | null>;
  /** When each rule applies; null: always. */
  readonly bounds: ReadonlyMap<string, Bounds | null>;
  readonly notes: Note[];
}

interface Case {
  readonly conditions: readonly When[];
  readonly approval: WrittenRequirement;
}

/** What an item asks, told apart by which of its conditional rules apply. */
function casesOf(item: ApprovalNode, say: Saying): readonly Case[] {
  const conditional = [...new Set(namesIn(item))].filter((name) => say.bounds.get(name) != null);
  if (conditional.length > MOST_CONDITIONS) {
    const message = `more than ${MOST_CONDITIONS} rules with conditions stand below one or`;
    const instead = "each of them that applies asks its own";
    say.notes.push({ where: namesIn(item).join(" or "), kind: "changed", message, instead });
    return namesIn(item).flatMap((name) => casesOf(name, say));
  }
  return split(item, conditional, new Set(), say);
}

function split(
  item: ApprovalNode,
  [name, ...rest]: readonly string[],
  skipped: ReadonlySet<string>,
  say: Saying,
): readonly Case[] {
  if (name === undefined) {
    const approval = treeOf(item, skipped, say);
    return approval === "skipped" || approval === null ? [] : [{ conditions: [], approval }];
  }
  const applies = split(item, rest, skipped, say);
  const not = split(item, rest, new Set([...skipped, name]), say);
  if (JSON.stringify(applies) === JSON.stringify(not)) return applies;
  const bounds = say.bounds.get(name);
  if (bounds == null) return applies;
  // Between the two bounds both sides ask: never less than the rule itself would.
  const given = (cases: readonly Case[], condition: When | null): readonly Case[] =>
    cases.map(({ conditions, approval }) => ({
      conditions: condition === null ? conditions : [condition, ...conditions],
      approval,
    }));
  return [
    ...given(applies, bounds.atLeast === "always" ? null : bounds.atLeast),
    ...given(not, bounds.atMost === "never" ? null : { not: bounds.atMost }),
  ];
}

/** What a node asks while some rules do not apply; null: nothing is missing. */
function treeOf(
  node: ApprovalNode,
  skipped: ReadonlySet<string>,
  say: Saying,
): WrittenRequirement | "skipped" | null {
  if (typeof node === "string") {
    if (skipped.has(node)) return "skipped";
    const asked = say.asked.get(node);
    return asked === undefined ? STUCK : asked;
  }
  const inner = ("or" in node ? node.or : node.and).map((each) => treeOf(each, skipped, say));
  const there = inner.filter((each) => each !== "skipped");
  if (there.length === 0) return "skipped";
  const asking = there.filter((each) => each !== null);
  if ("or" in node) {
    if (asking.length < there.length) return null;
    return asking.length === 1 ? (asking[0] ?? null) : { "any-of": asking };
  }
  return asking.length <= 1 ? (asking[0] ?? null) : { "all-of": asking };
}

/** There, a change to which no rule applies can never be merged. Null: some rule always applies. */
function whereNothingApplies(
  items: readonly ApprovalNode[],
  bounds: ReadonlyMap<string, Bounds | null>,
  notes: Note[],
): When | "always" | null {
  const names = [...new Set(items.flatMap(namesIn))];
  if (names.length === 0 || names.some((name) => bounds.get(name) == null)) return null;
  notes.push({
    where: "the whole file",
    kind: "looser",
    message: "where no rule applies nothing can be merged there",
    instead: "an approval by an admin is asked there",
  });
  const low = names.flatMap((name) => {
    const atMost = bounds.get(name)?.atMost ?? "never";
    return atMost === "never" ? [] : [atMost];
  });
  if (low.length === 0) return "always";
  return { not: low.length === 1 ? (low[0] ?? {}) : { "any-of": low } };
}

function together(all: readonly WrittenRequirement[]): WrittenRequirement {
  const each = all.filter(
    (one, index) => all.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === index,
  );
  if (each.length === 0) return { required: 0 };
  return each.length === 1 ? (each[0] ?? {}) : { "all-of": each };
}

/** Names of rules are theirs alone, and short. */
function named(rules: readonly MadeRule[]): readonly MadeRule[] {
  const taken = new Set<string>();
  return rules.map((rule) => {
    const stem = truncate(rule.name, 110);
    let name = stem;
    for (let count = 2; taken.has(name); count += 1) name = `${stem} (${count})`;
    taken.add(name);
    return { ...rule, name };
  });
}
