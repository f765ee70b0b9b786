/** Conditions of policy-bot's rules as conditions of ours: exactly, or from above and from below where that cannot be said. */

import type { Who } from "../policy/from.ts";
import { RegexSchema } from "../policy/pattern.ts";
import type { When } from "../policy/when.ts";
import type { BotActors, BotPredicates } from "./file.ts";

/**
 * A condition between two bounds: `atLeast` holds whenever it does ("always" where nothing nearer can be said), `atMost`
 * only when it does. Both are the same where it is said exactly.
 */
export interface Bounds {
  readonly atLeast: When | "always";
  readonly atMost: When | "never";
  /** What cannot be said exactly, and why. */
  readonly notes: readonly string[];
}

/** All of the predicates written together. */
export function conditionsOf(predicates: BotPredicates): Bounds {
  const each = Object.entries(predicates).flatMap(([name, value]) =>
    value === undefined ? [] : [one(name as keyof BotPredicates, predicates)],
  );
  const highs = each.flatMap(({ atLeast }) => (atLeast === "always" ? [] : [atLeast]));
  const lows = each.flatMap(({ atMost }) => (atMost === "never" ? [] : [atMost]));
  return {
    atLeast: highs.length === 0 ? "always" : allOf(highs),
    atMost: lows.length < each.length || lows.length === 0 ? "never" : allOf(lows),
    notes: each.flatMap(({ notes }) => notes),
  };
}

/** Several conditions that must all hold, written as one. */
export function allOf(each: readonly When[]): When {
  const [first, ...rest] = each;
  if (first !== undefined && rest.length === 0) return first;
  const keys = each.flatMap(Object.keys);
  return new Set(keys).size === keys.length ? (Object.assign({}, ...each) as When) : { "all-of": each };
}

function exactly(when: When): Bounds {
  return { atLeast: when, atMost: when, notes: [] };
}

function untold(
  note: string,
  atLeast: Bounds["atLeast"] = "always",
  atMost: Bounds["atMost"] = "never",
): Bounds {
  return { atLeast, atMost, notes: [note] };
}

function negated({ atLeast, atMost, notes }: Bounds): Bounds {
  return {
    atLeast: atMost === "never" ? "always" : { not: atMost },
    atMost: atLeast === "always" ? "never" : { not: atLeast },
    notes,
  };
}

function one(name: keyof BotPredicates, predicates: BotPredicates): Bounds {
  switch (name) {
    case "changed_files":
      return someFile(predicates.changed_files);
    case "no_changed_files":
      return negated(someFile(predicates.no_changed_files));
    case "only_changed_files": {
      const paths = predicates.only_changed_files?.paths ?? [];
      return readable(name, paths) ?? exactly({ "only-paths": paths.map((matches) => ({ matches })) });
    }
    case "has_author_in":
      return people(name, predicates[name], (who) => ({ author: who }));
    case "has_contributor_in":
      return people(name, predicates[name], (who) => ({ contributors: who }));
    case "only_has_contributors_in":
      return people(name, predicates[name], (who) => ({ "only-contributors": who }));
    case "author_is_only_contributor":
      return untold(`${name}: there is no such condition here; name the people with only-contributors`);
    case "targets_branch":
      return branch(name, predicates.targets_branch?.pattern ?? "", "base");
    case "from_branch":
      return fromBranch(predicates.from_branch?.pattern ?? "");
    case "modified_lines":
      return size(predicates.modified_lines ?? {});
    case "has_successful_status":
      return checks(predicates.has_successful_status ?? [], undefined);
    case "has_status":
      return checks(predicates.has_status?.statuses ?? [], predicates.has_status?.conclusions);
    case "has_workflow_result":
      return untold(`${name}: a workflow is known here by the checks it makes; name those under checks`);
    case "has_labels":
      return predicates.has_labels?.length === 0
        ? { atLeast: "always", atMost: "never", notes: [] }
        : exactly({ labels: predicates.has_labels ?? [] });
    case "repository":
      return untold(`${name}: repositories are named by globs here; write repository: [GLOB] by hand`);
    case "title":
      return title(predicates.title ?? {});
    case "has_valid_signatures":
      return exactly({ signatures: predicates.has_valid_signatures === false ? "missing" : "valid" });
    case "has_valid_signatures_by":
    case "has_valid_signatures_by_keys":
      return untold(`${name}: whose key signed is not asked here, only whether GitHub found it valid`, {
        signatures: "valid",
      });
  }
}

