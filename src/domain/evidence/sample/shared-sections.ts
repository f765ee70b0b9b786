/** The sections that pages of changes and of deployments have in common: controls, emergency, deviations, policy, protection, log. */

import { LOG_FILES } from "../verify/package-log.ts";
import { timeText } from "../tables/table.ts";
import type { Material, MaterialRow } from "./material.ts";
import {
  cellOf,
  eachValue,
  factsOf,
  grouped,
  oneValue,
  rowsOf,
  tableOfRows,
  type Block,
  type Section,
  type ShownColumn,
} from "./page.ts";
import { groupsIn } from "./rows.ts";
import type { SourceWords } from "./source-words.ts";

/** Describes what pages read beside the rows about their item. */
export interface PageContext {
  /** Address of GitHub's pages; null: it is not known. */
  readonly web: string | null;
  /** The company's own number for each control. */
  readonly companyIds: ReadonlyMap<string, string>;
  readonly words: SourceWords;
}

type Kind = "change" | "deployment";

/** Returns the sections after those of a kind's own, in their order. */
export function sharedSections(
  material: Material,
  row: MaterialRow,
  context: PageContext,
  kind: Kind,
): readonly Section[] {
  return [
    controls(material, context),
    emergencies(material, kind, context),
    exemptions(material, context),
    deviations(material, row, kind, context),
    policy(material, row, kind, context),
    protection(material, kind, context),
    gaps(material, context),
    logSection(material, context),
  ].filter((section) => section !== null);
}

function controls(material: Material, { companyIds, words }: PageContext): Section {
  const rows = rowsOf(material, "control-tests.csv");
  const table = tableOfRows(rows, words, {
    Control: ({ cells: { control = "" } }) => {
      const own = companyIds.get(control);
      return [{ text: control }, ...(own === undefined ? [] : [{ text: own }])];
    },
    Outcome: cellOf("outcome"),
    Cause: cellOf("cause"),
    Reasons: ({ cells }) => groupsIn(cells["reasons"] ?? "").map(([reason = ""]) => ({ text: reason })),
    "Recorded at": cellOf("evaluated_at"),
  });
  return {
    id: "controls",
    title: "Controls",
    blocks:
      rows.length === 0
        ? [{ says: `No control was tested on it${words.lackedBy("control-tests.csv")}.` }]
        : [
            table,
            ...(words.withheld === null
              ? []
              : [{ says: `The company's own numbers of controls: ${words.withheld}` }]),
          ],
  };
}

function emergencies(material: Material, kind: Kind, { words }: PageContext): Section {
  const [declared, reviews] = [
    rowsOf(material, "emergency-changes.csv"),
    rowsOf(material, "retroactive-reviews.csv"),
  ];
  const none = {
    says: `No emergency is on record under which this ${kind} was let through${words.lackedBy("emergency-changes.csv")}.`,
  };
  const noReview = {
    says: `No retroactive review of it is on record${words.lackedBy("retroactive-reviews.csv")}.`,
  };
  return {
    id: "emergency",
    title: "Emergency",
    blocks:
      declared.length === 0 && reviews.length === 0
        ? [none]
        : [
            ...declared.map((row) => factsOf(row, EMERGENCY, `Emergency ${row.cells["emergency_id"] ?? ""}`)),
            ...reviews.map((row) => factsOf(row, reviewColumns(words), "Retroactive review")),
            ...(reviews.length === 0 ? [noReview] : []),
          ],
  };
}

