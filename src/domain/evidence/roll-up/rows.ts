/** The rows of periods.csv and control-trend.csv: what a package of several periods says of each, and of each control in it. */

import { isAskedFor, settingOf } from "../../policy/asked-controls.ts";
import type { Policy } from "../../policy/file/policy.ts";
import type { PeriodCloseRecord } from "../../records/monitoring.ts";
import { canonical, sha256 } from "../../values/digest.ts";
import { CONTROL_NAMES, type ControlName } from "../../values/result.ts";
import { closingOf, closingsOf, lastHandedOver, sourceHandedOver } from "../closing.ts";
import { completenessDocument, type CompletenessDocument } from "../completeness.ts";
import {
  CONTROL_FIGURES,
  PERIOD_FIGURES,
  PeriodCounts,
  PERIODS_PATH,
  rateText,
  testedOf,
  TREND_PATH,
} from "./figures.ts";
import { countDifferences } from "../since-close.ts";
import { partsOf, type EvidenceSource, type Period } from "../tables/population.ts";
import {
  column,
  groupsText,
  listText,
  rowReader,
  table,
  timeText,
  type Columns,
  type Table,
} from "../tables/table.ts";
import { scopePolicies } from "../rows/policies.ts";
import { isInScope, repositoriesSeen } from "../tables/in-scope.ts";

interface PeriodRow {
  readonly period: Period;
  readonly generatedAt: number;
  readonly counts: PeriodCounts;
  readonly closed: PeriodCloseRecord | null;
  /** Rows that differ from the closing, and from the newest package; null: it was never closed. */
  readonly since: { readonly closing: number; readonly newest: number } | null;
  readonly completeness: CompletenessDocument;
  /** Id and name of each repository in scope. */
  readonly repositories: readonly (readonly string[])[];
}

/** The tables whose rows periods.csv counts. */
const COUNTED_BY_PERIOD = [
  "changes.csv",
  "deployments.csv",
  "deviations.csv",
  "emergency-changes.csv",
  "coverage-gaps.csv",
];

/** Returns periods.csv, which counts rows of the other tables and compares them with what was handed over. */
export function periodsTable(tables: readonly Table[]): Table {
  return table<PeriodRow>({
    path: PERIODS_PATH,
    description:
      "Of a package that rolls up several periods, one row for each; its figures are those of the period's own package, made from the same log. Empty: the package is of one period.",
    sortedBy: ["from"],
    columns: {
      period: column.text(({ period }) => period.name, "The period's name."),
      from: column.time(({ period }) => period.from, "Its start, included."),
      to: column.time(({ period }) => period.to, "Its end, excluded."),
      ended: column.yesNo(
        ({ period, generatedAt }) => generatedAt >= period.to,
        "Whether it was over when this was generated.",
      ),
      ...CLOSING_COLUMNS,
      ...Object.fromEntries(
        Object.entries(PERIOD_FIGURES).map(([name, says]) => [
          name,
          column.integer<PeriodRow>(({ counts }) => counts.figure(name), says),
        ]),
      ),
      branches: column.integer(
        ({ completeness }) => completeness.branches.length,
        "Production branches that were in scope at some moment of it, as in completeness.json of its own package.",
      ),
      branches_proven: column.integer(
        ({ completeness }) => completeness.branches.filter(({ proven }) => proven).length,
        "Of them, those whose list of changes is proven complete for their whole part of the period.",
      ),
      complete: column.yesNo(
        ({ completeness }) => completeness.complete,
        "yes: the period is over, the whole of it was observed, and every one of them is proven.",
      ),
      repositories: column.list(
        ({ repositories }) => groupsText(repositories),
        "Repositories that the App could see in the period and that were in scope in it, with their names now: repository_id;owner/name.",
      ),
      policies: column.list(
        ({ counts }) => listText(counts.policies()),
        "Digests of the policies by which its changes and deployments were judged.",
      ),
    },
    async *rows(source) {
      const counts = await countedIn(source, tables, COUNTED_BY_PERIOD);
      const rows: PeriodRow[] = [];
      for (const [index, part] of partsOf(source).entries())
        rows.push(await periodRow(part, counts[index] ?? new PeriodCounts(part.period), tables));
      yield* rows.toSorted((a, b) => (timeText(a.period.from) < timeText(b.period.from) ? -1 : 1));
    },
  });
}

