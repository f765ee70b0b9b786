/** GitHub's CODEOWNERS: the last pattern that matches a path names its owners, perhaps nobody. */

import ignore from "ignore";

/** The places GitHub looks in, the first that holds a file counts. */
export const CODEOWNERS_PATHS = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"] as const;

/** One line: whose the matching paths are; empty: nobody's. */
export interface OwnersLine {
  readonly line: number;
  readonly owners: readonly string[];
  readonly matches: (path: string) => boolean;
}

/** An owner as CODEOWNERS writes it: `@user`, `@org/team` or an address. */
const OWNER = /^(?:@[A-Za-z0-9][\w.-]*(?:\[bot\])?(?:\/[\w.-]+)?|[^\s@]+@[^\s@]+\.[^\s@]+)$/u;

/** Reads a CODEOWNERS file. As GitHub does, it leaves out lines it cannot read: negations, ranges, words that are no owners. */
export function parseCodeowners(text: string): readonly OwnersLine[] {
  return text.split(/\r?\n/u).flatMap((raw, index) => {
    const words = wordsOf(raw);
    const [pattern, ...owners] = words;
    if (pattern === undefined || pattern.startsWith("!") || /\[.*\]/u.test(pattern)) return [];
    if (!owners.every((owner) => OWNER.test(owner))) return [];
    return [{ line: index + 1, owners, matches: matcher(pattern) }];
  });
}

/** The owners of a path; empty when it has none. */
export function ownersOf(lines: readonly OwnersLine[], path: string): readonly string[] {
  return lines.findLast((line) => line.matches(path))?.owners ?? [];
}

/** The words of a line up to a comment; a backslash keeps a space or a hash in a pattern. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  let word = "";
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] ?? "";
    if (letter === "\\" && at + 1 < line.length) {
      word += letter + (line[at + 1] ?? "");
      at += 1;
    } else if (/\s/u.test(letter)) {
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
