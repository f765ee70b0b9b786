/** Tables of the evidence package as values: columns that describe what they hold, rows that arrive one by one. */

import type { Actor } from "../../change/people.ts";
import type { Person } from "../../records/deviation.ts";
import { visible, visibleJson } from "../../values/text.ts";
import type { EvidenceSource } from "./population.ts";
import type { Instant } from "../../time/instant.ts";

/** Describes what a cell holds; an empty cell means "not known" or "not applicable", never zero. */
export type ColumnType = "text" | "integer" | "time" | "day" | "yes-no" | "list" | "json" | "digest";

/** What a cell is made from. Numbers of type `time` are milliseconds since 1970. */
type Cell = string | number | boolean | null;

/** Describes one column as documented. */
export interface ColumnInfo {
  readonly name: string;
  readonly type: ColumnType;
  readonly description: string;
  readonly rests?: Rests;
}

/**
 * Describes what a cell may rest on besides the log entries of a package. `beyond`: entries of other periods. `more`: the same,
 * which can only add to what these give. `months`: entries of the same months where the period is not made of whole ones.
 */
export type Rests = "beyond" | "months" | "more";

/** Describes one column without its name. It has what the column holds, and the value taken from what a row is made of. */
export interface Column<Row> extends Omit<ColumnInfo, "name"> {
  readonly value: (row: Row) => Cell;
}

/** Describes the columns of a table by their names, in their order. */
export type Columns<Row> = Readonly<Record<string, Column<Row>>>;

/** Makes a column of a type. */
export const column = {
  text: ofType("text"),
  integer: ofType("integer"),
  time: ofType("time"),
  day: ofType("day"),
  yesNo: ofType("yes-no"),
  list: ofType("list"),
  json: ofType("json"),
  digest: ofType("digest"),
} as const;

function ofType(type: ColumnType) {
  return <Row>(value: (row: Row) => Cell, description: string, rests?: Rests): Column<Row> => ({
    type,
    description,
    value,
    ...(rests === undefined ? {} : { rests }),
  });
}

/**
 * Returns the last columns of a table whose rows are made from a log entry each. `entryOf` finds it; null: the row follows from
 * several.
 */
export function logColumns<Row>(
  entryOf: (row: Row) => { readonly seq: number; readonly hash: string } | null,
): Columns<Row> {
  return {
    log_seq: column.integer(
      (row) => entryOf(row)?.seq ?? null,
      "Number of the log entry this row was made from: log/entries.jsonl.",
    ),
    log_hash: column.digest((row) => entryOf(row)?.hash ?? null, "Hash of that entry."),
  };
}

/** Describes one CSV file: its place, its content and its rows as cells. They are sorted by the first column unless `sortedBy` is set. */
export interface Table {
  readonly path: string;
  readonly description: string;
  readonly sortedBy: readonly string[];
  readonly columns: readonly ColumnInfo[];
  readonly rows: (source: EvidenceSource) => AsyncIterable<readonly string[]>;
}

/** Returns a table of whatever its rows are made from; the type of the row stays inside. */
export function table<Row>(definition: {
  readonly path: string;
  readonly description: string;
  readonly sortedBy?: readonly string[];
  readonly columns: Columns<Row>;
  readonly rows: (source: EvidenceSource) => AsyncIterable<Row>;
}): Table {
  const { path, description } = definition;
  const columns = Object.entries(definition.columns).map(([name, each]) => ({ name, ...each }));
  const first = columns[0]?.name ?? "";
  return {
    path,
    description,
    sortedBy: definition.sortedBy ?? [first],
    columns,
    async *rows(source) {
      for await (const row of definition.rows(source)) yield cellsOf(columns, row);
    },
  };
}

/** Returns the cells of one row, as text. */
export function cellsOf<Row>(columns: readonly Column<Row>[], row: Row): readonly string[] {
  return columns.map(({ type, value }) => cellText(type, value(row)));
}

function cellText(type: ColumnType, value: Cell): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return type === "time" ? timeText(value) : String(value);
  return type === "json" ? visibleJson(value) : visible(value);
}

/** Returns an instant in RFC 3339, UTC, with a fraction only where there is one. */
export function timeText(at: Instant): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}

/** Returns `login#id`, or `unknown` where GitHub names nobody. */
export function personText(actor: Actor | Person | null): string {
  if (actor === null) return "unknown";
  return actor.id === null ? actor.login : `${actor.login}#${actor.id}`;
}

/** Returns several plain values (ids, digests, names without spaces) in one cell: separated by one space. */
export function listText(values: readonly string[]): string {
  return values
    .map((value) => (/[% ]/u.test(value) ? value.replaceAll("%", "%25").replaceAll(" ", "%20") : value))
    .join(" ");
}

/**
 * Returns several values of several parts in one cell. Parts are separated by `;`, values by ` | `; `;`, `|` and `%` inside a
 * part are percent-encoded.
 */
export function groupsText(groups: readonly (readonly string[])[]): string {
  return groups.map((parts) => parts.map(partText).join(";")).join(" | ");
}

function partText(part: string): string {
  if (!/[%;|]/u.test(part)) return part;
  return part.replaceAll("%", "%25").replaceAll(";", "%3B").replaceAll("|", "%7C");
}

/** Holds the form of each type's cells, for the JSON Schemas and for whoever checks a package. Each runs in linear time. */
export const CELL_FORMS: Readonly<Record<ColumnType, RegExp>> = {
  text: /^/u,
  list: /^/u,
  integer: /^(?:0|[1-9][0-9]{0,15})?$/u,
  time: /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?Z)?$/u,
  day: /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2})?$/u,
  "yes-no": /^(?:yes|no)?$/u,
  json: /^(?:'?[[{"0-9a-z-].*)?$/su,
  digest: /^(?:[0-9a-f]{40}|[0-9a-f]{64})?$/u,
};

/** Describes a table without its rows. */
export type TableForm = Omit<Table, "rows">;

/** Returns the JSON Schema of one row of a table. The row is an object of texts, as every CSV reader gives it. */
export function schemaOfTable(info: TableForm): Readonly<Record<string, unknown>> {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `https://countersign.dev/schema/evidence/v1/${schemaName(info.path)}`,
    title: info.path,
    description: `${info.description} One row, as an object of texts; the header names the columns in the order of "required".`,
    type: "object",
    additionalProperties: false,
    required: info.columns.map(({ name }) => name),
    "x-countersign-sorted-by": info.sortedBy,
    properties: Object.fromEntries(
      info.columns.map(({ name, type, description }) => [
        name,
        { type: "string", description, pattern: CELL_FORMS[type].source, "x-countersign-type": type },
      ]),
    ),
  };
}

/** Returns the name of a file's schema below `schemas/`. */
export function schemaName(path: string): string {
  return `${path.replaceAll("/", "-")}.schema.json`;
}

/** Returns the cells of one row by column name. A name that the table lacks is a bug and throws, unless `lacking` takes it. */
export function rowReader(
  columns: readonly ColumnInfo[],
  lacking: (name: string) => void = (name) => {
    throw new Error(`no column ${name}`);
  },
): (cells: readonly string[]) => (name: string) => string {
  const places = new Map(columns.map(({ name }, index) => [name, index]));
  return (cells) => (name) => {
    const place = places.get(name);
    if (place === undefined) lacking(name);
    return cells[place ?? -1] ?? "";
  };
}
