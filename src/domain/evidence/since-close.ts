/** The rows of since-close.csv: what differs from the package that was handed over, and which log entries made it differ. */

import { canonical } from "../values/digest.ts";
import type { LoggedEntry } from "../records/entry.ts";
import { packagedEntries } from "./cited-entries.ts";
import { sourceHandedOver, type PackageSource } from "./closing.ts";
import type { EvidenceSource } from "./tables/population.ts";
import { mergedRows, rowName, type RowPair } from "./tables/merge.ts";
import {
  column,
  groupsText,
  listText,
  table,
  timeText,
  type Rests,
  type Table,
  type TableForm,
} from "./tables/table.ts";

type Cells = Readonly<Record<string, string>>;

/** How a row differs. `recorded-again`: only in which entry it was made from, and when that was recorded. */
interface Difference {
  readonly table: string;
  readonly row: string;
  readonly change: "added" | "changed" | "removed" | "recorded-again";
  readonly columns: readonly string[];
  readonly before: Cells;
  readonly after: Cells;
}

interface DifferingRow extends Difference {
  /** seq;hash;recorded at;what. */
  readonly why: readonly (readonly string[])[];
}

/** Columns that say which entry a row was made from and when it was counted or recorded, and nothing about what happened. */
const ORIGINS: ReadonlySet<string> = new Set([
  "log_seq",
  "log_hash",
  "checked_at",
  "evaluated_at",
  "recorded_at",
]);

const NO_ENTRY =
  "no later log entry in this package names the row: it follows from other rows, or from the day this was generated";

/** Returns since-close.csv, which compares the other tables with what they were when the package was handed over. */
export function sinceCloseTable(tables: readonly Table[]): Table {
  return table<DifferingRow>({
    path: SINCE_CLOSE,
    description:
      "Every row that differs from the package of this period that was handed over last, and why; not of tool.csv and ipe.csv, which are about each package itself. Empty: none differs, or the period was never closed (closing in manifest.json).",
    sortedBy: ["table", "row"],
    columns: {
      table: column.text((row) => row.table, "The file whose row differs."),
      row: column.text((row) => row.row, "The row's key; a key of several columns has `;` between them."),
      change: column.text(
        (row) => row.change,
        "added, changed, removed, or recorded-again: the same but for the log entry it was made from, and when that was counted or recorded.",
      ),
      columns: column.list((row) => listText(row.columns), "Of a changed row: the columns that differ."),
      before: column.json(
        (row) => canonical(row.before),
        "What they were, by column; of a removed row, all its cells that were not empty.",
      ),
      after: column.json((row) => canonical(row.after), "What they are. An added row is in its table."),
      why: column.list(
        (row) => groupsText(row.why),
        "The log entries recorded since that name the row: seq;hash;recorded at;what. Without a number: why there is none.",
      ),
    },
    async *rows(source) {
      const earlier = await sourceHandedOver(source);
      if (earlier !== null) yield* explained(source, byToken(source, earlier, tables));
    },
  });
}

/** Counts the rows that differ from a package that was handed over in more than when they were recorded. */
export async function countDifferences(
  { source: earlier }: PackageSource,
  now: EvidenceSource,
  tables: readonly Table[],
): Promise<number> {
  let rows = 0;
  for (const form of tables)
    for await (const [{ change }] of differencesOf(form, earlier, now))
      if (change !== "recorded-again") rows += 1;
  return rows;
}

/** Holds the path of the table. */
export const SINCE_CLOSE = "since-close.csv";

/** Yields the differences of one table. */
async function* differencesOf(
  form: Table,
  earlier: EvidenceSource,
  now: EvidenceSource,
): AsyncIterable<readonly [Difference, readonly string[]]> {
  for await (const pair of mergedRows(form, form.rows(earlier), form.rows(now))) {
    const found = differenceOf(form, pair);
    if (found !== null) yield [found, tokensOf(form, found, pair)];
  }
}

