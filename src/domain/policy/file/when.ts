/** Conditions of rules: on a pull request, and all that are written together must hold. */

import { z } from "zod";
import { GlobSchema, PatternSchema, RegexSchema } from "../../patterns/pattern.ts";
import { WhoSchema, type Who } from "./selectors.ts";
import { DEEPEST } from "./requirement.ts";
import type { Infer } from "../../values/schema.ts";

const Patterns = z.array(PatternSchema).min(1);
const Globs = z.array(GlobSchema).min(1);
const Count = z
  .string()
  .regex(/^(?:<|<=|=|>=|>) ?\d{1,9}$/u, 'a size is written as a comparison, such as "> 500"');

/** A check, and the conclusions of its newest run that hold. */
const CheckCondition = z.union([
  z.string().min(1),
  z.strictObject({
    name: z.string().min(1),
    app: z.string().min(1).optional().describe("the app's slug"),
    conclusions: z.array(z.string().min(1)).min(1).optional().describe("default: success"),
  }),
]);

/** What an author can set on a pull request: under `not`, it would let its author out of a rule. */
const SET_BY_AUTHOR = ["labels", "title", "draft", "author", "head", "from-fork"] as const;

/** Whoever may write can post a status of any name: only an app's check cannot be set by an author. */
function hasForgeableCheck({ checks = [] }: When): boolean {
  return checks.some((check) => typeof check === "string" || check.app === undefined);
}

const Conditions = z.strictObject({
  paths: Patterns.optional().describe("a changed file is at one of these paths, before or after a rename"),
  "only-paths": Patterns.optional().describe(
    "every changed file is at one of these paths, before and after a rename",
  ),
  author: WhoSchema.optional().describe("who opened the pull request"),
  contributors: WhoSchema.optional().describe(
    "a contributor is one of these; under `not`, names in commits are ignored",
  ),
  "only-contributors": WhoSchema.optional().describe(
    "every observed contributor is one of these; under `not`, names in commits count too",
  ),
  base: Patterns.optional().describe("the base branch"),
  head: Patterns.optional().describe("the head branch"),
  "from-fork": z.boolean().optional().describe("the head branch is in a fork"),
  labels: z.array(z.string().min(1)).min(1).optional().describe("all of these labels, without case"),
  title: z
    .strictObject({ matches: RegexSchema.describe("a regular expression found in the title") })
    .optional(),
  size: z
    .strictObject({
      additions: Count.optional().describe("lines added"),
      deletions: Count.optional().describe("lines deleted"),
      lines: Count.optional().describe("additions and deletions together"),
      files: Count.optional().describe("files changed"),
      commits: Count.optional().describe("commits in the pull request"),
    })
    .refine((size) => Object.values(size).some((value) => value !== undefined), {
      message: "say which size: additions, deletions, lines, files or commits",
    })
    .optional()
    .describe("comparisons such as `> 500`, all of which must hold"),
  checks: z.array(CheckCondition).min(1).optional().describe("the newest run of each succeeded"),
  draft: z.boolean().optional().describe("the pull request is a draft"),
  repository: Globs.optional().describe("the repository's name"),
  signatures: z
    .enum(["valid", "missing"])
    .optional()
    .describe("valid: GitHub verified a signature of every commit; missing: a commit has none"),
  get "any-of"() {
    return z.array(WhenSchema).min(1).optional().describe("one of these holds");
  },
  get "all-of"() {
    return z.array(WhenSchema).min(1).optional().describe("every one of these holds");
  },
  get not() {
    return WhenSchema.optional().describe("this does not hold");
  },
});

/** Describes `when:` as it is written, and as it is kept. */
export type When = Infer<typeof Conditions>;

/** Describes `when:`; every condition written must hold. */
export const WhenSchema = Conditions.superRefine((when, context) => {
  if (Object.values(when).every((value) => value === undefined))
    context.addIssue({ code: "custom", message: "say when: paths, author, labels or another condition" });
  if (depthOf(when) > DEEPEST)
    context.addIssue({ code: "custom", message: `conditions may be nested ${DEEPEST} deep` });
});

function depthOf(when: When): number {
  const inner = innerOf(when);
  return 1 + Math.max(0, ...inner.map(depthOf));
}

function innerOf(when: When): readonly When[] {
  return [
    ...(when["any-of"] ?? []),
    ...(when["all-of"] ?? []),
    ...(when.not === undefined ? [] : [when.not]),
  ];
}

/** Lists the places, below `path`, where what an author can set is under `not`. */
export function letsAuthorOut(
  when: When,
  path: readonly PropertyKey[],
  under = false,
): readonly (readonly PropertyKey[])[] {
  const own = under
    ? [
        ...SET_BY_AUTHOR.filter((key) => when[key] !== undefined),
        ...(hasForgeableCheck(when) ? (["checks"] as const) : []),
      ].map((key) => [...path, key])
    : [];
  const lists = (["any-of", "all-of"] as const).flatMap((key) =>
    (when[key] ?? []).flatMap((each, index) => letsAuthorOut(each, [...path, key, index], under)),
  );
  const not = when.not === undefined ? [] : letsAuthorOut(when.not, [...path, "not"], true);
  return [...own, ...lists, ...not];
}

/** Returns whether anything in a condition, however deep, is written under one of these keys. */
export function speaksOf(when: When, keys: readonly (keyof When)[]): boolean {
  return keys.some((key) => when[key] !== undefined) || innerOf(when).some((each) => speaksOf(each, keys));
}

/** Lists the names of the checks in a condition, however deep. */
export function checksIn(when: When): readonly string[] {
  const own = (when.checks ?? []).map((check) => (typeof check === "string" ? check : check.name));
  return [...own, ...innerOf(when).flatMap(checksIn)];
}

/** Lists everyone a condition names, however deep. */
export function namedIn(when: When): readonly Who[] {
  const own = [when.author, when.contributors, when["only-contributors"]].filter((who) => who !== undefined);
  return [...own, ...innerOf(when).flatMap(namedIn)];
}