const CLOSING_COLUMNS: Columns<PeriodRow> = {
  closed_at: column.time(
    ({ closed }) => (closed === null ? null : closingOf(closed).at),
    "When it was closed; empty: it was not, so that no package of it was handed over.",
  ),
  closed_by: column.text(
    ({ closed }) => (closed === null ? null : closingOf(closed).by),
    "By whom, as given at the terminal.",
  ),
  closing_sha256: column.digest(
    ({ closed }) => (closed === null ? null : closingOf(closed).seal),
    "SHA-256 of the manifest.dsse.json of the package that closed it.",
  ),
  closing_reason: column.text(
    ({ closed }) => (closed === null ? null : closingOf(closed).reason),
    "Why it was closed before it was complete; empty: it was complete.",
  ),
  log_size: column.integer(
    ({ closed }) => (closed === null ? null : closingOf(closed).log.size),
    "Entries of the evidence log when it was closed.",
  ),
  log_hash: column.digest(
    ({ closed }) => (closed === null ? null : closingOf(closed).log.hash),
    "Hash of the last of them.",
  ),
  key_id: column.digest(
    ({ closed }) => (closed === null ? null : lastHandedOver(closed).keyId),
    "Fingerprint of the key that signed the newest package of it.",
  ),
  rows_since_closing: column.integer(
    ({ since }) => since?.closing ?? null,
    "Rows of its tables that were added, changed or removed since it was closed.",
    "beyond",
  ),
  addenda: column.list(
    ({ closed }) =>
      groupsText(
        (closed?.handedOver.slice(1) ?? []).map(({ at, seal, reason }, index) => [
          String(index + 1),
          timeText(at),
          seal,
          reason ?? "",
        ]),
      ),
    "The addenda to it, each of which names rows that differ: number;when;SHA-256 of its manifest.dsse.json;why.",
  ),
  rows_in_no_addendum: column.integer(
    ({ since }) => since?.newest ?? null,
    "Rows that differ from the newest package handed over of it: export the period by itself to see them.",
    "beyond",
  ),
};

async function periodRow(
  part: EvidenceSource,
  counts: PeriodCounts,
  tables: readonly Table[],
): Promise<PeriodRow> {
  const [closing, newest] = [await sourceHandedOver(part, "closing"), await sourceHandedOver(part)];
  const repositories: (readonly string[])[] = [];
  for (const seen of await repositoriesSeen(part)) {
    const { id, owner, name } = seen.body.repository;
    if (isInScope(seen)) repositories.push([String(id), `${owner}/${name}`]);
  }
  return {
    period: part.period,
    generatedAt: part.generatedAt,
    counts,
    closed: (await closingsOf(part)).own,
    since:
      closing === null || newest === null
        ? null
        : {
            closing: await countDifferences(closing, part, tables),
            newest: await countDifferences(newest, part, tables),
          },
    completeness: await completenessDocument(part),
    repositories,
  };
}

/** Counts the rows of some tables, each made once, for every period that a package rolls up. */
async function countedIn(
  source: EvidenceSource,
  tables: readonly Table[],
  paths: readonly string[],
): Promise<readonly PeriodCounts[]> {
  const counts = partsOf(source).map(({ period }) => new PeriodCounts(period));
  if (counts.length === 0) return counts;
  for (const { path, columns, rows } of tables.filter((each) => paths.includes(each.path))) {
    const reader = rowReader(columns);
    for await (const cells of rows(source)) for (const each of counts) each.count(path, reader(cells));
  }
  return counts;
}

