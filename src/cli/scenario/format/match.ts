/** Compares the actual rows with those a story expects; pure. */

import { stringify } from "yaml";
import type { Expectation, Row } from "./expectations.ts";

/** Describes an expectation that does not hold. */
export interface Mismatch {
  /** One sentence. */
  readonly because: string;
  readonly expected: readonly Row[];
  /** The rows that are there, as far as they can be the ones meant. */
  readonly there: readonly Row[];
}

/** Describes the rows of one kind, with the columns this version can read. */
export interface RowSet {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** A row that names no repository may be of any, not just of `web`; where several are, that of `web` is meant. */
  readonly anywhere?: boolean;
}

/** Holds the organisation every story plays in. */
export const STORY_ORGANIZATION = "acme";

/** Holds the repository of a row that names none. */
export const DEFAULT_REPOSITORY = "web";

/** Compares; null when all is as expected. Rows without a `repository` are those of `web`, where the kind has repositories at all. */
export function compare(expectation: Expectation, observed: RowSet): Mismatch | null {
  const { kind, rows: expected } = expectation;
  const mismatch = (because: string): Mismatch => ({ because, expected, there: observed.rows });
  for (const row of expected) {
    const unseen = Object.keys(row).find(
      (column) => column !== "repository" && !observed.columns.includes(column),
    );
    if (unseen !== undefined) {
      return mismatch(`this version cannot yet see the column \`${unseen}\` of \`${kind}\``);
    }
  }
  if (expected.length === 0) {
    return observed.rows.length === 0
      ? null
      : mismatch(`there should be no ${kind}, and there are ${observed.rows.length}`);
  }
  const matched = new Set<Row>();
  for (const row of expected) {
    const anywhere = observed.rows.filter((there) => matches(row, there, observed.anywhere === true));
    const ofWeb = anywhere.filter(({ repository }) => repository === DEFAULT_REPOSITORY);
    const found =
      anywhere.length > 1 && ofWeb.length > 0 && row["repository"] === undefined ? ofWeb : anywhere;
    if (expectation.absent) {
      if (found.length > 0) return mismatch(`there should be no such row in ${kind}, and there is`);
      continue;
    }
    if (found.length !== 1) {
      const count = found.length === 0 ? "none" : String(found.length);
      return mismatch(`exactly one row of ${kind} should be so, and ${count} is: ${inline(row)}`);
    }
    matched.add(found[0]!);
  }
  if (expectation.exactly && matched.size !== observed.rows.length) {
    const others = observed.rows.length - matched.size;
    return mismatch(`there should be no other ${kind}, and there are ${others} more`);
  }
  return null;
}

function matches(expected: Row, there: Row, anywhere: boolean): boolean {
  const isOfWeb = !anywhere && "repository" in there;
  const wanted = isOfWeb ? { repository: DEFAULT_REPOSITORY, ...expected } : expected;
  return Object.entries(wanted).every(([column, value]) => {
    const actual = there[column];
    if (column === "says") return plain(texts(actual)).includes(plain(texts(value)));
    // A name may stand for several steps that made the same thing; it is enough to be one of them.
    if (column === "step") return Array.isArray(actual) ? actual.includes(value) : actual === value;
    // Of a file's rows, those given must be there; a list of anything else is the whole set.
    if (column === "rows" && Array.isArray(value) && Array.isArray(actual)) {
      return value.every((row) => actual.filter((each) => isSame(row, each)).length === 1);
    }
    if (column === "at-most") return typeof actual === "number" && actual <= Number(value);
    return same(value, actual);
  });
}

function same(expected: unknown, actual: unknown): boolean {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return false;
    const rest = [...(actual as unknown[])];
    return expected.every((one) => {
      const index = rest.findIndex((other) => isSame(one, other));
      if (index < 0) return false;
      rest.splice(index, 1);
      return true;
    });
  }
  return isSame(expected, actual);
}

/** A change may be named by its number or by a step; then the thing that is there is a list of its names. */
function isSame(expected: unknown, actual: unknown): boolean {
  if (Array.isArray(actual)) return actual.includes(expected);
  if (typeof expected === "object" && expected !== null && typeof actual === "object" && actual !== null) {
    const cells = actual as Row;
    return Object.entries(expected).every(([key, value]) =>
      key === "says"
        ? Object.values(cells).some((cell) => plain(cellText(cell)).includes(plain(cellText(value))))
        : cellText(cells[key]) === cellText(value),
    );
  }
  return expected === actual;
}

/** Cells of a CSV file are texts; a story may write a number or yes as what it is. */
function cellText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}

function texts(value: unknown): string {
  return Array.isArray(value) ? value.map(texts).join("\n") : typeof value === "string" ? value : "";
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/\s+/gu, " ").trim();
}

function inline(row: Row): string {
  return stringify(row, { collectionStyle: "flow", lineWidth: 0 }).trim();
}

/** Rows as YAML, one a line, for people; columns without a value are left out. */
export function printRows(rows: readonly Row[], indent: string): string {
  if (rows.length === 0) return `${indent}(none)`;
  return rows
    .map((row) =>
      Object.fromEntries(Object.entries(row).filter(([, value]) => value != null && value !== "")),
    )
    .map((row): Row => ("says" in row ? { ...row, says: clip(texts(row["says"])) } : row))
    .map((row) => `${indent}- ${inline(row).replaceAll(/\n\s*/gu, " ")}`)
    .join("\n");
}

function clip(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ").trim();
  return line.length <= 400 ? line : `${line.slice(0, 399)}…`;
}
