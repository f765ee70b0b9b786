/** Conditions of policy-bot's rules as conditions of ours: exactly, or from above and from below where that cannot be written. */

import type { Who } from "../policy/file/selectors.ts";
import { RegexSchema } from "../patterns/pattern.ts";
import type { When } from "../policy/file/when.ts";
import type { BotActors, BotPredicates } from "./file.ts";
import { everyCondition, negated, anyCondition, unlike, type Condition } from "./logic.ts";

/**
 * Describes a condition between two bounds. `atLeast` holds whenever it does, `atMost` only when it does. Both are the
 * same where it is written exactly.
 */
export interface Bounds {
  readonly atLeast: Condition;
  readonly atMost: Condition;
  /** What cannot be written exactly, and why. */
  readonly notes: readonly string[];
}

/** Holds whatever a change is. */
export const ALWAYS_HOLDS: Bounds = { atLeast: true, atMost: true, notes: [] };

/** Returns what all of the predicates written together come to. */
export function conditionsOf(predicates: BotPredicates): Bounds {
  return all(namesOf(predicates).map((name) => one(name, predicates)));
}

/** Returns what each of the predicates comes to by itself. */
export function eachOf(predicates: BotPredicates): readonly Bounds[] {
  return namesOf(predicates).map((name) => one(name, { [name]: predicates[name] }));
}

function namesOf(predicates: BotPredicates): readonly (keyof BotPredicates)[] {
  return Object.entries(predicates).flatMap(([name, value]) =>
    value === undefined ? [] : [name as keyof BotPredicates],
  );
}

/** Returns what holds where any of several does. */
export function anyOf(each: readonly Bounds[]): Bounds {
  return {
    atLeast: anyCondition(each.map(({ atLeast }) => atLeast)),
    atMost: anyCondition(each.map(({ atMost }) => atMost)),
    notes: each.flatMap(({ notes }) => notes),
  };
}

function all(each: readonly Bounds[]): Bounds {
  return {
    atLeast: everyCondition(each.map(({ atLeast }) => atLeast)),
    atMost: everyCondition(each.map(({ atMost }) => atMost)),
    notes: each.flatMap(({ notes }) => notes),
  };
}

function exactly(condition: Condition): Bounds {
  return { atLeast: condition, atMost: condition, notes: [] };
}

function loosely(note: string, atLeast: Condition = true, atMost: Condition = false): Bounds {
  return { atLeast, atMost, notes: [note] };
}

function denied({ atLeast, atMost, notes }: Bounds): Bounds {
  return { atLeast: negated(atMost), atMost: negated(atLeast), notes };
}

function one(name: keyof BotPredicates, predicates: BotPredicates): Bounds {
  switch (name) {
    case "changed_files":
      return someFile(name, predicates[name] ?? {});
    case "no_changed_files":
      return denied(someFile(name, predicates[name] ?? {}));
    case "only_changed_files": {
      const paths = predicates[name]?.paths ?? [];
      return readable(name, paths) ?? exactly({ "only-paths": matching(paths) });
    }
    case "has_author_in":
      return people(name, predicates[name], (author) => exactly({ author }));
    case "has_contributor_in":
      return people(name, predicates[name], (who) => ({
        atLeast: { contributors: who },
        // Here whoever pushed counts among them too: to let out, only whom nobody can make up is enough.
        atMost: { author: who },
        notes: [],
      }));
    case "only_has_contributors_in":
      return people(name, predicates[name], onlyBy);
    case "author_is_only_contributor":
      return alone(predicates);
    case "targets_branch":
      return branch(name, predicates[name]?.pattern ?? "", (matches) => exactly({ base: [{ matches }] }));
    case "from_branch":
      return branch(name, predicates[name]?.pattern ?? "", fromBranch);
    case "modified_lines":
      return size(predicates[name] ?? {});
    case "has_successful_status":
      return checks(name, predicates[name] ?? [], undefined);
    case "has_status":
      return checks(name, predicates[name]?.statuses ?? [], predicates[name]?.conclusions);
    case "has_workflow_result":
      return loosely(`${name}: a workflow is known here by the checks it makes; name those under checks`);
    case "has_labels":
      return exactly(predicates[name]?.length === 0 ? true : { labels: unlike(predicates[name] ?? []) });
    case "repository":
      return matchesAll(predicates[name]?.matches ?? [])
        ? ALWAYS_HOLDS
        : loosely(`${name}: repositories are named by globs here; write repository: [GLOB] by hand`);
    case "title":
      return title(predicates[name] ?? {});
    case "has_valid_signatures":
      return exactly({ signatures: predicates[name] === false ? "missing" : "valid" });
    case "has_valid_signatures_by":
    case "has_valid_signatures_by_keys":
      return loosely(`${name}: whose key signed is not asked here, only whether GitHub found it valid`, {
        signatures: "valid",
      });
    case "newer":
      return all((predicates[name] ?? []).map((each) => loosely(`${each}: there is no such condition here`)));
  }
}

