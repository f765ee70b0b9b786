/** What the files of a package must hold beside their digests: one checker for each kind of file, fed piece by piece. */

import type { z } from "zod";

import { linkHash } from "../../records/chain.ts";
import { checkBody, entryOf, type LogLine } from "../../records/stored.ts";
import { CsvProblem, CsvRows } from "../tables/read-csv.ts";
import { isObject, parsed, spelled } from "../seal.ts";
import type { Tally } from "../summary.ts";
import { CELL_FORMS, rowReader, type ColumnInfo, type TableForm } from "../tables/table.ts";
import type { Forms } from "./forms.ts";

/**
 * Describes what was found in a file. `rows`: null where it has none; `problems`: a few at most; `isCounted`: whether it has every column
 * that is counted; `unreadable`: why its first line that is no entry which this version records is none.
 */
export interface ContentFound {
  readonly rows: number | null;
  readonly problems: readonly string[];
  readonly isCounted: boolean;
  readonly unreadable?: string | null;
}

/** Computes one SHA-256; a text counts as its UTF-8 bytes, and the digest is in hex. */
export interface Hasher {
  update(piece: Uint8Array | string): void;
  digest(): string;
}

/** Reads one file's text in pieces. `isText`: false for a file that holds other bytes, of which nothing is read. */
export interface ContentCheck {
  readonly isText: boolean;
  push(text: string): void;
  end(): ContentFound;
  /** The whole text, where it was kept (JSON documents, short texts). */
  text(): string | null;
}

// Far above any real document; what is larger is named, not read.
const MOST_KEPT = 64 * 1024 * 1024;
const MOST_PROBLEMS = 5;

/** Held to their one spelling where the signature is checked. */
const SEALS: readonly string[] = ["manifest.dsse.json", "manifest.sigstore.json"];

/** Copies for people, which are compared as a whole. */
const COPIES = /\.(?:xlsx|pdf)$/u;

const NO_TEXT: ContentCheck = {
  isText: false,
  push: () => undefined,
  end: () => ({ rows: null, problems: [], isCounted: true }),
  text: () => null,
};

/** Returns the check that belongs to a file. `tally` counts the rows of tables, `hasher` computes the links of the log. */
export function contentCheckOf(path: string, forms: Forms, tally: Tally, hasher: () => Hasher): ContentCheck {
  if (COPIES.test(path)) return NO_TEXT;
  const isForeign = forms.foreign.has(path);
  const table = forms.tables.get(path);
  if (table !== undefined) return tableCheck(table, isForeign, tally);
  const schema = isForeign ? null : (forms.documents.get(path) ?? null);
  if (path.endsWith(".jsonl")) return linesCheck(schema, hasher, path === "log/entries.jsonl");
  if (path.endsWith(".json") && !SEALS.includes(path)) return jsonCheck(schema);
  return keptCheck(() => []);
}

function tableCheck(table: TableForm, isForeign: boolean, tally: Tally): ContentCheck {
  const csv = new CsvRows();
  const problems: string[] = [];
  let isCounted = true;
  const lacking = (): void => {
    isCounted = false;
  };
  const readerOf = isForeign ? rowReader(table.columns, lacking) : rowReader(table.columns);
  // Any cell is a text or a list.
  const formed = table.columns
    .map((column, index) => ({ column, index }))
    .filter(({ column: { type } }) => type !== "text" && type !== "list");
  let rows = -1;
  let last: readonly string[] | null = null;
  const check = (cells: readonly string[]): void => {
    rows += 1;
    if (rows === 0) {
      if (cells.join("\n") !== table.columns.map((column) => column.name).join("\n"))
        problems.push("does not have the columns its schema names");
      return;
    }
    if (cells.length !== table.columns.length) {
      problems.push(`row ${rows} has ${cells.length} cells, not ${table.columns.length}`);
      return;
    }
    for (const { column, index } of formed)
      if (!CELL_FORMS[column.type].test(cells[index] ?? ""))
        problems.push(`row ${rows} has a ${column.name} that is no ${column.type}`);
    const read = readerOf(cells);
    const key = table.sortedBy.map((name) => sortable(table.columns, read, name));
    if (last !== null && key.length > 0 && !isBefore(last, key))
      problems.push(`row ${rows} is not in its place, or is there twice`);
    last = key;
    tally.count(table.path, read);
  };
  const guarded = (work: () => void): void => {
    if (problems.length >= MOST_PROBLEMS) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof CsvProblem)) throw error;
      problems.push(error.message);
      problems.length = Math.max(problems.length, MOST_PROBLEMS);
    }
  };
  return {
    isText: true,
    push: (text) =>
      guarded(() => {
        for (const cells of csv.push(text)) if (problems.length < MOST_PROBLEMS) check(cells);
      }),
    end() {
      guarded(() => csv.end());
      if (rows < 0) problems.push("has no header");
      return {
        rows: Math.max(0, rows),
        problems: problems.filter((problem) => problem !== undefined),
        isCounted,
      };
    },
    text: () => null,
  };
}

