/**
 * Turns the tree of a policy-bot file into a list of clauses, all of which are required: each where its condition
 * holds, and met in any of its ways.
 */

import { PERMISSIONS } from "../change/people.ts";
import type { From } from "../policy/file/selectors.ts";
import { anyOf, type Bounds } from "./conditions.ts";
import type { ApprovalNode } from "./file.ts";
import { everyCondition, negated, unlike, type Condition } from "./logic.ts";
import type { TranslatedRequirements, Leaf, TranslationNote } from "./requirements.ts";

/** A part of the file that nobody can meet, and why. */
interface Never {
  readonly where: string;
  readonly why: string;
}

/** Describes one requirement. */
export interface Clause {
  /** Where it is required; true: of every change. */
  readonly when: Condition;
  /** Any of these is enough; none: nothing meets it. */
  readonly ways: readonly Leaf[];
  /** The rules it comes from. */
  readonly names: readonly string[];
  /** Why nothing meets it, and which part of the file causes that; empty where something does. */
  readonly nevers: readonly Never[];
  /** The checks it is met by, where it is nothing else. */
  readonly checks: readonly string[] | null;
}

/** So many conditional members of one `or` are kept apart. */
const MOST_CONDITIONS = 4;

/** A tree that comes to more clauses below one `or` is written in a narrower way. */
const MOST_CLAUSES = 100;

/** A condition, or its denial, from the side that requires more. */
interface Guard {
  readonly key: string;
  readonly holds: boolean;
  readonly condition: Condition;
}

interface Guarded {
  readonly guards: readonly Guard[];
  readonly ways: readonly Leaf[];
  readonly names: readonly string[];
  readonly nevers: readonly Never[];
}

/** A node: where it is not skipped, and what it then requires. */
interface Compiled {
  readonly applies: Bounds;
  readonly clauses: readonly Guarded[];
  readonly names: readonly string[];
}

type RuleNamed = (name: string) => { readonly asked: TranslatedRequirements; readonly applies: Bounds };

/** Lists what a tree requires. `refused`: where a change is refused whoever approves it. */
export function clausesOf(
  items: readonly ApprovalNode[],
  refused: Bounds,
  ruleNamed: RuleNamed,
  notes: TranslationNote[],
): readonly Clause[] {
  const root = compile({ and: items }, ruleNamed, notes);
  const stuck = (guards: readonly Guard[] | null, where: string, why: string): readonly Guarded[] =>
    guards === null ? [] : [never(guards, where, why)];
  const all = [
    ...root.clauses,
    ...(items.length === 0
      ? []
      : stuck(guard(root.applies, false), "no rule applies", "where none does, nothing can be merged there")),
    ...stuck(guard(refused, true), "disapproval.if", "what it says refuses a change there, whoever approves"),
  ];
  return simplified(all).map(({ guards, ...rest }): Clause => {
    const when = everyCondition(guards.map(({ condition }) => condition));
    const checks = rest.ways.length === 0 ? checksIn(guards) : null;
    if (checks === null) return { ...rest, when, checks };
    if (JSON.stringify(when).includes("conclusions")) {
      const message = `it takes more than success for good enough of ${checks.join(", ")}`;
      notes.push({ where: rest.names.join(", "), kind: "stricter", message, instead: "only success is" });
    }
    return { ...rest, when, checks, nevers: [] };
  });
}

function compile(node: ApprovalNode, ruleNamed: RuleNamed, notes: TranslationNote[]): Compiled {
  const plain = flattened(node);
  if (typeof plain === "string") return leaf(plain, ruleNamed);
  const inner = ("or" in plain ? plain.or : plain.and).map((each) => compile(each, ruleNamed, notes));
  return "or" in plain ? alternatives(inner, notes) : conjunction(inner);
}

/** One of one is that one, and one of several of which one is again one of several is one of all of them; so for every one. */
function flattened(node: ApprovalNode): ApprovalNode {
  if (typeof node === "string") return node;
  const isOr = "or" in node;
  const inner = (isOr ? node.or : node.and).map(flattened).flatMap((each) => {
    if (typeof each === "string") return [each];
    return isOr ? ("or" in each ? each.or : [each]) : "and" in each ? each.and : [each];
  });
  const members = unlike(inner);
  const [first] = members;
  if (first !== undefined && members.length === 1) return first;
  return isOr ? { or: members } : { and: members };
}

