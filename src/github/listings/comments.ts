/** The comments of a repository, for commands given while no webhook was received. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import { ask, askAllPages, place } from "../api/requests.ts";
import { allOf } from "../api/partial-list.ts";
import { commented, CommentShape, IssueShape } from "../webhooks/comments.ts";
import type { Commented } from "../webhooks/subject.ts";
import type { Instant } from "../../domain/time/instant.ts";

const ListedShape = z.array(CommentShape.extend({ issue_url: z.string() }));

/** Lists every comment meant for us that was written at or after `since`, oldest first. Throws {@link ExternalError}. */
export async function listComments(
  client: RepositoryClient,
  since: Instant,
  appId: number,
): Promise<readonly Commented[]> {
  const asked = { ...place(client.repository), since: new Date(since).toISOString(), sort: "created" };
  const list = await askAllPages(
    client.github,
    "GET /repos/{owner}/{repo}/issues/comments",
    asked,
    ListedShape,
    Infinity,
  );
  const found: Commented[] = [];
  const issues = new Map<number, z.infer<typeof IssueShape>>();
  for (const comment of allOf(list, "comments").flat()) {
    if (comment.created_at < since) continue;
    const number = Number(/\/issues\/(\d+)$/u.exec(comment.issue_url)?.[1]);
    const edited = comment.updated_at > comment.created_at;
    const bare = { number, user: null };
    // Only what is meant for us is worth asking what it was written on.
    if (typeof commented(bare, comment, appId, edited) === "string") continue;
    const issue = issues.get(number) ?? (await readIssue(client, number));
    issues.set(number, issue);
    const read = commented(issue, comment, appId, edited);
    if (typeof read !== "string") found.push(read);
  }
  return found;
}

async function readIssue(client: RepositoryClient, number: number): Promise<z.infer<typeof IssueShape>> {
  const route = "GET /repos/{owner}/{repo}/issues/{issue_number}";
  return (await ask(client.github, route, { ...place(client.repository), issue_number: number }, IssueShape))
    .data;
}