function matching(expressions: readonly string[]): readonly { readonly matches: string }[] {
  return unlike(expressions).map((matches) => ({ matches }));
}

/** Whether one of the expressions is found in whatever there is. */
function matchesAll(expressions: readonly string[]): boolean {
  return expressions.some((each) => each === "" || /^\^?(?:\.\*|\(\.\*\))\$?$/u.test(each));
}

function readable(name: string, expressions: readonly string[]): Bounds | null {
  if (expressions.length === 0) return loosely(`${name}: names nothing`);
  const bad = expressions.filter((expression) => !RegexSchema.safeParse(expression).success);
  return bad.length === 0
    ? null
    : loosely(`${name}: ${bad.map((each) => `"${each}"`).join(", ")} is no regular expression we can read`);
}

/** A file that is named and not ignored: there is no regular expression for "this, and not that". */
function someFile(
  name: string,
  { paths = [], ignore = [] }: NonNullable<BotPredicates["changed_files"]>,
): Bounds {
  if (paths.length === 0 && ignore.length > 0)
    return loosely(`${name}: what it ignores is said, and not which files it is about`);
  const filled = paths.map((each) => (each === "" ? ".*" : each));
  const unreadable = readable(name, filled);
  if (unreadable !== null) return unreadable;
  const named: Condition = { paths: matching(filled) };
  const anyFile = matchesAll(paths);
  // A change may hold no file at all.
  if (ignore.length === 0) return anyFile ? { ...exactly(named), atLeast: true } : exactly(named);
  if (readable(name, ignore) !== null) return loosely(`${name}: ignore cannot be read`, named);
  const notIgnored: When = { not: { "only-paths": matching(ignore) } };
  if (anyFile) return { ...exactly(everyCondition([named, notIgnored])), atLeast: notIgnored };
  return loosely(
    `${name}: whether it is the named files that are ignored cannot be said`,
    everyCondition([named, notIgnored]),
    everyCondition([named, { not: { paths: matching(ignore) } }]),
  );
}

function people(name: string, actors: BotActors | undefined, as: (who: Who) => Bounds): Bounds {
  const who = whoOf(actors ?? {});
  return who === null ? loosely(`${name}: names nobody`) : as(who);
}

/** Whoever pushed must be one of them here too, and a name in a commit lets nobody out. */
function onlyBy(who: Who): Bounds {
  return { atLeast: { author: who }, atMost: { "only-contributors": who }, notes: [] };
}

/** Each of those who may be its author, and nobody else beside them. */
function alone(predicates: BotPredicates): Bounds {
  const { users = [], apps = [], ...others } = whoOf(predicates.has_author_in ?? {}) ?? {};
  const each: readonly Who[] = [
    ...users.map((user) => ({ users: [user] })),
    ...apps.map((app) => ({ apps: [app] })),
  ];
  const isNamed = each.length > 0 && Object.keys(others).length === 0;
  const bounds = isNamed
    ? anyOf(each.map((who) => onlyBy(who)))
    : loosely(
        "author_is_only_contributor: there is no such condition here; name the people with only-contributors",
      );
  return predicates.author_is_only_contributor === false ? denied(bounds) : bounds;
}

/** Returns whom these actors mean, bots apart from people; null: nobody. */
export function whoOf(actors: BotActors): Who | null {
  const named = unlike(actors.users ?? []);
  const users = named.filter((user) => !user.endsWith("[bot]"));
  const apps = named.filter((user) => user.endsWith("[bot]"));
  const teams = unlike(actors.teams ?? []);
  const organizations = unlike(actors.organizations ?? []);
  const permission = lowest(actors);
  const who: Who = {
    ...(permission === null ? {} : { permission }),
    ...(users.length === 0 ? {} : { users }),
    ...(teams.length === 0 ? {} : { teams }),
    ...(organizations.length === 0 ? {} : { organizations }),
    ...(apps.length === 0 ? {} : { apps: apps.map((app) => app.slice(0, -"[bot]".length)) }),
  };
  return Object.keys(who).length === 0 ? null : who;
}

