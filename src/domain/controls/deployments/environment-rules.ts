/** How the rules of an environment apply to a deployment: who approved the job, and whether it bypassed them. */

import type { Actor } from "../../change/people.ts";
import type { Deployment, RunApproval } from "../../deployment/deployment.ts";
import { isSamePerson } from "../../policy/identity.ts";
import type { Policy } from "../../policy/file/policy.ts";
import { oneLine, some, time } from "../../texts/wording.ts";
import { fails, unverifiable, type Ruling } from "../control.ts";

const NAMES = 5;

/**
 * Returns the findings on a deployment that a job made. Nothing where no job did, as GitHub's rules guard jobs alone.
 * INVARIANT: where GitHub does not show whether a rule held, nobody is accused: it is unverifiable.
 */
export function ruleRulings(deployment: Deployment, policy: Policy): readonly Ruling[] {
  return [...ofReviewers(deployment, policy), ...ofGate(deployment)];
}

function ofReviewers(deployment: Deployment, policy: Policy): readonly Ruling[] {
  const { run, rules } = deployment;
  if (run === null || rules === null || rules.reviewers === 0) return [];
  const name = oneLine(rules.name);
  if (run.approvals === null)
    return [unverifiable(`GitHub did not return who approved the job that deployed to ${name}`)];
  const all = run.approvals.filter(
    ({ state, environments, user }) =>
      state === "approved" && user?.type !== "Bot" && environments.some((each) => isSame(each, rules.name)),
  );
  // Who let an old run pass did not let its next attempt pass.
  const given = all.filter(({ attempt }) => attempt === undefined || attempt === run.attempt);
  const ofUnknownAttempt = all.filter(({ attempt }) => attempt === null);
  const isOpen = ofUnknownAttempt.some((each) => !isOwn(each, deployment, policy));
  if (given.length === 0 && isOpen)
    return [
      unverifiable(
        `${names(ofUnknownAttempt)} approved this job or another attempt of it: which one cannot be verified, because the webhook that shows it was lost`,
      ),
    ];
  if (given.length === 0 && ofUnknownAttempt.length === 0 && all.length > 0) {
    return [
      fails(
        "environment-bypassed",
        `${name} requires ${people(rules.reviewers)} to approve, and attempt ${run.attempt} of the job went on without: ${names(all)} had approved another attempt`,
      ),
    ];
  }
  if (given.length === 0 && ofUnknownAttempt.length === 0) {
    if (rules.changedAt > deployment.createdAt)
      return [
        unverifiable(
          `${name} requires ${people(rules.reviewers)} to approve and nobody did, but its rules were changed at ${time(rules.changedAt)}, after this was deployed`,
        ),
      ];
    return [
      fails(
        "environment-bypassed",
        `${name} requires ${people(rules.reviewers)} to approve, and the job went on without: an administrator let it pass`,
      ),
    ];
  }
  const counted = given.length === 0 ? ofUnknownAttempt : given;
  const own = counted.filter((each) => isOwn(each, deployment, policy));
  if (own.length < counted.length) return [];
  if (given.length > 0 && isOpen)
    return [
      unverifiable(
        `${names(ofUnknownAttempt)} may have approved this job beside whoever began it: which attempt that was for cannot be verified, because the webhook that shows it was lost`,
      ),
    ];
  const who = [...new Set(own.map(({ user }) => accountText(user, deployment, policy)))];
  const started = own.some(({ user }) => starterBehind(user, deployment, policy) !== null);
  const why = started ? "who began this deployment" : "who made what it carries";
  return [
    fails(
      "self-approved",
      `the only approval of the job came from ${some(who, NAMES)}, ${why}${rules.preventSelfReview ? "" : `: ${name} does not prevent self-review`}`,
    ),
  ];
}

/** Whoever began the run, or this attempt of it, does not approve it; nor who alone made what it carries if nobody else began it. */
function isOwn({ user }: RunApproval, deployment: Deployment, policy: Policy): boolean {
  if (user === null) return false;
  if (starterBehind(user, deployment, policy) !== null) return true;
  const makers = deployment.carried.flatMap((each) => each.makers).map((id) => ({ id, login: "" }));
  const own = makers.filter((maker) => isSamePerson(policy, maker, user));
  if (own.length === 0) return false;
  return (
    policy.independence === "strict" || (own.length === makers.length && starters(deployment).length === 0)
  );
}

/** The account that began the run or this attempt of it and is this person's, or null. */
function starterBehind(user: Actor | null, deployment: Deployment, policy: Policy): Actor | null {
  if (user === null) return null;
  const began = starters(deployment).filter((each) => isSamePerson(policy, each, user));
  return began.find(({ id }) => id === user.id) ?? began[0] ?? null;
}

function accountText(user: Actor | null, deployment: Deployment, policy: Policy): string {
  if (user === null) return "an unknown account";
  const began = starterBehind(user, deployment, policy);
  return began === null || began.id === user.id
    ? oneLine(user.login)
    : `${oneLine(user.login)}, another account of ${oneLine(began.login)}`;
}

function starters({ run }: Deployment): readonly Actor[] {
  // GitHub names whoever last edited the line of a schedule: they began nothing, unless they ran it again.
  const isScheduled = run?.event === "schedule";
  const began = isScheduled && run.attempt === 1 ? [] : [run?.triggeringActor ?? null];
  return [isScheduled ? null : (run?.actor ?? null), ...began].filter(
    (actor): actor is Actor => actor !== null && actor.type !== "Bot",
  );
}

function ofGate(deployment: Deployment): readonly Ruling[] {
  const { run, gate, rules } = deployment;
  if (run === null || gate === "approved") return [];
  const bypassed = (reason: string): readonly Ruling[] => [fails("gate-bypassed", reason)];
  if (gate === "waiting" || gate === "rejected")
    return bypassed(
      `the job went on while our answer was "${gate}": an administrator let it pass the deployment gate`,
    );
  if (rules?.gated !== true) return [];
  if (gate === "asked-before")
    return bypassed(
      `the deployment gate guards ${oneLine(rules.name)} and was not asked before the job went on`,
    );
  return [
    unverifiable(
      `the deployment gate guards ${oneLine(rules.name)} now, and was never asked there: since when it does cannot be verified`,
    ),
  ];
}

function names(given: readonly RunApproval[]): string {
  return some([...new Set(given.map(({ user }) => oneLine(user?.login ?? "ghost")))], NAMES);
}

function people(count: number): string {
  return count === 1 ? "a reviewer" : `one of ${count} reviewers`;
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
