/** Counts of a package, kept while its tables are written: what can be counted again from the tables by anyone. */

import { RollUpTally, type RolledUp } from "./roll-up/figures.ts";
import type { Period } from "./tables/population.ts";

/** Describes how many of something had each outcome; sorted by name when written. */
export type Counts = Readonly<Record<string, number>>;

/** Describes a share with its numerator and denominator; `rate` has four decimals, null when there is nothing to divide by. */
export interface Rate {
  readonly numerator: number;
  readonly denominator: number;
  readonly rate: string | null;
}

/** Describes the content of summary.json. */
export interface SummaryDocument {
  readonly changes: {
    readonly total: number;
    readonly by_verdict: Counts;
    readonly by_update: Counts;
    readonly by_class: Counts;
    readonly by_assurance: Counts;
    /** enforce, or observe: the policy blocked nothing. */
    readonly by_mode: Counts;
    readonly late: number;
    /** Changes of which someone named by the policy accepted, before the merge, what could not be verified; they stay unverifiable. */
    readonly unverifiable_accepted: number;
    /** Non-compliant, and named by no deviation: each row has the reason. */
    readonly without_deviation: number;
    readonly deployed: number;
    /** Of all changes that are not historic. */
    readonly rate_by_verdict: Readonly<Record<string, Rate>>;
  };
  readonly deployments: {
    readonly total: number;
    readonly by_verdict: Counts;
    readonly by_kind: Counts;
    readonly by_mode: Counts;
    readonly without_deviation: number;
    readonly rate_by_verdict: Readonly<Record<string, Rate>>;
  };
  /**
   * By control: outcomes, and the share of passes among subjects the control applies to (unverifiable and waived count in the
   * denominator). What is historic is in none of them.
   */
  readonly controls: Readonly<Record<string, { readonly by_outcome: Counts; readonly passed: Rate }>>;
  readonly months: readonly {
    readonly month: string;
    readonly changes: number;
    readonly by_verdict: Counts;
    readonly deployments: number;
  }[];
  readonly repositories: Readonly<Record<string, { readonly changes: number; readonly by_verdict: Counts }>>;
  readonly deviations: {
    readonly total: number;
    readonly by_type: Counts;
    readonly by_status: Counts;
    readonly by_severity: Counts;
    readonly by_cause: Counts;
    /** app: found here; auditor: entered from a report. */
    readonly by_source: Counts;
  };
  /** Months of controls that someone was requested to sign off; `at_terminal`: where nobody proves who they are. */
  readonly monthly_reviews: {
    readonly total: number;
    readonly by_status: Counts;
    readonly at_terminal: number;
  };
  /** `by_authorisation`: independent, alone-confirmed, alone-unconfirmed or none. */
  readonly emergencies: {
    readonly total: number;
    readonly by_status: Counts;
    readonly by_authorisation: Counts;
    readonly reviews_by_status: Counts;
    readonly reviews_late_or_overdue: number;
  };
  readonly ref_updates: { readonly total: number; readonly not_contiguous: number };
  readonly coverage_gaps: {
    readonly total: number;
    readonly by_cause: Counts;
    readonly not_backfilled: number;
  };
  /** Rows of since-close.csv: those that differ in more than when they were recorded, and the others. */
  readonly since_close: {
    readonly total: number;
    readonly recorded_again: number;
    readonly by_table: Readonly<Record<string, Counts>>;
  };
}

/** Describes a row of since-close.csv that the first page shows. */
export interface ShownDifference {
  readonly table: string;
  readonly row: string;
  readonly change: string;
  readonly columns: string;
  readonly before: string;
  readonly after: string;
  readonly why: string;
}

/** Differences that the first page shows; all are in since-close.csv. */
const SHOWN_DIFFERENCES = 50;

type Row = (column: string) => string;

/** Describes the changes of one branch. They are all, those in spans proven complete, and those with no pull request behind them. */
export interface BranchSummary {
  readonly updates: number;
  readonly updates_matched: number;
  readonly without_pull_request: number;
}

/** Counts rows as they pass; memory grows with repositories, months and controls, never with rows. */
export class Tally {
  readonly #counts = new Map<string, Map<string, number>>();
  readonly #differences: ShownDifference[] = [];
  readonly #proven: (repository: string, branch: string, at: string) => boolean;
  /** What is counted of each period that the package rolls up. */
  readonly rollUp: RollUpTally;

  /** `proven`: whether a branch (by its repository's id and its full name) is proven complete at a time, by completeness.json. */
  constructor(
    period: Period | null = null,
    proven: (repository: string, branch: string, at: string) => boolean = () => false,
  ) {
    this.rollUp = new RollUpTally(period);
    this.#proven = proven;
  }