function differenceOf(form: TableForm, { left, right }: RowPair): Difference | null {
  const { path, columns: all } = form;
  const of = (cells: readonly string[], names: readonly string[] | null): Cells =>
    Object.fromEntries(
      all.flatMap(({ name }, place) => {
        const cell = cells[place] ?? "";
        return names === null
          ? cell === ""
            ? []
            : [[name, cell]]
          : names.includes(name)
            ? [[name, cell]]
            : [];
      }),
    );
  const named = { table: path, row: rowName(form, right ?? left).replaceAll(/[\t\n]/gu, " ") };
  if (left === null) return { ...named, change: "added", columns: [], before: {}, after: {} };
  if (right === null) return { ...named, change: "removed", columns: [], before: of(left, null), after: {} };
  const columns = all.filter((_, place) => left[place] !== right[place]).map(({ name }) => name);
  if (columns.length === 0) return null;
  const change = changeOf(columns);
  return { ...named, change, columns, before: of(left, columns), after: of(right, columns) };
}

function changeOf(columns: readonly string[]): Difference["change"] {
  return columns.every((name) => ORIGINS.has(name)) ? "recorded-again" : "changed";
}

/** What log entries that explain a row may be named: its key, its own entry, and what stands in the cells that differ. */
function tokensOf(form: TableForm, { columns }: Difference, { left, right }: RowPair): readonly string[] {
  const tokens = new Set<string>();
  form.columns.forEach(({ name, type, rests }, place) => {
    const cells = [left?.[place] ?? "", right?.[place] ?? ""];
    if (name === "log_seq") for (const seq of cells) tokens.add(`#${seq}`);
    // A number may be anything's; what rests on entries that the package does not contain cannot be made again from it.
    const isNamed = form.sortedBy.includes(name) || columns.includes(name);
    if (!isNamed || rests !== undefined || !["text", "list", "digest"].includes(type)) return;
    for (const cell of cells) for (const word of [cell, ...cell.split(/[\s;|]+/u)]) tokens.add(word);
    if (form.sortedBy.includes(name))
      for (const cell of cells) for (const word of cell.split(":")) tokens.add(word);
  });
  tokens.delete("");
  return [...tokens].map((token) => token.replaceAll(/[\t\n]/gu, " "));
}

/** Before everything that begins with {@link ROW}. */
const TOKEN = ":";
const ROW = "~";

/** Yields lines that sort rows beside the entries of their names: names of entries, names in rows, and at the end the rows. */
async function* byToken(
  source: EvidenceSource,
  { source: earlier, handedOver }: PackageSource,
  tables: readonly Table[],
): AsyncIterable<string> {
  for await (const entry of packagedEntries(source)) {
    if (entry.seq <= handedOver.log.size) continue;
    const said = eventOf(entry);
    if (said === null) continue;
    const { seq, hash, recordedAt } = entry;
    const rest = [String(seq).padStart(16, "0"), hash, String(recordedAt), ...said].join("\t");
    for (const name of namesOf(entry)) yield `${TOKEN}${name}\t0\t${rest}`;
  }
  for (const form of tables)
    for await (const [found, tokens] of differencesOf(form, earlier, source)) {
      const place = `${found.table}\t${found.row}`;
      for (const token of tokens) yield `${TOKEN}${token}\t1\t${place}`;
      yield `${ROW}${place}\t${ROW}\t${JSON.stringify(found)}`;
    }
}

/** Yields each row once, after the entries that name it. */
async function* byRow(lines: AsyncIterable<string>): AsyncIterable<string> {
  let name = "";
  let entries: string[] = [];
  for await (const line of lines) {
    if (line.startsWith(ROW)) {
      yield line.slice(1);
      continue;
    }
    const [own = "", kind = "", ...rest] = line.slice(1).split("\t");
    if (own !== name) entries = [];
    name = own;
    if (kind === "0") entries.push(rest.join("\t"));
    else for (const entry of entries) yield `${rest.join("\t")}\t${TOKEN}\t${entry}`;
  }
}

