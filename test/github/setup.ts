/** The organization every story plays in: its people, its repositories with their rules, and the App installed. */

import { parse, stringify } from "yaml";
import { z } from "zod";
import { firstCommit, makeRepository } from "./acts/repositories.ts";
import { environmentOf } from "./acts/deployments.ts";
import { install } from "./acts/installations.ts";
import { noreply } from "./acts/people.ts";
import { openPull } from "./acts/pulls.ts";
import { makeCommit, pushTo } from "./acts/pushes.ts";
import { review } from "./acts/reviews.ts";
import { createRuleset } from "./acts/settings.ts";
import { teamOf } from "./acts/teams.ts";
import { mergePull } from "./merge.ts";
import type { Account, App, Organization, Repository, Role, Rule } from "./model.ts";
import { ROLES } from "./model.ts";
import { GHOST, WEB_FLOW, World } from "./world.ts";

/** Where a policy file lives, in a repository and in the organization's `.github` repository. */
export const POLICY_PATH = ".github/countersign.yml";

const PolicySchema = z.union([z.string(), z.record(z.string(), z.unknown())]);

const PersonSchema = z.strictObject({
  permission: z.enum(ROLES).optional(),
  teams: z.array(z.string()).optional(),
  app: z.string().optional(),
  email: z.string().optional(),
  "same-person-as": z.string().optional(),
});

const RepositorySchema = z.strictObject({
  policy: PolicySchema.optional(),
  visibility: z.enum(["public", "private", "internal"]).optional(),
  defaultBranch: z.string().optional(),
  topics: z.array(z.string()).optional(),
  /** `false`: no ruleset. */
  ruleset: z.boolean().optional(),
});

/** What `POST /_double/setup` takes. Policies are objects (written as YAML) or the very text. */
export const SetupSchema = z.strictObject({
  start: z.string(),
  seed: z.number().int().optional(),
  organization: z.string().optional(),
  people: z.record(z.string(), PersonSchema.nullable()).optional(),
  policy: PolicySchema.nullable().optional(),
  repositories: z.record(z.string(), RepositorySchema.nullable()).optional(),
  /** Absent: none is registered. */
  app: z
    .strictObject({
      id: z.number().int(),
      slug: z.string().optional(),
      publicKey: z.string(),
      webhookSecret: z.string(),
      webhookUrl: z.string(),
      permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
      events: z.array(z.string()).optional(),
      /** What people sign in through it with. Default: they cannot. */
      signIn: z
        .strictObject({ clientId: z.string(), clientSecret: z.string(), callbackUrls: z.array(z.string()) })
        .optional(),
      /** Repositories it is installed on; default: all. */
      repositories: z.array(z.string()).optional(),
    })
    .optional(),
  /** The person who is signed in on GitHub in the browser, and lets apps know who they are. Default: nobody. */
  signedIn: z.string().optional(),
  /** GitHub's documented secondary limits hold, in real time: what is over one is refused, and a breach. Default: false. */
  secondaryLimits: z.boolean().optional(),
  /** Requests an hour of real time; years acted out in minutes need more than GitHub's 5,000. */
  hourlyLimit: z.number().int().optional(),
  /** Keep from the start what everything was before each write, for answers that lag. */
  versions: z.boolean().optional(),
});

/** How the world of a story begins. */
export type Setup = z.infer<typeof SetupSchema>;

/** The check the default ruleset requires. */
export const CHECK_NAME = "countersign";

/** The login of the account that owns the organization; steps without `by` are done by it. */
export const OWNER_LOGIN = "acme-owner";

const OWNER_ID = 5000;

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

/** What the App may do unless the setup says otherwise. */
export const DEFAULT_PERMISSIONS = {
  actions: "read",
  administration: "read",
  checks: "write",
  contents: "read",
  deployments: "write",
  issues: "write",
  members: "read",
  merge_queues: "read",
  metadata: "read",
  pull_requests: "write",
  statuses: "read",
} as const;

/** What the App hears of unless the setup says otherwise: all the double can send. */
export const DEFAULT_EVENTS = [
  "branch_protection_configuration",
  "branch_protection_rule",
  "check_run",
  "check_suite",
  "create",
  "delete",
  "deploy_key",
  "deployment",
  "deployment_protection_rule",
  "deployment_review",
  "deployment_status",
  "issue_comment",
  "issues",
  "member",
  "membership",
  "merge_group",
  "organization",
  "public",
  "pull_request",
  "pull_request_review",
  "push",
  "release",
  "repository",
  "repository_ruleset",
  "status",
  "team",
  "team_add",
  "workflow_run",
] as const;

