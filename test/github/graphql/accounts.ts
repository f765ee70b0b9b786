import { htmlUrl, iso } from "../shapes/form.ts";
import { teamMembers } from "../rest/accounts.ts";
import type { Account, Organization, Team } from "../model.ts";
import { CONNECTION, connection, EDGE } from "./connection.ts";
import { need, sees, textArg, type Args, type Context, type Resolvers } from "./context.ts";
import { actorNode, type ActorNode, type TeamNode } from "./nodes.ts";

const ACTOR = {
  id: ({ account }: ActorNode) => account.nodeId,
  databaseId: ({ account }: ActorNode) => account.id,
  // GitHub's GraphQL leaves out the `[bot]` that REST puts behind a bot's name.
  login: ({ account }: ActorNode) =>
    account.type === "Bot" ? account.login.replace(/\[bot\]$/, "") : account.login,
  url: ({ account }: ActorNode, _: Args, context: Context) => htmlUrl(context.world, actorPath(account)),
  resourcePath: ({ account }: ActorNode) => actorPath(account),
  avatarUrl: ({ account }: ActorNode, _: Args, context: Context) =>
    htmlUrl(context.world, `/avatars/u/${account.id}`),
  createdAt: ({ account }: ActorNode) => iso(account.createdAt),
};

function actorPath(account: Account | Organization): string {
  const login = encodeURIComponent(account.login.replace(/\[bot\]$/, ""));
  return account.type === "Bot" ? `/apps/${login}` : `/${login}`;
}

function ownedRepositories({ account }: ActorNode, args: Args, context: Context): unknown {
  const { visibility, isArchived } = args;
  const found = [...context.world.repositories.values()]
    .filter((one) => one.ownerId === account.id && sees(context, one))
    .filter((one) => visibility == null || one.visibility.toUpperCase() === visibility)
    .filter((one) => isArchived == null || one.archived === isArchived);
  return connection(
    args,
    found,
    (one) => one.id,
    (repository) => ({ __typename: "Repository" as const, repository }),
  );
}

function ownedRepository({ account }: ActorNode, args: Args, context: Context): unknown {
  const hit = context.world.repository(account.login, textArg(args, "name") ?? "");
  if (hit === undefined || !sees(context, hit.repository)) return null;
  return { __typename: "Repository", repository: hit.repository };
}

function people(context: Context, ids: readonly number[]): Account[] {
  return ids.flatMap((id) => context.world.accounts.get(id) ?? []).filter((one) => !one.deleted);
}

/** People, bots, organizations and teams. */
export const accountResolvers: Resolvers = {
  User: {
    ...ACTOR,
    name: ({ account }: ActorNode) => account.name,
    email: ({ account }: ActorNode) => (account.type === "Organization" ? "" : (account.email ?? "")),
    repositories: ownedRepositories,
    repository: ownedRepository,
  },
  Bot: ACTOR,
  Mannequin: ACTOR,
  EnterpriseUserAccount: {
    id: ACTOR.id,
    login: ACTOR.login,
    url: ACTOR.url,
    resourcePath: ACTOR.resourcePath,
    avatarUrl: ACTOR.avatarUrl,
    // The double has no enterprise: nobody is one of these.
    user: () => null,
  },
  Organization: {
    ...ACTOR,
    name: ({ account }: ActorNode) => account.name,
    repositories: ownedRepositories,
    repository: ownedRepository,
    team({ account }: ActorNode, args: Args, context: Context) {
      need(context, "members:read");
      const team = context.world.team(account.id, textArg(args, "slug") ?? "");
      return team === undefined ? null : { __typename: "Team", team };
    },
    teams({ account }: ActorNode, args: Args, context: Context) {
      need(context, "members:read");
      const teams = [...context.world.teams.values()].filter((one) => one.organizationId === account.id);
      return connection(
        args,
        teams,
        (one) => one.id,
        (team) => ({ __typename: "Team" as const, team }),
      );
    },
    membersWithRole({ account }: ActorNode, args: Args, context: Context) {
      need(context, "members:read");
      const members = account.type === "Organization" ? account.members : new Map<number, string>();
      const page = connection(args, people(context, [...members.keys()]), (one) => one.id, actorNode);
      const roles = page.edges.map((edge) => ({
        ...edge,
        role: (members.get(edge.node.account.id) ?? "member").toUpperCase(),
      }));
      return { ...page, edges: roles };
    },
  },
  Team: {
    id: ({ team }: TeamNode) => team.nodeId,
    databaseId: ({ team }: TeamNode) => team.id,
    slug: ({ team }: TeamNode) => team.slug,
    name: ({ team }: TeamNode) => team.name,
    combinedSlug: ({ team }: TeamNode, _: Args, context: Context) =>
      `${context.world.organizations.get(team.organizationId)?.login ?? ""}/${team.slug}`,
    description: ({ team }: TeamNode) => team.description,
    organization({ team }: TeamNode, _: Args, context: Context) {
      const organization = context.world.organizations.get(team.organizationId);
      return organization === undefined ? null : actorNode(organization);
    },
    parentTeam({ team }: TeamNode, _: Args, context: Context) {
      const parent: Team | undefined =
        team.parentId === null ? undefined : context.world.teams.get(team.parentId);
      return parent === undefined ? null : { __typename: "Team", team: parent };
    },
    members({ team }: TeamNode, args: Args, context: Context) {
      const members = teamMembers(context, team);
      const page = connection(args, people(context, [...members.keys()]), (one) => one.id, actorNode);
      const roles = page.edges.map((edge) => ({
        ...edge,
        role: (members.get(edge.node.account.id) ?? "member").toUpperCase(),
      }));
      return { ...page, edges: roles };
    },
  },
  OrganizationMemberConnection: CONNECTION,
  OrganizationMemberEdge: { ...EDGE, role: (edge: { readonly role: string }) => edge.role },
  TeamMemberConnection: CONNECTION,
  TeamMemberEdge: { ...EDGE, role: (edge: { readonly role: string }) => edge.role },
  TeamConnection: CONNECTION,
  TeamEdge: EDGE,
};
