import type { Issue, IssueComment, Label, Reaction, Repository } from "../model.ts";
import type { World } from "../world.ts";
import { authorAssociation, userByIdShape } from "./accounts.ts";
import { appByIdShape } from "./apps.ts";
import { iso, isoOrNull, type Shape } from "./form.ts";
import { repositoryPage, repositoryUrl } from "./repositories.ts";

/** A label. */
export function labelShape(world: World, repository: Repository, label: Label): Shape {
  return {
    id: label.id,
    node_id: label.nodeId,
    url: repositoryUrl(world, repository, `/labels/${encodeURIComponent(label.name)}`),
    name: label.name,
    color: label.color,
    default: false,
    description: label.description ?? "",
  };
}

/** The labels of those names that the repository has. */
export function labelShapes(world: World, repository: Repository, names: ReadonlySet<string>): Shape[] {
  return [...names].flatMap((name) => {
    const label = repository.labels.get(name);
    return label === undefined ? [] : [labelShape(world, repository, label)];
  });
}

/** How often each reaction was given, at the address they are listed under. */
export function reactionsShape(url: string, reactions: readonly Reaction[]): Shape {
  const count = (content: string): number => reactions.filter((one) => one.content === content).length;
  return {
    url: `${url}/reactions`,
    total_count: reactions.length,
    "+1": count("+1"),
    "-1": count("-1"),
    laugh: count("laugh"),
    hooray: count("hooray"),
    confused: count("confused"),
    heart: count("heart"),
    rocket: count("rocket"),
    eyes: count("eyes"),
  };
}

/** One reaction. */
export function reactionShape(world: World, reaction: Reaction): Shape {
  return {
    id: reaction.id,
    node_id: reaction.nodeId,
    user: userByIdShape(world, reaction.accountId),
    content: reaction.content,
    created_at: iso(reaction.createdAt),
  };
}

/** The addresses and summaries every issue has, pull requests included. */
export function issueLinks(world: World, repository: Repository, number: number): Shape {
  const url = repositoryUrl(world, repository, `/issues/${number}`);
  return {
    url,
    repository_url: repositoryUrl(world, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    reactions: reactionsShape(url, []),
  };
}

/** An issue. */
export function issueShape(world: World, repository: Repository, issue: Issue): Shape {
  const comments = [...repository.comments.values()].filter(
    (one) => one.number === issue.number && !one.deleted,
  );
  const assignees = [...issue.assignees].map((id) => userByIdShape(world, id));
  return {
    ...issueLinks(world, repository, issue.number),
    html_url: repositoryPage(world, repository, `/issues/${issue.number}`),
    id: issue.id,
    node_id: issue.nodeId,
    number: issue.number,
    title: issue.title,
    user: userByIdShape(world, issue.authorId),
    labels: labelShapes(world, repository, issue.labels),
    state: issue.state,
    locked: issue.locked,
    assignee: assignees[0] ?? null,
    assignees,
    milestone: null,
    comments: comments.length,
    created_at: iso(issue.createdAt),
    updated_at: iso(issue.updatedAt),
    closed_at: isoOrNull(issue.closedAt),
    closed_by: issue.closedById === null ? null : userByIdShape(world, issue.closedById),
    author_association: authorAssociation(world, repository, issue.authorId),
    active_lock_reason: null,
    body: issue.body,
    performed_via_github_app: issue.viaAppId === null ? null : appByIdShape(world, issue.viaAppId),
    state_reason: issue.stateReason,
  };
}

/** A comment on an issue or a pull request. */
export function commentShape(world: World, repository: Repository, comment: IssueComment): Shape {
  const url = repositoryUrl(world, repository, `/issues/comments/${comment.id}`);
  const kind = repository.pulls.has(comment.number) ? "pull" : "issues";
  return {
    url,
    html_url: repositoryPage(world, repository, `/${kind}/${comment.number}#issuecomment-${comment.id}`),
    issue_url: repositoryUrl(world, repository, `/issues/${comment.number}`),
    id: comment.id,
    node_id: comment.nodeId,
    user: userByIdShape(world, comment.authorId),
    created_at: iso(comment.createdAt),
    updated_at: iso(comment.updatedAt),
    author_association: authorAssociation(world, repository, comment.authorId),
    body: comment.body,
    reactions: reactionsShape(url, comment.reactions),
    performed_via_github_app: comment.viaAppId === null ? null : appByIdShape(world, comment.viaAppId),
  };
}
