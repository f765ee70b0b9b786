/** The weekly digest: once a week, what enforcing each organisation's policies would have refused. */

import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { notify } from "../../domain/messages/notification.ts";
import { digestText, observedChange, type ObservedChange } from "../../domain/messages/weekly-digest.ts";
import { DAY } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { ChangeRecord } from "../../domain/records/change.ts";
import { observationsOf } from "../context/observations.ts";
import type { Repo } from "../context/repo.ts";
import type { Tools } from "../context/tools.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { oneRepositoryEach } from "./monthly-reviews.ts";
import { recordedPolicy } from "../records/recorded-policy.ts";

/** Stores the digest of the week before the Monday that `at` is on or after. The same week again stores nothing new. */
export async function sendDigests(tools: Tools, lease: Repo["lease"], at: Instant): Promise<void> {
  const to = mondayOf(at);
  for (const repo of await oneRepositoryEach(tools, lease))
    await sendDigest(repo, { from: to - 7 * DAY, to });
}

async function sendDigest(repo: Repo, week: { readonly from: Instant; readonly to: Instant }): Promise<void> {
  const policy = policyOrDefault(await currentPolicy(repo));
  if (!policy.notifications.some(({ on }) => on.includes("weekly-digest"))) return;
  const organizationId = repo.info.ownerId;
  const observed: ObservedChange[] = [];
  for await (const { body } of repo.ledger.states("change", { organizationId, ...week, order: "at" })) {
    const { policyDigest } = body.assessment;
    const then = policyDigest === "" ? null : await recordedPolicy(repo, organizationId, policyDigest);
    const change = then === null ? null : observedChange(body, then, await approvedAfter(repo, body));
    if (change !== null) observed.push(change);
  }
  const text = digestText(week, observed);
  if (text === null) return;
  const about = new Date(week.from).toISOString().slice(0, 10);
  const news = { organizationId, about, text, repository: null, path: null, at: week.to };
  await repo.commit({ actions: notify(policy, "weekly-digest", news) });
}

/** From the landing of a change to the first approval that was seen of someone other than its author. */
async function approvedAfter(repo: Repo, { change, assessment }: ChangeRecord): Promise<number | null> {
  if (assessment.verdict === "compliant") return null;
  const after: number[] = [];
  for (const { number, author, merged } of change.pullRequests) {
    const landed = merged?.at ?? change.update.at;
    for (const seen of await observationsOf(repo, change.repository.id, `pull/${number}`, landed)) {
      if (seen.kind !== "review-given" || seen.review.state !== "approved") continue;
      const { author: by, submittedAt } = seen.review;
      const isAnother = by !== null && by.type !== "Bot" && by.id !== author?.id;
      if (isAnother && submittedAt >= landed) after.push(submittedAt - landed);
    }
  }
  return after.length === 0 ? null : Math.min(...after);
}

/** The first of January 1970 was a Thursday. */
function mondayOf(at: Instant): Instant {
  const days = Math.floor(at / DAY);
  return (days - ((days + 3) % 7)) * DAY;
}
