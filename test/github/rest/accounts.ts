import type { Account, Organization, Repository, Role, Team } from "../model.ts";
import type { World } from "../world.ts";
import {
  collaboratorShape,
  fullOrganizationShape,
  fullTeamShape,
  organizationShape,
  permissionFlags,
  publicUserShape,
  teamShape,
  userShape,
} from "../shapes/accounts.ts";
import { apiUrl } from "../shapes/form.ts";
import { repositoryShape } from "../shapes/repositories.ts";
import { paged } from "./paging.ts";
import {
  mayRead,
  notFound,
  numberParam,
  ok,
  organizationOf,
  repositoryOf,
  type Call,
  type Routes,
} from "./route.ts";

const MEMBERS = ["members:read"] as const;
const METADATA = ["metadata:read"] as const;

function accountNamed(call: Call): Account {
  const account = call.world.accountByLogin(call.params["username"] ?? "");
  if (account === undefined) throw notFound();
  return account;
}

function teamOf(call: Call): { organization: Organization; team: Team } {
  const organization = organizationOf(call);
  const team = call.world.team(organization.id, call.params["team_slug"] ?? "");
  if (team === undefined) throw notFound();
  return { organization, team };
}

/** A team's members with those of the teams below it, as GitHub lists them, each with the highest role. */
export function teamMembers(call: Pick<Call, "world">, team: Team): Map<number, "maintainer" | "member"> {
  const members = new Map(team.members);
  for (const child of call.world.teams.values()) {
    if (child.parentId !== team.id) continue;
    for (const id of teamMembers(call, child).keys()) if (!members.has(id)) members.set(id, "member");
  }
  return members;
}

