/** The one mutable state of the GitHub double, with its clock, ids and lookups. Nothing here decides or sends anything. */

import { randomUUID } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  Account,
  Activity,
  App,
  Conversion,
  Breach,
  CheckRun,
  Deployment,
  HookDelivery,
  Identified,
  Installation,
  Instant,
  Issue,
  OddWord,
  Organization,
  PullRequest,
  Repository,
  RequestFault,
  RequestRecord,
  Role,
  SignInCode,
  Team,
  Token,
  WebhookFault,
} from "./model.ts";
import { ROLES } from "./model.ts";
import { GitRepository } from "./git.ts";
import type { LagRule, Versions } from "./lag.ts";

/** In memory where the system has such a folder: what git is to see is needed for a moment only. */
const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** GitHub's own committer for what is done in the web interface. */
export const WEB_FLOW = { id: 19864447, login: "web-flow" } as const;

/** Shown in place of deleted accounts. */
export const GHOST = { id: 10137, login: "ghost" } as const;

/** The first person listed in a scenario gets this id, the next one more, and so on. */
export const FIRST_PERSON_ID = 5001;

/** Issues are numbered from here, pull requests from 1, so that scenarios can name pull requests by order. */
export const FIRST_ISSUE_NUMBER = 1001;

/** Deliveries are numbered from here: GitHub gives them integers of 64 bits. */
const FIRST_DELIVERY_ID = 3_804_004_623_172_239_366n;

/** The kinds of object, each with the prefix of its node ids and its first id. */
const KINDS = {
  User: ["U", FIRST_PERSON_ID],
  Bot: ["BOT", 8001],
  Organization: ["O", 9001],
  Team: ["T", 3001],
  Repository: ["R", 70001],
  Label: ["LA", 40001],
  PullRequest: ["PR", 110001],
  Issue: ["I", 120001],
  IssueComment: ["IC", 130001],
  Review: ["PRR", 140001],
  TimelineEvent: ["TE", 150001],
  Reaction: ["REA", 160001],
  CheckSuite: ["CS", 170001],
  CheckRun: ["CR", 180001],
  CommitStatus: ["SC", 190001],
  Deployment: ["DE", 210001],
  DeploymentStatus: ["DES", 220001],
  Gate: ["GA", 230001],
  Environment: ["EN", 240001],
  CustomRule: ["CDP", 250001],
  Ruleset: ["RRS", 260001],
  BranchProtection: ["BPR", 270001],
  Activity: ["PSH", 280001],
  MergeQueue: ["MQ", 290001],
  MergeQueueEntry: ["MQE", 300001],
  WorkflowRun: ["WFR", 310001],
  Release: ["RE", 320001],
  App: ["A", 600],
  Installation: ["IN", 330001],
  DeployKey: ["DK", 340001],
} as const satisfies Record<string, readonly [string, number]>;

/** A kind of object that has ids. */
export type Kind = keyof typeof KINDS;

/** How the world is made. `seed` fixes delivery ids and token texts; `folder` is where repositories live (default: a new temporary folder, removed by `close`). */
export interface WorldOptions {
  readonly start: Instant;
  readonly seed?: number;
  readonly folder?: string;
  /** Where links in answers point; no trailing slash. */
  readonly apiUrl?: string;
  readonly webUrl?: string;
  /** Real milliseconds, for tokens and rate limits. */
  readonly realNow?: () => number;
}

/** What a world holds. */
export type Holdings = Pick<
  World,
  "accounts" | "organizations" | "teams" | "repositories" | "apps" | "installations" | "tokens"
>;

