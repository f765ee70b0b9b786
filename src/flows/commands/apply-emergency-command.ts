/** One command of an emergency, or of the review after it: for a pull request or a deployment, wherever it was given. */

import { addressee, type Repo } from "../context/repo.ts";
import type { Actor } from "../../domain/change/people.ts";
import { aloneSpan, isNamedAlone, notAlone } from "../../domain/emergency/alone.ts";
import {
  applyTo,
  decidedReply,
  EMERGENCY_COMMANDS,
  mayBeAlone,
  reasonMissing,
  type Candidate,
  type EmergencyAction,
  type EmergencyCase,
  type ReviewRow,
  type EmergencyTarget,
} from "../../domain/emergency/commands.ts";
import { isForDeployment } from "../../domain/emergency/deployment.ts";
import { allows, emergencyRolesOf } from "../../domain/emergency/emergency.ts";
import type { Attribution, EmergencyRecord } from "../../domain/records/emergency.ts";
import { decideEmergencyStep, decideReviewStep } from "../../domain/emergency/steps.ts";
import { notReviewer, POLICY_UNKNOWN } from "../../domain/emergency/replies.ts";
import { mayReview } from "../../domain/emergency/retroactive-review.ts";
import type { EmergencyCommandName, Reply } from "../../domain/emergency/voice.ts";
import { askAuthorisers, askReason, askToConfirm } from "../../domain/messages/emergency.ts";
import type { Action, Entry } from "../../domain/records/entry.ts";
import type { AccountName } from "../../domain/policy/identity.ts";
import type { Task } from "../../domain/records/task.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { makersOfDeployment } from "../deployments/emergencies.ts";
import {
  authorisers,
  emergenciesForDeployment,
  known,
  readEligibility,
  emergenciesOfOpenPull,
} from "../emergencies/emergencies.ts";
import { gatherDeployment } from "../deployments/facts.ts";
import { gatherPull } from "../facts/pull-request.ts";
import { gatherOpen, withMakers } from "../changes/open-pull-request.ts";
import {
  decision,
  overdueReview,
  readOwedReviews,
  readReviewer,
  type OwedReview,
} from "../reviews/retroactive-reviews.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";

/** Describes what an emergency is named by: a pull request, or one commit in one environment. */
export type EmergencyPlace =
  | { readonly kind: "pull"; readonly number: number }
  | { readonly kind: "deployment"; readonly environment: string; readonly sha: Sha };

/** Describes who acts on which emergency, and how. */
export interface ActedOn {
  readonly place: EmergencyPlace;
  readonly by: Actor;
  readonly attribution: Attribution;
  /** Names what gave it, so that giving it twice is giving it once. */
  readonly source: string;
  /** The reason, or the note of a review; empty where there is none. */
  readonly text: string;
}

/** Describes the result: to be recorded in one transaction, and replied. */
export interface EmergencyResult {
  readonly outcome: "done" | "refused";
  readonly reply: Reply;
  /** The emergency's id. */
  readonly emergency: string | null;
  readonly entries: readonly Entry[];
  readonly actions: readonly Action[];
  readonly tasks: readonly Task[];
}

/** Replies where no review is owed. */
export const NO_REVIEW_OWED: Reply = () =>
  "No review is owed here. One is owed after an emergency was used. To approve a pull request before it is merged, review it on GitHub.";

/** Returns a refusal, which changes nothing. */
export function refuse(reply: Reply): EmergencyResult {
  return { outcome: "refused", reply, emergency: null, entries: [], actions: [], tasks: [] };
}

/** Applies a command, or refuses it with the reason. Records nothing. Throws {@link ExternalError}. */
export async function applyEmergencyCommand(
  repo: Repo,
  command: EmergencyCommandName,
  acted: ActedOn,
): Promise<EmergencyResult> {
  const missing = reasonMissing(command, acted.text);
  if (missing !== null) return refuse(missing);
  const row = EMERGENCY_COMMANDS[command];
  if (row.of === "review") return applyReview(repo, row, acted);
  const found = await gatherCase(repo, acted);
  return found === null ? refuse(POLICY_UNKNOWN) : applyEmergencyAction(repo, row, found);
}

/** Gathers what a command is judged by; null where the policy is not known. */
export async function gatherCase(repo: Repo, acted: ActedOn): Promise<EmergencyCase | null> {
  const { place, ...rest } = acted;
  const { info: repository } = repo;
  if (place.kind === "deployment") {
    const current = known(await currentPolicy(repo));
    if (current === null) return null;
    const emergencies = await emergenciesForDeployment(repo, place);
    return { ...rest, ...current, repository, subject: place, emergencies };
  }
  const { pull: read, policy } = await gatherOpen(repo, place.number);
  const current = known(policy);
  if (current === null) return null;
  const emergencies = await emergenciesOfOpenPull(repo, read, policy);
  const pull = await withMakers(repo, read);
  return { ...rest, ...current, repository, subject: { kind: "pull", pull }, emergencies };
}

