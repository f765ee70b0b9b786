/** The state of the GitHub double: plain mutable records. Times are {@link Instant}s in whole seconds; ids are GitHub's kind of stable numbers. */

import type { Sha } from "../../src/domain/change/sha.ts";
import type { Instant } from "../../src/domain/time/instant.ts";

export type { Instant, Sha };

/** What every object on GitHub has: a number stable for ever within its kind, and a global node id. */
export interface Identified {
  readonly id: number;
  readonly nodeId: string;
}

/** A role in a repository, least first in {@link ROLES}; GitHub's `role_name`. */
export type Role = (typeof ROLES)[number];

/** The roles of a repository, least first. */
export const ROLES = ["none", "read", "triage", "write", "maintain", "admin"] as const;

/** A person or a bot. Organizations are {@link Organization}s. */
export interface Account extends Identified {
  login: string;
  readonly type: "User" | "Bot";
  name: string | null;
  /** Public mail address. */
  email: string | null;
  /** Every address that attributes a commit to this account, lower case. */
  readonly emails: Set<string>;
  /** The app this bot belongs to. */
  readonly appId: number | null;
  readonly createdAt: Instant;
  /** Deleted accounts are shown as `ghost`. */
  deleted: boolean;
}

/** An organization. */
export interface Organization extends Identified {
  login: string;
  readonly type: "Organization";
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: Instant;
  /** Account id to role. */
  readonly members: Map<number, "admin" | "member">;
  /** What members may do in every repository without further grants. */
  baseRole: Role;
  readonly rulesets: Ruleset[];
}

/** A team of an organization. */
export interface Team extends Identified {
  readonly organizationId: number;
  readonly slug: string;
  readonly name: string;
  readonly description: string | null;
  readonly privacy: "closed" | "secret";
  readonly parentId: number | null;
  readonly members: Map<number, "maintainer" | "member">;
  /** Repository id to role. */
  readonly repositories: Map<number, Role>;
}

/** A label of a repository. */
export interface Label extends Identified {
  readonly name: string;
  color: string;
  description: string | null;
}

/** A repository with all it holds; its branches and objects are in git (`world.git(repository)`). */
export interface Repository extends Identified {
  /** Id of an {@link Organization} or {@link Account}. */
  ownerId: number;
  name: string;
  description: string | null;
  visibility: "public" | "private" | "internal";
  archived: boolean;
  deleted: boolean;
  defaultBranch: string;
  topics: string[];
  /** Id of the repository this one is a fork of. */
  readonly forkOf: number | null;
  readonly createdAt: Instant;
  updatedAt: Instant;
  pushedAt: Instant;
  allow: { merge: boolean; squash: boolean; rebase: boolean; autoMerge: boolean; updateBranch: boolean };
  deleteBranchOnMerge: boolean;
  /** Roles given to accounts directly, by account id. */
  readonly collaborators: Map<number, Role>;
  readonly labels: Map<string, Label>;
  readonly pulls: Map<number, PullRequest>;
  readonly issues: Map<number, Issue>;
  /** Comments on issues and on pull requests' conversations, by id. */
  readonly comments: Map<number, IssueComment>;
  readonly checkSuites: CheckSuite[];
  readonly checkRuns: CheckRun[];
  readonly statuses: CommitStatus[];
  readonly deployments: Deployment[];
  readonly environments: Map<string, Environment>;
  readonly rulesets: Ruleset[];
  /** By branch name pattern. */
  readonly protections: Map<string, BranchProtection>;
  /** Every ref update, oldest first. */
  readonly activities: Activity[];
  /** By branch name. */
  readonly queues: Map<string, MergeQueue>;
  readonly workflowRuns: WorkflowRun[];
  readonly releases: Release[];
  readonly deployKeys: DeployKey[];
  /** Old full names that redirect here, lower case. */
  readonly formerNames: Set<string>;
  /** The merged pull requests of each commit they brought or landed as, so that thousands of them need not be searched. */
  readonly mergedBy: Map<Sha, number[]>;
  /** Which pull requests a commit belongs to, where that is not worked out from the state. */
  readonly tied?: (sha: Sha) => readonly number[];
}

/** A key that may push to one repository. */
export interface DeployKey extends Identified {
  readonly title: string;
  readonly addedById: number;
  readonly readOnly: boolean;
  readonly createdAt: Instant;
}

