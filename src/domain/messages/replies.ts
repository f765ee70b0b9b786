/** What is written in comments: replies to commands, requests and reminders. Each has a hidden marker by which it is found again. */

import type { Instant } from "../time/instant.ts";
import type { Addressee, Action, Entry } from "../records/entry.ts";
import type { CommandRecord } from "../records/repository.ts";

/** Describes what a `comment` action writes. */
export interface CommentPayload {
  readonly repository: { readonly owner: string; readonly name: string };
  readonly appId: number;
  /** Of the issue or pull request. */
  readonly number: number;
  readonly body: string;
  readonly marker: string;
}

/** Describes what a `reaction` action does: a sign under a person's comment. */
export interface ReactionPayload {
  readonly repository: { readonly owner: string; readonly name: string };
  readonly commentId: number;
  readonly content: Reaction;
}

/** The signs we give: done, refused, not understood. */
type Reaction = "+1" | "-1" | "confused";

/** Writes a comment on an issue or pull request, once for each `key`. `body` is Markdown, already harmless. */
export function commentAction(to: Addressee, number: number, key: string, body: string): Action {
  const { id, ownerId, owner, name } = to.repository;
  const marker = `countersign-comment:${key}`;
  const payload: CommentPayload = {
    repository: { owner, name },
    appId: to.appId,
    number,
    body: `${body}\n\n<!-- ${marker} -->\n`,
    marker,
  };
  return {
    key: `comment:${key}`,
    kind: "comment",
    repositoryId: id,
    organizationId: ownerId,
    installationId: to.installationId,
    payload,
  };
}

/** Gives a sign under a comment. */
function reactionAction(to: Addressee, commentId: number, content: Reaction): Action {
  const { id, ownerId, owner, name } = to.repository;
  const payload: ReactionPayload = { repository: { owner, name }, commentId, content };
  return {
    key: `reaction:${id}:${commentId}`,
    kind: "reaction",
    repositoryId: id,
    organizationId: ownerId,
    installationId: to.installationId,
    payload,
  };
}

const REACTIONS: Readonly<Record<CommandRecord["outcome"], Reaction>> = {
  done: "+1",
  refused: "-1",
  "not-understood": "confused",
};

/** Returns the subject under which the answer to a comment is recorded: once, whatever is delivered twice. */
export function commandSubject(repositoryId: number, commentId: number): string {
  return `${repositoryId}/${commentId}`;
}

/** Returns the entry and the actions that answer a command. It is recorded with its effects, or not at all. */
export function answered(
  to: Addressee,
  body: CommandRecord,
  reply: string,
): { readonly entry: Entry; readonly actions: readonly Action[] } {
  const { id, ownerId } = to.repository;
  const at: Instant = body.at;
  return {
    entry: {
      kind: "command",
      subject: commandSubject(id, body.commentId),
      repositoryId: id,
      organizationId: ownerId,
      at,
      body,
    },
    actions: [
      reactionAction(to, body.commentId, REACTIONS[body.outcome]),
      commentAction(to, body.number, `reply:${id}:${body.commentId}`, reply),
    ],
  };
}
