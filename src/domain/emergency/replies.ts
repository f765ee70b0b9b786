/** What is replied to someone who may not do what they asked for in an emergency, or not now. */

import type { PullRequest } from "../change/pull-request.ts";
import type { People } from "../policy/file/people.ts";
import type { Policy } from "../policy/file/policy.ts";
import { isIntegrationBranch, isProductionBranch, isProductionEnvironment } from "../policy/scope.ts";
import { localTime, oneOfPeople } from "../texts/wording.ts";
import type { Eligibility } from "./eligibility.ts";
import type { EmergencyRecord, RetroactiveReviewRecord } from "../records/emergency.ts";
import type { EmergencySubject } from "./subject.ts";
import type { Reply } from "./voice.ts";
import type { Instant } from "../time/instant.ts";
import type { Repository } from "../change/repository.ts";
import { approversText } from "../policy/approvers-text.ts";

/** Replies where the policy is not known: an emergency waives what it names, and nothing else can. */
export const POLICY_UNKNOWN: Reply = () =>
  "The policy cannot be read or has problems. Until it is fixed, an emergency waives nothing. The check names the problem.";

/** Returns why nothing is blocked that an emergency could let pass, or null. */
export function nothingBlocked(
  policy: Policy,
  repository: Repository,
  subject: EmergencySubject,
): Reply | null {
  if (subject.kind === "deployment")
    return isProductionEnvironment(policy, subject.environment)
      ? null
      : ({ text }) =>
          `${text(subject.environment)} is not a production environment. Countersign blocks no deployment there, so there is nothing to waive.`;
  const { ref } = subject.pull.base;
  if (isProductionBranch(policy, repository, ref)) return null;
  return isIntegrationBranch(policy, repository, ref)
    ? ({ text }) =>
        `${text(ref)} is an integration branch, so nothing blocks this pull request. Declare the emergency on the pull request that takes it to production.`
    : ({ text }) =>
        `${text(ref)} is not a production branch, so nothing blocks this pull request and there is nothing to waive.`;
}

/** Returns why it is too late to open an emergency for a pull request, or null. */
export function tooLateToOpen({ merged, state }: PullRequest, at: Instant): Reply | null {
  if (merged !== null && at > merged.at)
    return () =>
      "This pull request is already merged, so there is nothing left to waive. Explain the bypass: comment `/countersign explain-bypass <reason>`.";
  if (state === "closed") return () => "This pull request is closed. Reopen it, then declare the emergency.";
  return null;
}

/** Returns what came between an emergency and the wish to authorise it, or null. */
export function tooLateToAuthorise(pull: PullRequest, record: EmergencyRecord, at: Instant): Reply | null {
  if (pull.merged !== null && at > pull.merged.at)
    return () =>
      "This pull request was merged before anyone authorised the emergency. It stays a deviation. Explain it: comment `/countersign explain-bypass <reason>`.";
  // Times are whole seconds: in the same second, the head its authorisers were asked for is the one they saw.
  const isNewer = pull.pushes.some(
    (push) => push.at > at || (push.at === at && push.after !== record.asked && push.after === pull.head.sha),
  );
  return isNewer
    ? () => "Commits were pushed after you wrote this. Look at them, then authorise in a new comment."
    : null;
}

/** Returns what an emergency's subject is called. */
function nameOf(kind: EmergencySubject["kind"]): string {
  return kind === "pull" ? "pull request" : "deployment";
}

/** Returns why someone may not authorise, or confirm, an emergency. */
export function notAuthoriser(
  { declared, contributed, entitled }: Eligibility,
  among: People,
  login: string,
  kind: EmergencySubject["kind"],
): Reply {
  return ({ text }) => {
    const who = text(login);
    const from = text(approversText(among));
    const what = nameOf(kind);
    if (declared) return `You declared this emergency, ${who}: someone else must authorise it (${from}).`;
    if (contributed === "yes")
      return `You worked on this ${what}, ${who}: someone who did not must authorise it (${from}).`;
    if (entitled === "no") return `${who} cannot authorise emergencies here. Ask ${oneOfPeople(from)}.`;
    if (entitled === "unknown")
      return `GitHub did not answer whether you are ${oneOfPeople(from)}, ${who}. Nothing was changed. Try again, or ask someone else.`;
    return kind === "deployment"
      ? `It is not known whether you worked on this deployment, ${who}: GitHub does not show who pushed all its commits. Push the commit to a branch of its own and declare the emergency again, or merge it through a reviewed pull request.`
      : `It is not known whether you worked on this pull request, ${who}: nobody observed who pushed some of its commits. Amend and push them again, then authorise.`;
  };
}

/** Returns why someone may not review after an emergency. */
export function notReviewer(
  { authorised, declared, contributed, entitled }: Eligibility,
  among: People,
  login: string,
  kind: EmergencySubject["kind"],
): Reply {
  return ({ text }) => {
    const who = text(login);
    const from = text(approversText(among));
    const another = `someone who had no part in it must review it (${from})`;
    if (authorised) return `You authorised this emergency, ${who}: ${another}.`;
    if (declared) return `You declared this emergency, ${who}: ${another}.`;
    if (contributed === "yes") return `You worked on this ${nameOf(kind)}, ${who}: ${another}.`;
    if (entitled === "no") return `${who} cannot review after an emergency here. Ask ${oneOfPeople(from)}.`;
    return `It is not known whether you worked on this or may review it, ${who}: ${another}.`;
  };
}

/** Returns why the next emergency must wait: a review is overdue. `where`: the repository of the next one. */
export function blockedByOverdue(review: RetroactiveReviewRecord, where: Repository, policy: Policy): Reply {
  const how =
    review.pull === null
      ? "`countersign emergency approve` or `reject`"
      : "`/countersign approve` or `/countersign reject <reason>`";
  return ({ text }) =>
    `The review owed after ${emergencyName(review, where, text)} has been overdue since ${localTime(review.dueAt, policy.calendar.timezone)}. The policy allows no further emergency until it is given there: ${how}.`;
}

/** Returns an emergency's name for a repository. INVARIANT: nothing private is named in a public one. */
function emergencyName(
  { repository, pull, emergency }: RetroactiveReviewRecord,
  where: Repository,
  text: (text: string) => string,
): string {
  const isHere = repository.id === where.id;
  if (!isHere && where.visibility === "public" && repository.visibility !== "public")
    return `${emergency}, in another repository,`;
  const name = `${repository.owner}/${repository.name}`;
  if (pull === null)
    return isHere ? `the emergency ${emergency}` : `the emergency ${emergency} in ${text(name)}`;
  return `the emergency on ${isHere ? "" : text(name)}#${pull}`;
}
