/** When a deployment whose merge is owed is assessed again. */

import type { Repo } from "../context/repo.ts";
import type { Deployment } from "../../domain/deployment/deployment.ts";
import type { Task } from "../../domain/records/task.ts";
import { knownDeployments } from "./deployments.ts";

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