/** One end of a pull request. `repositoryId` is null when a fork was deleted. */
export interface PullRequestEnd {
  ref: string;
  /** Head: the newest commit. Base: the base branch's head when the pull request was opened or its head last moved. */
  sha: Sha;
  repositoryId: number | null;
}

/** A way to merge a pull request. */
export type MergeMethod = "merge" | "squash" | "rebase";

/** A pull request. */
export interface PullRequest extends Identified {
  readonly number: number;
  readonly repositoryId: number;
  /** Pull requests are issues too, with an id of that kind. */
  readonly issueId: number;
  readonly issueNodeId: string;
  title: string;
  body: string | null;
  /** When the body was changed, oldest first. */
  readonly bodyEdits: Instant[];
  state: "open" | "closed";
  draft: boolean;
  locked: boolean;
  readonly authorId: number;
  readonly base: PullRequestEnd;
  readonly head: PullRequestEnd;
  readonly labels: Set<string>;
  readonly assignees: Set<number>;
  readonly requestedReviewers: Set<number>;
  readonly requestedTeams: Set<number>;
  readonly reviews: Review[];
  readonly timeline: TimelineEvent[];
  readonly createdAt: Instant;
  updatedAt: Instant;
  closedAt: Instant | null;
  merged: {
    readonly at: Instant;
    readonly byId: number;
    /** The commit on the base branch: merge commit, squash commit, or last rebased commit. */
    readonly commit: Sha;
    readonly method: MergeMethod | "indirect" | "queue";
  } | null;
  autoMerge: { readonly byId: number; readonly method: MergeMethod; readonly at: Instant } | null;
  /** What its lists of commits and files show, where that is not what its ends say: GitHub makes them later. */
  readonly listed?: ContentSpan;
}

/** From where to where a pull request's commits go; `base` is not among them. */
export interface ContentSpan {
  readonly base: Sha;
  readonly head: Sha;
}

/** A review's state as GitHub spells it. */
export type ReviewState = "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED";

/** A submitted review. */
export interface Review extends Identified {
  readonly pullNumber: number;
  readonly authorId: number;
  state: ReviewState;
  /** The state it was submitted with; GitHub itself forgets it on dismissal. */
  readonly submittedAs: ReviewState;
  body: string;
  /** GitHub moves this to the new head after a patch-identical force push or a merge of the base. */
  commitId: Sha | null;
  /** The commit it was really given on; GitHub does not show this. */
  readonly givenOn: Sha;
  readonly submittedAt: Instant;
  updatedAt: Instant;
}

/** What happened to a pull request, oldest first; shown by GraphQL's `timelineItems`. */
export type TimelineEvent = Identified & { readonly actorId: number; readonly at: Instant } & (
    | {
        readonly kind: "head-ref-force-pushed" | "base-ref-force-pushed";
        readonly ref: string;
        readonly before: Sha;
        readonly after: Sha;
      }
    | {
        readonly kind: "base-ref-changed" | "automatic-base-change-succeeded";
        readonly from: string;
        readonly to: string;
      }
    | {
        readonly kind: "review-dismissed";
        readonly reviewId: number;
        readonly previousState: ReviewState;
        readonly message: string | null;
        readonly commit: Sha | null;
      }
    | { readonly kind: "labeled" | "unlabeled"; readonly label: string }
    | { readonly kind: "assigned" | "unassigned"; readonly accountId: number }
    | { readonly kind: "review-requested" | "review-request-removed"; readonly accountId: number }
    | { readonly kind: "merged"; readonly commit: Sha; readonly ref: string }
    | { readonly kind: "renamed-title"; readonly from: string; readonly to: string }
    | {
        readonly kind:
          | "closed"
          | "reopened"
          | "ready-for-review"
          | "convert-to-draft"
          | "head-ref-deleted"
          | "head-ref-restored"
          | "auto-merge-enabled"
          | "auto-merge-disabled"
          | "added-to-merge-queue"
          | "removed-from-merge-queue";
      }
  );

/** An issue (never a pull request). */
export interface Issue extends Identified {
  readonly number: number;
  readonly repositoryId: number;
  title: string;
  body: string | null;
  state: "open" | "closed";
  stateReason: "completed" | "not_planned" | "reopened" | null;
  locked: boolean;
  readonly authorId: number;
  /** The app whose token created it. */
  readonly viaAppId: number | null;
  readonly labels: Set<string>;
  readonly assignees: Set<number>;
  readonly createdAt: Instant;
  updatedAt: Instant;
  closedAt: Instant | null;
  closedById: number | null;
}