/** People, organizations and teams. */
export const accountRoutes: Routes = {
  "GET /users/{username}": {
    need: "none",
    run(call) {
      const name = call.params["username"] ?? "";
      const user = call.world.accountByLogin(name) ?? call.world.organization(name);
      if (user === undefined) throw notFound();
      return ok(publicUserShape(call.world, user));
    },
  },
  "GET /user/{account_id}": {
    need: "none",
    run(call) {
      const id = numberParam(call, "account_id");
      const account = call.world.accounts.get(id);
      const user = account?.deleted === true ? undefined : account;
      const found = user ?? call.world.organizations.get(id);
      if (found === undefined) throw notFound();
      return ok(publicUserShape(call.world, found));
    },
  },
  "GET /orgs/{org}": {
    need: "none",
    run: (call) => ok(fullOrganizationShape(call.world, organizationOf(call))),
  },
  "GET /orgs/{org}/repos": {
    need: METADATA,
    run(call) {
      const organization = organizationOf(call);
      const type = call.query["type"] ?? "all";
      const found = [...call.world.repositories.values()]
        .filter((one) => one.ownerId === organization.id && mayRead(call.world, call.caller, one))
        .filter(
          (one) => type === "all" || one.visibility === type || (type === "forks") === (one.forkOf !== null),
        );
      return paged(call, found, (one) => repositoryShape(call.world, one));
    },
  },
  "GET /orgs/{org}/members": {
    need: MEMBERS,
    run(call) {
      const role = call.query["role"] ?? "all";
      const ids = [...organizationOf(call).members].filter(([, held]) => role === "all" || held === role);
      const people = ids.flatMap(([id]) => call.world.accounts.get(id) ?? []).filter((one) => !one.deleted);
      return paged(call, people, (one) => userShape(call.world, one));
    },
  },
  "GET /orgs/{org}/members/{username}": {
    need: MEMBERS,
    run(call) {
      if (!organizationOf(call).members.has(accountNamed(call).id)) throw notFound();
      return { status: 204 };
    },
  },
  "GET /orgs/{org}/memberships/{username}": {
    need: MEMBERS,
    run(call) {
      const organization = organizationOf(call);
      const account = accountNamed(call);
      const role = organization.members.get(account.id);
      if (role === undefined) throw notFound();
      const url = apiUrl(call.world, `/orgs/${organization.login}`);
      return ok({
        url: `${url}/memberships/${encodeURIComponent(account.login)}`,
        state: "active",
        role,
        organization_url: url,
        user: userShape(call.world, account),
        organization: organizationShape(call.world, organization),
      });
    },
  },
  "GET /orgs/{org}/teams": {
    need: MEMBERS,
    run(call) {
      const organization = organizationOf(call);
      const teams = [...call.world.teams.values()].filter((one) => one.organizationId === organization.id);
      return paged(call, teams, (one) => teamShape(call.world, one));
    },
  },
  "GET /orgs/{org}/teams/{team_slug}": {
    need: MEMBERS,
    run: (call) => ok(fullTeamShape(call.world, teamOf(call).team)),
  },
  "GET /orgs/{org}/teams/{team_slug}/members": {
    need: MEMBERS,
    run(call) {
      const role = call.query["role"] ?? "all";
      const ids = [...teamMembers(call, teamOf(call).team)].filter(
        ([, held]) => role === "all" || held === role,
      );
      const people = ids.flatMap(([id]) => call.world.accounts.get(id) ?? []).filter((one) => !one.deleted);
      return paged(call, people, (one) => userShape(call.world, one));
    },
  },
  "GET /orgs/{org}/teams/{team_slug}/memberships/{username}": {
    need: MEMBERS,
    run(call) {
      const { organization, team } = teamOf(call);
      const account = accountNamed(call);
      const role = teamMembers(call, team).get(account.id);
      if (role === undefined) throw notFound();
      const path = `/organizations/${organization.id}/team/${team.id}/memberships/${encodeURIComponent(account.login)}`;
      return ok({ state: "active", role, url: apiUrl(call.world, path) });
    },
  },
  "GET /orgs/{org}/teams/{team_slug}/repos": {
    need: MEMBERS,
    run(call) {
      const held = [...teamOf(call).team.repositories].flatMap(([id, role]) => {
        const repository = call.world.repositories.get(id);
        const seen = repository !== undefined && mayRead(call.world, call.caller, repository);
        return seen ? [{ repository, role }] : [];
      });
      return paged(call, held, ({ repository, role }) => ({
        ...repositoryShape(call.world, repository),
        permissions: permissionFlags(role),
        role_name: role,
      }));
    },
  },
  "GET /repos/{owner}/{repo}/teams": {
    need: ["administration:read"],
    run(call) {
      const repository = repositoryOf(call);
      const teams = [...call.world.teams.values()].filter((one) => one.repositories.has(repository.id));
      return paged(call, teams, (one) => ({
        ...teamShape(call.world, one, one.repositories.get(repository.id)),
        permissions: permissionFlags(one.repositories.get(repository.id) ?? "none"),
      }));
    },
  },
  "GET /repos/{owner}/{repo}/collaborators": {
    need: METADATA,
    run(call) {
      const repository = repositoryOf(call);
      const { affiliation = "all", permission } = call.query;
      const organization = call.world.organizations.get(repository.ownerId);
      const wanted = permission === undefined ? undefined : WORDS[permission];
      const people = accountsWithAccess(call.world, repository)
        .filter((one) => affiliation === "all" || repository.collaborators.has(one.id))
        .filter((one) => affiliation !== "outside" || organization?.members.has(one.id) !== true)
        .filter((one) => wanted === undefined || call.world.may(one, wanted, repository));
      return paged(call, people, (one) =>
        collaboratorShape(call.world, one, call.world.role(one, repository)),
      );
    },
  },
  "GET /repos/{owner}/{repo}/collaborators/{username}": {
    need: METADATA,
    run(call) {
      if (!holdsAccess(call.world, repositoryOf(call), accountNamed(call))) throw notFound();
      return { status: 204 };
    },
  },
  "GET /repos/{owner}/{repo}/collaborators/{username}/permission": {
    need: METADATA,
    run(call) {
      const repository = repositoryOf(call);
      const account = accountNamed(call);
      const role = call.world.role(account, repository);
      const coarse = role === "maintain" ? "write" : role === "triage" ? "read" : role;
      return ok({
        permission: coarse,
        user: collaboratorShape(call.world, account, role),
        role_name: role,
      });
    },
  },
};

const WORDS: Readonly<Record<string, Role>> = {
  pull: "read",
  triage: "triage",
  push: "write",
  maintain: "maintain",
  admin: "admin",
};

/** Whether someone's access comes from more than the repository being public. */
export function holdsAccess(world: World, repository: Repository, account: Account): boolean {
  const role = world.role(account, repository);
  if (repository.visibility !== "public" || role !== "read") return role !== "none";
  return (
    repository.collaborators.has(account.id) ||
    world.organizations.get(repository.ownerId)?.members.has(account.id) === true ||
    [...world.teams.values()].some(
      (team) => team.members.has(account.id) && team.repositories.has(repository.id),
    )
  );
}

/** The people who can work in a repository, in order of their ids. */
export function accountsWithAccess(world: World, repository: Repository): Account[] {
  return [...world.accounts.values()]
    .filter((one) => !one.deleted && one.type === "User" && holdsAccess(world, repository, one))
    .sort((a, b) => a.id - b.id);
}
