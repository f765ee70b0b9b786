/** What succeeded in production, however we know of it: judged, and recorded with whatever follows. */

import { assess } from "../domain/controls/assess.ts";
import { decideDeployment, policyOrDefault, seedOfDeployment } from "../domain/decision.ts";
import type { Deployment } from "../domain/deployment.ts";
import { decideUse } from "../domain/emergency/use.ts";
import type { PolicyInForce } from "../domain/policy/tighten.ts";
import { sinceOf } from "./current-policy.ts";
import { emergenciesForDeployment } from "./emergencies.ts";
import { tasksOfLanding } from "./exposed.ts";
import { gatherDeployment, type Success } from "./gather-deployment.ts";
import { isMergedBack, mergeBackTasks } from "./merge-back.ts";
import { policyWhen } from "./policy-when.ts";
import type { Tools, Watched } from "./ports.ts";
import { ownKey, spansAt, standingOf } from "./standing.ts";

/** Records a success with its verdict and whatever follows; answers what was recorded. Throws Trouble, also where GitHub's lists do not agree yet. */
export async function recordSuccess(tools: Tools, watched: Watched, success: Success): Promise<Deployment> {
  const deployment = await gatherDeployment(tools, watched, success);
  await recordDeployment(tools, watched, deployment, success.policy);
  return deployment;
}

/** Judges a deployment and records it, for the first time or because more is known of it. */
export async function recordDeployment(
  tools: Tools,
  watched: Watched,
  deployment: Deployment,
  policy: PolicyInForce,
): Promise<void> {
  const at = deployment.succeededAt;
  const emergencies = await emergenciesForDeployment(tools, watched, deployment);
  const assessment = assess(
    { moment: "deployed", deployment, emergencies },
    { policy, appId: tools.appId, at, since: sinceOf(watched, policy) },
  );
  const to = { repository: watched.repository, installationId: watched.installationId, appId: tools.appId };
  const now = tools.clock.now();
  const { verdict } = assessment;
  const where = deployment.environment.toLowerCase();
  const spans = await spansAt(tools, watched, { at, where, verdict });
  const seed = seedOfDeployment({ deployment, assessment, policy, spans });
  const standing = await standingOf(tools, watched, policyOrDefault(policy), ownKey(seed), deployment.id);
  const decided = decideDeployment({
    deployment,
    assessment,
    policy,
    to,
    detectedAt: now,
    spans,
    standing,
    emergencies,
  });
  const use = decideUse({
    assessment,
    emergencies,
    use: { at, subject: deployment.id, shipped: deployment.sha },
    policy,
    to,
    now,
  });
  const entries = [...decided.entries, ...use.entries];
  const actions = tools.past === undefined ? decided.actions : [];
  const exposures = await tasksOfLanding(tools, watched, seed?.cause.shared);
  const tasks = [...decided.tasks, ...use.tasks, ...mergeBackTasks(deployment), ...exposures];
  await tools.ledger.record({ entries, actions, tasks }, now, watched.fence);
}

/** Whether a success is recorded. */
export async function isRecorded(tools: Tools, id: string): Promise<boolean> {
  return (await tools.ledger.state("deployment", id)) !== undefined;
}

/** When the merge of a hotfix is due: judges it again on whether it was merged back. */
export async function checkMergeBack(tools: Tools, watched: Watched, id: string): Promise<void> {
  const entry = await tools.ledger.state("deployment", id);
  if (entry === undefined) return;
  const { deployment } = entry.body;
  const { mergeBack } = deployment;
  if (mergeBack?.state !== "due") return;
  const state = (await isMergedBack(tools, watched, deployment)) ? "merged" : "missed";
  const policy = await policyWhen(tools, watched, deployment.createdAt);
  await recordDeployment(tools, watched, { ...deployment, mergeBack: { ...mergeBack, state } }, policy);
}