/** A comment on an issue or on a pull request's conversation. */
export interface IssueComment extends Identified {
  readonly repositoryId: number;
  /** Number of the issue or pull request. */
  readonly number: number;
  readonly authorId: number;
  readonly viaAppId: number | null;
  body: string;
  readonly reactions: Reaction[];
  readonly createdAt: Instant;
  updatedAt: Instant;
  deleted: boolean;
}

/** A reaction to a comment. */
export interface Reaction extends Identified {
  readonly accountId: number;
  readonly content: "+1" | "-1" | "laugh" | "confused" | "heart" | "hooray" | "rocket" | "eyes";
  readonly createdAt: Instant;
}

/** A check's conclusion. */
export type Conclusion =
  | "success"
  | "failure"
  | "neutral"
  | "cancelled"
  | "skipped"
  | "timed_out"
  | "action_required"
  | "stale";

/** The check runs of one app on one commit. */
export interface CheckSuite extends Identified {
  readonly repositoryId: number;
  readonly headSha: Sha;
  readonly headBranch: string | null;
  readonly appId: number;
  /** The run of a workflow it holds the jobs of; null: one of no workflow that is told apart. */
  readonly workflow: SuiteWorkflow | null;
  readonly createdAt: Instant;
  updatedAt: Instant;
}

/** Which workflow a suite is a run of, and what began it. */
export interface SuiteWorkflow {
  readonly name: string;
  readonly event: string;
}

/** A check run. */
export interface CheckRun extends Identified {
  readonly repositoryId: number;
  readonly suiteId: number;
  readonly appId: number;
  readonly headSha: Sha;
  name: string;
  status: "queued" | "in_progress" | "completed" | "waiting" | "requested" | "pending";
  conclusion: Conclusion | null;
  startedAt: Instant | null;
  completedAt: Instant | null;
  detailsUrl: string | null;
  externalId: string;
  output: {
    title: string | null;
    summary: string | null;
    text: string | null;
    readonly annotations: Record<string, unknown>[];
  };
  actions: { readonly label: string; readonly description: string; readonly identifier: string }[];
  /** The deployment this job of a workflow made. */
  deploymentId: number | null;
  /** Of a job with several legs of one name: which of them. */
  readonly leg: string | null;
  /** Of a job: the attempt of its run. */
  runAttempt: number;
  readonly createdAt: Instant;
  updatedAt: Instant;
}

/** A commit status. */
export interface CommitStatus extends Identified {
  readonly repositoryId: number;
  readonly sha: Sha;
  readonly state: "error" | "failure" | "pending" | "success";
  readonly context: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly creatorId: number;
  readonly createdAt: Instant;
}

/** A deployment's state as GitHub spells it. */
export type DeploymentState =
  | "pending"
  | "queued"
  | "in_progress"
  | "success"
  | "failure"
  | "error"
  | "inactive"
  | "waiting";

/** A deployment. */
export interface Deployment extends Identified {
  readonly repositoryId: number;
  readonly sha: Sha;
  readonly ref: string;
  readonly task: string;
  environment: string;
  readonly originalEnvironment: string;
  readonly description: string | null;
  readonly payload: string | Record<string, unknown>;
  readonly transient: boolean;
  readonly production: boolean;
  readonly creatorId: number;
  readonly viaAppId: number | null;
  readonly createdAt: Instant;
  updatedAt: Instant;
  readonly statuses: DeploymentStatus[];
  /** The workflow run that made it. */
  readonly runId: number | null;
  /** What was asked of apps that guard the environment. */
  readonly gates: Gate[];
}

/** One status of a deployment. */
export interface DeploymentStatus extends Identified {
  readonly deploymentId: number;
  readonly state: DeploymentState;
  readonly description: string;
  readonly environment: string;
  readonly environmentUrl: string;
  readonly logUrl: string;
  readonly targetUrl: string;
  readonly creatorId: number;
  readonly viaAppId: number | null;
  readonly createdAt: Instant;
}

/** One `deployment_protection_rule` request and what its app answered; an answer is final. */
export interface Gate extends Identified {
  readonly appId: number;
  readonly environment: string;
  readonly requestedById: number;
  readonly requestedAt: Instant;
  state: "waiting" | "approved" | "rejected";
  readonly answers: {
    readonly state: "approved" | "rejected" | null;
    readonly comment: string;
    readonly at: Instant;
  }[];
}