interface TrendRow {
  readonly control: ControlName;
  readonly period: Period;
  readonly counts: PeriodCounts;
  /** The policies by which something of the period was judged. */
  readonly policies: readonly Policy[];
  /** The same control in the period before; null: this is the first. */
  readonly before: TrendRow | null;
}

/** Returns control-trend.csv, which counts rows of the other tables by control. */
export function trendTable(tables: readonly Table[]): Table {
  return table<TrendRow>({
    path: TREND_PATH,
    description:
      "Of a package that rolls up several periods, how each control did in each. Empty: the package is of one period.",
    sortedBy: ["control", "from"],
    columns: {
      control: column.text(({ control }) => control, "The control, as in controls.csv."),
      from: column.time(({ period }) => period.from, "Start of the period."),
      period: column.text(({ period }) => period.name, "The period's name, as in periods.csv."),
      required: column.yesNo(
        ({ policies, control }) =>
          policies.length === 0 ? null : policies.some((policy) => isAskedFor(policy, control)),
        "Whether a policy by which something of the period was judged requires it; empty: nothing was judged.",
      ),
      setting: column.digest(
        settingText,
        "SHA-256 of what these policies have set for it, such as approvals, checks and the mode; empty: nothing was judged.",
      ),
      setting_changed: column.yesNo(
        (row) => differs(settingText(row), row.before === null ? null : settingText(row.before)),
        "Whether that differs from the period before; empty: one of them has none.",
      ),
      tested: column.integer(
        (row) => tested(row),
        "Changes and deployments of the period, but for historic ones, to which it applied: passed, failed, waived and unverifiable.",
      ),
      ...Object.fromEntries(
        Object.entries(CONTROL_FIGURES).map(([name, says]) => [
          name,
          column.integer<TrendRow>(({ counts, control }) => counts.ofControl(control, name), says),
        ]),
      ),
      rate: column.text(
        (row) => rateText(passed(row), tested(row)),
        "passed / tested; empty: it applied to nothing.",
      ),
      rate_before: column.text(
        ({ before }) => (before === null ? null : rateText(passed(before), tested(before))),
        "The same of the period before.",
      ),
      change: column.text(
        changeText,
        "Against the period before: higher, lower or same; empty: one of them has no rate.",
      ),
    },
    async *rows(source) {
      const counts = await countedIn(source, tables, [
        "control-tests.csv",
        "deviations.csv",
        "monitoring.csv",
      ]);
      const known = new Map<string, Policy>();
      for await (const { body } of counts.length === 0 ? [] : scopePolicies(source))
        known.set(body.digest, body.effective);
      const rows: TrendRow[] = [];
      for (const control of CONTROL_NAMES.toSorted()) {
        let before: TrendRow | null = null;
        for (const [index, { period }] of partsOf(source).entries()) {
          const own = counts[index] ?? new PeriodCounts(period);
          const policies = own.policies().flatMap((digest) => known.get(digest) ?? []);
          before = { control, period, counts: own, policies, before };
          rows.push(before);
        }
      }
      yield* rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    },
  });
}

function keyOf({ control, period }: TrendRow): string {
  return `${control}\n${timeText(period.from)}`;
}

function passed({ counts, control }: TrendRow): number {
  return counts.ofControl(control, "passed");
}

function tested({ counts, control }: TrendRow): number {
  return testedOf((name) => counts.ofControl(control, name));
}

function settingText({ policies, control }: TrendRow): string | null {
  const settings = new Set(policies.map((policy) => canonical(settingOf(policy, control))));
  return settings.size === 0 ? null : sha256([...settings].toSorted().join("\n"));
}

function differs(now: string | null, before: string | null): boolean | null {
  return now === null || before === null ? null : now !== before;
}

function changeText(row: TrendRow): string | null {
  const { before } = row;
  if (before === null || tested(row) === 0 || tested(before) === 0) return null;
  const [now, then] = [passed(row) * tested(before), passed(before) * tested(row)];
  return now === then ? "same" : now > then ? "higher" : "lower";
}
