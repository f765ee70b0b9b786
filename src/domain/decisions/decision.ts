/** Decisions that follow from a verdict: entries to record and actions to take. Nothing is done here. */

import { moveDeviation, type LaxerEntry } from "../deviation/laxer-scope.ts";
import type { Change } from "../change/change.ts";
import { CHECK_NAME } from "../values/check-name.ts";
import { REPEATED_CAUSES } from "../controls/deployments/deployment-approved.ts";
import { PRE_APPROVED } from "../approval/pre-approved/pre-approved-change.ts";
import type { Deployment } from "../deployment/deployment.ts";
import {
  decideDeviation,
  decideRecord,
  NO_RECORDS,
  mergeDecisions,
  type ExistingRecords,
} from "../deviation/decide.ts";
import {
  causeOf,
  deviationIdOf,
  personOf,
  severityOf,
  weakeningKey,
  type DeviationSeed,
  type SharedCause,
} from "../deviation/open.ts";
import { canonical } from "../values/digest.ts";
import { isOpen } from "../records/emergency.ts";
import type { EmergencyFacts } from "../records/emergency-facts.ts";
import { type Action, type Decision, type Entry, type Addressee } from "../records/entry.ts";
import { requirementsDigest } from "../approval/inherited-approvals.ts";
import type { ReviewerCandidates } from "../approval/review-requests.ts";
import { checkText, deviationText } from "../messages/check-run.ts";
import { listedControls } from "../texts/wording.ts";
import { defaultPolicy, type PolicyInForce } from "../policy/tighten.ts";
import type { Policy } from "../policy/file/policy.ts";
import { nextPolicyBoundary } from "../policy/boundaries.ts";
import { weakeningDeviation, type Meanwhile } from "../deviation/weakening-deviation.ts";
import type { ExposureRecord } from "../protection/record.ts";
import type { ChangeRecord, CheckRunText, GateRecord, LandingRecord, Reviewers } from "../records/change.ts";
import { requestReviewersAction, reviewersFor } from "../approval/review-requests.ts";
import type { Assessment, Result } from "../values/result.ts";
import type { Task } from "../records/task.ts";
import type { Instant } from "../time/instant.ts";
import type { Sha } from "../change/sha.ts";
import type { Actor } from "../change/people.ts";
import type { Repository } from "../change/repository.ts";
import type { PullRequest } from "../change/pull-request.ts";
import type { DeploymentRecord } from "../records/deployment.ts";
import { policySubject } from "../policy/record.ts";

/** Describes what a `check-run` action requires. */
export interface CheckRunPayload {
  readonly repository: { readonly id: number; readonly owner: string; readonly name: string };
  readonly appId: number;
  readonly checkName: string;
  readonly text: CheckRunText;
  /** The delivery that requested the check to be run again; a new one makes the same text be sent anew. */
  readonly request: string | null;
  /** An emergency waits for it: it goes ahead of whatever else waits to be sent. */
  readonly urgent?: true;
  /** The pull requests with this head that it is about: GitHub names none for a head in a fork. Absent: a merge group's. */
  readonly pulls?: readonly number[];
}

const PULLS = "pulls:";

/** Returns the external id of a check run: the numbers of its pull requests; null where it is about none. */
export function externalIdOf({ pulls = [] }: Pick<CheckRunPayload, "pulls">): string | null {
  return pulls.length === 0 ? null : `${PULLS}${pulls.join(",")}`;
}

/** Returns the numbers of the pull requests in the external id of one of our own check runs. */
export function pullsInExternalId(externalId: string | null | undefined): readonly number[] {
  if (externalId?.startsWith(PULLS) !== true) return [];
  return externalId.slice(PULLS.length).split(",").map(Number).filter(Number.isSafeInteger);
}

/** Returns the policy in force, or the defaults where it is not known (for what must go on without it). */
export function policyOrDefault(policy: PolicyInForce): Policy {
  return policy.state === "known" ? policy.record.effective : defaultPolicy();
}

