/**
 * The sections that START-HERE.html and the report share, as values: paragraphs, lists and tables. Each of the two shows them in
 * its own way.
 */

import { isLate, isOverdue } from "../../emergency/retroactive-review.ts";
import type { Attribution, EmergencyRecord, RetroactiveReviewRecord } from "../../records/emergency.ts";
import { truncate } from "../../values/text.ts";
import { closingWords, isNeverClosed } from "../closing.ts";
import type { FirstOf } from "../front-lists.ts";
import type { StartHere } from "../start-here.ts";
import type { Counts, Rate, ShownDifference, SummaryDocument } from "../summary.ts";
import { timeText } from "../tables/table.ts";

/** Describes a piece of a sentence: plain, as a program has it, or a file of the package. */
export type Words = string | { readonly code: string } | { readonly file: string };

/** Describes what a cell of a table shows. */
export type Cell = Words | number | { readonly lines: readonly string[] };

/** Describes a column. `number`: right-aligned figures; `whole`: never broken over lines; `wide`: sentences, which need room. */
interface PageColumn {
  readonly head: string;
  readonly number?: boolean;
  readonly whole?: boolean;
  readonly wide?: boolean;
}

/** Describes a table; the first cell of a row is its header. */
interface PageTable {
  readonly caption: string;
  readonly columns: readonly PageColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Describes a part of a section. */
export type PageBlock =
  | { readonly says: readonly Words[] }
  | { readonly notes: readonly string[]; readonly as: "list" | "paragraphs" }
  | { readonly commands: string }
  | PageTable;

/** Describes what the sections are made of: nothing of the list of files. */
export type SharedContent = Omit<StartHere, "files">;

/** Returns a title for everything that shows the package's first page. */
export function pageTitle({ organization, period }: SharedContent): string {
  return `Change evidence of ${organization.login}, ${period.name}`;
}

/** Returns the sentences below the title. */
export function leadOf({
  period,
  generatedAt,
  generator,
  packageId,
  closing,
}: SharedContent): readonly Words[] {
  return [
    `${timeText(period.from)} up to, not including, ${timeText(period.to)} (UTC). Generated ${timeText(generatedAt)} by ${generator.name} ${generator.version}. Package `,
    { code: packageId },
    `.${isNeverClosed(closing) ? ` ${closing.says}` : ""}`,
  ];
}

function tableOf<Row>(
  rows: readonly Row[],
  columns: readonly (PageColumn & { readonly cell: (row: Row) => Cell })[],
  caption = "",
): PageTable {
  return {
    caption,
    columns: columns.map(({ cell: _cell, ...column }) => column),
    rows: rows.map((row) => columns.map(({ cell }) => cell(row))),
  };
}

/** Returns which package was handed over, and the first rows that differ from it. */
export function closingBlocks({ closing, differences, summary }: SharedContent): readonly PageBlock[] {
  const { total: all, by_table: tables } = summary.since_close;
  const counts = Object.entries(tables).map(
    ([name, changes]) =>
      `${name} ${Object.entries(changes)
        .map(([change, count]) => `${count} ${change}`)
        .join(", ")}`,
  );
  const words: PageBlock = { notes: closingWords(closing), as: "paragraphs" };
  return all === 0 ? [words] : [words, differencesTable(differences, counts.join("; "), all)];
}

function differencesTable(differences: readonly ShownDifference[], counts: string, all: number): PageBlock {
  const shown =
    differences.length < all
      ? `The first ${differences.length} of ${all} rows that differ.`
      : `${all === 1 ? "The row that differs" : `The ${all} rows that differ`}.`;
  return tableOf(
    differences,
    [
      { head: "Table", cell: ({ table }) => ({ file: table }) },
      { head: "Row", cell: ({ row }) => ({ code: shortened(row, 40) }) },
      { head: "Change", cell: ({ change }) => change, whole: true },
      { head: "What differs", cell: (each) => ({ lines: cellsThatDiffer(each) }), wide: true },
      { head: "Why", cell: (each) => ({ lines: reasonsFor(each) }), wide: true },
    ],
    `${shown} since-close.csv has each row, the hashes of the log entries, and what was only recorded again. By table: ${counts}.`,
  );
}

/** Columns that only name the entry a row was made from: the reasons name it too. */
const ORIGIN: readonly string[] = ["log_seq", "log_hash"];

function cellsThatDiffer({ columns, before, after }: ShownDifference): readonly string[] {
  const [old, now] = [before, after].map((json) => JSON.parse(json) as Readonly<Record<string, string>>);
  return columns
    .split(" ")
    .filter((name) => name !== "" && !ORIGIN.includes(name))
    .map((name) => `${name}: ${withoutSharedStart(old?.[name] ?? "", now?.[name] ?? "").join(" → ")}`);
}

const MOST_OF_A_CELL = 60;

/** Two cells, from the word on in which they differ where they are long: cut at the same place they would look equal. */
function withoutSharedStart(...cells: readonly [string, string]): readonly string[] {
  const [old, now] = [cells[0].split(" "), cells[1].split(" ")];
  const isLong = cells.some((cell) => cell.length > MOST_OF_A_CELL);
  const first = isLong ? old.findIndex((word, index) => word !== now[index]) : 0;
  const from = first === -1 ? old.length : first;
  return [old, now].map((words) => {
    const rest = words.slice(from).join(" ");
    return shortened(from === 0 ? rest || "empty" : `… ${rest}`.trim(), MOST_OF_A_CELL);
  });
}

/** What each entry records, its number and when it was recorded. */
function reasonsFor({ why }: ShownDifference): readonly string[] {
  return why.split(" | ").map((group) => {
    const [seq = "", , at = "", what = ""] = group.split(";");
    return seq === "" ? what : `${what} (log entry ${seq}, ${at})`;
  });
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${truncate(text, most)}…` : text;
}

/** Returns how many of how many, before everything else. */
export function answersBlocks({ answers: all, scopeWords }: SharedContent): readonly PageBlock[] {
  return [
    {
      says: [
        `${scopeWords.map(({ says }) => says).join(" ")} `,
        { code: "scope.csv" },
        " lists every repository the App could see, in scope or not, with the reason. What these figures mean for an opinion is for the auditor to say.",
      ],
    },
    tableOf(all, [
      { head: "What", cell: ({ what }) => what },
      {
        head: "How many",
        cell: ({ number, of }) => shareInWords({ numerator: number, denominator: of }, "there were none"),
        number: true,
      },
      { head: "Listed in", cell: ({ file }) => ({ file }) },
    ]),
  ];
}

/** Returns what the package is known not to show; closings, where there are any, have a section of their own. */
export function limitationsBlocks({ closing, limitations }: SharedContent): readonly PageBlock[] {
  const shown = new Set(isNeverClosed(closing) ? [] : closingWords(closing));
  return [{ notes: limitations.filter((sentence) => !shown.has(sentence)), as: "list" }];
}

/** Returns the deviations, with what answers them. */
export function deviationsBlocks({ deviations: listed, summary }: SharedContent): readonly PageBlock[] {
  if (listed.total === 0) return [{ says: [`None. ${unlisted(summary)}`] }];
  const { by_type: types, by_severity: severities, by_source: sources } = summary.deviations;
  return [
    {
      says: [
        `${numbered(listed.total, "deviation", "deviations")}: by type ${countsInWords(types)}; by severity ${countsInWords(severities)}; by source ${countsInWords(sources)} (app: found here; auditor: entered from a report). ${unlisted(summary)}`,
      ],
    },
    tableOf(
      listed.items,
      [
        { head: "Deviation", cell: ({ deviation }) => ({ code: deviation.id }), whole: true },
        {
          head: "Where",
          cell: ({ deviation: { repository, pull, happenedAt } }) => ({
            lines: [placeOf(repository, pull), timeText(happenedAt).slice(0, 10)],
          }),
        },
        { head: "What", cell: ({ deviation }) => deviation.title, wide: true },
        { head: "Cause", cell: ({ deviation }) => deviation.cause },
        { head: "Type", cell: ({ deviation }) => deviation.type },
        { head: "Severity", cell: ({ deviation }) => deviation.severity },
        { head: "Owner", cell: ({ owner }) => owner?.login ?? "nobody yet" },
        { head: "Due", cell: ({ due }) => due ?? "not set", whole: true },
        { head: "Status", cell: ({ deviation }) => deviation.status },
      ],
      captionOf(listed, "deviations.csv", "Those not settled first, by severity."),
    ),
  ];
}

/** Returns the emergencies, with what became of the review each owes. */
export function emergenciesBlocks({ emergencies: listed, summary }: SharedContent): readonly PageBlock[] {
  if (listed.total === 0) return [{ says: ["None."] }];
  const of = summary.emergencies;
  return [
    {
      says: [
        `${numbered(listed.total, "emergency", "emergencies")}: by status ${countsInWords(of.by_status)}; by authorisation ${countsInWords(of.by_authorisation)}. Retroactive reviews by status ${countsInWords(of.reviews_by_status)}; ${of.reviews_late_or_overdue} of ${total(of.reviews_by_status)} late or overdue.`,
      ],
    },
    tableOf(
      listed.items,
      [
        {
          head: "Opened",
          cell: ({ emergency }) => ({ lines: timeText(emergency.body.opened.at).split("T") }),
          whole: true,
        },
        {
          head: "Where",
          cell: ({ emergency: { body } }) =>
            body.deployment === null
              ? placeOf(body.repository, body.pull)
              : `${placeOf(body.repository, body.pull)}, ${body.deployment.environment}`,
        },
        { head: "Reason", cell: ({ emergency }) => emergency.body.reason ?? "none given", wide: true },
        { head: "Declared by", cell: ({ emergency }) => who(emergency.body.declared) },
        { head: "Authorised by", cell: ({ emergency }) => authoriser(emergency.body) },
        { head: "Status", cell: ({ emergency }) => emergency.body.status },
        { head: "Review", cell: ({ review, at }) => reviewWords(review?.body ?? null, at), wide: true },
      ],
      captionOf(listed, "emergency-changes.csv", "In the order they were opened."),
    ),
  ];
}

function authoriser({ authorised, confirmed }: EmergencyRecord): string {
  if (authorised === null) return "nobody";
  if (authorised.confirmBy === null) return authorised.by.login;
  return `${authorised.by.login}, alone; ${confirmed === null ? "not confirmed" : `confirmed by ${who(confirmed)}`}`;
}

function who(attribution: Attribution | null): string {
  if (attribution === null) return "nobody";
  return attribution.by?.login ?? "unknown";
}

function reviewWords(review: RetroactiveReviewRecord | null, at: number): string {
  if (review === null) return "none owed";
  const { decision, dueAt, status } = review;
  if (decision === null) return `${isOverdue(review, at) ? "overdue: was due" : "due"} ${timeText(dueAt)}`;
  return `${status} by ${decision.by.login} ${timeText(decision.at)}${isLate(review) ? `, late: was due ${timeText(dueAt)}` : ""}`;
}

/** Returns the monitoring gaps. */
export function gapsBlocks({ gaps: shown, gapsWords, summary }: SharedContent): readonly PageBlock[] {
  const listed = { items: shown, total: summary.coverage_gaps.total };
  const words = gapsWords.map(({ says }) => ({ says: [says] }));
  if (listed.total === 0) return words;
  return [
    ...words,
    tableOf(
      shown,
      [
        { head: "From", cell: ({ from }) => timeText(from), whole: true },
        { head: "To", cell: ({ to }) => (to === null ? "not ended" : timeText(to)), whole: true },
        { head: "What", cell: ({ scope }) => scope },
        { head: "Cause", cell: ({ cause }) => cause, whole: true },
        { head: "Why", cell: ({ because }) => because, wide: true },
        { head: "Read afterwards", cell: ({ backfilled }) => (backfilled ? "yes" : "no") },
      ],
      captionOf(listed, "coverage-gaps.csv"),
    ),
  ];
}

/** Branches that are shown; all are in completeness.json. */
const SHOWN_BRANCHES = 100;

/** Returns how complete the population is, branch by branch. */
export function completenessBlocks({
  completeness: { branches },
  completenessWords,
}: SharedContent): readonly PageBlock[] {
  const words = completenessWords.map(({ says }) => ({ says: [says] }));
  const listed = { items: branches.slice(0, SHOWN_BRANCHES), total: branches.length };
  if (listed.total === 0) return words;
  return [
    ...words,
    tableOf(
      listed.items,
      [
        { head: "Repository", cell: ({ repository }) => repository },
        { head: "Branch", cell: ({ branch }) => branch },
        { head: "Proven", cell: ({ proven }) => (proven ? "yes" : "no") },
        { head: "Updates", cell: ({ updates }) => updates, number: true },
        { head: "In proven spans", cell: ({ updates_matched: matched }) => matched, number: true },
        { head: "No pull request", cell: ({ without_pull_request: without }) => without, number: true },
        { head: "Differences", cell: ({ differences }) => differences, number: true },
        { head: "Unexplained", cell: ({ unexplained }) => unexplained, number: true },
      ],
      captionOf(listed, "completeness.json"),
    ),
  ];
}

/** Returns how anyone verifies the package. */
export function verifyBlocks({ fingerprint, generator }: SharedContent): readonly PageBlock[] {
  return [
    {
      says: [
        "In a terminal, in the folder of this package, with nothing but ",
        { code: "sha256sum" },
        " and ",
        { code: "openssl" },
        ":",
      ],
    },
    { commands: `sha256sum -c SHA256SUMS\nsh verify.sh\nsh verify.sh ${fingerprint}` },
    {
      says: [
        "The first compares every file with its digest. The second also checks the signature and that nothing was added or removed. The third also checks who signed, if you replace the fingerprint with the one the company gave you by another way; the one shown here comes with the package and proves nothing by itself. ",
        { code: "verify.sh" },
        " cannot vouch for itself: compare its digest with the one published in the documentation, or run ",
        { code: "countersign verify" },
        ", which also makes every row, page and copy again from the log in this package.",
      ],
    },
    {
      says: [
        "Without a terminal: open ",
        { code: "verify.html" },
        ` of the release of ${generator.name} ${generator.version} in a browser, which needs no network, and drop this package on it. It makes the same checks as `,
        { code: "countersign verify" },
        ", but for the workbook and the report, of which it compares the digests. Take it from the release, never from a package, and compare its SHA-256 with the release notes.",
      ],
    },
  ];
}

/** How the non-compliant ones and the deviations meet: one deviation may list several, and what was only observed has none. */
function unlisted({ changes, deployments }: SummaryDocument): string {
  const failed = (changes.by_verdict["non-compliant"] ?? 0) + (deployments.by_verdict["non-compliant"] ?? 0);
  if (failed === 0) return "";
  const without = changes.without_deviation + deployments.without_deviation;
  return `Non-compliant changes and deployments: ${failed}. With a deviation that lists them, or what they carry or repeat (deviation_id): ${failed - without} of ${failed}. With none, and why (without_deviation_because): ${without} of ${failed}.`;
}

/** Returns where the rest of a list is, and in which order this is. */
export function captionOf<Item>({ items, total: all }: FirstOf<Item>, file: string, order = ""): string {
  return `${items.length < all ? `The first ${items.length} of ${all}; all are in ${file}. ` : ""}${order}`.trim();
}

function placeOf(
  { owner, name }: { readonly owner: string; readonly name: string },
  pull: number | null,
): string {
  return `${owner}/${name}${pull === null ? "" : `#${pull}`}`;
}

/** Returns a share in figures and per cent. `none`: the words where there is nothing to divide by. */
export function shareInWords(
  { numerator, denominator }: Omit<Rate, "rate">,
  none = "applies to none",
): string {
  return denominator === 0
    ? none
    : `${numerator} of ${denominator} (${((100 * numerator) / denominator).toFixed(1)} %)`;
}

/** Returns the sum of counts. */
export function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, number) => sum + number, 0);
}

/** Returns counts in one line, each after its name. */
export function countsInWords(counts: Counts): string {
  const parts = Object.entries(counts).map(([name, number]) => `${name}: ${number}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

/** Returns a number with its noun. */
export function numbered(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