/** The whole state of one GitHub. */
export class World {
  readonly folder: string;
  readonly webUrl: string;
  readonly realNow: () => number;
  /** Requests (REST) or points (GraphQL) an hour of real time for whoever is signed in. */
  hourlyLimit = 5000;
  /** Set when the server's address is known. */
  apiUrl: string;
  readonly accounts: Map<number, Account>;
  readonly organizations: Map<number, Organization>;
  readonly teams: Map<number, Team>;
  readonly repositories: Map<number, Repository>;
  readonly apps: Map<number, App>;
  readonly installations: Map<number, Installation>;
  readonly tokens: Map<string, Token>;
  readonly deliveries: HookDelivery[] = [];
  readonly requests: RequestRecord[] = [];
  readonly requestFaults: RequestFault[] = [];
  readonly webhookFaults: WebhookFault[] = [];
  readonly oddWords: OddWord[] = [];
  /** The delivery ids of webhooks with words in them that GitHub does not have. */
  readonly oddDeliveries = new Set<string>();
  /** Which answers are older than the state, and how. */
  readonly lags: LagRule[] = [];
  /** What everything was before each write; null while nobody needs it. */
  versions: Versions | null = null;
  readonly breaches: Breach[] = [];
  /** The names a story calls people by, with their account ids. */
  readonly people = new Map<string, number>();
  /** Apps that were registered from a manifest and whose keys nobody has fetched yet, by their codes. */
  readonly conversions = new Map<string, Conversion>();
  /** What apps may exchange for people's tokens, by code. */
  readonly signInCodes = new Map<string, SignInCode>();
  /** Who is signed in on GitHub in the browser of this world, and lets every app know; null: nobody is. */
  signedInId: number | null = null;
  /** Webhooks made but not yet delivered, oldest first. */
  readonly outbox: HookDelivery[] = [];
  /** While it is set, what happens is told by no webhook. */
  isMuted = false;
  #clock: Instant;
  #random: number;
  #lastDelivery = FIRST_DELIVERY_ID - 1n;
  readonly #next = new Map<Kind, number>();
  readonly #byNodeId = new Map<string, { readonly kind: Kind; readonly object: Identified }>();
  readonly #gits = new Map<number, GitRepository>();
  readonly #ownsFolder: boolean;

  /** `holds`: the maps of another world, to be a view of it. */
  constructor(options: WorldOptions, holds: Partial<Holdings> = {}) {
    this.accounts = holds.accounts ?? new Map();
    this.organizations = holds.organizations ?? new Map();
    this.teams = holds.teams ?? new Map();
    this.repositories = holds.repositories ?? new Map();
    this.apps = holds.apps ?? new Map();
    this.installations = holds.installations ?? new Map();
    this.tokens = holds.tokens ?? new Map();
    this.#clock = wholeSecond(options.start);
    this.#random = options.seed ?? 1;
    this.#ownsFolder = options.folder === undefined;
    // Made when a repository is first written out: most stories never come to that.
    this.folder = options.folder ?? join(MEMORY, `github-double-${randomUUID()}`);
    this.apiUrl = options.apiUrl ?? "https://api.github.com";
    this.webUrl = options.webUrl ?? "https://github.com";
    this.realNow = options.realNow ?? Date.now;
  }

  /** The double's time, in whole seconds as all of GitHub's times. */
  now(): Instant {
    return this.#clock;
  }

