/** What is recorded of a judged change or deployment, with everything that follows from it: nobody records the one without the other. */

import { addressee, type Repo } from "../context/repo.ts";
import type { Change } from "../../domain/change/change.ts";
import {
  decideChange,
  decideDeployment,
  policyOrDefault,
  seedOfChange,
  seedOfDeployment,
} from "../../domain/decisions/decision.ts";
import { decideUse } from "../../domain/decisions/emergency-use.ts";
import type { Deployment } from "../../domain/deployment/deployment.ts";
import { mergeDecisions } from "../../domain/deviation/decide.ts";
import type { DeviationSeed, SharedCause } from "../../domain/deviation/open.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { EmergencyFacts } from "../../domain/records/emergency-facts.ts";
import type { Decision } from "../../domain/records/entry.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Assessment } from "../../domain/values/result.ts";
import { contextOf } from "./existing-deviations.ts";
import { exposureTasks } from "./exposure-tasks.ts";
import { mergeBackTasks } from "./merge-backs.ts";

/** Holds a judgement, and what it was made by. */
interface Judged {
  readonly assessment: Assessment;
  readonly policy: PolicyInForce;
  readonly emergencies: readonly EmergencyFacts[];
}

/** Decides what to record of a judged update of a production branch. Throws {@link ExternalError}. */
export async function decideJudgedChange(
  repo: Repo,
  judged: Judged & { readonly change: Change },
): Promise<Decision> {
  const { change, assessment, policy } = judged;
  const { id, update } = change;
  const { spans, seed, records } = await contextOf(
    repo,
    policyOrDefault(policy),
    { id, at: update.at, where: update.ref, verdict: assessment.verdict },
    (causes) => seedOfChange({ change, assessment, policy, spans: causes }),
  );
  return mergeDecisions(
    decideChange({ ...judged, to: addressee(repo), detectedAt: repo.now(), spans, records }),
    decideUseOfChange(repo, judged),
    await listedWhere(repo, update.at, seed),
  );
}

/** Decides the use of emergencies by a change, which may be found although it is judged as before. */
export function decideUseOfChange(repo: Repo, judged: Judged & { readonly change: Change }): Decision {
  const { id: subject, update } = judged.change;
  const use = { at: update.at, subject, shipped: update.after };
  return decideUse({ ...judged, use, to: addressee(repo), now: repo.now() });
}

/** Decides what to record of a judged deployment. Throws {@link ExternalError}. */
export async function decideJudgedDeployment(
  repo: Repo,
  judged: Judged & { readonly deployment: Deployment },
): Promise<Decision> {
  const { deployment, assessment, policy } = judged;
  const { id, succeededAt: at, sha: shipped } = deployment;
  const to = addressee(repo);
  const now = repo.now();
  const { spans, seed, records } = await contextOf(
    repo,
    policyOrDefault(policy),
    { id, at, where: deployment.environment.toLowerCase(), verdict: assessment.verdict },
    (causes) => seedOfDeployment({ deployment, assessment, policy, spans: causes }),
  );
  return mergeDecisions(
    decideDeployment({ ...judged, to, detectedAt: now, spans, records }),
    decideUse({ ...judged, use: { at, subject: id, shipped }, to, now }),
    { tasks: mergeBackTasks(deployment) },
    await listedWhere(repo, at, seed),
  );
}

/** Returns the tasks that list what landed or was deployed where its repository was less protected than before. */
async function listedWhere(
  repo: Repo,
  at: Instant,
  seed: DeviationSeed | null,
): Promise<Pick<Decision, "tasks">> {
  const shared: SharedCause | undefined = seed?.cause.shared ?? undefined;
  const causes = new Set<string>(shared?.kind === "weakening" ? [shared.id] : []);
  for await (const { body } of repo.states("exposure")) {
    const { causeId, notBefore, to } = body;
    // What is found, or judged again, only after the spell ended is listed all the same.
    if (to === null || (notBefore <= at && at <= to)) causes.add(causeId);
  }
  return { tasks: exposureTasks(repo.info.ownerId, [...causes], repo.now()) };
}
