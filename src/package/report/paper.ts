/** Sets text and tables on pages, with tags that a screen reader follows. */

import Pdf from "pdfkit";

import type { Fonts } from "./fonts.ts";
import { extentOf, setLines, type SetLine, type TextStyle } from "./lines.ts";

/** A4, in points. */
const PAGE = { width: 595.28, height: 841.89 };
const MARGIN = 48;
const WIDTH = PAGE.width - 2 * MARGIN;
const BOTTOM = PAGE.height - 58;
/** Of a line, by the size of its letters. */
const LEADING = 1.36;
/** Between the columns of a table. */
const GUTTER = 7;

const INK = "#1d2125";
const SOFT = "#4a535c";
const RULE = "#c5ccd3";
const BAND = "#f2f4f6";

const TEXT: TextStyle = { size: 9.5, weight: "regular" };
const SMALL: TextStyle = { size: 8, weight: "regular" };
const HEAD: TextStyle = { size: 7.5, weight: "bold" };
const CELL: TextStyle = { size: 7.5, weight: "regular" };

type Element = PDFKit.PDFStructureElement;

/** Describes a table as it is set; `number`: figures, set to the right; `whole`: never broken over lines. */
export interface SetTable {
  readonly caption: string;
  readonly columns: readonly { readonly head: string; readonly number: boolean; readonly whole: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

/** Describes a document: what its properties say, and when it was made (milliseconds). */
export interface AboutPaper {
  readonly title: string;
  readonly by: string;
  readonly with: string;
  readonly subject: string;
  readonly at: number;
}

/** Holds a document in the making. Its identity follows from what its properties say: no clock, no chance. */
export class Paper {
  readonly fonts: Fonts;
  readonly #pdf: PDFKit.PDFDocument;
  readonly #root: Element;
  readonly #names = new Map<unknown, string>();
  #y = 0;

  constructor(fonts: Fonts, about: AboutPaper) {
    this.fonts = fonts;
    const at = new Date(about.at);
    this.#pdf = new Pdf({
      size: [PAGE.width, PAGE.height],
      margin: 0,
      autoFirstPage: false,
      bufferPages: true,
      // What deflate makes differs between versions of zlib.
      compress: false,
      pdfVersion: "1.7",
      tagged: true,
      lang: "en",
      displayTitle: true,
      info: {
        Title: about.title,
        Author: about.by,
        Subject: about.subject,
        Producer: about.with,
        Creator: about.by,
        CreationDate: at,
        ModDate: at,
      },
    });
    this.#root = this.#pdf.struct("Document");
    this.#pdf.addStructure(this.#root);
    this.#page();
  }

  /** Sets a heading; `level` 1 is the title. */
  heading(text: string, level: 1 | 2): void {
    const style: TextStyle = { size: level === 1 ? 18 : 13, weight: "bold" };
    // A heading has some of its text below it.
    this.#room(level === 1 ? 0 : 90);
    if (level === 2) {
      this.#y += 12;
      this.#pdf.outline.addItem(text);
    }
    this.#paragraph(level === 1 ? "H1" : "H2", text, style);
    this.#y += 2;
  }

  /** Sets a paragraph. */
  paragraph(text: string, tone: "ink" | "soft" = "ink"): void {
    this.#paragraph("P", text, TEXT, { color: tone === "ink" ? INK : SOFT });
    this.#y += 4;
  }

  /** Sets the items of a list. */
  list(items: readonly string[]): void {
    const list = this.#element(this.#root, "L");
    for (const item of items) {
      const entry = this.#element(list, "LI");
      this.#room(TEXT.size * LEADING);
      this.#place(this.#element(entry, "Lbl"), setLines(this.fonts, "•", TEXT, 10), TEXT, { x: MARGIN + 2 });
      this.#y -= TEXT.size * LEADING;
      this.#set(this.#element(entry, "LBody"), item, TEXT, { x: MARGIN + 14, color: INK });
      this.#y += 3;
    }
  }