const EMERGENCY: Readonly<Record<string, ShownColumn>> = {
  emergency_key: oneValue("Name in the log"),
  status: oneValue("Status"),
  reason: oneValue("Reason declared", "none was given"),
  opened_at: oneValue("Opened at"),
  opened_by: oneValue("Opened by"),
  opened_via: oneValue("Opened by way of"),
  declared_at: oneValue("Reason given at", "never"),
  declared_by: oneValue("Reason given by", "nobody"),
  authorised_at: oneValue("Authorised at", "never"),
  authorised_by: oneValue("Authorised by", "nobody"),
  authorised_via: oneValue("Authorised by way of", "not authorised"),
  authoriser_independent: oneValue("Authoriser had no part in it", "not authorised"),
  authorised_commit: oneValue("Authorised for commit", "none"),
  valid_until: oneValue("Valid until", "not authorised"),
  alone: oneValue("Authorised alone", "not authorised"),
  confirm_by: oneValue("Confirmation due", "not required"),
  confirmed_at: oneValue("Confirmed at", "not confirmed, or not required"),
  confirmed_by: oneValue("Confirmed by", "nobody, or not required"),
  controls_waivable: eachValue("Controls it could waive", "none"),
  used_at: oneValue("First used at", "never"),
  ended_at: oneValue("Withdrawn or expired unused at", "it was used, or still holds"),
  ended_because: oneValue("Ended because", "it was used, or still holds"),
  steps: grouped("Steps", "none"),
};

const reviewColumns = (words: SourceWords): Readonly<Record<string, ShownColumn>> => ({
  status: oneValue("Status"),
  shipped_commit: oneValue("Commit reviewed"),
  opened_at: oneValue("Owed from"),
  review_within: oneValue("Term of the policy"),
  due_at: oneValue("Due"),
  overdue: oneValue(`Overdue ${words.asOf}`),
  late: oneValue("Decided late", "not decided"),
  reviewer: oneValue("Decided by", "nobody yet"),
  decided_at: oneValue("Decided at", "not decided"),
  via: oneValue("By way of", "not decided"),
  note: oneValue("Note", "none"),
  independent_of: eachValue("Reviewer must not be, beside contributors", "nobody named"),
  revert_by: oneValue("Revert due", "not required"),
});

function exemptions(material: Material, { words: { withheld } }: PageContext): Section | null {
  const rows = rowsOf(material, "exemptions.csv");
  const place = { id: "exemptions", title: "Exemptions and standard changes" };
  if (withheld !== null && rowsOf(material, "control-tests.csv").some(restsOnExemption))
    return { ...place, blocks: [{ says: withheld }] };
  if (rows.length === 0) return null;
  return {
    ...place,
    blocks: rows.map((row) =>
      factsOf(row, {
        exemption_id: oneValue("Exemption"),
        kind: oneValue("Kind"),
        subject: oneValue("Repository or name"),
        controls: eachValue("Controls it gives up", "none"),
        by: grouped("Made by", "anyone"),
        paths: grouped("Paths", "any"),
        reason: oneValue("Reason", "none is recorded"),
        approved_by: oneValue("Approved by, as the policy names"),
        state: oneValue("Approval found", "nobody looked"),
        because: oneValue("What was found out", "nothing is recorded"),
        approver: oneValue("Approver's account"),
        approved_in: oneValue("Introduced in", "not known"),
        effective_from: oneValue("In force from"),
        expires: oneValue("Expires"),
      }),
    ),
  };
}

function restsOnExemption({ cells }: MaterialRow): boolean {
  return cells["cause"] === "exemption" || cells["inputs"]?.includes('"preApproved"') === true;
}

function deviations(material: Material, row: MaterialRow, kind: Kind, { words }: PageContext): Section {
  const rows = rowsOf(material, "deviations.csv");
  const without = factsOf(row, {
    without_deviation_because: oneValue("Why it has no deviation", "it is not non-compliant"),
  });
  return {
    id: "deviations",
    title: "Deviation and remediation",
    blocks:
      rows.length === 0
        ? [{ says: `No deviation lists this ${kind}${words.lackedBy("deviations.csv")}.` }, without]
        : rows.flatMap((deviation) => oneDeviation(material, deviation, words)),
  };
}

/** Returns what is on record of a deviation: itself, what answers it, and every step. */
export function oneDeviation(
  material: Pick<Material, "rows">,
  deviation: MaterialRow,
  words: SourceWords,
): readonly Block[] {
  const id = deviation.cells["deviation_id"];
  const about = (path: string): readonly MaterialRow[] =>
    rowsOf(material, path).filter(({ cells }) => cells["deviation_id"] === id);
  const [answers, steps] = [about("remediation.csv"), about("remediation-history.csv")];
  return [
    factsOf(deviation, deviationColumns(words), `Deviation ${id ?? ""}`),
    ...(answers.length === 0
      ? [
          {
            says: `Nothing was said to deviation ${id ?? ""}: it has no remediation${words.lackedBy("remediation.csv")}.`,
          },
        ]
      : answers.map((row) => factsOf(row, remediationColumns(words), `Remediation of ${id ?? ""}`))),
    ...(steps.length === 0 ? [] : [history(steps, words)]),
  ];
}