/** Of several permissions the lowest includes the others. */
function lowest({
  permissions = [],
  admins,
  write_collaborators: writers,
}: BotActors): Who["permission"] | null {
  const named = new Set([
    ...permissions,
    ...(admins === true ? ["admin"] : []),
    ...(writers === true ? ["write"] : []),
  ]);
  return (["read", "triage", "write", "maintain", "admin"] as const).find((each) => named.has(each)) ?? null;
}

function branch(name: string, pattern: string, as: (pattern: string) => Bounds): Bounds {
  if (matchesAll([pattern])) return ALWAYS_HOLDS;
  return readable(name, [pattern]) ?? as(pattern);
}

const FORK: When = { "from-fork": true };
const OWN: When = { "from-fork": false };

/** There, the head of a fork is `owner:branch`; here it is the branch alone. No branch's name has a colon. */
function fromBranch(pattern: string): Bounds {
  const any = String.raw`(?:\.[*+]|\[\^:\][*+])`;
  if (new RegExp(`^\\^?${any}?:${any}?\\$?$`, "u").test(pattern)) return exactly(FORK);
  if (/^\^\[\^:\][*+]\$$/u.test(pattern)) return exactly(OWN);
  const own = everyCondition([OWN, { head: [{ matches: pattern }] }]);
  if (namesNoFork(pattern)) return exactly(own);
  return loosely(
    "from_branch: the owner of a fork is not part of a branch's name here, so every branch of a fork may fit",
    anyCondition([FORK, own]),
    own,
  );
}

/** Whether `owner:branch` never fits: an owner is letters, digits and dashes, and what is required begins otherwise. */
function namesNoFork(pattern: string): boolean {
  const [, start = ""] = /^\^((?:[\w/-]|\\\.)*)/u.exec(pattern) ?? [];
  const next = pattern.slice(1 + start.length, 2 + start.length);
  if (/[^A-Za-z0-9-]/u.test(start) && !/[?*+{]/u.test(next) && !pattern.includes("|")) return true;
  return WORDS.test(pattern);
}

/** One word, or one of several, and nothing else. */
const WORDS = (() => {
  const word = String.raw`(?:[\w/-]|\\\.)+`;
  return new RegExp(String.raw`^\^(?:${word}|\((?:\?:)?${word}(?:\|${word})*\))\$$`, "u");
})();

function size(lines: NonNullable<BotPredicates["modified_lines"]>): Bounds {
  const sizes = (["additions", "deletions", "total"] as const).flatMap((key) => {
    const text = lines[key];
    return text === undefined ? [] : [{ key, compared: /^\s*([<>=])\s*(\d{1,9})\s*$/u.exec(text) }];
  });
  if (sizes.some(({ compared }) => compared === null))
    return loosely("modified_lines: a size is written as a comparison, such as > 500");
  if (sizes.length === 0) return loosely("modified_lines: names no size");
  return exactly(
    anyCondition(
      sizes.map(({ key, compared }) => ({
        size: { [key === "total" ? "lines" : key]: `${compared?.[1] ?? ""} ${compared?.[2] ?? ""}` },
      })),
    ),
  );
}

function checks(name: string, names: readonly string[], conclusions: readonly string[] | undefined): Bounds {
  if (names.length === 0) return loosely(`${name}: names no check`);
  const successOnly = conclusions === undefined || conclusions.length === 0;
  return exactly({
    checks: unlike(names).map((each) =>
      successOnly ? each : { name: each, conclusions: unlike(conclusions) },
    ),
  });
}

/** Both lists given, either is enough, there as here. */
function title({ matches, not_matches: unliked }: NonNullable<BotPredicates["title"]>): Bounds {
  if (matches !== undefined && matchesAll(matches)) return ALWAYS_HOLDS;
  const unreadable = [matches, unliked].flatMap((list) =>
    list === undefined ? [] : [readable("title", list)],
  );
  const bad = unreadable.find((each) => each !== null);
  if (bad != null) return bad;
  const like = (list: readonly string[]): Condition =>
    anyCondition(list.map((each): When => ({ title: { matches: each } })));
  if (matches === undefined && unliked === undefined) return loosely("title: says nothing");
  return exactly(
    anyCondition([
      ...(matches === undefined ? [] : [like(matches)]),
      ...(unliked === undefined ? [] : [negated(like(unliked))]),
    ]),
  );
}
