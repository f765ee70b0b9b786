/** What people do with pull requests beside merging them. */

import type { Account, PullRequest, Repository, Sha } from "../model.ts";
import { Refused } from "../refused.ts";
import { teamShape, userShape } from "../shapes/accounts.ts";
import { labelShape } from "../shapes/issues.ts";
import { pullRequestShape } from "../shapes/pulls.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";
import { requestSuite } from "./checks.ts";
import { closePull } from "./refs.ts";
import { addToTimeline, type TimelineDetail } from "./timeline.ts";

/** What a new pull request is made of. */
export interface NewPull {
  readonly title: string;
  readonly body?: string | null;
  readonly base: string;
  readonly head: { readonly repository: Repository; readonly branch: string };
  readonly draft?: boolean;
  readonly labels?: readonly string[];
  readonly assignees?: readonly Account[];
}

/** Opens a pull request. Throws {@link Refused} 422 as GitHub does. */
export function openPull(
  world: World,
  repository: Repository,
  author: Account,
  wanted: NewPull,
): PullRequest {
  needRole(world, repository, author, "read");
  const git = world.git(repository);
  const base = git.branch(wanted.base);
  const head = world.git(wanted.head.repository).branch(wanted.head.branch);
  const owner = world.owner(wanted.head.repository).login;
  if (base === null) throw invalid("PullRequest", "base", "invalid");
  if (head === null) throw invalid("PullRequest", "head", "invalid");
  if (base === head || git.isAncestor(head, base))
    throw new Refused(422, "Validation Failed", [
      {
        resource: "PullRequest",
        code: "custom",
        message: `No commits between ${wanted.base} and ${wanted.head.branch}`,
      },
    ]);
  const other = world
    .openPulls(wanted.head.repository, "head", wanted.head.branch)
    .some((pull) => pull.base.ref === wanted.base && pull.repositoryId === repository.id);
  if (other)
    throw new Refused(422, "Validation Failed", [
      {
        resource: "PullRequest",
        code: "custom",
        message: `A pull request already exists for ${owner}:${wanted.head.branch}.`,
      },
    ]);
  const number = world.nextNumber(repository, "pull");
  const issue = world.identity("Issue");
  const now = world.now();
  const pull: PullRequest = world.register("PullRequest", {
    ...world.identity("PullRequest"),
    number,
    repositoryId: repository.id,
    issueId: issue.id,
    issueNodeId: issue.nodeId,
    title: wanted.title,
    body: wanted.body ?? null,
    bodyEdits: [],
    state: "open",
    draft: wanted.draft ?? false,
    locked: false,
    authorId: author.id,
    base: { ref: wanted.base, sha: base, repositoryId: repository.id },
    head: { ref: wanted.head.branch, sha: head, repositoryId: wanted.head.repository.id },
    labels: new Set(),
    assignees: new Set((wanted.assignees ?? []).map((one) => one.id)),
    requestedReviewers: new Set(),
    requestedTeams: new Set(),
    reviews: [],
    timeline: [],
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    merged: null,
    autoMerge: null,
  });
  repository.pulls.set(number, pull);
  git.setRef(`refs/pull/${number}/head`, head);
  tell(world, repository, pull, author, "opened");
  if (wanted.head.repository.id !== repository.id) requestSuite(world, repository, head, null, author);
  for (const { id } of wanted.assignees ?? [])
    addToTimeline(world, pull, author, { kind: "assigned", accountId: id });
  for (const label of wanted.labels ?? []) addLabel(world, repository, pull, author, label);
  return pull;
}

/** Sends a `pull_request` webhook of a given action. */
export function tell(
  world: World,
  repository: Repository,
  pull: PullRequest,
  sender: Account,
  action: string,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  emit(world, {
    event: "pull_request",
    action,
    repository,
    sender,
    body: { number: pull.number, ...extra, pull_request: pullRequestShape(world, repository, pull) },
  });
}

/** Changes title or body. */
export function editPull(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  to: { readonly title?: string | undefined; readonly body?: string | null | undefined },
): void {
  needAuthorOr(world, repository, pull, by, "write");
  const changes: Record<string, unknown> = {};
  if (to.title !== undefined && to.title !== pull.title) {
    changes["title"] = { from: pull.title };
    addToTimeline(world, pull, by, { kind: "renamed-title", from: pull.title, to: to.title });
    pull.title = to.title;
  }
  if (to.body !== undefined && to.body !== pull.body) {
    changes["body"] = { from: pull.body ?? "" };
    pull.body = to.body;
    pull.bodyEdits.push(world.now());
  }
  if (Object.keys(changes).length > 0) changed(world, repository, pull, by, "edited", null, { changes });
}

function changed(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  action: string,
  detail: TimelineDetail | null,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  pull.updatedAt = world.now();
  if (detail !== null) addToTimeline(world, pull, by, detail);
  tell(world, repository, pull, by, action, extra);
}

/** Assigns somebody to a pull request, or takes them off it again. */
export function assign(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  who: Account,
  assigned: boolean,
): void {
  needRole(world, repository, by, "triage");
  if (pull.assignees.has(who.id) === assigned) return;
  if (assigned) pull.assignees.add(who.id);
  else pull.assignees.delete(who.id);
  const kind = assigned ? "assigned" : "unassigned";
  changed(
    world,
    repository,
    pull,
    by,
    kind,
    { kind, accountId: who.id },
    { assignee: userShape(world, who) },
  );
}

