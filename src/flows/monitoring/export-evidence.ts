/** An export: the period's populations, what was tested on them, and the proof of both, sealed in one folder. */

import { canonical } from "../../domain/values/digest.ts";
import { citedEntries } from "../../domain/evidence/cited-entries.ts";
import {
  closingDocument,
  closingsOf,
  EXPORTED,
  type ClosingDocument,
  type MadeAs,
} from "../../domain/evidence/closing.ts";
import { completenessDocument } from "../../domain/evidence/completeness.ts";
import { LIBRARIES, type CopyMaker } from "../../domain/evidence/copies/maker.ts";
import {
  DOCUMENTS,
  TABLE_FORMS,
  TABLE_FORMS_AS_WRITTEN,
  TABLES,
  documentForm,
  packageId,
  REPORT_FILE,
  schemaOfDocument,
  toolTable,
  WORKBOOK_FILE,
  type Manifest,
} from "../../domain/evidence/package.ts";
import {
  byTime,
  type EvidenceSource,
  type LogReader,
  type Period,
} from "../../domain/evidence/tables/population.ts";
import { ipeTable } from "../../domain/evidence/ipe.ts";
import { scopePolicies } from "../../domain/evidence/rows/policies.ts";
import type { ToolFact } from "../../domain/evidence/rows/scope.ts";
import { bundleOf, fingerprintOf, pemOf, sealOf, type SigningKey } from "../../domain/evidence/seal.ts";
import { frontMatter, observedDocument } from "../../domain/evidence/start-here.ts";
import { Tally } from "../../domain/evidence/summary.ts";
import {
  rowReader,
  schemaName,
  schemaOfTable,
  timeText,
  type Table,
} from "../../domain/evidence/tables/table.ts";
import type { RowMaker } from "../../domain/evidence/verify/compare-with-log.ts";
import { lineOf } from "../../domain/records/stored.ts";
import type { LedgerReader } from "../../ledger/ledger.ts";
import { readObservedTime } from "../records/observation-coverage.ts";
import type { PackageWriter, Written } from "../../package/folder.ts";

/** Describes what makes the pages and copies of a package. */
type PackageMaker = RowMaker & { readonly copies: CopyMaker };

/** Describes what an export needs. `ledger`: the log as of one place in it, where events may come in meanwhile; `writer` is finished when it went well and abandoned when it did not. */
export interface ExportRequest {
  readonly ledger: Pick<LedgerReader, "states" | "log" | "history" | "head" | "presence" | "asOf">;
  readonly organization: { readonly id: number; readonly login: string };
  readonly period: Period;
  /** When the package was made, by its manifest, milliseconds; the same inputs give the same bytes. */
  readonly generatedAt: number;
  readonly signingKey: SigningKey;
  readonly writer: PackageWriter;
  readonly tool: {
    readonly name: string;
    readonly version: string;
    /** GitHub's API, e.g. https://api.github.com, for the commands that re-perform an extraction. */
    readonly apiUrl: string;
    /** Whatever else tool.csv contains; never a secret. */
    readonly facts: readonly ToolFact[];
  };
  readonly maker: PackageMaker;
  /** Whether it is made to be handed over; by default it is not. */
  readonly madeAs?: MadeAs;
}

/** Describes what was exported. */
export interface Exported {
  readonly folder: string;
  readonly zip: string | null;
  readonly packageId: string;
  readonly fingerprint: string;
  readonly populations: Manifest["populations"];
  readonly files: number;
  /** SHA-256 of manifest.dsse.json, by which a closing names the package. */
  readonly seal: string;
  /** The head of the log it was made from. */
  readonly log: Manifest["log"];
  readonly closing: ClosingDocument;
}

/** Writes, seals and finishes one evidence package. Memory does not grow with the period. Throws {@link ExternalError}. */
export async function exportEvidence(request: ExportRequest): Promise<Exported> {
  try {
    const sealed = await writePackage(request);
    return { ...sealed, ...(await request.writer.finish()) };
  } catch (error) {
    await request.writer.abandon();
    throw error;
  }
}

