/** Webhooks about comments: commands are read from new ones; an edited one that became a command is refused. */

import { z } from "zod";
import { isForUs } from "../../domain/emergency/command.ts";
import { handler } from "./handler.ts";
import { InstantShape, MaybeActorShape, RepositoryShape } from "../queries/shapes.ts";
import type { Commented, ParseResult, WebhookHandlers } from "./subject.ts";

const AppShape = z.object({ id: z.int() }).nullish();

/** Parses an issue as webhooks and listings show it; a pull request is one with `pull_request`. */
export const IssueShape = z.object({
  number: z.int(),
  body: z.string().nullish(),
  user: MaybeActorShape,
  pull_request: z.unknown().optional(),
  performed_via_github_app: AppShape,
});

/** Parses a comment on an issue or a pull request. */
export const CommentShape = z.object({
  id: z.int(),
  body: z.string().nullish(),
  user: MaybeActorShape,
  created_at: InstantShape,
  updated_at: InstantShape,
  performed_via_github_app: AppShape,
});

/** `issue_comment`. `changes` comes with edited. */
const IssueCommentEvent = z.object({
  repository: RepositoryShape,
  issue: IssueShape,
  comment: CommentShape,
  changes: z
    .object({ body: z.object({ from: z.string() }).optional() })
    .optional()
    .catch(undefined),
});

const MARKER = /<!-- countersign-deviation:([\w-]{1,100}) -->/u;

const MONTH_MARKER = /<!-- countersign-monthly-review:(\d{4}-\d{2}) -->/u;

/** Returns the deviation whose issue this is, by the marker, and only if the App wrote the issue. Anyone may copy a marker. */
export function deviationIn(issue: z.infer<typeof IssueShape>, appId: number): string | null {
  return marked(issue, appId, MARKER);
}

/** Returns what the marker of an issue that the App itself wrote contains. */
function marked(issue: z.infer<typeof IssueShape>, appId: number, marker: RegExp): string | null {
  const isOurs = issue.performed_via_github_app?.id === appId && issue.user?.type === "Bot";
  return isOurs ? (marker.exec(issue.body ?? "")?.[1] ?? null) : null;
}

/** Returns a comment meant for us as the flows work with it, or why it is none. `edited`: whether its words were changed. */
export function commented(
  issue: z.infer<typeof IssueShape>,
  comment: z.infer<typeof CommentShape>,
  appId: number,
  edited: boolean,
): Commented | string {
  const text = comment.body ?? "";
  if (!isForUs(text)) return "the comment is no command";
  const { user: author } = comment;
  const via = comment.performed_via_github_app?.id ?? appId;
  // What a person sends from the pages of this App is posted with their own token, and is theirs.
  if (author?.type !== "User" || via !== appId) return "only people give commands, not bots or apps";
  return {
    number: issue.number,
    on: issue.pull_request == null ? "issue" : "pull",
    deviation: issue.pull_request == null ? deviationIn(issue, appId) : null,
    month: issue.pull_request == null ? marked(issue, appId, MONTH_MARKER) : null,
    comment: { id: comment.id, author, text, createdAt: comment.created_at, edited },
  };
}

function parsed(repositoryId: number, found: Commented | string): ParseResult {
  return typeof found === "string" ? found : { subjects: [{ type: "comment", repositoryId, ...found }] };
}

/** Handles `issue_comment`. */
export const ISSUE_COMMENT = {
  created: handler("command", IssueCommentEvent, ({ repository, issue, comment }, { appId }) =>
    // As it was written: what was done to it since does not matter.
    parsed(repository.id, commented(issue, comment, appId, false)),
  ),
  edited: handler(
    "edited-command",
    IssueCommentEvent,
    ({ repository, issue, comment, changes }, { appId }) => {
      if (isForUs(changes?.body?.from ?? "")) return "what it said first was read when it was written";
      return parsed(repository.id, commented(issue, comment, appId, true));
    },
  ),
} satisfies WebhookHandlers;
