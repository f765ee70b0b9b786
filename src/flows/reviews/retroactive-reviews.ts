/** Retroactive reviews: decided by a command or by a review on the merged pull request, reminded of, escalated. */

import { addressee, type Repo } from "../context/repo.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { dueTasks } from "../../domain/emergency/due.ts";
import { isOpen } from "../../domain/records/emergency.ts";
import type { EmergencyFacts } from "../../domain/records/emergency-facts.ts";
import {
  partiesOf,
  decided,
  isOverdue,
  mayReview,
  nextWord,
  type RetroactiveReviewEvent,
} from "../../domain/emergency/retroactive-review.ts";
import { decideReviewStep } from "../../domain/emergency/steps.ts";
import type { RetroactiveReviewRecord } from "../../domain/records/emergency.ts";
import { eligibilityOf, type Eligibility } from "../../domain/emergency/eligibility.ts";
import { blockedByOverdue } from "../../domain/emergency/replies.ts";
import type { Reply } from "../../domain/emergency/voice.ts";
import type { AccountName } from "../../domain/policy/identity.ts";
import { askReviewers } from "../../domain/messages/emergency.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { authorityFor, emergenciesOfPull, advanceEmergencies } from "../emergencies/emergencies.ts";
import { gatherPull } from "../facts/pull-request.ts";
import { judgeLandedAgain } from "./reassess.ts";
import type { Actor } from "../../domain/change/people.ts";
import { recordedPolicy } from "../records/recorded-policy.ts";

/** Describes an emergency that was used, with the review owed for it and the policy it was used under. */
export interface OwedReview {
  readonly facts: EmergencyFacts;
  readonly review: RetroactiveReviewRecord;
  readonly policy: Policy;
}

/** Reads the reviews owed for a pull request's emergencies, decided or not. */
export async function readOwedReviews(repo: Repo, pull: number | null): Promise<readonly OwedReview[]> {
  const owed: OwedReview[] = [];
  for (const facts of await emergenciesOfPull(repo.tools, repo.info.id, pull)) {
    const { review } = facts;
    if (review === null) continue;
    const policy = await recordedPolicy(repo, repo.info.ownerId, review.policyDigest);
    if (policy === null) continue;
    owed.push({ facts, review, policy: policy.effective });
  }
  return owed;
}

/** Reads someone's eligibility to give a review: their rights, and their own part in what it is of. */
export async function readReviewer(
  repo: Repo,
  { facts, policy }: OwedReview,
  pull: PullRequest | null,
  actor: Actor,
  makers: readonly AccountName[] | null = [],
): Promise<Eligibility> {
  const among = policy.emergency.reviewers;
  const [declarers, given] = [partiesOf(facts.record), facts.record.authorised];
  return eligibilityOf({
    actor,
    authority: await authorityFor(repo, actor, [among], policy.names),
    among,
    pull,
    makers,
    declarers: declarers.filter(({ id }) => id !== given?.by.id),
    authoriser: given?.by ?? null,
    policy,
  });
}

/** Returns a review as decided, or null where it was decided before. */
export function decision(
  owed: OwedReview,
  event: RetroactiveReviewEvent,
  made: NonNullable<RetroactiveReviewRecord["decision"]>,
): RetroactiveReviewRecord | null {
  return decided(owed.review, event, made, owed.policy.calendar);
}

/** Takes an entitled person's review of a merged pull request as the retroactive review, then assesses its changes again. */
export async function advanceMergedPull(repo: Repo, pull: PullRequest, policy: PolicyInForce): Promise<void> {
  const { merged } = pull;
  const known = await advanceEmergencies(repo, pull, policy);
  if (merged === null || known.length === 0) return;
  for (const owed of await readOwedReviews(repo, pull.number)) {
    if (owed.review.status !== "due") continue;
    const reviews = pull.reviews
      .filter(({ submittedAt, commit, dismissed, state, author }) => {
        const isDecisive = state === "approved" || state === "changes-requested";
        const isAfter = submittedAt > merged.at || (submittedAt === merged.at && commit === pull.head.sha);
        return (
          isDecisive && isAfter && commit === pull.head.sha && dismissed === null && author?.type === "User"
        );
      })
      .toSorted((a, b) => a.submittedAt - b.submittedAt || a.id - b.id);
    for (const { author: by, submittedAt: at, state } of reviews) {
      if (by === null || !mayReview(await readReviewer(repo, owed, pull, by))) continue;
      const note = state === "approved" ? "approved in a review" : "changes requested in a review";
      const after = decision(owed, state === "approved" ? "approve" : "reject", {
        by,
        at,
        via: "review",
        note,
      });
      if (after === null) continue;
      await repo.commit(decideReviewStep(owed.facts.record, after, repo.now()));
      break;
    }
  }
  await judgeLandedAgain(repo, pull);
  const { id } = repo.info;
  const now = repo.now();
  const tasks = dueTasks(id, await emergenciesOfPull(repo.tools, id, pull.number), now, merged.at);
  await repo.commit({ tasks });
}

/** Reminds of a pull request's reviews, or (null) of those of deployments, before they are due, and escalates them after. */
export async function remindOfReviews(repo: Repo, number: number | null): Promise<void> {
  const now = repo.now();
  for (const owed of await readOwedReviews(repo, number)) {
    const { review, policy, facts } = owed;
    const at = nextWord(review);
    if (at === null || at > now) continue;
    const after: RetroactiveReviewRecord = isOverdue(review, now)
      ? { ...review, escalatedAt: [...review.escalatedAt, now] }
      : { ...review, remindedAt: [...review.remindedAt, now] };
    const from = policy.emergency.reviewers;
    const able = await repo.github.candidates(from);
    const actions = askReviewers(addressee(repo), after, policy, able, now, facts.record);
    await repo.commit({ ...decideReviewStep(facts.record, after, now), actions });
  }
}

/**
 * Returns why the next emergency must wait, or null where it need not. It must where a review is overdue anywhere in
 * the organisation and the policy says so: nobody gets round it in the next repository.
 */
export async function overdueReview(repo: Repo, policy: Policy): Promise<Reply | null> {
  const { info: repository } = repo;
  if (!policy.emergency.blockNextWhileOverdue) return null;
  for await (const entry of repo.ledger.states("retroactive-review", {
    organizationId: repository.ownerId,
  })) {
    if (isOverdue(entry.body, repo.now())) return blockedByOverdue(entry.body, repository, policy);
  }
  return null;
}

/** Handles what a repository has due: expiries, reviews and confirmations, reminders. Returns the pull requests to assess again. */
export async function advanceDueEmergencies(repo: Repo): Promise<readonly number[]> {
  const pulls = new Set<number>();
  const { id: repositoryId } = repo.info;
  for await (const entry of repo.ledger.states("emergency", { repositoryId })) {
    const record = entry.body;
    const isLone = record.authorised?.confirmBy != null && record.confirmed === null;
    const moves = isOpen(record) || (record.status === "used" && isLone);
    if (moves && record.pull !== null) pulls.add(record.pull);
  }
  const due: number[] = [];
  for await (const entry of repo.ledger.states("retroactive-review", { repositoryId })) {
    const { status, pull } = entry.body;
    if (status === "due" && pull !== null) due.push(pull);
  }
  for (const number of due) {
    // A review whose webhook was lost is found here, before it is reported as missing.
    const { pull, policy } = await gatherPull(repo, number);
    await advanceMergedPull(repo, pull, policy);
    await remindOfReviews(repo, number);
  }
  return [...pulls].filter((number) => !due.includes(number));
}
