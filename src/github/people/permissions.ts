/** What reviewers may do, and who could approve. Logins are only for requests to GitHub; people are compared by id. */

import type { CachedClient } from "../api/repository-client.ts";
import { z } from "zod";
import { type Repository } from "../../domain/change/repository.ts";
import type { From } from "../../domain/policy/file/selectors.ts";
import { namedBy, type Source } from "../../domain/policy/file/requirement.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { readAccount, readTeamNames } from "./accounts.ts";
import { askAllPages, askIfExists, place, type GitHub } from "../api/requests.ts";
import type { RightLoss, Losses } from "../freshness/freshness.ts";
import { listing, NOTHING, type Listing } from "../api/partial-list.ts";
import { tags, type Lookups } from "../api/lookups.ts";
import type { ReadPull } from "../pull-requests/pull-request.ts";
import { ActorShape } from "../queries/shapes.ts";
import {
  PERMISSIONS,
  type Actor,
  type Authority,
  type Holders,
  type Permission,
} from "../../domain/change/people.ts";

/** Lists what a policy requires of people. Teams are `org/slug`. */
export interface Needs {
  /** The permissions required; undefined where a requirement names none. */
  readonly permission: readonly (Permission | undefined)[];
  readonly teams: readonly string[];
  readonly organizations: readonly string[];
  readonly users: readonly string[];
  /** Whose authority matters beside the reviewers'. */
  readonly people?: readonly Actor[];
}

/** So many people are named as possible approvers of one source. */
const MOST_CANDIDATES = 100;

/** GitHub's older names for what a collaborator may do. */
const OLD_NAMES: Readonly<Record<Permission, string>> = {
  none: "pull",
  read: "pull",
  triage: "triage",
  write: "push",
  maintain: "maintain",
  admin: "admin",
};

const Members = z.array(ActorShape);

/**
 * Reads the authority of everyone who gave a review, and of the `people` needed, as it is today. A team or organisation that
 * cannot be read is `unread`.
 */
export async function readAuthorities(
  github: GitHub,
  read: { readonly pull: Pick<ReadPull["pull"], "repository" | "reviews"> } & Pick<ReadPull, "mayWrite">,
  needs: Needs,
  lookups: Lookups,
  losses: Losses,
): Promise<readonly Authority[]> {
  const { repository, reviews } = read.pull;
  const people = new Map(
    [...reviews.map(({ author }) => author), ...(needs.people ?? [])].flatMap((actor) =>
      actor === null || actor.type !== "User" ? [] : [[actor.id, actor] as const],
    ),
  );
  if (people.size === 0) return [];
  const groups = unique(needs.teams).map((name) => ({ name, members: teamMembers(github, name, lookups) }));
  const organizations = unique(needs.organizations).map((name) => ({
    name,
    members: organizationMembers(github, name, lookups),
  }));
  const teams = await settled(groups);
  const owners = await settled(organizations);
  const unread = [...teams, ...owners].filter(({ ids }) => ids === null).map(({ name }) => name);
  const asked = needs.permission.filter((permission) => permission !== undefined);
  const found: Authority[] = [];
  const left = { github, lookups, losses };
  for (const actor of people.values()) {
    found.push({
      actor,
      permission: await permissionLeft(left, repository, actor, () =>
        permissionOf({ github, repository, lookups }, actor, asked, read.mayWrite),
      ),
      teams: await groupsLeft(left, actor, teams, teamMembers),
      organizations: await groupsLeft(left, actor, owners, organizationMembers),
      unread,
      ...(teams.length + owners.length === 0 ? {} : { asked: [...teams, ...owners].map(({ name }) => name) }),
      at: lookups.now(),
      basis: "read-later",
    });
  }
  return found;
}

interface Left {
  readonly github: GitHub;
  readonly lookups: Lookups;
  readonly losses: Losses;
}

/** Returns the groups among these of which a person is a member, without those that a webhook reported they left. */
async function groupsLeft(
  { github, lookups, losses }: Left,
  { id }: Actor,
  groups: readonly { readonly name: string; readonly ids: ReadonlySet<number> | null }[],
  read: typeof teamMembers,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const { name, ids } of groups) {
    const [org = ""] = name.split("/");
    const isMember = async (): Promise<boolean> =>
      (await read(github, name, lookups))?.some((member) => member.id === id) === true;
    const under = [tags.team(name), tags.organization(org)];
    if (ids?.has(id) !== true) {
      await losses.awaitGain({ of: name, personId: id }, under, isMember);
      continue;
    }
    // Who is removed from an organisation is removed from its teams.
    const lost =
      (await losses.holding({ of: name, personId: id }, under, isMember)) ??
      (name === org ? null : await losses.holding({ of: org, personId: id }, under, isMember));
    if (lost === null) left.push(name);
  }
  return left;
}

