/** The rows of emergency-changes.csv and retroactive-reviews.csv: every emergency and every review owed, with each time and actor. */

import type { Attribution, EmergencyRecord } from "../../records/emergency.ts";
import { partiesOf, isLate, isOverdue } from "../../emergency/retroactive-review.ts";
import { termText } from "../../time/calendar.ts";
import type { Instant } from "../../time/instant.ts";
import { isInPeriod, statesOf, withState, type EvidenceSource, type Stated } from "../tables/population.ts";
import { column, groupsText, listText, personText, table, timeText, logColumns } from "../tables/table.ts";

/** Describes an emergency with the review it owes, where it owes one. */
export interface EmergencyRow {
  readonly emergency: Stated<"emergency">;
  readonly review: Stated<"retroactive-review"> | null;
  /** When the package is made: it decides what is overdue. */
  readonly at: Instant;
}

/** Lists every emergency that was opened, authorised, used or ended in the period, whatever became of it. */
export const EMERGENCY_CHANGES = table<EmergencyRow>({
  path: "emergency-changes.csv",
  description:
    "Every emergency of the period, also those withdrawn, expired or never authorised: who declared it and why, who authorised it, until when, what was waived, and what became of the review owed.",
  columns: {
    emergency_key: column.text(
      ({ emergency }) => emergency.entry.subject,
      "Its name in the log: repository id, pull request or deployment, and emergency_id; rows are sorted by it.",
    ),
    emergency_id: column.text(({ emergency }) => emergency.body.id, "Identity of the emergency."),
    repository_id: column.integer(({ emergency }) => {
      return emergency.body.repository.id;
    }, "GitHub's id of the repository."),
    repository: column.text(({ emergency: { body } }) => {
      return `${body.repository.owner}/${body.repository.name}`;
    }, "Owner and name."),
    pull_request: column.integer((row) => {
      return row.emergency.body.pull;
    }, "The pull request; empty for a deployment without one."),
    environment: column.text((row) => {
      return row.emergency.body.deployment?.environment ?? null;
    }, "The environment, for a deployment without a pull request."),
    status: column.text(
      ({ emergency }) => emergency.body.status,
      "awaiting-reason, waiting, authorised, used, withdrawn or expired.",
    ),
    reason: column.text(({ emergency }) => emergency.body.reason, "Why it could not wait, as declared."),
    opened_at: column.time(({ emergency }) => emergency.body.opened.at, "When it was opened."),
    opened_by: column.text(
      ({ emergency }) => personText(emergency.body.opened.by),
      "By whom, login#id; unknown where GitHub does not say.",
    ),
    opened_via: column.text(({ emergency }) => emergency.body.opened.via, "comment, label, button or cli."),
    declared_at: column.time(({ emergency }) => {
      return emergency.body.declared?.at ?? null;
    }, "When the reason was given."),
    declared_by: column.text(
      ({ emergency }) => personOf(emergency.body.declared),
      "Who gave the reason, login#id.",
    ),
    authorised_at: column.time(({ emergency }) => {
      return emergency.body.authorised?.at ?? null;
    }, "When it was authorised last."),
    authorised_by: column.text(
      ({ emergency }) => personOf(emergency.body.authorised),
      "Who authorised it, login#id.",
    ),
    authorised_via: column.text(({ emergency }) => {
      return emergency.body.authorised?.via ?? null;
    }, "comment, review or terminal."),
    authoriser_independent: column.yesNo(
      ({ emergency: { body } }) => (body.authorised === null ? null : body.authorised.confirmBy === null),
      "Whether the authoriser neither declared it nor had a part in the change; no: authorised alone.",
    ),
    authorised_commit: column.digest(({ emergency }) => {
      return emergency.body.authorised?.head ?? null;
    }, "The head it was authorised for."),
    valid_until: column.time(({ emergency }) => {
      return emergency.body.authorised?.until ?? null;
    }, "Up to when it held, inclusive."),
    alone: column.yesNo(
      ({ emergency: { body } }) => (body.authorised === null ? null : body.authorised.confirmBy !== null),
      "Whether it was authorised alone.",
    ),
    confirm_by: column.time(({ emergency }) => {
      return emergency.body.authorised?.confirmBy ?? null;
    }, "Alone: by when another person must confirm it."),
    confirmed_at: column.time(({ emergency }) => {
      return emergency.body.confirmed?.at ?? null;
    }, "When another person confirmed it."),
    confirmed_by: column.text(
      ({ emergency }) => personOf(emergency.body.confirmed),
      "That person, login#id.",
    ),
    controls_waivable: column.list(
      ({ emergency }) => listText(emergency.body.waives),
      "Controls it was leave to pass.",
    ),
    used_at: column.time(({ emergency }) => {
      return emergency.body.used?.at ?? null;
    }, "When something was first let through under it."),
    change_ids: column.list(
      ({ emergency }) => listText(emergency.body.used?.subjects ?? []),
      "Changes and deployments let through under it.",
    ),
    ended_at: column.time(({ emergency }) => {
      return emergency.body.ended?.at ?? null;
    }, "When it was withdrawn or expired unused."),
    ended_because: column.text(({ emergency }) => {
      return emergency.body.ended?.because ?? null;
    }, "Why it ended unused."),
    review_due_at: column.time(({ review }) => {
      return review?.body.dueAt ?? null;
    }, "When the review owed is due, inclusive."),
    review_status: column.text(({ review }) => {
      return review?.body.status ?? null;
    }, "due, approved, follow-up or rejected."),
    review_overdue: column.yesNo(
      ({ review, at }) => (review === null ? null : isOverdue(review.body, at)),
      "Whether it is missing after it was due.",
    ),
    review_within_time: column.yesNo(
      ({ review }) => (review === null || review.body.decision === null ? null : !isLate(review.body)),
      "Whether it was decided in time.",
    ),
    steps: column.list(
      ({ emergency: { body } }) =>
        groupsText(
          body.steps.map(({ at, act, by, from, to }) => [
            timeText(at),
            act,
            by === null ? "" : personText(by),
            from ?? "",
            to,
          ]),
        ),
      "Its whole life: time;act;by;from;to for each step.",
    ),
    policy_digest: column.digest(({ emergency }) => {
      return emergency.body.policyDigest;
    }, "The policy it was authorised, else opened under."),
    ...logColumns<EmergencyRow>(({ emergency }) => emergency.entry),
  },
  rows: emergenciesOf,
});

