/** What is to be done now about a change or deployment, in the words of its issue, its check and the comments on it. */

import { isAccepted } from "../assessment/acceptance.ts";
import { isSettled, withoutDeviation, worded } from "./deviation.ts";
import { asComment, nextStep } from "./next-step.ts";
import type { ReviewedMonth } from "./operating.ts";
import type { ChangeRecord } from "../records/change.ts";
import type { DeviationRecord } from "../records/deviation.ts";
import type { EmergencyRecord, RetroactiveReviewRecord } from "../records/emergency.ts";
import type { RemediationRecord } from "../records/remediation.ts";
import { localTime, markdown, VERDICT_TITLES } from "../texts/wording.ts";
import type { Instant } from "../time/instant.ts";
import { authoriseText, confirmText, reviewText } from "../messages/emergency.ts";

/** Describes a deviation with what answers it. */
export interface AnsweredDeviation {
  readonly deviation: DeviationRecord;
  readonly remediation: RemediationRecord | null;
  /** The monthly reviews of its controls; absent: nobody counted them. */
  readonly months?: readonly ReviewedMonth[] | null;
}

/** Describes an emergency with the review owed after it. */
export interface ReviewedEmergency {
  readonly record: EmergencyRecord;
  readonly review: RetroactiveReviewRecord | null;
}

/** Holds what there may be to do about: a change or deployment as judged, and what it led to. */
export interface ToDoFacts extends Pick<ChangeRecord, "assessment" | "mode"> {
  readonly deviations: readonly AnsweredDeviation[];
  readonly emergencies: readonly ReviewedEmergency[];
  readonly timezone: string;
  readonly at: Instant;
}

/** Returns what is to be done now, most urgent first; each is a paragraph of Markdown. */
export function toDo(facts: ToDoFacts): readonly string[] {
  const { assessment, mode, deviations, emergencies, timezone, at } = facts;
  const open = deviations.filter(({ deviation }) => !isSettled(deviation.status));
  const unanswered = withoutDeviation(
    { assessment, mode },
    deviations.map(({ deviation }) => deviation.id),
  );
  const needed = [
    ...emergencies.flatMap((each) => emergencyToDo(each, timezone, at)),
    ...open.flatMap(deviationToDo),
    ...unverifiableIn(assessment),
    ...(unanswered === null ? [] : [`No deviation is open for it: ${unanswered}.`]),
  ];
  return needed.length === 0 ? [nothingToDo(facts)] : needed;
}

function nothingToDo({ assessment: { verdict }, deviations }: ToDoFacts): string {
  const settled = deviations.map(({ deviation }) => `${deviation.id} (${worded(deviation.status)})`);
  const was = `Nothing to do: it is ${VERDICT_TITLES[verdict]}`;
  return settled.length === 0 ? `${was}.` : `${was}, and what it led to is settled: ${settled.join(", ")}.`;
}

/** Returns what an emergency needs now: a reason, an authorisation, a confirmation, its review, or a revert. */
export function emergencyToDo(
  { record, review }: ReviewedEmergency,
  timezone: string,
  at: Instant,
): readonly string[] {
  const { status, authorised, confirmed, pull } = record;
  const alone = authorised?.confirmBy ?? null;
  return [
    ...(status === "awaiting-reason" && pull !== null
      ? [
          "Give its reason in a new comment: `/countersign emergency <reason>`. Nothing is waived until someone authorises it.",
        ]
      : []),
    ...(status === "waiting" && pull !== null
      ? [
          "To let this pull request pass, comment `/countersign authorise` or approve it. (You must not have worked on it.)",
        ]
      : []),
    ...(status === "waiting" && pull === null ? [markdown(authoriseText(record.repository, record))] : []),
    ...(alone === null || authorised === null || confirmed !== null || at > alone
      ? []
      : [confirmText(authorised, localTime(alone, timezone))]),
    ...(review?.status === "due" ? [reviewText(review, record, timezone, at)] : []),
    ...(review?.status === "rejected" && review.revertBy !== null
      ? [`The review rejected what shipped: revert it by ${localTime(review.revertBy, timezone)}.`]
      : []),
  ];
}

/** Returns what a deviation needs now, and where it is answered. */
export function deviationToDo({
  deviation,
  remediation,
  months = null,
}: AnsweredDeviation): readonly string[] {
  const { id, status, issue, description, source } = deviation;
  const act =
    status === "open" && source === "app" ? /\*\*What to do:\*\* [^\n]*/u.exec(description)?.[0] : undefined;
  const next = asComment(nextStep(deviation, remediation, months));
  const where =
    issue.state === "asked" && issue.repository !== null
      ? `Answer ${id} on its issue in ${markdown(issue.repository)}.`
      : `${id} has no issue on GitHub: ${markdown(issue.because)}. An operator can answer it with \`countersign deviation\`.`;
  return [...(act === undefined ? [] : [act]), `${where}${next === "" ? "" : ` ${next}`}`];
}

function unverifiableIn({ verdict, results }: ToDoFacts["assessment"]): readonly string[] {
  if (verdict !== "unverifiable") return [];
  const open = results.filter((each) => each.outcome === "unverifiable");
  const reasons = open.flatMap((each) => each.reasons).map(markdown);
  const after = open.every(isAccepted) ? "" : " Nobody can accept that afterwards.";
  return [`It cannot be verified, and counts as such, never as compliant: ${reasons.join("; ")}.${after}`];
}
