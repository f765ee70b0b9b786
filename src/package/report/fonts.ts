/** The fonts of the report: Noto Sans for Latin, Greek, Cyrillic and Devanagari, and one that has a glyph for nearly every other letter. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { inflateSync } from "node:zlib";

import { create, type Font, type GlyphRun } from "fontkit";
import { LRUCache } from "lru-cache";

const { resolve } = createRequire(import.meta.url);

const SUBSETS = [
  "latin",
  "latin-ext",
  "greek",
  "greek-ext",
  "cyrillic",
  "cyrillic-ext",
  "vietnamese",
  "devanagari",
];

/** Letters that are not seen. */
const IGNORED = /\p{Default_Ignorable_Code_Point}/u;

/** Lists the weights of text. */
export type Weight = "regular" | "bold";

/** Describes letters that one font has. */
export interface Run {
  readonly text: string;
  readonly font: Font;
}

/** Chooses a font for each letter, and measures. */
export class Fonts {
  readonly #noto: Readonly<Record<Weight, readonly Font[]>> = { regular: notoOf(400), bold: notoOf(700) };
  #other: Font | null = null;
  readonly #texts = { regular: new Map<string, number>(), bold: new Map<string, number>() };
  readonly #letters = { regular: new Map<string, Font | null>(), bold: new Map<string, Font | null>() };
  /** Whether a letter was written by its number, since no font has it. */
  isLacking = false;

  /** Returns a text as runs of one font each. A letter that no font has is written by its number. */
  runs(text: string, weight: Weight): readonly Run[] {
    const runs: { text: string; font: Font }[] = [];
    for (const letter of text.normalize("NFC")) {
      if (IGNORED.test(letter)) continue;
      const last = runs.at(-1);
      const [written, font] = this.#written(letter, weight, last?.font ?? null);
      if (last?.font === font) last.text += written;
      else runs.push({ text: written, font });
    }
    return runs;
  }

  /** Returns the width of a text in size 1. */
  widthOf(text: string, weight: Weight): number {
    const known = this.#texts[weight].get(text);
    if (known !== undefined) return known;
    const width = this.width(this.runs(text, weight), 1);
    this.#texts[weight].set(text, width);
    return width;
  }

  #written(letter: string, weight: Weight, last: Font | null): readonly [string, Font] {
    const point = letter.codePointAt(0) ?? 0;
    // A mark belongs to the letter before it.
    if (last !== null && /\p{M}/u.test(letter) && last.hasGlyphForCodePoint(point)) return [letter, last];
    const font = this.#fontOf(letter, point, weight);
    if (font !== null) return [letter, font];
    this.isLacking = true;
    const [latin] = this.#noto[weight];
    if (latin === undefined) throw new Error("no font");
    return [`[U+${point.toString(16).toUpperCase()}]`, latin];
  }

  #fontOf(letter: string, point: number, weight: Weight): Font | null {
    const known = this.#letters[weight].get(letter);
    if (known !== undefined) return known;
    const noto = this.#noto[weight].find((each) => each.hasGlyphForCodePoint(point));
    const font = noto ?? this.#otherFor(point);
    this.#letters[weight].set(letter, font);
    return font;
  }

  #otherFor(point: number): Font | null {
    this.#other ??= opened("@fontsource/unifontex/files/unifontex-latin-400-normal.woff");
    return this.#other.hasGlyphForCodePoint(point) ? this.#other : null;
  }

  /** Returns the width of runs in a size. */
  width(runs: readonly Run[], size: number): number {
    return runs.reduce((sum, { text, font }) => sum + emsOf(font, text) * size, 0);
  }
}

/** Fonts never change: each is opened once, however many reports are made. */
const OPENED = new Map<string, Font>();

function notoOf(weight: number): readonly Font[] {
  return SUBSETS.map((subset) =>
    opened(`@fontsource/noto-sans/files/noto-sans-${subset}-${weight}-normal.woff`),
  );
}

function opened(file: string): Font {
  const before = OPENED.get(file);
  if (before !== undefined) return before;
  const font = create(unpacked(readFileSync(resolve(file))));
  if (!("layout" in font)) throw new Error(`${file} holds several fonts`);
  rememberLayouts(font);
  OPENED.set(file, font);
  return font;
}

/** The width of a text in ems. */
function emsOf(font: Font, text: string): number {
  return font.layout(text).advanceWidth / font.unitsPerEm;
}

/** Letters whose places a font remembers, a hundred bytes each. */
const REMEMBERED = 100_000;

/** To lay texts out takes most of a report's time, and they come again: measured and then set, and in the next report. */
function rememberLayouts(font: Font): void {
  const layOut = font.layout.bind(font);
  const known = new LRUCache<string, GlyphRun>({
    maxSize: REMEMBERED,
    sizeCalculation: (_, text) => text.length + 1,
  });
  font.layout = (text, ...how) => {
    if (how.some((each) => each !== undefined)) return layOut(text, ...how);
    const run = known.get(text) ?? layOut(text);
    known.set(text, run);
    // Whoever sets a text turns the places of its letters into another measure.
    const positions = run.positions.map((each) => ({ ...each }));
    return Object.create(run, { positions: { value: positions } }) as GlyphRun;
  };
}

/** A WOFF file as the OpenType file in it: the library would inflate a table again for each glyph. */
function unpacked(woff: Buffer): Buffer {
  const count = woff.readUInt16BE(12);
  const head = Buffer.alloc(12 + 16 * count);
  woff.copy(head, 0, 4, 8);
  head.writeUInt16BE(count, 4);
  const tables: Buffer[] = [];
  let place = head.length;
  for (let index = 0; index < count; index += 1) {
    const entry = 44 + 20 * index;
    const [offset = 0, packed = 0, length = 0] = [4, 8, 12].map((at) => woff.readUInt32BE(entry + at));
    const content = woff.subarray(offset, offset + packed);
    const table = packed < length ? inflateSync(content) : content;
    const padded = Buffer.concat([table, Buffer.alloc(-length & 3)]);
    woff.copy(head, 12 + 16 * index, entry, entry + 4);
    woff.copy(head, 12 + 16 * index + 4, entry + 16, entry + 20);
    head.writeUInt32BE(place, 12 + 16 * index + 8);
    head.writeUInt32BE(length, 12 + 16 * index + 12);
    tables.push(padded);
    place += padded.length;
  }
  return Buffer.concat([head, ...tables]);
}
