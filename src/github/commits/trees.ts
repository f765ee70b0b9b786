/** What two commits differ in, read from their trees: GitHub lists no more than 3,000 files of a pull request and 300 of a comparison. */

import type { MaybeCachedClient, RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { Content } from "../../domain/change/difference.ts";
import { askIfExists, place } from "../api/requests.ts";
import type { ComparedFile, ComparedFiles } from "./compare.ts";
import { isSha, ShaShape } from "../queries/shapes.ts";
import type { Sha } from "../../domain/change/sha.ts";

const BaseShape = z.object({ merge_base_commit: z.object({ sha: ShaShape }) });

const TreeShape = z.object({
  truncated: z.boolean(),
  tree: z.array(
    z.object({
      path: z.string(),
      // Git writes modes in octal.
      mode: z.string().transform((mode) => Number.parseInt(mode, 8)),
      type: z.string(),
      sha: z.string(),
    }),
  ),
});

type Files = ReadonlyMap<string, Content>;

/**
 * Lists the files that `head` changes against where it left `base` (a SHA or a branch). A moved file is one removed and one
 * added. Null where GitHub does not know one of them; `truncated` where a tree has more files than GitHub lists (about
 * 100,000). Three requests, remembered for good where both are named by SHA. Throws {@link ExternalError}.
 */
export async function compareTrees(
  client: MaybeCachedClient,
  base: string,
  head: Sha,
): Promise<ComparedFiles | null> {
  const read = async () => {
    const compared = await askIfExists(
      client.github,
      "GET /repos/{owner}/{repo}/compare/{basehead}",
      { ...place(client.repository), basehead: `${base}...${head}`, per_page: 1, page: 1 },
      BaseShape,
      [404, 422],
    );
    if (compared === null) return null;
    const mergeBase = compared.data.merge_base_commit.sha;
    const before = await filesAt(client, mergeBase);
    const after = await filesAt(client, head);
    if (before === null || after === null) return null;
    const truncated = before.truncated || after.truncated;
    return { mergeBase, files: differences(before.files, after.files), truncated };
  };
  if (client.lookups === null || !isSha(base)) return read();
  const key = `trees-compared:${client.repository.id}:${base}...${head}`;
  return client.lookups.rememberForever(key, read, (answer) => answer !== null);
}

/** Reads every file of a commit; null where GitHub does not know it. Throws {@link ExternalError}. */
export async function filesAt(
  client: RepositoryClient,
  commit: Sha,
): Promise<{ readonly files: Files; readonly truncated: boolean } | null> {
  const route = "GET /repos/{owner}/{repo}/git/trees/{tree_sha}";
  const asked = { ...place(client.repository), tree_sha: commit, recursive: "1" };
  const answer = await askIfExists(client.github, route, asked, TreeShape, [404, 409, 422]);
  if (answer === null) return null;
  const { tree, truncated } = answer.data;
  // Folders differ where their files do.
  const files = tree.filter(({ type }) => type !== "tree");
  return { files: new Map(files.map(({ path, mode, sha: blob }) => [path, { mode, blob }])), truncated };
}

function differences(before: Files, after: Files): readonly ComparedFile[] {
  const file = (path: string, status: string, blob: Sha | null): ComparedFile => ({
    path,
    oldPath: null,
    status,
    blob,
    patch: null,
  });
  const removed = [...before].flatMap(([path, { blob }]) =>
    after.has(path) ? [] : [file(path, "removed", blob)],
  );
  const others = [...after].flatMap(([path, { mode, blob }]) => {
    const old = before.get(path);
    if (old === undefined) return [file(path, "added", blob)];
    if (old.blob === blob && old.mode === mode) return [];
    // Two versions are the same only with the same mode too.
    return [file(path, old.mode === mode ? "modified" : `changed to ${mode.toString(8)}`, blob)];
  });
  return [...removed, ...others].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