/** Builds the world of a story. Its webhooks (`installation.created`) wait in the outbox. */
export function buildWorld(
  setup: Setup,
  options: { readonly apiUrl?: string; readonly webUrl?: string; readonly folder?: string } = {},
): World {
  const world = new World({
    ...options,
    // The organization was there before the story, and the App was installed a minute before its first step.
    start: Date.parse(setup.start) - DAY,
    ...(setup.seed === undefined ? {} : { seed: setup.seed }),
  });
  if (setup.hourlyLimit !== undefined) world.hourlyLimit = setup.hourlyLimit;
  addServiceAccounts(world);
  const owner = addAccount(world, OWNER_LOGIN, { id: OWNER_ID });
  const organization = addOrganization(world, setup.organization ?? "acme", owner);
  for (const [name, person] of Object.entries(setup.people ?? {}))
    addPerson(world, organization, name, person ?? {});
  world.signedInId = setup.signedIn === undefined ? null : (world.people.get(setup.signedIn) ?? null);
  const app = setup.app === undefined ? null : addHookedApp(world, owner, setup.app);
  const wanted: NonNullable<Setup["repositories"]> = { web: null, ...setup.repositories };
  addRepositories(world, organization, owner, app, { repositories: wanted, policy: setup.policy });
  if (setup.policy != null) addPolicy(world, organization, owner, setup.policy);
  const chosen = setup.app?.repositories?.map(
    (name) => world.repository(organization.login, name)?.repository,
  );
  world.setClock(Date.parse(setup.start) - MINUTE);
  if (app !== null)
    install(world, app, organization, owner, chosen?.filter((one) => one !== undefined) ?? "all");
  world.setClock(Date.parse(setup.start));
  return world;
}

/** Adds an organization with the App installed on all its repositories, of the same owner as the first and with the same people. */
export function addInstalledOrganization(
  world: World,
  login: string,
  wanted: Pick<Setup, "repositories" | "policy">,
): Organization {
  const app = world.hookedApp();
  if (app === undefined) throw new Error("no app is registered");
  const organization = otherOrganization(world, login);
  const owner = world.account(OWNER_ID);
  for (const id of world.people.values()) organization.members.set(id, "member");
  addRepositories(world, organization, owner, app, wanted);
  if (wanted.policy != null) addPolicy(world, organization, owner, wanted.policy);
  install(world, app, organization, owner, "all");
  return organization;
}

function addRepositories(
  world: World,
  organization: Organization,
  owner: Account,
  app: App | null,
  { repositories = {}, policy }: Pick<Setup, "repositories" | "policy">,
): void {
  for (const [name, one] of Object.entries(repositories)) {
    const repository = addRepository(world, organization, owner, name, {
      visibility: one?.visibility,
      defaultBranch: one?.defaultBranch,
      policy: one?.policy,
    });
    repository.topics.push(...(one?.topics ?? []));
    if (app !== null && one?.ruleset !== false)
      addRuleset(world, repository, owner, app, productionBranches(policy));
    environmentOf(world, repository, "production");
  }
}

/** The organization's policy. Where it names who approved something, it came by a pull request of `.github` that these approved. */
function addPolicy(
  world: World,
  organization: Organization,
  owner: Account,
  policy: string | Readonly<Record<string, unknown>>,
): void {
  const approvers = approversIn(typeof policy === "string" ? readYaml(policy) : policy).flatMap((login) => {
    const id = world.people.get(login);
    return id === undefined ? [] : [world.account(id)];
  });
  if (approvers.length === 0) {
    addRepository(world, organization, owner, ".github", { policy });
    return;
  }
  const repository = addRepository(world, organization, owner, ".github", {});
  const base = repository.defaultBranch;
  const onto = world.git(repository).branch(base);
  if (onto === null) throw new Error("a new repository has a first commit");
  const files = { [POLICY_PATH]: policyText(policy) };
  const message = "Add the policy";
  const commit = makeCommit(world, repository, { parents: [onto], onto, files, message, by: owner });
  pushTo(world, repository, { actor: owner }, "policy", commit, false);
  const pull = openPull(world, repository, owner, {
    title: message,
    base,
    head: { repository, branch: "policy" },
  });
  for (const approver of approvers)
    if (world.may(approver, "read", repository))
      review(world, repository, pull, approver, { state: "APPROVED" });
  mergePull(world, repository, pull, { actor: owner }, { method: "merge" });
}

