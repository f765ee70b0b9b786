/** What was deployed from another production branch is owed to the default branch, within the time the policy gives. */

import type { Repo } from "../context/repo.ts";
import type { Deployment } from "../../domain/deployment/deployment.ts";
import { refOf } from "../../domain/policy/scope.ts";
import type { Task } from "../../domain/records/task.ts";
import { knownDeployments } from "./deployments.ts";
import { landedChanges } from "./landed-changes.ts";
/** So many updates of the default branch are searched for one that introduces the same. */
const MOST_UPDATES = 100;

/** Returns the task that assesses a deployment again when its owed merge is due. */
export function mergeBackTasks({
  id: deploymentId,
  mergeBack,
  beforeMerge,
  repository,
}: Deployment): readonly Task[] {
  return [mergeBack, beforeMerge].flatMap((owed): readonly Task[] =>
    owed?.state === "due"
      ? [{ kind: "merge-back", repositoryId: repository.id, deploymentId, dueAt: owed.dueAt }]
      : [],
  );
}

/** Returns the tasks that assess deployments of a pull request's head again once it is not open any more. */
export async function endedPullTasks(repo: Repo, number: number): Promise<readonly Task[]> {
  const known = await knownDeployments(repo.tools, repo.info.id);
  return known
    .filter(({ owedBy }) => owedBy === number)
    .map(({ id: deploymentId }) => ({
      kind: "merge-back",
      repositoryId: repo.info.id,
      deploymentId,
      dueAt: repo.now(),
    }));
}

/** Returns whether it was merged or squashed, or a change of the default branch introduced the same patch since. */
export async function isMergedBack(repo: Repo, deployment: Deployment): Promise<boolean> {
  const { info: repository } = repo;
  const { sha, previous } = deployment;
  // Where GitHub does not answer, nobody is accused.
  if ((await repo.github.isOnBranch(repository.defaultBranch, sha)) !== false) return true;
  const main = refOf(repository.defaultBranch);
  const landed = (await landedChanges(repo.tools, repository.id)).filter(
    (each) => each.ref === main && each.at >= (previous?.at ?? 0),
  );
  const deployed = previous === null ? null : await repo.github.compareFiles(previous.sha, sha);
  for (const { id, before, after } of landed.slice(-MOST_UPDATES)) {
    const change = await repo.latest("change", id);
    const pulls = change?.change.pullRequests ?? [];
    if (pulls.some(({ commits }) => commits.some((each) => each.sha === sha))) return true;
    if (deployed === null || deployed.truncated || deployed.files.length === 0) continue;
    const files = await repo.github.compareFiles(before, after);
    const isSame = deployed.files.every((wanted) =>
      files?.files.some(
        ({ path, patch, blob }) =>
          path === wanted.path &&
          (blob === wanted.blob || (patch !== null && bare(patch) === bare(wanted.patch))),
      ),
    );
    if (isSame) return true;
  }
  return false;
}

/** A patch without the places it applies at. */
function bare(patch: string | null): string | null {
  return patch?.replaceAll(/^@@ .*$/gmu, "@@") ?? null;
}
