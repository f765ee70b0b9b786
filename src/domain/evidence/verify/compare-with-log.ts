/** Compares a package with the log inside it: every table, document and word is made again from the log by what made it. */

import { sha1 } from "@noble/hashes/legacy.js";
import { bytesToHex, concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";

import { CoverageGapRecordSchema, type CoverageGapRecord } from "../../records/monitoring.ts";
import { hasItsDigest } from "../../policy/tighten.ts";
import type { ObservedTime } from "../../monitoring/observed-time.ts";
import { canonical } from "../../values/digest.ts";
import { linesOf } from "../../texts/lines.ts";
import type { LineStore } from "../../texts/sort.ts";
import { uncovered } from "../../time/span.ts";
import { lineOf } from "../../records/stored.ts";
import { envelopeOf, LOG_FILES, openLog } from "./package-log.ts";
import { closingDocument, closingsOf, EXPORTED } from "../closing.ts";
import { completenessDocument, type CompletenessDocument } from "../completeness.ts";
import type { CopyMaker } from "../copies/maker.ts";
import type { SharedContent } from "../copies/first-page.ts";
import { CsvRows } from "../tables/read-csv.ts";
import type { RolledUp } from "../roll-up/figures.ts";
import { ObservedSchema, packageId, periodIn, TABLE_FORMS, TABLES, type Manifest } from "../package.ts";
import type { EvidenceSource } from "../tables/population.ts";
import { SINCE_CLOSE, withoutOutside } from "../since-close.ts";
import { mergedRows } from "../tables/merge.ts";
import { ipeTable } from "../ipe.ts";
import { scopePolicies } from "../rows/policies.ts";
import { gapsOf } from "../rows/scope.ts";
import { parsed, spelled } from "../seal.ts";
import { frontMatter, readObserved, type StartHere } from "../start-here.ts";
import type { ShownDifference, SummaryDocument } from "../summary.ts";
import { rowReader, type Rests, type Table } from "../tables/table.ts";
import type { Hasher } from "./file-checks.ts";
import { ownSchemas, schemaPath } from "./forms.ts";
import type { CodeOf, Defect, Say } from "./checks.ts";
import { DigestedPolicySchema, type PolicySource } from "../../policy/record.ts";

/** Describes what made a package, as far as this program is the same one. */
export interface RowMaker {
  readonly version: string;
  readonly renderStartHere: (content: StartHere) => string;
  readonly verifyScript: string;
  /** Yields the text of a table, header first. */
  readonly csv: (columns: readonly string[], rows: AsyncIterable<readonly string[]>) => AsyncIterable<string>;
  /** Absent where the copies cannot be made, as in a browser. */
  readonly copies?: CopyMaker;
}

/**
 * Describes a package whose files are read. `read`: a file's text in pieces; `bytes`: some of it; `digestOf`: its SHA-256; `text`: a
 * document that was kept whole.
 */
export interface Sealed {
  readonly manifest: Manifest;
  readonly summary: SummaryDocument;
  readonly differences: readonly ShownDifference[];
  readonly rolledUp: RolledUp;
  readonly read: (path: string) => AsyncIterable<string>;
  readonly bytes: (path: string, from: number, to: number) => Promise<Uint8Array>;
  readonly store: LineStore;
  readonly turn: () => Promise<unknown>;
  readonly hasher: () => Hasher;
  readonly digestOf: (path: string) => string | null;
  readonly text: (path: string) => string | null;
  readonly paths: readonly string[];
}

/** How a part of a package differs from what its log gives. */
type RowDifference = Exclude<CodeOf<"log">, "log-not-readable">;

const MOST_DIFFERENCES = 5;

/**
 * Names whatever in a package is not what its log gives. Answers what the report is made of, where that is known. Every entry of
 * the log must be one that this version records.
 */
export async function compareWithLog(
  sealed: Sealed,
  maker: RowMaker,
  say: Say<RowDifference>,
): Promise<SharedContent | null> {
  const { manifest, store } = sealed;
  const log = await openLog({
    organizationId: manifest.organization.id,
    period: periodIn(manifest),
    generatedAt: Date.parse(manifest.generated_at),
    lines: (path) => linesOf(sealed.read(path)),
    read: sealed.bytes,
    store,
    turn: sealed.turn,
  });
  const observedTime = await observedTimeIn(sealed, log.source(BLIND), say);
  if (observedTime === null) return null;
  const source = log.source(observedTime);
  const head = parsed(sealed.text("log/head.json") ?? "") as
    | { entries?: unknown; cited?: unknown }
    | undefined;
  const isWhole = Number(head?.entries) + Number(head?.cited) === manifest.log.size;
  const policyDigests = new Set<string>();
  const apiUrl = await compareTool(sealed, say);
  // Side by side, so that the log is parsed once for all of them; all end before anything they read is removed.
  const [document, ...tables] = await Promise.allSettled([
    completenessDocument(source),
    ...[...TABLES, ipeTable(manifest.files, apiUrl)].map((table) =>
      compareTable(table, { sealed, source, isWhole, policyDigests, csv: maker.csv }),
    ),
  ]);
  // What was found is a finding, even where another table broke off.
  for (const table of tables)
    if (table.status === "fulfilled")
      for (const { file, code, problem } of table.value) say(file, code, problem);
  for (const table of tables) settled(table);
  await comparePolicies(sealed, source, say);
  await compareHeads(sealed, say);
  const expect: Expect = (path, text) => {
    if (sealed.text(path) !== text) say(path, "text-not-as-logged", "is not what the log gives");
  };
  expect("verify.sh", maker.verifyScript);
  for (const [path, schema] of ownSchemas()) expect(schemaPath(path), schema);
  const words = { sealed, source, policyDigests, apiUrl, completeness: settled(document) };
  return compareWords(words, maker, { say, expect });
}

/** Returns what came of it. Throws what it threw. */
function settled<Value>(result: PromiseSettledResult<Value>): Value {
  if (result.status === "rejected") throw result.reason;
  return result.value;
}

/** Names a file whose text is another. */
type Expect = (path: string, text: string) => void;

/** Compares what is written in words: completeness.json, START-HERE.html and the manifest's own part of it. */
async function compareWords(
  {
    sealed,
    source,
    policyDigests,
    apiUrl,
    completeness,
  }: Pick<Comparing, "sealed" | "source" | "policyDigests"> & {
    readonly apiUrl: string;
    readonly completeness: CompletenessDocument;
  },
  maker: RowMaker,
  { say, expect }: { readonly say: Say<RowDifference>; readonly expect: Expect },
): Promise<SharedContent> {
  const { manifest, summary } = sealed;
  const { organization, generated_at: generatedAt, generator, signing } = manifest;
  expect("completeness.json", jsonText(completeness));
  // What it was made as comes before its own closing: the log inside cannot know it.
  const { made_as: as, reason } = manifest.closing ?? { made_as: EXPORTED.as, reason: null };
  const closings = await closingsOf(source);
  const closing = closingDocument({ as, reason }, closings, summary.since_close, sealed.rolledUp);
  if ((as === "close" && closings.own !== null) || (as === "addendum" && closings.own === null))
    say("manifest.json", "text-not-as-logged", "was made as what its log rules out");
  const front = await frontMatter(source, { organization, completeness, summary, policyDigests, closing });
  const id = packageId(organization.login, source.period);
  const expected = {
    package_id: id,
    closing,
    known_limitations: front.limitations,
    policy_digests: [...policyDigests].toSorted(),
  };
  for (const [name, value] of Object.entries(expected))
    if (spelled(value) !== spelled(manifest[name as keyof typeof expected]))
      say("manifest.json", "text-not-as-logged", `gives other ${name} than the log`);
  const report: SharedContent = {
    ...front,
    packageId: id,
    organization,
    period: source.period,
    generatedAt: Date.parse(generatedAt),
    generator,
    apiUrl,
    fingerprint: signing.key_id,
    closing,
    differences: sealed.differences,
    rolledUp: sealed.rolledUp,
    completeness,
    summary,
    logHead: manifest.log,
  };
  const files = manifest.files.filter(({ path }) => path !== "START-HERE.html");
  expect("START-HERE.html", maker.renderStartHere({ ...report, files }));
  return report;
}

/** Nothing is known of what was observed yet. */
const BLIND: ObservedTime = { since: null, until: 0, gaps: [], unseen: [] };

/** What was observed: the gaps on record, those that follow from when an App was there, and what neither covers. */
async function observedTimeIn(
  sealed: Sealed,
  log: EvidenceSource,
  say: Say<RowDifference>,
): Promise<ObservedTime | null> {
  const observed = ObservedSchema.safeParse(parsed(sealed.text("observed.json") ?? ""));
  // What is no such document was named when it was read.
  if (!observed.success) return null;
  const gaps: CoverageGapRecord[] = [];
  for await (const { body } of log.states("coverage-gap", {
    organizationId: log.organizationId,
    order: "subject",
  }))
    gaps.push(body);
  for await (const row of rowsOf(sealed, "coverage-gaps.csv")) {
    if (row("log_seq") !== "") continue;
    const gap = CoverageGapRecordSchema.safeParse({
      id: row("gap_id"),
      cause: row("cause"),
      scope: row("scope"),
      from: Date.parse(row("from")),
      to: row("to") === "" ? null : Date.parse(row("to")),
      because: row("because"),
      backfilled: row("backfilled") === "yes",
    });
    if (gap.success) gaps.push(gap.data);
  }
  const observedTime = readObserved(observed.data, gaps);
  for await (const { body } of gapsOf({ ...log, observedTime })) {
    const span = { from: body.from, to: Math.min(body.to ?? log.generatedAt, log.generatedAt) };
    if (!body.backfilled && uncovered(observedTime.unseen, span).length > 0)
      say(
        "observed.json",
        "text-not-as-logged",
        `calls the gap ${body.id} seen, of which nobody read afterwards`,
      );
  }
  return observedTime;
}

interface Comparing {
  readonly sealed: Sealed;
  readonly source: EvidenceSource;
  /** Whether every entry of the whole log is given. */
  readonly isWhole: boolean;
  /** Those of the rows are added. */
  readonly policyDigests: Set<string>;
  readonly csv: RowMaker["csv"];
}

/** A table that is made again to the same bytes is proven whole. Only of another one it is found out where it differs. */
async function compareTable(table: Table, comparing: Comparing): Promise<readonly Defect<RowDifference>[]> {
  if (await isMadeAgain(table, comparing)) return [];
  const found: Defect<RowDifference>[] = [];
  for await (const { code, problem } of differences(table, comparing)) {
    found.push({ file: table.path, code, problem });
    if (found.length === MOST_DIFFERENCES) break;
  }
  return found;
}

/** Returns whether a table made again is the file, byte for byte; false also where it may differ and be sound. */
async function isMadeAgain(
  table: Table,
  { sealed, source, isWhole, policyDigests, csv }: Comparing,
): Promise<boolean> {
  const { path, columns } = table;
  if (!isWhole && (path === SINCE_CLOSE || columns.some(({ rests }) => rests !== undefined))) return false;
  const digests = new Set<string>();
  const read = rowReader(columns);
  const rows = async function* (): AsyncIterable<readonly string[]> {
    for await (const cells of table.rows(source)) {
      if (JUDGED.includes(path)) digests.add(read(cells)("policy_digest"));
      yield cells;
    }
  };
  const hash = sealed.hasher();
  const names = columns.map(({ name }) => name);
  for await (const piece of csv(names, rows())) hash.update(piece);
  if (hash.digest() !== sealed.digestOf(path)) return false;
  for (const digest of digests) if (digest !== "") policyDigests.add(digest);
  return true;
}

/** Walks a table beside the rows the log gives, both in the order of the table's key. */
async function* differences(
  table: Table,
  { sealed, source, isWhole, policyDigests }: Comparing,
): AsyncIterable<{ readonly code: RowDifference; readonly problem: string }> {
  const { path, columns } = table;
  const isOfMonths = [source.period.from, source.period.to].every(
    (at) => new Date(at).toISOString().slice(8) === "01T00:00:00.000Z",
  );
  const reader = rowReader(columns);
  const isOutside = (rests: Rests): boolean => !isWhole && (rests !== "months" || !isOfMonths);
  const comparable =
    path === SINCE_CLOSE
      ? (rows: AsyncIterable<readonly string[]>) => insideOnly(rows, isOutside)
      : (rows: AsyncIterable<readonly string[]>) => rows;
  const [there, here] = [cellsOf(sealed, path), again(table, source)].map(comparable);
  if (there === undefined || here === undefined) return;
  for await (const { left, right } of mergedRows(table, there, here)) {
    if (left !== null && JUDGED.includes(path)) {
      const digest = reader(left)("policy_digest");
      if (digest !== "") policyDigests.add(digest);
    }
    if (left === null) {
      yield { code: "row-left-out", problem: `lacks the row ${nameOf(right)}, which the log gives` };
      continue;
    }
    if (right === null) {
      yield { code: "row-not-logged", problem: `has the row ${nameOf(left)}, which the log does not give` };
      continue;
    }
    const other = columns.filter(({ rests }, index) => {
      const [a = "", b = ""] = [left[index], right[index]];
      return a !== b && !mayDiffer(rests, { there: a, here: b, isWhole, isOfMonths });
    });
    if (other.length > 0)
      yield {
        code: "cell-not-as-logged",
        problem: `row ${nameOf(left)}: ${other.map(({ name }) => name).join(", ")} ${other.length === 1 ? "is" : "are"} not what the log gives`,
      };
  }
}

/** Rows of since-close.csv, as far as the log in the package can give them. */
async function* insideOnly(
  rows: AsyncIterable<readonly string[]>,
  isOutside: (rests: Rests) => boolean,
): AsyncIterable<readonly string[]> {
  for await (const cells of rows) {
    const inside = withoutOutside(cells, TABLES, isOutside);
    if (inside !== null) yield inside;
  }
}

/** The rows of a table as its log gives them and as a file holds them. */
async function* again(table: Table, source: EvidenceSource): AsyncIterable<readonly string[]> {
  for await (const cells of table.rows(source)) yield escaped(cells);
}

/** Entries of other periods are not here: what rests on them is unknown. */
function mayDiffer(
  rests: Rests | undefined,
  cell: {
    readonly there: string;
    readonly here: string;
    readonly isWhole: boolean;
    readonly isOfMonths: boolean;
  },
): boolean {
  if (rests === undefined || cell.isWhole) return false;
  if (rests === "months") return !cell.isOfMonths;
  const there = cell.there.split(" ");
  return rests === "beyond" || cell.here === "" || cell.here.split(" ").every((each) => there.includes(each));
}

const JUDGED: readonly string[] = ["changes.csv", "deployments.csv"];

/** A spreadsheet would take such a cell for a formula: it is written behind an apostrophe. */
const FORMULA = /^[=+\-@\t\r＝＋－＠]/u;

function escaped(cells: readonly string[]): readonly string[] {
  return cells.map((cell) => (FORMULA.test(cell) ? `'${cell}` : cell));
}

function nameOf([id = ""]: readonly string[]): string {
  return id.length > 80 ? `${id.slice(0, 80)}…` : id;
}

/** tool.csv comes from no log: what it repeats of the manifest must agree. Answers where GitHub's API is. */
async function compareTool(sealed: Sealed, say: Say<RowDifference>): Promise<string> {
  const { generator, signing } = sealed.manifest;
  const facts = new Map<string, string>();
  for await (const row of rowsOf(sealed, "tool.csv")) facts.set(row("item"), row("value"));
  const expected = {
    name: generator.name,
    version: generator.version,
    "signing-key-fingerprint": signing.key_id,
  };
  for (const [item, value] of Object.entries(expected))
    if (facts.get(item) !== value)
      say("tool.csv", "cell-not-as-logged", `row ${item}: value is not the manifest's`);
  return facts.get("github-api") ?? "";
}

/** The policies of the log, and their files, are those in the package; nothing else is among them. */
async function comparePolicies(
  sealed: Sealed,
  source: EvidenceSource,
  say: Say<RowDifference>,
): Promise<void> {
  const known = new Set(["policies/index.csv"]);
  for await (const { entry, body } of scopePolicies(source)) {
    const texts = {
      json: jsonText(lineOf(entry).body),
      "organization.yml": body.organization.state === "found" ? body.organization.text : null,
      "repository.yml": body.repository.state === "found" ? body.repository.text : null,
    };
    const sources = [body.organization, body.repository].filter(({ state }) => state === "found");
    // As it was recorded: an older version asked for less.
    const own = DigestedPolicySchema.safeParse(lineOf(entry).body);
    if (!own.success || !hasItsDigest(own.data) || !sources.every(hasItsBlob))
      say(`policies/${body.digest}.json`, "text-not-as-logged", "is not the policy of its digest");
    for (const [end, text] of Object.entries(texts)) {
      const path = `policies/${body.digest}.${end}`;
      known.add(path);
      if (text !== null && sealed.text(path) !== text)
        say(path, "text-not-as-logged", "is not the policy of the log");
    }
  }
  for (const path of sealed.paths)
    if (path.startsWith("policies/") && !known.has(path))
      say(path, "text-not-as-logged", "is a policy that the log does not give");
}

/** Rows that say themselves that the log is not the one of their head. */
const DISAGREEING: readonly string[] = ["contradicts", "not-in-log"];

/** A head that is said to agree has the hash of its entry, where that entry or the one after it is here. */
async function compareHeads(sealed: Sealed, say: Say<RowDifference>): Promise<void> {
  const { log } = sealed.manifest;
  const hashes = new Map<number, string>();
  const differs = (size: number): void =>
    say("log/heads.csv", "cell-not-as-logged", `has a head of ${size} entries that is not the log's`);
  for await (const row of rowsOf(sealed, "log/heads.csv")) {
    if (DISAGREEING.includes(row("state"))) continue;
    const size = Number(row("size"));
    if (size > log.size || (size === log.size && row("hash") !== log.hash)) differs(size);
    hashes.set(size, row("hash"));
  }
  if (hashes.size === 0) return;
  for (const path of LOG_FILES)
    for await (const line of linesOf(sealed.read(path))) {
      const { seq, hash, previousHash } = envelopeOf(line);
      if ((hashes.get(seq) ?? hash) !== hash) differs(seq);
      if ((hashes.get(seq - 1) ?? previousHash) !== previousHash) differs(seq - 1);
    }
}

/** git names a file's content by this. */
function hasItsBlob(source: PolicySource): boolean {
  if (source.state !== "found") return true;
  const text = utf8ToBytes(source.text);
  return bytesToHex(sha1(concatBytes(utf8ToBytes(`blob ${text.length}\0`), text))) === source.blob;
}

async function* rowsOf(sealed: Sealed, path: string): AsyncIterable<(name: string) => string> {
  const form = TABLE_FORMS.find((each) => each.path === path);
  if (form === undefined) throw new Error(`no table ${path}`);
  const reader = rowReader(form.columns);
  for await (const cells of cellsOf(sealed, path)) yield reader(cells);
}

/** The rows of a table without its header. */
async function* cellsOf(sealed: Sealed, path: string): AsyncIterable<readonly string[]> {
  const csv = new CsvRows();
  let isHeader = true;
  for await (const piece of sealed.read(path))
    for (const cells of csv.push(piece)) {
      if (!isHeader) yield cells;
      isHeader = false;
    }
}

function jsonText(value: unknown): string {
  return `${canonical(value)}\n`;
}
