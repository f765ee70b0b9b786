/** The check runs and statuses of a commit, all pages of them. */

import type { z } from "zod";
import type { Check, Repository, Sha } from "../domain/change.ts";
import { Trouble } from "../domain/trouble.ts";
import { ChecksAnswer, type listOf } from "./answers.ts";
import type { GitHub } from "./ask.ts";
import { checksQuery } from "./queries.ts";
import { Smaller } from "./smaller.ts";

/** So many are read beyond the first page. */
const MOST_LISTED = 2_000;

/** The newest check runs and statuses of a commit; empty where there are none. */
export async function readChecks(
  github: GitHub,
  repository: Repository,
  sha: Sha,
): Promise<readonly Check[]> {
  return checksAfter(github, repository, sha, null);
}

/** The checks of an answer's first page, and the pages after it. */
export async function allChecks(
  github: GitHub,
  repository: Repository,
  sha: Sha,
  first: z.infer<ReturnType<typeof listOf<z.ZodType<Check>>>> | null,
): Promise<readonly Check[]> {
  if (first === null) return [];
  const { hasNextPage, endCursor } = first.pageInfo;
  if (!hasNextPage || endCursor == null) return first.nodes;
  return [...first.nodes, ...(await checksAfter(github, repository, sha, endCursor))];
}

async function checksAfter(
  github: GitHub,
  repository: Repository,
  sha: Sha,
  after: string | null,
): Promise<readonly Check[]> {
  const found: Check[] = [];
  let cursor = after;
  const smaller = new Smaller(github);
  for (let pages = 0; pages < MOST_LISTED / smaller.portion.page; pages += 1) {
    const variables = { owner: repository.owner, name: repository.name, sha, after: cursor };
    const answer = await smaller.query(checksQuery, variables, ChecksAnswer);
    const contexts = answer.repository.object?.statusCheckRollup;
    found.push(...(contexts?.nodes ?? []));
    if (contexts?.pageInfo.hasNextPage !== true) return found;
    cursor = contexts.pageInfo.endCursor ?? null;
  }
  throw new Trouble("github-answer", `Commit ${sha} has more checks than can be read.`);
}