/** Returns a permission as read, or what a webhook reported is left of it. */
async function permissionLeft(
  { github, lookups, losses }: Left,
  { id, owner }: Repository,
  actor: Actor,
  read: () => Promise<Permission | "unknown">,
): Promise<Permission | "unknown"> {
  const isMore = async ({ permission = "none" }: RightLoss): Promise<boolean> => {
    const known = await read();
    return known !== "unknown" && rank(known) > rank(permission);
  };
  const under = [tags.permission(id), tags.organization(owner)];
  const personId = actor.id;
  const reading = "permission";
  const whole = owner.toLowerCase();
  for (const where of [String(id), whole]) {
    const lost = await losses.holding({ of: where, personId, reading }, under, isMore);
    if (lost !== null) return lost.permission ?? "none";
  }
  const isMaybeIn = async (team: string): Promise<boolean> => {
    const members = await teamMembers(github, team, lookups);
    // Of a team that cannot be read, anyone may be a member.
    return members === null || members.some((member) => member.id === personId);
  };
  for (const team of losses.teamsOf(id)) {
    if (!(await isMaybeIn(team))) continue;
    const lost = await losses.holding({ of: String(id), personId, through: team, reading }, under, isMore);
    if (lost !== null) return lost.permission ?? "none";
  }
  for (const { team, isAll } of losses.teamsLeft(owner, personId)) {
    if (isAll && !(await isMaybeIn(team))) continue;
    if ((await losses.holding({ of: team, personId, reading }, under, isMore)) !== null) return "none";
  }
  const known = await read();
  const isShown = ({ permission = "none" }: { readonly permission?: Permission }): Promise<boolean> =>
    Promise.resolve(known === "unknown" || rank(known) >= rank(permission));
  await losses.awaitGain({ of: String(id), personId }, under, isShown);
  for (const { permission, ...gained } of losses.teamsGained(owner, id, personId)) {
    if (gained.through !== undefined && !(await isMaybeIn(gained.through))) continue;
    await losses.awaitGain({ ...gained, personId }, under, () => isShown({ permission }));
  }
  return known;
}

/** Lists logins of people who hold what `from` requires, at most a hundred; those of unreadable teams are left out. */
export async function readCandidates(client: CachedClient, from: From): Promise<readonly string[]> {
  const logins = new Set(from.users ?? []);
  const add = (members: readonly Actor[] | null): void => {
    for (const { login, type } of members ?? []) if (type === "User") logins.add(login);
  };
  for (const team of unique(from.teams ?? [])) add(await teamMembers(client.github, team, client.lookups));
  for (const name of unique(from.organizations ?? []))
    add(await organizationMembers(client.github, name, client.lookups));
  if (from.permission !== undefined) {
    const able = await collaborators(client, from.permission);
    add(able.isWhole ? able.entries : able.seen);
  }
  return [...logins].slice(0, MOST_CANDIDATES);
}

/** Bounds the people whose access is read one by one; where more are left, one of them will have it. */
const FEW = 5;

/**
 * Returns the people a source names and who may still approve, by `isOut` not among those who made the change. `required`: so
 * many are enough. Where few are left each one's access is read, until there are enough. Throws {@link ExternalError}.
 */
export async function readHolders(
  client: CachedClient,
  { source, from, required }: { readonly source: string; readonly from: Source; readonly required: number },
  isOut: (actor: Actor) => boolean,
): Promise<Holders> {
  const { owners } = from;
  const named = namedBy(from);
  const people = new Map<number, Actor>();
  const unable: Holders["unable"][number][] = [];
  // GitHub does not show whose an address is.
  let complete = from.codeowners !== true && (owners?.emails ?? []).length === 0;
  const add = (some: readonly Actor[] | null): void => {
    if (some === null) complete = false;
    for (const actor of some ?? []) if (actor.type === "User") people.set(actor.id, actor);
  };
  for (const login of unique(named.users ?? [])) {
    const account = await readAccount(client.github, login, client.lookups);
    if (account === null) unable.push({ name: login, because: "no-account" });
    else add([account]);
  }
  for (const team of unique(named.teams ?? [])) {
    const known = await teamMembers(client.github, team, client.lookups);
    const all =
      known === null ? await readTeamNames(client.github, team.split("/")[0] ?? "", client.lookups) : null;
    if (all?.includes(team) === false) unable.push({ name: team, because: "no-team" });
    else add(known);
  }
  for (const name of unique(named.organizations ?? []))
    add(await organizationMembers(client.github, name, client.lookups));
  if (named.permission !== undefined) {
    const able = await collaborators(client, named.permission);
    // What is not shown, or not whole, shows nothing of who else there is.
    add(able.isWhole && able.entries.length > 0 ? able.entries : null);
  }
  const left = [...people.values()].filter((actor) => !isOut(actor));
  const holders = { source, people: [...people.values()], unable };
  if (!complete || left.length > FEW + required) return { ...holders, complete: false };
  let able = 0;
  for (const actor of left) {
    if (able >= required) return { ...holders, complete: false };
    const permission = await permissionOf(client, actor, ["admin"], new Set());
    const need = owners === undefined ? "read" : "write";
    const isPublic = client.repository.visibility === "public" && owners === undefined;
    if (isPublic || permission === "unknown" || rank(permission) >= rank(need)) able += 1;
    else {
      people.delete(actor.id);
      unable.push({ name: actor.login, because: "no-access" });
    }
  }
  return able >= required
    ? { ...holders, complete: false }
    : { ...holders, people: [...people.values()], complete: true };
}

