/** The progress of the recovery from deviations: what must still be fixed, what must still operate, and when all could be effective. */

import { Temporal } from "temporal-polyfill";

import type { Instant } from "../time/instant.ts";
import type { ObservedTime } from "../monitoring/observed-time.ts";
import type { RemediationRecord } from "../records/remediation.ts";
import { isDeviation } from "../monitoring/monthly.ts";
import { cleanMonthsSince, dayOf, type ReviewedMonth } from "./operating.ts";
import { MONTHS_OF_OPERATION } from "./remediation.ts";
import type { DeviationRecord } from "../records/deviation.ts";
import { monthAfter, monthFrom } from "../time/month.ts";

/** `remediate`: not done yet; `operate`: done, and must hold for months; `show`: someone else may call it effective today. */
type RecoveryPhase = "remediate" | "operate" | "show";

/** One deviation on its way. `ready`: the first day (YYYY-MM-DD, UTC) it could be called effective; null: not known when. */
interface RecoveryStep {
  readonly deviation: string;
  readonly phase: RecoveryPhase;
  readonly ready: string | null;
  /** What the day rests on, or what is missing for one. */
  readonly because: string;
}

/** Describes all of them. `ready`: the first day on which nothing would be left to recover from; null: not known yet. */
export interface Recovery {
  readonly steps: readonly RecoveryStep[];
  readonly ready: string | null;
}

/** Returns the phase of each deviation that is not effective yet, and the day the last of them could be. */
export function recoveryOf(
  deviations: readonly DeviationRecord[],
  remediations: readonly RemediationRecord[],
  months: readonly ReviewedMonth[],
  at: Instant,
  observedTime: Pick<ObservedTime, "unseen">,
): Recovery {
  const byDeviation = new Map(remediations.map((each) => [each.deviation, each]));
  const steps = deviations
    .filter((each) => isDeviation(each) && !["effective", "closed"].includes(each.status))
    .map((each) => stepOf(each, byDeviation.get(each.id) ?? null, months, at, observedTime));
  const days = steps.map(({ ready }) => ready);
  const known = days.filter((day) => day !== null);
  return {
    steps,
    ready: known.length < days.length ? null : (known.toSorted().at(-1) ?? dayOf(at)),
  };
}

function stepOf(
  deviation: DeviationRecord,
  remediation: RemediationRecord | null,
  months: readonly ReviewedMonth[],
  at: Instant,
  { unseen }: Pick<ObservedTime, "unseen">,
): RecoveryStep {
  const today = dayOf(at);
  const operates = deviation.type === "operating";
  const step = (phase: RecoveryPhase, ready: string | null, because: string): RecoveryStep => ({
    deviation: deviation.id,
    phase,
    ready,
    because,
  });
  if (remediation?.done == null) {
    const due = remediation?.due ?? null;
    if (due === null) return step("remediate", null, "it has no target date");
    if (due < today) return step("remediate", null, `its target date, ${due}, is past`);
    return operates
      ? step(
          "remediate",
          firstDayAfter(monthFrom(Date.parse(due)), MONTHS_OF_OPERATION),
          `done by ${due}, then ${MONTHS_OF_OPERATION} clean months`,
        )
      : step("remediate", due, `done by ${due}`);
  }
  if (!operates) return step("show", today, "done; someone other than its owner may call it effective");
  const since = remediation.done.at;
  const clean = cleanMonthsSince(months, deviation.controls, since);
  const left = MONTHS_OF_OPERATION - clean;
  if (left <= 0)
    return step("show", today, `${clean} clean months; someone other than its owner may call it effective`);
  // Only what was observed from its first day to its last shows that a control operated.
  const blind = unseen.filter(({ to }) => to > since);
  if (blind.some(({ to }) => to >= at))
    return step(
      "operate",
      null,
      `${clean} of ${MONTHS_OF_OPERATION} months clean so far; nobody has observed it since ${dayOf(blind.at(-1)?.from ?? at)}`,
    );
  const reviewed = months
    .filter(({ control }) => deviation.controls.includes(control))
    .map(({ month }) => monthAfter(month));
  const seenFrom = blind.map(({ to }) => monthFrom(to));
  const next = [monthFrom(since), ...reviewed, ...seenFrom].toSorted().at(-1) ?? monthFrom(since);
  const ready = firstDayAfter(next, left);
  const soFar = `${clean} of ${MONTHS_OF_OPERATION} months clean so far`;
  // A month that is over and not signed off may still be.
  return ready < today
    ? step("operate", today, `${soFar}; ${next} and what followed are not signed off yet`)
    : step("operate", ready, soFar);
}

/** Returns the first day after so many whole months, of which the first is given. */
function firstDayAfter(month: string, count: number): string {
  return Temporal.PlainYearMonth.from(month).add({ months: count }).toPlainDate({ day: 1 }).toString();
}
