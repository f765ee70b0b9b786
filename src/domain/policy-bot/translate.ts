/** Translates a policy-bot file: exactly what can be; of the rest, the nearest form that requires no less, with the reason. */

import type { From } from "../policy/file/selectors.ts";
import type { WrittenRequirement } from "../policy/file/requirement.ts";
import type { When } from "../policy/file/when.ts";
import { PERMISSIONS } from "../change/people.ts";
import { truncate } from "../values/text.ts";
import { clausesOf, type Clause } from "./clauses.ts";
import { ALWAYS_HOLDS, anyOf, conditionsOf, type Bounds } from "./conditions.ts";
import type { BotFile, BotRule } from "./file.ts";
import { unlike } from "./logic.ts";
import {
  ADMIN,
  askedBy,
  mannerOf,
  refusals,
  vetoOf,
  type TranslatedRequirements,
  type Leaf,
  type TranslationNote,
} from "./requirements.ts";

/** Describes what a file comes to: our policy file as a value, and everything that differs there and here. */
export interface Translation {
  readonly policy: Readonly<Record<string, unknown>>;
  readonly notes: readonly TranslationNote[];
  /** Whether some change requires no approval at all. */
  readonly mayAskNothing: boolean;
}

/** Lists what is different whatever a file contains. */
export const ALWAYS: readonly string[] = [
  "every base branch is judged there; here those that reach production: name them under production.branches (default: the default branch)",
  "an approval there is for a time, here for a content: it is proven that what is merged is what was approved, and what is proven to change nothing (a merge of the base, a rebase) ends no approval and makes nobody a contributor",
  "bots and apps never approve here, and nobody approves what they made alone",
  "more than 3,000 files or 250 commits are an error there; here all are read",
  "logins are compared letter by letter there, here without case",
  "options that its server gives to every file are not in the file, so they are not translated",
];

/** Translates a file. What requires nothing there requires nothing here; nothing else ever requires less without a note. */
export function translateBotFile(file: BotFile): Translation {
  const notes: TranslationNote[] = [];
  const rules = new Map((file.approval_rules ?? []).map((rule) => [rule.name, withDefaults(rule, file)]));
  const manner = mannerOf([...rules.values()], notes);
  const asked = new Map([...rules.values()].map((rule) => [rule.name, askedBy(rule, notes)]));
  const applies = new Map([...rules.values()].map((rule) => [rule.name, boundsOf(rule, notes)]));
  const ruleNamed = (name: string): { readonly asked: TranslatedRequirements; readonly applies: Bounds } => ({
    asked: asked.get(name) ?? { approval: { never: "there is no such rule" }, conditions: null },
    applies: applies.get(name) ?? ALWAYS_HOLDS,
  });
  const veto = vetoOf(file, notes);
  const refused = refusals(file, notes);
  const clauses = clausesOf(file.policy?.approval ?? [], anyOf(refused), ruleNamed, notes);
  for (const { where, why: message } of unlike(clauses.flatMap(({ nevers }) => nevers)))
    notes.push({
      where,
      kind: "looser",
      loss: "never",
      message,
      instead: "an approval by an admin is required",
    });
  const always = clauses.filter(({ when, checks }) => when === true && checks === null);
  const required = unlike(clauses.flatMap(({ checks }) => checks ?? []));
  const conditional = clauses.flatMap(({ when, checks, ...rest }) =>
    typeof when === "boolean" || checks !== null ? [] : [{ when, ...rest }],
  );
  const requirements = always.map(requirementOf);
  const approval = together(
    veto === null || requirements.some(({ from }) => JSON.stringify(from) === JSON.stringify(veto.from))
      ? requirements
      : [...requirements, veto],
  );
  return {
    policy: {
      mode: "enforce",
      approval: { ...approval, ...manner },
      ...(conditional.length === 0 ? {} : { rules: named(conditional) }),
      ...(required.length === 0 ? {} : { checks: { required } }),
    },
    notes,
    mayAskNothing: always.length === 0,
  };
}

function withDefaults(rule: BotRule, file: BotFile): BotRule {
  const defaults = file.approval_defaults?.options;
  return defaults === undefined ? rule : { ...rule, options: { ...defaults, ...rule.options } };
}

function boundsOf(rule: BotRule, notes: TranslationNote[]): Bounds {
  const bounds = conditionsOf(rule.if ?? {});
  for (const message of bounds.notes)
    notes.push({
      where: rule.name,
      kind: "changed",
      message: `if ${message}`,
      instead: "wherever the rule may apply it asks, and wherever it may not let out it does not",
    });
  return bounds;
}

/** What meets a clause: any of its ways, those of which one person is enough written as one. */
function requirementOf({ ways }: Pick<Clause, "ways">): WrittenRequirement {
  const single = ways.filter(({ required }) => required === 1);
  const others = ways.filter(({ required }) => required !== 1);
  const joined = single.length === 0 ? [] : [{ required: 1, from: union(single.map(({ from }) => from)) }];
  const each: readonly WrittenRequirement[] = [...joined, ...others];
  const [first, ...more] = each;
  if (first === undefined) return ADMIN;
  return more.length === 0 ? first : { "any-of": each };
}

function union(all: readonly From[]): From {
  const permission = PERMISSIONS.find((each) => all.some((from) => from.permission === each));
  const list = (key: "users" | "teams" | "organizations"): Partial<From> => {
    const names = unlike(all.flatMap((from) => from[key] ?? []));
    return names.length === 0 ? {} : { [key]: names };
  };
  return {
    ...(permission === undefined || permission === "none" ? {} : { permission }),
    ...list("users"),
    ...list("teams"),
    ...list("organizations"),
  };
}

function together(all: readonly WrittenRequirement[]): WrittenRequirement {
  const each = unlike(all);
  if (each.length === 0) return { required: 0 };
  return each.length === 1 ? (each[0] ?? {}) : { "all-of": each };
}

interface Conditional {
  readonly when: When;
  readonly ways: readonly Leaf[];
  readonly names: readonly string[];
}

/** One rule for each condition. Names of rules are theirs alone, and short. */
function named(clauses: readonly Conditional[]): readonly unknown[] {
  const taken = new Set<string>();
  return unlike(clauses.map(({ when }) => when)).map((when) => {
    const own = clauses.filter((each) => JSON.stringify(each.when) === JSON.stringify(when));
    const stem = truncate(unlike(own.map(({ names }) => names.join(" or "))).join(" and "), 110);
    let name = stem;
    for (let count = 2; taken.has(name); count += 1) name = `${stem} (${count})`;
    taken.add(name);
    return { name, when, approval: together(own.map(requirementOf)) };
  });
}
