/** The issue an owner gets once a month: which controls to review, their figures, how to sign off, and by when. */

import { sha256 } from "../../values/digest.ts";
import { CONTROL_TITLES, markdown, localTime } from "../../texts/wording.ts";
import type { MonthlyReviewRecord } from "../../records/monitoring.ts";
import type { IssuePayload } from "../issue.ts";
import { monthStatement, type SeenMonth } from "../../monitoring/monthly.ts";
import type { WaitingTimes } from "./waiting-times.ts";
import { durationText } from "../../time/durations.ts";

/** Returns the marker by which an issue of a month is found again and its commands are understood. */
function monthlyMarker(month: string): string {
  return `countersign-monthly-review:${month}`;
}

/** Returns the issue that requests the reviews of one owner for one month. All records are that owner's, of that month. */
export function monthlyIssue(facts: {
  readonly month: string;
  readonly owner: string;
  readonly reviews: readonly MonthlyReviewRecord[];
  readonly waiting: WaitingTimes;
  readonly seen: SeenMonth;
  readonly repository: IssuePayload["repository"];
  readonly appId: number;
  readonly labels: readonly string[];
  readonly timezone: string;
}): IssuePayload {
  const { month, owner, reviews, waiting, seen, repository, appId, labels, timezone } = facts;
  const dueAt = reviews[0]?.dueAt ?? 0;
  // Every owner has an issue of their own, found again by a marker of its own.
  const marker = `countersign-monthly-issue:${month}:${sha256(owner.toLowerCase()).slice(0, 12)}`;
  const [first] = reviews;
  const body = [
    `Review how your controls operated in ${month}, and sign off by ${localTime(dueAt, timezone)}.`,
    "",
    `**What to do:** comment \`/countersign approve <what you saw>\` for all of them, or \`/countersign approve ${first?.control ?? "CONTROL"}: <what you saw>\` for one.`,
    "",
    `| control | in ${month} |`,
    "|---|---|",
    ...reviews.map(
      (each) =>
        `| ${CONTROL_TITLES[each.control]} (\`${each.control}\`) | ${monthStatement(each.figures, seen).says} |`,
    ),
    "",
    ...waitingLines(waiting, seen.unseen.length === 0),
    `<!-- ${monthlyMarker(month)} -->`,
    `<!-- ${marker} -->`,
    "",
  ].join("\n");
  return {
    repository,
    appId,
    title: `Monthly review of ${month} for ${markdown(owner)}: ${reviews.length} ${reviews.length === 1 ? "control" : "controls"}`,
    body,
    labels,
    assignees: [owner],
    marker,
    since: null,
    state: "open",
    say: null,
    request: null,
  };
}

function waitingLines(waiting: WaitingTimes, isWhole: boolean): readonly string[] {
  if (waiting.pulls === 0) return [];
  const { firstReview, approval, approvalToMerge, long, bypassedAfterLong } = waiting;
  const line = (what: string, each: WaitingTimes["approval"]): string =>
    each === null
      ? `| ${what} | none | none |`
      : `| ${what} | ${durationText(each.median)} | ${durationText(each.p90)} |`;
  return [
    "| waiting time | median | 90th percentile |",
    "|---|---|---|",
    line("for a first review", firstReview),
    line("for an approval that counts", approval),
    line("from approval to merge", approvalToMerge),
    "",
    long === 0
      ? `No ${isWhole ? "" : "observed "}change waited more than a day for its first review.`
      : `${long} ${long === 1 ? "change" : "changes"} waited more than a day for a first review; ${bypassedAfterLong} of them bypassed the process.`,
    "",
  ];
}
