/** Spells of weaker protection become deviations: one for each cause, in the organisation's own lane, so that many repositories share one. */

import type { Instant } from "../domain/change.ts";
import { decideWeakening, policyOrDefault } from "../domain/decision.ts";
import { weakeningDeviationId, type Meanwhile } from "../domain/protection/deviation.ts";
import type { ExposureRecord } from "../domain/protection/record.ts";
import type { ChangeRecord, DeploymentRecord, DeviationRecord } from "../domain/record.ts";
import { currentPolicy } from "./assess-change.ts";
import type { Tools, Watched } from "./ports.ts";
import { watch } from "./repositories.ts";

/** Records the deviation of one cause as it stands: where, from when until when, and what landed meanwhile. */
export async function recordWeakening(
  tools: Tools,
  organizationId: number,
  causeId: string,
  fence: Watched["fence"],
): Promise<void> {
  const exposures: ExposureRecord[] = [];
  for await (const entry of tools.ledger.states("exposure", { organizationId })) {
    const body = entry.body as ExposureRecord;
    if (body.causeId === causeId) exposures.push(body);
  }
  const enforced: { readonly exposure: ExposureRecord; readonly watched: Watched }[] = [];
  for (const exposure of exposures) {
    const watched = await watch(tools, exposure.repository.id, fence);
    if (watched === null) continue;
    const { mode, outOfScope } = policyOrDefault(await currentPolicy(tools, watched));
    if (mode === "enforce" && outOfScope === undefined) enforced.push({ exposure, watched });
  }
  const first = enforced.toSorted((a, b) => a.watched.repository.id - b.watched.repository.id)[0];
  // Where the policy only observes, the log holds the spell, and nothing is opened.
  if (first === undefined) return;
  const meanwhile: Meanwhile[] = [];
  for (const { exposure } of enforced) meanwhile.push(...(await landedDuring(tools, exposure)));
  const previous = await tools.ledger.state("deviation", weakeningDeviationId(causeId));
  const decision = decideWeakening({
    exposures: enforced.map(({ exposure }) => exposure),
    meanwhile: meanwhile.toSorted((a, b) => a.at - b.at),
    policy: await currentPolicy(tools, first.watched),
    to: {
      repository: first.watched.repository,
      installationId: first.watched.installationId,
      appId: tools.appId,
    },
    previous: previous === undefined ? null : (previous.body as DeviationRecord),
    detectedAt: tools.clock.now(),
  });
  await tools.ledger.record(decision, tools.clock.now(), fence);
}

/** What landed or was deployed while a repository was less protected: as late as it ended, as early as it may have begun. */
async function landedDuring(tools: Tools, exposure: ExposureRecord): Promise<readonly Meanwhile[]> {
  const { repository, notBefore, items } = exposure;
  const to: Instant = (exposure.to ?? tools.clock.now()) + 1;
  const span = { repositoryId: repository.id, from: notBefore, to, order: "at" } as const;
  const places = new Set(items.map(({ place }) => place.id));
  const environments = new Set(items.map(({ place }) => place.name.toLowerCase()));
  const where = `${repository.owner}/${repository.name}`;
  const found: Meanwhile[] = [];
  for await (const entry of tools.ledger.states("change", span)) {
    const { change, assessment } = entry.body as ChangeRecord;
    if (!places.has(change.update.ref)) continue;
    const pulls = change.pullRequests.map(({ number }) => `${where}#${number}`).join(", ");
    const said = pulls === "" ? `${where} ${change.update.after.slice(0, 7)}` : pulls;
    found.push({ id: change.id, said, verdict: assessment.verdict, at: change.update.at });
  }
  if (exposure.cause.kind !== "environment") return found;
  for await (const entry of tools.ledger.states("deployment", span)) {
    const { deployment, assessment } = entry.body as DeploymentRecord;
    if (!environments.has(deployment.environment.toLowerCase())) continue;
    const said = `deployment of ${where} ${deployment.sha.slice(0, 7)} to ${deployment.environment}`;
    found.push({ id: deployment.id, said, verdict: assessment.verdict, at: deployment.succeededAt });
  }
  return found;
}
