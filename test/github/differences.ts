/** Reads what git prints about the differences of two trees. */

import type { FileDifference } from "./git-types.ts";
import type { Sha } from "./model.ts";

const NOTHING = "0".repeat(40);

const STATUS_NAMES: Readonly<Record<string, FileDifference["status"]>> = {
  A: "added",
  D: "removed",
  M: "modified",
  R: "renamed",
  C: "copied",
  T: "changed",
};

/** The difference of a new text file, as git prints it. */
export function addedFile(path: string, sha: Sha, text: string): FileDifference {
  const isOpen = text !== "" && !text.endsWith("\n");
  const lines = text === "" ? [] : text.split("\n").slice(0, isOpen ? undefined : -1);
  const range = lines.length === 1 ? "+1" : `+1,${lines.length}`;
  const patch = [`@@ -0,0 ${range} @@`, ...lines.map((line) => `+${line}`)];
  if (isOpen) patch.push("\\ No newline at end of file");
  return {
    path,
    oldPath: null,
    status: "added",
    additions: lines.length,
    deletions: 0,
    sha,
    patch: text === "" ? null : patch.join("\n"),
  };
}

/** Reads `git diff-tree --raw --numstat -p`: raw lines, then counts, then patches, all in the same order. */
export function parseDifferences(printed: string): FileDifference[] {
  const lines = printed.split("\n");
  const raw = lines.filter((line) => line.startsWith(":") && /^:\d{6} \d{6} [0-9a-f]{40} /.test(line));
  const counts = lines.slice(raw.length, raw.length * 2).map((line) => line.split("\t"));
  const patches = printed.split(/^diff --git /m).slice(1);
  return raw.map((line, index) => {
    const [meta = "", first = "", second] = line.split("\t");
    const [, , oldSha = "", newSha = "", letter = "M"] = meta.split(" ");
    const hunk = patches[index]?.indexOf("\n@@") ?? -1;
    return {
      path: unquote(second ?? first),
      oldPath: second === undefined ? null : unquote(first),
      status: STATUS_NAMES[letter[0] ?? "M"] ?? "changed",
      additions: Number(counts[index]?.[0]) || 0,
      deletions: Number(counts[index]?.[1]) || 0,
      sha: newSha === NOTHING ? oldSha : newSha,
      patch: hunk < 0 ? null : (patches[index]?.slice(hunk + 1).replace(/\n$/, "") ?? null),
    };
  });
}

/** Git quotes paths with unusual bytes as C strings. */
function unquote(path: string): string {
  if (!path.startsWith('"')) return path;
  const bytes: number[] = [];
  const named: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, '"': 34, "\\": 92 };
  for (const part of path.slice(1, -1).match(/\\\d{3}|\\.|[^\\]/gs) ?? []) {
    if (/^\\\d{3}$/.test(part)) bytes.push(Number.parseInt(part.slice(1), 8));
    else if (part.startsWith("\\")) bytes.push(named[part[1] ?? ""] ?? part.charCodeAt(1));
    else bytes.push(...Buffer.from(part));
  }
  return Buffer.from(bytes).toString("utf8");
}
