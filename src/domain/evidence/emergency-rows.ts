/** The rows of emergency-changes.csv and retroactive-reviews.csv: every emergency and every review owed, with each time and actor. */

import type { Deed, EmergencyRecord } from "../emergency/exception.ts";
import { partiesOf } from "../emergency/retroactive-review.ts";
import { isLate, isOverdue } from "../emergency/retroactive-review.ts";
import { termText } from "../calendar.ts";
import type { Instant } from "../change.ts";
import { isWithin, statesOf, type EvidenceSource, type Stated } from "./population.ts";
import { column, groupsText, listText, personText, table, timeText, logColumns } from "./table.ts";

interface Row {
  readonly emergency: Stated<"emergency">;
  readonly review: Stated<"retroactive-review"> | null;
  /** When the package is made: by it, overdue is told. */
  readonly at: Instant;
}

/** Every emergency that was opened, authorised, used or ended in the period, whatever became of it. */
export const EMERGENCY_CHANGES = table<Row>({
  path: "emergency-changes.csv",
  description:
    "Every emergency of the period, also those withdrawn, expired or never authorised: who declared it and why, who authorised it, until when, what was waived, and what became of the review owed.",
  columns: [
    column(
      "emergency_key",
      "text",
      "Its name in the log: repository id, pull request or deployment, and emergency_id; rows are sorted by it.",
      ({ emergency }) => emergency.entry.subject,
    ),
    column("emergency_id", "text", "Identity of the emergency.", ({ emergency }) => emergency.body.id),
    column("repository_id", "integer", "GitHub's id of the repository.", ({ emergency }) => {
      return emergency.body.repository.id;
    }),
    column("repository", "text", "Owner and name.", ({ emergency: { body } }) => {
      return `${body.repository.owner}/${body.repository.name}`;
    }),
    column("pull_request", "integer", "The pull request; empty for a deployment without one.", (row) => {
      return row.emergency.body.pull;
    }),
    column("environment", "text", "The environment, for a deployment without a pull request.", (row) => {
      return row.emergency.body.deployment?.environment ?? null;
    }),
    column(
      "status",
      "text",
      "awaiting-reason, waiting, authorised, used, withdrawn or expired.",
      ({ emergency }) => emergency.body.status,
    ),
    column("reason", "text", "Why it could not wait, as declared.", ({ emergency }) => emergency.body.reason),
    column("opened_at", "time", "When it was opened.", ({ emergency }) => emergency.body.opened.at),
    column("opened_by", "text", "By whom, login#id; unknown where GitHub does not say.", ({ emergency }) =>
      personText(emergency.body.opened.by),
    ),
    column(
      "opened_via",
      "text",
      "comment, label, button or cli.",
      ({ emergency }) => emergency.body.opened.via,
    ),
    column("declared_at", "time", "When the reason was given.", ({ emergency }) => {
      return emergency.body.declared?.at ?? null;
    }),
    column("declared_by", "text", "Who gave the reason, login#id.", ({ emergency }) =>
      deedBy(emergency.body.declared),
    ),
    column("authorised_at", "time", "When it was authorised last.", ({ emergency }) => {
      return emergency.body.authorised?.at ?? null;
    }),
    column("authorised_by", "text", "Who authorised it, login#id.", ({ emergency }) =>
      deedBy(emergency.body.authorised),
    ),
    column("authorised_via", "text", "comment, review or terminal.", ({ emergency }) => {
      return emergency.body.authorised?.via ?? null;
    }),
    column(
      "authoriser_independent",
      "yes-no",
      "Whether the authoriser neither declared it nor had a part in the change; no: authorised alone.",
      ({ emergency: { body } }) => (body.authorised === null ? null : body.authorised.confirmBy === null),
    ),
    column("authorised_commit", "digest", "The head it was authorised for.", ({ emergency }) => {
      return emergency.body.authorised?.head ?? null;
    }),
    column("valid_until", "time", "Up to when it held, inclusive.", ({ emergency }) => {
      return emergency.body.authorised?.until ?? null;
    }),
    column("alone", "yes-no", "Whether it was authorised alone.", ({ emergency: { body } }) =>
      body.authorised === null ? null : body.authorised.confirmBy !== null,
    ),
    column("confirm_by", "time", "Alone: by when another person must confirm it.", ({ emergency }) => {
      return emergency.body.authorised?.confirmBy ?? null;
    }),
    column("confirmed_at", "time", "When another person confirmed it.", ({ emergency }) => {
      return emergency.body.confirmed?.at ?? null;
    }),
    column("confirmed_by", "text", "That person, login#id.", ({ emergency }) =>
      deedBy(emergency.body.confirmed),
    ),
    column("controls_waivable", "list", "Controls it was leave to pass.", ({ emergency }) =>
      listText(emergency.body.waives),
    ),
    column("used_at", "time", "When something was first let through under it.", ({ emergency }) => {
      return emergency.body.used?.at ?? null;
    }),
    column("change_ids", "list", "Changes and deployments let through under it.", ({ emergency }) =>
      listText(emergency.body.used?.subjects ?? []),
    ),
    column("ended_at", "time", "When it was withdrawn or expired unused.", ({ emergency }) => {
      return emergency.body.ended?.at ?? null;
    }),
    column("ended_because", "text", "Why it ended unused.", ({ emergency }) => {
      return emergency.body.ended?.because ?? null;
    }),
    column("review_due_at", "time", "When the review owed is due, inclusive.", ({ review }) => {
      return review?.body.dueAt ?? null;
    }),
    column("review_status", "text", "due, approved, follow-up or rejected.", ({ review }) => {
      return review?.body.status ?? null;
    }),
    column("review_overdue", "yes-no", "Whether it is missing after it was due.", ({ review, at }) =>
      review === null ? null : isOverdue(review.body, at),
    ),
    column("review_within_time", "yes-no", "Whether it was decided in time.", ({ review }) =>
      review === null || review.body.decision === null ? null : !isLate(review.body),
    ),
    column("steps", "list", "Its whole life: time;act;by;from;to for each step.", ({ emergency: { body } }) =>
      groupsText(
        body.steps.map(({ at, act, by, from, to }) => [
          timeText(at),
          act,
          by === null ? "" : personText(by),
          from ?? "",
          to,
        ]),
      ),
    ),
    column("policy_digest", "digest", "The policy it was authorised, else opened under.", ({ emergency }) => {
      return emergency.body.policyDigest;
    }),
    ...logColumns<Row>(({ emergency }) => emergency.entry),
  ],
  async *rows(source) {
    for await (const row of joined(source)) if (concerns(source, row)) yield row;
  },
});