interface Owed {
  readonly review: Stated<"retroactive-review">;
  readonly emergency: EmergencyRecord;
  readonly at: Instant;
}

/** Lists every retroactive review that was opened, due or decided in the period. */
export const RETROACTIVE_REVIEWS = table<Owed>({
  path: "retroactive-reviews.csv",
  description:
    "Every retroactive review of the period: what it is owed for, by when, who decided it, how, and when someone was reminded.",
  columns: {
    review_key: column.text(
      ({ review }) => review.entry.subject,
      "Its name in the log, that of its emergency; rows are sorted by it.",
    ),
    emergency_id: column.text(({ review }) => review.body.emergency, "The emergency it is owed for."),
    repository: column.text(({ review: { body } }) => {
      return `${body.repository.owner}/${body.repository.name}`;
    }, "Owner and name."),
    pull_request: column.integer(({ review }) => review.body.pull, "The pull request."),
    change_ids: column.list(
      ({ review }) => listText(review.body.subjects),
      "Changes and deployments it is owed for.",
    ),
    shipped_commit: column.digest(({ review }) => {
      return review.body.shipped;
    }, "The commit whose content is reviewed."),
    opened_at: column.time(({ review }) => {
      return review.body.openedAt;
    }, "The first use of the emergency, from which it is owed."),
    review_within: column.text(({ review }) => termText(review.body.within), "The policy's term."),
    due_at: column.time(({ review }) => review.body.dueAt, "When it is due, inclusive."),
    status: column.text(({ review }) => review.body.status, "due, approved, follow-up or rejected."),
    overdue: column.yesNo(
      ({ review, at }) => isOverdue(review.body, at),
      "Whether it is missing after it was due.",
    ),
    late: column.yesNo(
      ({ review }) => (review.body.decision === null ? null : isLate(review.body)),
      "Whether it was decided after it was due.",
    ),
    reviewer: column.text(({ review }) => personOf(review.body.decision), "Who decided it, login#id."),
    decided_at: column.time(({ review }) => review.body.decision?.at ?? null, "When."),
    via: column.text(({ review }) => review.body.decision?.via ?? null, "comment, review or terminal."),
    note: column.text(({ review }) => review.body.decision?.note ?? null, "What the reviewer wrote."),
    independent_of: column.list(({ emergency }) => {
      const parties = partiesOf(emergency);
      return listText([...new Set(parties.filter((actor) => actor !== null).map(personText))]);
    }, "Declarers and authoriser, login#id, beside the contributors of the change: none of them may review."),
    revert_by: column.time(({ review }) => review.body.revertBy, "Rejected: by when it must be reverted."),
    reminded_at: column.list(
      ({ review }) => listText(review.body.remindedAt.map(timeText)),
      "When someone was reminded before it was due.",
    ),
    escalated_at: column.list(
      ({ review }) => listText(review.body.escalatedAt.map(timeText)),
      "When it was escalated afterwards.",
    ),
    policy_digest: column.digest(({ review }) => review.body.policyDigest, "The policy it is judged by."),
    ...logColumns<Owed>(({ review }) => review.entry),
  },
  async *rows(source) {
    for await (const { emergency, review, at } of joined(source)) {
      if (review === null) continue;
      const { openedAt, dueAt, decision } = review.body;
      const moments = [openedAt, dueAt, ...(decision === null ? [] : [decision.at])];
      if (moments.some((moment) => isInPeriod(source.period, moment)))
        yield { review, emergency: emergency.body, at };
    }
  },
});

/** Yields the emergencies and reviews that rows here are made from. */
export async function* emergencyRowsOf(
  source: EvidenceSource,
): AsyncIterable<Stated<"emergency" | "retroactive-review">> {
  for await (const row of joined(source)) {
    const { openedAt, dueAt, decision } = row.review?.body ?? { openedAt: -1, dueAt: -1, decision: null };
    const owed = [openedAt, dueAt, decision?.at ?? -1].some((moment) => isInPeriod(source.period, moment));
    if (concerns(source, row)) yield row.emergency;
    if (owed && row.review !== null) yield row.review;
  }
}

function concerns(source: EvidenceSource, { emergency: { body } }: EmergencyRow): boolean {
  return body.steps.some(({ at }) => isInPeriod(source.period, at));
}

/** Every emergency with its review, sorted by subject: both are kept under the same. */
async function* joined(source: EvidenceSource): AsyncIterable<EmergencyRow> {
  const emergencies = statesOf(source, "emergency", "ever");
  for await (const { stated, other } of withState(source, emergencies, "retroactive-review"))
    yield { emergency: stated, review: other, at: source.generatedAt };
}

/** Yields the emergencies of emergency-changes.csv, each with its review, in the table's order. */
export async function* emergenciesOf(source: EvidenceSource): AsyncIterable<EmergencyRow> {
  for await (const row of joined(source)) if (concerns(source, row)) yield row;
}

function personOf(attribution: Pick<Attribution, "by"> | null): string | null {
  return attribution === null ? null : personText(attribution.by);
}