  /** Sets the clock; it never goes back. */
  setClock(at: Instant): void {
    if (at < this.#clock)
      throw new Error(`the double's clock cannot go back to ${new Date(at).toISOString()}`);
    this.#clock = wholeSecond(at);
  }

  /** A number in [0, 1) that depends only on the seed and on how often this was called (mulberry32). */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A UUID v4 that depends only on the seed. */
  uuid(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.random() * 16).toString(16));
    hex[12] = "4";
    hex[16] = "89ab"[Math.floor(this.random() * 4)] ?? "8";
    const text = hex.join("");
    return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join(
      "-",
    );
  }

  /** Gives the next id of a delivery. */
  deliveryId(): bigint {
    this.#lastDelivery += 1n;
    return this.#lastDelivery;
  }

  /** Gives the next identity of a kind (or the id asked for). */
  identity(kind: Kind, wanted?: number): { id: number; nodeId: string } {
    const [prefix, first] = KINDS[kind];
    const id = wanted ?? this.#next.get(kind) ?? first;
    if (wanted === undefined) this.#next.set(kind, id + 1);
    return { id, nodeId: `${prefix}_${Buffer.from(`${kind}:${id}`).toString("base64url")}` };
  }

  /** Makes an object findable by its node id, and returns it. */
  register<T extends Identified>(kind: Kind, object: T): T {
    this.#byNodeId.set(object.nodeId, { kind, object });
    return object;
  }

  /** The object with a node id, and its kind. */
  node(nodeId: string): { readonly kind: Kind; readonly object: Identified } | undefined {
    return this.#byNodeId.get(nodeId);
  }

  /** The git repository behind a repository; forks share their parent's objects, as on GitHub. */
  git(repository: Repository): GitRepository {
    const known = this.#gits.get(repository.id);
    if (known !== undefined) return known;
    const parent = repository.forkOf === null ? undefined : this.repositories.get(repository.forkOf);
    const made = GitRepository.create(
      join(this.folder, `${repository.id}.git`),
      repository.defaultBranch,
      parent === undefined ? null : this.git(parent),
    );
    this.#gits.set(repository.id, made);
    return made;
  }

  /** An account by id; deleted and unknown accounts are `ghost`. */
  account(id: number): Account {
    const account = this.accounts.get(id);
    if (account !== undefined && !account.deleted) return account;
    const ghost = this.accounts.get(GHOST.id);
    if (ghost === undefined) throw new Error(`no account ${id}, and no ghost`);
    return ghost;
  }

  /** An account by login, without regard to case. */
  accountByLogin(login: string): Account | undefined {
    const wanted = login.toLowerCase();
    for (const account of this.accounts.values())
      if (!account.deleted && account.login.toLowerCase() === wanted) return account;
    return undefined;
  }

  /** The account a commit's mail address belongs to. */
  accountByEmail(email: string): Account | undefined {
    const wanted = email.toLowerCase();
    for (const account of this.accounts.values())
      if (!account.deleted && account.emails.has(wanted)) return account;
    return undefined;
  }

  /** An organization by login. */
  organization(login: string): Organization | undefined {
    const wanted = login.toLowerCase();
    for (const organization of this.organizations.values())
      if (organization.login.toLowerCase() === wanted) return organization;
    return undefined;
  }

  /** The organization or account a repository belongs to. */
  owner(repository: Repository): Organization | Account {
    return this.organizations.get(repository.ownerId) ?? this.account(repository.ownerId);
  }

  /** `owner/name`. */
  fullName(repository: Repository): string {
    return `${this.owner(repository).login}/${repository.name}`;
  }

  /** A repository that is there, by owner and name; `redirected` when found under a former name (GitHub answers 301). */
  repository(owner: string, name: string): { repository: Repository; redirected: boolean } | undefined {
    const wanted = `${owner}/${name}`.toLowerCase();
    let former: Repository | undefined;
    for (const repository of this.repositories.values()) {
      if (repository.deleted) continue;
      if (this.fullName(repository).toLowerCase() === wanted) return { repository, redirected: false };
      if (repository.formerNames.has(wanted)) former = repository;
    }
    return former === undefined ? undefined : { repository: former, redirected: true };
  }

  /** A repository by id, deleted ones too. */
  repositoryById(id: number): Repository {
    const repository = this.repositories.get(id);
    if (repository === undefined) throw new Error(`no repository ${id}`);
    return repository;
  }

  /** A team by organization and slug. */
  team(organizationId: number, slug: string): Team | undefined {
    const wanted = slug.toLowerCase();
    for (const team of this.teams.values())
      if (team.organizationId === organizationId && team.slug === wanted) return team;
    return undefined;
  }

  /** An app by slug. */
  appBySlug(slug: string): App | undefined {
    for (const app of this.apps.values()) if (app.slug === slug) return app;
    return undefined;
  }

  /** The App under test: the one with a webhook. */
  hookedApp(): App | undefined {
    for (const app of this.apps.values()) if (app.hook !== null) return app;
    return undefined;
  }

  /** The installation of an app that can reach a repository, suspended or not. */
  installationFor(appId: number, repository: Repository): Installation | undefined {
    for (const installation of this.installations.values())
      if (installation.appId === appId && reaches(installation, repository)) return installation;
    return undefined;
  }

  /** The repositories an installation reaches, by id. */
  installationRepositories(installation: Installation): Repository[] {
    return [...this.repositories.values()].filter(
      (repository) => !repository.deleted && reaches(installation, repository),
    );
  }

  /** What an account may do in a repository: the most of what it was given directly, by teams, as a member, as an owner, or by the repository being public. */
  role(account: Account, repository: Repository): Role {
    const roles: Role[] = [repository.collaborators.get(account.id) ?? "none"];
    if (repository.ownerId === account.id) return "admin";
    const organization = this.organizations.get(repository.ownerId);
    const membership = organization?.members.get(account.id);
    if (organization !== undefined && membership !== undefined)
      roles.push(membership === "admin" ? "admin" : organization.baseRole);
    for (const team of this.teams.values())
      if (team.members.has(account.id)) roles.push(team.repositories.get(repository.id) ?? "none");
    if (repository.visibility === "public") roles.push("read");
    return roles.reduce((most, role) => (ROLES.indexOf(role) > ROLES.indexOf(most) ? role : most));
  }

  /** Whether an account may do at least what a role allows. */
  may(account: Account, role: Role, repository: Repository): boolean {
    return ROLES.indexOf(this.role(account, repository)) >= ROLES.indexOf(role);
  }

  /** A pull request by number. */
  pull(repository: Repository, number: number): PullRequest | undefined {
    return repository.pulls.get(number);
  }

  /** An issue (not a pull request) by number. */
  issue(repository: Repository, number: number): Issue | undefined {
    return repository.issues.get(number);
  }

  /** The next number for a pull request (from 1) or an issue (from 1001) of a repository. */
  nextNumber(repository: Repository, of: "pull" | "issue"): number {
    return of === "pull" ? repository.pulls.size + 1 : FIRST_ISSUE_NUMBER + repository.issues.size;
  }

  /** A deployment by id. */
  deployment(repository: Repository, id: number): Deployment | undefined {
    return repository.deployments.find((deployment) => deployment.id === id);
  }

  /** The newest check runs on a commit: one for each app and name unless `all`. */
  checkRuns(repository: Repository, sha: string, all = false): CheckRun[] {
    const runs = repository.checkRuns.filter((run) => run.headSha === sha);
    if (all) return runs;
    return [...new Map(runs.map((run) => [`${run.suiteId} ${run.name} ${run.leg ?? ""}`, run])).values()];
  }

  /** Open pull requests whose head or base is a branch of a repository. */
  openPulls(repository: Repository, end: "head" | "base", branch: string): PullRequest[] {
    const found: PullRequest[] = [];
    for (const holder of this.repositories.values())
      for (const pull of holder.pulls.values())
        if (pull.state === "open" && pull[end].ref === branch && pull[end].repositoryId === repository.id)
          found.push(pull);
    return found;
  }

  /** Every ref update of a branch, oldest first. */
  activity(repository: Repository, ref: string): Activity[] {
    return repository.activities.filter((activity) => activity.ref === ref);
  }

  /** Removes the folder if it was made here. */
  close(): void {
    if (this.#ownsFolder) rmSync(this.folder, { recursive: true, force: true });
  }
}

function reaches(installation: Installation, repository: Repository): boolean {
  if (installation.deleted || installation.accountId !== repository.ownerId) return false;
  return installation.repositorySelection === "all" || installation.repositoryIds.has(repository.id);
}

function wholeSecond(at: Instant): Instant {
  return Math.floor(at / 1000) * 1000;
}
