/** Texts as lines of a width: words that do not fit begin a new one, and words longer than a line are broken. */

import type { Fonts, Run, Weight } from "./fonts.ts";

/** Describes how a text is set. */
export interface TextStyle {
  readonly size: number;
  readonly weight: Weight;
}

/** Describes a line: its runs from left to right. */
export interface SetLine {
  readonly runs: readonly Run[];
  readonly width: number;
}

/** Returns the lines of a text; line feeds in it begin a new one. */
export function setLines(fonts: Fonts, text: string, style: TextStyle, width: number): readonly SetLine[] {
  const space = fonts.widthOf(" ", style.weight) * style.size;
  return text.split("\n").flatMap((part) => {
    const lines: SetLine[] = [];
    let words: string[] = [];
    let used = 0;
    for (const word of part.split(/[ \t]+/u).filter((each) => each !== ""))
      for (const piece of pieces(fonts, word, style, width)) {
        const own = fonts.widthOf(piece, style.weight) * style.size;
        if (words.length > 0 && used + space + own > width) {
          lines.push(lineOf(fonts, words, style));
          words = [];
        }
        used = words.length === 0 ? own : used + space + own;
        words.push(piece);
      }
    if (words.length > 0 || lines.length === 0) lines.push(lineOf(fonts, words, style));
    return lines;
  });
}

/** Returns the width of a text's longest word, and of the whole in one line. */
export function extentOf(
  fonts: Fonts,
  text: string,
  style: TextStyle,
): { readonly word: number; readonly whole: number } {
  const width = (part: string): number => fonts.widthOf(part, style.weight) * style.size;
  return {
    word: Math.max(0, ...text.split(/\s+/u).map(width)),
    whole: Math.max(0, ...text.split("\n").map(width)),
  };
}

/** A word in pieces that fit a line each. */
function pieces(fonts: Fonts, word: string, { size, weight }: TextStyle, width: number): readonly string[] {
  if (fonts.widthOf(word, weight) * size <= width) return [word];
  const made: string[] = [];
  let piece = "";
  let used = 0;
  for (const { segment } of LETTERS.segment(word)) {
    const own = fonts.widthOf(segment, weight) * size;
    if (piece !== "" && used + own > width) {
      made.push(piece);
      piece = "";
      used = 0;
    }
    piece += segment;
    used += own;
  }
  return [...made, piece];
}

const LETTERS = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Letters that are written from right to left. */
const FROM_RIGHT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Words from right to left are set so, letter by letter, and neighbours in that order. */
function lineOf(fonts: Fonts, words: readonly string[], { size, weight }: TextStyle): SetLine {
  const ordered: string[] = [];
  let reversed: string[] = [];
  for (const word of words) {
    if (FROM_RIGHT.test(word)) reversed = [fromRight(word), ...reversed];
    else {
      ordered.push(...reversed, word);
      reversed = [];
    }
  }
  const runs = fonts.runs([...ordered, ...reversed].join(" "), weight);
  return { runs, width: fonts.width(runs, size) };
}

function fromRight(word: string): string {
  return Array.from(LETTERS.segment(word), ({ segment }) => segment)
    .toReversed()
    .join("");
}