  /** Sets commands, each on a line of its own. */
  commands(text: string): void {
    const lines = setLines(this.fonts, text, SMALL, WIDTH - 16);
    const height = lines.length * SMALL.size * LEADING + 10;
    this.#room(height);
    this.#artifact(() => this.#pdf.rect(MARGIN, this.#y, WIDTH, height).fill(BAND));
    this.#y += 5;
    this.#place(this.#element(this.#root, "P"), lines, SMALL, { x: MARGIN + 8 });
    this.#y += 9;
  }

  /** Sets a table; its head is repeated on every page. */
  table({ caption, columns, rows }: SetTable): void {
    if (caption !== "") this.#paragraph("P", caption, SMALL, { color: SOFT });
    const table = this.#element(this.#root, "Table");
    const widths = widthsOf(this.fonts, columns, rows);
    const set = (cells: readonly string[], style: TextStyle): readonly (readonly SetLine[])[] =>
      cells.map((cell, index) => setLines(this.fonts, cell, style, widths[index] ?? 0));
    const head = set(
      columns.map((column) => column.head),
      HEAD,
    );
    const place = { widths, columns };
    this.#room(heightOf(head, HEAD) + 40);
    this.#row(head, HEAD, { ...place, elements: this.#cells(table, columns.length, "head"), rule: INK });
    for (const cells of rows) {
      let lines = set(cells, CELL);
      const elements = this.#cells(table, cells.length, "body");
      while (lines.some((each) => each.length > 0)) {
        const height = heightOf(lines, CELL);
        const page = BOTTOM - MARGIN - heightOf(head, HEAD) - 8;
        const isNew = this.#y + (height > page ? 3 * CELL.size * LEADING : height) + 5 > BOTTOM;
        if (isNew) {
          this.#page();
          this.#artifact(() => this.#row(head, HEAD, { ...place, elements: null, rule: INK }));
        }
        const fit = Math.floor((BOTTOM - this.#y - 5) / (CELL.size * LEADING));
        const now = lines.map((each) => each.slice(0, fit));
        this.#row(now, CELL, { ...place, elements, rule: RULE });
        lines = lines.map((each) => each.slice(fit));
      }
    }
    this.#y += 6;
  }

  /** Ends the document and yields its bytes. `foot`: what each page ends with, before its number. */
  async *end(foot: string): AsyncIterable<Uint8Array> {
    // Ends every element in it.
    this.#root.end();
    const { count } = this.#pdf.bufferedPageRange();
    for (let page = 0; page < count; page += 1) {
      this.#pdf.switchToPage(page);
      const [left] = setLines(this.fonts, foot, SMALL, WIDTH - 80);
      const [right] = setLines(this.fonts, `Page ${page + 1} of ${count}`, SMALL, 80);
      this.#artifact(() => {
        if (left !== undefined) this.#line(left, SMALL, MARGIN, PAGE.height - 40, SOFT);
        if (right !== undefined)
          this.#line(right, SMALL, MARGIN + WIDTH - right.width, PAGE.height - 40, SOFT);
      });
    }
    this.#pdf.end();
    yield* this.#pdf as AsyncIterable<Uint8Array>;
  }

