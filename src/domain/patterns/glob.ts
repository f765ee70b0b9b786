/**
 * Globs of the policy file: picomatch, where a dot is a letter like any other. `folder/**` is the folder too, because a
 * submodule is one. Brackets are part of many folders' names, and in a glob a set of letters. The reading is taken that
 * lets nobody pass.
 */

import picomatch from "picomatch";

const OPTIONS = { dot: true, noextglob: true, nonegate: true } as const;
const compiled = new Map<string, (text: string) => boolean>();

/** Matching goes back and forth between wildcards: with many of them a crafted name would never end. */
const MOST_WILDCARDS = { inOnePart: 3, inAll: 8 } as const;

/**
 * Names what a glob is for. `asks`: it adds a requirement, so brackets are both letters and a set; `lets`: it lets
 * something pass, so they are letters.
 */
export type GlobUse = "asks" | "lets";

/** Returns why a glob is refused, or null. */
export function globProblem(glob: string): string | null {
  const nowhere = matchesNothing(glob);
  if (nowhere !== null) return nowhere;
  if (glob.startsWith("!")) return "a glob must not begin with ! (say what is meant, not what is not)";
  if (glob.length > 500) return "a glob is at most 500 characters long";
  if (picomatch.scan(glob).isExtglob && /[@?*+!]\(/u.test(glob))
    return "extended globs such as +(a|b) are not allowed";
  const wildcards = (text: string): number => text.match(/\*+|\{[^}]*\.\.[^}]*\}/gu)?.length ?? 0;
  if (wildcards(glob) > MOST_WILDCARDS.inAll) return `a glob has at most ${MOST_WILDCARDS.inAll} wildcards`;
  if (glob.split("/").some((part) => wildcards(part) > MOST_WILDCARDS.inOnePart))
    return `a glob has at most ${MOST_WILDCARDS.inOnePart} wildcards between two slashes`;
  return null;
}

/** Why no path, branch or name can ever match a glob, or not what it seems to; null: one can. */
function matchesNothing(glob: string): string | null {
  if (glob.trim() !== glob) return "a glob has no space at its beginning or end: nothing would match it";
  const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.exec(glob)?.[0].codePointAt(0);
  if (hidden !== undefined)
    return `a glob holds no hidden characters: this one holds U+${hidden.toString(16).toUpperCase().padStart(4, "0")}`;
  if (glob.startsWith("/")) return "nothing begins with a slash: leave it out";
  if (glob.endsWith("/")) return `nothing ends in a slash: for all of a folder, write ${glob}**`;
  const parts = glob.split("/");
  if (parts.includes("")) return "nothing holds two slashes in a row";
  if (parts.includes("..") || parts.includes(".", 1))
    return "a glob goes nowhere by . or ..: begin at the top";
  for (const [open, close] of PAIRS)
    if (!isBalanced(glob, open, close)) return `each ${open} needs its ${close}; as a letter write \\${open}`;
  return /(?<!\\)(?:\\\\)*\\$/u.test(glob) ? "a glob ends in no backslash" : null;
}

const PAIRS = [
  ["[", "]"],
  ["{", "}"],
] as const;

function isBalanced(glob: string, open: string, close: string): boolean {
  let depth = 0;
  for (const [letter] of glob.replace(/\\./gu, "").matchAll(/./gu)) {
    depth += Number(letter === open) - Number(letter === close);
    if (depth < 0) return false;
  }
  return depth === 0;
}

/** Returns whether a glob that lets something pass means more than one name. */
export function isGlob(glob: string): boolean {
  return /[*?{]/u.test(glob.replaceAll(/\\./gu, ""));
}

/** Returns whether any of the globs matches; `ignoreCase` for environments. */
export function matchesAny(
  globs: readonly string[],
  text: string,
  use: GlobUse,
  ignoreCase = false,
): boolean {
  return globs.some((glob) => matcher(glob, use, ignoreCase)(text));
}

/** Returns a function for whether a glob matches, prepared once. */
export function globMatcher(glob: string, use: GlobUse): (text: string) => boolean {
  return matcher(glob, use, false);
}

function matcher(glob: string, use: GlobUse, ignoreCase: boolean): (text: string) => boolean {
  const asLetters = glob.replace(/\\.|[[\]]/gu, (each) => (each.length > 1 ? each : `\\${each}`));
  if (asLetters === glob) return plainMatcher(glob, ignoreCase);
  const literal = plainMatcher(asLetters, ignoreCase);
  if (use === "lets") return literal;
  const asSet = plainMatcher(glob, ignoreCase);
  return (text) => literal(text) || asSet(text);
}

function plainMatcher(glob: string, ignoreCase: boolean): (text: string) => boolean {
  const key = `${ignoreCase ? "i" : "c"}${glob}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const start = ignoreCase ? "" : globStart(glob);
  const match =
    glob === `${start}/**`
      ? // The whole folder: no expression is needed to tell.
        (text: string): boolean => text.startsWith(start) && (text[start.length] ?? "/") === "/"
      : matcherByExpression(glob, ignoreCase, start);
  compiled.set(key, match);
  return match;
}

function matcherByExpression(glob: string, ignoreCase: boolean, start: string): (text: string) => boolean {
  // Names have parentheses, plus signs and the like; to picomatch they would be parts of a regular expression.
  const literal = glob.replace(/\\.|[()|+^$]/gu, (each) => (each.length > 1 ? each : `\\${each}`));
  const made = picomatch(literal, { ...OPTIONS, nocase: ignoreCase });
  // The text must begin with what comes before the first special character.
  return (text) => text.startsWith(start) && made(text);
}

/**
 * Returns the folder every text a glob matches begins with. That is what comes before the first special character;
 * perhaps nothing.
 */
export function globStart(glob: string): string {
  const plain = /^(?!\.\/)[\w./-]*/u.exec(glob)?.[0] ?? "";
  return plain.slice(0, Math.max(plain.lastIndexOf("/"), 0));
}
