import type { Account, Organization, Repository, Team } from "../model.ts";
import type { World } from "../world.ts";
import { apiUrl, htmlUrl, iso, type Shape } from "./form.ts";

/** A user, bot or organization as GitHub embeds it everywhere (`simple-user`). */
export function userShape(world: World, user: Account | Organization): Shape {
  const shown = user.type === "Organization" ? user : world.account(user.id);
  const path = encodeURIComponent(shown.login);
  const url = apiUrl(world, `/users/${path}`);
  return {
    login: shown.login,
    id: shown.id,
    node_id: shown.nodeId,
    avatar_url: htmlUrl(world, `/avatars/u/${shown.id}`),
    gravatar_id: "",
    url,
    html_url: htmlUrl(world, shown.type === "Bot" ? `/apps/${path}` : `/${path}`),
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: shown.type,
    user_view_type: "public",
    site_admin: false,
  };
}

/** The same by account id; a deleted or unknown account is shown as `ghost`. */
export function userByIdShape(world: World, id: number): Shape {
  return userShape(world, world.organizations.get(id) ?? world.account(id));
}

function repositoriesOwnedBy(world: World, ownerId: number): Repository[] {
  return [...world.repositories.values()].filter((one) => one.ownerId === ownerId && !one.deleted);
}

/** A user's public profile (`public-user`). */
export function publicUserShape(world: World, user: Account | Organization): Shape {
  return {
    ...userShape(world, user),
    name: user.name,
    company: null,
    blog: "",
    location: null,
    email: user.type === "Organization" ? null : user.email,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: repositoriesOwnedBy(world, user.id).filter((one) => one.visibility === "public").length,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: iso(user.createdAt),
    updated_at: iso(user.createdAt),
  };
}

/** An organization as webhooks and memberships embed it (`organization-simple`). */
export function organizationShape(world: World, organization: Organization): Shape {
  const url = apiUrl(world, `/orgs/${organization.login}`);
  return {
    login: organization.login,
    id: organization.id,
    node_id: organization.nodeId,
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: htmlUrl(world, `/avatars/u/${organization.id}`),
    description: organization.description,
  };
}

/** An organization with all its settings a member sees (`organization-full`). */
export function fullOrganizationShape(world: World, organization: Organization): Shape {
  const owned = repositoriesOwnedBy(world, organization.id);
  return {
    ...organizationShape(world, organization),
    name: organization.name,
    is_verified: false,
    has_organization_projects: true,
    has_repository_projects: true,
    public_repos: owned.filter((one) => one.visibility === "public").length,
    public_gists: 0,
    followers: 0,
    following: 0,
    html_url: htmlUrl(world, `/${organization.login}`),
    type: "Organization",
    total_private_repos: owned.filter((one) => one.visibility !== "public").length,
    owned_private_repos: owned.filter((one) => one.visibility !== "public").length,
    default_repository_permission: organization.baseRole,
    two_factor_requirement_enabled: true,
    created_at: iso(organization.createdAt),
    updated_at: iso(organization.createdAt),
    archived_at: null,
    plan: {
      name: "enterprise",
      space: 976562499,
      private_repos: 999999,
      filled_seats: organization.members.size,
      seats: 1000,
    },
  };
}

/** The words GitHub's older interfaces have for roles: `pull`, `triage`, `push`, `maintain`, `admin`. */
export function permissionWord(role: string): string {
  return role === "read" ? "pull" : role === "write" ? "push" : role;
}

/** A team without its parent (`team-simple`). */
export function simpleTeamShape(world: World, team: Team, role?: string): Shape {
  const organization = world.organizations.get(team.organizationId);
  const url = apiUrl(world, `/organizations/${team.organizationId}/team/${team.id}`);
  return {
    id: team.id,
    node_id: team.nodeId,
    url,
    html_url: htmlUrl(world, `/orgs/${organization?.login ?? ""}/teams/${team.slug}`),
    name: team.name,
    slug: team.slug,
    description: team.description ?? "",
    privacy: team.privacy,
    notification_setting: "notifications_enabled",
    permission: permissionWord(role ?? "read"),
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
    type: "organization",
    organization_id: team.organizationId,
  };
}

/** A team (`team`); `role` is what it may do in the repository it is listed for. */
export function teamShape(world: World, team: Team, role?: string): Shape {
  const parent = team.parentId === null ? undefined : world.teams.get(team.parentId);
  return {
    ...simpleTeamShape(world, team, role),
    parent: parent === undefined ? null : simpleTeamShape(world, parent),
  };
}

/** A team with its counts and organization (`team-full`). */
export function fullTeamShape(world: World, team: Team): Shape {
  const organization = world.organizations.get(team.organizationId);
  return {
    ...teamShape(world, team),
    members_count: team.members.size,
    repos_count: team.repositories.size,
    created_at: organization === undefined ? iso(0) : iso(organization.createdAt),
    updated_at: organization === undefined ? iso(0) : iso(organization.createdAt),
    organization: organization === undefined ? null : fullOrganizationShape(world, organization),
  };
}

/** What a role allows, as the five flags GitHub writes. */
export function permissionFlags(role: string): Record<string, boolean> {
  const rank = ["none", "read", "triage", "write", "maintain", "admin"].indexOf(role);
  return { admin: rank >= 5, maintain: rank >= 4, push: rank >= 3, triage: rank >= 2, pull: rank >= 1 };
}

/** A person listed as able to work in a repository (`collaborator`). */
export function collaboratorShape(world: World, account: Account, role: string): Shape {
  return { ...userShape(world, account), permissions: permissionFlags(role), role_name: role };
}

/** Someone's relation to a repository, as GitHub prints it beside what they wrote. */
export function authorAssociation(world: World, repository: Repository, accountId: number): string {
  if (accountId === repository.ownerId) return "OWNER";
  const organization = world.organizations.get(repository.ownerId);
  if (organization?.members.has(accountId) === true) return "MEMBER";
  if (repository.collaborators.has(accountId)) return "COLLABORATOR";
  return world.account(accountId).type === "Bot" ? "NONE" : "CONTRIBUTOR";
}