  #page(): void {
    this.#pdf.addPage();
    this.#y = MARGIN;
  }

  #room(height: number): void {
    if (this.#y + height > BOTTOM) this.#page();
  }

  #element(parent: Element, type: string, options: object = {}): Element {
    const element = this.#pdf.struct(type, options);
    parent.add(element);
    return element;
  }

  #artifact(draw: () => unknown): void {
    this.#pdf.markContent("Artifact", { type: "Layout" });
    draw();
    this.#pdf.endMarkedContent();
  }

  #paragraph(type: string, text: string, style: TextStyle, { color = INK } = {}): void {
    this.#set(this.#element(this.#root, type), text, style, { x: MARGIN, color });
  }

  #set(
    element: Element,
    text: string,
    style: TextStyle,
    { x, color }: { readonly x: number; readonly color: string },
  ): void {
    this.#place(element, setLines(this.fonts, text, style, MARGIN + WIDTH - x), style, { x, color });
  }

  /** Sets lines one below the other, on as many pages as they take. */
  #place(
    element: Element,
    lines: readonly SetLine[],
    style: TextStyle,
    { x, color = INK }: { readonly x: number; readonly color?: string },
  ): void {
    for (const line of lines) {
      this.#room(style.size * LEADING);
      this.#marked(element, () => this.#line(line, style, x, this.#y, color));
      this.#y += style.size * LEADING;
    }
  }

  #marked(element: Element, draw: () => void): void {
    const content = this.#pdf.markStructureContent("Span");
    draw();
    this.#pdf.endMarkedContent();
    element.add(content);
  }

  #line({ runs }: SetLine, { size }: TextStyle, x: number, y: number, color: string): void {
    let from = x;
    for (const run of runs) {
      // Fonts differ in how far their letters rise: they share a base line.
      const rise = (run.font.ascent / run.font.unitsPerEm) * size;
      this.#pdf.font(this.#nameOf(run.font)).fontSize(size).fillColor(color);
      this.#pdf.text(run.text, from, y + size * 1.07 - rise, { lineBreak: false });
      from += this.fonts.width([run], size);
    }
  }

  #nameOf(font: SetLine["runs"][number]["font"]): string {
    const known = this.#names.get(font);
    if (known !== undefined) return known;
    const name = `font ${this.#names.size + 1}`;
    this.#names.set(font, name);
    // The types know no font that was read before.
    this.#pdf.registerFont(name, font as unknown as Buffer);
    return name;
  }

  #cells(table: Element, count: number, of: "head" | "body"): readonly Element[] {
    const row = this.#element(table, "TR");
    return Array.from({ length: count }, (_, index) => {
      if (of === "head") return this.#element(row, "TH", { scope: "Column" });
      return index === 0 ? this.#element(row, "TH", { scope: "Row" }) : this.#element(row, "TD");
    });
  }

  /** Sets one row at the place on the page, and a rule below it. `elements` null: it only repeats what was set before. */
  #row(
    cells: readonly (readonly SetLine[])[],
    style: TextStyle,
    {
      widths,
      columns,
      elements,
      rule,
    }: {
      readonly widths: readonly number[];
      readonly columns: SetTable["columns"];
      readonly elements: readonly Element[] | null;
      readonly rule: string;
    },
  ): void {
    const top = this.#y + 2.5;
    let x = MARGIN;
    for (const [index, lines] of cells.entries()) {
      const width = widths[index] ?? 0;
      for (const [number, line] of lines.entries()) {
        const from = columns[index]?.number === true ? x + width - line.width : x;
        const draw = (): void => this.#line(line, style, from, top + number * style.size * LEADING, INK);
        const element = elements?.[index];
        if (element === undefined) draw();
        else this.#marked(element, draw);
      }
      x += width + GUTTER;
    }
    this.#y = top + heightOf(cells, style) + 2.5;
    const line = (): unknown =>
      this.#pdf
        .moveTo(MARGIN, this.#y)
        .lineTo(MARGIN + WIDTH, this.#y)
        .lineWidth(0.5)
        .stroke(rule);
    if (elements === null) line();
    else this.#artifact(line);
  }
}

function heightOf(cells: readonly (readonly SetLine[])[], { size }: TextStyle): number {
  return Math.max(...cells.map(({ length }) => length)) * size * LEADING;
}

/** Widths that fit the page: what a column needs at least, and of the rest as its texts are long. */
function widthsOf(fonts: Fonts, columns: SetTable["columns"], rows: SetTable["rows"]): readonly number[] {
  const available = WIDTH - (columns.length - 1) * GUTTER;
  const extents = columns.map(({ head, whole, number }, index) => {
    const cells = rows.map((row) => extentOf(fonts, row[index] ?? "", CELL));
    const own = extentOf(fonts, head, HEAD);
    const most = Math.max(own.whole, ...cells.map((each) => each.whole));
    const word = Math.max(own.word, ...cells.map((each) => each.word));
    return { least: whole || number ? most : Math.min(word, 92), most: Math.min(most, 260) + 0.5 };
  });
  const least = extents.reduce((sum, each) => sum + each.least, 0);
  const wanted = extents.reduce((sum, each) => sum + Math.max(0, each.most - each.least), 0);
  const rest = available - least;
  if (rest < 0) return extents.map((each) => (each.least * available) / least);
  const share = wanted === 0 ? 0 : Math.min(1, rest / wanted);
  return extents.map((each) => each.least + share * Math.max(0, each.most - each.least) + 0.01);
}
