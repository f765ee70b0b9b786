/** Issues, and comments on issues and pull requests. */

import type { Account, Issue, IssueComment, PullRequest, Reaction, Repository } from "../model.ts";
import { Refused } from "../refused.ts";
import { userShape } from "../shapes/accounts.ts";
import { commentShape, issueShape, labelShape } from "../shapes/issues.ts";
import { pullAsIssueShape } from "../shapes/pulls.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";
import { labelOf, needRole } from "./pulls.ts";

/** Who writes: an account, and the app whose token it uses. */
export interface Writer {
  readonly account: Account;
  readonly appId?: number | null;
}

/** Opens an issue. An app is let in by its installation's permissions, people by their role. */
export function openIssue(
  world: World,
  repository: Repository,
  by: Writer,
  wanted: {
    readonly title: string;
    readonly body?: string | null | undefined;
    readonly labels?: readonly string[] | undefined;
    readonly assignees?: readonly string[] | undefined;
  },
): Issue {
  if (by.appId == null) needRole(world, repository, by.account, "read");
  const now = world.now();
  const issue: Issue = world.register("Issue", {
    ...world.identity("Issue"),
    number: world.nextNumber(repository, "issue"),
    repositoryId: repository.id,
    title: wanted.title,
    body: wanted.body ?? null,
    state: "open",
    stateReason: null,
    locked: false,
    authorId: by.account.id,
    viaAppId: by.appId ?? null,
    labels: new Set(),
    assignees: new Set(assignable(world, repository, wanted.assignees ?? [])),
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    closedById: null,
  });
  for (const name of wanted.labels ?? []) issue.labels.add(labelOf(world, repository, name).name);
  repository.issues.set(issue.number, issue);
  tellIssue(world, repository, issue, by.account, "opened");
  for (const name of issue.labels)
    tellIssue(world, repository, issue, by.account, "labeled", {
      label: labelShape(world, repository, labelOf(world, repository, name)),
    });
  for (const id of issue.assignees)
    tellIssue(world, repository, issue, by.account, "assigned", {
      assignee: userShape(world, world.account(id)),
    });
  return issue;
}

/** GitHub silently leaves out who cannot be assigned. */
function assignable(world: World, repository: Repository, logins: readonly string[]): number[] {
  return logins
    .map((login) => world.accountByLogin(login))
    .filter((account) => account !== undefined)
    .filter((account) => world.may(account, "read", repository))
    .map((account) => account.id);
}

/** Changes an issue; only what is given. */
export function editIssue(
  world: World,
  repository: Repository,
  issue: Issue,
  by: Writer,
  to: {
    readonly title?: string | undefined;
    readonly body?: string | null | undefined;
    readonly state?: "open" | "closed" | undefined;
    readonly stateReason?: "completed" | "not_planned" | "reopened" | null | undefined;
    readonly labels?: readonly string[] | undefined;
    readonly assignees?: readonly string[] | undefined;
  },
): void {
  if (by.appId == null)
    needRole(world, repository, by.account, issue.authorId === by.account.id ? "read" : "triage");
  const changes: Record<string, { from: string }> = {};
  if (to.title !== undefined && to.title !== issue.title) {
    changes["title"] = { from: issue.title };
    issue.title = to.title;
  }
  if (to.body !== undefined && to.body !== issue.body) {
    changes["body"] = { from: issue.body ?? "" };
    issue.body = to.body;
  }
  issue.updatedAt = world.now();
  if (Object.keys(changes).length > 0) tellIssue(world, repository, issue, by.account, "edited", { changes });
  if (to.labels !== undefined) setLabels(world, repository, issue, by.account, to.labels);
  if (to.assignees !== undefined) setAssignees(world, repository, issue, by.account, to.assignees);
  if (to.state !== undefined && to.state !== issue.state) {
    issue.state = to.state;
    const closed = to.state === "closed";
    issue.stateReason = closed ? (to.stateReason ?? "completed") : "reopened";
    issue.closedAt = closed ? world.now() : null;
    issue.closedById = closed ? by.account.id : null;
    tellIssue(world, repository, issue, by.account, closed ? "closed" : "reopened");
  }
}

