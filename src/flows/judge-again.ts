/** A change that was judged is judged again on the same facts, when only what is known of its emergency changed. */

import type { Instant } from "../domain/change.ts";
import { assess } from "../domain/controls/assess.ts";
import { decideChange, policyOrDefault, seedOfChange, type Addressee } from "../domain/decision.ts";
import { canonical } from "../domain/digest.ts";
import type { Action, Entry } from "../domain/entry.ts";
import { decideUse } from "../domain/emergency/use.ts";
import type { PolicyInForce } from "../domain/policy/tighten.ts";
import type { ChangeRecord, PolicyRecord } from "../domain/record.ts";
import { sinceOf } from "./assess-change.ts";
import { emergenciesOfAll, planDue } from "./emergencies.ts";
import type { Tools, Watched } from "./ports.ts";
import { ownKey, spansAt, standingOf } from "./standing.ts";

const HOUR = 3_600_000;

/** Judges the changes that landed a pull request again, where its emergencies now say otherwise. */
export async function judgeLandedAgain(
  tools: Tools,
  watched: Watched,
  pull: { readonly number: number; readonly merged: { readonly at: Instant } | null },
): Promise<void> {
  if (pull.merged === null) return;
  const { at } = pull.merged;
  const { id: repositoryId } = watched.repository;
  const span = { repositoryId, from: at - HOUR, to: at + HOUR };
  const landed: ChangeRecord[] = [];
  for await (const entry of tools.ledger.states("change", span)) {
    const record = entry.body as ChangeRecord;
    if (record.change.pullRequests.some(({ number }) => number === pull.number)) landed.push(record);
  }
  for (const record of landed) await judgeAgain(tools, watched, record);
}

async function judgeAgain(tools: Tools, watched: Watched, before: ChangeRecord): Promise<void> {
  const { change, assessment: judged } = before;
  const entry = await tools.ledger.state("policy", judged.policyDigest);
  if (entry === undefined) return;
  const policy: PolicyInForce = { state: "known", record: entry.body as PolicyRecord };
  const emergencies = await emergenciesOfAll(tools, watched, change.pullRequests);
  const assessment = assess(
    { moment: "landed", change, emergencies },
    { policy, appId: tools.appId, at: change.update.at, since: sinceOf(watched, policy) },
  );
  const now = tools.clock.now();
  const entries: Entry[] = [];
  const actions: Action[] = [];
  if (canonical(assessment) !== canonical(judged)) {
    const to: Addressee = {
      repository: watched.repository,
      installationId: watched.installationId,
      appId: tools.appId,
    };
    const { at, ref: where } = change.update;
    const spans = await spansAt(tools, watched, { at, where, verdict: assessment.verdict });
    const seed = seedOfChange({ change, assessment, policy, spans });
    const standing = await standingOf(tools, watched, policyOrDefault(policy), ownKey(seed), change.id);
    const decision = decideChange({
      change,
      assessment,
      policy,
      to,
      detectedAt: now,
      spans,
      standing,
      emergencies,
    });
    entries.push(...decision.entries);
    actions.push(...decision.actions);
  }
  const use = decideUse({
    assessment,
    emergencies,
    use: { at: change.update.at, subject: change.id, shipped: change.update.after },
    policy,
  });
  await tools.ledger.record({ entries: [...entries, ...use.entries], actions }, now, watched.fence);
  await planDue(tools, watched, use.after);
}
