/** Jobs that wait for our gate though no webhook asked us: found in GitHub's list of what waits, and answered like any other. */

import type { Repo } from "../context/repo.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { isProductionEnvironment } from "../../domain/policy/scope.ts";
import { isUnobservable } from "../../domain/protection/snapshot.ts";
import { answerGate } from "./answer-gate.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { gateSubject } from "../records/deployment-gates.ts";
import type { Tools } from "../context/tools.ts";
import { protectionOf } from "../records/protection.ts";

/** Answers every job of a repository that waits for our gate and of which no webhook came. Asks nothing where no environment asks an App. Throws {@link ExternalError}. */
export async function answerMissedGates(repo: Repo): Promise<void> {
  const { info: repository } = repo;
  if (!(await gatesDeployments(repo.tools, repository.id))) return;
  const policy = policyOrDefault(await currentPolicy(repo));
  const guarded = new Map<string, boolean>();
  for (const job of await repo.github.listWaitingJobs()) {
    const { environment, run } = job;
    if (!isProductionEnvironment(policy, environment)) continue;
    if (!guarded.has(environment)) {
      const rules = await repo.github.environment(environment, repo.appId);
      guarded.set(environment, rules?.gated === true);
    }
    if (guarded.get(environment) !== true) continue;
    const deployment = await repo.github.deploymentOfJob(job);
    if (deployment === null) continue;
    const known = await repo.ledger.state(
      "deployment-gate",
      gateSubject(repository.id, deployment, environment),
    );
    // What was received is answered, or assessed again with the others that wait.
    if (known !== undefined && known.body.run === run) continue;
    await answerGate(repo, { deployment, environment, run });
  }
}

/** Whether a production environment asks any App before a job goes on, or hides whether it does; also where we were ever asked. */
async function gatesDeployments(tools: Tools, repositoryId: number): Promise<boolean> {
  for await (const _asked of tools.ledger.states("deployment-gate", { repositoryId })) return true;
  const protection = await protectionOf(tools.ledger, repositoryId);
  if (protection === null) return false;
  const { environments } = protection;
  return !isUnobservable(environments) && environments.some(({ apps }) => apps === null || apps.length > 0);
}
