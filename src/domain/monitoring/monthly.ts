/** Monthly reviews: what a control came to in a month, who must sign it off, and whether they did in time. */

import { dueAfter, type Calendar, type Term } from "../time/calendar.ts";
import type { Instant } from "../time/instant.ts";
import type { Policy } from "../policy/file/policy.ts";
import type { MonthlyFigures, MonthlyReviewRecord } from "../records/monitoring.ts";
import { withLocalTimes } from "../texts/wording.ts";
import type { JudgedCount } from "./judged.ts";
import { observedIn, spansText, type ObservedTime, type Statement } from "./observed-time.ts";
import { uncovered, type Span } from "../time/span.ts";
import { CONTROL_NAMES, type ControlName, type Outcome } from "../values/result.ts";
import type { DeviationRecord } from "../records/deviation.ts";
import { monthSpan } from "../time/month.ts";

/** Limits how long an owner has from the request. */
export const REVIEW_TERM: Term = { unit: "business-days", count: 10 };

/** Names the status of a monthly review; computed from the record, the clock and the figures known now, never stored. */
export type MonthlyStatus = "due" | "signed-off" | "late" | "missing" | "changed";

/**
 * Returns the status of a review at a moment. Signed off, it is in time or late, or changed where the month is known to
 * be otherwise than the signer saw; else it is due or missing. `figures`: as counted now; left out: nothing changed.
 */
export function monthlyStatus(
  { dueAt, signedOff, control }: Pick<MonthlyReviewRecord, "dueAt" | "signedOff" | "control">,
  now: Instant,
  figures?: MonthlyFigures,
): MonthlyStatus {
  if (signedOff === null) return now <= dueAt ? "due" : "missing";
  if (figures !== undefined && isOtherwise(control, signedOff.figures, figures)) return "changed";
  return signedOff.at <= dueAt ? "signed-off" : "late";
}

/**
 * Returns whether a month is known to be otherwise than it was seen. That is: more or less of it failed, deviated or
 * was unverifiable, or its population is another.
 */
export function isOtherwise(control: ControlName, seen: MonthlyFigures, now: MonthlyFigures): boolean {
  // Whether an emergency was reviewed in time is known only when the review is owed: the month goes on growing.
  const grows = control === "emergency-reviewed-in-time";
  return (
    seen.failed !== now.failed ||
    seen.deviations !== now.deviations ||
    seen.unverifiable !== now.unverifiable ||
    (seen.population !== now.population && !grows)
  );
}

/** Returns the entry's subject. One log may hold several organisations. */
export function monthlySubject(organizationId: number, control: ControlName, month: string): string {
  return `${organizationId}/${control}:${month}`;
}

/** Returns when a review that is requested at a moment is due. */
export function monthlyDue(askedAt: Instant, calendar: Calendar): Instant {
  return dueAfter(askedAt, REVIEW_TERM, calendar);
}

/** Returns who signs a control off under this policy; null: nobody is named, and nobody is notified. */
export function ownerOf(
  policy: Pick<Policy, "controls" | "monitoring">,
  control: ControlName,
): string | null {
  return policy.controls[control]?.owner ?? policy.monitoring.owner;
}

/** Counts one month. */
export class MonthlyTally {
  readonly #outcomes = new Map<ControlName, Record<Outcome, number>>();
  readonly #deviations = new Map<ControlName, number>();
  readonly #open = new Map<ControlName, number>();

