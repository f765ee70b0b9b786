/** A job waits for our gate: gather what it would deploy as if it succeeded now, judge it, and answer. */

import type { Repo } from "../context/repo.ts";
import { dueAfter } from "../../domain/time/calendar.ts";
import { assess } from "../../domain/assessment/assess.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { decideGateAnswer } from "../../domain/decisions/deployment-gate.ts";
import { isProductionEnvironment, isSecretsOnly } from "../../domain/policy/scope.ts";
import { sinceOf } from "../policy/current-policy.ts";
import { deploymentId } from "./from-github.ts";
import { gatherDeployment } from "./facts.ts";
import { policyWhen } from "../policy/policy-at.ts";
import { emergenciesForDeployment } from "../emergencies/emergencies.ts";
import { gateSubject, waitingGates } from "../records/deployment-gates.ts";

/** Describes what GitHub asks of the gate: a run's job that would deploy to an environment. */
export interface AskedGate {
  readonly deployment: number;
  readonly environment: string;
  readonly run: number;
}

/** Answers what GitHub asked, or asks itself again what may have changed. What was answered for good is not answered again. */
export async function answerGate(repo: Repo, asked: AskedGate): Promise<void> {
  const { info: repository, installationId } = repo;
  const { environment, run, deployment: number } = asked;
  const subject = gateSubject(repository.id, number, environment);
  const known = await repo.ledger.state("deployment-gate", subject);
  let previous = known === undefined ? null : known.body;
  // Another attempt of the run asks anew, with a deployment of its own.
  if (previous !== null && previous.run !== run) previous = null;
  if (previous !== null && previous.answer !== "waiting") return;
  const read = await repo.github.deployment(number);
  const policy = await policyWhen(repo, read.createdAt);
  const effective = policyOrDefault(policy);
  const now = repo.now();
  const requestedAt = previous?.requestedAt ?? now;
  const deadline =
    previous?.deadline ?? dueAfter(requestedAt, effective.production.gateWaits, effective.calendar);
  const deployment = await gatherDeployment(repo, {
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
  // Only a job asks, and one that uses secrets deploys nothing.
  const names = [environment, read.originalEnvironment ?? environment, read.environment];
  const isProduction =
    isProductionEnvironment(effective, environment) && !names.every((name) => isSecretsOnly(effective, name));
  const emergencies = await emergenciesForDeployment(repo, deployment);
  const assessment = isProduction
    ? assess(
        { moment: "deployed", deployment, emergencies },
        { policy, appId: repo.appId, at: now, since: sinceOf(repo, policy) },
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
  await repo.commit(decision);
}

/** Looks again at every job of the repository that waits for us. */
export async function answerWaitingGates(repo: Repo): Promise<void> {
  for (const { number, environment, run } of await waitingGates(repo.tools, repo.info.id))
    await answerGate(repo, { deployment: number, environment, run });
}