/**
 * Decides what to show on a pull request or merge group. `assessment` null: not a production branch. The same verdict
 * with the same words as `previous`: nothing to record and nothing to send, unless someone pressed the button.
 */
export function decideGate(facts: {
  readonly subject: string;
  readonly pulls: readonly PullRequest[];
  readonly headSha: Sha;
  readonly assessment: Assessment | null;
  readonly policy: PolicyInForce;
  readonly candidates: ReviewerCandidates;
  readonly previous: GateRecord | null;
  /** The delivery id of a pressed re-run button, or null. */
  readonly request: string | null;
  readonly to: Addressee;
  readonly at: Instant;
  /** What was last shown of the other open pull requests with the same head: they share the check run, which shows the worst. */
  readonly sharing?: readonly GateRecord[];
  /** A pull request with the same head was closed: the check may still show that one's result. */
  readonly again?: boolean;
  /** Of these pull requests. */
  readonly emergencies?: readonly EmergencyFacts[];
}): Decision {
  const { pulls, headSha, assessment, policy, candidates, previous, request, to, at } = facts;
  const tasks = assessment === null ? [] : tasksAtNextTurn(policy, to.repository, at);
  const { sharing = [], again = false, emergencies = [] } = facts;
  const { appId } = to;
  const check = checkText({ pulls, headSha, assessment, policy, candidates, appId, emergencies });
  const judged: Assessment = assessment ?? {
    verdict: "compliant",
    results: [],
    approvals: [],
    policyDigest: "",
  };
  const body: GateRecord = {
    pulls,
    assessment: judged,
    check,
    ...(emergencies.length === 0 ? {} : { emergencies }),
  };
  const [only, ...others] = pulls;
  const before = previous?.reviewersAsked;
  const asking =
    before === undefined &&
    only !== undefined &&
    only.unread === undefined &&
    others.length === 0 &&
    assessment?.verdict === "pending"
      ? reviewersFor(only, policyOrDefault(policy), candidates)
      : null;
  const shown = worstOf(body, sharing);
  const about = {
    isUrgent: emergencies.some(({ record }) => isOpen(record)),
    pulls: [...pulls, ...sharing.flatMap((other) => other.pulls)].filter(({ head }) => head.sha === headSha),
  };
  if (asking === null && previous !== null && isSameCheck(previous, body)) {
    // What a shared check run showed last may have been another's: the ledger knows whether it was this one's.
    const isAsked = request !== null || again || sharing.length > 0;
    return { entries: [], actions: isAsked ? [checkRunAction(shown, to, request, about)] : [], tasks };
  }
  return {
    tasks,
    entries: [
      ...policyEntries(policy, to.repository, at),
      {
        kind: "gate",
        subject: facts.subject,
        ...owned(to.repository),
        at: lastMoment(pulls, at),
        body: withAsked(body, asking ?? before),
      },
    ],
    actions: [
      checkRunAction(shown, to, request, about),
      ...(asking === null || only === undefined ? [] : [requestReviewersAction(only, asking, addressed(to))]),
    ],
  };
}

/** A freeze that begins or ends sends no webhook: the open pull requests are judged again when it does. */
function tasksAtNextTurn(
  policy: PolicyInForce,
  { id: repositoryId }: Repository,
  at: Instant,
): readonly Task[] {
  const dueAt = policy.state === "known" ? nextPolicyBoundary(policy.record.effective, at) : null;
  return dueAt === null ? [] : [{ kind: "rejudge", repositoryId, dueAt }];
}

function withAsked(body: GateRecord, asked: Reviewers | undefined): GateRecord {
  return asked === undefined ? body : { ...body, reviewersAsked: asked };
}

/** Returns the deviation that a judged update of a production branch is, or null. `spans`: what it may share its cause with. */
export function seedOfChange(facts: {
  readonly change: Change;
  readonly assessment: Assessment;
  readonly policy: PolicyInForce;
  readonly spans?: readonly SharedCause[];
}): DeviationSeed | null {
  const { change, assessment, policy, spans = [] } = facts;
  if (assessment.verdict !== "non-compliant" || policyOrDefault(policy).mode !== "enforce") return null;
  return seedOf({
    subjectKind: "change",
    id: change.id,
    repository: change.repository,
    pull: change.pullRequests[0]?.number ?? null,
    results: assessment.results.filter((each) => each.outcome === "fail"),
    actors: [change.update.actor].filter((actor) => actor !== null),
    happenedAt: change.update.at,
    rewritten: change.update.kind === "force-push",
    text: { change, assessment },
    spans,
  });
}

