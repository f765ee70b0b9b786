/** What is counted of each period that a package rolls up: rows of its tables, by when they happened. */

import { uncovered, type Span } from "../../time/span.ts";
import { CONTROL_NAMES } from "../../values/result.ts";
import type { Period } from "../tables/population.ts";

/** Returns a cell of a row by its column's name. */
export type ReadRow = (column: string) => string;

const VERDICTS = ["compliant", "exempted", "emergency", "non-compliant", "unverifiable", "historic"] as const;

function byVerdict(noun: string, when: string): Readonly<Record<string, string>> {
  return {
    [noun]: `${noun[0]?.toUpperCase() ?? ""}${noun.slice(1)} of the period, by ${when}.`,
    ...Object.fromEntries(
      VERDICTS.map((verdict) => [figureName(noun, verdict), `Of them, those whose verdict is ${verdict}.`]),
    ),
  };
}

function figureName(...words: readonly string[]): string {
  return words.join("_").replaceAll("-", "_");
}

/** Holds the figures of a period with what each counts. */
export const PERIOD_FIGURES: Readonly<Record<string, string>> = {
  ...byVerdict("changes", "occurred_at"),
  ...byVerdict("deployments", "succeeded_at"),
  deviations: "Deviations that happened in the period.",
  deviations_settled: "Of them, closed, or no exception after all, since before the period's end.",
  deviations_open_at_end:
    "Of them, the others: open or being remedied at its end, or now if it has not ended.",
  deviations_open_now: "Of them, neither closed nor found to be no exception when this was generated.",
  emergencies: "Emergencies that were opened in the period.",
  gaps: "Monitoring gaps that touch the period; one that touches two is in both.",
  gaps_not_read: "Of them, those of which nobody read afterwards what happened.",
};

/** Holds the figures of a control in a period with what each counts. */
export const CONTROL_FIGURES: Readonly<Record<string, string>> = {
  passed: "Changes and deployments of the period, but for historic ones, on which it passed.",
  failed: "On which it failed.",
  waived: "On which it was waived.",
  unverifiable: "On which it cannot be told.",
  not_applicable: "To which it does not apply.",
  deviations_design: "Deviations of this control and of type design that happened in the period.",
  deviations_operating: "The same of type operating.",
  months_requested: "Months that begin in the period for which a sign-off was requested or given.",
  months_signed_off: "Of them, signed off by now, in time or late.",
};

const OUTCOMES: Readonly<Record<string, string>> = {
  pass: "passed",
  fail: "failed",
  waived: "waived",
  unverifiable: "unverifiable",
  "not-applicable": "not_applicable",
};

/** When the event of a row was, and what it counts for in a period that this touches. */
interface Counted {
  readonly when: (row: ReadRow) => Span;
  readonly figures: (row: ReadRow, period: Span) => readonly string[];
}

const COUNTED: Readonly<Record<string, Counted>> = {
  "changes.csv": {
    when: momentIn("occurred_at"),
    figures: (row) => ["changes", figureName("changes", row("verdict")), ...policyOf(row)],
  },
  "deployments.csv": {
    when: momentIn("succeeded_at"),
    figures: (row) => ["deployments", figureName("deployments", row("verdict")), ...policyOf(row)],
  },
  "control-tests.csv": {
    when: momentIn("occurred_at"),
    figures: (row) => [
      ...(row("historic") === "yes" ? [] : [ofControl(row("control"), OUTCOMES[row("outcome")] ?? "")]),
      ...policyOf(row),
    ],
  },
  "deviations.csv": {
    when: momentIn("happened_at"),
    figures: (row, { to }) => {
      const isSettled = ["closed", "not-an-exception"].includes(row("status"));
      const isSettledThen = isSettled && Date.parse(row("status_since")) < to;
      return [
        "deviations",
        isSettledThen ? "deviations_settled" : "deviations_open_at_end",
        ...(isSettled ? [] : ["deviations_open_now"]),
        ...row("controls")
          .split(" ")
          .map((control) => ofControl(control, `deviations_${row("type")}`)),
      ];
    },
  },
  "emergency-changes.csv": { when: momentIn("opened_at"), figures: () => ["emergencies"] },
  "coverage-gaps.csv": {
    when: (row) => ({
      from: Date.parse(row("from")),
      to: row("to") === "" ? Infinity : Date.parse(row("to")),
    }),
    figures: (row) => ["gaps", ...(row("backfilled") === "yes" ? [] : ["gaps_not_read"])],
  },
  "monitoring.csv": {
    when: (row) => moment(Date.parse(`${row("month")}-01T00:00:00Z`)),
    figures: (row) => [
      ofControl(row("control"), "months_requested"),
      ...(row("signed_off_at") === "" ? [] : [ofControl(row("control"), "months_signed_off")]),
    ],
  },
};

