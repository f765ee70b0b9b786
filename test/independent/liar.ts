/**
 * What a company that lies can do with its own evidence: rewrite its log and export it anew with the tool itself, or edit the files of a
 * package as with a spreadsheet, count them again and seal them with its own key.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { printScenarioResult } from "../../src/cli/scenario/result.ts";
import type { SharedContent } from "../../src/domain/evidence/copies/first-page.ts";
import { canonical } from "../../src/domain/values/digest.ts";
import { FIRST_LINK, linkHash } from "../../src/domain/records/chain.ts";
import {
  BODIES,
  isOfKind,
  type Entry,
  type EntryKind,
  type LoggedEntry,
} from "../../src/domain/records/entry.ts";
import { TABLE_FORMS } from "../../src/domain/evidence/package.ts";
import { rowReader } from "../../src/domain/evidence/tables/table.ts";
import { bundleOf, fingerprintOf, sealOf, type SigningKey } from "../../src/domain/evidence/seal.ts";
import { Tally } from "../../src/domain/evidence/summary.ts";
import type { Presence } from "../../src/domain/monitoring/observed-time.ts";
import { exportEvidence, type ExportRequest } from "../../src/flows/monitoring/export-evidence.ts";
import { csvText } from "../../src/package/csv.ts";
import { openPackage } from "../../src/package/folder.ts";
import { COPIES } from "../../src/package/copies.ts";
import { MAKER } from "../../src/package/maker.ts";
import { VERSION } from "../../src/package/version.ts";
import { KEY, PERIOD } from "../evidence/fixture.ts";
import { readStory } from "../support/scenarios.ts";
import { openHarness } from "../support/harness.ts";
import { table } from "./reading.ts";

/** What a quarter left behind. */
export interface Quarter {
  readonly entries: readonly LoggedEntry[];
  readonly presence: Presence;
  readonly organization: { readonly id: number; readonly login: string };
}

/** Plays the demo's quarter in process and counts it, as the demo does. */
export async function demoQuarter(): Promise<Quarter> {
  const path = new URL("../../demo/story.yaml", import.meta.url);
  const scenario = readStory(readFileSync(path, "utf8"), "demo/story.yaml");
  const stage = await openHarness(scenario, "sqlite");
  try {
    const performance = await playScenario(scenario, stage);
    if (performance.failures.length > 0) throw new Error(printScenarioResult(performance));
    await stage.app.reconcile("acme", PERIOD.from, PERIOD.to);
    const ledger = await stage.openLedger();
    try {
      const entries: LoggedEntry[] = [];
      for await (const entry of ledger.log({ everyOrganization: true })) entries.push(entry);
      const owner = entries.find((entry) => entry.kind === "repository");
      return {
        entries,
        presence: await ledger.presence(),
        organization: { id: owner?.organizationId ?? 0, login: "acme" },
      };
    } finally {
      await ledger.close();
    }
  } finally {
    await stage.close();
  }
}

/** An entry and when it is said to have been recorded: its place and its links are made anew. */
export type Said = Entry & Pick<LoggedEntry, "recordedAt">;

/**
 * Numbers and links entries anew, each after the one before it, and exports the quarter of that log to a folder. `reported`: what
 * the report is made of instead of what the first page is.
 */
export async function exportOf(
  quarter: Quarter,
  said: readonly Said[],
  folder: string,
  reported = (content: SharedContent): SharedContent => content,
): Promise<void> {
  const entries: LoggedEntry[] = [];
  for (const entry of said) {
    const { version } = BODIES[entry.kind];
    const previousHash = entries.at(-1)?.hash ?? FIRST_LINK;
    const numbered = { ...entry, seq: entries.length + 1 };
    const hash = linkHash(previousHash, { ...numbered, version });
    entries.push({ ...numbered, previousHash, hash });
  }
  await exportEvidence({
    ledger: readerOf(entries, quarter.presence),
    organization: quarter.organization,
    period: PERIOD,
    generatedAt: PERIOD.to,
    signingKey: KEY,
    writer: await openPackage(folder),
    tool: { name: "countersign", version: VERSION, apiUrl: "http://github.test/api/v3", facts: [] },
    maker: {
      ...MAKER,
      copies: { ...COPIES, report: (content) => COPIES.report(reported(content)) },
    },
  });
}