/** Returns a cell as its column sorts: numbers by their size. */
function sortable(columns: readonly ColumnInfo[], read: (name: string) => string, name: string): string {
  const isNumber = columns.some((column) => column.name === name && column.type === "integer");
  return isNumber ? read(name).padStart(16, "0") : read(name);
}

function isBefore(a: readonly string[], b: readonly string[]): boolean {
  for (const [index, part] of a.entries()) {
    const other = b[index] ?? "";
    if (part !== other) return part < other;
  }
  return false;
}

/** Comes before the body: only a number does. */
const BODY = `,"body":`;

function linesCheck(schema: z.ZodType | null, hasher: () => Hasher, linked: boolean): ContentCheck {
  const digestOf = (text: string): string => {
    const hash = hasher();
    hash.update(text);
    return hash.digest();
  };
  const problems: string[] = [];
  let rest = "";
  let rows = 0;
  let last: LogLine | null = null;
  let unreadable: string | null = null;
  const check = (line: string): void => {
    rows += 1;
    const value = parsed(line);
    if (
      !isObject(value) ||
      !("body" in value) ||
      spelled(value) !== line ||
      schema?.safeParse(value).success === false
    ) {
      problems.push(`line ${rows} is not a log entry in canonical JSON`);
      return;
    }
    const entry = value as unknown as LogLine;
    const { hash, previousHash, ...unlinked } = entry;
    // What is canonical has its body's canonical text inside.
    const body = line.slice(line.indexOf(BODY) + BODY.length, line.lastIndexOf(`,"hash":"${hash}"`));
    if (linkHash(previousHash, unlinked, body, digestOf) !== hash)
      problems.push(`line ${rows}, entry ${entry.seq}, does not have its own hash`);
    if (linked && last !== null) {
      if (entry.seq <= last.seq)
        problems.push(`line ${rows}, entry ${entry.seq}, comes after entry ${last.seq}`);
      if (entry.seq === last.seq + 1 && previousHash !== last.hash)
        problems.push(`line ${rows}, entry ${entry.seq}, is not linked to the entry before it`);
    }
    last = entry;
    unreadable ??= unreadableBecause(entry);
  };
  return {
    isText: true,
    push(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MOST_KEPT) {
        problems.push("has a line too long to check");
        rest = "";
      }
      for (const line of lines) if (problems.length < MOST_PROBLEMS) check(line);
    },
    end() {
      if (rest !== "") problems.push("does not end with a line feed");
      return { rows, problems, isCounted: true, unreadable };
    },
    text: () => null,
  };
}

/** Why a line is no entry that this version records; null: it is one. */
function unreadableBecause(line: LogLine): string | null {
  try {
    const { kind, subject, recorded, body } = entryOf(line);
    if (recorded === undefined) checkBody(kind, subject, body);
    // A tab ends the subject where entries are sorted: what sorts before it would lead "a\u0001" before "a".
    return /^[\v-\u{10ffff}]*$/u.test(subject) ? null : `the ${kind} ${JSON.stringify(subject)} has no name`;
  } catch (error) {
    // Nothing but the line decides what is thrown here: it is the line that is wrong.
    return (error as Error).message;
  }
}

function jsonCheck(schema: z.ZodType | null): ContentCheck {
  return keptCheck((text) => {
    const value = parsed(text);
    const again = value === undefined ? null : spelled(value);
    if (again === null || `${again}\n` !== text) return ["is not canonical JSON with a line feed"];
    const result = schema?.safeParse(value);
    if (result?.success !== false) return [];
    return result.error.issues
      .slice(0, MOST_PROBLEMS)
      .map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  });
}

function keptCheck(check: (text: string) => readonly string[]): ContentCheck {
  let kept: string | null = "";
  return {
    isText: true,
    push(text) {
      if (kept !== null) kept = kept.length + text.length > MOST_KEPT ? null : kept + text;
    },
    end: () => ({
      rows: null,
      problems: kept === null ? ["is too large to check"] : check(kept),
      isCounted: true,
    }),
    text: () => kept,
  };
}