function moment(at: number): Span {
  return { from: at, to: at + 1 };
}

function momentIn(column: string): Counted["when"] {
  return (row) => moment(Date.parse(row(column)));
}

function ofControl(control: string, figure: string): string {
  return `${control} ${figure}`;
}

const POLICY = "policy ";

function policyOf(row: ReadRow): readonly string[] {
  return row("policy_digest") === "" ? [] : [`${POLICY}${row("policy_digest")}`];
}

/** Counts rows for one period; memory does not grow with them. */
export class PeriodCounts {
  readonly span: Span;
  readonly #counts = new Map<string, number>();

  constructor(span: Span) {
    this.span = span;
  }

  /** Counts a row of a table, if it belongs to the period. */
  count(path: string, row: ReadRow): void {
    const counted = COUNTED[path];
    if (counted === undefined) return;
    const { from, to } = counted.when(row);
    if (!(from < this.span.to && to > this.span.from)) return;
    for (const name of counted.figures(row, this.span))
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Returns one of {@link PERIOD_FIGURES}. */
  figure(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Returns one of {@link CONTROL_FIGURES}. */
  ofControl(control: string, name: string): number {
    return this.figure(ofControl(control, name));
  }

  /** Returns the digests of the policies by which something of the period was judged. */
  policies(): readonly string[] {
    return [...this.#counts.keys()]
      .filter((name) => name.startsWith(POLICY))
      .map((name) => name.slice(POLICY.length))
      .toSorted();
  }
}

/** Returns how many changes and deployments of a control's figures it applied to. */
export function testedOf(figure: (name: string) => number): number {
  return ["passed", "failed", "waived", "unverifiable"].reduce((sum, name) => sum + figure(name), 0);
}

/** Describes the rows of a table that a package of several periods shows on its first page. */
export type ShownRow = Readonly<Record<string, string>>;

/** Describes what a package of several periods counts of each; all are empty in a package of one. */
export interface RolledUp {
  /** The rows of periods.csv, by time. */
  readonly periods: readonly ShownRow[];
  /** The rows of control-trend.csv. */
  readonly trend: readonly ShownRow[];
  /** Spans between two of the periods, with what happened in them. */
  readonly uncovered: readonly (Span & { readonly changes: number; readonly deployments: number })[];
}

/** Holds the paths of the two tables. */
export const PERIODS_PATH = "periods.csv";
/** Holds how each control did in each period. */
export const TREND_PATH = "control-trend.csv";

/** The columns that the first page reads. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  [PERIODS_PATH]: [
    "period",
    "from",
    "to",
    "ended",
    "closed_at",
    "closed_by",
    "closing_sha256",
    "key_id",
    "rows_since_closing",
    "addenda",
    "rows_in_no_addendum",
    "branches",
    "branches_proven",
    "repositories",
    "policies",
    ...Object.keys(PERIOD_FIGURES),
  ],
  [TREND_PATH]: ["control", "from", "required", "setting", "tested", "rate", ...Object.keys(CONTROL_FIGURES)],
};

/** Holds how many periods a package rolls up at most. */
export const MOST_PERIODS = 120;

const MOST_ROWS = MOST_PERIODS * 20;

/** Counts the rows of a package for each period it rolls up. It keeps the rows that its own tables have of them. */
export class RollUpTally {
  readonly #parts: readonly PeriodCounts[];
  readonly #holes: readonly PeriodCounts[];
  readonly #areInOrder: boolean;
  readonly #rows: Readonly<Record<string, ShownRow[]>> = { [PERIODS_PATH]: [], [TREND_PATH]: [] };

  constructor(period: Period | null) {
    const parts = period?.parts ?? [];
    this.#parts = parts.map((part) => new PeriodCounts(part));
    this.#areInOrder = parts.length === 0 || (period !== null && areInOrder(parts, period));
    const holes = period === null || parts.length === 0 ? [] : uncovered(parts, period);
    this.#holes = holes.map((hole) => new PeriodCounts(hole));
  }

  /** Counts one row. */
  count(path: string, row: ReadRow): void {
    for (const each of this.#parts) each.count(path, row);
    for (const each of this.#holes) each.count(path, row);
    const [own, columns] = [this.#rows[path], SHOWN[path]];
    if (own === undefined || columns === undefined || own.length === MOST_ROWS) return;
    // As a file holds it or as it was made: an apostrophe before a formula is no part of a name.
    const shown = (cell: string): string => cell.replace(/^'(?=[=+\-@\t\r＝＋－＠])/u, "");
    own.push(Object.fromEntries(columns.map((name) => [name, shown(row(name))])));
  }

  /** Returns what was counted. */
  rolledUp(): RolledUp {
    return {
      periods: this.#rows[PERIODS_PATH] ?? [],
      trend: this.#rows[TREND_PATH] ?? [],
      uncovered: this.#holes.map((each) => ({
        ...each.span,
        changes: each.figure("changes"),
        deployments: each.figure("deployments"),
      })),
    };
  }

  /** Returns the tables whose figures are not those of the other tables. */
  disagreeing(): readonly string[] {
    const { periods, trend } = this.rolledUp();
    const counted = (row: ShownRow): PeriodCounts | undefined =>
      this.#parts.find(({ span }) => span.from === Date.parse(row["from"] ?? ""));
    const isSame = (row: ShownRow, names: readonly string[], figure: (name: string) => number): boolean =>
      names.every((name) => row[name] === String(figure(name)));
    const arePeriods = periods.every((row) => {
      const own = counted(row);
      if (own === undefined || Date.parse(row["to"] ?? "") !== own.span.to) return false;
      return (
        isSame(row, Object.keys(PERIOD_FIGURES), (name) => own.figure(name)) &&
        row["policies"] === own.policies().join(" ")
      );
    });
    const isTrend = trend.every((row) => {
      const figure = (name: string): number => counted(row)?.ofControl(row["control"] ?? "", name) ?? -1;
      const rate = rateText(figure("passed"), testedOf(figure));
      return (
        isSame(row, Object.keys(CONTROL_FIGURES), figure) &&
        row["tested"] === String(testedOf(figure)) &&
        row["rate"] === (rate ?? "")
      );
    });
    return [
      ...(this.#areInOrder && arePeriods && periods.length === this.#parts.length ? [] : [PERIODS_PATH]),
      ...(isTrend && trend.length === this.#parts.length * CONTROL_NAMES.length ? [] : [TREND_PATH]),
    ];
  }
}

/** Whether they follow one another from the beginning of the whole to its end. */
function areInOrder(parts: readonly Span[], whole: Span): boolean {
  return (
    parts[0]?.from === whole.from &&
    parts.at(-1)?.to === whole.to &&
    parts.every(({ from, to }, index) => from < to && from >= (parts[index - 1]?.to ?? from))
  );
}

/** Returns a share with four decimals; null: of nothing. */
export function rateText(numerator: number, denominator: number): string | null {
  return denominator === 0 ? null : (numerator / denominator).toFixed(4);
}
