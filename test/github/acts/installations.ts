/** The App's installation: made, suspended, changed, removed. */

import type { Account, App, Installation, Organization, Permissions, Repository } from "../model.ts";
import { installationShape } from "../shapes/apps.ts";
import { repositoryNameShape } from "../shapes/repositories.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";

/** Installs an app on an organization, on all repositories or on those given. */
export function install(
  world: World,
  app: App,
  organization: Organization,
  by: Account,
  repositories: readonly Repository[] | "all",
): Installation {
  const installation: Installation = world.register("Installation", {
    ...world.identity("Installation"),
    appId: app.id,
    accountId: organization.id,
    repositorySelection: repositories === "all" ? "all" : "selected",
    repositoryIds: new Set(repositories === "all" ? [] : repositories.map((one) => one.id)),
    permissions: app.permissions,
    events: app.events,
    suspendedAt: null,
    suspendedById: null,
    deleted: false,
    createdAt: world.now(),
    updatedAt: world.now(),
  });
  world.installations.set(installation.id, installation);
  tell(world, installation, by, "created");
  return installation;
}

/** Sends an `installation` webhook with the repositories it reaches. */
function tell(world: World, installation: Installation, sender: Account, action: string): void {
  const repositories = world.installationRepositories(installation);
  emit(world, {
    event: "installation",
    action,
    repository: null,
    installation,
    sender,
    body: {
      installation: installationShape(world, installation),
      repositories: repositories.map((one) => repositoryNameShape(world, one)),
      ...(action === "created" ? { requester: null } : {}),
    },
  });
}

/** Removes the App; its tokens end at once. */
export function uninstall(world: World, installation: Installation, by: Account): void {
  tell(world, installation, by, "deleted");
  installation.deleted = true;
  for (const token of world.tokens.values())
    if (token.installationId === installation.id) world.tokens.delete(token.token);
}

/** Suspends the App, or lets it go on. */
export function setSuspended(
  world: World,
  installation: Installation,
  by: Account,
  suspended: boolean,
): void {
  if ((installation.suspendedAt !== null) === suspended) return;
  installation.suspendedAt = suspended ? world.now() : null;
  installation.suspendedById = suspended ? by.id : null;
  installation.updatedAt = world.now();
  tell(world, installation, by, suspended ? "suspend" : "unsuspend");
}

/** Gives an installation other permissions (`none` removed), as when an owner accepts or the App asks for less. */
export function setPermissions(
  world: World,
  installation: Installation,
  by: Account,
  permissions: Permissions,
): void {
  installation.permissions = permissions;
  installation.updatedAt = world.now();
  tell(world, installation, by, "new_permissions_accepted");
}

/** Adds a repository to what a selecting installation reaches, or takes one away. From "all", taking away turns into a selection. */
export function setReach(
  world: World,
  installation: Installation,
  by: Account,
  repository: Repository,
  isReached: boolean,
): void {
  if (world.installationRepositories(installation).includes(repository) === isReached) return;
  if (installation.repositorySelection === "all") {
    for (const one of world.installationRepositories(installation)) installation.repositoryIds.add(one.id);
    installation.repositorySelection = "selected";
  }
  if (isReached) installation.repositoryIds.add(repository.id);
  else installation.repositoryIds.delete(repository.id);
  installation.updatedAt = world.now();
  const shown = [repositoryNameShape(world, repository)];
  emit(world, {
    event: "installation_repositories",
    action: isReached ? "added" : "removed",
    repository: null,
    installation,
    sender: by,
    body: {
      installation: installationShape(world, installation),
      repository_selection: installation.repositorySelection,
      repositories_added: isReached ? shown : [],
      repositories_removed: isReached ? [] : shown,
      requester: null,
    },
  });
}
