/** A change that was judged is judged again on the same facts, when only what is known of its emergency or its cause changed. */

import { type Repo } from "../context/repo.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { assess } from "../../domain/assessment/assess.ts";
import { canonical } from "../../domain/values/digest.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { ChangeRecord } from "../../domain/records/change.ts";
import type { Assessment } from "../../domain/values/result.ts";
import { sinceOf } from "../policy/current-policy.ts";
import { emergenciesOfAll } from "../emergencies/emergencies.ts";
import { decideJudgedChange, decideUseOfChange } from "../records/judged.ts";
import { HOUR } from "../../domain/time/durations.ts";
import { recordedPolicy } from "../records/recorded-policy.ts";

/** Judges the changes that landed a pull request again, where its emergencies have changed. */
export async function judgeLandedAgain(
  repo: Repo,
  pull: { readonly number: number; readonly merged: { readonly at: Instant } | null },
): Promise<void> {
  if (pull.merged === null) return;
  const { at } = pull.merged;
  const { id: repositoryId } = repo.info;
  const span = { repositoryId, from: at - HOUR, to: at + HOUR };
  const landed: ChangeRecord[] = [];
  for await (const entry of repo.ledger.states("change", span)) {
    const record = entry.body;
    if (record.change.pullRequests.some(({ number }) => number === pull.number)) landed.push(record);
  }
  for (const record of landed) await judgeAgain(repo, record);
}

/** Lists the changes of a span that deviate under a shared cause, though each was listed by itself before. */
export async function groupDeviations(
  repo: Repo,
  span: { readonly from: Instant; readonly to: Instant },
): Promise<void> {
  const { id: repositoryId } = repo.info;
  const deviating: ChangeRecord[] = [];
  for await (const { body: record } of repo.ledger.states("change", {
    repositoryId,
    ...span,
    order: "at",
  })) {
    if (record.assessment.verdict === "non-compliant") deviating.push(record);
  }
  // One alone is described as well by itself.
  if (deviating.length < 2) return;
  for (const { change, assessment } of deviating) {
    const policy = await policyOf(repo, assessment);
    if (policy === null) continue;
    const emergencies = await emergenciesOfAll(repo, change.pullRequests);
    const decided = await decideJudgedChange(repo, { change, assessment, policy, emergencies });
    const entries = decided.entries.filter(({ kind }) => kind !== "change");
    await repo.commit({ ...decided, entries });
  }
}

async function judgeAgain(repo: Repo, before: ChangeRecord): Promise<void> {
  const { change } = before;
  const policy = await policyOf(repo, before.assessment);
  if (policy === null) return;
  const emergencies = await emergenciesOfAll(repo, change.pullRequests);
  const assessment = assess(
    { moment: "landed", change, emergencies },
    { policy, appId: repo.appId, at: change.update.at, since: sinceOf(repo, policy) },
  );
  const judged = { change, assessment, policy, emergencies };
  const decided =
    canonical(assessment) === canonical(before.assessment)
      ? decideUseOfChange(repo, judged)
      : await decideJudgedChange(repo, judged);
  await repo.commit(repo.past === undefined ? decided : { ...decided, actions: [] });
}

/** The policy a change was judged by, or null: it is not recorded. */
async function policyOf(
  repo: Repo,
  { policyDigest }: Pick<Assessment, "policyDigest">,
): Promise<PolicyInForce | null> {
  const record = await recordedPolicy(repo, repo.info.ownerId, policyDigest);
  return record === null ? null : { state: "known", record };
}
