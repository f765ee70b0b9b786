/** The emergencies of deployments without a pull request: found, led on by time, and what was deployed under them judged again. */

import type { Repo } from "../context/repo.ts";
import type { Actor } from "../../domain/change/people.ts";
import { assess } from "../../domain/assessment/assess.ts";
import type { Deployment } from "../../domain/deployment/deployment.ts";
import { canonical } from "../../domain/values/digest.ts";
import type { EmergencyFacts } from "../../domain/records/emergency-facts.ts";
import { expired } from "../../domain/emergency/life.ts";
import { decideEmergencyStep } from "../../domain/emergency/steps.ts";
import { mergeDecisions } from "../../domain/deviation/decide.ts";
import type { AccountName } from "../../domain/policy/identity.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { sinceOf } from "../policy/current-policy.ts";
import { recordDeployment } from "./record-deployment.ts";
import { emergenciesForDeployment, emergenciesOfPull } from "../emergencies/emergencies.ts";
import { remindOfReviews } from "../reviews/retroactive-reviews.ts";
import type { Sha } from "../../domain/change/sha.ts";
import { recordedPolicy } from "../records/recorded-policy.ts";

/** So many commits that no change accounts for are asked one by one who made them. */
const MOST_ASKED = 100;

/**
 * Reads who worked on what a deployment contains, as far as known. They are the makers of its changes, and whoever wrote,
 * committed or pushed commits that no change accounts for. Null: it is unknown, such as who pushed what is deployed. Throws
 * {@link ExternalError}.
 */
export async function makersOfDeployment(
  repo: Repo,
  deployment: Pick<Deployment, "sha" | "carried" | "unaccounted" | "previous">,
): Promise<readonly AccountName[] | null> {
  const { sha, carried: deployed, unaccounted, previous } = deployment;
  if (previous !== null && (unaccounted === null || unaccounted.length > MOST_ASKED)) return null;
  const people: Actor[] = [];
  const commits = new Set<Sha>([sha, ...(unaccounted ?? [])]);
  for (const each of commits) {
    const makers = await repo.github.makers(each);
    if (makers === null) return null;
    people.push(...makers);
  }
  // What a commit states of its author can be forged; who pushed it cannot.
  if (unaccounted !== null && unaccounted.length > 0) {
    const pushers = await repo.github.pushers({ head: sha, commits });
    if (pushers === null) return null;
    people.push(...pushers);
  }
  const known = deployed.flatMap(({ makers }) => makers.map((id): AccountName => ({ id, login: "" })));
  return [...people, ...known];
}

/** Handles what a repository has due of deployments' emergencies: expiries, reminders, and assessments that changed. */
export async function advanceDeploymentEmergencies(repo: Repo): Promise<void> {
  const now = repo.now();
  const facts = await emergenciesOfPull(repo.tools, repo.info.id, null);
  if (facts.length === 0) return;
  const over = facts
    .map(({ record }) => record)
    .filter(
      ({ status, authorised: given }) => status === "authorised" && given !== null && now > given.until,
    );
  if (over.length > 0)
    await repo.commit(
      mergeDecisions(...over.map((record) => decideEmergencyStep(expired(record), null, now))),
    );
  await reassessDeployments(repo, facts);
  await remindOfReviews(repo, null);
}

/** Assesses again what was deployed under these emergencies, where what is known of them now leads elsewhere. */
async function reassessDeployments(repo: Repo, facts: readonly EmergencyFacts[]): Promise<void> {
  const used = new Set(facts.flatMap(({ record }) => record.used?.subjects ?? []));
  for (const id of used) {
    const entry = await repo.ledger.state("deployment", id);
    if (entry === undefined) continue;
    const { deployment, assessment: before } = entry.body;
    const record = await recordedPolicy(repo, repo.info.ownerId, before.policyDigest);
    if (record === null) continue;
    const policy: PolicyInForce = { state: "known", record };
    const emergencies = await emergenciesForDeployment(repo, deployment);
    const after = assess(
      { moment: "deployed", deployment, emergencies },
      { policy, appId: repo.appId, at: deployment.succeededAt, since: sinceOf(repo, policy) },
    );
    if (canonical(after) !== canonical(before)) await recordDeployment(repo, deployment, policy);
  }
}