/** An environment. */
export interface Environment extends Identified {
  readonly repositoryId: number;
  name: string;
  waitTimer: number;
  preventSelfReview: boolean;
  reviewers: { readonly type: "User" | "Team"; readonly id: number }[];
  adminsBypass: boolean;
  branchPolicy: { readonly protectedBranches: boolean; readonly customBranchPolicies: boolean } | null;
  /** Apps asked before a deployment goes on. */
  readonly customRules: (Identified & { readonly appId: number; enabled: boolean })[];
  readonly createdAt: Instant;
  updatedAt: Instant;
}

/** Who may bypass a ruleset. `actorId` is null for organization admins and deploy keys. */
export interface BypassActor {
  readonly actorId: number | null;
  readonly actorType: "RepositoryRole" | "Team" | "Integration" | "OrganizationAdmin" | "DeployKey" | "User";
  readonly bypassMode: "always" | "pull_request";
}

/** One rule of a ruleset, as GitHub's API writes it. */
export type Rule =
  | {
      readonly type:
        | "creation"
        | "deletion"
        | "non_fast_forward"
        | "required_linear_history"
        | "required_signatures";
    }
  | { readonly type: "update"; readonly parameters: { readonly update_allows_fetch_and_merge: boolean } }
  | {
      readonly type: "pull_request";
      readonly parameters: {
        readonly required_approving_review_count: number;
        readonly dismiss_stale_reviews_on_push: boolean;
        readonly require_code_owner_review: boolean;
        readonly require_last_push_approval: boolean;
        readonly required_review_thread_resolution: boolean;
        readonly allowed_merge_methods: readonly MergeMethod[];
      };
    }
  | {
      readonly type: "required_status_checks";
      readonly parameters: {
        readonly strict_required_status_checks_policy: boolean;
        readonly do_not_enforce_on_create: boolean;
        readonly required_status_checks: readonly {
          readonly context: string;
          readonly integration_id?: number;
        }[];
      };
    }
  | {
      readonly type: "merge_queue";
      readonly parameters: {
        readonly check_response_timeout_minutes: number;
        readonly grouping_strategy: "ALLGREEN" | "HEADGREEN";
        readonly max_entries_to_build: number;
        readonly max_entries_to_merge: number;
        readonly merge_method: "MERGE" | "SQUASH" | "REBASE";
        readonly min_entries_to_merge: number;
        readonly min_entries_to_merge_wait_minutes: number;
      };
    };

/** A ruleset of a repository or an organization. */
export interface Ruleset extends Identified {
  name: string;
  readonly sourceType: "Repository" | "Organization";
  readonly sourceId: number;
  readonly target: "branch" | "tag";
  enforcement: "active" | "disabled" | "evaluate";
  bypassActors: BypassActor[];
  /** Patterns such as `refs/heads/main`, `refs/heads/release/**`, `~DEFAULT_BRANCH`, `~ALL`. */
  conditions: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  rules: Rule[];
  readonly createdAt: Instant;
  updatedAt: Instant;
}

/** Classic branch protection. */
export interface BranchProtection extends Identified {
  /** Branch name pattern. */
  readonly pattern: string;
  enforceAdmins: boolean;
  allowForcePushes: boolean;
  allowDeletions: boolean;
  requiredLinearHistory: boolean;
  lockBranch: boolean;
  reviews: {
    readonly count: number;
    readonly dismissStale: boolean;
    readonly codeOwners: boolean;
    readonly lastPush: boolean;
    /** Accounts that may merge without a pull request. */
    readonly bypassIds: readonly number[];
  } | null;
  checks: {
    readonly strict: boolean;
    readonly checks: readonly { readonly context: string; readonly appId: number | null }[];
  } | null;
  /** Accounts that alone may push, when set. */
  restrictions: readonly number[] | null;
  readonly createdAt: Instant;
  updatedAt: Instant;
}

/** How a ref was updated, as GitHub's activity list spells it. */
export type ActivityType =
  | "push"
  | "force_push"
  | "branch_creation"
  | "branch_deletion"
  | "pr_merge"
  | "merge_queue_merge";

