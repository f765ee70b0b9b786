import type { ContentSpan, PullRequest, PullRequestEnd, Repository, Review, Sha } from "../model.ts";
import { mergeability } from "../rules.ts";
import type { World } from "../world.ts";
import { authorAssociation, simpleTeamShape, teamShape, userByIdShape } from "./accounts.ts";
import { iso, isoOrNull, type Shape } from "./form.ts";
import { issueLinks, labelShapes } from "./issues.ts";
import { repositoryPage, repositorySettings, repositoryShape, repositoryUrl } from "./repositories.ts";

/** A pull request as check runs list it (`pull-request-minimal`). */
export function minimalPullShape(world: World, repository: Repository, pull: PullRequest): Shape {
  return {
    id: pull.id,
    number: pull.number,
    url: repositoryUrl(world, repository, `/pulls/${pull.number}`),
    head: minimalEnd(world, repository, pull.head),
    base: minimalEnd(world, repository, pull.base),
  };
}

function minimalEnd(world: World, repository: Repository, end: PullRequestEnd): Shape {
  const held = endRepository(world, end) ?? repository;
  return {
    ref: end.ref,
    sha: end.sha,
    repo: { id: held.id, url: repositoryUrl(world, held), name: held.name },
  };
}

function endRepository(world: World, end: PullRequestEnd): Repository | null {
  const held = end.repositoryId === null ? undefined : world.repositories.get(end.repositoryId);
  return held === undefined || held.deleted ? null : held;
}

function endShape(world: World, repository: Repository, pull: PullRequest, end: PullRequestEnd): Shape {
  const held = endRepository(world, end);
  const ownerId = held?.ownerId ?? (end === pull.head ? pull.authorId : repository.ownerId);
  const user = userByIdShape(world, ownerId);
  return {
    label: `${String(user["login"])}:${end.ref}`,
    ref: end.ref,
    sha: end.sha,
    user,
    repo: held === null ? null : { ...repositoryShape(world, held), ...repositorySettings(held) },
  };
}

/** What a pull request brings: its commits, oldest first, the last of them, and where they left the base branch. */
export interface PullContent {
  readonly head: Sha;
  readonly commits: readonly Sha[];
  readonly set: ReadonlySet<Sha>;
  readonly mergeBase: Sha | null;
}

const contents = new WeakMap<PullRequest, { readonly key: string; readonly content: PullContent }>();

/** Between which commits a pull request's own are found: as it is now, or once merged as it was then. */
export function contentSpan(world: World, repository: Repository, pull: PullRequest): ContentSpan {
  // Once merged the base holds the head: count against the base as it was when the head last moved.
  const now = pull.merged === null ? world.git(repository).branch(pull.base.ref) : null;
  return { base: now ?? pull.base.sha, head: pull.head.sha };
}

/** What a pull request brings against its base branch, as its lists of commits and files show it. */
export function pullContent(world: World, repository: Repository, pull: PullRequest): PullContent {
  const git = world.git(repository);
  const { base, head } = pull.listed ?? contentSpan(world, repository, pull);
  const key = `${base} ${head}`;
  const known = contents.get(pull);
  if (known?.key === key) return known.content;
  const commits = git.commitsBetween(base, head);
  const content = { commits, set: new Set(commits), mergeBase: git.mergeBase(base, head), head };
  contents.set(pull, { key, content });
  return content;
}