async function permissionOf(
  client: CachedClient,
  actor: Actor,
  asked: readonly Permission[],
  mayWrite: ReadonlySet<number>,
): Promise<Permission | "unknown"> {
  if (asked.length === 0) return "unknown";
  const isEnough = asked.every((permission) => rank(permission) <= rank("write"));
  // A review shows whether its author may push; only more than that costs a request.
  if (isEnough && mayWrite.has(actor.id)) return "write";
  const key = `permission:${client.repository.id}:${actor.id}`;
  const under = [tags.permission(client.repository.id), tags.organization(client.repository.owner)];
  return client.lookups.remember(key, under, async () => {
    const shape = z.object({
      permission: z.string(),
      role_name: z.string().optional(),
      user: z.object({ id: z.int() }).nullish(),
    });
    const route = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";
    const answer = await askIfExists(
      client.github,
      route,
      { ...place(client.repository), username: actor.login },
      shape,
      [403, 404],
    );
    // A login may have gone to someone else meanwhile.
    if (answer === null || (answer.data.user != null && answer.data.user.id !== actor.id)) return "unknown";
    return permissionFrom(answer.data.role_name) ?? permissionFrom(answer.data.permission) ?? "unknown";
  });
}

/** A custom role has a name of its own: then the plain permission GitHub gives beside it counts. */
function permissionFrom(name: string | undefined): Permission | null {
  return PERMISSIONS.find((permission) => permission === name) ?? null;
}

function rank(permission: Permission): number {
  return PERMISSIONS.indexOf(permission);
}

/** Lists the members of a team (`organisation/team`) and of those below it. Null: GitHub does not show them all. Remembered for a while. */
export function teamMembers(
  github: GitHub,
  team: string,
  lookups: Lookups,
): Promise<readonly Actor[] | null> {
  const [org = "", slug = ""] = team.split("/");
  return lookups.remember(`team-members:${team}`, [tags.team(team), tags.organization(org)], () =>
    members(github, "GET /orgs/{org}/teams/{team_slug}/members", { org, team_slug: slug }),
  );
}

/** Lists the members of an organisation; null: GitHub does not show them, or not all. Remembered for a while. */
export function organizationMembers(
  github: GitHub,
  org: string,
  lookups: Lookups,
): Promise<readonly Actor[] | null> {
  return lookups.remember(`organization-members:${org}`, [tags.organization(org)], () =>
    members(github, "GET /orgs/{org}/members", { org }),
  );
}

/** Null where GitHub does not show the list, or not all of it: then membership is unknown. */
async function members(
  github: GitHub,
  route: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<readonly Actor[] | null> {
  try {
    const list = await askAllPages(github, route, parameters, Members);
    return list.isWhole ? list.entries.flat() : null;
  } catch (error) {
    if (error instanceof ExternalError && error.code === "github-refused" && !error.retry) return null;
    throw error;
  }
}

function collaborators(client: CachedClient, permission: Permission): Promise<Listing<Actor>> {
  const key = `collaborators:${client.repository.id}:${permission}`;
  const under = [tags.permission(client.repository.id), tags.organization(client.repository.owner)];
  return client.lookups.remember(key, under, async () => {
    const asked = { ...place(client.repository), permission: OLD_NAMES[permission] };
    try {
      const list = await askAllPages(
        client.github,
        "GET /repos/{owner}/{repo}/collaborators",
        asked,
        Members,
        1,
      );
      return listing((list.isWhole ? list.entries : list.seen).flat(), list.isWhole);
    } catch (error) {
      // Naming people is a courtesy: the text is written without them.
      if (error instanceof ExternalError && error.code === "github-refused" && !error.retry) return NOTHING;
      throw error;
    }
  });
}

async function settled(
  groups: readonly { readonly name: string; readonly members: Promise<readonly Actor[] | null> }[],
): Promise<readonly { readonly name: string; readonly ids: ReadonlySet<number> | null }[]> {
  return Promise.all(
    groups.map(async ({ name, members: reading }) => {
      const found = await reading;
      return { name, ids: found === null ? null : new Set(found.map(({ id }) => id)) };
    }),
  );
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names.map((name) => name.toLowerCase()))];
}