const APPROVED_BY = z.array(z.object({ "approved-by": z.string() })).catch([]);
const Approved = z
  .object({ "standard-changes": APPROVED_BY, exemptions: APPROVED_BY })
  .catch({ "standard-changes": [], exemptions: [] });

function approversIn(policy: unknown): readonly string[] {
  const { exemptions, "standard-changes": standard } = Approved.parse(policy);
  return [...new Set([...exemptions, ...standard].map((each) => each["approved-by"]))];
}

/** The text of a policy file. */
export function policyText(policy: string | Readonly<Record<string, unknown>>): string {
  return typeof policy === "string" ? policy : stringify(policy);
}

function addServiceAccounts(world: World): void {
  addAccount(world, GHOST.login, { id: GHOST.id });
  addAccount(world, WEB_FLOW.login, { id: WEB_FLOW.id, email: "noreply@github.com", name: "GitHub" });
  const github = addAccount(world, "github", { id: 9919 });
  addApp(world, github, "github-actions", { id: 15368, botId: 41898282 });
  addApp(world, github, "github-merge-queue", { id: 29110, botId: 118344674 });
  addApp(world, github, "dependabot", { id: 29110 + 1, botId: 49699333 });
}

/** Adds an account; `id` unless the next one is meant. */
export function addAccount(
  world: World,
  login: string,
  details: {
    readonly id?: number;
    readonly email?: string | undefined;
    readonly name?: string;
    readonly type?: "User" | "Bot";
    readonly appId?: number;
  } = {},
): Account {
  const type = details.type ?? "User";
  const { id, nodeId } = world.identity(type, details.id);
  const account: Account = world.register(type, {
    id,
    nodeId,
    login,
    type,
    name: details.name ?? null,
    email: details.email ?? null,
    emails: new Set(
      [details.email, noreply({ id, login }), `${login}@users.noreply.github.com`]
        .filter((email) => email !== undefined)
        .map((email) => email.toLowerCase()),
    ),
    appId: details.appId ?? null,
    createdAt: world.now(),
    deleted: false,
  });
  world.accounts.set(id, account);
  return account;
}

function addOrganization(world: World, login: string, owner: Account): Organization {
  const organization: Organization = world.register("Organization", {
    ...world.identity("Organization"),
    login,
    type: "Organization",
    name: login,
    description: null,
    createdAt: world.now(),
    members: new Map([[owner.id, "admin"]]),
    baseRole: "read",
    rulesets: [],
  });
  world.organizations.set(organization.id, organization);
  return organization;
}

/** Adds another organization, as the goal of a transfer. */
export function otherOrganization(world: World, login: string): Organization {
  const owner = world.accountByLogin(OWNER_LOGIN) ?? addAccount(world, OWNER_LOGIN, { id: OWNER_ID });
  return world.organization(login) ?? addOrganization(world, login, owner);
}

function addPerson(
  world: World,
  organization: Organization,
  name: string,
  person: z.infer<typeof PersonSchema>,
): void {
  if (person.app !== undefined) {
    const app = appNamed(world, person.app);
    world.people.set(name, app.botId);
    rememberRole(world, app.botId, person.permission ?? "write");
    return;
  }
  const account = addAccount(world, name, { email: person.email ?? `${name}@example.com` });
  world.people.set(name, account.id);
  if (person.permission !== "none") organization.members.set(account.id, "member");
  rememberRole(world, account.id, person.permission ?? "none");
  for (const team of person.teams ?? []) teamOf(world, organization, team).members.set(account.id, "member");
}

const ROLES_EVERYWHERE = new WeakMap<World, Map<number, Role>>();

function rememberRole(world: World, accountId: number, role: Role): void {
  const roles = ROLES_EVERYWHERE.get(world) ?? new Map<number, Role>();
  ROLES_EVERYWHERE.set(world, roles.set(accountId, role));
}

/** The app of a slug, made (with its bot) if it is missing. */
export function appNamed(world: World, slug: string): App {
  const owner = world.accountByLogin("github") ?? world.account(GHOST.id);
  return world.appBySlug(slug) ?? addApp(world, owner, slug, {});
}

