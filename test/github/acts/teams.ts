/** People's places: in the organization, in teams, in repositories. */

import type { Account, Organization, Repository, Role, Team } from "../model.ts";
import { ROLES } from "../model.ts";
import { Refused } from "../refused.ts";
import { permissionFlags, teamShape, userShape } from "../shapes/accounts.ts";
import { apiUrl } from "../shapes/form.ts";
import { repositoryShape } from "../shapes/repositories.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";

/** The team of a name (`core` or `acme/core`), made if it is missing; teams may read every repository. */
export function teamOf(world: World, organization: Organization, name: string): Team {
  const slug = name.replace(/^.*\//, "").toLowerCase();
  const known = world.team(organization.id, slug);
  if (known !== undefined) return known;
  const team: Team = world.register("Team", {
    ...world.identity("Team"),
    organizationId: organization.id,
    slug,
    name: name.replace(/^.*\//, ""),
    description: null,
    privacy: "closed",
    parentId: null,
    members: new Map(),
    repositories: new Map(),
  });
  world.teams.set(team.id, team);
  return team;
}

/** Refuses whoever does not run the organization: its owners, and those whom a story gave admin rights in every repository. */
export function needOwner(world: World, organization: Organization, by: Account): void {
  if (organization.members.get(by.id) === "admin") return;
  const owned = [...world.repositories.values()].filter(
    (one) => one.ownerId === organization.id && !one.deleted,
  );
  if (owned.every((one) => world.role(by, one) === "admin")) return;
  throw new Refused(403, "You must be an admin to manage this organization.");
}

/** Adds someone to a team, or takes them out. */
export function setTeamMember(
  world: World,
  organization: Organization,
  team: Team,
  person: Account,
  by: Account,
  isMember: boolean,
): void {
  if (team.members.has(person.id) === isMember) return;
  if (isMember) {
    team.members.set(person.id, "member");
    if (!organization.members.has(person.id)) organization.members.set(person.id, "member");
  } else team.members.delete(person.id);
  emit(world, {
    event: "membership",
    action: isMember ? "added" : "removed",
    repository: null,
    organization,
    sender: by,
    body: {
      scope: "team",
      member: userShape(world, person),
      team: teamShape(world, team),
    },
  });
}

/** Gives someone a role in a repository directly, or takes it (`none`). */
export function setRole(
  world: World,
  repository: Repository,
  person: Account,
  role: Role,
  by: Account,
): void {
  const old = repository.collaborators.get(person.id) ?? "none";
  if (old === role) return;
  if (role === "none") repository.collaborators.delete(person.id);
  else repository.collaborators.set(person.id, role);
  const action = role === "none" ? "removed" : old === "none" ? "added" : "edited";
  const changes =
    action === "added"
      ? { permission: { to: legacy(role) }, role_name: { to: role } }
      : { old_permission: { from: legacy(old) }, permission: { from: legacy(old), to: legacy(role) } };
  emit(world, {
    event: "member",
    action,
    repository,
    sender: by,
    body: { member: userShape(world, person), ...(action === "removed" ? {} : { changes }) },
  });
}

/** Gives a team a role in a repository, or takes it (`none`). */
export function setTeamRole(
  world: World,
  repository: Repository,
  organization: Organization,
  team: Team,
  role: Role,
  by: Account,
): void {
  const old = team.repositories.get(repository.id) ?? "none";
  if (old === role) return;
  if (role === "none") team.repositories.delete(repository.id);
  else team.repositories.set(repository.id, role);
  const action =
    role === "none" ? "removed_from_repository" : old === "none" ? "added_to_repository" : "edited";
  const { admin, pull, push } = permissionFlags(old);
  emit(world, {
    event: "team",
    action,
    repository,
    organization,
    sender: by,
    body: {
      team: teamShape(world, team, role === "none" ? undefined : role),
      repository: { ...repositoryShape(world, repository), permissions: permissionFlags(role) },
      ...(action === "edited"
        ? { changes: { repository: { permissions: { from: { admin, pull, push } } } } }
        : {}),
    },
  });
}

/** Deletes a team; of its members GitHub tells with no more of the team than its number and name. */
export function deleteTeam(world: World, organization: Organization, team: Team, by: Account): void {
  const told = { repository: null, organization, sender: by } as const;
  const shape = teamShape(world, team);
  world.teams.delete(team.id);
  for (const id of team.members.keys()) {
    const person = world.accounts.get(id);
    if (person === undefined) continue;
    emit(world, {
      ...told,
      event: "membership",
      action: "removed",
      body: {
        scope: "organization",
        member: userShape(world, person),
        team: { id: team.id, name: team.name, deleted: true },
      },
    });
  }
  emit(world, { ...told, event: "team", action: "deleted", body: { team: shape } });
}

/** The three words older interfaces have for roles. */
function legacy(role: Role): string {
  if (role === "admin") return "admin";
  return ROLES.indexOf(role) >= ROLES.indexOf("write") ? "write" : "read";
}

/** Takes someone out of the organization, its teams and its repositories. */
export function removeMember(world: World, organization: Organization, person: Account, by: Account): void {
  const role = organization.members.get(person.id);
  for (const team of world.teams.values())
    if (team.organizationId === organization.id) setTeamMember(world, organization, team, person, by, false);
  for (const repository of world.repositories.values())
    if (repository.ownerId === organization.id) repository.collaborators.delete(person.id);
  if (!organization.members.delete(person.id)) return;
  emit(world, {
    event: "organization",
    action: "member_removed",
    repository: null,
    organization,
    sender: by,
    body: {
      membership: {
        url: apiUrl(world, `/orgs/${organization.login}/memberships/${person.login}`),
        state: "active",
        role: role ?? "member",
        organization_url: apiUrl(world, `/orgs/${organization.login}`),
        user: userShape(world, person),
      },
    },
  });
}

/** Deletes an account: from now on it is shown as ghost. */
export function deleteUser(world: World, organization: Organization, person: Account, by: Account): void {
  removeMember(world, organization, person, by);
  person.deleted = true;
}
