/**
 * The files of an evidence package as values. A further file is one entry more: a {@link Table} in TABLES (its rows are
 * streamed, its schema, docs and row checks follow from its columns), or a document in DOCUMENTS with the text it holds.
 */

import { z } from "zod";

import { CHANGES } from "./rows/changes.ts";
import { REF_UPDATES } from "./rows/ref-updates.ts";
import { spansText, unobservedIn, type ObservedTime } from "../monitoring/observed-time.ts";
import type { CompletenessDocument } from "./completeness.ts";
import { EMERGENCY_CHANGES, RETROACTIVE_REVIEWS } from "./rows/emergencies.ts";
import { CONTROL_STATE, PRIVILEGED_ACTORS } from "./rows/control-state.ts";
import { EXEMPTIONS } from "./rows/exemptions.ts";
import { InstantSchema } from "../time/instant.ts";
import { unaskedText } from "../policy/asked-controls.ts";
import { oneLine } from "../texts/wording.ts";
import type { ControlName } from "../values/result.ts";
import { table, timeText, type Table, type TableForm } from "./tables/table.ts";
import type { Period } from "./tables/population.ts";
import { RIGHTS_USED } from "./rows/rights-used.ts";
import { DEVIATIONS } from "./rows/deviations.ts";
import { MONTHLY_REVIEWS_TABLE, WAITING_TIMES } from "./rows/monitoring.ts";
import { REMEDIATION, REMEDIATION_HISTORY } from "./rows/remediation.ts";
import {
  COMPLETENESS,
  CONTROL_MATRIX,
  COVERAGE_GAPS,
  SCOPE,
  TOOL_COLUMNS,
  type ToolFact,
} from "./rows/scope.ts";
import { ipeTable } from "./ipe.ts";
import { LOG_HEADS } from "./heads/rows.ts";
import type { LogHeads } from "./heads/front.ts";
import { POLICIES } from "./rows/policies.ts";
import { SEPARATION_OF_DUTIES } from "./rows/separation-of-duties.ts";
import { CONTROL_TESTS, DEPLOYMENTS } from "./rows/control-tests.ts";
import { periodsTable, trendTable } from "./roll-up/rows.ts";
import { sinceCloseTable } from "./since-close.ts";
import { ClosingSchema, closingWords, isNeverClosed, type ClosingDocument } from "./closing.ts";

/** The tables that are read from the log at one place in it. */
const TABLES_AT_ONCE: readonly Table[] = [
  SCOPE,
  CONTROL_MATRIX,
  POLICIES,
  CHANGES,
  DEPLOYMENTS,
  REF_UPDATES,
  CONTROL_TESTS,
  SEPARATION_OF_DUTIES,
  DEVIATIONS,
  EMERGENCY_CHANGES,
  RETROACTIVE_REVIEWS,
  EXEMPTIONS,
  COMPLETENESS,
  COVERAGE_GAPS,
  CONTROL_STATE,
  PRIVILEGED_ACTORS,
  RIGHTS_USED,
  MONTHLY_REVIEWS_TABLE,
  REMEDIATION,
  REMEDIATION_HISTORY,
  WAITING_TIMES,
];

/** Holds the tables read from the log, in the order they are written. */
export const TABLES: readonly Table[] = [
  ...TABLES_AT_ONCE,
  // That more heads were posted since a closing changes nothing of the period.
  LOG_HEADS,
  sinceCloseTable(TABLES_AT_ONCE),
  periodsTable(TABLES_AT_ONCE),
  trendTable(TABLES_AT_ONCE),
];

/** Returns tool.csv, made from facts about the tool rather than from the log. */
export function toolTable(facts: readonly ToolFact[]): Table {
  const sorted = facts.toSorted((a, b) => (a.item < b.item ? -1 : 1));
  return table<ToolFact>({
    path: "tool.csv",
    description: "Versions, keys and settings of the tool that made this package.",
    columns: TOOL_COLUMNS,
    async *rows() {
      yield* sorted;
    },
  });
}

/** Holds every CSV file of the package with its columns, in the order they are written. */
export const TABLE_FORMS_AS_WRITTEN: readonly TableForm[] = [
  ...TABLES,
  toolTable([]),
  ipeTable([], "https://api.github.com"),
];

