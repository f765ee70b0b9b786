/** Two commits compared by GitHub: which commits and which files lie between them. */

import type { CachedClient, MaybeCachedClient, RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import { askIfExists, nextPage, place } from "../api/requests.ts";
import type { Lookups } from "../api/lookups.ts";
import { isSha, ShaShape } from "../queries/shapes.ts";
import type { Sha } from "../../domain/change/sha.ts";

/** GitHub lists at most this many files of a comparison. */
const MOST_FILES = 300;

/** Pages of 100 commits read of one comparison. */
const MOST_PAGES = 100;

/** Describes a changed file as comparisons and commits list it. */
export const ComparedFileShape = z
  .object({
    filename: z.string(),
    previous_filename: z.string().nullish(),
    status: z.string(),
    sha: z.string().nullish(),
    patch: z.string().optional(),
  })
  .transform((file): ComparedFile => ({
    path: file.filename,
    oldPath: file.previous_filename ?? null,
    status: file.status,
    blob: file.sha ?? null,
    patch: file.patch ?? null,
  }));

const ComparisonShape = z.object({
  status: z.enum(["ahead", "behind", "identical", "diverged"]),
  total_commits: z.int(),
  merge_base_commit: z.object({ sha: ShaShape }),
  commits: z.array(z.object({ sha: ShaShape, author: z.object({ id: z.int() }).nullish().catch(null) })),
  files: z.array(ComparedFileShape).optional(),
});

/** Describes one file that differs between the merge base and the head. */
export interface ComparedFile {
  readonly path: string;
  readonly oldPath: string | null;
  readonly status: string;
  readonly blob: Sha | null;
  /** Null: GitHub shows no text (binary, too large, or nothing but the name or mode changed). */
  readonly patch: string | null;
}

/** Holds what `head` has that `base` has not. `commits` oldest first; `truncated`: there are more than GitHub would list. */
export interface Comparison {
  readonly status: "ahead" | "behind" | "identical" | "diverged";
  readonly commits: readonly Sha[];
  readonly commitCount: number;
  readonly truncated: boolean;
}

/**
 * Compares two commits or branches, commit by commit. Null where GitHub does not know one of them (any more) or they share no
 * history. Remembered for good where both are named by SHA. Throws {@link ExternalError}.
 */
export async function compareCommits(
  client: MaybeCachedClient,
  base: string,
  head: string,
): Promise<Comparison | null> {
  const read = async (): Promise<Comparison | null> => {
    const commits: Sha[] = [];
    let page: Readonly<Record<string, string>> = {};
    for (let pages = 1; ; pages += 1) {
      const answer = await askIfExists(
        client.github,
        "GET /repos/{owner}/{repo}/compare/{basehead}",
        { ...place(client.repository), basehead: `${base}...${head}`, per_page: 100, ...page },
        ComparisonShape,
        [404, 422],
      );
      if (answer === null) return null;
      const { status, total_commits: commitCount } = answer.data;
      commits.push(...answer.data.commits.map(({ sha }) => sha));
      const next = nextPage(answer.headers);
      if (next === null || commits.length >= commitCount || pages === MOST_PAGES) {
        return { status, commits, commitCount, truncated: commits.length < commitCount };
      }
      page = next;
    }
  };
  return remembered(client.lookups, `commits:${client.repository.id}`, base, head, read);
}

/** Returns whether a commit is on a branch; null where GitHub does not know one of them. */
export async function isOnBranch(
  client: RepositoryClient,
  branch: string,
  sha: Sha,
): Promise<boolean | null> {
  const compared = await compareCommits({ ...client, lookups: null }, branch, sha);
  return compared === null ? null : compared.status === "behind" || compared.status === "identical";
}

/** Lists the files that a commit changes against `mergeBase`, where it left its base; `truncated`: GitHub lists only some. */
export interface ComparedFiles {
  readonly mergeBase: Sha;
  readonly files: readonly ComparedFile[];
  readonly truncated: boolean;
}

/**
 * Lists the files that `head` changes against where it left `base` (three dots). Null where GitHub does not know one of them,
 * and `truncated` where it lists only some. Remembered for good where both are named by SHA. Throws {@link ExternalError}.
 */
export async function compareFiles(
  client: MaybeCachedClient,
  base: string,
  head: string,
): Promise<ComparedFiles | null> {
  const read = async () => {
    const answer = await askIfExists(
      client.github,
      "GET /repos/{owner}/{repo}/compare/{basehead}",
      // The files come whole with the first page, however few commits it holds.
      { ...place(client.repository), basehead: `${base}...${head}`, per_page: 1, page: 1 },
      ComparisonShape,
      [404, 422],
    );
    if (answer === null) return null;
    const files = answer.data.files ?? [];
    return {
      mergeBase: answer.data.merge_base_commit.sha,
      files,
      truncated: files.length >= MOST_FILES,
    };
  };
  return remembered(client.lookups, `files:${client.repository.id}`, base, head, read);
}

/** Holds what lies between two commits. `author`: the account GitHub attributes a commit to; null: to none. */
export interface WholeComparison {
  readonly commits: readonly { readonly sha: Sha; readonly author: number | null }[];
  readonly files: readonly ComparedFile[];
}

/**
 * Reads the first hundred commits that `head` has and `base` has not, with the files changed between. Null where GitHub does
 * not know one of them. One request, remembered for good where both are named by SHA. Throws {@link ExternalError}.
 */
export async function compareWhole(
  client: CachedClient,
  base: string,
  head: string,
): Promise<WholeComparison | null> {
  return remembered(client.lookups, `whole:${client.repository.id}`, base, head, async () => {
    const route = "GET /repos/{owner}/{repo}/compare/{basehead}";
    const asked = { ...place(client.repository), basehead: `${base}...${head}`, per_page: 100, page: 1 };
    const answer = await askIfExists(client.github, route, asked, ComparisonShape, [404, 422]);
    if (answer === null) return null;
    const { commits, files = [] } = answer.data;
    return { commits: commits.map(({ sha, author }) => ({ sha, author: author?.id ?? null })), files };
  });
}

function remembered<Answer>(
  lookups: Lookups | null,
  what: string,
  base: string,
  head: string,
  read: () => Promise<Answer | null>,
): Promise<Answer | null> {
  if (lookups === null || !isSha(base) || !isSha(head)) return read();
  return lookups.rememberForever(`compare:${what}:${base}...${head}`, read, (answer) => answer !== null);
}
