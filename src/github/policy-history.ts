/** The versions of a policy file, and the pull requests that brought them. */

import { z } from "zod";
import type { Sha } from "../domain/change.ts";
import type { BringingPull, PolicyHistory, PolicyVersion } from "../domain/policy/brought.ts";
import { ActorAnswer, FileAnswer, listOf } from "./answers.ts";
import { query, type GitHub } from "./ask.ts";
import { POLICY_HISTORY_QUERY } from "./queries.ts";
import { InstantShape, ShaShape } from "./shapes.ts";

/** So many pages of versions are read, of 25 each. */
const MOST_PAGES = 8;

const FileOf = z.object({ object: FileAnswer }).nullish();

const Bringing = z.object({
  number: z.int(),
  url: z.string(),
  mergedAt: InstantShape.nullish(),
  headRefOid: ShaShape,
  mergeCommit: z
    .object({
      file: FileOf,
      parents: z.object({ nodes: z.array(z.object({ file: FileOf }).nullish()).nullish() }),
    })
    .nullish(),
  reviews: listOf(
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
        history: listOf(
          z.object({
            oid: ShaShape,
            file: FileOf,
            associatedPullRequests: z.object({ nodes: z.array(Bringing.nullish()).nullish() }).nullish(),
          }),
        ),
      })
      .nullish(),
  }),
});

/** Every version of the policy file up to a commit of a repository (`owner/name`), newest first. One request for 25. */
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
    versions.push(...history.nodes.map(versionOf));
    if (!history.pageInfo.hasNextPage) return { place: repository, versions, complete: true };
    after = history.pageInfo.endCursor ?? null;
  }
  return { place: repository, versions, complete: false };
}

type Told = z.infer<typeof Bringing>;

function versionOf(node: {
  readonly oid: Sha;
  readonly file?: z.infer<typeof FileOf>;
  readonly associatedPullRequests?:
    { readonly nodes?: readonly (Told | null | undefined)[] | null | undefined } | null | undefined;
}): PolicyVersion {
  const pulls = (node.associatedPullRequests?.nodes ?? []).filter((each) => each != null);
  return { commit: node.oid, text: textOf(node.file), pulls: pulls.flatMap(pullOf) };
}

function pullOf(told: Told): readonly BringingPull[] {
  if (told.mergedAt == null || told.mergeCommit == null) return [];
  return [
    {
      number: told.number,
      url: told.url,
      mergedAt: told.mergedAt,
      head: told.headRefOid,
      before: textOf(told.mergeCommit.parents.nodes?.[0]?.file),
      after: textOf(told.mergeCommit.file),
      reviews: told.reviews.nodes.flatMap(({ state, submittedAt, author, commit }) =>
        submittedAt == null ? [] : [{ author, state, at: submittedAt, commit: commit?.oid ?? null }],
      ),
      reviewsComplete: !told.reviews.pageInfo.hasNextPage,
    },
  ];
}

function textOf(file: z.infer<typeof FileOf>): string | null {
  const object = file?.object;
  return object?.__typename === "Blob" && !object.isTruncated ? (object.text ?? null) : null;
}