interface Owed {
  readonly review: Stated<"retroactive-review">;
  readonly emergency: EmergencyRecord;
  readonly at: Instant;
}

/** Every retroactive review that was opened, due or decided in the period. */
export const RETROACTIVE_REVIEWS = table<Owed>({
  path: "retroactive-reviews.csv",
  description:
    "Every retroactive review of the period: what it is owed for, by when, who decided it, how, and when somebody was reminded.",
  columns: [
    column(
      "review_key",
      "text",
      "Its name in the log, that of its emergency; rows are sorted by it.",
      ({ review }) => review.entry.subject,
    ),
    column("emergency_id", "text", "The emergency it is owed for.", ({ review }) => review.body.emergency),
    column("repository", "text", "Owner and name.", ({ review: { body } }) => {
      return `${body.repository.owner}/${body.repository.name}`;
    }),
    column("pull_request", "integer", "The pull request.", ({ review }) => review.body.pull),
    column("change_ids", "list", "Changes and deployments it is owed for.", ({ review }) =>
      listText(review.body.subjects),
    ),
    column("shipped_commit", "digest", "The commit whose content is reviewed.", ({ review }) => {
      return review.body.shipped;
    }),
    column("opened_at", "time", "The first use of the emergency, from which it is owed.", ({ review }) => {
      return review.body.openedAt;
    }),
    column("review_within", "text", "The policy's term.", ({ review }) => termText(review.body.within)),
    column("due_at", "time", "When it is due, inclusive.", ({ review }) => review.body.dueAt),
    column("status", "text", "due, approved, follow-up or rejected.", ({ review }) => review.body.status),
    column("overdue", "yes-no", "Whether it is missing after it was due.", ({ review, at }) =>
      isOverdue(review.body, at),
    ),
    column("late", "yes-no", "Whether it was decided after it was due.", ({ review }) =>
      review.body.decision === null ? null : isLate(review.body),
    ),
    column("reviewer", "text", "Who decided it, login#id.", ({ review }) => deedBy(review.body.decision)),
    column("decided_at", "time", "When.", ({ review }) => review.body.decision?.at ?? null),
    column("via", "text", "comment, review or terminal.", ({ review }) => review.body.decision?.via ?? null),
    column("note", "text", "What the reviewer wrote.", ({ review }) => review.body.decision?.note ?? null),
    column(
      "independent_of",
      "list",
      "Declarers and authoriser, login#id, beside the contributors of the change: none of them may review.",
      ({ emergency }) => {
        const parties = partiesOf(emergency);
        return listText([...new Set(parties.filter((actor) => actor !== null).map(personText))]);
      },
    ),
    column(
      "revert_by",
      "time",
      "Rejected: by when it must be reverted.",
      ({ review }) => review.body.revertBy,
    ),
    column("reminded_at", "list", "When somebody was reminded before it was due.", ({ review }) =>
      listText(review.body.remindedAt.map(timeText)),
    ),
    column("escalated_at", "list", "When it was escalated afterwards.", ({ review }) =>
      listText(review.body.escalatedAt.map(timeText)),
    ),
    column(
      "policy_digest",
      "digest",
      "The policy it is judged by.",
      ({ review }) => review.body.policyDigest,
    ),
    ...logColumns<Owed>(({ review }) => review.entry),
  ],
  async *rows(source) {
    for await (const { emergency, review, at } of joined(source)) {
      if (review === null) continue;
      const { openedAt, dueAt, decision } = review.body;
      const moments = [openedAt, dueAt, ...(decision === null ? [] : [decision.at])];
      if (moments.some((moment) => isWithin(source.period, moment)))
        yield { review, emergency: emergency.body, at };
    }
  },
});

