/** Descriptions of pull requests: comments left out, and headings with the text below each. */

import { truncate } from "../values/text.ts";

/** So much of a description is read; GitHub takes no more. */
const MOST_CHARACTERS = 65_536;

const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/u;
const FENCE = /^ {0,3}(`{3,}|~{3,})/u;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/u;
/** A line of a template that nobody filled: dots, dashes, empty boxes, and what is written to be replaced. */
const PLACEHOLDERS: readonly RegExp[] = [
  /^[-*+.…_\s]*$/u,
  /^(?:[-*+]\s*)?\[ ?\]$/u,
  /^(?:todo|tbd|tba|fixme|to do|to be done|to be defined)[.!:]*$/iu,
  /^<[^<>]*>$/u,
  /^\{\{[^{}]*\}\}$/u,
  /^\[[^[\]]*\]$/u,
  /^_[^_]*_$/u,
];

/** Returns a description without its HTML comments, which nobody sees. Takes time in proportion to the text. */
export function withoutComments(text: string): string {
  const cut = truncate(text, MOST_CHARACTERS);
  const kept: string[] = [];
  let at = 0;
  for (;;) {
    const open = cut.indexOf("<!--", at);
    if (open < 0) return kept.join("") + cut.slice(at);
    kept.push(cut.slice(at, open));
    const close = cut.indexOf("-->", open + 4);
    // What is never closed is hidden to the end.
    if (close < 0) return kept.join("");
    at = close + 3;
  }
}

/** Names the state of a heading in a description. */
export type SectionState = "filled" | "empty" | "missing";

/**
 * Returns whether each of these headings is there, with text below it that someone wrote. They are found at any level,
 * without case.
 */
export function sectionStates(
  text: string,
  headings: readonly string[],
): readonly { readonly heading: string; readonly state: SectionState }[] {
  const sections = sectionsOf(withoutComments(text));
  return headings.map((heading) => {
    const own = sections.filter((section) => section.name === nameOf(heading));
    if (own.length === 0) return { heading, state: "missing" };
    return { heading, state: own.some((section) => section.filled) ? "filled" : "empty" };
  });
}

interface Section {
  readonly name: string;
  readonly level: number;
  filled: boolean;
}

function sectionsOf(text: string): readonly Section[] {
  const sections: Section[] = [];
  /** The sections a line is in: a heading of a lower level is a part of the one above it. */
  let open: Section[] = [];
  let fence: string | null = null;
  const lines = text.split(/\r?\n/u);
  const begin = (name: string, level: number): void => {
    const section = { name: nameOf(name), level, filled: false };
    open = [...open.filter((each) => each.level < level), section];
    sections.push(section);
  };
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const marks = FENCE.exec(line)?.[1];
    if (fence !== null) {
      if (marks?.startsWith(fence) === true) fence = null;
      else if (line.trim() !== "") fill(open);
      continue;
    }
    if (marks !== undefined) {
      fence = marks;
      continue;
    }
    const [, hashes, words = ""] = HEADING.exec(line) ?? [];
    if (hashes !== undefined) {
      begin(words, hashes.length);
      continue;
    }
    const underline = UNDERLINE.exec(lines[index + 1] ?? "")?.[1];
    if (underline !== undefined && line.trim() !== "" && !line.includes("|")) {
      begin(line, underline.startsWith("=") ? 1 : 2);
      index += 1;
      continue;
    }
    if (!isPlaceholder(line.trim())) fill(open);
  }
  return sections;
}

function fill(open: readonly Section[]): void {
  for (const section of open) section.filled = true;
}

function isPlaceholder(line: string): boolean {
  // Longer lines are nobody's placeholder, and are not worth searching.
  return line.length <= 300 && PLACEHOLDERS.some((pattern) => pattern.test(line));
}

/** A heading as it is compared: without emphasis, closing marks and case. */
function nameOf(heading: string): string {
  return heading
    .replace(/[*_`#:]/gu, "")
    .replace(/\s+/gu, " ")
    .trim()
    .toLowerCase();
}
