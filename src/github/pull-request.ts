/** Everything about one pull request and the policy in force, gathered whole: one query in the common case. */

import { z } from "zod";
import type { Actor, Commit, PullRequest, Repository, Sha } from "../domain/change.ts";
import type { Observation, PolicySource } from "../domain/record.ts";
import { Trouble } from "../domain/trouble.ts";
import {
  CommitAnswer,
  listOf,
  PullRequestAnswer,
  ReviewAnswer,
  type FileAnswer,
  TimelineAnswer,
} from "./answers.ts";
import { query, type GitHub } from "./ask.ts";
import { allChecks } from "./checks.ts";
import { lastBaseChange, type BaseChange } from "./base-changes.ts";
import { headRef } from "./hear-pulls.ts";
import { POLICY_PATH } from "./policy-path.ts";
import { policiesOf, type Policies, type Through } from "./policies.ts";
import { pushesOf } from "./pushes.ts";
import { MORE_QUERIES, PULL_REQUEST_QUERY } from "./queries.ts";
import { reviewsOf } from "./reviews.ts";
import { descriptionOf, titleOf } from "./wording.ts";

/** Pages read beyond the first, of one list of one pull request. */
const MOST_PAGES = 20;

/** What is known before GitHub is asked. */
export interface Known extends Through {
  /** What was observed of this pull request: reviews, dismissals. */
  readonly observations: readonly Observation[];
  /** What was observed of a ref: pushes. Asked for the ref of the pull request's head. */
  readonly observationsOfRef: (ref: string) => Promise<readonly Observation[]>;
}

/** A pull request as read; `authorities` and `sameContent` are still empty. */
export interface ReadPull {
  readonly pull: PullRequest;
  readonly policy: Policies;
  /** What its description said when it merged, or says now; null where that cannot be had. */
  readonly description: string | null;
  /** Reviewers (by id) who GitHub says may write to the repository today: an answer that cost no request. */
  readonly mayWrite: ReadonlySet<number>;
  /** The head's branch in this repository; null for a fork, whose pushes GitHub's activity list does not tell us. */
  readonly ownBranch: string | null;
  /** The policy file as the head has it, where it is not the base's; null: it is left as it is. */
  readonly broughtPolicy: Extract<PolicySource, { readonly state: "found" }> | null;
  /** The numbers of the other open pull requests with the same head commit: they share its check run. */
  readonly twins: readonly number[];
}

/** Reads a pull request with both policy files as its base branch has them. Throws {@link Trouble}. */
export async function readPullRequest(
  github: GitHub,
  repository: Repository,
  number: number,
  known: Known,
): Promise<ReadPull> {
  const variables = { owner: repository.owner, name: repository.name, number };
  const answer = await query(github, PULL_REQUEST_QUERY, variables, PullRequestAnswer, ["organization"]);
  const told = answer.repository.pullRequest;
  if (told == null) {
    const name = `${repository.owner}/${repository.name}#${number}`;
    throw new Trouble("github-refused", `GitHub knows no pull request ${name}.`, { gone: true });
  }
  const base = told.baseRef?.target ?? null;
  const { nameWithOwner } = answer.repository;
  const own = { nameWithOwner, policyCommit: base, file: base?.file?.object };
  const policy = await policiesOf(github, own, answer.organization, known);

  const rest = { github, repository, number };
  const reviews = await whole(told.reviews, rest, "reviews", ReviewAnswer);
  const timeline = (await whole(told.timelineItems, rest, "timelineItems", TimelineAnswer)).nodes.filter(
    (event) => event !== null,
  );
  const listed = await whole(told.commits, rest, "commits", z.object({ commit: CommitAnswer }));
  const commits = listed.nodes.map(({ commit }): Commit => commit);

  const head = told.head.at(-1)?.commit;
  const ref = headRef({ number, headRef: told.headRefName, fromFork: told.isCrossRepository });
  const pushes = pushesOf(
    { ref, createdAt: told.createdAt, commits: new Set([told.headRefOid, ...commits.map(({ sha }) => sha)]) },
    [...known.observations, ...(await known.observationsOfRef(ref))],
    timeline,
  );
  const retargets = timeline.flatMap((event): readonly BaseChange[] =>
    event.__typename === "BaseRefChangedEvent" || event.__typename === "AutomaticBaseChangeSucceededEvent"
      ? [{ from: event.previousRefName ?? null, to: event.currentRefName ?? null, at: event.createdAt }]
      : [],
  );
  return {
    policy,
    description: descriptionOf(told, known.observations),
    ownBranch: told.isCrossRepository ? null : ref,
    broughtPolicy: broughtPolicy(head, [base, told.first[0]?.commit.parents[0]], nameWithOwner),
    twins: (head?.associatedPullRequests ?? [])
      .filter((pull) => pull.state === "OPEN" && pull.headRefOid === told.headRefOid)
      .flatMap((pull) => (pull.number === told.number ? [] : [pull.number])),
    mayWrite: new Set(
      told.reviews.nodes.flatMap(({ author, authorCanPushToRepository }) =>
        author !== null && authorCanPushToRepository ? [author.id] : [],
      ),
    ),
    pull: {
      repository,
      number: told.number,
      title: titleOf(told.title, timeline),
      url: told.url,
      author: told.author,
      ...requestedBy(told.author, timeline),
      createdAt: told.createdAt,
      state: told.state === "OPEN" ? "open" : told.state === "MERGED" ? "merged" : "closed",
      draft: told.isDraft,
      base: { ref: told.baseRefName, sha: base?.oid ?? told.baseRefOid },
      head: {
        ref: told.headRefName,
        sha: told.headRefOid,
        tree: head?.oid === told.headRefOid ? head.tree.oid : null,
      },
      retargetedAt: await lastBaseChange(github, repository, retargets),
      labels: told.labels.map((label) => label.name),
      size: { additions: told.additions, deletions: told.deletions, files: told.changedFiles },
      commits,
      commitsComplete: listed.complete && commits.length >= (told.commits.totalCount ?? 0),
      pushes,
      reviews: reviewsOf(reviews.nodes, timeline, known.observations, pushes),
      checks:
        head?.oid === told.headRefOid
          ? await allChecks(github, repository, told.headRefOid, head.statusCheckRollup)
          : [],
      authorities: [],
      sameContent: [],
      merged:
        told.mergedAt == null
          ? null
          : { at: told.mergedAt, by: told.mergedBy, commit: told.mergeCommit?.oid ?? null },
    },
  };
}