  /** The changes of one branch so far. */
  branch(repositoryId: number, branch: string): BranchSummary {
    const count = this.#counted(`branch:${repositoryId} ${branch}`);
    return {
      updates: count["all"] ?? 0,
      updates_matched: count["proven"] ?? 0,
      without_pull_request: count["without-pull-request"] ?? 0,
    };
  }

  /** The branches that changes so far are on: the repository's id, and the branch's full name. */
  branches(): readonly (readonly [number, string])[] {
    return this.#names("branch").map((name) => {
      const end = name.indexOf(" ");
      return [Number(name.slice(0, end)), name.slice(end + 1)];
    });
  }

  /** Counts one row of a table, given the table's path and its cells by column name. Rows of tables that are not counted are ignored. */
  count(path: string, row: Row): void {
    this.rollUp.count(path, row);
    switch (path) {
      case "changes.csv":
        return this.#change(row);
      case "deployments.csv":
        this.#add("deployments", "");
        this.#add("deployment-verdict", row("verdict"));
        this.#add("deployment-kind", row("kind"));
        this.#add("deployment-mode", row("mode"));
        if (isUnlisted(row)) this.#add("deployments-unlisted", "");
        return this.#add("month-deployments", row("succeeded_at").slice(0, 7));
      case "control-tests.csv":
        if (row("historic") === "yes") return;
        this.#add("control", row("control"));
        return this.#add(`control:${row("control")}`, row("outcome"));
      case "deviations.csv":
        this.#add("deviations", "");
        this.#add("deviation-type", row("type"));
        this.#add("deviation-status", row("status"));
        this.#add("deviation-severity", row("severity"));
        this.#add("deviation-source", row("source"));
        return this.#add("deviation-cause", row("cause"));
      case "monitoring.csv":
        this.#add("reviews", "");
        this.#add("monthly-status", row("status"));
        return row("signed_off_via") === "terminal" ? this.#add("reviews-terminal", "") : undefined;
      case "emergency-changes.csv":
        this.#add("emergencies", "");
        this.#add("emergency-status", row("status"));
        return this.#add("emergency-authorisation", authorisationOf(row));
      case "retroactive-reviews.csv":
        this.#add("review-status", row("status"));
        return [row("late"), row("overdue")].includes("yes") ? this.#add("reviews-late", "") : undefined;
      case "ref-updates.csv":
        this.#add("ref-updates", "");
        return row("contiguous_with_previous") === "no" ? this.#add("ref-updates-broken", "") : undefined;
      case "coverage-gaps.csv":
        this.#add("gaps", "");
        this.#add("gap-cause", row("cause"));
        return row("backfilled") === "yes" ? undefined : this.#add("gaps-open", "");
      case "since-close.csv":
        return this.#difference(row);
    }
  }

  /** The first rows that differ from what was handed over, and the rows of each period that the package rolls up. */
  shown(): { readonly differences: readonly ShownDifference[]; readonly rolledUp: RolledUp } {
    return { differences: this.#differences, rolledUp: this.rollUp.rolledUp() };
  }

  #difference(row: Row): void {
    const change = row("change");
    this.#add("difference-table", row("table"));
    this.#add(`difference:${row("table")}`, change);
    this.#add(change === "recorded-again" ? "recorded-again" : "differences", "");
    if (change === "recorded-again" || this.#differences.length === SHOWN_DIFFERENCES) return;
    // As a file holds it or as it was made: an apostrophe before a formula is no part of a key.
    const name = row("row").replace(/^'(?=[=+\-@\t\r＝＋－＠])/u, "");
    const [table, columns] = [row("table"), row("columns")];
    const [before, after, why] = [row("before"), row("after"), row("why")];
    this.#differences.push({ table, row: name, change, columns, before, after, why });
  }

  /** The counts so far as the document that is written. */
  summary(): SummaryDocument {
    const months = new Set([...this.#names("month"), ...this.#names("month-deployments")]);
    return {
      changes: {
        total: this.#total("changes"),
        by_verdict: this.#counted("verdict"),
        by_update: this.#counted("update"),
        by_class: this.#counted("class"),
        by_assurance: this.#counted("assurance"),
        by_mode: this.#counted("mode"),
        late: this.#total("late"),
        unverifiable_accepted: this.#total("accepted"),
        without_deviation: this.#total("changes-unlisted"),
        deployed: this.#total("deployed"),
        rate_by_verdict: rates(this.#counted("verdict")),
      },
      deployments: {
        total: this.#total("deployments"),
        by_verdict: this.#counted("deployment-verdict"),
        by_kind: this.#counted("deployment-kind"),
        by_mode: this.#counted("deployment-mode"),
        without_deviation: this.#total("deployments-unlisted"),
        rate_by_verdict: rates(this.#counted("deployment-verdict")),
      },
      controls: Object.fromEntries(
        this.#names("control").map((control) => {
          const by_outcome = this.#counted(`control:${control}`);
          const applies = sum(by_outcome) - (by_outcome["not-applicable"] ?? 0);
          return [control, { by_outcome, passed: rate(by_outcome["pass"] ?? 0, applies) }];
        }),
      ),
      months: [...months].toSorted().map((month) => ({
        month,
        changes: this.#counted("month")[month] ?? 0,
        by_verdict: this.#counted(`month:${month}`),
        deployments: this.#counted("month-deployments")[month] ?? 0,
      })),
      repositories: Object.fromEntries(
        this.#names("repository").map((name) => [
          name,
          {
            changes: this.#counted("repository")[name] ?? 0,
            by_verdict: this.#counted(`repository:${name}`),
          },
        ]),
      ),
      deviations: {
        total: this.#total("deviations"),
        by_type: this.#counted("deviation-type"),
        by_status: this.#counted("deviation-status"),
        by_severity: this.#counted("deviation-severity"),
        by_cause: this.#counted("deviation-cause"),
        by_source: this.#counted("deviation-source"),
      },
      monthly_reviews: {
        total: this.#total("reviews"),
        by_status: this.#counted("monthly-status"),
        at_terminal: this.#total("reviews-terminal"),
      },
      emergencies: {
        total: this.#total("emergencies"),
        by_status: this.#counted("emergency-status"),
        by_authorisation: this.#counted("emergency-authorisation"),
        reviews_by_status: this.#counted("review-status"),
        reviews_late_or_overdue: this.#total("reviews-late"),
      },
      ref_updates: { total: this.#total("ref-updates"), not_contiguous: this.#total("ref-updates-broken") },
      coverage_gaps: {
        total: this.#total("gaps"),
        by_cause: this.#counted("gap-cause"),
        not_backfilled: this.#total("gaps-open"),
      },
      since_close: {
        total: this.#total("differences"),
        recorded_again: this.#total("recorded-again"),
        by_table: Object.fromEntries(
          this.#names("difference-table").map((name) => [name, this.#counted(`difference:${name}`)]),
        ),
      },
    };
  }

  #change(row: Row): void {
    const verdict = row("verdict");
    const month = row("occurred_at").slice(0, 7);
    this.#add("changes", "");
    this.#add("verdict", verdict);
    this.#add("update", row("update"));
    this.#add("class", row("class"));
    this.#add("assurance", row("assurance"));
    this.#add("mode", row("mode"));
    this.#add("month", month);
    this.#add(`month:${month}`, verdict);
    this.#add("repository", row("repository"));
    this.#add(`repository:${row("repository")}`, verdict);
    const branch = `branch:${row("repository_id")} ${row("branch")}`;
    this.#add("branch", `${row("repository_id")} ${row("branch")}`);
    this.#add(branch, "all");
    if (this.#proven(row("repository_id"), row("branch"), row("occurred_at"))) this.#add(branch, "proven");
    if (row("update") !== "pull-request" && row("update") !== "queue")
      this.#add(branch, "without-pull-request");
    if (isUnlisted(row)) this.#add("changes-unlisted", "");
    if (row("late") === "yes") this.#add("late", "");
    if (row("unverifiable_accepted") !== "") this.#add("accepted", "");
    if (row("first_production_deployment_id") !== "") this.#add("deployed", "");
  }

  #add(group: string, name: string): void {
    const counts = this.#counts.get(group) ?? new Map<string, number>();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    this.#counts.set(group, counts);
  }

  #names(group: string): readonly string[] {
    return [...(this.#counts.get(group)?.keys() ?? [])].toSorted();
  }

  #counted(group: string): Counts {
    return Object.fromEntries([...(this.#counts.get(group) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #total(group: string): number {
    return this.#counts.get(group)?.get("") ?? 0;
  }
}

function isUnlisted(row: Row): boolean {
  return row("verdict") === "non-compliant" && row("deviation_id") === "";
}

/** One that someone authorised alone is counted apart, and apart again while nobody confirmed it. */
function authorisationOf(row: Row): string {
  if (row("authorised_at") === "") return "none";
  if (row("alone") !== "yes") return "independent";
  return row("confirmed_at") === "" ? "alone-unconfirmed" : "alone-confirmed";
}

function rates(by_verdict: Counts): Readonly<Record<string, Rate>> {
  const denominator = sum(by_verdict) - (by_verdict["historic"] ?? 0);
  return Object.fromEntries(
    Object.entries(by_verdict)
      .filter(([verdict]) => verdict !== "historic")
      .map(([verdict, numerator]) => [verdict, rate(numerator, denominator)]),
  );
}

function rate(numerator: number, denominator: number): Rate {
  return { numerator, denominator, rate: denominator === 0 ? null : (numerator / denominator).toFixed(4) };
}

function sum(counts: Counts): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