/** One update of a ref. `before` or `after` is forty zeros for creation and deletion. */
export interface Activity extends Identified {
  /** Full name, e.g. `refs/heads/main`. */
  readonly ref: string;
  readonly before: Sha;
  readonly after: Sha;
  readonly actorId: number | null;
  readonly at: Instant;
  readonly type: ActivityType;
}

/** A branch's merge queue. */
export interface MergeQueue extends Identified {
  readonly branch: string;
  /** In order of merging. */
  readonly entries: MergeQueueEntry[];
}

/** A pull request in a merge queue; its group's head is a commit on `ref`. */
export interface MergeQueueEntry extends Identified {
  readonly pullNumber: number;
  readonly enqueuedById: number;
  readonly enqueuedAt: Instant;
  /** Full name below `refs/heads/gh-readonly-queue/`. */
  ref: string;
  headSha: Sha;
  baseSha: Sha;
  /** The pull request's head when it was enqueued. */
  readonly pullHeadSha: Sha;
  readonly method: MergeMethod;
  /** False while the group's commit is not made (then `ref`, `headSha` and `baseSha` mean nothing). */
  built: boolean;
}

/** A run of a workflow. */
export interface WorkflowRun extends Identified {
  readonly repositoryId: number;
  readonly name: string;
  readonly event: string;
  readonly headSha: Sha;
  readonly headBranch: string | null;
  readonly actorId: number;
  readonly suiteId: number;
  readonly runNumber: number;
  readonly environment: string | null;
  runAttempt: number;
  /** Who began this attempt, and when. */
  triggeringActorId: number;
  startedAt: Instant;
  /** Who began the attempts before, and when, the first one first. */
  readonly attemptsBefore: { readonly triggeringActorId: number; readonly startedAt: Instant }[];
  /** What reviewers of environments answered, oldest first. */
  readonly approvals: {
    readonly accountId: number;
    readonly environment: string;
    readonly attempt: number;
    readonly state: "approved" | "rejected";
    readonly comment: string;
  }[];
  /** Workflows of other repositories that it calls. */
  readonly called: readonly { readonly path: string; readonly sha: Sha; readonly ref: string }[];
  status: "queued" | "in_progress" | "completed" | "waiting";
  conclusion: Conclusion | null;
  readonly createdAt: Instant;
  updatedAt: Instant;
}

/** A published release. */
export interface Release extends Identified {
  readonly tag: string;
  readonly name: string | null;
  readonly body: string | null;
  readonly targetCommitish: string;
  readonly draft: boolean;
  readonly prerelease: boolean;
  readonly authorId: number;
  readonly createdAt: Instant;
  readonly publishedAt: Instant | null;
}

/** A level of access an installation has, by permission name, as GitHub's API spells both. */
export type Permissions = Readonly<Record<string, "read" | "write">>;

/** What a code of the manifest flow is exchanged for, once and within an hour. */
export interface Conversion {
  readonly appId: number;
  readonly pem: string;
  readonly webhookSecret: string;
  readonly clientSecret: string;
  readonly at: Instant;
}

/** What a code of the web flow is exchanged for, once and within ten minutes. */
export interface SignInCode {
  readonly appId: number;
  readonly accountId: number;
  readonly redirectUrl: string;
  /** Of PKCE, by SHA-256; null: none was given. */
  readonly challenge: string | null;
  readonly at: Instant;
}

/** A GitHub App. Only one has a `hook`: the App under test. */
export interface App extends Identified {
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly clientId: string;
  readonly ownerId: number;
  /** The account it acts as. */
  readonly botId: number;
  /** PEM; null: nobody can sign in as this app. */
  readonly publicKey: string | null;
  /** Null: nobody signs in through this app. */
  readonly clientSecret: string | null;
  /** Where browsers may be sent back to; the first is the default. */
  readonly callbackUrls: readonly string[];
  readonly hook: { url: string; secret: string } | null;
  permissions: Permissions;
  events: readonly string[];
  readonly createdAt: Instant;
  updatedAt: Instant;
}

/** An app installed on an account. */
export interface Installation extends Identified {
  readonly appId: number;
  readonly accountId: number;
  repositorySelection: "all" | "selected";
  /** Which repositories it reaches when they are selected. */
  readonly repositoryIds: Set<number>;
  permissions: Permissions;
  events: readonly string[];
  suspendedAt: Instant | null;
  suspendedById: number | null;
  deleted: boolean;
  readonly createdAt: Instant;
  updatedAt: Instant;
}