/** Holds the same by path, for schemas, docs and checks. */
export const TABLE_FORMS: readonly TableForm[] = TABLE_FORMS_AS_WRITTEN.toSorted((a, b) =>
  a.path < b.path ? -1 : 1,
);

const Digest = z.string().regex(/^[0-9a-f]{64}$/u);
const Time = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z$/u);
const Count = z.int().min(0);
const Counts = z.record(z.string(), Count);
const RateSchema = z.strictObject({ numerator: Count, denominator: Count, rate: z.string().nullable() });
const Rates = z.record(z.string(), RateSchema);
const PeriodSchema = z
  .strictObject({ name: z.string(), from: Time, to: Time })
  .describe("UTC; `from` included, `to` excluded");

/** Holds manifest.json: every file with its digest, and what the package is about. */
export const ManifestSchema = z
  .strictObject({
    schema_version: z.literal("1"),
    package_id: z.string(),
    organization: z.strictObject({ id: Count, login: z.string() }),
    period: PeriodSchema,
    generated_at: Time,
    generator: z.strictObject({ name: z.string(), version: z.string() }),
    policy_digests: z.array(Digest).describe("the policies that judged the subjects of the period"),
    populations: z.strictObject({ changes: Count, deployments: Count, ref_updates: Count }),
    log: z
      .strictObject({ size: Count, hash: Digest })
      .describe("the evidence log's head when this was generated"),
    closing: ClosingSchema.optional(),
    known_limitations: z.array(z.string()),
    signing: z.strictObject({
      algorithm: z.literal("ECDSA P-256, SHA-256"),
      key_id: Digest.describe("SHA-256 of the public key's SubjectPublicKeyInfo in DER"),
    }),
    files: z
      .array(
        z.strictObject({
          path: z.string(),
          sha256: Digest,
          bytes: Count,
          rows: Count.nullable().describe("data rows of a CSV or lines of a JSONL file; null for others"),
          schema: z.string().nullable().describe("path of its JSON Schema in this package"),
          description: z.string(),
        }),
      )
      .describe("every file but manifest.json, SHA256SUMS, manifest.dsse.json and manifest.sigstore.json"),
  })
  .describe("The package's list of contents.");

/** Describes the content of manifest.json. */
export type Manifest = z.infer<typeof ManifestSchema>;

/** Returns the period of a package, with those it rolls up. */
export function periodIn({ period, closing }: Manifest): Period {
  const dated = ({
    name,
    from,
    to,
  }: {
    readonly name: string;
    readonly from: string;
    readonly to: string;
  }) => ({
    name,
    from: Date.parse(from),
    to: Date.parse(to),
  });
  const parts = closing?.rolls_up?.periods.map(dated);
  return { ...dated(period), ...(parts === undefined ? {} : { parts }) };
}

/** Holds completeness.json, which its own counts are held against. */
export const CompletenessSchema = z
  .strictObject({
    period: PeriodSchema,
    complete: z
      .boolean()
      .describe(
        "the period is over, the whole of it was observed, and at least one production branch was counted, each proven for its whole part of it",
      ),
    branches: z.array(
      z.strictObject({
        repository_id: Count,
        repository: z.string(),
        branch: z.string(),
        from: Time,
        to: Time,
        begins: z
          .enum(["period", "new", "observed"])
          .describe(
            "what from is: the period's start; when a new repository was met; or since when one was observed that may be older, so that what happened before is not known",
          ),
        proven: z.boolean(),
        unproven: z
          .array(z.strictObject({ from: Time, to: Time }))
          .describe("spans without a complete check"),
        checks: Count,
        updates: Count.describe("changes of the period on this branch"),
        updates_matched: Count.describe("those of them that happened in a span with a complete check"),
        without_pull_request: Count,
        differences: Count.describe("distinct ones that no later complete check settled"),
        unexplained: Count,
      }),
    ),
  })
  .describe(
    "Whether the population of changes equals GitHub's own lists, branch by branch; the checks themselves are in completeness.csv.",
  );