/** Puts a label on a pull request, making it if the repository lacks it. */
export function addLabel(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  name: string,
): void {
  needRole(world, repository, by, "triage");
  if (pull.labels.has(name)) return;
  const label = labelOf(world, repository, name);
  pull.labels.add(name);
  const extra = { label: labelShape(world, repository, label) };
  changed(world, repository, pull, by, "labeled", { kind: "labeled", label: name }, extra);
}

/** Takes a label off a pull request. */
export function removeLabel(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  name: string,
): void {
  needRole(world, repository, by, "triage");
  const label = repository.labels.get(name);
  if (label === undefined || !pull.labels.delete(name)) throw new Refused(404, "Label does not exist");
  const extra = { label: labelShape(world, repository, label) };
  changed(world, repository, pull, by, "unlabeled", { kind: "unlabeled", label: name }, extra);
}

/** The label of a name, made if it is missing. */
export function labelOf(
  world: World,
  repository: Repository,
  name: string,
): { id: number; nodeId: string; name: string; color: string; description: string | null } {
  const known = repository.labels.get(name);
  if (known !== undefined) return known;
  const label = world.register("Label", {
    ...world.identity("Label"),
    name,
    color: "ededed",
    description: null,
  });
  repository.labels.set(name, label);
  return label;
}

/** Marks a draft ready for review, or a ready one a draft. */
export function setDraft(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  draft: boolean,
): void {
  needAuthorOr(world, repository, pull, by, "write");
  if (pull.draft === draft) return;
  pull.draft = draft;
  if (draft) changed(world, repository, pull, by, "converted_to_draft", { kind: "convert-to-draft" });
  else changed(world, repository, pull, by, "ready_for_review", { kind: "ready-for-review" });
}

/** Closes a pull request without merging it. */
export function close(world: World, repository: Repository, pull: PullRequest, by: Account): void {
  needAuthorOr(world, repository, pull, by, "triage");
  if (pull.state === "closed") return;
  closePull(world, repository, pull, by);
}

/** Opens a closed pull request again, if its branch is still there and was not rewritten meanwhile. */
export function reopen(world: World, repository: Repository, pull: PullRequest, by: Account): void {
  needAuthorOr(world, repository, pull, by, "triage");
  if (pull.state === "open") return;
  if (pull.merged !== null)
    throw new Refused(422, "state cannot be changed. The pull request cannot be reopened.");
  const head = headNow(world, pull);
  const git = world.git(repository);
  if (head === null)
    throw new Refused(422, `state cannot be changed. The ${pull.head.ref} branch has been deleted.`);
  if (!git.isAncestor(pull.head.sha, head))
    throw new Refused(
      422,
      `state cannot be changed. The ${pull.head.ref} branch was force-pushed or recreated.`,
    );
  if (git.branch(pull.base.ref) === null)
    throw new Refused(422, `state cannot be changed. The ${pull.base.ref} branch has been deleted.`);
  pull.state = "open";
  pull.closedAt = null;
  pull.head.sha = head;
  git.setRef(`refs/pull/${pull.number}/head`, head);
  changed(world, repository, pull, by, "reopened", { kind: "reopened" });
}

function headNow(world: World, pull: PullRequest): Sha | null {
  if (pull.head.repositoryId === null) return null;
  return world.git(world.repositoryById(pull.head.repositoryId)).branch(pull.head.ref);
}

/** Asks people and teams for a review. */
export function requestReviewers(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  accountIds: readonly number[],
  teamIds: readonly number[],
): void {
  if (accountIds.includes(pull.authorId))
    throw new Refused(422, "Review cannot be requested from pull request author.");
  for (const id of accountIds) {
    if (pull.requestedReviewers.has(id)) continue;
    if (!world.may(world.account(id), "read", repository))
      throw new Refused(
        422,
        "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the repository.",
      );
    pull.requestedReviewers.add(id);
    const extra = { requested_reviewer: userShape(world, world.account(id)) };
    changed(
      world,
      repository,
      pull,
      by,
      "review_requested",
      { kind: "review-requested", accountId: id },
      extra,
    );
  }
  for (const id of teamIds) {
    const team = world.teams.get(id);
    if (team === undefined || pull.requestedTeams.has(id)) continue;
    pull.requestedTeams.add(id);
    changed(world, repository, pull, by, "review_requested", null, {
      requested_team: teamShape(world, team),
    });
  }
}

/** Refuses whoever holds less than a role; 404 for those who may not even read. */
export function needRole(
  world: World,
  repository: Repository,
  by: Account,
  role: "read" | "triage" | "write" | "maintain" | "admin",
): void {
  if (!world.may(by, "read", repository)) throw new Refused(404, "Not Found");
  if (!world.may(by, role, repository)) throw new Refused(403, `Must have ${role} rights to Repository.`);
  if (repository.archived && role !== "read")
    throw new Refused(403, "Repository was archived so is read-only.");
}

function needAuthorOr(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  role: "triage" | "write",
): void {
  needRole(world, repository, by, pull.authorId === by.id ? "read" : role);
}

function invalid(resource: string, field: string, code: string): Refused {
  return new Refused(422, "Validation Failed", [{ resource, field, code }]);
}