/** A pull request as lists write it (`pull-request-simple`). */
export function simplePullRequestShape(world: World, repository: Repository, pull: PullRequest): Shape {
  const url = repositoryUrl(world, repository, `/pulls/${pull.number}`);
  const page = repositoryPage(world, repository, `/pull/${pull.number}`);
  const issue = repositoryUrl(world, repository, `/issues/${pull.number}`);
  const statuses = repositoryUrl(world, repository, `/statuses/${pull.head.sha}`);
  const assignees = [...pull.assignees].map((id) => userByIdShape(world, id));
  return {
    url,
    id: pull.id,
    node_id: pull.nodeId,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: issue,
    number: pull.number,
    state: pull.state,
    locked: pull.locked,
    title: pull.title,
    user: userByIdShape(world, pull.authorId),
    body: pull.body,
    created_at: iso(pull.createdAt),
    updated_at: iso(pull.updatedAt),
    closed_at: isoOrNull(pull.closedAt),
    merged_at: isoOrNull(pull.merged?.at ?? null),
    merge_commit_sha: pull.merged?.commit ?? null,
    assignee: assignees[0] ?? null,
    assignees,
    requested_reviewers: [...pull.requestedReviewers].map((id) => userByIdShape(world, id)),
    requested_teams: requestedTeams(world, pull, teamShape),
    labels: labelShapes(world, repository, pull.labels),
    milestone: null,
    draft: pull.draft,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${repositoryUrl(world, repository)}/pulls/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    head: endShape(world, repository, pull, pull.head),
    base: endShape(world, repository, pull, pull.base),
    _links: {
      self: { href: url },
      html: { href: page },
      issue: { href: issue },
      comments: { href: `${issue}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: `${repositoryUrl(world, repository)}/pulls/comments{/number}` },
      commits: { href: `${url}/commits` },
      statuses: { href: statuses },
    },
    author_association: authorAssociation(world, repository, pull.authorId),
    auto_merge:
      pull.autoMerge === null
        ? null
        : {
            enabled_by: userByIdShape(world, pull.autoMerge.byId),
            merge_method: pull.autoMerge.method,
            commit_title: pull.title,
            commit_message: pull.body ?? "",
          },
    active_lock_reason: null,
  };
}

function requestedTeams(
  world: World,
  pull: PullRequest,
  shape: (world: World, team: NonNullable<ReturnType<World["team"]>>) => Shape,
): Shape[] {
  return [...pull.requestedTeams].flatMap((id) => {
    const team = world.teams.get(id);
    return team === undefined ? [] : [shape(world, team)];
  });
}

/** A pull request asked for by itself, and as webhooks embed it (`pull-request`). */
export function pullRequestShape(world: World, repository: Repository, pull: PullRequest): Shape {
  const { commits, mergeBase, head } = pullContent(world, repository, pull);
  const files = world.git(repository).differences(mergeBase, head);
  const { mergeable, state } = mergeability(world, repository, pull);
  const comments = [...repository.comments.values()].filter(
    (one) => one.number === pull.number && !one.deleted,
  );
  return {
    ...simplePullRequestShape(world, repository, pull),
    requested_teams: requestedTeams(world, pull, (world, team) => simpleTeamShape(world, team)),
    merged: pull.merged !== null,
    mergeable,
    rebaseable: mergeable,
    mergeable_state: state,
    merged_by: pull.merged === null ? null : userByIdShape(world, pull.merged.byId),
    comments: comments.length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: commits.length,
    additions: files.reduce((sum, file) => sum + file.additions, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    changed_files: files.length,
  };
}

/** A review. REST writes states in capitals, webhooks in small letters: `small` asks for those. */
export function reviewShape(
  world: World,
  repository: Repository,
  pull: PullRequest,
  review: Review,
  small = false,
): Shape {
  const page = repositoryPage(world, repository, `/pull/${pull.number}#pullrequestreview-${review.id}`);
  const url = repositoryUrl(world, repository, `/pulls/${pull.number}`);
  return {
    id: review.id,
    node_id: review.nodeId,
    user: userByIdShape(world, review.authorId),
    // The webhook of a review without words says null, the list says "".
    body: small && review.body === "" ? null : review.body,
    state: small ? review.state.toLowerCase() : review.state,
    html_url: page,
    pull_request_url: url,
    author_association: authorAssociation(world, repository, review.authorId),
    _links: { html: { href: page }, pull_request: { href: url } },
    submitted_at: iso(review.submittedAt),
    ...(small ? { updated_at: iso(review.updatedAt) } : {}),
    commit_id: review.commitId,
  };
}

/** A pull request as the issues API and `issue_comment` webhooks write it: an issue with a `pull_request` key. */
export function pullAsIssueShape(world: World, repository: Repository, pull: PullRequest): Shape {
  const simple = simplePullRequestShape(world, repository, pull);
  const comments = [...repository.comments.values()].filter(
    (one) => one.number === pull.number && !one.deleted,
  );
  const page = simple["html_url"];
  return {
    ...issueLinks(world, repository, pull.number),
    html_url: page,
    id: pull.issueId,
    node_id: pull.issueNodeId,
    number: pull.number,
    title: pull.title,
    user: simple["user"],
    labels: simple["labels"],
    state: pull.state,
    locked: pull.locked,
    assignee: simple["assignee"],
    assignees: simple["assignees"],
    milestone: null,
    comments: comments.length,
    created_at: simple["created_at"],
    updated_at: simple["updated_at"],
    closed_at: simple["closed_at"],
    author_association: simple["author_association"],
    active_lock_reason: null,
    draft: pull.draft,
    pull_request: {
      url: simple["url"],
      html_url: page,
      diff_url: simple["diff_url"],
      patch_url: simple["patch_url"],
      merged_at: simple["merged_at"],
    },
    body: pull.body,
    performed_via_github_app: null,
    state_reason: null,
  };
}
