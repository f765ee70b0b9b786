/** The steps of stories that concern people, repositories and the App's installation. */

import { z } from "zod";
import type { Installation } from "../model.ts";
import { ROLES } from "../model.ts";
import { addRepository, addRuleset, otherOrganization } from "../setup.ts";
import { install, setPermissions, setReach, setSuspended, uninstall } from "./installations.ts";
import { needRole } from "./pulls.ts";
import {
  deleteRepository,
  renameRepository,
  setArchived,
  setTopics,
  setVisibility,
  tellReach,
  tellRepository,
  transferRepository,
} from "./repositories.ts";
import { ownerOf, personOf, step, StepError, type StepContext, type StepKind } from "./step.ts";
import { deleteTeam, deleteUser, needOwner, setRole, setTeamMember, setTeamRole, teamOf } from "./teams.ts";
import { environmentOf } from "./deployments.ts";

const personKey = { person: z.string() };
const REPOSITORY_KEYS = {
  to: z.string().optional(),
  visibility: z.enum(["public", "private", "internal"]).optional(),
};

/** The steps, by name. */
export const ORGANIZATION_STEPS: Readonly<Record<string, StepKind>> = {
  "add-to-team": step({ ...personKey, team: z.string() }, (context, { person, team }) => {
    member(context, person, team, true);
    return undefined;
  }),
  "remove-from-team": step({ ...personKey, team: z.string() }, (context, { person, team }) => {
    member(context, person, team, false);
    return undefined;
  }),
  "set-permission": step({ ...personKey, permission: z.enum(ROLES) }, (context, { person, permission }) => {
    const { world, repository, actor } = context;
    needRole(world, repository, actor, "admin");
    setRole(world, repository, personOf(world, person), permission, actor);
    return undefined;
  }),
  "set-team-permission": step(
    { team: z.string(), permission: z.enum(ROLES) },
    (context, { team, permission }) => {
      const { world, organization, repository, actor } = context;
      needRole(world, repository, actor, "admin");
      setTeamRole(world, repository, organization, teamOf(world, organization, team), permission, actor);
      return undefined;
    },
  ),
  "delete-team": step({ team: z.string() }, (context, { team }) => {
    const { world, organization, actor } = context;
    needOwner(world, organization, actor);
    deleteTeam(world, organization, teamOf(world, organization, team), actor);
    return undefined;
  }),
  "rename-user": step({ person: z.string(), to: z.string() }, (context, { person, to }) => {
    // Names are given up and taken by others; the account stays the same.
    personOf(context.world, person).login = to;
    return undefined;
  }),
  "replace-team": step({ team: z.string(), person: z.string() }, (context, { team, person }) => {
    const { world, organization } = context;
    const slug = team.replace(/^.*\//u, "");
    const old = world.team(organization.id, slug);
    if (old !== undefined) world.teams.delete(old.id);
    teamOf(world, organization, slug).members.set(personOf(world, person).id, "member");
    return undefined;
  }),
  "delete-user": step(personKey, (context, { person }) => {
    // Whoever leaves deletes the account; nobody else is asked.
    const gone = personOf(context.world, person);
    deleteUser(context.world, context.organization, gone, ownerOf(context.world));
    return undefined;
  }),
  uninstall: step({}, (context) => {
    needOwner(context.world, context.organization, context.actor);
    uninstall(context.world, installationOf(context), context.actor);
    return undefined;
  }),
  install: step({}, (context) => {
    needOwner(context.world, context.organization, context.actor);
    const app = context.world.hookedApp();
    if (app === undefined) throw new StepError("there is no App to install");
    install(context.world, app, context.organization, context.actor, "all");
    return undefined;
  }),
  suspend: step({}, (context) => {
    needOwner(context.world, context.organization, context.actor);
    setSuspended(context.world, installationOf(context), context.actor, true);
    return undefined;
  }),
  unsuspend: step({}, (context) => {
    needOwner(context.world, context.organization, context.actor);
    setSuspended(context.world, installationOf(context), context.actor, false);
    return undefined;
  }),
  "set-app-permissions": step(
    { permissions: z.record(z.string(), z.enum(["none", "read", "write"])).optional() },
    (context, { permissions }) => {
      needOwner(context.world, context.organization, context.actor);
      const installation = installationOf(context);
      const merged = { ...installation.permissions, ...permissions };
      const kept = Object.entries(merged).flatMap(([name, level]) =>
        level === "none" ? [] : [[name, level] as const],
      );
      setPermissions(context.world, installation, context.actor, Object.fromEntries(kept));
      return undefined;
    },
  ),
  "set-webhook": step({ url: z.string().optional(), secret: z.string().optional() }, (context, given) => {
    needOwner(context.world, context.organization, context.actor);
    const hook = context.world.hookedApp()?.hook;
    if (hook == null) throw new StepError("the App has no webhook");
    hook.url = given.url ?? hook.url;
    hook.secret = given.secret ?? hook.secret;
    return undefined;
  }),
  "add-repository": step(REPOSITORY_KEYS, (context) => {
    needOwner(context.world, context.organization, context.actor);
    setReach(context.world, installationOf(context), context.actor, context.repository, true);
    return undefined;
  }),
  "remove-repository": step(REPOSITORY_KEYS, (context) => {
    needOwner(context.world, context.organization, context.actor);
    setReach(context.world, installationOf(context), context.actor, context.repository, false);
    return undefined;
  }),
  "rename-repository": step({ ...REPOSITORY_KEYS, to: z.string() }, (context, { to }) => {
    needRole(context.world, context.repository, context.actor, "admin");
    renameRepository(context.world, context.repository, context.actor, to);
    return { repository: to };
  }),
  "transfer-repository": step({ ...REPOSITORY_KEYS, to: z.string() }, (context, { to }) => {
    needRole(context.world, context.repository, context.actor, "admin");
    const person = context.world.people.get(to);
    const owner = person === undefined ? otherOrganization(context.world, to) : context.world.account(person);
    transferRepository(context.world, context.repository, context.actor, owner);
    return undefined;
  }),
  "archive-repository": step(REPOSITORY_KEYS, (context) => {
    if (!context.repository.archived) needRole(context.world, context.repository, context.actor, "admin");
    setArchived(context.world, context.repository, context.actor, true);
    return undefined;
  }),
  "set-topics": step({ topics: z.array(z.string()) }, (context, { topics }) => {
    needRole(context.world, context.repository, context.actor, "admin");
    setTopics(context.world, context.repository, context.actor, topics);
    return undefined;
  }),
  "publish-repository": step(REPOSITORY_KEYS, (context, { visibility }) => {
    needRole(context.world, context.repository, context.actor, "admin");
    setVisibility(context.world, context.repository, context.actor, visibility ?? "public");
    return undefined;
  }),
  "delete-repository": step(REPOSITORY_KEYS, (context) => {
    needRole(context.world, context.repository, context.actor, "admin");
    deleteRepository(context.world, context.repository, context.actor);
    return undefined;
  }),
};

/** Makes a repository with the default ruleset; the only step whose repository need not be there yet. */
export function createRepository(
  context: Omit<StepContext, "repository">,
  name: string,
  given: unknown,
): { readonly repository: string } {
  const { visibility } = z.object(REPOSITORY_KEYS).parse(given);
  const { world, organization, actor } = context;
  const repository = addRepository(world, organization, actor, name, { visibility });
  repository.collaborators.set(actor.id, "admin");
  tellRepository(world, repository, actor, "created");
  const app = world.hookedApp();
  const installation = [...world.installations.values()].find(
    (one) => one.appId === app?.id && one.accountId === organization.id && !one.deleted,
  );
  if (installation?.repositorySelection === "all") tellReach(world, repository, actor, "added");
  if (app !== undefined) addRuleset(world, repository, actor, app, ["~DEFAULT_BRANCH"]);
  environmentOf(world, repository, "production");
  return { repository: name };
}

function member(context: StepContext, person: string, name: string, isMember: boolean): void {
  const { world, organization, actor } = context;
  needOwner(world, organization, actor);
  const team = teamOf(world, organization, name);
  setTeamMember(world, organization, team, personOf(world, person), actor, isMember);
}

function installationOf(context: StepContext): Installation {
  const app = context.world.hookedApp();
  for (const one of context.world.installations.values())
    if (one.appId === app?.id && one.accountId === context.organization.id && !one.deleted) return one;
  throw new StepError("the App is not installed");
}
