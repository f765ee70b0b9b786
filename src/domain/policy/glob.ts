/** Globs of the policy file: picomatch, where a dot is a letter like any other, and `folder/**` is the folder too: a submodule is one. */

import picomatch from "picomatch";

const OPTIONS = { dot: true, noextglob: true, nonegate: true } as const;
const compiled = new Map<string, (text: string) => boolean>();

/** Matching goes back and forth between wildcards: with many of them a crafted name would take for ever. */
const MOST_WILDCARDS = { inOnePart: 3, inAll: 8 } as const;

/** Why a glob is refused, or null. */
export function globProblem(glob: string): string | null {
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

/** Whether any of the globs matches; `ignoreCase` for environments. */
export function matchesAny(globs: readonly string[], text: string, ignoreCase = false): boolean {
  return globs.some((glob) => matcher(glob, ignoreCase)(text));
}

/** Whether a glob matches, made ready once. */
export function globMatcher(glob: string): (text: string) => boolean {
  return matcher(glob, false);
}

function matcher(glob: string, ignoreCase: boolean): (text: string) => boolean {
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
  // What stands before the first sign with a meaning of its own must stand there in the text.
  return (text) => text.startsWith(start) && made(text);
}

/** The folder every text a glob matches begins with: what stands before the first sign with a meaning of its own; perhaps nothing. */
export function globStart(glob: string): string {
  const plain = /^(?!\.\/)[\w./-]*/u.exec(glob)?.[0] ?? "";
  return plain.slice(0, Math.max(plain.lastIndexOf("/"), 0));
}
