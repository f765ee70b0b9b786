/** The commands of the retroactive review: `approve`, with or without a follow-up, and `reject`. */

import type { RetroactiveReviewRecord } from "../domain/emergency/exception.ts";
import { isLate, mayReview, reviewEntry, type ReviewEvent } from "../domain/emergency/retroactive-review.ts";
import type { Standing } from "../domain/emergency/standing.ts";
import { markdown, oneOf, sources, time } from "../domain/wording.ts";
import type { Command, CommandAnswer, Commanded } from "./answer-command.ts";
import { gatherPull } from "./gather.ts";
import type { Tools, Watched } from "./ports.ts";
import { decision, owedFor, standingToReview, type Owed } from "./reviews.ts";

const FOLLOW_UP = /^follow-?up\b:?\s*/iu;

/** `approve [note]`: what shipped is fine, or fine with something to follow up. */
export const approve: Command = {
  name: "approve",
  asks: "[note, or follow-up: <what is still to do>]",
  does: "is the review owed after an emergency: what shipped is fine; on the merged pull request or its deviation",
  answer(tools, watched, given) {
    const follows = FOLLOW_UP.test(given.rest);
    const note = given.rest.replace(FOLLOW_UP, "");
    if (follows && note === "")
      return Promise.resolve({
        outcome: "refused",
        reply: "Say what is still to do: `/countersign approve follow-up: <what>`.",
      });
    return decide(tools, watched, given, follows ? "follow-up" : "approve", note);
  },
};

/** `reject <reason>`: what shipped must not stay; a revert is owed. */
export const reject: Command = {
  name: "reject",
  asks: "<reason>",
  does: "is the review owed after an emergency: what shipped must be reverted",
  answer(tools, watched, given) {
    if (given.rest === "")
      return Promise.resolve({
        outcome: "refused",
        reply: "Say why, on the same line: `/countersign reject <reason>`. Nothing was decided.",
      });
    return decide(tools, watched, given, "reject", given.rest);
  },
};

async function decide(
  tools: Tools,
  watched: Watched,
  given: Commanded,
  event: ReviewEvent,
  note: string,
): Promise<CommandAnswer> {
  const refuse = (reply: string): CommandAnswer => ({ outcome: "refused", reply });
  const number = given.deviation === null ? given.number : await pullOfDeviation(tools, given.deviation);
  const all = number === null ? [] : await owedFor(tools, watched, number);
  const owed = all.findLast(({ review }) => review.status === "due") ?? all.at(-1);
  if (number === null || owed === undefined)
    return refuse(
      "No review is owed here: it is owed after an emergency was used. To approve a pull request before it is merged, review it on GitHub.",
    );
  const { review } = owed;
  if (review.status !== "due")
    return refuse(
      `${markdown(review.decision?.by.login ?? "Somebody")} decided this review already: ${review.status}.`,
    );
  const { pull } = await gatherPull(tools, watched, number);
  const { author: by, createdAt: at } = given.comment;
  const standing = await standingToReview(tools, watched, owed, pull, by);
  if (!mayReview(standing)) return refuse(notReviewer(standing, owed, by.login));
  const after = decision(owed, event, { by, at, via: given.via ?? "comment", note });
  if (after === null) return refuse("This review was decided already.");
  return {
    outcome: "done",
    reply: decidedText(after),
    entries: [reviewEntry(after)],
    judge: "if-changed",
    ...(given.deviation === null ? {} : { judgePull: number }),
  };
}

function decidedText(review: RetroactiveReviewRecord): string {
  const late = isLate(review)
    ? ` It was due by ${time(review.dueAt)}: that it came late stays a deviation.`
    : "";
  switch (review.status) {
    case "rejected":
      return `The review is on record: rejected. What shipped must be reverted by ${time(review.revertBy ?? review.dueAt)}, and a deviation is open until it is answered.${late}`;
    case "follow-up":
      return `The review is on record: approved, with something to follow up.${late}`;
    default:
      return `The review is on record: approved.${late}`;
  }
}

/** Why somebody may not review, in one sentence. */
export function notReviewer(
  standing: Standing,
  { policy }: Owed,
  login: string,
  what: "pull request" | "deployment" = "pull request",
): string {
  const who = markdown(login);
  const from = markdown(sources(policy.emergency.reviewers));
  const another = `it takes somebody with no part in it, ${oneOf(from)}`;
  if (standing.authorised) return `You authorised this emergency, ${who}: ${another}.`;
  if (standing.declared) return `You declared this emergency, ${who}: ${another}.`;
  if (standing.contributed === "yes") return `You contributed to this ${what}, ${who}: ${another}.`;
  if (standing.entitled === "no")
    return `You are not among those who may review after an emergency, ${who}: ${from}.`;
  return `Whether you had a part in it, or may review it, cannot be told, ${who}: ${another}.`;
}

async function pullOfDeviation(tools: Tools, deviation: string): Promise<number | null> {
  const entry = await tools.ledger.state("deviation", deviation);
  if (entry === undefined) return null;
  const record = entry.body;
  if (record.pull !== null) return record.pull;
  for (const id of record.subjects) {
    const change = await tools.ledger.state("change", id);
    const [pull] = change === undefined ? [] : change.body.change.pullRequests;
    if (pull !== undefined) return pull.number;
  }
  return null;
}