/** Holds observed.json, on which statements about days rest. */
export const ObservedSchema = z
  .strictObject({
    since: Time.nullable().describe("when observation began; null: nothing was ever under watch"),
    until: Time.describe("up to when something was looked at"),
    unseen: z
      .array(z.strictObject({ from: Time, to: Time }))
      .describe("spans that nobody observed, and of which nobody read afterwards what happened"),
  })
  .describe(
    "What was observed when this was generated: worked out of the log and of when an App was there, which the log does not hold.",
  );

const ByVerdict = { by_verdict: Counts };

const SummarySchema = z
  .strictObject({
    changes: z.strictObject({
      total: Count,
      ...ByVerdict,
      by_update: Counts,
      by_class: Counts,
      by_assurance: Counts,
      by_mode: Counts.describe("enforce, or observe: the policy blocked nothing"),
      late: Count,
      unverifiable_accepted: Count,
      without_deviation: Count.describe("non-compliant, and named by no deviation"),
      deployed: Count,
      rate_by_verdict: Rates.describe("of all that are not historic"),
    }),
    deployments: z.strictObject({
      total: Count,
      ...ByVerdict,
      by_kind: Counts,
      by_mode: Counts,
      without_deviation: Count,
      rate_by_verdict: Rates,
    }),
    controls: z
      .record(z.string(), z.strictObject({ by_outcome: Counts, passed: RateSchema }))
      .describe(
        "outcomes by control; passes among all subjects the control applies to, unverifiable and waived in the denominator; what is historic is in none of them",
      ),
    months: z.array(z.strictObject({ month: z.string(), changes: Count, ...ByVerdict, deployments: Count })),
    repositories: z.record(z.string(), z.strictObject({ changes: Count, ...ByVerdict })),
    deviations: z.strictObject({
      total: Count,
      by_type: Counts,
      by_status: Counts,
      by_severity: Counts,
      by_cause: Counts,
      by_source: Counts,
    }),
    monthly_reviews: z.strictObject({ total: Count, by_status: Counts, at_terminal: Count }),
    emergencies: z.strictObject({
      total: Count,
      by_status: Counts,
      by_authorisation: Counts.describe("independent, alone-confirmed, alone-unconfirmed or none"),
      reviews_by_status: Counts,
      reviews_late_or_overdue: Count,
    }),
    ref_updates: z.strictObject({ total: Count, not_contiguous: Count }),
    coverage_gaps: z.strictObject({ total: Count, by_cause: Counts, not_backfilled: Count }),
    since_close: z
      .strictObject({
        total: Count.describe("rows that differ in more than when they were recorded"),
        recorded_again: Count,
        by_table: z.record(z.string(), Counts).describe("by table and by change"),
      })
      .describe("rows of since-close.csv"),
  })
  .describe("Counts and rates with their denominators; each can be counted again from the CSV files.");

const HeadSchema = z
  .strictObject({
    size: Count.describe("entries in the whole log"),
    hash: Digest.describe("hash of its last entry"),
    entries: Count.describe("lines of log/entries.jsonl"),
    cited: Count.describe("lines of log/cited.jsonl"),
  })
  .describe("The evidence log's head when this was generated, and how much of the log is here.");

const EntrySchema = z
  .strictObject({
    seq: Count,
    kind: z.string(),
    subject: z.string(),
    repositoryId: Count,
    organizationId: Count,
    at: InstantSchema,
    recordedAt: InstantSchema,
    version: z.int().min(2).optional().describe("the version of its body; absent: 1"),
    body: z.unknown(),
    previousHash: Digest,
    hash: Digest,
  })
  .describe(
    "One line: one entry of the evidence log, canonical JSON. hash = SHA-256 of previousHash, a line feed, and the canonical JSON of the entry without its two hashes. Times are milliseconds since 1970.",
  );

/** Describes a file that is not a table. `schema`: what its JSON (each line of a JSONL file) must look like. */
export interface DocumentForm {
  readonly path: string;
  readonly description: string;
  readonly schema: z.ZodType | null;
  /** False for the four files the manifest cannot hold the digest of. */
  readonly listed: boolean;
}

const document = (
  path: string,
  description: string,
  schema: z.ZodType | null = null,
  listed = true,
): DocumentForm => ({ path, description, schema, listed });

/** Names the workbook. */
export const WORKBOOK_FILE = "evidence.xlsx";
/** Names the report. */
export const REPORT_FILE = "report.pdf";

