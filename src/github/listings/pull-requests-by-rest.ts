/** What REST shows of pull requests where GraphQL cannot answer: one that nobody can read spoils every list of GraphQL's that holds it. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import { ExternalError } from "../../domain/values/external-error.ts";
import { ask, pagesOf, place, type GitHub } from "../api/requests.ts";
import { InstantShape, MaybeActorShape, ShaShape } from "../queries/shapes.ts";
import { isSpoiled, mayBeTooMuch } from "../api/smaller-pages.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Actor } from "../../domain/change/people.ts";

/** Describes a pull request as far as REST's lists show it. `mergeCommit` of an open one is a trial that GitHub makes. */
export interface RestPull {
  readonly number: number;
  readonly state: "open" | "closed";
  readonly title: string;
  readonly url: string;
  readonly author: Actor | null;
  readonly draft: boolean;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly mergedAt: Instant | null;
  readonly mergeCommit: Sha | null;
  readonly base: { readonly ref: string; readonly sha: Sha };
  readonly head: { readonly ref: string; readonly sha: Sha; readonly fork: boolean };
}

const Ref = z.object({ ref: z.string(), sha: ShaShape, repo: z.object({ id: z.int() }).nullish() });

const ListedShape = z
  .object({
    number: z.int(),
    state: z.enum(["open", "closed"]),
    title: z.string(),
    html_url: z.string(),
    user: MaybeActorShape,
    draft: z.boolean().optional(),
    created_at: InstantShape,
    updated_at: InstantShape,
    merged_at: InstantShape.nullish(),
    merge_commit_sha: ShaShape.nullish(),
    base: Ref,
    head: Ref,
  })
  .transform((pull): RestPull => {
    const { number, state, title, base, head } = pull;
    return {
      number,
      state,
      title,
      url: pull.html_url,
      author: pull.user,
      draft: pull.draft ?? false,
      createdAt: pull.created_at,
      updatedAt: pull.updated_at,
      mergedAt: pull.merged_at ?? null,
      mergeCommit: pull.merge_commit_sha ?? null,
      base: { ref: base.ref, sha: base.sha },
      head: { ref: head.ref, sha: head.sha, fork: head.repo?.id !== base.repo?.id },
    };
  });

/** Queries GraphQL, and where it cannot answer even little, REST. Throws {@link ExternalError}. */
export async function orThroughRest<Answer>(
  byGraphql: () => Promise<Answer>,
  byRest: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await byGraphql();
  } catch (error) {
    if (!isSpoiled(error)) throw error;
    return byRest();
  }
}

/**
 * Reads who and what one pull request is, nothing of it that a judgement rests on. Null where GitHub does not show even that.
 * Throws {@link ExternalError}.
 */
export async function identifyPull(client: RepositoryClient, number: number): Promise<RestPull | null> {
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
  try {
    return (
      await ask(client.github, route, { ...place(client.repository), pull_number: number }, ListedShape)
    ).data;
  } catch (error) {
    if (!isNoAnswer(error)) throw error;
  }
  try {
    return (await listOpen(client)).find((pull) => pull.number === number) ?? null;
  } catch (error) {
    if (!isNoAnswer(error)) throw error;
    return null;
  }
}

/** Returns whether GitHub received the request and did not answer it: then it may answer another question. */
function isNoAnswer(error: unknown): boolean {
  return mayBeTooMuch(error) || (error instanceof ExternalError && error.code === "github-refused");
}

/** Lists the pull requests that GitHub ties to a commit. Throws {@link ExternalError}. */
export async function listTied(client: RepositoryClient, sha: Sha): Promise<readonly RestPull[]> {
  const route = "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls";
  return everything(client.github, route, { ...place(client.repository), commit_sha: sha });
}

/** Lists the open pull requests, oldest first. Throws {@link ExternalError}. */
export async function listOpen(client: RepositoryClient): Promise<readonly RestPull[]> {
  const asked = { ...place(client.repository), state: "open", sort: "created", direction: "asc" };
  return everything(client.github, "GET /repos/{owner}/{repo}/pulls", asked);
}

/** Lists the pull requests merged into a branch since an instant; `truncated`: there are more. Throws {@link ExternalError}. */
export async function listMerged(
  client: RepositoryClient,
  branch: string,
  since: Instant,
): Promise<{ readonly pulls: readonly RestPull[]; readonly truncated: boolean; readonly pages: number }> {
  const route = "GET /repos/{owner}/{repo}/pulls";
  const asked = {
    ...place(client.repository),
    state: "closed",
    base: branch,
    sort: "updated",
    direction: "desc",
  };
  const pulls: RestPull[] = [];
  let truncated = false;
  let pages = 0;
  for await (const { data, more } of pagesOf(client.github, route, asked, z.array(ListedShape), 200)) {
    pages += 1;
    pulls.push(...data.filter(({ mergedAt }) => mergedAt !== null && mergedAt >= since));
    truncated = more;
    if (data.every(({ updatedAt }) => updatedAt >= since)) continue;
    truncated = false;
    break;
  }
  return { pulls, truncated, pages };
}

async function everything(
  github: GitHub,
  route: string,
  asked: Readonly<Record<string, unknown>>,
): Promise<readonly RestPull[]> {
  const found: RestPull[] = [];
  let more = false;
  for await (const page of pagesOf(github, route, asked, z.array(ListedShape))) {
    found.push(...page.data);
    ({ more } = page);
  }
  if (more)
    throw new ExternalError("github-answer", `GitHub's list for ${route} is longer than can be read.`);
  return found;
}