function history(steps: readonly MaterialRow[], words: SourceWords): Block {
  return tableOfRows(steps, words, {
    At: cellOf("at"),
    Step: cellOf("step"),
    By: ({ cells }) => [{ text: cells["by"] ?? "the App" }, { text: cells["role"] ?? "" }],
    "By way of": cellOf("via"),
    Words: cellOf("text"),
    "State after": cellOf("status"),
    Entry: ({ cells: { log_seq: seq = "" } }) => [{ text: seq }],
  });
}

const deviationColumns = (words: SourceWords): Readonly<Record<string, ShownColumn>> => ({
  title: oneValue("Title"),
  description: oneValue("What happened"),
  subjects: oneValue("Changes and deployments it lists (count)"),
  controls: eachValue("Controls"),
  cause: oneValue("Cause"),
  shared_cause: oneValue("Shared cause", "none: it is the only one of its cause"),
  type: oneValue("Type"),
  type_reason: oneValue("Why of that type"),
  typed_by: oneValue("Typed by", "by rule"),
  severity: oneValue("Severity"),
  status: oneValue(`Status ${words.asOf}`),
  status_reason: grouped("Step that led there"),
  status_since: oneValue("Since"),
  explanation: grouped("Explanation given", "none"),
  explained_by: grouped("Explained by", "nobody"),
  source: oneValue("Found by"),
  happened_at: oneValue("Happened at"),
  detected_at: oneValue("Detected at"),
  exposed_from: oneValue("Production exposed from"),
  exposed_until: oneValue("Production exposed until", "it still is"),
  extent_control: oneValue("Its control that failed most in the period", words.extentControl),
  extent_failed: oneValue("Failed so often", "not counted"),
  extent_tested: oneValue("Of so many tested", "not counted"),
  actors: eachValue("Caused by"),
});

const NOT_SAID = "not said";

const remediationColumns = (words: SourceWords): Readonly<Record<string, ShownColumn>> => ({
  status: oneValue("Status"),
  root_cause_category: oneValue("Root cause, category", NOT_SAID),
  root_cause: oneValue("Root cause", NOT_SAID),
  whys: grouped("Answers to “why?”", NOT_SAID),
  action: oneValue("Action", NOT_SAID),
  preventive_measure: oneValue("Preventive measure", NOT_SAID),
  measure_suggested: oneValue("Measure only suggested by the category", NOT_SAID),
  owner: oneValue("Owner", "nobody"),
  due: oneValue("Due", "no date was set"),
  targets: grouped("Every target date", "none"),
  method: oneValue("How it is verified", NOT_SAID),
  evidence: grouped("Evidence", "none was given"),
  blockers: grouped("Blockers", "none"),
  reviews_held: oneValue("Reviews held"),
  reviews_missed: eachValue("Reviews missed", "none"),
  done_at: oneValue("Done at", "not done"),
  done_by: oneValue("Done by", "not done"),
  effective_at: oneValue("Confirmed effective at", "not confirmed"),
  effective_by: oneValue("Confirmed by", "not confirmed"),
  effective_because: oneValue("What was seen", "not confirmed"),
  response_written_by: oneValue("Response written by", "not approved"),
  response_approved_by: oneValue("Response approved by", "not approved"),
  response_approved_at: oneValue("Response approved at", "not approved"),
  response_approved_because: oneValue("Words of that approval", "not approved"),
  clean_months: oneValue("Clean months since it was done", words.cleanMonths),
  months_needed: oneValue("Clean months needed"),
  checklist: grouped(
    "Closing checklist",
    words.cleanMonths,
    ([box = "", ticked = ""]) => `${box}: ${ticked}`,
  ),
});

