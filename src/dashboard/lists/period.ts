/** The span of time that a page is about: the running observation period, or the days that its address names. */

import { html } from "hono/html";

import { dayOf } from "../../domain/deviation/operating.ts";
import { periodAt } from "../../domain/evidence/readiness.ts";
import { organizationsOwn } from "../../domain/policy/current.ts";
import { time } from "../../domain/texts/wording.ts";
import { DAY } from "../../domain/time/durations.ts";
import type { Span } from "../../domain/time/span.ts";
import type { Html } from "../../pages/html-table.ts";
import { filteredSpan, listQuery } from "./list-query.ts";
import { dayFields, getForm } from "./get-form.ts";
import { PageProblem, type Asked } from "../page/page.ts";
import { collected } from "../page/parts.ts";

/** Describes the span that a page shows. */
export interface ShownPeriod extends Span {
  /** Null: it was chosen by its days. */
  readonly name: string | null;
}

/**
 * Returns the period that is named by its days, else the running one. That is the policy's for whoever may read it, or the calendar's.
 * Throws {@link PageProblem} where the days are no period.
 */
export async function periodOf({ query, whole, now }: Asked): Promise<ShownPeriod> {
  const { from, to } = filteredSpan(listQuery(query));
  const policies = whole === null ? [] : await collected(whole.entries("policy"));
  const running = periodAt(organizationsOwn(policies)?.body.effective ?? null, now);
  if (from === undefined && to === undefined) return running;
  const chosen = { from: from ?? running.from, to: to ?? running.to, name: null };
  if (chosen.from >= chosen.to || chosen.from > now)
    throw new PageProblem(400, "The period must begin before it ends, and not in the future.");
  if (chosen.to - chosen.from > 5 * 366 * DAY)
    throw new PageProblem(400, "A period of more than five years cannot be shown.");
  return chosen;
}

/** Returns the form that chooses a period. */
export function periodForm(asked: Asked, path: string, period: ShownPeriod): Html {
  return html`<p class="lead">${time(period.from)} up to, not including, ${time(period.to)} (UTC).</p>
    ${getForm(
      asked,
      { path, label: "Period", own: ["from", "to"], button: "Show", without: "The running period" },
      dayFields(daysOf(period)),
    )}`;
}

/** Returns a period as the filters of a list write it. */
export function daysOf({ from, to }: Span): { readonly from: string; readonly to: string } {
  return { from: dayOf(from), to: dayOf(to - 1) };
}
