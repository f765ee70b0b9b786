/** The files a pull request changes and their owners: its files by REST, which shows renames, and the CODEOWNERS of its base. */

import type { CachedClient, RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { OwnersError, OwnersFile, PullRequest } from "../../domain/change/pull-request.ts";
import { CODEOWNERS_PATHS } from "../../domain/approval/codeowners-file.ts";
import { FileAnswer } from "../queries/answers.ts";
import { askAllPages, askIfExists, place, query, type GitHub } from "../api/requests.ts";
import type { ComparedFile } from "./compare.ts";
import type { Lookups } from "../api/lookups.ts";
import { OWNERS_QUERY } from "../queries/queries.ts";
import { ShaShape } from "../queries/shapes.ts";
import { compareTrees } from "./trees.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { ChangedFile } from "../../domain/change/commit.ts";

/** GitHub lists no more files of a pull request than this. */
const MOST_FILES = 3000;

/** Describes a file as REST lists it. */
export const FileShape = z
  .object({
    filename: z.string(),
    previous_filename: z.string().nullish(),
    status: z.enum(["added", "removed", "modified", "renamed", "copied", "changed", "unchanged"]),
  })
  .transform((file): ChangedFile => ({
    path: file.filename,
    oldPath: file.previous_filename ?? null,
    status: file.status,
  }));

/**
 * Reads the files a pull request changes, from the trees where there are more than GitHub lists. `base`: the commit it is
 * compared with. Not `complete` where GitHub would not list them all. Throws {@link ExternalError}.
 */
export async function readFiles(
  github: GitHub,
  pull: Pick<PullRequest, "repository" | "number" | "size" | "head">,
  base: Sha,
  lookups: Lookups,
): Promise<NonNullable<PullRequest["files"]>> {
  const { repository, number, size } = pull;
  if ((size?.files ?? 0) >= MOST_FILES) {
    const compared = await compareTrees({ github, repository, lookups }, base, pull.head.sha);
    // A moved file is listed as removed from one place and added at the other.
    if (compared !== null && !compared.truncated && compared.files.length >= (size?.files ?? 0))
      return { list: compared.files.map(fileOf), complete: true };
  }
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/files";
  const asked = { ...place(repository), pull_number: number };
  const pages = await askAllPages(github, route, asked, z.array(FileShape), MOST_FILES / 100);
  const list = (pages.isWhole ? pages.entries : pages.seen).flat();
  const counted = size?.files ?? Infinity;
  return { list, complete: pages.isWhole && list.length < MOST_FILES && list.length >= counted };
}

function fileOf({ path, status }: ComparedFile): ChangedFile {
  return { path, oldPath: null, status: status === "added" || status === "removed" ? status : "modified" };
}

/** Reads the CODEOWNERS file of a commit. One request, remembered for good where GitHub shows it. Throws {@link ExternalError}. */
export async function readOwners(client: CachedClient, commit: Sha): Promise<OwnersFile> {
  const shape = z.object({
    repository: z.object({
      commit: z.object({ oid: ShaShape }).nullish(),
      first: FileAnswer,
      second: FileAnswer,
      third: FileAnswer,
    }),
  });
  const ask = async (): Promise<OwnersFile> => {
    const [first, second, third] = CODEOWNERS_PATHS.map((path) => `${commit}:${path}`);
    const variables = {
      owner: client.repository.owner,
      name: client.repository.name,
      commit,
      first,
      second,
      third,
    };
    const shownOwners = (await query(client.github, OWNERS_QUERY, variables, shape)).repository;
    if (shownOwners.commit == null) return { state: "unreadable", because: `GitHub does not show ${commit}` };
    const files = [shownOwners.first, shownOwners.second, shownOwners.third];
    const index = files.findIndex((file) => file != null);
    const file = files[index];
    const path = CODEOWNERS_PATHS[index];
    if (file == null || path === undefined) return { state: "absent" };
    if (file.__typename !== "Blob" || file.text == null || file.isTruncated) {
      return { state: "unreadable", because: `${path} is not a text GitHub shows whole` };
    }
    const errors = await ownersErrors(client, commit);
    return { state: "found", path, commit, text: file.text, ...(errors === null ? {} : { errors }) };
  };
  // What GitHub does not show now it may show later.
  return client.lookups.rememberForever(
    `owners:${client.repository.id}:${commit}`,
    ask,
    ({ state }) => state !== "unreadable",
  );
}

const OwnersErrors = z.object({ errors: z.array(z.object({ line: z.int(), kind: z.string() })) });

/** Reads the errors GitHub finds in the CODEOWNERS file of a commit; null: this GitHub does not show them. */
async function ownersErrors(client: RepositoryClient, commit: Sha): Promise<readonly OwnersError[] | null> {
  const route = "GET /repos/{owner}/{repo}/codeowners/errors";
  const answer = await askIfExists(
    client.github,
    route,
    { ...place(client.repository), ref: commit },
    OwnersErrors,
  );
  return answer?.data.errors ?? null;
}