function leaf(name: string, ruleNamed: RuleNamed): Compiled {
  const { asked, applies } = ruleNamed(name);
  const { approval, conditions } = asked;
  const missing = conditions === null ? null : guard(conditions, false);
  const clauses = [
    ...(approval === null
      ? []
      : [
          "never" in approval
            ? never([], name, approval.never)
            : { guards: [], ways: [approval], names: [name], nevers: [] },
        ]),
    ...(missing === null
      ? []
      : [never(missing, name, "nobody can meet it there until its requires.conditions hold")]),
  ];
  return { applies, clauses, names: [name] };
}

function never(guards: readonly Guard[], where: string, why: string): Guarded {
  return { guards, ways: [], names: [where], nevers: [{ where, why }] };
}

/** A guard on the side that requires more; none where it is always on; null: it never is. */
function guard({ atLeast, atMost }: Bounds, holds: boolean): readonly Guard[] | null {
  const condition = holds ? atLeast : negated(atMost);
  if (condition === false) return null;
  return condition === true ? [] : [{ key: JSON.stringify([atLeast, atMost]), holds, condition }];
}

function under(guards: readonly Guard[], clauses: readonly Guarded[]): readonly Guarded[] {
  return clauses.map((clause) => ({ ...clause, guards: unlike([...guards, ...clause.guards]) }));
}

/** Every member that applies is required. */
function conjunction(members: readonly Compiled[]): Compiled {
  return {
    applies: anyOf(members.map(({ applies }) => applies)),
    clauses: members.flatMap(({ applies, clauses }) => under(guard(applies, true) ?? [], clauses)),
    names: members.flatMap(({ names }) => names),
  };
}

/** Of the members that apply one is enough. The conditions distinguish which of them do. */
function alternatives(members: readonly Compiled[], notes: TranslationNote[]): Compiled {
  const always = members.filter(({ applies }) => applies.atMost === true);
  const maybe = grouped(members.filter((member) => !always.includes(member)));
  const applies = anyOf(members.map((member) => member.applies));
  const names = members.flatMap((member) => member.names);
  const kept = always.length > 0 ? maybe.slice(0, MOST_CONDITIONS) : maybe;
  const say = (instead: string): void => {
    const message = `more than ${MOST_CONDITIONS} conditions stand below one or`;
    notes.push({ where: unlike(names).join(", "), kind: "stricter", message, instead });
  };
  const each = (): Compiled => {
    say("each of them that applies has its own requirements");
    return { ...conjunction(members), applies };
  };
  if (kept.length > MOST_CONDITIONS) return each();
  const clauses = subsets(kept).flatMap(({ there, guards }) => {
    const present = [...always, ...there];
    return present.length === 0 || guards === null ? [] : under(guards, product(present));
  });
  if (clauses.length > MOST_CLAUSES) return each();
  if (kept.length < maybe.length)
    say(
      `only of these one is enough: ${unlike([...always, ...kept].flatMap((one) => one.names)).join(", ")}`,
    );
  return { applies, clauses: simplified(clauses), names };
}

/** Members that require the same are one that applies where any of them does; those that require nothing come first. */
function grouped(members: readonly Compiled[]): readonly Compiled[] {
  const requirements = unlike(
    members.map(({ clauses }) => clauses.map(({ guards, ways }) => ({ guards, ways }))),
  );
  const groups = requirements.map((ask): Compiled => {
    const same = members.filter(
      ({ clauses }) =>
        JSON.stringify(clauses.map(({ guards, ways }) => ({ guards, ways }))) === JSON.stringify(ask),
    );
    const names = unlike(same.flatMap((each) => each.names));
    const clauses = (same[0]?.clauses ?? []).map((clause) =>
      same.length === 1 ? clause : { ...clause, names },
    );
    return { applies: anyOf(same.map((each) => each.applies)), clauses, names };
  });
  return groups.toSorted((a, b) => Math.min(1, a.clauses.length) - Math.min(1, b.clauses.length));
}

interface Subset {
  readonly there: readonly Compiled[];
  /** Null: this never happens. */
  readonly guards: readonly Guard[] | null;
}

function subsets([first, ...rest]: readonly Compiled[]): readonly Subset[] {
  if (first === undefined) return [{ there: [], guards: [] }];
  const joined = (more: readonly Guard[] | null, guards: Subset["guards"]): Subset["guards"] =>
    more === null || guards === null ? null : [...more, ...guards];
  return subsets(rest).flatMap(({ there, guards }) => [
    { there: [first, ...there], guards: joined(guard(first.applies, true), guards) },
    { there, guards: joined(guard(first.applies, false), guards) },
  ]);
}