/** Adds an app and its bot. */
export function addApp(
  world: World,
  owner: Pick<Account, "id">,
  slug: string,
  details: Partial<
    Pick<
      App,
      | "name"
      | "description"
      | "publicKey"
      | "clientId"
      | "clientSecret"
      | "callbackUrls"
      | "hook"
      | "permissions"
      | "events"
    >
  > & {
    readonly id?: number;
    readonly botId?: number;
  },
): App {
  const { id, nodeId } = world.identity("App", details.id);
  const bot = addAccount(world, `${slug}[bot]`, {
    type: "Bot",
    appId: id,
    ...(details.botId === undefined ? {} : { id: details.botId }),
  });
  const app: App = world.register("App", {
    id,
    nodeId,
    slug,
    name: details.name ?? slug,
    description: details.description ?? "",
    clientId: details.clientId ?? `Iv23li${String(id).padStart(14, "0")}`,
    ownerId: owner.id,
    botId: bot.id,
    publicKey: details.publicKey ?? null,
    clientSecret: details.clientSecret ?? null,
    callbackUrls: details.callbackUrls ?? [],
    hook: details.hook ?? null,
    permissions: details.permissions ?? { checks: "write", metadata: "read" },
    events: details.events ?? [],
    createdAt: world.now(),
    updatedAt: world.now(),
  });
  world.apps.set(app.id, app);
  return app;
}

function addHookedApp(world: World, owner: Account, wanted: NonNullable<Setup["app"]>): App {
  return addApp(world, owner, wanted.slug ?? "countersign", {
    id: wanted.id,
    publicKey: wanted.publicKey,
    hook: { url: wanted.webhookUrl, secret: wanted.webhookSecret },
    permissions: wanted.permissions ?? DEFAULT_PERMISSIONS,
    events: wanted.events ?? DEFAULT_EVENTS,
    ...wanted.signIn,
  });
}

/** Adds a repository of the organization with its first commit; everyone has the role there that they have everywhere. */
export function addRepository(
  world: World,
  organization: Organization,
  owner: Account,
  name: string,
  wanted: {
    readonly visibility?: Repository["visibility"] | undefined;
    readonly defaultBranch?: string | undefined;
    readonly policy?: string | Readonly<Record<string, unknown>> | undefined;
  },
): Repository {
  const repository = makeRepository(world, organization, {
    name,
    ...(wanted.visibility === undefined ? {} : { visibility: wanted.visibility }),
    ...(wanted.defaultBranch === undefined ? {} : { defaultBranch: wanted.defaultBranch }),
  });
  for (const [id, role] of ROLES_EVERYWHERE.get(world) ?? [])
    if (role !== "none") repository.collaborators.set(id, role);
  firstCommit(world, repository, owner, {
    "README.md": `# ${name}\n`,
    ...(wanted.policy === undefined ? {} : { [POLICY_PATH]: policyText(wanted.policy) }),
  });
  return repository;
}

/** Puts the ruleset that goes with the App's default policy on a repository. */
export function addRuleset(
  world: World,
  repository: Repository,
  owner: Account,
  app: App,
  branches: readonly string[],
): void {
  createRuleset(world, repository, owner, {
    name: "countersign",
    target: "branch",
    enforcement: "active",
    bypassActors: [],
    conditions: { include: branches, exclude: [] },
    rules: defaultRules(app),
  });
}

/** Pull requests required, the App's check pinned to the App, no force pushes, no deletion. */
export function defaultRules(app: App): Rule[] {
  return [
    { type: "deletion" },
    { type: "non_fast_forward" },
    {
      type: "pull_request",
      parameters: {
        required_approving_review_count: 0,
        dismiss_stale_reviews_on_push: false,
        require_code_owner_review: false,
        require_last_push_approval: false,
        required_review_thread_resolution: false,
        allowed_merge_methods: ["merge", "squash", "rebase"],
      },
    },
    {
      type: "required_status_checks",
      parameters: {
        strict_required_status_checks_policy: false,
        do_not_enforce_on_create: true,
        required_status_checks: [{ context: CHECK_NAME, integration_id: app.id }],
      },
    },
  ];
}

/** The branches a policy guards, as patterns of a ruleset; the default branch if it names none or cannot be read. */
function productionBranches(policy: Setup["policy"]): string[] {
  const Named = z.object({ production: z.object({ branches: z.array(z.string()) }) });
  const named = Named.safeParse(typeof policy === "string" ? readYaml(policy) : policy);
  const patterns = named.success ? named.data.production.branches : [];
  return ["~DEFAULT_BRANCH", ...patterns.map((pattern) => `refs/heads/${pattern}`)];
}

function readYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}
