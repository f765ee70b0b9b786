/** Spells of weaker protection become deviations: one for each cause, in the organisation's own lane, so that many repositories share one. */

import { watchedRepository, type Repo } from "../context/repo.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { decideWeakening, policyOrDefault } from "../../domain/decisions/decision.ts";
import { settle, mergeDecisions } from "../../domain/deviation/decide.ts";
import { deviationIdOf, weakeningKey, withdrawDeviation } from "../../domain/deviation/open.ts";
import { type Decision, type Addressee } from "../../domain/records/entry.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { Meanwhile } from "../../domain/deviation/weakening-deviation.ts";
import type { ExposureRecord } from "../../domain/protection/record.ts";
import type { Assessment, ControlName } from "../../domain/values/result.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import type { Tools } from "../context/tools.ts";
import {
  deviationOf,
  isJudged,
  knownDeviations,
  remediationOf,
  deviationContext,
} from "../records/existing-deviations.ts";

/** Records the deviation of one cause as it stands: where, from when until when, and what landed meanwhile. */
export async function recordWeakening(
  tools: Tools,
  organizationId: number,
  causeId: string,
  fence: Repo["lease"],
): Promise<void> {
  const exposures: ExposureRecord[] = [];
  for await (const entry of tools.ledger.states("exposure", { organizationId })) {
    const body = entry.body;
    if (body.causeId === causeId) exposures.push(body);
  }
  const enforced: { readonly exposure: ExposureRecord; readonly repo: Repo }[] = [];
  for (const exposure of exposures) {
    const repo = await watchedRepository(tools, exposure.repository.id, fence);
    if (repo === null) continue;
    const { mode, outOfScope } = policyOrDefault(await currentPolicy(repo));
    if (mode === "enforce" && outOfScope === undefined) enforced.push({ exposure, repo });
  }
  const first = enforced.toSorted((a, b) => a.repo.info.id - b.repo.info.id)[0];
  // Where the policy only observes, the log holds the spell, and nothing is opened.
  if (first === undefined) return;
  const meanwhile: Meanwhile[] = [];
  for (const { exposure } of enforced) meanwhile.push(...(await landedDuring(tools, exposure)));
  const policy = await currentPolicy(first.repo);
  const to = {
    repository: first.repo.info,
    installationId: first.repo.installationId,
    appId: tools.appId,
  };
  const key = weakeningKey(causeId);
  const records = await deviationContext(tools, first.repo.info, policyOrDefault(policy), key, null);
  const decision = decideWeakening({
    exposures: enforced.map(({ exposure }) => exposure),
    meanwhile: meanwhile.toSorted((a, b) => a.at - b.at),
    policy,
    to,
    records,
    detectedAt: tools.clock.now(),
  });
  const taken = await takenOver(tools, policy, to, key, meanwhile);
  await tools.ledger.record(mergeDecisions(decision, ...taken), tools.clock.now(), fence);
}

/** Moves what had a deviation of its own, before the weaker protection was known, to the deviation of that protection. */
async function takenOver(
  tools: Tools,
  policy: PolicyInForce,
  to: Addressee,
  key: string,
  meanwhile: readonly Meanwhile[],
): Promise<readonly Decision[]> {
  const id = deviationIdOf(key);
  const subjects = new Set(meanwhile.map((each) => each.id));
  const decisions: Decision[] = [];
  for (const known of await knownDeviations(tools)) {
    const own = known.subjects.filter((subject) => subjects.has(subject));
    const isExplained = known.controls.some((control) => EXPLAINED.includes(control));
    if (own.length === 0 || known.status === "closed" || !isJudged(known.key) || !isExplained) continue;
    const before = await deviationOf(tools, known.id);
    if (before === null) continue;
    const because = `it is listed under ${id}: it came about while the protection was weaker`;
    const after = own.reduce(
      (each, subject) => withdrawDeviation(each, subject, because, tools.clock.now()),
      before,
    );
    const remediation = await remediationOf(tools, known.id);
    const repository = before.repository;
    const sender = { ...to, repository };
    decisions.push(settle({ before, after, remediation, policy: policyOrDefault(policy), to: sender }));
  }
  return decisions;
}

/** The controls that fail because the protection is weaker. */
const EXPLAINED: readonly ControlName[] = ["gate-respected", "deployment-approved"];

/** Returns what landed or was deployed while a repository was less protected: from the earliest possible begin to the end. */
async function landedDuring(tools: Tools, exposure: ExposureRecord): Promise<readonly Meanwhile[]> {
  const { repository, notBefore, items } = exposure;
  const to: Instant = (exposure.to ?? tools.clock.now()) + 1;
  const span = { repositoryId: repository.id, from: notBefore, to, order: "at" } as const;
  const places = new Set(items.map(({ place }) => place.id));
  const environments = new Set(items.map(({ place }) => place.name.toLowerCase()));
  const where = `${repository.owner}/${repository.name}`;
  const found: Meanwhile[] = [];
  for await (const entry of tools.ledger.states("change", span)) {
    const { change, assessment } = entry.body;
    if (!places.has(change.update.ref)) continue;
    const pulls = change.pullRequests.map(({ number }) => `${where}#${number}`).join(", ");
    const said = pulls === "" ? `${where} ${change.update.after.slice(0, 7)}` : pulls;
    const { verdict } = assessment;
    found.push({ id: change.id, said, verdict, failed: failedOf(assessment), at: change.update.at });
  }
  if (exposure.cause.kind !== "environment") return found;
  for await (const entry of tools.ledger.states("deployment", span)) {
    const { deployment, assessment } = entry.body;
    if (!environments.has(deployment.environment.toLowerCase())) continue;
    const said = `deployment of ${where} ${deployment.sha.slice(0, 7)} to ${deployment.environment}`;
    const { verdict } = assessment;
    found.push({
      id: deployment.id,
      said,
      verdict,
      failed: failedOf(assessment),
      at: deployment.succeededAt,
    });
  }
  return found;
}

/** Returns the controls a deviating change or deployment failed; a compliant one failed none that counts. */
function failedOf({ verdict, results }: Assessment): readonly ControlName[] {
  if (verdict !== "non-compliant") return [];
  return results.filter(({ outcome }) => outcome === "fail").map(({ control }) => control);
}