async function writePackage(request: ExportRequest): Promise<Omit<Exported, "folder" | "zip">> {
  const { writer, organization, period, generatedAt, signingKey, tool, maker, madeAs = EXPORTED } = request;
  const source = await sourceOf(request);
  const fingerprint = fingerprintOf(signingKey.spki);
  const tally = new Tally(period);
  const written: Written[] = [];
  const policyDigests = new Set<string>();

  const tables = [...TABLES, toolTable(toolFacts(request, fingerprint)), ipeTable(written, tool.apiUrl)];
  for (const table of tables) {
    const names = table.columns.map((column) => column.name);
    const rows = counted(table, source, tally, policyDigests);
    written.push(await writer.table(table.path, names, rows));
  }
  written.push(...(await writePolicies(source, writer)));

  const completeness = await completenessDocument(source);
  const summary = tally.summary();
  const entries = await writeLog(source, writer, organization.id, "log/entries.jsonl");
  const cited = await writeLog(source, writer, organization.id, "log/cited.jsonl");
  written.push(entries, cited);
  const head = await request.ledger.head();
  const put = async (path: string, content: string | AsyncIterable<Uint8Array>): Promise<void> => {
    written.push(await writer.text(path, content));
  };
  await put("log/head.json", jsonText({ ...head, entries: entries.rows, cited: cited.rows }));
  await put("completeness.json", jsonText(completeness));
  await put("observed.json", jsonText(observedDocument(source.observedTime)));
  await put("summary.json", jsonText(summary));
  await put("public-key.pem", pemOf(signingKey.spki));
  await put("verify.sh", maker.verifyScript);
  await putSchemas(tables, put);

  const shown = tally.shown();
  const closing = closingDocument(madeAs, await closingsOf(source), summary.since_close, shown.rolledUp);
  const front = await frontMatter(source, { organization, completeness, summary, policyDigests, closing });
  const id = packageId(organization.login, period);
  const populations = {
    changes: summary.changes.total,
    deployments: summary.deployments.total,
    ref_updates: summary.ref_updates.total,
  };
  const generator = { name: tool.name, version: tool.version };
  await put(
    WORKBOOK_FILE,
    maker.copies.workbook({
      package_id: id,
      organization,
      period: { name: period.name, from: timeText(period.from), to: timeText(period.to) },
      generator,
      generatedAt,
      tables: TABLE_FORMS_AS_WRITTEN.map((table) => ({ ...table, read: () => writer.read(table.path) })),
    }),
  );
  const report = {
    packageId: id,
    organization,
    period,
    generatedAt,
    generator,
    apiUrl: tool.apiUrl,
    fingerprint,
    closing,
    ...shown,
    ...front,
    completeness,
    summary,
    logHead: head,
  };
  await put(REPORT_FILE, maker.copies.report(report));
  await put("START-HERE.html", maker.renderStartHere({ ...report, files: inventory(written) }));

  const manifest: Manifest = {
    schema_version: "1",
    package_id: id,
    organization: { id: organization.id, login: organization.login },
    period: { name: period.name, from: timeText(period.from), to: timeText(period.to) },
    generated_at: timeText(generatedAt),
    generator,
    policy_digests: [...policyDigests].toSorted(),
    populations,
    log: { size: head.size, hash: head.hash },
    closing,
    known_limitations: [...front.limitations],
    signing: { algorithm: "ECDSA P-256, SHA-256", key_id: fingerprint },
    files: inventory(written),
  };
  const { files, seal } = await sealPackage(manifest, written, request);
  return { packageId: id, fingerprint, populations, files, seal, log: manifest.log, closing };
}

/** Writes the manifest, the digests and the seal over all of it; `written` are the other files. */
async function sealPackage(
  manifest: Manifest,
  written: readonly Written[],
  { writer, signingKey }: Pick<ExportRequest, "writer" | "signingKey">,
): Promise<Pick<Exported, "files" | "seal">> {
  const listed = [...written, await writer.text("manifest.json", jsonText(manifest))].toSorted(byPath);
  const sums = await writer.text(
    "SHA256SUMS",
    listed.map((file) => `${file.sha256}  ${file.path}\n`).join(""),
  );
  const subjects = [...listed, sums]
    .toSorted(byPath)
    .map((file) => ({ name: file.path, sha256: file.sha256 }));
  const { files: _files, ...predicate } = manifest;
  const sealed = sealOf(subjects, predicate, signingKey);
  const { sha256: seal } = await writer.text("manifest.dsse.json", sealed);
  await writer.text("manifest.sigstore.json", bundleOf(sealed, manifest.signing.key_id));
  return { files: subjects.length + 2, seal };
}

async function putSchemas(
  tables: readonly Table[],
  put: (path: string, content: string) => Promise<void>,
): Promise<void> {
  for (const table of tables) await put(`schemas/${schemaName(table.path)}`, jsonText(schemaOfTable(table)));
  for (const form of DOCUMENTS)
    if (form.schema !== null)
      await put(
        `schemas/${schemaName(form.path)}`,
        jsonText(schemaOfDocument({ ...form, schema: form.schema })),
      );
}

