/** The lives of repositories. */

import type { Account, Organization, Repository } from "../model.ts";
import { Refused } from "../refused.ts";
import { userShape, organizationShape } from "../shapes/accounts.ts";
import { installationShape } from "../shapes/apps.ts";
import { repositoryNameShape, repositoryShape } from "../shapes/repositories.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";
import { signatureOf } from "./people.ts";
import { updateRef } from "./refs.ts";

/** What a new repository is made of. */
export interface NewRepository {
  readonly name: string;
  readonly visibility?: Repository["visibility"];
  readonly defaultBranch?: string;
  readonly description?: string | null;
  readonly forkOf?: number | null;
}

/** Makes a repository, empty and silent. */
export function makeRepository(
  world: World,
  owner: Organization | Account,
  wanted: NewRepository,
): Repository {
  if (world.repository(owner.login, wanted.name)?.redirected === false)
    throw new Refused(422, "Repository creation failed.", [
      {
        resource: "Repository",
        code: "custom",
        field: "name",
        message: "name already exists on this account",
      },
    ]);
  const now = world.now();
  const repository: Repository = world.register("Repository", {
    ...world.identity("Repository"),
    ownerId: owner.id,
    name: wanted.name,
    description: wanted.description ?? null,
    visibility: wanted.visibility ?? "private",
    archived: false,
    deleted: false,
    defaultBranch: wanted.defaultBranch ?? "main",
    topics: [],
    forkOf: wanted.forkOf ?? null,
    createdAt: now,
    updatedAt: now,
    pushedAt: now,
    allow: { merge: true, squash: true, rebase: true, autoMerge: true, updateBranch: true },
    deleteBranchOnMerge: false,
    collaborators: new Map(),
    labels: new Map(),
    pulls: new Map(),
    issues: new Map(),
    comments: new Map(),
    checkSuites: [],
    checkRuns: [],
    statuses: [],
    deployments: [],
    environments: new Map(),
    rulesets: [],
    protections: new Map(),
    activities: [],
    queues: new Map(),
    workflowRuns: [],
    releases: [],
    deployKeys: [],
    formerNames: new Set(),
    mergedBy: new Map(),
  });
  world.repositories.set(repository.id, repository);
  return repository;
}

/** Puts the first commit on a repository's default branch. */
export function firstCommit(
  world: World,
  repository: Repository,
  by: Account,
  files: Readonly<Record<string, string>>,
): void {
  const git = world.git(repository);
  const at = world.now();
  const sha = git.createCommit({
    tree: git.change(null, files),
    parents: [],
    author: signatureOf(by, at),
    committer: signatureOf(by, at),
    message: "Initial commit",
  });
  updateRef(world, repository, { ref: `refs/heads/${repository.defaultBranch}`, after: sha, actor: by });
}

/** Sends a `repository` webhook. */
export function tellRepository(
  world: World,
  repository: Repository,
  sender: Account,
  action: string,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  emit(world, { event: "repository", action, repository, sender, body: extra });
}

/** Says that an installation on all repositories now reaches a new one, or no longer reaches one. */
export function tellReach(
  world: World,
  repository: Repository,
  sender: Account,
  action: "added" | "removed",
): void {
  const app = world.hookedApp();
  if (app === undefined) return;
  for (const installation of world.installations.values()) {
    if (installation.appId !== app.id || installation.accountId !== repository.ownerId) continue;
    if (installation.deleted) continue;
    emit(world, {
      event: "installation_repositories",
      action,
      repository: null,
      installation,
      sender,
      body: {
        installation: installationShape(world, installation),
        repository_selection: installation.repositorySelection,
        repositories_added: action === "added" ? [repositoryNameShape(world, repository)] : [],
        repositories_removed: action === "removed" ? [repositoryNameShape(world, repository)] : [],
        requester: null,
      },
    });
  }
}

/** Gives a repository another name; the old one redirects. */
export function renameRepository(world: World, repository: Repository, by: Account, to: string): void {
  const from = repository.name;
  repository.formerNames.add(world.fullName(repository).toLowerCase());
  repository.name = to;
  repository.updatedAt = world.now();
  tellRepository(world, repository, by, "renamed", { changes: { repository: { name: { from } } } });
}

/** Moves a repository to another owner. Only an installation there hears of it; one left behind hears that it lost it. */
export function transferRepository(
  world: World,
  repository: Repository,
  by: Account,
  to: Organization | Account,
): void {
  const from = world.owner(repository);
  repository.formerNames.add(world.fullName(repository).toLowerCase());
  tellReach(world, repository, by, "removed");
  repository.ownerId = to.id;
  repository.collaborators.clear();
  repository.updatedAt = world.now();
  const owner =
    from.type === "Organization"
      ? { organization: organizationShape(world, from) }
      : { user: userShape(world, from) };
  tellRepository(world, repository, by, "transferred", { changes: { owner: { from: owner } } });
  tellReach(world, repository, by, "added");
}

/** Archives a repository, or brings it back. */
export function setArchived(world: World, repository: Repository, by: Account, archived: boolean): void {
  if (repository.archived === archived) return;
  repository.archived = archived;
  repository.updatedAt = world.now();
  tellRepository(world, repository, by, archived ? "archived" : "unarchived");
}

/** Makes a repository public, private or internal. */
export function setVisibility(
  world: World,
  repository: Repository,
  by: Account,
  visibility: Repository["visibility"],
): void {
  if (repository.visibility === visibility) return;
  repository.visibility = visibility;
  repository.updatedAt = world.now();
  if (visibility === "public") {
    tellRepository(world, repository, by, "publicized");
    emit(world, { event: "public", action: null, repository, sender: by, body: {} });
  } else tellRepository(world, repository, by, "privatized");
}

/** Gives a repository other topics. */
export function setTopics(world: World, repository: Repository, by: Account, topics: string[]): void {
  const from = repository.topics;
  repository.topics = topics;
  repository.updatedAt = world.now();
  tellRepository(world, repository, by, "edited", { changes: { topics: { from } } });
}

/** Deletes a repository. */
export function deleteRepository(world: World, repository: Repository, by: Account): void {
  tellRepository(world, repository, by, "deleted", { repository: repositoryShape(world, repository) });
  tellReach(world, repository, by, "removed");
  repository.deleted = true;
  for (const installation of world.installations.values()) installation.repositoryIds.delete(repository.id);
  for (const fork of world.repositories.values())
    for (const pull of fork.pulls.values())
      if (pull.head.repositoryId === repository.id && fork !== repository) pull.head.repositoryId = null;
}

/** Makes another branch the default one. */
export function setDefaultBranch(world: World, repository: Repository, by: Account, branch: string): void {
  const git = world.git(repository);
  if (git.branch(branch) === null) throw new Refused(422, `The branch ${branch} was not found.`);
  const from = repository.defaultBranch;
  if (from === branch) return;
  repository.defaultBranch = branch;
  git.setDefaultBranch(branch);
  tellRepository(world, repository, by, "edited", { changes: { default_branch: { from } } });
}