/** Holds the files that are not tables, policies or schemas. */
export const DOCUMENTS: readonly DocumentForm[] = [
  document(
    "START-HERE.html",
    "How many of how many, limitations, deviations, emergencies, gaps, months, repositories, controls, completeness, and how to verify and re-perform.",
  ),
  document(
    "completeness.json",
    "Whether the population of changes equals GitHub's own lists, branch by branch.",
    CompletenessSchema,
  ),
  document(WORKBOOK_FILE, "The tables once more, as one workbook for spreadsheet programs."),
  document(
    "log/cited.jsonl",
    "Log entries from outside the period that rows of this package cite.",
    EntrySchema,
  ),
  document("log/entries.jsonl", "Every log entry about something that happened in the period.", EntrySchema),
  document("log/head.json", "The log's head when this was generated.", HeadSchema),
  document(
    "manifest.dsse.json",
    "The seal: an in-toto statement over every other file, in a DSSE envelope.",
    null,
    false,
  ),
  document("manifest.json", "Every file with digest, size, rows and schema.", ManifestSchema, false),
  document(
    "manifest.sigstore.json",
    "The seal once more, as a Sigstore bundle that other tools verify with the public key.",
    null,
    false,
  ),
  document(
    "observed.json",
    "What was observed: since when, until when, and of which spans nobody knows.",
    ObservedSchema,
  ),
  document(
    "public-key.pem",
    "The public key of the seal. Compare its fingerprint with one you got from elsewhere.",
  ),
  document(
    "SHA256SUMS",
    "Digest of every file but itself and the seal in both its forms, as sha256sum reads them.",
    null,
    false,
  ),
  document(REPORT_FILE, "What START-HERE.html begins with, as one document for paper."),
  document("summary.json", "Counts, rates with denominators, months.", SummarySchema),
  document("verify.sh", "Checks this package with sha256sum and openssl alone."),
];

/** Returns the form of a document by its path, where it has one. */
export function documentForm(path: string): DocumentForm | undefined {
  return DOCUMENTS.find((each) => each.path === path);
}

/** Returns the JSON Schema of a document. */
export function schemaOfDocument(form: DocumentForm & { readonly schema: z.ZodType }): unknown {
  return { title: form.path, ...z.toJSONSchema(form.schema) };
}

/** Returns the name of a package, which is also that of its folder: letters, digits, dots and hyphens only. */
export function packageId(login: string, period: Period): string {
  return `evidence-${login}-${period.name}`.replaceAll(/[^A-Za-z0-9.-]+/gu, "-");
}

/** What the limitations of a period follow from. */
interface LimitationFacts {
  readonly period: Period;
  readonly generatedAt: number;
  readonly closing: ClosingDocument;
  readonly completeness: CompletenessDocument;
  readonly observedTime: ObservedTime;
  readonly heads: Pick<LogHeads, "contradictions" | "limitations">;
  /** Controls that none of the policies in force requires. */
  readonly unasked: readonly ControlName[];
  /** Environments that a policy in force names as used only for their secrets. */
  readonly secretsOnly: readonly string[];
  /** Rows of monitoring.csv, and whether anyone is named to sign months off. */
  readonly monitoring: { readonly rows: number; readonly isOwned: boolean };
  /** Changes and deployments judged while the policy only observed, and all of them. */
  readonly observed: { readonly count: number; readonly of: number };
  readonly readLater: number;
  /** Changes and deployments that could not be judged, and the changes among them that someone accepted before the merge. */
  readonly unverifiable: {
    readonly changes: number;
    readonly deployments: number;
    readonly accepted: number;
  };
  readonly late: number;
  readonly gaps: number;
}