  /** Counts results on the month's changes or deployments. What is historic was not under the control yet. */
  judged({ verdict, results, count }: Omit<JudgedCount, "month">): void {
    if (verdict === "historic") return;
    for (const { control, outcome } of results) {
      const counts = this.#outcomes.get(control) ?? {
        pass: 0,
        fail: 0,
        waived: 0,
        unverifiable: 0,
        "not-applicable": 0,
      };
      counts[outcome] += count;
      this.#outcomes.set(control, counts);
    }
  }

  /** Counts a deviation: among the month's if it happened, or lists what happened, in `span`; among the open ones if it is not done. */
  deviation(record: DeviationRecord, span: Span): void {
    // It belongs to the month of what it lists, whenever it was found or fell overdue.
    const moments = record.listed.length === 0 ? [record.happenedAt] : record.listed.map(({ at }) => at);
    const happened = moments.some((at) => at >= span.from && at < span.to);
    for (const control of record.controls) {
      if (happened && isDeviation(record)) bump(this.#deviations, control);
      if (isUnsettled(record)) bump(this.#open, control);
    }
  }

  /** Returns the figures of one control. */
  figures(control: ControlName): MonthlyFigures {
    const counts = this.#outcomes.get(control);
    const { pass = 0, fail = 0, waived = 0, unverifiable = 0 } = counts ?? {};
    const deviations = this.#deviations.get(control) ?? 0;
    return {
      population: pass + fail + waived + unverifiable,
      passed: pass,
      failed: fail,
      waived,
      unverifiable,
      deviations,
      openRemediations: this.#open.get(control) ?? 0,
      clean: deviations === 0 && fail === 0,
    };
  }

  /** Returns the controls that were in use: named by the policy, reviewed `before`, applied to something in the month, or deviated from. */
  inUse(policy: Policy, before: ReadonlySet<ControlName> = new Set()): readonly ControlName[] {
    return CONTROL_NAMES.filter(
      (control) =>
        before.has(control) ||
        policy.controls[control] !== undefined ||
        this.figures(control).population > 0 ||
        (this.#deviations.get(control) ?? 0) > 0,
    );
  }
}

/** Returns whether a deviation counts: not withdrawn, not settled as no exception, and not only an observation. */
export function isDeviation({ status, severity, moved }: DeviationRecord): boolean {
  if (status === "not-an-exception" || severity === "observation") return false;
  return !(status === "closed" && moved.command === "withdraw");
}

/** Returns whether the remediation of a deviation is not done yet. */
export function isUnsettled(record: DeviationRecord): boolean {
  return isDeviation(record) && (record.status === "open" || record.status === "in-remediation");
}

/** Holds the spans of a month that someone observed, and the rest of what is over of it. */
export interface SeenMonth {
  readonly seen: readonly Span[];
  readonly unseen: readonly Span[];
}

/** Returns which part of a month someone observed by a moment, and which nobody did. */
export function seenMonth(observedTime: ObservedTime, month: string, at: Instant): SeenMonth {
  const { from, to } = monthSpan(month);
  const over = { from, to: Math.max(from, Math.min(to, at)) };
  const seen = observedIn(observedTime, over);
  return { seen, unseen: uncovered(seen, over) };
}

/** Returns a month's figures in a sentence, with the spans it covers. */
export function monthStatement(figures: MonthlyFigures, month: SeenMonth): Statement {
  return { says: figuresText(figures, month.unseen), rests: "watch", covers: month.seen };
}

/** Returns figures in words, for a table and for the record of who saw what. `unseen`: what of their time nobody observed, in UTC as months are. */
export function figuresText(figures: MonthlyFigures, unseen: readonly Span[] = []): string {
  const said = countsText(figures, unseen.length === 0);
  return unseen.length === 0 ? said : `${said}; not observed: ${withLocalTimes(spansText(unseen), "UTC")}`;
}

function countsText(figures: MonthlyFigures, isWhole: boolean): string {
  const { population, passed, failed, waived, unverifiable, deviations, openRemediations } = figures;
  if (population === 0) return `nothing it applies to ${isWhole ? "happened" : "was seen"}`;
  return [
    `${passed} of ${population} passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(waived > 0 ? [`${waived} waived`] : []),
    ...(unverifiable > 0 ? [`${unverifiable} unverifiable`] : []),
    deviations === 1 ? "1 deviation" : `${deviations} deviations`,
    ...(openRemediations > 0 ? [`${openRemediations} open`] : []),
  ].join(", ");
}

function bump(counts: Map<ControlName, number>, control: ControlName): void {
  counts.set(control, (counts.get(control) ?? 0) + 1);
}