/** What a change or deployment is judged by, and what is recorded of its deviation. */
interface JudgedFacts {
  readonly assessment: Assessment;
  readonly policy: PolicyInForce;
  readonly to: Addressee;
  readonly detectedAt: Instant;
  readonly spans?: readonly SharedCause[];
  readonly records?: ExistingRecords;
  /** Of its pull requests, or declared for a deployment without one. */
  readonly emergencies?: readonly EmergencyFacts[];
}

/** Decides what to record of an update of a production branch, and of the deviation it may be. */
export function decideChange(facts: JudgedFacts & { readonly change: Change }): Decision {
  const { change, assessment, policy, emergencies = [] } = facts;
  const { mode } = policyOrDefault(policy);
  const body: ChangeRecord = {
    change,
    class: classOf(assessment),
    mode,
    assessment,
    ...(emergencies.length === 0 ? {} : { emergencies }),
  };
  const entry: Entry = {
    kind: "change",
    subject: change.id,
    ...owned(change.repository),
    at: change.update.at,
    body,
  };
  return withDeviation(entry, seedOfChange(facts), facts, change.repository);
}

/** An entry with the policy it was judged by, and what comes of a deviation that it seeds. */
function withDeviation(
  entry: Entry,
  seed: DeviationSeed | null,
  { policy, to, detectedAt, records = NO_RECORDS }: JudgedFacts,
  repository: Repository,
): Decision {
  const deviation = decideDeviation({
    ...ownOrShared(seed),
    subject: entry.subject,
    records,
    policy: policyOrDefault(policy),
    to,
    at: detectedAt,
  });
  const entries = [...policyEntries(policy, repository, detectedAt), entry];
  return mergeDecisions({ entries }, deviation);
}

/** Decides what to record of an update of an integration branch. It is no change of production, and opens no deviation. */
export function decideLanding(facts: {
  readonly change: Change;
  readonly assessment: Assessment;
  readonly policy: PolicyInForce;
  readonly detectedAt: Instant;
}): Decision {
  const { change, assessment, policy, detectedAt } = facts;
  const { mode } = policyOrDefault(policy);
  const asked =
    policy.state === "known" ? requirementsDigest(policy.record.effective, change.pullRequests) : "";
  const body: LandingRecord = { change, mode, assessment, asked };
  const { id: subject, repository, update } = change;
  const entry: Entry = { kind: "landing", subject, ...owned(repository), at: update.at, body };
  return mergeDecisions({ entries: [...policyEntries(policy, repository, detectedAt), entry] });
}

/** What came about under a weakened control is listed by that control's deviation, and opens none of its own. */
function ownOrShared(seed: DeviationSeed | null): {
  readonly seed: DeviationSeed | null;
  readonly because?: string;
} {
  const shared = seed?.cause.shared;
  if (shared?.kind !== "weakening") return { seed };
  const id = deviationIdOf(weakeningKey(shared.id));
  return { seed: null, because: `it is listed under ${id}: it came about while ${shared.because}` };
}

/** Returns the deviation that a judged deployment is, or null. One that only repeats a deployed change's is not opened again. */
export function seedOfDeployment(facts: {
  readonly deployment: Deployment;
  readonly assessment: Assessment;
  readonly policy: PolicyInForce;
  readonly spans?: readonly SharedCause[];
}): DeviationSeed | null {
  const { deployment, assessment, policy, spans = [] } = facts;
  const own = assessment.results.filter(
    (each) => each.outcome === "fail" && !REPEATED_CAUSES.has(each.cause),
  );
  const opens = assessment.verdict === "non-compliant" && own.length > 0;
  if (!opens || policyOrDefault(policy).mode !== "enforce") return null;
  return seedOf({
    subjectKind: "deployment",
    id: deployment.id,
    repository: deployment.repository,
    pull: null,
    results: own,
    actors: [deployment.creator].filter((actor) => actor !== null),
    happenedAt: deployment.succeededAt,
    rewritten: false,
    text: { deployment, assessment },
    spans,
    ...typeOf(deployment, own),
  });
}

