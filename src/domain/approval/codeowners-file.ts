/** GitHub's CODEOWNERS: the last pattern that matches a path names its owners, perhaps nobody. */

import ignore from "ignore";

import type { OwnersError } from "../change/pull-request.ts";

/** Lists the places where GitHub looks for the file. The first that holds one counts. */
export const CODEOWNERS_PATHS = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"] as const;

/** Describes one line: who owns the matching paths; empty: nobody. */
export interface OwnersLine {
  readonly line: number;
  readonly owners: readonly string[];
  readonly matches: (path: string) => boolean;
}

/** Describes a line that GitHub skips, or that GitHub may read in a way not known here. */
export interface SkippedLine {
  readonly line: number;
  readonly text: string;
  /** What is wrong with it, as the end of a sentence. */
  readonly because: string;
  /** GitHub names no error in it, but how it reads the line is not known here. */
  readonly inDoubt: boolean;
  /** Whether it may be meant for a path. */
  readonly meant: (path: string) => boolean;
}

/** Describes a CODEOWNERS file as read, with every line that was skipped. */
export interface Codeowners {
  readonly lines: readonly OwnersLine[];
  readonly skipped: readonly SkippedLine[];
}

/** An owner as CODEOWNERS writes it: `@user`, `@org/team` or an address. */
const OWNER = /^(?:@[A-Za-z0-9][\w.-]*(?:\[bot\])?(?:\/[\w.-]+)?|[^\s@]+@[^\s@]+\.[^\s@]+)$/u;

/** Characters that do not separate words for GitHub, though they look like it, or are invisible. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}]/u;

/**
 * Reads a CODEOWNERS file as GitHub does. `errors`: what GitHub itself finds wrong with it, where that was requested. A
 * line it reads no owners from is skipped, and a line that only we cannot read is in doubt.
 */
export function parseCodeowners(text: string, errors?: readonly OwnersError[]): Codeowners {
  const lines: OwnersLine[] = [];
  const skipped: SkippedLine[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/u, "")
    .split(/\r?\n/u)
    .entries()) {
    const line = index + 1;
    const [pattern, ...owners] = wordsOf(raw);
    if (pattern === undefined) continue;
    const own = problemOf(pattern, owners, raw);
    const theirs = errors?.find((error) => error.line === line && error.kind !== UNKNOWN_OWNER);
    if (own === null && theirs === undefined) lines.push({ line, owners, matches: matcher(pattern) });
    else {
      const because = own ?? `GitHub reports: ${theirs?.kind ?? ""}`;
      const inDoubt = errors !== undefined && theirs === undefined;
      skipped.push({ line, text: raw.trim(), because, inDoubt, meant: meaning(pattern) });
    }
  }
  return { lines, skipped };
}

/** Names the kind of GitHub's error for an owner it does not know, or who may not write. The rest of the line counts. */
export const UNKNOWN_OWNER = "Unknown owner";

/** Returns the line that decides who owns a path; undefined: none does. */
export function lineFor({ lines }: Codeowners, path: string): OwnersLine | undefined {
  return lines.findLast((line) => line.matches(path));
}

/** Lists the skipped lines that would have decided who owns a path. */
export function skippedFor(file: Codeowners, path: string): readonly SkippedLine[] {
  const decides = lineFor(file, path)?.line ?? 0;
  return file.skipped.filter(({ line, meant }) => line > decides && meant(path));
}

/** What keeps GitHub from reading a line; null: nothing. */
function problemOf(pattern: string, owners: readonly string[], raw: string): string | null {
  if (pattern.startsWith("!")) return "GitHub reads no pattern that begins with !";
  if (pattern.startsWith("\\#")) return "GitHub reads no pattern that begins with an escaped #";
  if (/(?<!\\)(?:\\\\)*[[\]]/u.test(pattern)) return "GitHub reads [ and ] only with a backslash before each";
  if (/(?<!\\)(?:\\\\)*\\$/u.test(pattern)) return "its pattern ends in a backslash";
  if (/^\/+$/u.test(pattern)) return "its pattern can match nothing";
  if (pattern.includes("***")) return "GitHub reads no three stars in a row";
  const hidden = HIDDEN.exec([pattern, ...owners].join("").replaceAll("\\ ", ""))?.[0];
  if (hidden !== undefined) return `it holds the hidden character ${nameOf(hidden)}`;
  const word = owners.find((owner) => !OWNER.test(owner));
  if (word !== undefined) return `“${word}” is no owner: write @login, @organisation/team or an address`;
  return HIDDEN.test(raw.replace(/[ \t]+|#.*$/gu, "")) ? "it holds a hidden character" : null;
}

function nameOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/**
 * Whether the author of a pattern that GitHub does not read may have meant a path: brackets as letters or as a range,
 * and so on.
 */
function meaning(pattern: string): (path: string) => boolean {
  const [beforeHidden = ""] = pattern.split(HIDDEN);
  const visible = beforeHidden.replace(/^!|\\$/gu, "");
  const asLetters = visible.replaceAll(/\\?([[\]])/gu, "\\$1");
  const each = [visible, asLetters].filter((one) => one !== "").map(matcher);
  return (path) => each.some((matches) => matches(path));
}

/** The words of a line up to a comment; a backslash keeps a space or a hash in a pattern. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  let word = "";
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] ?? "";
    if (letter === "\\" && words.length === 0 && at + 1 < line.length) {
      word += letter + (line[at + 1] ?? "");
      at += 1;
    } else if (letter === " " || letter === "\t") {
      if (word !== "") words.push(word);
      word = "";
    } else if (letter === "#" && word === "") {
      break;
    } else {
      word += letter;
    }
  }
  return word === "" ? words : [...words, word];
}

function matcher(pattern: string): (path: string) => boolean {
  // Unlike .gitignore, a pattern that ends in /* names the files of that folder and nothing deeper.
  const shallow = pattern.endsWith("/*") && !pattern.endsWith("**/*");
  const depth = shallow ? pattern.replace(/^\//u, "").split("/").length : null;
  const rule = ignore({ ignorecase: false, allowRelativePaths: true }).add(pattern);
  return (path) => {
    if (depth !== null && !pattern.includes("**") && path.split("/").length !== depth) return false;
    return rule.ignores(path);
  };
}
