/** What webhooks reported, read back: of one pull request, of a ref, of an owner's people and policy. */

import type { Sha } from "../../domain/change/sha.ts";
import type { Observation } from "../../domain/change/observation.ts";
import type { Tools } from "./tools.ts";
import { HOUR } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Returns the entry subject an observation is kept under. Those of one pull request, branch or owner are found together. */
export function observationSubject(repositoryId: number, observation: Observation, own: string): string {
  return `${repositoryId}/${aboutOf(observation)}/${own}`;
}

function aboutOf(observation: Observation): string {
  if ("pull" in observation) return `pull/${observation.pull}`;
  if (observation.kind === "check-told") return checksOf(observation.sha);
  if ("run" in observation) return `run/${observation.run}`;
  if ("ownerId" in observation) return `owner/${observation.ownerId}`;
  return observation.kind === "key-told" ? "keys" : observation.ref;
}

/** Returns what the checks of a commit are observed under. */
export function checksOf(sha: Sha): string {
  return `checks/${sha}`;
}

/** Returns everything observed of one pull request or one ref since `from`, oldest first; `about` as in {@link observationSubject}. */
export async function observationsOf(
  tools: Pick<Tools, "ledger">,
  repositoryId: number,
  about: string,
  from: Instant = 0,
): Promise<readonly Observation[]> {
  const found: Observation[] = [];
  const subjectPrefix = `${repositoryId}/${about}/`;
  for await (const { at, body } of tools.ledger.states("observation", {
    repositoryId,
    subjectPrefix,
    // The same question for an hour: whatever asks it again within one event finds the answer kept.
    from: Math.floor(from / HOUR) * HOUR,
    order: "at",
  })) {
    if (at >= from) found.push(body);
  }
  return found;
}
