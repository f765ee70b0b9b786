import { createCheckRun, createStatus } from "../acts/checks.ts";
import { createDeployment, createDeploymentStatus } from "../acts/deployments.ts";
import { openPull } from "../acts/pulls.ts";
import { firstCommit, makeRepository } from "../acts/repositories.ts";
import { updateRef } from "../acts/refs.ts";
import type { FileChanges } from "../git.ts";
import type {
  Account,
  App,
  Installation,
  Organization,
  Permissions,
  PullRequest,
  Repository,
  Sha,
  Team,
} from "../model.ts";
import { GHOST, WEB_FLOW, World } from "../world.ts";

/** A small organization to ask questions about: `acme/web` with an App installed, ann and bob who may write, and one pull request. */
export interface Fixture {
  readonly world: World;
  readonly acme: Organization;
  readonly web: Repository;
  readonly core: Team;
  readonly ann: Account;
  readonly bob: Account;
  readonly app: App;
  readonly installation: Installation;
  readonly pull: PullRequest;
  readonly first: Sha;
}

/** Everything the App may ask for at most. */
export const ALL_PERMISSIONS: Permissions = {
  metadata: "read",
  contents: "read",
  statuses: "write",
  checks: "write",
  issues: "write",
  pull_requests: "write",
  deployments: "write",
  actions: "read",
  members: "read",
  administration: "read",
};

/** The token the fixture's App holds. */
export const TOKEN = "ghs_fixture";

/** Makes the organization; the caller closes `world`. */
export function fixture(permissions: Permissions = ALL_PERMISSIONS): Fixture {
  const world = new World({ start: Date.parse("2026-07-06T09:00:00Z") });
  account(world, "ghost", "User", GHOST.id);
  account(world, "web-flow", "User", WEB_FLOW.id);
  const ann = account(world, "ann", "User");
  const bob = account(world, "bob", "User");
  const acme: Organization = world.register("Organization", {
    ...world.identity("Organization"),
    login: "acme",
    type: "Organization",
    name: "Acme",
    description: null,
    createdAt: world.now(),
    members: new Map([
      [ann.id, "member"],
      [bob.id, "admin"],
    ]),
    baseRole: "read",
    rulesets: [],
  });
  world.organizations.set(acme.id, acme);
  const { app, installation } = installed(world, acme, permissions);
  const web = makeRepository(world, acme, { name: "web", visibility: "private" });
  firstCommit(world, web, bob, { "README.md": "hello\n", "src/a.ts": "1\n" });
  web.collaborators.set(ann.id, "write");
  const core: Team = world.register("Team", {
    ...world.identity("Team"),
    organizationId: acme.id,
    slug: "core",
    name: "core",
    description: null,
    privacy: "closed",
    parentId: null,
    members: new Map([[bob.id, "member"]]),
    repositories: new Map([[web.id, "write"]]),
  });
  world.teams.set(core.id, core);
  const first = world.git(web).branch("main") ?? "";
  push(world, web, ann, "feature", { "src/a.ts": "2\n", "src/b.ts": { from: "README.md" } });
  const pull = openPull(world, web, ann, {
    title: "Count to two",
    body: "Because one is not enough.",
    base: "main",
    head: { repository: web, branch: "feature" },
    labels: [],
  });
  return { world, acme, web, core, ann, bob, app, installation, pull, first };
}

/** Adds a check run, a status and a deployment to the pull request's head. */
export function withChecks({ world, web, app, bob, pull }: Fixture): void {
  createCheckRun(world, web, app, pull.head.sha, {
    name: "countersign",
    conclusion: "failure",
    output: { title: "Waiting for 1 approval", summary: "From the team core.", text: null },
  });
  createStatus(world, web, bob, pull.head.sha, { state: "success", context: "build" });
  const deployment = createDeployment(world, web, bob, {
    sha: pull.head.sha,
    ref: "feature",
    environment: "production",
  });
  createDeploymentStatus(world, web, deployment, bob, { state: "success" });
}

/** One commit by `by` on top of a branch (made from the default branch when it is new). */
export function push(
  world: World,
  repository: Repository,
  by: Account,
  branch: string,
  files: FileChanges,
  message = "Change something",
): Sha {
  const git = world.git(repository);
  const before = git.branch(branch);
  const parent = before ?? git.branch(repository.defaultBranch);
  if (parent === null) throw new Error("an empty repository");
  const signature = { name: by.name ?? by.login, email: [...by.emails][0] ?? "", at: world.now() };
  const sha = git.createCommit({
    tree: git.change(parent, files),
    parents: [parent],
    author: signature,
    committer: signature,
    message,
  });
  updateRef(world, repository, { ref: `refs/heads/${branch}`, after: sha, actor: by });
  return sha;
}

function account(world: World, login: string, type: "User" | "Bot", wanted?: number): Account {
  const made: Account = world.register(type, {
    ...world.identity(type, wanted),
    login,
    type,
    name: login,
    email: null,
    emails: new Set([`${login}@example.com`]),
    appId: null,
    createdAt: world.now(),
    deleted: false,
  });
  world.accounts.set(made.id, made);
  return made;
}

function installed(
  world: World,
  acme: Organization,
  permissions: Permissions,
): { app: App; installation: Installation } {
  const bot = account(world, "countersign[bot]", "Bot");
  const app: App = world.register("App", {
    ...world.identity("App"),
    slug: "countersign",
    name: "Countersign",
    description: "",
    clientId: "Iv1.fixture",
    ownerId: acme.id,
    botId: bot.id,
    publicKey: null,
    hook: { url: "http://127.0.0.1:1/webhooks", secret: "fixture" },
    permissions,
    events: ALL_EVENTS,
    createdAt: world.now(),
    updatedAt: world.now(),
  });
  world.apps.set(app.id, app);
  const installation: Installation = world.register("Installation", {
    ...world.identity("Installation"),
    appId: app.id,
    accountId: acme.id,
    repositorySelection: "all",
    repositoryIds: new Set<number>(),
    permissions,
    events: ALL_EVENTS,
    suspendedAt: null,
    suspendedById: null,
    deleted: false,
    createdAt: world.now(),
    updatedAt: world.now(),
  });
  world.installations.set(installation.id, installation);
  world.tokens.set(TOKEN, {
    token: TOKEN,
    kind: "installation",
    installationId: installation.id,
    accountId: bot.id,
    permissions,
    repositoryIds: null,
    expiresAt: Number.MAX_SAFE_INTEGER,
  });
  return { app, installation };
}

const ALL_EVENTS = [
  "check_run",
  "check_suite",
  "create",
  "delete",
  "deployment",
  "deployment_status",
  "issue_comment",
  "issues",
  "pull_request",
  "pull_request_review",
  "push",
  "repository",
  "status",
];
