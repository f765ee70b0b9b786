/** What single commits are: those a pull request once had, and the files each of them touches. */

import type { CachedClient, RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { ChangedFile, Commit, EarlierHead, TouchedFiles } from "../../domain/change/commit.ts";
import { CommitAnswer, PathsAnswer } from "../queries/answers.ts";
import { askIfExists, nextPage, place, query } from "../api/requests.ts";
import { compareCommits } from "./compare.ts";
import { FileShape } from "./changed-files.ts";
import { commitsQuery, pathsQuery } from "../queries/queries.ts";
import type { Sha } from "../../domain/change/sha.ts";
/** Bounds the commits of an earlier head that are read, and the paths that are looked up; what has more is left out. */
const MOST = { commits: 100, paths: 50 } as const;

/**
 * Reads the commits that a head had beside those of its base, `base` being a commit. Two requests, remembered for good. Throws
 * {@link ExternalError}.
 */
export async function readEarlier(client: CachedClient, base: Sha, head: Sha): Promise<EarlierHead> {
  const compared = await compareCommits(client, base, head);
  if (compared === null || compared.commitCount > MOST.commits) return { head, commits: null };
  const shas = compared.commits;
  return client.lookups.rememberForever(
    `earlier:${client.repository.id}:${base}:${head}`,
    async () => ({ head, commits: await readEach(client, shas) }),
    ({ commits }) => commits !== null,
  );
}

async function readEach(client: RepositoryClient, shas: readonly Sha[]): Promise<readonly Commit[] | null> {
  if (shas.length === 0) return [];
  const shape = z.object({ repository: z.record(z.string(), CommitAnswer.nullish()) });
  const named = Object.fromEntries(shas.map((sha, index) => [`sha${index}`, sha]));
  const variables = { owner: client.repository.owner, name: client.repository.name, ...named };
  const answered = (await query(client.github, commitsQuery(shas.length), variables, shape)).repository;
  const commits = shas
    .map((_, index) => answered[`commit${index}`] ?? null)
    .filter((commit) => commit !== null);
  return commits.length === shas.length ? commits : null;
}

/**
 * Reads the files a commit touches, and at which of their paths the commit `head` holds something. Two requests, remembered
 * for good where GitHub shows them. Throws {@link ExternalError}.
 */
export async function readTouched(client: CachedClient, commit: Sha, head: Sha): Promise<TouchedFiles> {
  const ask = async (): Promise<TouchedFiles> => {
    const files = await filesOf(client, commit);
    const paths = [
      ...new Set(
        (files ?? []).flatMap(({ path, oldPath }) => [path, ...(oldPath === null ? [] : [oldPath])]),
      ),
    ];
    if (files === null || paths.length > MOST.paths) return { commit, files: null, standing: [] };
    if (paths.length === 0) return { commit, files, standing: [] };
    const named = Object.fromEntries(paths.map((path, index) => [`path${index}`, path]));
    const variables = { owner: client.repository.owner, name: client.repository.name, head, ...named };
    const at = (await query(client.github, pathsQuery(paths.length), variables, PathsAnswer)).repository
      .object;
    // Of a head that GitHub does not know, nothing can be known.
    const present = paths.filter((_, index) => at?.[`file${index}`] != null);
    return at == null ? { commit, files: null, standing: [] } : { commit, files, standing: present };
  };
  return client.lookups.rememberForever(
    `touched:${client.repository.id}:${commit}:${head}`,
    ask,
    ({ files }) => files !== null,
  );
}

const FilesShape = z.object({ files: z.array(FileShape).optional() });

async function filesOf(client: RepositoryClient, commit: Sha): Promise<readonly ChangedFile[] | null> {
  const route = "GET /repos/{owner}/{repo}/commits/{ref}";
  const answer = await askIfExists(
    client.github,
    route,
    { ...place(client.repository), ref: commit },
    FilesShape,
    [404, 422],
  );
  if (answer?.data.files === undefined || nextPage(answer.headers) !== null) return null;
  return answer.data.files;
}
