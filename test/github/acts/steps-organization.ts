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
import { ownerOf, personOf, step, StepError, type Scene, type StepKind } from "./step.ts";
import { deleteTeam, deleteUser, needOwner, setRole, setTeamMember, setTeamRole, teamOf } from "./teams.ts";
import { environmentOf } from "./deployments.ts";

const personKey = { person: z.string() };
const REPOSITORY_KEYS = {
  to: z.string().optional(),
  visibility: z.enum(["public", "private", "internal"]).optional(),
};

/** The steps, by name. */
export const ORGANIZATION_STEPS: Readonly<Record<string, StepKind>> = {
  "add-to-team": step({ ...personKey, team: z.string() }, (scene, { person, team }) => {
    member(scene, person, team, true);
    return undefined;
  }),
  "remove-from-team": step({ ...personKey, team: z.string() }, (scene, { person, team }) => {
    member(scene, person, team, false);
    return undefined;
  }),
  "set-permission": step({ ...personKey, permission: z.enum(ROLES) }, (scene, { person, permission }) => {
    const { world, repository, actor } = scene;
    needRole(world, repository, actor, "admin");
    setRole(world, repository, personOf(world, person), permission, actor);
    return undefined;
  }),
  "set-team-permission": step(
    { team: z.string(), permission: z.enum(ROLES) },
    (scene, { team, permission }) => {
      const { world, organization, repository, actor } = scene;
      needRole(world, repository, actor, "admin");
      setTeamRole(world, repository, organization, teamOf(world, organization, team), permission, actor);
      return undefined;
    },
  ),
  "delete-team": step({ team: z.string() }, (scene, { team }) => {
    const { world, organization, actor } = scene;
    needOwner(world, organization, actor);
    deleteTeam(world, organization, teamOf(world, organization, team), actor);
    return undefined;
  }),
  "rename-user": step({ person: z.string(), to: z.string() }, (scene, { person, to }) => {
    // Names are given up and taken by others; the account stays the same.
    personOf(scene.world, person).login = to;
    return undefined;
  }),
  "replace-team": step({ team: z.string(), person: z.string() }, (scene, { team, person }) => {
    const { world, organization } = scene;
    const slug = team.replace(/^.*\//u, "");
    const old = world.team(organization.id, slug);
    if (old !== undefined) world.teams.delete(old.id);
    teamOf(world, organization, slug).members.set(personOf(world, person).id, "member");
    return undefined;
  }),
  "delete-user": step(personKey, (scene, { person }) => {
    // Whoever leaves deletes the account; nobody else is asked.
    const gone = personOf(scene.world, person);
    deleteUser(scene.world, scene.organization, gone, ownerOf(scene.world));
    return undefined;
  }),
  uninstall: step({}, (scene) => {
    needOwner(scene.world, scene.organization, scene.actor);
    uninstall(scene.world, installationOf(scene), scene.actor);
    return undefined;
  }),
  install: step({}, (scene) => {
    needOwner(scene.world, scene.organization, scene.actor);
    const app = scene.world.hookedApp();
    if (app === undefined) throw new StepError("there is no App to install");
    install(scene.world, app, scene.organization, scene.actor, "all");
    return undefined;
  }),
  suspend: step({}, (scene) => {
    needOwner(scene.world, scene.organization, scene.actor);
    setSuspended(scene.world, installationOf(scene), scene.actor, true);
    return undefined;
  }),
  unsuspend: step({}, (scene) => {
    needOwner(scene.world, scene.organization, scene.actor);
    setSuspended(scene.world, installationOf(scene), scene.actor, false);
    return undefined;
  }),
  "set-app-permissions": step(
    { permissions: z.record(z.string(), z.enum(["none", "read", "write"])).optional() },
    (scene, { permissions }) => {
      needOwner(scene.world, scene.organization, scene.actor);
      const installation = installationOf(scene);
      const merged = { ...installation.permissions, ...permissions };
      const kept = Object.entries(merged).flatMap(([name, level]) =>
        level === "none" ? [] : [[name, level] as const],
      );
      setPermissions(scene.world, installation, scene.actor, Object.fromEntries(kept));
      return undefined;
    },
  ),
  "set-webhook": step({ url: z.string().optional(), secret: z.string().optional() }, (scene, given) => {
    needOwner(scene.world, scene.organization, scene.actor);
    const hook = scene.world.hookedApp()?.hook;
    if (hook == null) throw new StepError("the App has no webhook");
    hook.url = given.url ?? hook.url;
    hook.secret = given.secret ?? hook.secret;
    return undefined;
  }),
  "add-repository": step(REPOSITORY_KEYS, (scene) => {
    needOwner(scene.world, scene.organization, scene.actor);
    setReach(scene.world, installationOf(scene), scene.actor, scene.repository, true);
    return undefined;
  }),
  "remove-repository": step(REPOSITORY_KEYS, (scene) => {
    needOwner(scene.world, scene.organization, scene.actor);
    setReach(scene.world, installationOf(scene), scene.actor, scene.repository, false);
    return undefined;
  }),
  "rename-repository": step({ ...REPOSITORY_KEYS, to: z.string() }, (scene, { to }) => {
    needRole(scene.world, scene.repository, scene.actor, "admin");
    renameRepository(scene.world, scene.repository, scene.actor, to);
    return { repository: to };
  }),
  "transfer-repository": step({ ...REPOSITORY_KEYS, to: z.string() }, (scene, { to }) => {
    needRole(scene.world, scene.repository, scene.actor, "admin");
    const person = scene.world.people.get(to);
    const owner = person === undefined ? otherOrganization(scene.world, to) : scene.world.account(person);
    transferRepository(scene.world, scene.repository, scene.actor, owner);
    return undefined;
  }),
  "archive-repository": step(REPOSITORY_KEYS, (scene) => {
    if (!scene.repository.archived) needRole(scene.world, scene.repository, scene.actor, "admin");
    setArchived(scene.world, scene.repository, scene.actor, true);
    return undefined;
  }),
  "set-topics": step({ topics: z.array(z.string()) }, (scene, { topics }) => {
    needRole(scene.world, scene.repository, scene.actor, "admin");
    setTopics(scene.world, scene.repository, scene.actor, topics);
    return undefined;
  }),
  "publish-repository": step(REPOSITORY_KEYS, (scene, { visibility }) => {
    needRole(scene.world, scene.repository, scene.actor, "admin");
    setVisibility(scene.world, scene.repository, scene.actor, visibility ?? "public");
    return undefined;
  }),
  "delete-repository": step(REPOSITORY_KEYS, (scene) => {
    needRole(scene.world, scene.repository, scene.actor, "admin");
    deleteRepository(scene.world, scene.repository, scene.actor);
    return undefined;
  }),
};

/** Makes a repository with the default ruleset; the only step whose repository need not be there yet. */
export function createRepository(
  scene: Omit<Scene, "repository">,
  name: string,
  given: unknown,
): { readonly repository: string } {
  const { visibility } = z.object(REPOSITORY_KEYS).parse(given);
  const { world, organization, actor } = scene;
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

function member(scene: Scene, person: string, name: string, isMember: boolean): void {
  const { world, organization, actor } = scene;
  needOwner(world, organization, actor);
  const team = teamOf(world, organization, name);
  setTeamMember(world, organization, team, personOf(world, person), actor, isMember);
}

function installationOf(scene: Scene): Installation {
  const app = scene.world.hookedApp();
  for (const one of scene.world.installations.values())
    if (one.appId === app?.id && one.accountId === scene.organization.id && !one.deleted) return one;
  throw new StepError("the App is not installed");
}
