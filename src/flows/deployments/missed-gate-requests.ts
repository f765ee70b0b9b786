/** Jobs that wait for our gate though no webhook asked us: found in GitHub's list of what waits, and answered like any other. */

import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { isProductionEnvironment } from "../../domain/policy/scope.ts";
import { isUnobservable } from "../../domain/protection/snapshot.ts";
import { answerGate } from "./answer-gate.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { gateSubject } from "../records/deployment-gates.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";
import { protectionOf } from "../records/protection.ts";

/** Answers every job of a repository that waits for our gate and of which we have not heard. Asks nothing where no environment asks an App. Throws Trouble. */
export async function answerMissedGates(tools: Tools, watched: RepositoryContext): Promise<void> {
  const { repository } = watched;
  if (!(await asksAnApp(tools, repository.id))) return;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const policy = policyOrDefault(await currentPolicy(tools, watched));
  const guarded = new Map<string, boolean>();
  for (const job of await tools.github.listWaitingJobs(octokit, repository)) {
    const { environment, run } = job;
    if (!isProductionEnvironment(policy, environment)) continue;
    if (!guarded.has(environment)) {
      const rules = await tools.github.readEnvironment(octokit, repository, environment, tools.appId);
      guarded.set(environment, rules?.gated === true);
    }
    if (guarded.get(environment) !== true) continue;
    const deployment = await tools.github.deploymentOfJob(octokit, repository, job);
    if (deployment === null) continue;
    const known = await tools.ledger.state(
      "deployment-gate",
      gateSubject(repository.id, deployment, environment),
    );
    // What we heard of is answered, or looked at again with the others that wait.
    if (known !== undefined && known.body.run === run) continue;
    await answerGate(tools, watched, { deployment, environment, run });
  }
}

/** Whether a production environment asks any App before a job goes on, or hides whether it does; also where we were ever asked. */
async function asksAnApp(tools: Tools, repositoryId: number): Promise<boolean> {
  for await (const _asked of tools.ledger.states("deployment-gate", { repositoryId })) return true;
  const protection = await protectionOf(tools.ledger, repositoryId);
  if (protection === null) return false;
  const { environments } = protection;
  return !isUnobservable(environments) && environments.some(({ apps }) => apps === null || apps.length > 0);
}