/** Whoever asks a bot for a change is assigned to it; taking oneself off again does not undo that. */
function requestedBy(
  author: Actor | null,
  timeline: readonly NonNullable<z.infer<typeof TimelineAnswer>>[],
): Pick<PullRequest, "requestedBy"> {
  if (author === null || author.type === "User") return {};
  const people = timeline
    .flatMap((event) => (event.__typename === "AssignedEvent" ? [event.assignee] : []))
    .filter((actor) => actor !== null);
  if (people.length === 0) return {};
  return { requestedBy: [...new Map(people.map((actor) => [actor.id, actor])).values()] };
}

type Held = { readonly file?: { readonly object?: z.infer<typeof FileAnswer> } | null | undefined };

function broughtPolicy(
  head: (Held & { readonly oid: Sha }) | undefined,
  elsewhere: readonly (Held | null | undefined)[],
  repository: string,
): ReadPull["broughtPolicy"] {
  const file = head?.file?.object;
  if (head === undefined || file?.__typename !== "Blob" || file.text == null || file.isTruncated) return null;
  // As its base has it now, or as it had it when the branch began: then it is not changed here.
  for (const old of elsewhere) {
    const object = old?.file?.object;
    if (object?.__typename === "Blob" && object.oid === file.oid) return null;
  }
  const { oid: blob, text } = file;
  return { state: "found", repository, path: POLICY_PATH, commit: head.oid, blob, text };
}

interface OfPull {
  readonly github: GitHub;
  readonly repository: Repository;
  readonly number: number;
}

/** A list of a pull request with all its pages; `complete` is false when there are more than we read. */
async function whole<Node extends z.ZodType>(
  first: z.infer<ReturnType<typeof listOf<Node>>>,
  { github, repository, number }: OfPull,
  field: keyof typeof MORE_QUERIES,
  node: Node,
): Promise<{ readonly nodes: readonly NonNullable<z.infer<Node>>[]; readonly complete: boolean }> {
  const shape = z.object({
    repository: z.object({ pullRequest: z.object({ [field]: listOf(node) }) }),
  });
  const nodes = [...first.nodes] as NonNullable<z.infer<Node>>[];
  let { pageInfo } = first;
  for (let page = 0; pageInfo.hasNextPage && page < MOST_PAGES; page += 1) {
    const variables = { owner: repository.owner, name: repository.name, number, after: pageInfo.endCursor };
    const answer = await query(github, MORE_QUERIES[field], variables, shape);
    const more = answer.repository.pullRequest[field] as typeof first;
    nodes.push(...(more.nodes as NonNullable<z.infer<Node>>[]));
    ({ pageInfo } = more);
  }
  return { nodes, complete: !pageInfo.hasNextPage };
}