/** A log in memory, read as a ledger is: states by subject or time, entries in order. */
function readerOf(entries: readonly LoggedEntry[], presence: Presence): ExportRequest["ledger"] {
  const { size, hash } = { size: entries.length, hash: entries.at(-1)?.hash ?? FIRST_LINK };
  const isIn = (
    at: number,
    { from = 0, to = Infinity }: { readonly from?: number; readonly to?: number },
  ): boolean => at >= from && at < to;
  return {
    async *states(kind, filter) {
      const { repositoryId, organizationId, subjectPrefix = "", order } = filter;
      const newest = new Map(
        entries.filter((entry) => isOfKind(entry, kind)).map((entry) => [entry.subject, entry]),
      );
      yield* [...newest.values()]
        .filter((entry) => repositoryId === undefined || entry.repositoryId === repositoryId)
        .filter((entry) => organizationId === undefined || entry.organizationId === organizationId)
        .filter((entry) => entry.subject.startsWith(subjectPrefix) && isIn(entry.at, filter))
        .toSorted((a, b) => (order === "at" ? a.at - b.at : 0) || (a.subject < b.subject ? -1 : 1));
    },
    async *log({ kinds, organizationId, ...filter }) {
      for (const entry of entries)
        if (isAmong(entry, kinds) && isIn(entry.at, filter))
          if (organizationId === undefined || entry.organizationId === organizationId) yield entry;
    },
    history: ({ kinds, ...which }) =>
      Promise.resolve(
        entries
          .filter((entry) => isAmong(entry, kinds))
          .filter(({ subject }) =>
            "beginning" in which ? subject.startsWith(which.beginning) : which.subjects.includes(subject),
          ),
      ),
    head: () => Promise.resolve({ size, hash }),
    presence: () => Promise.resolve(presence),
    asOf: (place) => readerOf(entries.slice(0, place), presence),
  };
}

function isAmong<K extends EntryKind>(
  entry: LoggedEntry,
  kinds: readonly K[] | undefined,
): entry is LoggedEntry & LoggedEntry<K> {
  return kinds === undefined || kinds.some((kind) => isOfKind(entry, kind));
}

type Cells = Record<string, string>;

/** A package's files, opened like a spreadsheet. */
export class Book {
  readonly folder: string;
  readonly #tables = new Map<string, Cells[]>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The rows of a table, to be changed in place. */
  rows(path: string): Cells[] {
    const known = this.#tables.get(path);
    if (known !== undefined) return known;
    const rows = table(readFileSync(join(this.folder, path), "utf8")).map((row) => ({ ...row }));
    this.#tables.set(path, rows);
    return rows;
  }

  /** Changes cells of each row that fits. Throws where none does. */
  set(path: string, fits: (row: Cells) => boolean, cells: Cells): void {
    const found = this.rows(path).filter(fits);
    if (found.length === 0) throw new Error(`${path}: no row fits the lie`);
    for (const row of found) Object.assign(row, cells);
  }

  /** Takes out each row that fits. Throws where none does. */
  drop(path: string, fits: (row: Cells) => boolean): void {
    const rows = this.rows(path);
    const left = rows.filter((row) => !fits(row));
    if (left.length === rows.length) throw new Error(`${path}: no row fits the lie`);
    rows.splice(0, rows.length, ...left);
  }

  /** Changes a text. Throws where that changes nothing. */
  async text(path: string, change: (text: string) => string): Promise<void> {
    const before = await readFile(join(this.folder, path), "utf8");
    const after = change(before);
    if (after === before) throw new Error(`${path}: the lie changes nothing`);
    await writeFile(join(this.folder, path), after);
  }

