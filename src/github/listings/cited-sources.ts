/** What of the things that verdicts cite GitHub still shows, read in batches. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { Shown } from "../../domain/evidence/source-gone.ts";
import { query } from "../api/requests.ts";
import { connection, mapEntries } from "../api/partial-list.ts";
import { stillThereQuery } from "../queries/queries.ts";
import { ShaShape } from "../queries/shapes.ts";
import type { Sha } from "../../domain/change/sha.ts";

/** Bounds the pull requests and commits that are requested in one query. */
const AT_ONCE = 50;

const PullShape = z.object({
  number: z.int(),
  reviews: connection(
    z.object({
      databaseId: z.int().nullish(),
      fullDatabaseId: z.coerce.number().nullish(),
      author: z.object({ login: z.string() }).nullish(),
    }),
  ),
});

const Answer = z.object({ repository: z.record(z.string(), z.unknown()) });

/** Requests pull requests by number and commits by SHA. One request for each fifty of either. Throws {@link ExternalError}. */
export async function readStillThere(
  client: RepositoryClient,
  pulls: readonly number[],
  commits: readonly Sha[],
): Promise<Shown> {
  const { owner, name } = client.repository;
  const shown = {
    pulls: new Map<number, { reviews: Map<number, boolean> | null }>(),
    commits: new Set<Sha>(),
  };
  for (let from = 0; from < Math.max(pulls.length, commits.length); from += AT_ONCE) {
    const [some, shas] = [pulls.slice(from, from + AT_ONCE), commits.slice(from, from + AT_ONCE)];
    const variables = Object.fromEntries([
      ...some.map((number, index) => [`number${index}`, number]),
      ...shas.map((sha, index) => [`sha${index}`, sha]),
    ]) as Readonly<Record<string, unknown>>;
    const text = stillThereQuery(some.length, shas.length);
    // What is gone is an error of GitHub's beside the rest of the answer.
    const { repository } = await query(client.github, text, { owner, name, ...variables }, Answer, [
      "repository",
    ]);
    for (const [index] of some.entries()) {
      const pull = PullShape.nullish().parse(repository[`pull${index}`]);
      if (pull == null) continue;
      const reviews = mapEntries(pull.reviews, ({ fullDatabaseId, databaseId, author }) => {
        return [fullDatabaseId ?? databaseId ?? 0, author != null] as const;
      });
      shown.pulls.set(pull.number, { reviews: reviews.isWhole ? new Map(reviews.entries) : null });
    }
    for (const [index] of shas.entries()) {
      const commit = z.object({ oid: ShaShape }).nullish().parse(repository[`commit${index}`]);
      if (commit != null) shown.commits.add(commit.oid);
    }
  }
  return shown;
}