/** One of several lists must be met whole: one clause for each choice of one from every list. */
function product(members: readonly Compiled[]): readonly Guarded[] {
  return members.reduce<readonly Guarded[]>(
    (found, { clauses }) =>
      found.length * clauses.length > MOST_CLAUSES * 2
        ? found
        : found.flatMap((one) =>
            clauses.map((clause) => ({
              guards: unlike([...one.guards, ...clause.guards]),
              ways: unlike([...one.ways, ...clause.ways]),
              names: unlike([...one.names, ...clause.names]),
              nevers:
                one.ways.length + clause.ways.length > 0 ? [] : unlike([...one.nevers, ...clause.nevers]),
            })),
          ),
    [{ guards: [], ways: [], names: [], nevers: [] }],
  );
}

/** Drops what another clause requires already, and joins two that differ in one guard and its denial. */
function simplified(clauses: readonly Guarded[]): readonly Guarded[] {
  const each = clauses
    .filter(({ guards }) => everyCondition(guards.map(({ condition }) => condition)) !== false)
    .map((clause) => ({ ...clause, ways: narrowed(clause.ways) }));
  for (const [index, one] of each.entries())
    for (const other of each.slice(index + 1)) {
      const joined = resolved(one, other);
      if (joined !== null) return simplified([...each.filter((it) => it !== one && it !== other), joined]);
    }
  const isNeedless = (one: Guarded, index: number): boolean =>
    each.some(
      (other, at) => other !== one && requiresAll(other, one) && (!requiresAll(one, other) || at < index),
    );
  const needed = each.filter((one, index) => !isNeedless(one, index));
  // Whatever cannot be met is listed, also where the same is required for another reason.
  return needed.map((one) => ({
    ...one,
    nevers: unlike([one, ...each.filter((other) => requiresAll(one, other))].flatMap(({ nevers }) => nevers)),
  }));
}

function resolved(one: Guarded, other: Guarded): Guarded | null {
  if (one.guards.length !== other.guards.length || !sameWays(one, other)) return null;
  const differing = one.guards.filter((each) => !other.guards.some((it) => sameGuard(it, each)));
  const [only] = differing;
  if (only === undefined || differing.length > 1) return null;
  if (!other.guards.some(({ key, holds }) => key === only.key && holds !== only.holds)) return null;
  return {
    ...one,
    guards: one.guards.filter((each) => each !== only),
    names: unlike([...one.names, ...other.names]),
    nevers: unlike([...one.nevers, ...other.nevers]),
  };
}

function sameGuard(one: Guard, other: Guard): boolean {
  return one.key === other.key && one.holds === other.holds;
}

function sameWays(one: Guarded, other: Guarded): boolean {
  return JSON.stringify(one.ways) === JSON.stringify(other.ways);
}

/**
 * Whether whoever meets `strong` meets `weak`, and it is required wherever that is. What nothing meets makes nothing
 * else needless: an approval by an admin replaces it.
 */
function requiresAll(strong: Guarded, weak: Guarded): boolean {
  return (
    (strong.ways.length > 0 || weak.ways.length === 0) &&
    strong.guards.every((each) => weak.guards.some((it) => sameGuard(it, each))) &&
    strong.ways.every((way) => weak.ways.some((it) => meets(way, it)))
  );
}

/** Of several ways those that are no narrower than another. */
function narrowed(ways: readonly Leaf[]): readonly Leaf[] {
  return ways.filter(
    (way, index) =>
      !ways.some((other, at) => other !== way && meets(way, other) && (!meets(other, way) || at < index)),
  );
}

/** Whether those who meet one way meet another: no fewer people, all of whom it names too. */
function meets(way: Leaf, other: Leaf): boolean {
  return way.required >= other.required && isWithin(way.from, other.from);
}

function isWithin(narrow: From, wide: From): boolean {
  const rank = (from: From): number =>
    from.permission === undefined ? Infinity : PERMISSIONS.indexOf(from.permission);
  const lists = (["users", "teams", "organizations"] as const).every((key) =>
    (narrow[key] ?? []).every((name) => wide[key]?.includes(name) === true),
  );
  return lists && (narrow.permission === undefined || rank(narrow) >= rank(wide));
}

/** The checks whose success is all that is required of every change; null: something else is. */
function checksIn([only, ...more]: readonly Guard[]): readonly string[] | null {
  const condition = only?.condition;
  if (more.length > 0 || typeof condition !== "object" || Object.keys(condition).length !== 1) return null;
  const { not } = condition;
  if (not?.checks === undefined || Object.keys(not).length !== 1) return null;
  const good = not.checks.flatMap((check) => {
    if (typeof check === "string") return [check];
    return check.conclusions?.includes("success") === true ? [check.name] : [];
  });
  return good.length === not.checks.length ? good : null;
}
