/** A merge that a webhook reports: followed and judged, unless all it reports is on record already. */

import type { Repo } from "../context/repo.ts";
import type { Change } from "../../domain/change/change.ts";
import { checkKey, type CheckRunPayload } from "../../domain/decisions/decision.ts";
import type { SignalSubject } from "../../github/webhooks/subject.ts";
import { followBranch } from "./follow-branch.ts";
import { isUnshown } from "./assess-update.ts";
import { assessPull } from "./assess-pull-request.ts";
import { emergenciesOfPull } from "../emergencies/emergencies.ts";
import { HOUR } from "../../domain/time/durations.ts";

type Merged = Extract<SignalSubject, { readonly type: "merged" }>;

/** A webhook reports a merge within this time (ms); what landed earlier is assessed again. */
const REPORTED_WITHIN = HOUR;

/** Follows the branch to a merge and assesses its pull request, each unless that was done for another webhook. Throws {@link ExternalError}. */
export async function followMerge(repo: Repo, merged: Merged): Promise<void> {
  if (!(await isOnRecord(repo, merged))) await followBranch(repo, merged.ref);
  const { number } = merged;
  if (number === null) return;
  const isDone = (await isOnRecord(repo, merged)) && !(await concernsOthers(repo, number));
  if (!isDone) await assessPull(repo, number, null);
}

/** Returns whether GitHub's own list showed the update that introduced the merge, and nothing of it is still waited for. */
async function isOnRecord(repo: Repo, merged: Merged): Promise<boolean> {
  const { info: repository } = repo;
  const filter = { repositoryId: repository.id, from: repo.now() - REPORTED_WITHIN };
  for (const kind of ["change", "landing"] as const)
    for await (const { body } of repo.ledger.states(kind, filter))
      if (hasIntroduced(body.change, merged) && !isUnshown(body.change)) return true;
  return false;
}

function hasIntroduced({ update, pullRequests }: Change, { ref, commit, number }: Merged): boolean {
  if (update.ref !== ref || update.activityId === null) return false;
  if (number === null) return update.after === commit;
  return pullRequests.some((pull) => pull.number === number && pull.merged?.commit === commit);
}

/** Returns whether a merge may change more than its own row: an emergency of it, or another pull request that shares its check run. */
async function concernsOthers(repo: Repo, number: number): Promise<boolean> {
  const { info: repository } = repo;
  if ((await emergenciesOfPull(repo.tools, repository.id, number)).length > 0) return true;
  const gate = await repo.ledger.state("gate", `${repository.id}#${number}`);
  if (gate === undefined) return false;
  const said = await repo.ledger.queue.ofKey(checkKey(repository.id, gate.body.check.headSha));
  const sharing = said.flatMap(({ payload }) => (payload as CheckRunPayload).pulls ?? []);
  return sharing.some((other) => other !== number);
}