/** Decides what to record of a deployment, and of the deviation it may be. */
export function decideDeployment(facts: JudgedFacts & { readonly deployment: Deployment }): Decision {
  const { deployment, assessment, policy, emergencies = [] } = facts;
  const { mode } = policyOrDefault(policy);
  const body: DeploymentRecord = {
    deployment,
    mode,
    assessment,
    ...(emergencies.length === 0 ? {} : { emergencies }),
  };
  const entry: Entry = {
    kind: "deployment",
    subject: deployment.id,
    ...owned(deployment.repository),
    at: deployment.succeededAt,
    body,
  };
  return withDeviation(entry, seedOfDeployment(facts), facts, deployment.repository);
}

/** Decides what to record of a weakened protection, and of the issue about it. `records`: what is recorded of it. */
export function decideWeakening(facts: {
  readonly exposures: readonly ExposureRecord[];
  readonly meanwhile: readonly Meanwhile[];
  readonly policy: PolicyInForce;
  readonly to: Addressee;
  readonly records?: ExistingRecords;
  readonly detectedAt: Instant;
}): Decision {
  const { exposures, meanwhile, policy, to, records = NO_RECORDS, detectedAt } = facts;
  const deviation = weakeningDeviation(exposures, meanwhile, records.previous, detectedAt);
  return decideRecord(deviation, records, policyOrDefault(policy), to, detectedAt);
}

/** Decides what to record of a repository that moved to a laxer entry of the policy, and of its issue. */
export function decideMove(facts: {
  readonly entry: LaxerEntry;
  readonly policy: PolicyInForce;
  readonly to: Addressee;
  readonly records: ExistingRecords;
  readonly detectedAt: Instant;
}): Decision {
  const { entry, policy, to, records, detectedAt } = facts;
  const deviation = moveDeviation(to.repository, entry, records.previous, detectedAt);
  return decideRecord(deviation, records, policyOrDefault(policy), to, detectedAt);
}

/** Returns the key of everything that our check run shows on one commit. */
export function checkKey(repositoryId: number, sha: Sha): string {
  return `check:${repositoryId}:${sha}`;
}

/** Returns the action that makes a check run show this. */
export function checkRunAction(
  text: CheckRunText,
  to: Addressee,
  request: string | null,
  about: { readonly isUrgent?: boolean; readonly pulls: readonly Pick<PullRequest, "number">[] },
): Action {
  const { id, owner, name } = to.repository;
  const pulls = [...new Set(about.pulls.map(({ number }) => number))].toSorted((a, b) => a - b);
  const payload: CheckRunPayload = {
    repository: { id, owner, name },
    appId: to.appId,
    checkName: CHECK_NAME,
    text,
    request,
    ...(about.isUrgent === true ? { urgent: true as const } : {}),
    ...(pulls.length === 0 ? {} : { pulls }),
  };
  return { key: checkKey(id, text.headSha), kind: "check-run", ...addressed(to), payload };
}

/** One check run for several pull requests lets pass only what lets all of them pass. */
function worstOf(own: GateRecord, sharing: readonly GateRecord[]): CheckRunText {
  const worst = sharing.reduce((a, b) => (badness(b) > badness(a) ? b : a), own);
  if (worst === own) return own.check;
  const numbers = worst.pulls.map(({ number }) => `#${number}`).join(", ");
  const note = `Several open pull requests share this commit and so this check. It shows ${numbers}.`;
  return { ...worst.check, summary: `${note}\n\n${worst.check.summary}` };
}

