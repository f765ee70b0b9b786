/** Patterns of a path, a name or a title: a glob, or a regular expression of an engine that always ends. */

import { RE2JS } from "re2js";
import { z } from "zod";
import { globMatcher, globProblem, type GlobUse } from "./glob.ts";
import { literalIn } from "./literal.ts";
import type { Infer } from "../values/schema.ts";

/** A longer expression is refused unread. */
const MOST_CHARACTERS = 500;

const compiled = new Map<string, RE2JS>();

/** Describes a glob. `*` stays within one folder, `**` does not, and a dot is a letter like any other. */
export const GlobSchema = z
  .string()
  .min(1)
  .superRefine((glob, context) => {
    const problem = globProblem(glob);
    if (problem !== null) context.addIssue({ code: "custom", message: `"${glob}": ${problem}` });
  });

/** Describes a regular expression in RE2's language, found anywhere in a text unless it is anchored. */
export const RegexSchema = z
  .string()
  .min(1)
  .max(MOST_CHARACTERS)
  .superRefine((expression, context) => {
    const problem = regexProblem(expression);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });

/** Describes a glob, or `{ matches: REGEX }`. */
export const PatternSchema = z.union([GlobSchema, z.strictObject({ matches: RegexSchema })]);

/** Describes a glob, or `{ matches: REGEX }`. */
export type Pattern = Infer<typeof PatternSchema>;

/** Returns whether any of the patterns matches a text. */
export function fits(patterns: readonly Pattern[], text: string, use: GlobUse): boolean {
  return patterns.some((pattern) => matcherOf(pattern, use)(text));
}

/**
 * Returns a function for whether a pattern matches, prepared once. A literal that must be there is searched for first:
 * that is many times faster.
 */
export function matcherOf(pattern: Pattern, use: GlobUse): (text: string) => boolean {
  if (typeof pattern === "string") return globMatcher(pattern, use);
  const { matches } = pattern;
  const known = matchers.get(matches);
  if (known !== undefined) return known;
  const expression = compile(matches);
  const literal = literalIn(matches);
  const made = (text: string): boolean => text.includes(literal) && expression.matcher(text).find();
  matchers.set(matches, made);
  return made;
}

const matchers = new Map<string, (text: string) => boolean>();

/** Returns whether a regular expression matches a text from its first to its last character. */
export function matchesWhole(expression: string, text: string): boolean {
  return compile(expression).matcher(text).matches();
}

/** Returns the first part of a text that a regular expression finds, or null. Takes time in proportion to the text. */
export function found(expression: string, text: string): string | null {
  const matcher = compile(expression).matcher(text);
  return matcher.find() ? (matcher.group() ?? "") : null;
}

/**
 * Returns every different text a regular expression finds in another, in order, at most `most`. Takes time in
 * proportion to the text.
 */
export function everyFound(expression: string, text: string, most: number): readonly string[] {
  const matcher = compile(expression).matcher(text);
  const seen = new Set<string>();
  while (seen.size < most && matcher.find()) seen.add(matcher.group() ?? "");
  return [...seen];
}

function regexProblem(expression: string): string | null {
  try {
    compile(expression);
    return null;
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return `"${expression}" is not a regular expression: ${because}`;
  }
}

function compile(expression: string): RE2JS {
  const known = compiled.get(expression);
  if (known !== undefined) return known;
  const made = RE2JS.compile(expression);
  compiled.set(expression, made);
  return made;
}
