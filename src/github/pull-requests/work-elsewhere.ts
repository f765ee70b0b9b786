/** Where else work was pushed: the pushes of one person, what a push or a commit did to each file, and what was merged into a branch. */

import type { CachedClient, RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { RefUpdate } from "../../domain/change/change.ts";
import { workOn, type FileWork } from "../../domain/approval/contribution/work-elsewhere.ts";
import { ask, askIfExists, place } from "../api/requests.ts";
import { compareWhole, ComparedFileShape, type WholeComparison } from "../commits/compare.ts";
import { headRef } from "../webhooks/pull-requests.ts";
import { tags } from "../api/lookups.ts";
import { InstantShape, ShaShape } from "../queries/shapes.ts";
import { ActivityShape } from "../listings/branch-updates.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
/** GitHub's lists are read one page far: a hundred entries, the newest first. */
const ONE_PAGE = { direction: "desc", per_page: 100 } as const;

/**
 * Lists the newest pushes of an account to all branches, the newest first; none where there is no such account. Remembered
 * until they push again. Throws {@link ExternalError}.
 */
export function readPushesBy(client: CachedClient, login: string): Promise<readonly RefUpdate[]> {
  const own = tags.pushesBy(client.repository.id, login);
  return client.lookups.remember(own, [own, tags.pushes(client.repository.id)], async () => {
    const route = "GET /repos/{owner}/{repo}/activity";
    const asked = { ...place(client.repository), ...ONE_PAGE, actor: login };
    return (await askIfExists(client.github, route, asked, ActivityShape, [404, 422]))?.data ?? [];
  });
}

/** Describes what a push introduced: its commits, and what it did to each file. Null where GitHub does not know them any more. */
export interface PushedWork {
  readonly commits: WholeComparison["commits"];
  readonly files: readonly FileWork[];
}

/** Reads what lies between two commits. One request, remembered for good. Throws {@link ExternalError}. */
export async function readPushedWork(
  client: CachedClient,
  { before, after }: { readonly before: Sha; readonly after: Sha },
): Promise<PushedWork | null> {
  const compared = await compareWhole(client, before, after);
  return compared === null ? null : { commits: compared.commits, files: compared.files.map(workOn) };
}

const CommitShape = z.object({ files: z.array(ComparedFileShape).optional() });

/** Reads what one commit did to each file. One request, remembered for good where GitHub has the commit. Throws {@link ExternalError}. */
export async function readCommitWork(client: CachedClient, commit: Sha): Promise<readonly FileWork[]> {
  const read = async (): Promise<readonly FileWork[] | null> => {
    const route = "GET /repos/{owner}/{repo}/commits/{ref}";
    const answer = await askIfExists(
      client.github,
      route,
      { ...place(client.repository), ref: commit },
      CommitShape,
      [404, 422],
    );
    return answer === null ? null : (answer.data.files ?? []).map(workOn);
  };
  const key = `work:${client.repository.id}:${commit}`;
  return (await client.lookups.rememberForever(key, read, (works) => works !== null)) ?? [];
}

/** Describes a pull request that was merged into a branch. `ref`: where the pushes of its head were observed. */
export interface MergedPullInto {
  readonly number: number;
  readonly ref: string;
  readonly isFork: boolean;
  readonly branch: string;
  readonly head: Sha;
  readonly mergeCommit: Sha;
  readonly mergedAt: Instant;
}

const PullsShape = z.array(
  z.object({
    number: z.int(),
    merged_at: InstantShape.nullish(),
    merge_commit_sha: ShaShape.nullish(),
    head: z.object({ ref: z.string(), sha: ShaShape, repo: z.object({ id: z.int() }).nullish() }),
  }),
);

/** Lists the newest pull requests merged into a branch (by its name). One request. Throws {@link ExternalError}. */
export async function listMergedInto(
  client: RepositoryClient,
  branch: string,
): Promise<readonly MergedPullInto[]> {
  const asked = { ...place(client.repository), ...ONE_PAGE, state: "closed", base: branch, sort: "updated" };
  const { data } = await ask(client.github, "GET /repos/{owner}/{repo}/pulls", asked, PullsShape);
  return data.flatMap(({ number, merged_at: mergedAt, merge_commit_sha: mergeCommit, head }) => {
    if (mergedAt == null || mergeCommit == null) return [];
    const isFork = head.repo?.id !== client.repository.id;
    const ref = headRef({ number, headRef: head.ref, fromFork: isFork });
    return [{ number, ref, isFork, branch: head.ref, head: head.sha, mergeCommit, mergedAt }];
  });
}