  /** Writes the tables back, sorted as they must be, and counts summary, completeness and populations again. */
  async close(isCounted: boolean): Promise<void> {
    for (const [path, rows] of this.#tables) await this.#write(path, rows);
    if (!isCounted) return;
    const tally = new Tally(null, () => true);
    for (const { path, columns } of TABLE_FORMS) {
      const read = rowReader(columns);
      for (const row of this.rows(path)) tally.count(path, read(columns.map(({ name }) => row[name] ?? "")));
    }
    await writeFile(join(this.folder, "summary.json"), `${canonical(tally.summary())}\n`);
    const completeness = await this.#json("completeness.json");
    for (const branch of completeness["branches"] as { repository_id: number; branch: string }[])
      Object.assign(branch, tally.branch(branch.repository_id, branch.branch));
    await writeFile(join(this.folder, "completeness.json"), `${canonical(completeness)}\n`);
    const manifest = await this.#json("manifest.json");
    const { changes, deployments, ref_updates } = tally.summary();
    manifest["populations"] = {
      changes: changes.total,
      deployments: deployments.total,
      ref_updates: ref_updates.total,
    };
    await writeFile(join(this.folder, "manifest.json"), `${canonical(manifest)}\n`);
  }

  async #json(path: string): Promise<Record<string, unknown>> {
    return JSON.parse(await readFile(join(this.folder, path), "utf8")) as Record<string, unknown>;
  }

  async #write(path: string, rows: readonly Cells[]): Promise<void> {
    const form = TABLE_FORMS.find((each) => each.path === path);
    if (form === undefined) throw new Error(`no table ${path}`);
    const key = (row: Cells): string =>
      form.sortedBy
        .map((name) =>
          form.columns.some((column) => column.name === name && column.type === "integer")
            ? (row[name] ?? "").padStart(16, "0")
            : (row[name] ?? ""),
        )
        .join("\n");
    const sorted = rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
    const names = form.columns.map(({ name }) => name);
    const cells = sorted.map((row) => names.map((name) => row[name] ?? ""));
    await writeFile(join(this.folder, path), csvText(names, Readable.from(cells)));
  }
}

/** Makes manifest, SHA256SUMS and seal anew over what lies in a folder. Without a key the seal stays as it was. */
export async function sealAgain(folder: string, key: SigningKey | null = KEY): Promise<void> {
  const digest = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as {
    files: { path: string; sha256: string; bytes: number; rows: number | null }[];
  };
  for (const file of manifest.files) {
    const bytes = await readFile(join(folder, file.path));
    file.sha256 = digest(bytes);
    file.bytes = bytes.length;
    if (file.path.endsWith(".jsonl")) file.rows = bytes.toString().split("\n").length - 1;
    else if (file.path.endsWith(".csv")) file.rows = table(bytes.toString()).length;
  }
  await writeFile(join(folder, "manifest.json"), `${canonical(manifest)}\n`);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .filter((path) => !["SHA256SUMS", "manifest.dsse.json", "manifest.sigstore.json"].includes(path))
    .toSorted((a, b) => (a < b ? -1 : 1));
  const subjects = [];
  for (const name of paths) subjects.push({ name, sha256: digest(await readFile(join(folder, name))) });
  const sums = subjects.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");
  await writeFile(join(folder, "SHA256SUMS"), sums);
  if (key === null) return;
  const all = [...subjects, { name: "SHA256SUMS", sha256: digest(sums) }].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const { files: _, ...predicate } = manifest;
  const seal = sealOf(all, predicate, key);
  await writeFile(join(folder, "manifest.dsse.json"), seal);
  await writeFile(join(folder, "manifest.sigstore.json"), bundleOf(seal, fingerprintOf(key.spki)));
}
