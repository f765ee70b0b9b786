/** Deployments with their statuses, as GitHub keeps them. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { DeploymentStatus } from "../../domain/deployment/deployment.ts";
import { ask, askAllPages, pagesOf, place } from "../api/requests.ts";
import { allOf } from "../api/partial-list.ts";
import { InstantShape, MaybeActorShape, ShaShape } from "../queries/shapes.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Actor } from "../../domain/change/people.ts";

const DeploymentShape = z.object({
  id: z.int(),
  sha: ShaShape,
  ref: z.string(),
  environment: z.string(),
  original_environment: z.string().nullish(),
  creator: MaybeActorShape,
  created_at: InstantShape,
});

/** `waiting` is what environments with rules add to the states. */
const StatusShape = z
  .object({
    id: z.int(),
    state: z
      .enum(["pending", "queued", "in_progress", "success", "failure", "error", "inactive", "waiting"])
      .transform((state) => (state === "waiting" ? "pending" : state)),
    environment: z.string().optional(),
    creator: MaybeActorShape,
    created_at: InstantShape,
    log_url: z.string().nullish(),
    target_url: z.string().nullish(),
  })
  .transform((status) => ({ ...status, at: status.created_at }));

/** Describes a deployment as GitHub shows it; the deployed changes are found elsewhere. */
export interface ReadDeployment {
  readonly number: number;
  readonly sha: Sha;
  readonly ref: string;
  readonly environment: string;
  readonly originalEnvironment: string | null;
  readonly creator: Actor | null;
  readonly createdAt: Instant;
  /** Oldest first. */
  readonly statuses: readonly DeploymentStatus[];
  /** The addresses its statuses link to. The reporter of a status writes what they like. */
  readonly links: readonly string[];
}

/** Pages of 100 deployments read of one repository. */
const MOST_PAGES = 100;

/** Reads one deployment with its statuses. Two requests. Throws {@link ExternalError}. */
export async function readDeployment(client: RepositoryClient, number: number): Promise<ReadDeployment> {
  const parameters = { ...place(client.repository), deployment_id: number };
  const route = "GET /repos/{owner}/{repo}/deployments/{deployment_id}";
  const { data } = await ask(client.github, route, parameters, DeploymentShape);
  const list = await askAllPages(client.github, `${route}/statuses`, parameters, z.array(StatusShape));
  const listed = allOf(list, "statuses of a deployment").flat();
  const statuses = listed
    .map(({ id, state, environment, creator, at }): DeploymentStatus => {
      return { id, state, environment: environment ?? data.environment, creator, at };
    })
    .toSorted((a, b) => a.at - b.at || a.id - b.id);
  return {
    number: data.id,
    sha: data.sha,
    ref: data.ref,
    environment: data.environment,
    originalEnvironment: data.original_environment ?? null,
    creator: data.creator,
    createdAt: data.created_at,
    statuses,
    links: listed.flatMap((each) => [each.log_url, each.target_url].filter((link) => link != null)),
  };
}

/** Describes a deployment as a list shows it: without its statuses. */
export interface ListedDeployment {
  readonly number: number;
  /** As the newest status has it. */
  readonly environment: string;
  readonly originalEnvironment: string | null;
  readonly createdAt: Instant;
}

/**
 * Lists the deployments made since an instant, oldest first, of all environments or one, of all commits or one. `truncated`
 * where there are more than could be read. Throws {@link ExternalError}.
 */
export async function listDeployments(
  client: RepositoryClient,
  since: Instant,
  only: { readonly environment?: string; readonly sha?: Sha } = {},
): Promise<{ readonly listed: readonly ListedDeployment[]; readonly truncated: boolean }> {
  const found: ListedDeployment[] = [];
  let truncated = false;
  const route = "GET /repos/{owner}/{repo}/deployments";
  const pages = pagesOf(
    client.github,
    route,
    { ...place(client.repository), ...only },
    z.array(DeploymentShape),
    MOST_PAGES,
  );
  for await (const { data, more } of pages) {
    truncated = more;
    const recent = data.filter((deployment) => deployment.created_at >= since);
    for (const { id, environment, original_environment, created_at } of recent)
      found.push({
        number: id,
        environment,
        originalEnvironment: original_environment ?? null,
        createdAt: created_at,
      });
    if (recent.length === data.length) continue;
    truncated = false;
    break;
  }
  return { listed: found.toReversed(), truncated };
}