/** Returns what a package of a ledger is made from. */
export async function sourceOf({
  ledger,
  organization,
  period,
  generatedAt,
  writer,
}: Pick<
  ExportRequest,
  "ledger" | "organization" | "period" | "generatedAt" | "writer"
>): Promise<EvidenceSource> {
  return {
    observedTime: await readObservedTime(ledger, organization.id, generatedAt),
    organizationId: organization.id,
    period,
    generatedAt,
    ...readerOf(ledger),
    asOf: (size) => readerAsOf(ledger.asOf(size), writer),
    sorted: (lines) => writer.sorted(lines),
  };
}

/** Returns the log as evidence is read from it. One log holds every organisation. */
export function readerOf(ledger: Pick<LedgerReader, "states" | "log" | "history">): LogReader {
  return {
    states: (kind, filter) => ledger.states(kind, filter),
    log: (filter) => ledger.log(filter),
    history: async (kind, organizationId) => {
      const all = await ledger.history({ kinds: [kind], beginning: "" });
      return all.filter((entry) => entry.organizationId === organizationId);
    },
  };
}

function readerAsOf(ledger: ReturnType<LedgerReader["asOf"]>, writer: PackageWriter): LogReader {
  const reader = readerOf(ledger);
  return {
    ...reader,
    states: (kind, { order, ...filter }) => {
      const states = reader.states(kind, { ...filter, order: "subject" });
      return order === "subject" ? states : byTime(states, (lines) => writer.sorted(lines));
    },
  };
}

async function* counted(
  table: Table,
  source: EvidenceSource,
  tally: Tally,
  policyDigests: Set<string>,
): AsyncIterable<readonly string[]> {
  const read = rowReader(table.columns);
  const judged = table.path === "changes.csv" || table.path === "deployments.csv";
  for await (const cells of table.rows(source)) {
    tally.count(table.path, read(cells));
    const digest = judged ? read(cells)("policy_digest") : "";
    if (digest !== "") policyDigests.add(digest);
    yield cells;
  }
}

async function writePolicies(source: EvidenceSource, writer: PackageWriter): Promise<readonly Written[]> {
  const written: Written[] = [];
  for await (const { entry, body } of scopePolicies(source)) {
    written.push(await writer.text(`policies/${body.digest}.json`, jsonText(lineOf(entry).body)));
    for (const level of ["organization", "repository"] as const) {
      const file = body[level];
      if (file.state === "found")
        written.push(await writer.text(`policies/${body.digest}.${level}.yml`, file.text));
    }
  }
  return written;
}

async function writeLog(
  source: EvidenceSource,
  writer: PackageWriter,
  organizationId: number,
  path: "log/entries.jsonl" | "log/cited.jsonl",
): Promise<Written> {
  const { from, to } = source.period;
  const entries =
    path === "log/entries.jsonl" ? source.log({ organizationId, from, to }) : citedEntries(source);
  let rows = 0;
  const file = await writer.text(
    path,
    (async function* () {
      for await (const entry of entries) {
        if (entry.organizationId !== organizationId) continue;
        rows += 1;
        yield jsonText(lineOf(entry));
      }
    })(),
  );
  return { ...file, rows };
}

function inventory(written: readonly Written[]): Manifest["files"] {
  const described = new Map([...TABLE_FORMS, ...DOCUMENTS].map((form) => [form.path, form.description]));
  return written.toSorted(byPath).map((file) => ({
    path: file.path,
    sha256: file.sha256,
    bytes: file.bytes,
    rows: file.rows,
    schema: hasSchema(file.path) ? `schemas/${schemaName(file.path)}` : null,
    description: described.get(file.path) ?? describe(file.path),
  }));
}

function hasSchema(path: string): boolean {
  return path.endsWith(".csv") || (documentForm(path)?.schema ?? null) !== null;
}

function describe(path: string): string {
  if (path.startsWith("schemas/")) return "JSON Schema of the file it is named after.";
  if (path.endsWith(".json")) return "One policy version: what was in force and the files it came from.";
  return "The source text of the policy file, as it was read.";
}

function toolFacts(request: ExportRequest, fingerprint: string): readonly ToolFact[] {
  const { tool } = request;
  return [
    ...tool.facts,
    { item: "name", value: tool.name },
    { item: "version", value: tool.version },
    { item: "github-api", value: tool.apiUrl },
    { item: LIBRARIES, value: request.maker.copies.libraries },
    { item: "signing-key-fingerprint", value: fingerprint },
  ];
}

function jsonText(value: unknown): string {
  return `${canonical(value)}\n`;
}

function byPath(a: Written, b: Written): number {
  return a.path < b.path ? -1 : 1;
}