async function* explained(source: EvidenceSource, lines: AsyncIterable<string>): AsyncIterable<DifferingRow> {
  let why: (readonly string[])[] = [];
  for await (const line of source.sorted(byRow(source.sorted(lines)))) {
    const [, , kind, ...rest] = line.split("\t");
    if (kind === TOKEN) {
      why.push(rest);
      continue;
    }
    const found = JSON.parse(rest.join("\t")) as Difference;
    const words = why.map(([seq = "", hash = "", at = "", added = "", changed = ""]) => [
      String(Number(seq)),
      hash,
      timeText(Number(at)),
      found.change === "added" ? added : changed,
    ]);
    yield { ...found, why: words.length === 0 ? [["", "", "", NO_ENTRY]] : words };
    why = [];
  }
}

/** The names by which rows may mean an entry: its number, its subject, and the changes and deployments it is about. */
function namesOf(entry: LoggedEntry): ReadonlySet<string> {
  const { kind, body, seq, subject } = entry;
  const names = new Set([`#${seq}`]);
  // A repository's subject is a number, which may be anything's.
  if (kind !== "repository") names.add(subject);
  if (kind === "policy") names.add(body.digest);
  const subjects =
    kind === "deviation" || kind === "retroactive-review"
      ? body.subjects
      : kind === "emergency"
        ? (body.used?.subjects ?? [])
        : [];
  for (const each of subjects) names.add(each);
  return new Set([...names].map((name) => name.replaceAll(/[\t\n]/gu, " ")));
}

/** Returns what an entry records, for a row that it added and for one that it changed; null: rows are not made from such entries. */
function eventOf(entry: LoggedEntry): readonly [string, string] | null {
  const same = (text: string): readonly [string, string] => [text, text];
  switch (entry.kind) {
    case "change":
    case "deployment": {
      const { late } = entry.kind === "change" ? entry.body.change : entry.body.deployment;
      const added = late ? "found late, by a sweep or backfill" : "recorded after it happened";
      return [`${entry.kind} ${added}`, `${entry.kind} assessed again: ${entry.body.assessment.verdict}`];
    }
    case "deviation":
    case "remediation":
      return same(`${entry.kind} ${entry.body.moved.command}: ${entry.body.status}`);
    case "emergency":
      return same(`emergency ${entry.body.status}`);
    case "retroactive-review":
      return same(`retroactive review ${entry.body.status}`);
    case "monthly-review":
      return same(entry.body.signedOff === null ? "month to be signed off" : "month signed off");
    case "completeness":
      return same(`compared with GitHub's lists: ${entry.body.complete ? "complete" : "not complete"}`);
    case "coverage-gap":
      return same(`monitoring gap${entry.body.backfilled ? ", read afterwards" : ""}`);
    case "repository":
      return same("repository, its scope and its branches read");
    case "policy":
      return same("policy version read");
    case "control-state":
      return same("protection read");
    case "source-gone":
      return same("source gone from GitHub");
    default:
      return null;
  }
}

/**
 * Returns a row of since-close.csv without the columns that a package's own log cannot give; null: nothing else differs.
 * `isOutside`: whether such a column rests on what the package does not contain.
 */
export function withoutOutside(
  cells: readonly string[],
  tables: readonly TableForm[],
  isOutside: (rests: Rests) => boolean,
): readonly string[] | null {
  const [path = "", row = "", change = "", names = "", before = "{}", after = "{}", ...rest] = cells;
  const outside = new Set(
    tables
      .find((each) => each.path === path)
      ?.columns.flatMap(({ name, rests }) => (rests !== undefined && isOutside(rests) ? [name] : [])),
  );
  const inside = (json: string): string =>
    canonical(
      Object.fromEntries(Object.entries(JSON.parse(json) as Cells).filter(([name]) => !outside.has(name))),
    );
  const columns = names.split(" ").filter((name) => name !== "" && !outside.has(name));
  const isChanged = change === "changed" || change === "recorded-again";
  if (isChanged && columns.length === 0) return null;
  const then = isChanged ? changeOf(columns) : change;
  return [path, row, then, columns.join(" "), inside(before), inside(after), ...rest];
}