function readable(name: string, expressions: readonly string[]): Bounds | null {
  if (expressions.length === 0) return untold(`${name}: names nothing`);
  const bad = expressions.filter((expression) => !RegexSchema.safeParse(expression).success);
  return bad.length === 0
    ? null
    : untold(`${name}: ${bad.map((each) => `"${each}"`).join(", ")} is no regular expression we can read`);
}

/** A file that is named and not ignored: there is no regular expression for "this, and not that". */
function someFile(files: BotPredicates["changed_files"]): Bounds {
  const { paths = [], ignore = [] } = files ?? {};
  const named: When = { paths: paths.map((matches) => ({ matches })) };
  const unreadable = readable("changed_files", paths);
  if (unreadable !== null) return unreadable;
  if (ignore.length === 0) return exactly(named);
  if (readable("changed_files", ignore) !== null)
    return untold("changed_files: ignore cannot be read", named);
  return untold("changed_files: which of the named files are ignored cannot be said", named, {
    ...named,
    not: { paths: ignore.map((matches) => ({ matches })) },
  });
}

function people(name: string, actors: BotActors | undefined, as: (who: Who) => When): Bounds {
  const who = whoOf(actors ?? {});
  return who === null ? untold(`${name}: names nobody`) : exactly(as(who));
}

/** Who is meant, bots apart from people; null: nobody. */
export function whoOf(actors: BotActors): Who | null {
  const users = (actors.users ?? []).filter((user) => !user.endsWith("[bot]"));
  const apps = (actors.users ?? []).filter((user) => user.endsWith("[bot]"));
  const permission = lowest(actors);
  const who: Who = {
    ...(permission === null ? {} : { permission }),
    ...(users.length === 0 ? {} : { users }),
    ...((actors.teams ?? []).length === 0 ? {} : { teams: actors.teams }),
    ...((actors.organizations ?? []).length === 0 ? {} : { organizations: actors.organizations }),
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

function branch(name: string, pattern: string, key: "base" | "head"): Bounds {
  return readable(name, [pattern]) ?? exactly({ [key]: [{ matches: pattern }] });
}

/** There, the head of a fork is `owner:branch`; here it is the branch alone. */
function fromBranch(pattern: string): Bounds {
  const exact = branch("from_branch", pattern, "head");
  if (exact.notes.length > 0) return exact;
  if (pattern.includes(":"))
    return untold("from_branch: the owner of a fork is not part of a branch's name here");
  return untold(
    "from_branch: a branch of a fork is named here without its owner, so it fits as the repository's own would",
    exact.atLeast,
  );
}

function size(lines: NonNullable<BotPredicates["modified_lines"]>): Bounds {
  const sizes = (["additions", "deletions", "total"] as const).flatMap((key) => {
    const text = lines[key]?.trim();
    return text === undefined ? [] : [{ size: { [key === "total" ? "lines" : key]: text } }];
  });
  if (sizes.some(({ size }) => !Object.values(size).every((text) => /^[<>=] ?\d{1,9}$/u.test(text))))
    return untold("modified_lines: a size is written as a comparison, such as > 500");
  const [first, ...more] = sizes;
  if (first === undefined) return untold("modified_lines: names no size");
  return exactly(more.length === 0 ? first : { "any-of": sizes });
}

function checks(names: readonly string[], conclusions: readonly string[] | undefined): Bounds {
  if (names.length === 0) return untold("has_status: names no check");
  return exactly({
    checks: names.map((name) => (conclusions === undefined ? name : { name, conclusions })),
  });
}

/** Both lists given, either is enough, there as here. */
function title({ matches, not_matches: unlike }: NonNullable<BotPredicates["title"]>): Bounds {
  const unreadable = [matches, unlike].flatMap((list) =>
    list === undefined ? [] : [readable("title", list)],
  );
  const bad = unreadable.find((each) => each !== null);
  if (bad != null) return bad;
  const like = (matches ?? []).map((each): When => ({ title: { matches: each } }));
  const others = (unlike ?? []).map((each): When => ({ title: { matches: each } }));
  const either = (list: readonly When[]): When => (list.length === 1 ? (list[0] ?? {}) : { "any-of": list });
  const parts = [...like, ...(others.length === 0 ? [] : [{ not: either(others) }])];
  return parts.length === 0 ? untold("title: says nothing") : exactly(either(parts));
}
