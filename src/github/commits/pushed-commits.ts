/** What a direct push introduced: its commits back to where the branch was, each with the lines it changes. */

import { z } from "zod";
import { MOST_PUSHED_COMMITS } from "../../domain/approval/pre-approved/direct-push-approval.ts";
import type { PushedCommit, PushedContent, PushedFile } from "../../domain/change/change.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { CachedClient } from "../api/repository-client.ts";
import { askIfExists, nextPage, place } from "../api/requests.ts";
import { ShaShape } from "../queries/shapes.ts";
import { contentsAt } from "./same-content.ts";

/** So many characters of a file's lines are kept; a longer text is not shown. */
const MOST_CHARACTERS = 100_000;

const CommitShape = z.object({
  parents: z.array(z.object({ sha: ShaShape })),
  files: z
    .array(
      z.object({
        filename: z.string(),
        previous_filename: z.string().nullish(),
        status: z.string(),
        additions: z.int(),
        deletions: z.int(),
        patch: z.string().optional(),
      }),
    )
    .optional(),
});

/**
 * Reads the commits between two ends of a branch, newest first, with their files. Lines and modes are read only of paths that
 * `wanted` names. One request for each commit, and one for the modes of its files; remembered for good. Throws
 * {@link ExternalError}.
 */
export async function readPushedCommits(
  client: CachedClient,
  { before, after }: { readonly before: Sha; readonly after: Sha },
  wanted: (path: string) => boolean,
): Promise<Pick<PushedContent, "commits" | "complete">> {
  const commits: PushedCommit[] = [];
  let next: Sha | undefined = after;
  while (next !== undefined && next !== before && commits.length < MOST_PUSHED_COMMITS) {
    const commit = await readPushed(client, next, wanted);
    if (commit === null) return { commits, complete: false };
    commits.push(commit);
    // A merge introduces more than this line of commits.
    next = commit.parents.length === 1 ? commit.parents[0] : undefined;
  }
  return { commits, complete: next === before };
}

async function readPushed(
  client: CachedClient,
  sha: Sha,
  wanted: (path: string) => boolean,
): Promise<PushedCommit | null> {
  const route = "GET /repos/{owner}/{repo}/commits/{ref}";
  const commit = await client.lookups.rememberForever(
    `pushed:${client.repository.id}:${sha}`,
    async () => {
      const answer = await askIfExists(
        client.github,
        route,
        { ...place(client.repository), ref: sha },
        CommitShape,
        [404, 422],
      );
      if (answer === null) return null;
      const { parents, files } = answer.data;
      const isWhole = files !== undefined && nextPage(answer.headers) === null;
      return { parents: parents.map((parent) => parent.sha), files: isWhole ? files : null };
    },
    (answer) => answer !== null,
  );
  if (commit === null) return null;
  const { parents, files } = commit;
  const [parent] = parents;
  if (files === null || parent === undefined) return { sha, parents, files: null };
  const paths = files.map(({ filename }) => filename).filter(wanted);
  const spans = { baseBefore: parent, headBefore: sha, baseAfter: parent, headAfter: sha };
  const contents = paths.length === 0 ? null : await contentsAt(client, paths, spans);
  const fileOf = (file: (typeof files)[number]): PushedFile => {
    const { filename: path, previous_filename: oldPath, status, additions, deletions, patch } = file;
    const { baseBefore = null, headBefore = null } = contents?.(path) ?? {};
    const isShown = wanted(path) && patch !== undefined && patch.length <= MOST_CHARACTERS;
    return {
      path,
      oldPath: oldPath ?? null,
      status,
      additions,
      deletions,
      patch: isShown ? patch : null,
      modes:
        contents === null || !wanted(path)
          ? null
          : { before: baseBefore?.mode ?? null, after: headBefore?.mode ?? null },
    };
  };
  return { sha, parents, files: files.map(fileOf) };
}