function setLabels(
  world: World,
  repository: Repository,
  issue: Issue,
  by: Account,
  names: readonly string[],
): void {
  for (const name of issue.labels)
    if (!names.includes(name)) {
      issue.labels.delete(name);
      const label = labelShape(world, repository, labelOf(world, repository, name));
      tellIssue(world, repository, issue, by, "unlabeled", { label });
    }
  for (const name of names)
    if (!issue.labels.has(name)) {
      issue.labels.add(name);
      const label = labelShape(world, repository, labelOf(world, repository, name));
      tellIssue(world, repository, issue, by, "labeled", { label });
    }
}

function setAssignees(
  world: World,
  repository: Repository,
  issue: Issue,
  by: Account,
  logins: readonly string[],
): void {
  const wanted = assignable(world, repository, logins);
  for (const id of issue.assignees)
    if (!wanted.includes(id)) {
      issue.assignees.delete(id);
      const assignee = userShape(world, world.account(id));
      tellIssue(world, repository, issue, by, "unassigned", { assignee });
    }
  for (const id of wanted)
    if (!issue.assignees.has(id)) {
      issue.assignees.add(id);
      const assignee = userShape(world, world.account(id));
      tellIssue(world, repository, issue, by, "assigned", { assignee });
    }
}

function tellIssue(
  world: World,
  repository: Repository,
  issue: Issue,
  sender: Account,
  action: string,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  const body = { issue: issueShape(world, repository, issue), ...extra };
  emit(world, { event: "issues", action, repository, sender, body });
}

/** Comments on an issue or a pull request. */
export function comment(
  world: World,
  repository: Repository,
  on: Issue | PullRequest,
  by: Writer,
  body: string,
): IssueComment {
  if (by.appId == null) needRole(world, repository, by.account, "read");
  if (body === "") throw new Refused(422, "Validation Failed", ["Body cannot be blank"]);
  const now = world.now();
  const made: IssueComment = world.register("IssueComment", {
    ...world.identity("IssueComment"),
    repositoryId: repository.id,
    number: on.number,
    authorId: by.account.id,
    viaAppId: by.appId ?? null,
    body,
    reactions: [],
    createdAt: now,
    updatedAt: now,
    deleted: false,
  });
  repository.comments.set(made.id, made);
  on.updatedAt = now;
  tellComment(world, repository, made, by.account, "created");
  return made;
}

/** Changes a comment's words: its writer, or whoever may write. */
export function editComment(
  world: World,
  repository: Repository,
  which: IssueComment,
  by: Writer,
  body: string,
): void {
  mayChange(world, repository, which, by);
  const changes = { body: { from: which.body } };
  which.body = body;
  which.updatedAt = world.now();
  tellComment(world, repository, which, by.account, "edited", { changes });
}

/** Deletes a comment. */
export function deleteComment(world: World, repository: Repository, which: IssueComment, by: Writer): void {
  mayChange(world, repository, which, by);
  which.deleted = true;
  repository.comments.delete(which.id);
  tellComment(world, repository, which, by.account, "deleted");
}

function mayChange(world: World, repository: Repository, which: IssueComment, by: Writer): void {
  if (by.appId == null && which.authorId !== by.account.id) needRole(world, repository, by.account, "write");
}

/** Reacts to a comment; the same reaction twice is one. */
export function react(
  world: World,
  which: IssueComment,
  by: Account,
  content: Reaction["content"],
): { readonly reaction: Reaction; readonly isNew: boolean } {
  const known = which.reactions.find((one) => one.accountId === by.id && one.content === content);
  if (known !== undefined) return { reaction: known, isNew: false };
  const reaction: Reaction = world.register("Reaction", {
    ...world.identity("Reaction"),
    accountId: by.id,
    content,
    createdAt: world.now(),
  });
  which.reactions.push(reaction);
  return { reaction, isNew: true };
}

function tellComment(
  world: World,
  repository: Repository,
  which: IssueComment,
  sender: Account,
  action: string,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  const pull = repository.pulls.get(which.number);
  const issue = repository.issues.get(which.number);
  if (pull === undefined && issue === undefined) return;
  emit(world, {
    event: "issue_comment",
    action,
    repository,
    sender,
    body: {
      ...extra,
      issue:
        pull === undefined
          ? issueShape(world, repository, issue!)
          : pullAsIssueShape(world, repository, pull),
      comment: commentShape(world, repository, which),
    },
  });
}
