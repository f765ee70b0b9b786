/** A job waits for our gate: gather what it would bring as if it succeeded now, judge it, and answer. */

import { dueAfter } from "../../domain/time/calendar.ts";
import { assess } from "../../domain/assessment/assess.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { decideGateAnswer } from "../../domain/decisions/deployment-gate.ts";
import { isProductionEnvironment } from "../../domain/policy/scope.ts";
import { sinceOf } from "../policy/current-policy.ts";
import { deploymentId } from "./from-github.ts";
import { gatherDeployment } from "./facts.ts";
import { policyWhen } from "../policy/policy-at.ts";
import { emergenciesForDeployment } from "../emergencies/emergencies.ts";
import { gateSubject, waitingGates } from "../records/deployment-gates.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";

/** What GitHub asks of the gate: a run's job that would deploy to an environment. */
export interface AskedGate {
  readonly deployment: number;
  readonly environment: string;
  readonly run: number;
}

/** Answers what GitHub asked, or asks itself again what may have changed. What was answered for good is not answered again. */
export async function answerGate(tools: Tools, watched: RepositoryContext, asked: AskedGate): Promise<void> {
  const { repository, installationId } = watched;
  const { environment, run, deployment: number } = asked;
  const subject = gateSubject(repository.id, number, environment);
  const known = await tools.ledger.state("deployment-gate", subject);
  let previous = known === undefined ? null : known.body;
  // Another attempt of the run asks anew, with a deployment of its own.
  if (previous !== null && previous.run !== run) previous = null;
  if (previous !== null && previous.answer !== "waiting") return;
  const octokit = await tools.github.octokits.installation(installationId);
  const read = await tools.github.readDeployment(octokit, repository, number);
  const policy = await policyWhen(tools, watched, read.createdAt);
  const effective = policyOrDefault(policy);
  const now = tools.clock.now();
  const requestedAt = previous?.requestedAt ?? now;
  const deadline =
    previous?.deadline ?? dueAfter(requestedAt, effective.production.gateWaits, effective.calendar);
  const deployment = await gatherDeployment(tools, watched, {
    id: deploymentId(repository.id, number, environment),
    origin: { kind: "github", number },
    environment,
    originalEnvironment: read.originalEnvironment,
    sha: read.sha,
    ref: read.ref,
    creator: read.creator,
    // It has deployed nothing yet: it would begin now.
    createdAt: now,
    statuses: [],
    at: now,
    run: null,
    rules: null,
    policy,
  });
  const isProduction = isProductionEnvironment(effective, environment);
  const emergencies = await emergenciesForDeployment(tools, watched, deployment);
  const assessment = isProduction
    ? assess(
        { moment: "deployed", deployment, emergencies },
        { policy, appId: tools.appId, at: now, since: sinceOf(watched, policy) },
      )
    : null;
  const decision = decideGateAnswer({
    deployment,
    run,
    assessment,
    emergencies,
    policy,
    requestedAt,
    deadline,
    now,
    previous,
    subject,
    installationId,
  });
  await tools.ledger.record(decision, now, watched.fence);
}

/** Looks again at every job of the repository that waits for us. */
export async function answerWaitingGates(tools: Tools, watched: RepositoryContext): Promise<void> {
  for (const { number, environment, run } of await waitingGates(tools, watched.repository.id))
    await answerGate(tools, watched, { deployment: number, environment, run });
}