/** Applies an action to an emergency: whether it is possible now, whether this person may, and what follows. */
export async function applyEmergencyAction(
  repo: Repo,
  action: EmergencyAction,
  given: EmergencyCase,
): Promise<EmergencyResult> {
  const target = action.target(given);
  if ("refused" in target) return refuse(target.refused);
  const isNext = target.event === "declare" || target.event === "authorise";
  const overdue = isNext ? await overdueReview(repo, given.policy) : null;
  if (overdue !== null) return refuse(overdue);
  const candidate = await readCandidate(repo, given, target);
  const applied = applyTo(action, given, target, candidate);
  if (applied.refused !== null) return refuse(applied.refused);
  const { record, reply, requests } = applied;
  const { policy, by } = given;
  const to = addressee(repo);
  const able =
    requests === "authorisation" || requests === "confirmation" ? await authorisers(repo, policy) : [];
  const asked = {
    reason: () => askReason(to, record, by),
    authorisation: () => askAuthorisers(to, record, policy, able, "declared"),
    confirmation: () => askToConfirm(to, record, policy, able),
  };
  return {
    outcome: "done",
    reply,
    emergency: record.id,
    ...decideEmergencyStep(record, null, repo.now()),
    actions: requests === null ? [] : asked[requests](),
  };
}

/** Reads what the person who acts may do: their rights, their part in it, and whether they may act alone. */
async function readCandidate(repo: Repo, given: EmergencyCase, target: EmergencyTarget): Promise<Candidate> {
  const { subject, policy, by, attribution } = given;
  const { record, event } = target;
  const { eligibility, authority } = await readEligibility(repo, {
    actor: by,
    among: policy.emergency.authorisers,
    pull: subject.kind === "pull" ? subject.pull : null,
    ...(subject.kind === "pull" ? {} : { makers: await makersNow(repo, subject, given) }),
    record,
    policy,
  });
  const isSettled = record === null || allows(record, event, emergencyRolesOf(eligibility, false));
  if (isSettled || !mayBeAlone(given, target, eligibility) || !isNamedAlone(policy, authority))
    return { eligibility, authority, alone: null };
  const before = await countAlone(repo, aloneSpan(policy, attribution.at));
  return { eligibility, authority, alone: notAlone(policy, record, before) ?? "yes" };
}

/** Counts the emergencies of the organisation that were authorised alone in a span. */
async function countAlone(
  repo: Repo,
  span: { readonly from: Instant; readonly to: Instant } | null,
): Promise<number> {
  const { info: repository } = repo;
  let count = 0;
  for await (const entry of repo.ledger.states("emergency", { organizationId: repository.ownerId })) {
    const { authorised } = entry.body;
    if (span === null || authorised?.confirmBy == null) continue;
    if (authorised.at >= span.from && authorised.at < span.to) count += 1;
  }
  return count;
}

/** Reads who shaped what a deployment of this commit would contain now. */
async function makersNow(
  repo: Repo,
  { environment, sha }: { readonly environment: string; readonly sha: Sha },
  { by, attribution: { at } }: Pick<EmergencyCase, "by" | "attribution">,
): Promise<readonly AccountName[] | null> {
  const deployment = await gatherDeployment(repo, {
    id: "",
    origin: { kind: "report", source: "terminal", report: "", artifact: null },
    environment,
    originalEnvironment: null,
    sha,
    ref: sha,
    creator: by,
    createdAt: at,
    statuses: [],
    at,
    run: null,
    rules: null,
    policy: await currentPolicy(repo),
  });
  return makersOfDeployment(repo, deployment);
}

/** Decides the review that is owed. It is judged by the policy under which the emergency was used. */
async function applyReview(
  repo: Repo,
  row: ReviewRow,
  { place, by, attribution, text }: ActedOn,
): Promise<EmergencyResult> {
  const parsed = row.parse(text);
  if ("refused" in parsed) return refuse(parsed.refused);
  const { event, note } = parsed;
  const owed = await owedAt(repo, place);
  if (owed === null) return refuse(NO_REVIEW_OWED);
  const { review, policy, facts } = owed;
  const after = decision(owed, event, { by, at: attribution.at, via: attribution.via, note });
  if (after === null)
    return refuse(
      ({ text: safe }) =>
        `${safe(review.decision?.by.login ?? "Someone")} already decided this review: ${review.status === "follow-up" ? "approved, with a follow-up" : review.status}.`,
    );
  const pull = place.kind === "pull" ? (await gatherPull(repo, place.number)).pull : null;
  // Who made what was deployed comes from its record, not from what a deployment would contain now.
  const makers = pull === null ? await makersUsed(repo, facts.record) : [];
  const reviewer = await readReviewer(repo, owed, pull, by, makers);
  if (!mayReview(reviewer))
    return refuse(notReviewer(reviewer, policy.emergency.reviewers, by.login, place.kind));
  return {
    outcome: "done",
    reply: decidedReply(after, policy),
    emergency: after.emergency,
    ...decideReviewStep(facts.record, after, repo.now()),
  };
}

/** Reads the review owed at a place: the newest that is due, else the newest. */
async function owedAt(repo: Repo, place: EmergencyPlace): Promise<OwedReview | null> {
  const all = await readOwedReviews(repo, place.kind === "pull" ? place.number : null);
  const here = place.kind === "pull" ? all : all.filter(({ facts }) => isForDeployment(facts.record, place));
  return here.findLast(({ review }) => review.status === "due") ?? here.at(-1) ?? null;
}

async function makersUsed(repo: Repo, { used }: EmergencyRecord): Promise<readonly AccountName[] | null> {
  const all: AccountName[] = [];
  for (const id of used?.subjects ?? []) {
    const entry = await repo.ledger.state("deployment", id);
    const makers = entry === undefined ? null : await makersOfDeployment(repo, entry.body.deployment);
    if (makers === null) return null;
    all.push(...makers);
  }
  return all;
}
