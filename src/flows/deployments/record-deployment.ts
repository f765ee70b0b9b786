/** What succeeded in production, however we know of it: judged, and recorded with whatever follows. */

import { type Repo } from "../context/repo.ts";
import { assess } from "../../domain/assessment/assess.ts";
import { isOwed, type Deployment, type MergeBack } from "../../domain/deployment/deployment.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { sinceOf } from "../policy/current-policy.ts";
import { emergenciesForDeployment } from "../emergencies/emergencies.ts";
import { decideJudgedDeployment } from "../records/judged.ts";
import { mergeStateOf } from "./before-merge.ts";
import { gatherDeployment, type Success } from "./facts.ts";
import { mergeBackState } from "./merge-back.ts";
import { policyWhen } from "../policy/policy-at.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Tools } from "../context/tools.ts";

/** Records a success with its verdict and whatever follows; answers what was recorded. Throws {@link ExternalError}, also where GitHub's lists do not agree yet. */
export async function recordSuccess(repo: Repo, success: Success): Promise<Deployment> {
  const deployment = await gatherDeployment(repo, success);
  await recordDeployment(repo, deployment, success.policy);
  return deployment;
}

/** Judges a deployment and records it, for the first time or because more is known of it. */
export async function recordDeployment(
  repo: Repo,
  deployment: Deployment,
  policy: PolicyInForce,
): Promise<void> {
  const at = deployment.succeededAt;
  const emergencies = await emergenciesForDeployment(repo, deployment);
  const assessment = assess(
    { moment: "deployed", deployment, emergencies },
    { policy, appId: repo.appId, at, since: sinceOf(repo, policy) },
  );
  const decided = await decideJudgedDeployment(repo, { deployment, assessment, policy, emergencies });
  await repo.commit(repo.past === undefined ? decided : { ...decided, actions: [] });
}

/** Returns whether a success is recorded. */
export async function isRecorded(tools: Tools, id: string): Promise<boolean> {
  return (await tools.ledger.state("deployment", id)) !== undefined;
}

/**
 * Judges a deployment again whose merge is owed, or of which that is not known. It does so when that is due, when its
 * pull request is not open any more, and with every sweep.
 */
export async function checkOwedMerge(repo: Repo, id: string): Promise<void> {
  const deployment = (await repo.latest("deployment", id))?.deployment;
  if (deployment === undefined) return;
  const { mergeBack, beforeMerge } = deployment;
  let known = deployment;
  if (mergeBack !== null && isOwed(mergeBack)) {
    const state = await owedState(repo, deployment, mergeBack.dueAt);
    if (state !== mergeBack.state) known = { ...known, mergeBack: { ...mergeBack, state } };
  }
  if (beforeMerge !== undefined && isOwed(beforeMerge)) {
    const state = await mergeStateOf(repo, beforeMerge, deployment);
    if (state !== beforeMerge.state) known = { ...known, beforeMerge: { ...beforeMerge, state } };
  }
  if (known === deployment) return;
  await recordDeployment(repo, known, await policyWhen(repo, deployment.createdAt));
}

async function owedState(repo: Repo, deployment: Deployment, dueAt: Instant): Promise<MergeBack["state"]> {
  const state = await mergeBackState(repo, deployment, dueAt);
  if (state === "merged") return "merged";
  // It may be looked at for its pull request, long before this is due.
  if (repo.now() < dueAt) return "due";
  return state === "absent" ? "missed" : "unknown";
}
