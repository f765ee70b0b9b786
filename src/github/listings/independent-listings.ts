/** What GitHub itself lists of a branch, from places that do not know of each other: its head, its git history, and its merged pull requests. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { GitLine, MergedPull } from "../../domain/evidence/counting.ts";
import { sha256, canonical } from "../../domain/values/digest.ts";
import { Oid } from "../queries/answers.ts";
import { askIfExists, nextPage, place } from "../api/requests.ts";
import { listMerged, orThroughRest } from "./pull-requests-by-rest.ts";
import { connection } from "../api/partial-list.ts";
import { mergedPullsQuery } from "../queries/queries.ts";
import { InstantShape, ShaShape } from "../queries/shapes.ts";
import { Smaller } from "../api/smaller-pages.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";

/** Pages of a hundred read of one listing. */
const MOST_PAGES = 200;

/** Describes a listing as it came: its request, for repetition, and the digest of its content. */
export interface ListingSource {
  readonly query: string;
  /** SHA-256 of the canonical JSON of what was listed. */
  readonly digest: string;
  /** There is more than could be read. */
  readonly truncated: boolean;
  /** Requests it took to list them, and how many things the digest covers. */
  readonly pages: number;
  readonly rows: number;
}

/** Lists the pull requests merged into a branch, and where git has the branch. */
export interface MergedListing extends ListingSource {
  readonly pulls: readonly (MergedPull & { readonly head: Sha })[];
  /** Null: there is no such branch (any more). */
  readonly head: Sha | null;
}

const MergedAnswer = z.object({
  repository: z.object({
    ref: z.object({ target: Oid.nullish() }).nullish(),
    pullRequests: connection(
      z.object({
        number: z.int(),
        mergedAt: InstantShape.nullish(),
        updatedAt: InstantShape,
        mergeCommit: Oid.nullish(),
        headRefOid: ShaShape,
      }),
    ),
  }),
});

/**
 * Lists the pull requests merged into a branch (by its name) since an instant, newest change first. Never by the search API,
 * which ends after a thousand. A merged pull request was changed no earlier than it was merged, so older ones need not be
 * requested. Throws {@link ExternalError}.
 */
export function listMergedPulls(
  client: RepositoryClient,
  branch: string,
  since: Instant,
): Promise<MergedListing> {
  return orThroughRest(
    () => mergedByGraphql(client, branch, since),
    () => mergedByRest(client, branch, since),
  );
}

async function mergedByGraphql(
  client: RepositoryClient,
  branch: string,
  since: Instant,
): Promise<MergedListing> {
  const smaller = new Smaller(client.github);
  const found = new Map<number, MergedListing["pulls"][number]>();
  const read = async (after: string | null) => {
    const { owner, name } = client.repository;
    const variables = { owner, name, branch, ref: `refs/heads/${branch}`, after };
    const { repository: shown } = await smaller.query(mergedPullsQuery, variables, MergedAnswer);
    const { pullRequests } = shown;
    const pulls = pullRequests.isWhole ? pullRequests.entries : pullRequests.seen;
    for (const { number, mergedAt, mergeCommit, headRefOid: head } of pulls) {
      if (mergedAt != null && mergedAt >= since)
        found.set(number, { number, at: mergedAt, commit: mergeCommit?.oid ?? null, head });
    }
    const goesOn = pulls.every((pull) => pull.updatedAt >= since);
    return { shown, next: pullRequests.isWhole || !goesOn ? null : pullRequests.next };
  };
  const { shown: first, next: second } = await read(null);
  let next = second;
  let pages = 1;
  for (; next !== null && pages < MOST_PAGES; pages += 1) ({ next } = await read(next));
  const truncated = next !== null;
  // Whatever was changed while the pages were read has moved to the front.
  const isDrifting = pages > 1;
  if (isDrifting) await read(null);
  const pulls = [...found.values()].toSorted((a, b) => a.number - b.number);
  return {
    pulls,
    head: first.ref?.target?.oid ?? null,
    truncated,
    pages: isDrifting ? pages + 1 : pages,
    rows: pulls.length,
    query: `pullRequests(states: MERGED, baseRefName: ${JSON.stringify(branch)}, orderBy: {field: UPDATED_AT, direction: DESC}) of ${client.repository.owner}/${client.repository.name}`,
    digest: digestOfMerged(pulls),
  };
}

function digestOfMerged(pulls: readonly MergedPull[]): string {
  return sha256(canonical(pulls.map(({ number, at, commit }) => ({ number, at, commit }))));
}

const RefShape = z.object({ object: z.object({ sha: ShaShape }) });

/** The head is read before the list, as by {@link mergedByGraphql}: whatever is merged in between is in the list. */
async function mergedByRest(
  client: RepositoryClient,
  branch: string,
  since: Instant,
): Promise<MergedListing> {
  const asked = { ...place(client.repository), ref: `heads/${branch}` };
  const ref = await askIfExists(client.github, "GET /repos/{owner}/{repo}/git/ref/{ref}", asked, RefShape);
  const { pulls: listed, truncated, pages } = await listMerged(client, branch, since);
  const pulls = listed
    .flatMap(({ number, mergedAt, mergeCommit, head }): MergedListing["pulls"] =>
      mergedAt === null ? [] : [{ number, at: mergedAt, commit: mergeCommit, head: head.sha }],
    )
    .toSorted((a, b) => a.number - b.number);
  return {
    pulls,
    head: ref?.data.object.sha ?? null,
    truncated,
    pages,
    rows: pulls.length,
    query: `GET /repos/${client.repository.owner}/${client.repository.name}/pulls?state=closed&base=${encodeURIComponent(branch)}&sort=updated&direction=desc`,
    digest: digestOfMerged(pulls),
  };
}

const LineShape = z.object({
  total_commits: z.int(),
  commits: z.array(z.object({ sha: ShaShape, parents: z.array(z.object({ sha: ShaShape })) })),
});

/**
 * Lists the commits that `end` has and `begin` has not, with their parents, as git itself has them. Null where GitHub does not
 * know one of the two (any more), or they share no history. Throws {@link ExternalError}.
 */
export async function listGitLine(
  client: RepositoryClient,
  begin: Sha,
  end: Sha,
): Promise<(ListingSource & { readonly line: GitLine }) | null> {
  const commits = new Map<Sha, readonly Sha[]>();
  let page: Readonly<Record<string, string>> | null = {};
  let total = 0;
  let pages = 0;
  for (; page !== null && pages < MOST_PAGES; pages += 1) {
    const answer: Awaited<ReturnType<typeof askIfExists<typeof LineShape>>> = await askIfExists(
      client.github,
      "GET /repos/{owner}/{repo}/compare/{basehead}",
      { ...place(client.repository), basehead: `${begin}...${end}`, per_page: 100, ...page },
      LineShape,
      [404, 422],
    );
    if (answer === null) return null;
    total = answer.data.total_commits;
    for (const { sha, parents } of answer.data.commits)
      commits.set(
        sha,
        parents.map((parent) => parent.sha),
      );
    page = commits.size >= total ? null : nextPage(answer.headers);
  }
  return {
    line: { end, commits },
    truncated: commits.size < total,
    pages,
    rows: commits.size,
    query: `GET /repos/${client.repository.owner}/${client.repository.name}/compare/${begin}...${end}`,
    digest: sha256(canonical([...commits].toSorted(([a], [b]) => (a < b ? -1 : 1)))),
  };
}