/** An issued token. Real time: expiry does not follow the double's clock. */
export interface Token {
  readonly token: string;
  readonly kind: "installation" | "user";
  readonly installationId: number | null;
  /** Of a person: the App they gave it to. */
  readonly givenTo?: number;
  readonly accountId: number;
  readonly permissions: Permissions;
  /** Null: every repository of the installation. */
  readonly repositoryIds: readonly number[] | null;
  /** Real milliseconds. */
  readonly expiresAt: number;
}

/** One attempt to deliver a webhook. */
export interface HookDelivery {
  /** More than a JavaScript number can hold, as GitHub's own are. */
  readonly id: bigint;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly installationId: number | null;
  readonly repositoryId: number | null;
  readonly deliveredAt: Instant;
  readonly redelivery: boolean;
  /** Seconds. */
  duration: number;
  /** `OK`, or what went wrong. */
  status: string;
  /** 0 when there was no answer. */
  statusCode: number;
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  /** The exact body sent. */
  readonly body: string;
  responseHeaders: Readonly<Record<string, string>>;
  responseBody: string;
}

/** One request the double answered. */
export interface RequestRecord {
  /** 1, 2, ... */
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  /** The name of a GraphQL query. */
  readonly query?: string | undefined;
  readonly status: number;
  /** `app`, `installation:ID`, `user:LOGIN` or `nobody`. */
  readonly as: string;
  /** Real milliseconds. */
  readonly at: number;
}

/** The ways in which an answer goes wrong. */
export const FAULT_KINDS = [
  "server-error",
  "html",
  "cut-json",
  "cut-short",
  "refused",
  "unauthorized",
  "not-found",
  "rate-limit",
  "secondary-limit",
  "too-quickly",
  "allow-list",
  "suspended",
  "went-wrong",
  "resource-limits",
  "missing-node",
  "insufficient-scopes",
  "too-many-nodes",
] as const;

/** Those that GraphQL tells inside an answer of 200. */
export const GRAPHQL_FAULT_KINDS: ReadonlySet<string> = new Set([
  "allow-list",
  "went-wrong",
  "resource-limits",
  "missing-node",
  "insufficient-scopes",
  "too-many-nodes",
]);

/** Something the double was asked to get wrong in its answers. Each is used up by `remaining` requests or ends at `until` (the double's clock). */
export interface RequestFault {
  readonly kind: (typeof FAULT_KINDS)[number];
  /** Status of the answer; null: the usual one. */
  readonly status: number | null;
  /** Only requests whose `METHOD /path` matches; null: every request. */
  readonly match: RegExp | null;
  /** Only GraphQL queries whose text or variables match. */
  readonly query: RegExp | null;
  /** Only GraphQL queries that ask for longer pages. */
  readonly over: number | null;
  /** Only what is asked about one pull request. */
  readonly pull: { readonly repository: string; readonly number: number } | null;
  /** GraphQL: only one field, as `Type.field`. */
  readonly field: string | null;
  readonly via: "rest" | "graphql" | null;
  remaining: number;
  readonly until: Instant | null;
  /** Seconds the client is told to wait; null: it is not told. */
  readonly retryAfter: number | null;
  /** A limit as GitHub told it formerly. */
  readonly inOldWords: boolean;
  /** True: the change is made and the answer lost, as with a broken connection. */
  readonly afterEffect: boolean;
  /** How many items a list that is cut short shows. */
  readonly items: number;
}

/** A word to say instead of others. `was`: only of this one, in small letters; null: of any. */
export interface OddWord {
  readonly key: string;
  readonly was: string | null;
  readonly says: string;
  readonly until: Instant | null;
}

/** Something the double was asked to get wrong in its webhooks. */
export interface WebhookFault {
  readonly kind: "drop" | "duplicate" | "reorder" | "delay" | "refuse";
  /** Only this event; null: every event. */
  readonly event: string | null;
  /** How many deliveries (for `reorder`: batches) are concerned; Infinity until recovery. */
  remaining: number;
  /** Every nth delivery only; 1: each. */
  readonly every: number;
  seen: number;
}

/** A rule of GitHub's for clients that was broken. */
export interface Breach {
  readonly kind: "retry-after" | "rate-limit" | "secondary-limit" | "authentication" | "schema";
  readonly request: string;
  readonly detail: string;
}
