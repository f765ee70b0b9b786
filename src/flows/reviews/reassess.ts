/** A change that was judged is judged again on the same facts, when only what is known of its emergency or its cause changed. */

import { addressee, type Repo } from "../context/repo.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { assess } from "../../domain/assessment/assess.ts";
import { decideChange, policyOrDefault, seedOfChange } from "../../domain/decisions/decision.ts";
import { mergeDecisions } from "../../domain/deviation/decide.ts";
import { canonical } from "../../domain/values/digest.ts";
import { type Decision } from "../../domain/records/entry.ts";
import { decideUse } from "../../domain/decisions/emergency-use.ts";
import type { EmergencyFacts } from "../../domain/records/emergency-facts.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { ChangeRecord } from "../../domain/records/change.ts";
import type { Assessment } from "../../domain/values/result.ts";
import { sinceOf } from "../policy/current-policy.ts";
import { emergenciesOfAll } from "../emergencies/emergencies.ts";
import type { Tools } from "../context/tools.ts";
import { contextOf } from "../records/existing-deviations.ts";
import { HOUR } from "../../domain/time/durations.ts";

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
    const policy = await policyOf(repo.tools, assessment);
    if (policy === null) continue;
    const emergencies = await emergenciesOfAll(repo, change.pullRequests);
    const decided = await decide(repo, { change, assessment, policy, emergencies });
    const entries = decided.entries.filter(({ kind }) => kind !== "change");
    await repo.commit({ ...decided, entries });
  }
}

async function judgeAgain(repo: Repo, before: ChangeRecord): Promise<void> {
  const { change, assessment: judged } = before;
  const policy = await policyOf(repo.tools, judged);
  if (policy === null) return;
  const emergencies = await emergenciesOfAll(repo, change.pullRequests);
  const assessment = assess(
    { moment: "landed", change, emergencies },
    { policy, appId: repo.appId, at: change.update.at, since: sinceOf(repo, policy) },
  );
  const now = repo.now();
  const decided =
    canonical(assessment) === canonical(judged)
      ? mergeDecisions()
      : await decide(repo, { change, assessment, policy, emergencies });
  const use = decideUse({
    assessment,
    emergencies,
    use: { at: change.update.at, subject: change.id, shipped: change.update.after },
    policy,
    to: addressee(repo),
    now,
  });
  const said = repo.past === undefined ? use : { ...use, actions: [] };
  await repo.commit(mergeDecisions(decided, said));
}

/** The policy a change was judged by, or null: it is not recorded. */
async function policyOf(
  tools: Tools,
  { policyDigest }: Pick<Assessment, "policyDigest">,
): Promise<PolicyInForce | null> {
  const entry = await tools.ledger.state("policy", policyDigest);
  return entry === undefined ? null : { state: "known", record: entry.body };
}

async function decide(
  repo: Repo,
  facts: Pick<Parameters<typeof decideChange>[0], "change" | "assessment" | "policy"> & {
    readonly emergencies: readonly EmergencyFacts[];
  },
): Promise<Decision> {
  const { change, assessment, policy } = facts;
  const { at, ref: where } = change.update;
  const judged = { id: change.id, at, where, verdict: assessment.verdict };
  const { spans, records } = await contextOf(repo, policyOrDefault(policy), judged, (causes) =>
    seedOfChange({ change, assessment, policy, spans: causes }),
  );
  return decideChange({ ...facts, to: addressee(repo), detectedAt: repo.now(), spans, records });
}
