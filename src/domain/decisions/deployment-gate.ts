/** Answers of our deployment gate to a job that waits: at once where that is sure, and a comment while it may still change. */

import { termText } from "../time/calendar.ts";
import type { Repository } from "../change/repository.ts";
import { isOpenToEmergencies } from "../controls/outside-freeze.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { mergeDecisions } from "../deviation/decide.ts";
import { waivedBy } from "../emergency/deployment.ts";
import { isOpen } from "../records/emergency.ts";
import type { EmergencyFacts } from "../records/emergency-facts.ts";
import type { Action, Decision, Entry } from "../records/entry.ts";
import type { Freeze } from "../policy/file/waivers-and-freezes.ts";
import type { PolicyInForce } from "../policy/tighten.ts";
import { defaultPolicy } from "../policy/tighten.ts";
import type { DeploymentGateRecord } from "../records/deployment.ts";
import type { Task } from "../records/task.ts";
import type { Assessment, Result } from "../values/result.ts";
import {
  CONTROL_TITLES,
  localTime,
  markdown,
  short,
  VERDICT_TITLES,
  withLocalTimes,
} from "../texts/wording.ts";
import type { Instant } from "../time/instant.ts";
import { approversText } from "../policy/approvers-text.ts";

/** Describes what an `answer-gate` action requires. `state` null: a comment, and the job goes on waiting. */
export interface AnswerGatePayload {
  readonly repository: { readonly owner: string; readonly name: string };
  readonly run: number;
  readonly environment: string;
  readonly state: "approved" | "rejected" | null;
  readonly comment: string;
}

/** So many changes are named one by one. */
const LINES_SHOWN = 20;

const GOOD: ReadonlySet<string> = new Set(["compliant", "emergency", "exempted", "historic"]);

/** Causes that a deployment that waits may still be cured of: its branch can be merged, and a freeze ends. */
const CURABLE: ReadonlySet<string> = new Set(["unmerged", "unaccounted", "in-freeze"]);

/** Describes what is answered, and until when a waiting answer is valid. `assessment` null: the environment is not production. */
export interface GateFacts {
  readonly deployment: Deployment;
  readonly run: number;
  readonly assessment: Assessment | null;
  /** Declared for it at a terminal; absent: none. */
  readonly emergencies?: readonly EmergencyFacts[];
  readonly policy: PolicyInForce;
  readonly requestedAt: Instant;
  readonly deadline: Instant;
  readonly now: Instant;
  readonly previous: DeploymentGateRecord | null;
  readonly subject: string;
  readonly installationId: number;
}

/**
 * Returns the answer with what to record and to do; nothing where the same was answered before. INVARIANT: a final
 * answer is given once.
 */
export function decideGateAnswer(facts: GateFacts): Decision {
  const { deployment, run, assessment, policy, previous, subject, installationId } = facts;
  if (previous !== null && previous.answer !== "waiting") return mergeDecisions();
  const answer = answerOf(facts);
  const comment = commentOf(facts, answer);
  if (previous?.answer === answer && previous.comment === comment) return mergeDecisions();
  const { repository, environment, sha, ref, creator } = deployment;
  const body: DeploymentGateRecord = {
    repository,
    number: deployment.number ?? 0,
    run,
    environment,
    sha,
    ref,
    requestedAt: facts.requestedAt,
    creator,
    deadline: facts.deadline,
    answer,
    comment,
    mode: modeOf(policy),
    assessment: assessment ?? { verdict: "compliant", results: [], approvals: [], policyDigest: "" },
  };
  const entry: Entry = {
    kind: "deployment-gate",
    subject,
    ...owned(repository),
    at: facts.requestedAt,
    body,
  };
  const payload: AnswerGatePayload = {
    repository: { owner: repository.owner, name: repository.name },
    run,
    environment,
    state: answer === "waiting" ? null : answer,
    comment,
  };
  const action: Action = {
    key: `gate:${subject}`,
    kind: "answer-gate",
    ...owned(repository),
    installationId,
    payload,
  };
  const tasks: readonly Task[] =
    previous === null && answer === "waiting"
      ? [{ kind: "gates", repositoryId: repository.id, dueAt: facts.deadline }]
      : [];
  return { entries: [entry], actions: [action], tasks };
}

function answerOf({
  assessment,
  policy,
  now,
  deadline,
  emergencies = [],
}: GateFacts): DeploymentGateRecord["answer"] {
  if (assessment === null || modeOf(policy) === "observe" || GOOD.has(assessment.verdict)) return "approved";
  if (now >= deadline) return "rejected";
  return isHopeless(assessment, policy, emergencies) ? "rejected" : "waiting";
}

/** A change that landed does not become another; only an emergency could let it pass, where the policy has one that does. */
function isHopeless(
  { results }: Assessment,
  policy: PolicyInForce,
  emergencies: readonly EmergencyFacts[],
): boolean {
  const waiting = emergencies.filter(({ record }) => isOpen(record)).flatMap(({ record }) => record.waives);
  const waives = policy.state === "known" ? [...policy.record.effective.emergency.waives, ...waiting] : [];
  return results.some(
    ({ outcome, cause, control }) =>
      outcome === "fail" &&
      control !== "emergency-authorised" &&
      !CURABLE.has(cause) &&
      !waives.some((each) => each === control),
  );
}