/** Returns what this package is known not to show: first what this period lacks, then what always holds. */
export function limitationsOf(facts: LimitationFacts): readonly string[] {
  const { period, generatedAt, completeness } = facts;
  const when = (holds: boolean, sentence: string): readonly string[] => (holds ? [sentence] : []);
  const unseen = unobservedIn(facts.observedTime, period, generatedAt);
  const { observed, unverifiable } = facts;
  return [
    ...facts.heads.contradictions,
    ...(isNeverClosed(facts.closing) ? [] : closingWords(facts.closing)),
    ...when(
      observed.count > 0,
      `For ${observed.count} of ${observed.of} changes and deployments the policy only observed (mode observe): nothing was blocked, and what was non-compliant opened no deviation.`,
    ),
    ...when(facts.unasked.length > 0, unaskedText(facts.unasked) ?? ""),
    ...when(
      facts.secretsOnly.length > 0,
      `The policy names environments that jobs use only for their secrets (production.secrets-only): ${facts.secretsOnly.map(oneLine).join(", ")}. Such a job is no deployment here, and what it did with the secrets is not tested.`,
    ),
    ...when(
      facts.monitoring.rows === 0,
      facts.monitoring.isOwned
        ? "No control was signed off for a month of this period: nobody was asked yet, as no month of it that was observed is over."
        : "No control was signed off for a month of this period: the policy names nobody to do so (monitoring.owner).",
    ),
    ...when(
      generatedAt < period.to,
      `The period had not ended when this was generated (${timeText(generatedAt)}): what happened afterwards is not in it.`,
    ),
    ...when(
      completeness.branches.length === 0,
      "No production branch was counted, so that nothing shows that the populations are complete; see Completeness.",
    ),
    ...when(
      completeness.branches.some(({ proven, begins }) => !proven || begins === "observed"),
      "Completeness is not proven for every production branch; see Completeness.",
    ),
    ...when(
      facts.observedTime.since !== null && facts.observedTime.since > period.from,
      `Observation began at ${timeText(facts.observedTime.since ?? 0)}. What happened before is not in this package.`,
    ),
    ...when(
      unseen.length > 0,
      `Nobody observed ${spansText(unseen)}, and what happened then was not read afterwards: deployments, reviews, settings and people of these days may be missing or wrong here.`,
    ),
    ...when(
      facts.gaps > 0,
      `There ${facts.gaps === 1 ? "was 1 span" : `were ${facts.gaps} spans`} in which the App could not see; see Monitoring gaps.`,
    ),
    ...when(
      unverifiable.changes + unverifiable.deployments > 0,
      `${some(unverifiable.changes, "change")} and ${some(unverifiable.deployments, "deployment")} could not be judged because a fact could not be found out (verdict unverifiable): counted apart, never as compliant.${unverifiable.accepted === 0 ? "" : ` ${unverifiable.accepted === 1 ? "1 of these changes was" : `${unverifiable.accepted} of these changes were`} let through because someone the policy names accepted that; who and why is in unverifiable_accepted of changes.csv.`}`,
    ),
    ...when(
      facts.readLater > 0,
      `For ${facts.readLater} ${facts.readLater === 1 ? "change" : "changes"} at least one deciding fact was read from GitHub afterwards (assurance read-later). GitHub keeps no history of permissions and team membership, so what was so at the time is known only where it was observed.`,
    ),
    ...when(
      facts.late > 0,
      facts.late === 1
        ? "1 change was found by a sweep or backfill, not when it happened (late)."
        : `${facts.late} changes were found by a sweep or backfill, not when they happened (late).`,
    ),
    ...facts.heads.limitations,
    ...ALWAYS_UNSEEN,
  ];
}

const ALWAYS_UNSEEN: readonly string[] = [
  "The App reads only the repositories it is installed on. Whether others exist must be confirmed from the organisation's own list.",
  "Deployments are those that GitHub was told of and those that a pipeline reported. Software that reaches production in other ways does not appear; scope.csv names the repositories of which no deployment was ever seen.",
  "A deployment is judged by the commit it names. Whether what runs was built from that commit is not tested, nor are settings, secrets and flags that are changed outside git.",
  "A commit may point at content elsewhere: submodules, large files, packages, workflows of other repositories. That the pointer was reviewed is tested; the content it points at is not.",
  "By which requests, and as whom, deployments, pull requests, repositories, rights and settings were read from GitHub is not on record (not-recorded in ipe.csv). What came is.",
  "Commit authors are as GitHub attributes them and can be forged. They are used only to exclude approvers, never to vouch for one; who pushed is taken from GitHub's record.",
  "Who may bypass a ruleset is shown by GitHub only to its administrators. Bypasses are detected by their effect, from each update of a branch, whatever was configured.",
  "The log's hash links can be recomputed for every entry given here, and from one entry to the next wherever both are given. Entries about other periods are not included.",
];

function some(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
