/** The heads of the evidence log as GitHub shows them: the App's own issues and comments, and nobody else's. */

import { z } from "zod";
import type { ShownComment } from "../../domain/monitoring/log-heads.ts";
import { pagesOf, unlessRefused, type GitHub } from "../api/requests.ts";
import { InstantShape } from "../queries/shapes.ts";

const Written = z.object({
  html_url: z.string(),
  body: z.string().nullish(),
  user: z.object({ id: z.int(), login: z.string(), type: z.string().optional() }).nullish(),
  performed_via_github_app: z.object({ id: z.int() }).nullish(),
});

const IssuesShape = z.array(Written.extend({ number: z.int() }));

/** Parses comments with what dates them, and who wrote them through which App. */
export const HeadCommentShape = Written.extend({
  id: z.int(),
  created_at: InstantShape,
  updated_at: InstantShape,
});

/** What GitHub answers about something that is gone, or that the App may not read. */
const NOT_SHOWN: readonly number[] = [403, 404, 410];

/** Lists the App's issues whose hidden marker begins so, the oldest first; null: GitHub does not show the repository's issues. */
export async function listHeadIssues(
  github: GitHub,
  repository: string,
  marker: string,
  appId: number,
): Promise<readonly number[] | null> {
  return unlessRefused(async () => {
    const found: number[] = [];
    const asked = { ...named(repository), state: "all", sort: "created", direction: "asc" };
    for await (const { data } of pagesOf(
      github,
      "GET /repos/{owner}/{repo}/issues",
      asked,
      IssuesShape,
      Infinity,
    ))
      for (const issue of data)
        if (isOwn(issue, appId) && (issue.body ?? "").includes(`<!-- ${marker}`)) found.push(issue.number);
    return found;
  }, NOT_SHOWN);
}

/** Lists the App's comments on an issue, the oldest first; null: GitHub does not show the issue. */
export async function listHeadComments(
  github: GitHub,
  repository: string,
  issue: number,
  appId: number,
): Promise<readonly ShownComment[] | null> {
  return unlessRefused(async () => {
    const found: ShownComment[] = [];
    const asked = { ...named(repository), issue_number: issue };
    const route = "GET /repos/{owner}/{repo}/issues/{issue_number}/comments";
    for await (const { data } of pagesOf(github, route, asked, z.array(HeadCommentShape), Infinity))
      for (const comment of data) {
        const { user } = comment;
        if (user == null || !isOwn(comment, appId)) continue;
        found.push({
          repository,
          issue,
          comment: comment.id,
          url: comment.html_url,
          body: comment.body ?? "",
          createdAt: comment.created_at,
          updatedAt: comment.updated_at,
          by: { id: user.id, login: user.login },
        });
      }
    return found;
  }, NOT_SHOWN);
}

/** Anyone may write what looks like a head: only what the App wrote is one. */
function isOwn({ user, performed_via_github_app: via }: z.infer<typeof Written>, appId: number): boolean {
  return via?.id === appId && user?.type === "Bot";
}

function named(repository: string): { readonly owner: string; readonly repo: string } {
  const [owner = "", repo = ""] = repository.split("/");
  return { owner, repo };
}