/** The emergencies and reviews that rows here are made from. */
export async function* emergenciesOf(
  source: EvidenceSource,
): AsyncIterable<Stated<"emergency" | "retroactive-review">> {
  for await (const row of joined(source)) {
    const { openedAt, dueAt, decision } = row.review?.body ?? { openedAt: -1, dueAt: -1, decision: null };
    const owed = [openedAt, dueAt, decision?.at ?? -1].some((moment) => isWithin(source.period, moment));
    if (concerns(source, row)) yield row.emergency;
    if (owed && row.review !== null) yield row.review;
  }
}

function concerns(source: EvidenceSource, { emergency: { body } }: Row): boolean {
  return body.steps.some(({ at }) => isWithin(source.period, at));
}

/** Every emergency with its review, sorted by subject: both are kept under the same. */
async function* joined(source: EvidenceSource): AsyncIterable<Row> {
  const owed = statesOf(source, "retroactive-review", "ever");
  const reviews = owed[Symbol.asyncIterator]();
  try {
    let ahead = await reviews.next();
    for await (const emergency of statesOf(source, "emergency", "ever")) {
      const { subject } = emergency.entry;
      while (ahead.done !== true && ahead.value.entry.subject < subject) ahead = await reviews.next();
      const found = ahead.done !== true && ahead.value.entry.subject === subject;
      yield { emergency, review: found ? ahead.value : null, at: source.generatedAt };
    }
  } finally {
    await reviews.return?.();
  }
}

function deedBy(deed: Pick<Deed, "by"> | null): string | null {
  return deed === null ? null : personText(deed.by);
}
