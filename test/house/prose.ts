/** What people read, taken out of its files: pages without code, comments and strings of the sources. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodesOf, ROOT, type Source } from "./syntax.ts";

/** One text and the place it stands in. */
export interface Passage {
  /** File and line. */
  readonly where: string;
  readonly text: string;
}

/** Returns the paragraphs, list items and table cells of a page that a person wrote, without code and the targets of links. */
export function proseOf(page: string): readonly Passage[] {
  const lines = handwritten(readFileSync(join(ROOT, page), "utf8")).split("\n");
  const passages: { line: number; parts: string[] }[] = [];
  let isOpen = false;
  for (const [index, line] of lines.entries()) {
    const begins = /^\s*(?:[-*|#]|\d+\.)/u.test(line);
    const text = line.replace(/^\s*(?:[-*|#]+|\d+\.)\s*/u, "").trim();
    const last = passages.at(-1);
    if (text !== "" && isOpen && !begins && last !== undefined) last.parts.push(text);
    else if (text !== "") passages.push({ line: index + 1, parts: [text] });
    isOpen = text !== "" && !line.startsWith("#") && !line.startsWith("|");
  }
  return passages.flatMap(({ line, parts }) =>
    cellsOf(parts.join(" ")).map((text) => ({ where: `${page}:${line}`, text: withoutCode(text) })),
  );
}

/** Returns how many words of a page a person wrote: whatever has a letter or a digit, in code and tables too. */
export function countWords(page: string): number {
  const text = handwritten(readFileSync(join(ROOT, page), "utf8"), { keepCode: true });
  return text.split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** Returns the comments of a source, without code. */
export function commentsOf({ path }: Source): readonly Passage[] {
  const file = readFileSync(join(ROOT, path), "utf8");
  return [...file.matchAll(/\/\*\*([\s\S]*?)\*\/|^\s*\/\/(.*)$/gmu)].map((match) => ({
    where: `${path}:${lineAt(file, match.index)}`,
    text: withoutCode((match[1] ?? match[2] ?? "").replace(/\n\s*\*/gu, " ")),
  }));
}

/** Returns the strings of a source in which there are words, and its comments. */
export function textsOf(source: Source): readonly Passage[] {
  const file = readFileSync(join(ROOT, source.path), "utf8");
  const strings = [...nodesOf(source.items)].flatMap((node) => {
    const value =
      node.type === "StringLiteral" ? node["value"] : node.type === "TemplateElement" ? node["raw"] : null;
    if (typeof value !== "string" || !/\p{L} \p{L}/u.test(value)) return [];
    return [{ where: `${source.path}:${lineAt(file, file.indexOf(value))}`, text: withoutCode(value) }];
  });
  return [...commentsOf(source), ...strings];
}

/** Returns the doc comments of a source's exports; the first comment of a file describes the file. */
export function exportDocsOf({ path }: Source): readonly Passage[] {
  const file = readFileSync(join(ROOT, path), "utf8");
  return [...file.matchAll(/^\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport /gmu)]
    .filter(({ index }) => index > 0)
    .map((match) => ({
      where: `${path}:${lineAt(file, match.index)}`,
      text: (match[1] ?? "").replace(/\n\s*\*/gu, " ").trim(),
    }));
}

/** A page with empty lines where a program wrote it or a machine reads it, so that line numbers stay. */
function handwritten(text: string, { keepCode = false } = {}): string {
  const blank = (part: string): string => part.replace(/[^\n]/gu, "");
  const own = text
    .replace(/<!-- generated[\s\S]*?<!-- end of the generated part -->/gu, blank)
    .replace(/^```console\n[\s\S]*?^```$/gmu, blank)
    .replace(/<!--[\s\S]*?-->/gu, blank);
  if (keepCode) return own;
  return own
    .replace(/^ *```[\s\S]*?^ *```$/gmu, blank)
    .replace(/^ {4,}\S.*$/gmu, blank)
    .replace(/^\|[ |:-]+\|$/gmu, blank);
}

function cellsOf(text: string): readonly string[] {
  return text.includes(" | ") ? text.split(/(?<!\\)\|/u).filter((cell) => cell.trim() !== "") : [text];
}

/** Code becomes one word that no rule knows; of a link, its words are left. */
function withoutCode(text: string): string {
  return text
    .replace(/``[^`]*``|`[^`]*`|\{@link [^}]*\}/gu, "CODE")
    .replace(/\[([^\]]*)\]\([^)]*\)/gu, "$1")
    .trim();
}

function lineAt(text: string, index: number): number {
  return text.slice(0, Math.max(0, index)).split("\n").length;
}
