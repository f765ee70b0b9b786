/** `countersign monitoring`: monthly reviews listed, and signed off at the terminal. */

import { figuresText, monthlyStatus } from "../../domain/monitoring/monthly.ts";
import { CONTROL_NAMES } from "../../domain/values/result.ts";
import { recordSignOff, reviewsNow } from "../../flows/monitoring/monthly-reviews.ts";
import { openExistingLedger, openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import { UsageError, type Answer } from "../terminal/answer.ts";
import { organizationIn } from "../input/organization.ts";
import { isMonth } from "../../domain/time/month.ts";

/** Lists the recorded monthly reviews, newest month first; code 1 where one is missing or its month has changed. */
export async function listReviews(
  where: StoreLocation,
  organization: string | undefined,
  month: string | undefined,
  now: number,
): Promise<Answer> {
  if (month !== undefined && !isMonth(month))
    throw new UsageError(`"${month}" is not a month: write it as 2026-07.`);
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const { id } = await organizationIn(ledger, organization);
    const rows = [];
    const { reviews, figures, seen } = await ledger.snapshot((moment) => reviewsNow(moment, id, now));
    for (const record of reviews) {
      if (month !== undefined && record.month !== month) continue;
      const current = figures(record.month, record.control);
      rows.push({
        ...record,
        status: monthlyStatus(record, now, current),
        now: current,
        unseen: seen(record.month).unseen,
      });
    }
    rows.sort((a, b) => (a.month === b.month ? 0 : a.month < b.month ? 1 : -1));
    return {
      code: rows.some(({ status }) => status === "missing" || status === "changed") ? 1 : 0,
      lines:
        rows.length === 0
          ? ["No monthly review is required. The policy's `monitoring: { owner: LOGIN }` requires them."]
          : rows.map(
              (each) =>
                `${each.month}  ${each.control}  ${each.status}  ${each.signedOff?.by.login ?? each.owner ?? "nobody"}  ${figuresText(each.figures, each.unseen)}${each.status === "changed" && each.now !== undefined ? `; now ${figuresText(each.now, each.unseen)}: sign it off again` : ""}`,
            ),
      data: { reviews: rows },
    };
  } finally {
    await ledger.close();
  }
}

/** Signs off a control's month; code 1 where it is refused. */
export async function signOffAtTerminal(
  where: StoreLocation,
  given: {
    readonly control: string;
    readonly month: string;
    readonly as: string;
    readonly comment: string;
    readonly org?: string | undefined;
  },
  now: () => number,
): Promise<Answer> {
  const control = CONTROL_NAMES.find((each) => each === given.control);
  if (control === undefined)
    throw new UsageError(`No control is called ${given.control}. The controls: ${CONTROL_NAMES.join(", ")}.`);
  const ledger = await openExistingLedger(where);
  try {
    const { id } = await organizationIn(ledger, given.org);
    const { month, comment, as: login } = given;
    const done = await recordSignOff({ ledger, clock: { now } }, id, { control, month, comment, login });
    if (done.refused !== null) return { code: 1, lines: [done.refused], data: { refused: done.refused } };
    return { code: 0, lines: [done.says], data: { review: done.record } };
  } finally {
    await ledger.close();
  }
}
