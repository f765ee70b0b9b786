import type { Activity, DeployKey, Repository } from "../model.ts";
import type { World } from "../world.ts";
import { organizationShape, permissionFlags, userByIdShape } from "./accounts.ts";
import { apiUrl, htmlUrl, iso, type Shape } from "./form.ts";

/** The API address of a repository, with `path` below it. */
export function repositoryUrl(world: World, repository: Repository, path = ""): string {
  return apiUrl(world, `/repos/${world.fullName(repository)}${path}`);
}

/** The page address of a repository, with `path` below it. */
export function repositoryPage(world: World, repository: Repository, path = ""): string {
  return htmlUrl(world, `/${world.fullName(repository)}${path}`);
}

function openCount(repository: Repository): number {
  const open = (one: { readonly state: string }): boolean => one.state === "open";
  return (
    [...repository.issues.values()].filter(open).length + [...repository.pulls.values()].filter(open).length
  );
}

/** A repository as lists, pull requests and webhooks embed it (`repository`, `minimal-repository`). */
export function repositoryShape(world: World, repository: Repository): Shape {
  const url = repositoryUrl(world, repository);
  const page = repositoryPage(world, repository);
  const open = openCount(repository);
  return {
    id: repository.id,
    node_id: repository.nodeId,
    name: repository.name,
    full_name: world.fullName(repository),
    owner: userByIdShape(world, repository.ownerId),
    private: repository.visibility !== "public",
    html_url: page,
    description: repository.description,
    fork: repository.forkOf !== null,
    url,
    archive_url: `${url}/{archive_format}{/ref}`,
    assignees_url: `${url}/assignees{/user}`,
    blobs_url: `${url}/git/blobs{/sha}`,
    branches_url: `${url}/branches{/branch}`,
    collaborators_url: `${url}/collaborators{/collaborator}`,
    comments_url: `${url}/comments{/number}`,
    commits_url: `${url}/commits{/sha}`,
    compare_url: `${url}/compare/{base}...{head}`,
    contents_url: `${url}/contents/{+path}`,
    contributors_url: `${url}/contributors`,
    deployments_url: `${url}/deployments`,
    downloads_url: `${url}/downloads`,
    events_url: `${url}/events`,
    forks_url: `${url}/forks`,
    git_commits_url: `${url}/git/commits{/sha}`,
    git_refs_url: `${url}/git/refs{/sha}`,
    git_tags_url: `${url}/git/tags{/sha}`,
    git_url: `git:${page.replace(/^https?:/, "")}.git`,
    issue_comment_url: `${url}/issues/comments{/number}`,
    issue_events_url: `${url}/issues/events{/number}`,
    issues_url: `${url}/issues{/number}`,
    keys_url: `${url}/keys{/key_id}`,
    labels_url: `${url}/labels{/name}`,
    languages_url: `${url}/languages`,
    merges_url: `${url}/merges`,
    milestones_url: `${url}/milestones{/number}`,
    notifications_url: `${url}/notifications{?since,all,participating}`,
    pulls_url: `${url}/pulls{/number}`,
    releases_url: `${url}/releases{/id}`,
    ssh_url: `git@${new URL(page).hostname}:${world.fullName(repository)}.git`,
    stargazers_url: `${url}/stargazers`,
    statuses_url: `${url}/statuses/{sha}`,
    subscribers_url: `${url}/subscribers`,
    subscription_url: `${url}/subscription`,
    tags_url: `${url}/tags`,
    teams_url: `${url}/teams`,
    trees_url: `${url}/git/trees{/sha}`,
    clone_url: `${page}.git`,
    mirror_url: null,
    hooks_url: `${url}/hooks`,
    svn_url: page,
    homepage: null,
    language: null,
    license: null,
    forks: 0,
    forks_count: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    size: 0,
    default_branch: repository.defaultBranch,
    open_issues: open,
    open_issues_count: open,
    is_template: false,
    topics: [...repository.topics],
    has_issues: true,
    has_projects: true,
    has_wiki: true,
    has_pages: false,
    has_downloads: true,
    has_discussions: false,
    archived: repository.archived,
    disabled: false,
    visibility: repository.visibility,
    pushed_at: iso(repository.pushedAt),
    created_at: iso(repository.createdAt),
    updated_at: iso(repository.updatedAt),
    allow_forking: repository.visibility === "public",
    web_commit_signoff_required: false,
  };
}

/** What callers with some access see on top: merge settings (also part of pull request payloads' repositories). */
export function repositorySettings(repository: Repository): Shape {
  return {
    allow_merge_commit: repository.allow.merge,
    allow_squash_merge: repository.allow.squash,
    allow_rebase_merge: repository.allow.rebase,
    allow_auto_merge: repository.allow.autoMerge,
    allow_update_branch: repository.allow.updateBranch,
    delete_branch_on_merge: repository.deleteBranchOnMerge,
    use_squash_pr_title_as_default: false,
    squash_merge_commit_title: "COMMIT_OR_PR_TITLE",
    squash_merge_commit_message: "COMMIT_MESSAGES",
    merge_commit_title: "MERGE_MESSAGE",
    merge_commit_message: "PR_TITLE",
  };
}

/** A repository asked for by itself (`full-repository`); `role` is the caller's. */
export function fullRepositoryShape(world: World, repository: Repository, role: string): Shape {
  const parent = repository.forkOf === null ? undefined : world.repositories.get(repository.forkOf);
  const organization = world.organizations.get(repository.ownerId);
  return {
    ...repositoryShape(world, repository),
    ...repositorySettings(repository),
    permissions: permissionFlags(role),
    subscribers_count: 0,
    network_count: 0,
    ...(organization === undefined ? {} : { organization: userByIdShape(world, organization.id) }),
    ...(parent === undefined
      ? {}
      : { parent: repositoryShape(world, parent), source: repositoryShape(world, parent) }),
  };
}

/** The few fields installation webhooks list repositories with. */
export function repositoryNameShape(world: World, repository: Repository): Shape {
  return {
    id: repository.id,
    node_id: repository.nodeId,
    name: repository.name,
    full_name: world.fullName(repository),
    private: repository.visibility !== "public",
  };
}

/** The keys every repository webhook has beside its own: `repository`, `organization`, `sender`. */
export function eventEnvelope(world: World, repository: Repository, senderId: number): Shape {
  const organization = world.organizations.get(repository.ownerId);
  return {
    repository: { ...repositoryShape(world, repository), custom_properties: {} },
    ...(organization === undefined ? {} : { organization: organizationShape(world, organization) }),
    sender: userByIdShape(world, senderId),
  };
}

/** One ref update (`activity`). */
export function activityShape(world: World, activity: Activity): Shape {
  return {
    id: activity.id,
    node_id: activity.nodeId,
    before: activity.before,
    after: activity.after,
    ref: activity.ref,
    timestamp: iso(activity.at),
    activity_type: activity.type,
    actor: activity.actorId === null ? null : userByIdShape(world, activity.actorId),
  };
}

/** A deploy key as lists and webhooks show it: who added it only by login. */
export function deployKeyShape(world: World, repository: Repository, key: DeployKey): Shape {
  return {
    id: key.id,
    key: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${key.id}`,
    url: repositoryUrl(world, repository, `/keys/${key.id}`),
    title: key.title,
    verified: true,
    created_at: iso(key.createdAt),
    read_only: key.readOnly,
    added_by: world.accounts.get(key.addedById)?.deleted === true ? null : world.account(key.addedById).login,
    last_used: null,
    enabled: true,
  };
}
