/** Jobs that wait before an environment lets them go on, as GitHub lists them: a request to our gate whose webhook was lost is among them. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import { askIfExists, pagesOf, place } from "../api/requests.ts";
import { listDeployments, readDeployment } from "./deployments.ts";
import { runBehind } from "./workflow-runs.ts";
import { InstantShape, ShaShape } from "../queries/shapes.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";

const RunsShape = z.object({
  workflow_runs: z.array(z.object({ id: z.int(), head_sha: ShaShape, created_at: InstantShape })),
});

const PendingShape = z.array(z.object({ environment: z.object({ name: z.string().optional() }) }));

/** Pages of 100 waiting runs read of one repository. */
const MOST_PAGES = 5;

/** Describes a run with a job that waits before an environment. */
export interface WaitingJob {
  readonly run: number;
  readonly sha: Sha;
  readonly createdAt: Instant;
  readonly environment: string;
}

/**
 * Lists every job of a repository that waits for its environment's rules. One request, and one for each run that waits. Throws
 * {@link ExternalError}.
 */
export async function listWaitingJobs(client: RepositoryClient): Promise<readonly WaitingJob[]> {
  const found: WaitingJob[] = [];
  const route = "GET /repos/{owner}/{repo}/actions/runs";
  const pages = pagesOf(
    client.github,
    route,
    { ...place(client.repository), status: "waiting" },
    RunsShape,
    MOST_PAGES,
  );
  for await (const { data } of pages) {
    for (const { id: run, head_sha: sha, created_at: createdAt } of data.workflow_runs) {
      const asked = { ...place(client.repository), run_id: run };
      const pending = await askIfExists(
        client.github,
        `${route}/{run_id}/pending_deployments`,
        asked,
        PendingShape,
      );
      for (const { environment } of pending?.data ?? [])
        if (environment.name !== undefined)
          found.push({ run, sha, createdAt, environment: environment.name });
    }
  }
  return found;
}

/** Bounds the deployments of one commit to one environment that are read to find the one a job made. */
const MOST_MADE = 5;

/**
 * Returns GitHub's id of the deployment that a waiting job made. Null where none can be shown to be its own.
 * Throws {@link ExternalError}.
 */
export async function deploymentOfJob(
  client: RepositoryClient,
  { run, sha, createdAt, environment }: WaitingJob,
): Promise<number | null> {
  const { listed } = await listDeployments(client, createdAt, { environment, sha });
  for (const { number } of listed.toReversed().slice(0, MOST_MADE)) {
    const read = await readDeployment(client, number);
    if (read.statuses.at(-1)?.state !== "pending") continue;
    const made = await runBehind(client, read);
    if (made !== null && made !== "unshown" && made.id === run) return number;
  }
  return null;
}
