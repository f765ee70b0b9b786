import { comment, editComment, editIssue, openIssue, react, type Writer } from "../acts/issues.ts";
import { addLabel, removeLabel, requestReviewers } from "../acts/pulls.ts";
import type { Issue, IssueComment, PullRequest, Reaction, Repository } from "../model.ts";
import { Refused } from "../refused.ts";
import { commentShape, issueShape, labelShape, labelShapes, reactionShape } from "../shapes/issues.ts";
import { pullAsIssueShape, simplePullRequestShape } from "../shapes/pulls.ts";
import { paged } from "./paging.ts";
import {
  actingAccount,
  actingApp,
  invalidField,
  notFound,
  numberParam,
  ok,
  repositoryOf,
  textField,
  type Call,
  type Routes,
} from "./route.ts";

/** Issues and pull requests share numbers, comments and labels: either permission opens them. */
const READ = ["issues:read", "pull_requests:read"] as const;
const WRITE = ["issues:write", "pull_requests:write"] as const;

const REACTIONS: readonly Reaction["content"][] = [
  "+1",
  "-1",
  "laugh",
  "confused",
  "heart",
  "hooray",
  "rocket",
  "eyes",
];

type Subject =
  | { readonly kind: "issue"; readonly repository: Repository; readonly issue: Issue }
  | { readonly kind: "pull"; readonly repository: Repository; readonly pull: PullRequest };

function subjectOf(call: Call): Subject {
  const repository = repositoryOf(call);
  const number = numberParam(call, "issue_number");
  const issue = repository.issues.get(number);
  if (issue !== undefined) return { kind: "issue", repository, issue };
  const pull = repository.pulls.get(number);
  if (pull === undefined) throw notFound();
  return { kind: "pull", repository, pull };
}

function subjectShape(call: Call, subject: Subject): unknown {
  return subject.kind === "issue"
    ? issueShape(call.world, subject.repository, subject.issue)
    : pullAsIssueShape(call.world, subject.repository, subject.pull);
}

function writer(call: Call): Writer {
  return { account: actingAccount(call.world, call.caller), appId: actingApp(call.caller)?.id ?? null };
}

function texts(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((one: unknown) => {
    if (typeof one === "string") return [one];
    const named = typeof one === "object" && one !== null && "name" in one ? one.name : undefined;
    return typeof named === "string" ? [named] : [];
  });
}

function listed(call: Call): Subject[] {
  const repository = repositoryOf(call);
  const {
    state = "open",
    creator,
    labels,
    assignee,
    sort = "created",
    direction = "desc",
    since,
  } = call.query;
  const wanted = labels?.split(",").map((one) => one.trim());
  const author = creator === undefined ? undefined : call.world.accountByLogin(creator);
  const assigned = assignee === undefined ? undefined : call.world.accountByLogin(assignee);
  const all: Subject[] = [
    ...[...repository.issues.values()].map((issue) => ({ kind: "issue" as const, repository, issue })),
    ...[...repository.pulls.values()].map((pull) => ({ kind: "pull" as const, repository, pull })),
  ];
  const at = (one: Subject): number => (sort === "updated" ? bodyOf(one).updatedAt : bodyOf(one).createdAt);
  return all
    .filter((one) => state === "all" || bodyOf(one).state === state)
    .filter((one) => creator === undefined || bodyOf(one).authorId === author?.id)
    .filter((one) => assigned === undefined || bodyOf(one).assignees.has(assigned.id))
    .filter((one) => wanted === undefined || wanted.every((name) => bodyOf(one).labels.has(name)))
    .filter((one) => since === undefined || bodyOf(one).updatedAt >= Date.parse(since))
    .sort((a, b) => (direction === "asc" ? 1 : -1) * (at(a) - at(b) || bodyOf(a).number - bodyOf(b).number));
}

function bodyOf(subject: Subject): Issue | PullRequest {
  return subject.kind === "issue" ? subject.issue : subject.pull;
}

function commentOf(call: Call): { repository: Repository; found: IssueComment } {
  const repository = repositoryOf(call);
  const found = repository.comments.get(numberParam(call, "comment_id"));
  if (found === undefined || found.deleted) throw notFound();
  return { repository, found };
}

function commentsOf(call: Call, repository: Repository, number?: number): IssueComment[] {
  const { since } = call.query;
  return [...repository.comments.values()]
    .filter((one) => !one.deleted && (number === undefined || one.number === number))
    .filter((one) => since === undefined || one.updatedAt >= Date.parse(since));
}

