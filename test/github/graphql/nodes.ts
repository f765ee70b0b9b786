import type {
  Account,
  BranchProtection,
  CheckRun,
  CheckSuite,
  CommitStatus,
  Deployment,
  DeploymentStatus,
  Environment,
  Issue,
  IssueComment,
  Label,
  MergeQueue,
  MergeQueueEntry,
  Organization,
  PullRequest,
  Repository,
  Review,
  Ruleset,
  Sha,
  Team,
  TimelineEvent,
} from "../model.ts";
import type { World } from "../world.ts";

/** An object in a repository, with the repository, under GitHub's name of its type. */
type In<Name extends string, Body> = { readonly __typename: Name; readonly repository: Repository } & Body;

/** A repository. */
export interface RepositoryNode {
  readonly __typename: "Repository";
  readonly repository: Repository;
}
/** A commit. */
export type CommitNode = In<"Commit", { readonly sha: Sha }>;
/** A folder. */
export type TreeNode = In<"Tree", { readonly sha: Sha }>;
/** A file's content. */
export type BlobNode = In<"Blob", { readonly sha: Sha }>;
/** A branch or tag. Names are shown without `prefix`. */
export type RefNode = In<"Ref", { readonly fullName: string; readonly prefix: string; readonly sha: Sha }>;
/** A pull request. */
export type PullNode = In<"PullRequest", { readonly pull: PullRequest }>;
/** A review of a pull request. */
export type ReviewNode = In<"PullRequestReview", { readonly pull: PullRequest; readonly review: Review }>;
/** A commit of a pull request. */
export type PullCommitNode = In<"PullRequestCommit", { readonly pull: PullRequest; readonly sha: Sha }>;
/** Something that happened to a pull request; the type's name depends on what. */
export type EventNode = In<string, { readonly pull: PullRequest; readonly event: TimelineEvent }>;
/** A check run. */
export type CheckRunNode = In<"CheckRun", { readonly run: CheckRun }>;
/** A check suite. */
export type CheckSuiteNode = In<"CheckSuite", { readonly suite: CheckSuite }>;
/** A commit status. */
export type StatusNode = In<"StatusContext", { readonly status: CommitStatus }>;
/** All checks of a commit together. */
export type RollupNode = In<"StatusCheckRollup", { readonly sha: Sha }>;
/** A deployment. */
export type DeploymentNode = In<"Deployment", { readonly deployment: Deployment }>;
/** A status of a deployment. */
export type DeploymentStatusNode = In<
  "DeploymentStatus",
  { readonly deployment: Deployment; readonly status: DeploymentStatus }
>;
/** An environment. */
export type EnvironmentNode = In<"Environment", { readonly environment: Environment }>;
/** A ruleset. */
export interface RulesetNode {
  readonly __typename: "RepositoryRuleset";
  readonly ruleset: Ruleset;
}
/** A rule of classic branch protection. */
export interface ProtectionNode {
  readonly __typename: "BranchProtectionRule";
  readonly protection: BranchProtection;
}
/** An issue. */
export type IssueNode = In<"Issue", { readonly issue: Issue }>;
/** A comment. */
export type CommentNode = In<"IssueComment", { readonly comment: IssueComment }>;
/** A label. */
export type LabelNode = In<"Label", { readonly label: Label }>;
/** A merge queue. */
export type QueueNode = In<"MergeQueue", { readonly queue: MergeQueue }>;
/** A pull request's place in a merge queue. */
export type QueueEntryNode = In<
  "MergeQueueEntry",
  { readonly queue: MergeQueue; readonly entry: MergeQueueEntry }
>;
/** A person, a bot or an organization. */
export interface ActorNode {
  readonly __typename: "User" | "Bot" | "Organization";
  readonly account: Account | Organization;
}
/** A team. */
export interface TeamNode {
  readonly __typename: "Team";
  readonly team: Team;
}

/** A person, bot or organization. */
export function actorNode(account: Account | Organization): ActorNode {
  return { __typename: account.type, account };
}

/** Whoever did something: null once the account is deleted. */
export function actorById(world: World, id: number | null): ActorNode | null {
  const account = id === null ? undefined : world.accounts.get(id);
  return account === undefined || account.deleted ? null : actorNode(account);
}

/** A commit, null if the repository has none of that hash. */
export function commitNode(world: World, repository: Repository, sha: Sha | null): CommitNode | null {
  if (sha === null || world.git(repository).commit(sha) === undefined) return null;
  return { __typename: "Commit", repository, sha };
}

/** A branch or tag by full name, null if there is none. */
export function refNode(world: World, repository: Repository | null, fullName: string): RefNode | null {
  const sha = repository === null ? null : world.git(repository).ref(fullName);
  if (sha === null || repository === null) return null;
  const prefix = /^refs\/(?:heads|tags)\//.exec(fullName)?.[0] ?? "refs/";
  return { __typename: "Ref", repository, fullName, prefix, sha };
}

/** A pull request. */
export function pullNode(repository: Repository, pull: PullRequest): PullNode {
  return { __typename: "PullRequest", repository, pull };
}

/** A node id made of what identifies the object. */
export function madeNodeId(prefix: string, repository: Repository, name: string): string {
  return `${prefix}_${Buffer.from(`${repository.id}:${name}`).toString("base64url")}`;
}
