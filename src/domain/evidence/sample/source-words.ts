/** The words in which a page made of a package differs from one made of the log itself; all others are the same. */

import type { MaterialRow } from "./material.ts";

/** Describes these words. A file of the package is named only where there is a package. */
export interface SourceWords {
  /** Names where a row is from, and which of its columns. */
  readonly from: (row: MaterialRow, columns: string) => string;
  /** Names where the rows of a table are from. */
  readonly rowsFrom: (path: string) => string;
  /** Names the file that lacks something, after a space; empty: there is no file. */
  readonly lackedBy: (file: string) => string;
  /** Completes "Status ...": the moment a page is about. */
  readonly asOf: string;
  readonly noDeployment: string;
  readonly verdictNow: string;
  readonly noVerdictNow: string;
  readonly changesFrom: (row: MaterialRow) => string;
  /** Where what a policy requires can be read; null: the page itself has no more. */
  readonly policyText: ((digest: string) => string) | null;
  readonly entries: string;
  readonly noEntries: string;
  /** What takes a count over a whole period is not counted for one page. */
  readonly extentControl: string;
  readonly cleanMonths: string;
  /** Whether rows have numbers. */
  readonly isNumbered: boolean;
  /** Why what belongs to the whole organisation is not shown; null: it is. */
  readonly withheld: string | null;
}

const HASHES =
  "Hash: SHA-256 of the hash before it, a line feed, and the entry's canonical JSON without its two hashes.";

/** Holds the words of a page made of a package. */
export const OF_PACKAGE: SourceWords = {
  from: ({ path, number }, columns) => `${path} row ${number}, ${columns}`,
  rowsFrom: (path) => `From ${path}; row numbers are a spreadsheet's.`,
  lackedBy: (file) => ` (${file})`,
  asOf: "when the package was made",
  noDeployment: "No deployment of the period lists this change (deployments.csv).",
  verdictNow: "Verdict in changes.csv",
  noVerdictNow: "not in changes.csv: outside the period",
  changesFrom: ({ number }) =>
    `From deployments.csv row ${number}, column changes, and the rows of changes.csv about them.`,
  policyText: (digest) =>
    `What it requires is in policies/${digest}.json; the source text of each file is beside it (.organization.yml, .repository.yml).`,
  entries: `Every entry in the package about it, its pull request and the rows above, in the order recorded, from log/entries.jsonl or, where marked so, log/cited.jsonl. ${HASHES}`,
  noEntries: "The package holds no log entry about it.",
  extentControl: "none was tested in it",
  cleanMonths: "not known",
  isNumbered: true,
  withheld: null,
};

const COUNTED_LATER = "counted when a package is made";

/** Holds the words of a page made of the log. */
export const OF_LOG: SourceWords = {
  from: ({ cells: { log_seq: seq = "" } }) => `log entry ${seq}`,
  rowsFrom: () => "From the evidence log.",
  lackedBy: () => "",
  asOf: "now",
  noDeployment: "No deployment on record lists this change.",
  verdictNow: "Verdict now",
  noVerdictNow: "not on record",
  changesFrom: ({ cells: { log_seq: seq = "" } }) =>
    `From log entry ${seq} and the newest entry of each change.`,
  policyText: null,
  entries: `Every entry of the log about it, its pull request and the rows above, in the order recorded. ${HASHES}`,
  noEntries: "The log holds no entry about it.",
  extentControl: COUNTED_LATER,
  cleanMonths: COUNTED_LATER,
  isNumbered: false,
  withheld: null,
};

/** Explains that something is about the whole organisation, to someone who sees some of its repositories. */
export const WITHHELD =
  "Not shown to you: this is about the whole organisation, and you see only the repositories that GitHub lets you read.";

/** Holds the words of a page made of the log, for someone who sees only some repositories of the organisation. */
export const OF_LOG_IN_PART: SourceWords = {
  ...OF_LOG,
  entries: `The entries of the log about it, its pull request and the rows above, in the order recorded, without the organisation's own. ${WITHHELD} ${HASHES}`,
  withheld: WITHHELD,
};
