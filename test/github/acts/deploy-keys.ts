/** Deploy keys: what anybody pushes with one looks like a push of whoever added it. */

import type { Account, DeployKey, Repository } from "../model.ts";
import { deployKeyShape } from "../shapes/repositories.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";

/** Adds a key of somebody's, unless they have such a one there. */
export function addDeployKey(world: World, repository: Repository, by: Account, readOnly: boolean): void {
  const own = (key: DeployKey): boolean => key.addedById === by.id && key.readOnly === readOnly;
  if (repository.deployKeys.some(own)) return;
  const key: DeployKey = world.register("DeployKey", {
    ...world.identity("DeployKey"),
    title: "deploy key",
    addedById: by.id,
    readOnly,
    createdAt: world.now(),
  });
  repository.deployKeys.push(key);
  tell(world, repository, key, by, "created");
}

/** Deletes every key that somebody added. */
export function deleteDeployKeys(world: World, repository: Repository, by: Account): void {
  for (const key of repository.deployKeys.filter(({ addedById }) => addedById === by.id)) {
    repository.deployKeys.splice(repository.deployKeys.indexOf(key), 1);
    tell(world, repository, key, by, "deleted");
  }
}

function tell(world: World, repository: Repository, key: DeployKey, sender: Account, action: string): void {
  const body = { key: deployKeyShape(world, repository, key) };
  emit(world, { event: "deploy_key", action, repository, sender, body });
}
