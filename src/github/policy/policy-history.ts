/** The versions of a policy file, and the pull requests that introduced them. */

import { z } from "zod";
import type { Sha } from "../../domain/change/sha.ts";
import type { IntroducingPull, PolicyHistory, PolicyVersion } from "../../domain/policy/entry-provenance.ts";
import { ActorAnswer, FileAnswer } from "../queries/answers.ts";
import { query, type GitHub } from "../api/requests.ts";
import { connection, NOTHING, single, type Listing } from "../api/partial-list.ts";
import { POLICY_HISTORY_QUERY } from "../queries/queries.ts";
import { InstantShape, ShaShape } from "../queries/shapes.ts";

/** So many pages of versions are read, of 25 each. */
const MOST_PAGES = 8;

const FileOf = z.object({ object: FileAnswer }).nullish();

const IntroducingCommit = z.object({
  number: z.int(),
  url: z.string(),
  mergedAt: InstantShape.nullish(),
  headRefOid: ShaShape,
  mergeCommit: z
    .object({
      file: FileOf,
      parents: single(z.object({ file: FileOf })),
    })
    .nullish(),
  reviews: connection(
    z.object({
      state: z.string(),
      submittedAt: InstantShape.nullish(),
      author: ActorAnswer,
      commit: z.object({ oid: ShaShape }).nullish(),
    }),
  ),
});

const Answer = z.object({
  repository: z.object({
    object: z
      .object({
        history: connection(
          z.object({
            oid: ShaShape,
            file: FileOf,
            associatedPullRequests: connection(IntroducingCommit).nullish(),
          }),
        ),
      })
      .nullish(),
  }),
});

/** Reads every version of the policy file up to a commit of a repository (`owner/name`), newest first. One request for 25. */
export async function readPolicyHistory(
  github: GitHub,
  repository: string,
  commit: Sha,
): Promise<PolicyHistory> {
  const [owner = "", name = ""] = repository.split("/");
  const versions: PolicyVersion[] = [];
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const variables = { owner, name, commit, after };
    const answer: z.infer<typeof Answer> = await query(github, POLICY_HISTORY_QUERY, variables, Answer);
    const history = answer.repository.object?.history;
    if (history === undefined) return { place: repository, versions, complete: false };
    versions.push(...(history.isWhole ? history.entries : history.seen).map(versionOf));
    if (history.isWhole) return { place: repository, versions, complete: true };
    after = history.next;
  }
  return { place: repository, versions, complete: false };
}

type CommitWithPulls = z.infer<typeof IntroducingCommit>;

function versionOf({
  oid: commit,
  file,
  associatedPullRequests,
}: {
  readonly oid: Sha;
  readonly file?: z.infer<typeof FileOf>;
  readonly associatedPullRequests?: Listing<CommitWithPulls> | null | undefined;
}): PolicyVersion {
  const pulls = associatedPullRequests ?? NOTHING;
  return {
    commit,
    text: textOf(file),
    pulls: (pulls.isWhole ? pulls.entries : pulls.seen).flatMap(pullOf),
    pullsComplete: pulls.isWhole,
  };
}

function pullOf(shown: CommitWithPulls): readonly IntroducingPull[] {
  if (shown.mergedAt == null || shown.mergeCommit == null) return [];
  const { reviews } = shown;
  return [
    {
      number: shown.number,
      url: shown.url,
      mergedAt: shown.mergedAt,
      head: shown.headRefOid,
      before: textOf(shown.mergeCommit.parents?.file),
      after: textOf(shown.mergeCommit.file),
      reviews: (reviews.isWhole ? reviews.entries : reviews.seen).flatMap(
        ({ state, submittedAt, author, commit }) =>
          submittedAt == null ? [] : [{ author, state, at: submittedAt, commit: commit?.oid ?? null }],
      ),
      reviewsComplete: reviews.isWhole,
    },
  ];
}

function textOf(file: z.infer<typeof FileOf>): string | null {
  const object = file?.object;
  return object?.__typename === "Blob" && !object.isTruncated ? (object.text ?? null) : null;
}