function policy(material: Material, row: MaterialRow, kind: Kind, { words }: PageContext): Section {
  const rows = rowsOf(material, "policies/index.csv");
  const digest = row.cells["policy_digest"] ?? "";
  const isKnown = rows.some((each) => each.cells["policy_digest"] === digest);
  return {
    id: "policy",
    title: "Policy in force",
    blocks: [
      factsOf(row, {
        policy_digest: oneValue(`The policy this ${kind} was judged by`, "none: no policy could be read"),
      }),
      ...rows.map((each) => factsOf(each, POLICY, policyName(each, digest))),
      ...(words.withheld === null ? [] : [{ says: words.withheld }]),
      ...(isKnown && words.policyText !== null ? [{ says: words.policyText(digest) }] : []),
    ],
  };
}

function policyName(row: MaterialRow, digest: string): string {
  const own = row.cells["policy_digest"] ?? "";
  return own === digest ? "The policy that judged it" : `The policy of its emergency, ${own}`;
}

const POLICY: Readonly<Record<string, ShownColumn>> = {
  mode: oneValue("Mode"),
  approvals_required: eachValue("People required by each approval requirement", "none"),
  organization_file: oneValue("The organisation's file"),
  organization_source: grouped("Where from: repository, path, commit, blob", "no file"),
  repository_file: oneValue("The repository's own file"),
  repository_source: grouped("Where from: repository, path, commit, blob", "no file"),
  first_read_at: oneValue("First read at"),
};

function protection(material: Material, kind: Kind, { words }: PageContext): Section {
  const rows = rowsOf(material, "control-state.csv");
  const place = kind === "change" ? "branch" : "environment";
  const table = tableOfRows(rows, words, {
    Setting: cellOf("meaning"),
    Value: ({ cells }) => [
      {
        text:
          cells["observable"] === "no"
            ? `not observable: ${cells["because"] ?? ""}`
            : (cells["value"] ?? "nothing"),
      },
    ],
    "Known since": cellOf("from"),
    "Changed by": cellOf("changed_by", "not known"),
    "How known": cellOf("basis"),
  });
  return {
    id: "protection",
    title: `How the ${place} was set at that moment`,
    blocks:
      rows.length === 0
        ? [
            {
              says: `No setting of the ${place} is known for that moment${words.lackedBy("control-state.csv")}.`,
            },
          ]
        : [table],
  };
}

function gaps(material: Material, { words }: PageContext): Section {
  const rows = rowsOf(material, "coverage-gaps.csv");
  const place = { id: "gaps", title: "Monitoring gaps at that moment" };
  if (words.withheld !== null) return { ...place, blocks: [{ says: words.withheld }] };
  return {
    ...place,
    blocks:
      rows.length === 0
        ? [
            {
              says: `None is on record for the moment it happened${words.lackedBy("coverage-gaps.csv")}.`,
            },
          ]
        : rows.map((row) =>
            factsOf(row, {
              gap_id: oneValue("Gap"),
              cause: oneValue("Cause"),
              scope: oneValue("What could not be seen"),
              from: oneValue("From"),
              to: oneValue("To", `not ended ${words.asOf}`),
              because: oneValue("Why"),
              backfilled: oneValue("Read from GitHub afterwards"),
            }),
          ),
  };
}

/** Returns the entries of the log that a page rests on. */
export function logSection(
  material: Pick<Material, "entries">,
  { words }: Pick<PageContext, "words">,
): Section {
  const table = {
    caption: words.entries,
    head: ["Entry", "About", "Happened at, recorded at", "Hash, hash before it"],
    rows: material.entries.map((entry) => ({
      id: `entry-${entry.seq}`,
      cells: [
        [String(entry.seq), ...(entry.file === LOG_FILES[1] ? ["cited"] : [])],
        [entry.kind, entry.subject],
        [timeText(entry.at), timeText(entry.recordedAt)],
        [entry.hash, entry.previousHash],
      ].map((texts) => texts.map((text) => ({ text }))),
    })),
  };
  return {
    id: "log",
    title: "Log entries",
    blocks: material.entries.length === 0 ? [{ says: words.noEntries }] : [table],
  };
}
