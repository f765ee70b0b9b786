/** The deploy keys of a repository that may push to it. */

import type { CachedClient, RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { ListedKey } from "../../domain/approval/contribution/deploy-keys.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { readAccount } from "./accounts.ts";
import { askAllPages, place } from "../api/requests.ts";
import { tags } from "../api/lookups.ts";
import { DeployKeyShape } from "../queries/shapes.ts";

/**
 * Lists the deploy keys with write access there are today; null: GitHub does not show them. Remembered for a while, and
 * forgotten when a webhook reports a key. Throws {@link ExternalError}.
 */
export function readDeployKeys(client: CachedClient): Promise<readonly ListedKey[] | null> {
  return client.lookups.remember(
    `deploy-keys:${client.repository.id}`,
    [tags.deployKeys(client.repository.id)],
    async () => {
      const keys = await listed(client);
      if (keys === null) return null;
      const found = keys
        .filter((key) => !key.read_only)
        .map(async ({ id, added_by: login, created_at: createdAt }): Promise<ListedKey> => ({
          id,
          addedBy: login === null ? null : await readAccount(client.github, login, client.lookups),
          createdAt,
        }));
      return Promise.all(found);
    },
  );
}

async function listed(client: RepositoryClient): Promise<readonly z.infer<typeof DeployKeyShape>[] | null> {
  try {
    const route = "GET /repos/{owner}/{repo}/keys";
    const list = await askAllPages(client.github, route, place(client.repository), z.array(DeployKeyShape));
    return list.isWhole ? list.entries.flat() : null;
  } catch (error) {
    if (error instanceof ExternalError && error.code === "github-refused" && !error.retry) return null;
    throw error;
  }
}
