/** What the independent program reads with: hashes, canonical JSON, CSV, the log. Nothing here is imported from `src`. */

import { createHash } from "node:crypto";

/** A row of a table, by column. */
export type Row = Readonly<Record<string, string>>;
/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** A line of the log. */
export interface Entry {
  readonly seq: number;
  readonly kind: string;
  readonly subject: string;
  readonly repositoryId: number;
  readonly at: number;
  readonly recordedAt: number;
  readonly hash: string;
  readonly previousHash: string;
  readonly body: Json;
}

/** Takes a contradiction down. */
export type Say = (what: string) => void;

/** SHA-256 in hex. */
export function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** JSON with sorted keys and no spaces, as RFC 8785 asks for such values as a package holds. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, of]) => `${JSON.stringify(key)}:${canonical(of)}`).join(",")}}`;
}

/** The cells of a CSV file, header first, as they are written. */
export function cellsOf(csv: string): readonly (readonly string[])[] {
  const lines: string[][] = [];
  let line: string[] = [];
  let cell = "";
  let quoted = false;
  for (let place = 0; place < csv.length; place += 1) {
    const letter = csv[place] ?? "";
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (csv[place + 1] === '"') {
        cell += '"';
        place += 1;
      } else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === ",") {
      line.push(cell);
      cell = "";
    } else if (letter === "\n") {
      line.push(cell.replace(/\r$/u, ""));
      lines.push(line);
      line = [];
      cell = "";
    } else cell += letter;
  }
  return lines;
}

/** The rows of a CSV file by their column names; an apostrophe before a formula is taken off. */
export function table(csv: string): readonly Row[] {
  const [header = [], ...rest] = cellsOf(csv);
  const plain = (value: string): string => (/^'[=+\-@\t\r']/u.test(value) ? value.slice(1) : value);
  return rest.map((cells) =>
    Object.fromEntries(header.map((name, index) => [name, plain(cells[index] ?? "")])),
  );
}

/** Reads a place inside a value; undefined where there is none. */
export function of(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    value,
  );
}

/** A value as a cell shows it; nothing is an empty cell. */
export function word(value: unknown): string {
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "" : JSON.stringify(value);
}

/** Reads a list; anything else is an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Splits a cell at its spaces. */
export function words(cell: string | undefined): readonly string[] {
  return (cell ?? "").split(" ").filter((each) => each !== "");
}

/** Writes a time as cells do; nothing is an empty cell. */
export function moment(at: unknown): string {
  return typeof at === "number" ? new Date(at).toISOString().replace(".000Z", "Z") : "";
}

/** Tells whether two lists hold the same, in whatever order. */
export function same(a: readonly string[], b: readonly string[]): boolean {
  return a.toSorted().join(" ") === b.toSorted().join(" ");
}

/** The log of a package. */
export interface Log {
  readonly entries: readonly Entry[];
  /** By kind and subject, the last. */
  readonly newest: ReadonlyMap<string, Entry>;
  readonly bySeq: ReadonlyMap<number, Entry>;
  /** By kind, every entry, oldest first. */
  readonly kinds: ReadonlyMap<string, readonly Entry[]>;
  readonly period: { readonly from: number; readonly to: number };
  readonly generatedAt: number;
  /** Whether every entry of the whole log is here. */
  readonly isWhole: boolean;
}

/** Every entry's own hash, the links between neighbours, and the head. */
export function logOf(text: (path: string) => string, say: Say): Log {
  const read = (path: string): readonly Entry[] =>
    text(path)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const entry = JSON.parse(line) as Entry & { readonly version?: number };
        const { hash, previousHash, ...rest } = entry;
        if (sha256(`${previousHash}\n${canonical(rest)}`) !== hash)
          say(`entry ${entry.seq}: not its own hash`);
        return entry;
      });
  const [own, cited] = [read("log/entries.jsonl"), read("log/cited.jsonl")];
  const entries = [...own, ...cited].toSorted((a, b) => a.seq - b.seq);
  for (const [index, entry] of entries.entries()) {
    const before = entries[index - 1];
    if (before?.seq === entry.seq && before.hash !== entry.hash) say(`entry ${entry.seq}: there twice`);
    if (before?.seq === entry.seq - 1 && before.hash !== entry.previousHash)
      say(`entry ${entry.seq}: not linked to the one before it`);
  }
  if (own.some((entry, index) => index > 0 && entry.seq <= (own[index - 1]?.seq ?? 0)))
    say("log/entries.jsonl: not in order");
  const head = JSON.parse(text("log/head.json")) as Json;
  const manifest = JSON.parse(text("manifest.json")) as Json;
  const last = entries.at(-1);
  if (last !== undefined && last.seq > Number(head["size"])) say("the head lies before its last entry");
  if (last?.seq === head["size"] && last?.hash !== head["hash"]) say("the head names another last entry");
  if (head["entries"] !== own.length || head["cited"] !== cited.length) say("the head miscounts the log");
  if (of(manifest, "log", "size") !== head["size"] || of(manifest, "log", "hash") !== head["hash"])
    say("manifest and head differ");
  const period = {
    from: Date.parse(String(of(manifest, "period", "from"))),
    to: Date.parse(String(of(manifest, "period", "to"))),
  };
  for (const entry of own)
    if (entry.at < period.from || entry.at >= period.to) say(`entry ${entry.seq}: not of the period`);
  return {
    entries,
    newest: new Map(entries.map((entry) => [`${entry.kind} ${nameIn(entry)}`, entry])),
    bySeq: new Map(entries.map((entry) => [entry.seq, entry])),
    kinds: Map.groupBy(entries, ({ kind }) => kind),
    period,
    generatedAt: Date.parse(String(manifest["generated_at"])),
    isWhole: new Set(entries.map(({ seq }) => seq)).size === head["size"],
  };
}

/** By what rows name an entry: a policy by its digest. */
export function nameIn({ kind, subject, body }: Entry): string {
  return kind === "policy" ? String(of(body, "digest")) : subject;
}

/** Writes an actor as cells do. */
export function who(actor: unknown): string {
  const login = of(actor, "login");
  return typeof login === "string" ? `${login}#${String(of(actor, "id"))}` : "unknown";
}

/** Reads the results of an entry about a change or deployment. */
export function outcomesOf(entry: Entry | undefined): readonly Json[] {
  return list(of(entry?.body, "assessment", "results")) as readonly Json[];
}

/** Returns a page without its tags, each run of blanks one blank. */
export function plainText(page: string): string {
  return page
    .replaceAll(/<[^>]+>/gu, " ")
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/gu, " ");
}