/** Issues, comments, labels and reactions. */
export const issueRoutes: Routes = {
  "GET /repos/{owner}/{repo}/issues": {
    need: ["issues:read"],
    run: (call) => paged(call, listed(call), (one) => subjectShape(call, one)),
  },
  "POST /repos/{owner}/{repo}/issues": {
    need: ["issues:write"],
    run(call) {
      const repository = repositoryOf(call);
      const { title } = call.body;
      if (typeof title !== "string" && typeof title !== "number") throw invalidField("Issue", "title");
      const issue = openIssue(call.world, repository, writer(call), {
        title: String(title),
        body: textField(call, "body"),
        labels: texts(call.body["labels"]),
        assignees: texts(call.body["assignees"]),
      });
      return ok(issueShape(call.world, repository, issue), 201);
    },
  },
  "GET /repos/{owner}/{repo}/issues/{issue_number}": {
    need: READ,
    run: (call) => ok(subjectShape(call, subjectOf(call))),
  },
  "PATCH /repos/{owner}/{repo}/issues/{issue_number}": {
    need: WRITE,
    run(call) {
      const subject = subjectOf(call);
      if (subject.kind === "pull") throw new Refused(422, "Pull requests are edited as pull requests here.");
      const { state, state_reason: reason, body } = call.body;
      editIssue(call.world, subject.repository, subject.issue, writer(call), {
        title: textField(call, "title"),
        body: body === null ? null : textField(call, "body"),
        state: state === "open" || state === "closed" ? state : undefined,
        stateReason:
          reason === "completed" || reason === "not_planned" || reason === "reopened" ? reason : undefined,
        labels: texts(call.body["labels"]),
        assignees: texts(call.body["assignees"]),
      });
      return ok(subjectShape(call, subject));
    },
  },
  "GET /repos/{owner}/{repo}/issues/{issue_number}/comments": {
    need: READ,
    run(call) {
      const subject = subjectOf(call);
      const comments = commentsOf(call, subject.repository, bodyOf(subject).number);
      return paged(call, comments, (one) => commentShape(call.world, subject.repository, one));
    },
  },
  "POST /repos/{owner}/{repo}/issues/{issue_number}/comments": {
    need: WRITE,
    run(call) {
      const subject = subjectOf(call);
      const body = textField(call, "body");
      if (body === undefined || body.trim() === "") throw invalidField("IssueComment", "body");
      const made = comment(call.world, subject.repository, bodyOf(subject), writer(call), body);
      return ok(commentShape(call.world, subject.repository, made), 201);
    },
  },
  "GET /repos/{owner}/{repo}/issues/comments": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      const { sort = "created", direction = "asc" } = call.query;
      const comments = commentsOf(call, repository);
      if (sort === "updated") comments.sort((a, b) => a.updatedAt - b.updatedAt || a.id - b.id);
      if (direction === "desc") comments.reverse();
      return paged(call, comments, (one) => commentShape(call.world, repository, one));
    },
  },
  "GET /repos/{owner}/{repo}/issues/comments/{comment_id}": {
    need: READ,
    run(call) {
      const { repository, found } = commentOf(call);
      return ok(commentShape(call.world, repository, found));
    },
  },
  "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}": {
    need: WRITE,
    run(call) {
      const { repository, found } = commentOf(call);
      const body = textField(call, "body");
      if (body === undefined) throw invalidField("IssueComment", "body");
      editComment(call.world, repository, found, writer(call), body);
      return ok(commentShape(call.world, repository, found));
    },
  },
  "GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions": {
    need: READ,
    run(call) {
      const { found } = commentOf(call);
      const { content } = call.query;
      const reactions = found.reactions.filter((one) => content === undefined || one.content === content);
      return paged(call, reactions, (one) => reactionShape(call.world, one));
    },
  },
  "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions": {
    need: WRITE,
    run(call) {
      const { found } = commentOf(call);
      const content = REACTIONS.find((one) => one === call.body["content"]);
      if (content === undefined) throw invalidField("Reaction", "content", "invalid");
      const { reaction, isNew } = react(call.world, found, actingAccount(call.world, call.caller), content);
      return ok(reactionShape(call.world, reaction), isNew ? 201 : 200);
    },
  },
  "GET /repos/{owner}/{repo}/issues/{issue_number}/labels": {
    need: READ,
    run(call) {
      const subject = subjectOf(call);
      const labels = labelShapes(call.world, subject.repository, bodyOf(subject).labels);
      return paged(call, labels, (one) => one);
    },
  },
  "POST /repos/{owner}/{repo}/issues/{issue_number}/labels": {
    need: WRITE,
    run(call) {
      const subject = subjectOf(call);
      const added = texts(call.body["labels"]) ?? [];
      const { account } = writer(call);
      if (subject.kind === "issue") {
        const labels = [...new Set([...subject.issue.labels, ...added])];
        editIssue(call.world, subject.repository, subject.issue, writer(call), { labels });
      } else {
        for (const name of added) addLabel(call.world, subject.repository, subject.pull, account, name);
      }
      return ok(labelShapes(call.world, subject.repository, bodyOf(subject).labels));
    },
  },
  "DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}": {
    need: WRITE,
    run(call) {
      const subject = subjectOf(call);
      const name = call.params["name"] ?? "";
      if (!bodyOf(subject).labels.has(name)) throw new Refused(404, "Label does not exist");
      if (subject.kind === "issue") {
        const labels = [...subject.issue.labels].filter((one) => one !== name);
        editIssue(call.world, subject.repository, subject.issue, writer(call), { labels });
      } else {
        removeLabel(call.world, subject.repository, subject.pull, writer(call).account, name);
      }
      return ok(labelShapes(call.world, subject.repository, bodyOf(subject).labels));
    },
  },
  "GET /repos/{owner}/{repo}/labels": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      return paged(call, [...repository.labels.values()], (one) => labelShape(call.world, repository, one));
    },
  },
  "POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers": {
    need: ["pull_requests:write"],
    run(call) {
      const repository = repositoryOf(call);
      const pull = repository.pulls.get(numberParam(call, "pull_number"));
      if (pull === undefined) throw notFound();
      const people = (texts(call.body["reviewers"]) ?? []).map(
        (login) => call.world.accountByLogin(login)?.id,
      );
      const teams = (texts(call.body["team_reviewers"]) ?? []).map(
        (slug) => call.world.team(repository.ownerId, slug)?.id,
      );
      const known = (id: number | undefined): id is number => id !== undefined;
      if (!people.every(known) || !teams.every(known)) {
        throw new Refused(422, "Reviews may only be requested from collaborators.");
      }
      requestReviewers(call.world, repository, pull, writer(call).account, people, teams);
      return ok(simplePullRequestShape(call.world, repository, pull), 201);
    },
  },
};