function commentOf(facts: GateFacts, answer: DeploymentGateRecord["answer"]): string {
  const { assessment, deployment, policy, deadline, now } = facts;
  const environment = markdown(deployment.environment);
  if (assessment === null)
    return `Approved: ${environment} is not a production environment in the policy, so nothing is required.`;
  const open = assessment.results.filter(({ outcome }) => outcome === "fail" || outcome === "unverifiable");
  const reasons = open.flatMap((each) => each.reasons).map((reason) => `- ${markdown(reason)}`);
  const emergency = emergencyLines(facts, assessment);
  const lines: string[] = [];
  if (answer === "approved" && GOOD.has(assessment.verdict))
    lines.push(
      `Approved: nothing blocks this deployment to ${environment}.`,
      ...waivedLines(assessment, policy),
    );
  else if (answer === "approved")
    lines.push("Approved: the policy is in observe mode. In enforce mode this would be blocked:", ...reasons);
  else if (answer === "waiting")
    lines.push(
      `Waiting. Will be rejected at ${localTime(deadline, timezoneOf(policy))} unless this is resolved:`,
      ...reasons,
      "",
      `${isUnmerged(open) ? "Merge these commits through a reviewed pull request, or cancel this run. " : ""}This answer updates by itself.`,
      ...emergency,
    );
  else
    lines.push(
      ...(now >= deadline
        ? [
            `Rejected: this was not resolved by ${localTime(deadline, timezoneOf(policy))}:`,
            ...reasons,
            "",
            `This answer is final for this run. ${isUnmerged(open) ? "Merge these commits through a reviewed pull request, then" : "Once this is resolved,"} deploy again.`,
          ]
        : [
            "Rejected: no later approval can resolve this:",
            ...reasons,
            "",
            `This answer is final for this run. A new run with these changes ${emergency.length > 0 ? "needs an authorised emergency" : "is rejected too"}.`,
          ]),
      ...emergency,
    );
  return withLocalTimes([...lines, ...changeLines(deployment)].join("\n"), timezoneOf(policy));
}

/** What was waived, and why; after an emergency also what is owed for it. */
function waivedLines({ verdict, results }: Assessment, policy: PolicyInForce): readonly string[] {
  const waived = results.filter(({ outcome }) => outcome === "waived");
  if (waived.length === 0) return [];
  const lines = waived.map(
    ({ control, reasons }) => `- waived: ${CONTROL_TITLES[control]} (${markdown(reasons[0] ?? "")})`,
  );
  if (verdict !== "emergency" || policy.state !== "known") return ["", ...lines];
  const { reviewers, reviewWithin } = policy.record.effective.emergency;
  const owed = `- owed: a review by ${markdown(approversText(reviewers))} (not someone involved), within ${termText(reviewWithin)} of the deployment`;
  return ["", ...lines, owed];
}

/** What to type where an emergency would let it pass: to authorise the one that waits, else to declare one. */
function emergencyLines(
  { deployment, policy, emergencies = [] }: GateFacts,
  { results }: Assessment,
): readonly string[] {
  if (policy.state !== "known" || modeOf(policy) === "observe") return [];
  const waives = waivedBy(policy.record.effective, true);
  const open = results.filter(
    ({ outcome, control }) =>
      (outcome === "fail" || outcome === "unverifiable") && control !== "emergency-authorised",
  );
  // INVARIANT: the control `outside-freeze` writes its inputs so.
  const helps = ({ control, inputs }: Result): boolean =>
    control === "outside-freeze"
      ? isOpenToEmergencies((inputs["freezes"] ?? []) as readonly Freeze[])
      : waives.includes(control);
  if (open.length === 0 || !open.every(helps)) return [];
  const { owner, name } = deployment.repository;
  const environment = /^[\w.-]+$/u.test(deployment.environment) ? deployment.environment : "ENVIRONMENT";
  const named = `--repo ${owner}/${name} --environment ${environment} --commit ${short(deployment.sha)}`;
  const isWaiting = emergencies.some(({ record }) => record.status === "waiting");
  return [
    "",
    isWaiting
      ? `${OPERATOR} authorise the emergency, in the name of someone who may and did not work on these commits: \`countersign emergency authorise ${named} --as LOGIN\`.`
      : `${OPERATOR} declare an emergency: \`countersign emergency declare ${named} --reason TEXT --as LOGIN\`.`,
  ];
}

function changeLines({ carried: deployed }: Deployment): readonly string[] {
  if (deployed.length === 0) return [];
  const lines = deployed.map(({ pulls, sha, verdict }) => {
    const name = pulls.length === 0 ? `push of ${short(sha)}` : pulls.map((pull) => `#${pull}`).join(", ");
    return `- ${name}: ${markdown((VERDICT_TITLES as Readonly<Record<string, string>>)[verdict] ?? verdict)}`;
  });
  const more = lines.length - LINES_SHOWN;
  return [
    "",
    "Changes in this deployment:",
    ...lines.slice(0, LINES_SHOWN),
    ...(more > 0 ? [`- and ${more} more`] : []),
  ];
}

/** The command of an emergency runs where the App does. */
const OPERATOR = "If it cannot wait, an operator of Countersign can";

function isUnmerged(open: readonly Result[]): boolean {
  return open.some(({ cause }) => cause === "unmerged" || cause === "unaccounted");
}

function timezoneOf(policy: PolicyInForce): string {
  return (policy.state === "known" ? policy.record.effective : defaultPolicy()).calendar.timezone;
}

function modeOf(policy: PolicyInForce): "observe" | "enforce" {
  return (policy.state === "known" ? policy.record.effective : defaultPolicy()).mode;
}

function owned(repository: Repository): { repositoryId: number; organizationId: number } {
  return { repositoryId: repository.id, organizationId: repository.ownerId };
}
