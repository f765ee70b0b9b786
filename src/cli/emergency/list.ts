/** `countersign emergency list`: the emergencies on record, and the reviews they owe. */

import type { EmergencyRecord, RetroactiveReviewRecord } from "../../domain/records/emergency.ts";
import { isOpen } from "../../domain/records/emergency.ts";
import { isOverdue } from "../../domain/emergency/retroactive-review.ts";
import { oneLine, short, time } from "../../domain/texts/wording.ts";
import { openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import type { Answer } from "../terminal/answer.ts";
import { columns } from "../terminal/columns.ts";
import { organizationIn } from "../input/organization.ts";

/** Lists every emergency that is open or owes a review (or all of them), oldest first. Code 1 where a review is overdue. */
export async function listEmergencies(
  where: StoreLocation,
  options: { readonly org?: string | undefined; readonly all?: boolean | undefined },
  now: number,
): Promise<Answer> {
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const { id: organizationId } = await organizationIn(ledger, options.org);
    const found: { emergency: EmergencyRecord; review: RetroactiveReviewRecord | null; overdue: boolean }[] =
      [];
    for await (const entry of ledger.states("emergency", { organizationId, order: "at" })) {
      const emergency = entry.body;
      const owed = await ledger.state("retroactive-review", entry.subject);
      const review = owed === undefined ? null : owed.body;
      if (options.all !== true && !isOpen(emergency) && review?.status !== "due") continue;
      found.push({ emergency, review, overdue: review !== null && isOverdue(review, now) });
    }
    const late = found.filter(({ overdue }) => overdue).length;
    const rows = found.map(({ emergency, review, overdue }) => [
      emergency.id,
      placeOf(emergency),
      emergency.status,
      time(emergency.opened.at),
      review === null ? "" : `${review.status}, due ${time(review.dueAt)}${overdue ? ", overdue" : ""}`,
      oneLine(emergency.reason ?? ""),
    ]);
    const head = ["emergency", "where", "status", "opened", "review", "reason"];
    const none =
      options.all === true ? "No emergency is on record." : "No emergency is open, and no review is owed.";
    return {
      code: late > 0 ? 1 : 0,
      lines: rows.length === 0 ? [none] : columns(head, rows),
      data: { emergencies: found },
    };
  } finally {
    await ledger.close();
  }
}

function placeOf({ repository, pull, deployment }: EmergencyRecord): string {
  const name = `${repository.owner}/${repository.name}`;
  if (pull !== null) return `${name}#${pull}`;
  return deployment === null ? name : `${name} ${oneLine(deployment.environment)} ${short(deployment.sha)}`;
}
