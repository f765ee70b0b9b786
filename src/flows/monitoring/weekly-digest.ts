/** The weekly digest: once a week, what enforcing each organisation's policies would have refused. */

import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { notify } from "../../domain/messages/notification.ts";
import { digestText, wouldRefuse, type WouldRefuse } from "../../domain/messages/weekly-digest.ts";
import { DAY } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { ChangeRecord } from "../../domain/records/change.ts";
import { observationsOf } from "../context/observations.ts";
import type { Repo } from "../context/repo.ts";
import type { Tools } from "../context/tools.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { oneRepositoryEach } from "./monthly-reviews.ts";

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
  const refused: WouldRefuse[] = [];
  const counts = { changes: 0, refused: 0 };
  for await (const { body } of repo.ledger.states("change", { organizationId, ...week, order: "at" })) {
    counts.changes += 1;
    const { policyDigest } = body.assessment;
    const then = policyDigest === "" ? undefined : await repo.ledger.state("policy", policyDigest);
    const found = then === undefined ? [] : wouldRefuse(body, then.body, await waitedFor(repo, body));
    if (found.length > 0) counts.refused += 1;
    refused.push(...found);
  }
  const text = digestText(week, refused, counts);
  if (text === null) return;
  const about = new Date(week.from).toISOString().slice(0, 10);
  const news = { organizationId, about, text, repository: null, path: null, at: week.to };
  await repo.commit({ actions: notify(policy, "weekly-digest", news) });
}

/** A change that landed without its approval would have waited at least for the first one that others gave afterwards. */
async function waitedFor(repo: Repo, { change, assessment }: ChangeRecord): Promise<number | null> {
  if (assessment.verdict === "compliant") return null;
  const waits: number[] = [];
  for (const { number, author, merged } of change.pullRequests) {
    const landed = merged?.at ?? change.update.at;
    for (const seen of await observationsOf(repo, change.repository.id, `pull/${number}`, landed)) {
      if (seen.kind !== "review-given" || seen.review.state !== "approved") continue;
      const { author: by, submittedAt } = seen.review;
      if (by !== null && by.id !== author?.id && submittedAt >= landed) waits.push(submittedAt - landed);
    }
  }
  return waits.length === 0 ? null : Math.min(...waits);
}

/** The first of January 1970 was a Thursday. */
function mondayOf(at: Instant): Instant {
  const days = Math.floor(at / DAY);
  return (days - ((days + 3) % 7)) * DAY;
}