function badness({ check }: GateRecord): number {
  if (check.conclusion === "failure") return 3;
  if (check.conclusion === "action_required") return 2;
  return check.conclusion === "success" ? 0 : 1;
}

function isSameCheck(a: GateRecord, b: GateRecord): boolean {
  return canonical([a.assessment, a.check]) === canonical([b.assessment, b.check]);
}

/** Standard where every pull request, or the push, was approved beforehand. */
function classOf({ results }: Assessment): ChangeRecord["class"] {
  if (results.some(({ control }) => control === "emergency-authorised")) return "emergency";
  const approved = results.find(({ control }) => control === "independently-approved");
  if (approved?.cause !== PRE_APPROVED) return "normal";
  if (approved.outcome === "not-applicable") return "standard";
  const { pullRequests, preApproved } = approved.inputs;
  const isWhole =
    Array.isArray(pullRequests) && Array.isArray(preApproved) && pullRequests.length === preApproved.length;
  return isWhole ? "standard" : "normal";
}

/** Where the environment is set up to let people approve their own deployments, its design does not prevent it. */
function typeOf(
  { rules }: Deployment,
  failed: readonly Result[],
): { readonly type?: DeviationSeed["type"]; readonly typeReason?: string } {
  const isDesign = failed[0]?.cause === "self-approved" && rules?.preventSelfReview === false;
  if (!isDesign) return {};
  return { type: "design", typeReason: "the environment is not set up to prevent self-review" };
}

function seedOf(facts: {
  readonly subjectKind: "change" | "deployment";
  readonly id: string;
  readonly repository: Repository;
  readonly pull: number | null;
  readonly results: readonly Result[];
  readonly actors: readonly Actor[];
  readonly happenedAt: Instant;
  readonly rewritten: boolean;
  readonly text: Parameters<typeof deviationText>[0];
  /** Default: operating. */
  readonly type?: DeviationSeed["type"];
  readonly typeReason?: string;
  readonly spans: readonly SharedCause[];
}): DeviationSeed {
  const { subjectKind, id, repository, pull, results, happenedAt } = facts;
  const { title, description } = deviationText(facts.text);
  const controls = results.map((each) => each.control);
  const actors = facts.actors.map(personOf);
  const cause = causeOf({
    subjectKind,
    id,
    repositoryId: repository.id,
    results,
    at: happenedAt,
    spans: facts.spans,
  });
  return {
    cause,
    subjectKind,
    repository,
    listed: {
      subject: id,
      pull,
      title,
      what: `${description.split("\n")[0] ?? title} Failed controls: ${listedControls(controls)}.`,
      at: happenedAt,
      controls,
      actors,
    },
    controls,
    causeCode: results[0]?.cause ?? "unknown",
    // The gate or the rule required it and the change did not have it: the design held, its operation did not.
    type: facts.type ?? "operating",
    typeReason: facts.typeReason ?? "the policy required it, and it was not done",
    severity: severityOf(controls, facts.rewritten),
    title,
    description,
    happenedAt,
    actors,
  };
}

function policyEntries(policy: PolicyInForce, repository: Repository, at: Instant): readonly Entry[] {
  if (policy.state !== "known") return [];
  return [
    {
      kind: "policy",
      subject: policySubject(repository.ownerId, policy.record.digest),
      repositoryId: 0,
      organizationId: repository.ownerId,
      at,
      body: policy.record,
    },
  ];
}

function owned(repository: Repository): { repositoryId: number; organizationId: number } {
  return { repositoryId: repository.id, organizationId: repository.ownerId };
}

function addressed(to: Addressee): { repositoryId: number; organizationId: number; installationId: number } {
  return { ...owned(to.repository), installationId: to.installationId };
}

/** The newest moment the facts themselves name, so that deciding twice on the same facts gives the same. */
function lastMoment(pulls: readonly PullRequest[], at: Instant): Instant {
  const moments = pulls.flatMap((pull) => [
    pull.createdAt,
    ...pull.reviews.map((review) => review.submittedAt),
    ...pull.pushes.map((push) => push.at),
  ]);
  return moments.length === 0 ? at : Math.max(...moments);
}
