/** Everything about one pull request and the policy in force, gathered whole: one query in the common case. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import type { Observation } from "../../domain/change/observation.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import {
  CommitAnswer,
  LabelAnswer,
  PullRequestAnswer,
  ReviewAnswer,
  type FileAnswer,
  TimelineAnswer,
} from "../queries/answers.ts";
import { allChecks } from "../commits/checks.ts";
import { connection, mapEntries, NOTHING, readOn, type Listing } from "../api/partial-list.ts";
import { pullsWithHead } from "../listings/lists.ts";
import { lastBaseChange, type BaseChange } from "./base-changes.ts";
import {
  behind,
  withObservations,
  movesIn,
  unshownReviews,
  type ObservedPull,
} from "../freshness/freshness.ts";
import { headRef } from "../webhooks/pull-requests.ts";
import { POLICY_PATH } from "../queries/policy-path.ts";
import { policyFilesOf, readPolicy, type Policies, type Through } from "../policy/policy-files.ts";
import { pushesOf } from "../freshness/observed-pushes.ts";
import { moreQuery, pullRequestQuery, type LongList } from "../queries/queries.ts";
import { observedReviews } from "./reviews.ts";
import { Smaller } from "../api/smaller-pages.ts";
import { descriptionWhenMerged, titleWhenMerged } from "./text-at-merge.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Actor } from "../../domain/change/people.ts";
import type { Repository } from "../../domain/change/repository.ts";
import type { Commit, Push } from "../../domain/change/commit.ts";
import type { NotShown } from "../../domain/change/review.ts";
import type { PolicySource } from "../../domain/policy/record.ts";

/** So many of one list of one pull request are read beyond the first page. */
const MOST_LISTED = 2_000;

/** Holds what is known before GitHub is read. */
export interface KnownBefore extends Through {
  /** What was observed of this pull request: reviews, dismissals. */
  readonly observations: readonly Observation[];
  /** Returns what was observed of a ref: pushes. Called with the ref of the pull request's head. */
  readonly observationsOfRef: (ref: string) => Promise<readonly Observation[]>;
}

/** Holds a pull request as read; `authorities` and `sameContent` are still empty. */
export interface ReadPull {
  readonly pull: PullRequest;
  readonly policy: Policies;
  /** The description when it merged, or the present one; null where that cannot be had. */
  readonly description: string | null;
  /** Reviewers (by id) who by GitHub's answer may write to the repository today: an answer that cost no request. */
  readonly mayWrite: ReadonlySet<number>;
  /** The head's branch in this repository; null for a fork, whose pushes GitHub's activity list does not show us. */
  readonly ownBranch: string | null;
  /** The policy file as the head has it, where it is not the base's; null: it is left as it is. */
  readonly proposedPolicy: Extract<PolicySource, { readonly state: "found" }> | null;
  /** The numbers of the other open pull requests with the same head commit: they share its check run. */
  readonly sharing: readonly number[];
  /** What webhooks reported and is counted only once GitHub shows it. */
  readonly coming: readonly NotShown[];
  /** Its description was changed, and is shown as it was before; null: as shown. */
  readonly reworded: NotShown | null;
  /** It is shown open, and a webhook reported that it is not any more; null: as shown. */
  readonly over: NotShown | null;
}

/** Reads a pull request with both policy files as its base branch has them. Throws {@link ExternalError}. */
export async function readPullRequest(
  client: RepositoryClient,
  number: number,
  known: KnownBefore,
): Promise<ReadPull> {
  const variables = { owner: client.repository.owner, name: client.repository.name, number };
  const smaller = new Smaller(client.github);
  const answer = await smaller.query(pullRequestQuery, variables, PullRequestAnswer, ["organization"]);
  const shown = shownIn(answer, client.repository, number);
  const { nameWithOwner } = answer.repository;
  const ref = headRef({ number, headRef: shown.headRefName, fromFork: shown.isCrossRepository });
  const moves = [...known.observations, ...(await known.observationsOfRef(ref))];
  const rest = { smaller, repository: client.repository, number };
  const labels = await whole(shown.labels, rest, "labels", LabelAnswer);
  const newer = withObservations(
    { ...shown, labels },
    known.observations,
    movesIn(moves.filter((each) => each.kind === "pushed" && each.ref === ref)),
    known.lookups.now(),
  );
  const answered = { ...shown, title: newer.title, isDraft: newer.isDraft, labels: newer.labels };
  const base = await baseOf(client, { shown, newer, nameWithOwner, answer }, known);
  const { policy } = base;

  const lists = await listsOf(answered, rest);
  const { reviews, timeline, commits } = lists;
  const head = answered.head?.commit;
  const headSha = newer.head?.after ?? answered.headRefOid;
  const pushes = pushesOf(
    { ref, createdAt: answered.createdAt, commits: new Set([headSha, ...commits.map(({ sha }) => sha)]) },
    moves,
    timeline,
  );
  const now = known.lookups.now();
  const unshown = unshownReviews(
    mapEntries(lists.listed.reviews, ({ id }) => id),
    known.observations,
    now,
  );
  const isWhole = lists.commitsShown || !lists.listed.commits.isWhole;
  const awaited = unshownHead(answered, { newer, last: head?.oid, isWhole, pushes });
  const checks = head?.oid === headSha ? await allChecks(client, headSha, head.statusCheckRollup) : NOTHING;
  const parts = { ...lists.listed, labels: answered.labels, checks };
  const cut = (["reviews", "events", "labels", "checks"] as const).filter((which) => !parts[which].isWhole);
  return {
    policy,
    description: descriptionWhenMerged(answered, known.observations),
    ownBranch: answered.isCrossRepository ? null : ref,
    proposedPolicy: proposedPolicy(head, [base, answered.first?.commit.parents], nameWithOwner),
    coming: unshown.coming,
    reworded: newer.reworded,
    over: newer.isOver,
    sharing: await pullsSharingHead(client, answered, head?.associatedPullRequests),
    mayWrite: writersIn(reviews),
    pull: {
      repository: client.repository,
      number: answered.number,
      title: titleWhenMerged(answered.title, timeline),
      url: answered.url,
      author: answered.author,
      ...requestedBy(answered.author, timeline),
      createdAt: answered.createdAt,
      state: answered.state === "OPEN" ? "open" : answered.state === "MERGED" ? "merged" : "closed",
      draft: answered.isDraft,
      base: { ref: base.ref, sha: base.sha },
      head: {
        ref: answered.headRefName,
        sha: headSha,
        tree: head?.oid === headSha ? head.tree.oid : null,
        fork: answered.isCrossRepository,
      },
      retargetedAt: latest(
        newer.base?.at ?? null,
        await lastBaseChange(client, baseChangesIn(lists, known.observations)),
      ),
      labels: seenOf(answered.labels).map((label) => label.name),
      size: { additions: answered.additions, deletions: answered.deletions, files: answered.changedFiles },
      commits,
      commitsComplete: lists.commitsShown,
      ...(awaited.length === 0 ? {} : { awaited }),
      ...(cut.length === 0 ? {} : { cut }),
      ...(unshown.dropped.length === 0 ? {} : { unshown: unshown.dropped }),
      pushes,
      reviews: observedReviews(
        { answered: reviews, unshown: unshown.counted },
        timeline,
        known.observations,
        pushes,
      ),
      checks: seenOf(checks),
      authorities: [],
      sameContent: [],
      merged: mergeOf(answered),
    },
  };
}

type Shown = NonNullable<z.infer<typeof PullRequestAnswer>["repository"]["pullRequest"]>;

function shownIn(
  answer: z.infer<typeof PullRequestAnswer>,
  { owner, name }: Repository,
  number: number,
): Shown {
  const shown = answer.repository.pullRequest;
  if (shown != null) return shown;
  const which = `${owner}/${name}#${number}`;
  throw new ExternalError("github-refused", `GitHub has no pull request ${which}.`, { gone: true });
}

/** Reads the long lists of a pull request, as far as we read. Where one does not reach, only the webhooks' reports are known. */
async function listsOf(answered: Omit<Shown, "labels">, rest: OfPull) {
  const reviews = await whole(answered.reviews, rest, "reviews", ReviewAnswer);
  const events = await whole(answered.timelineItems, rest, "timelineItems", TimelineAnswer);
  const commits = await whole(answered.commits, rest, "commits", z.object({ commit: CommitAnswer }));
  const shown = seenOf(commits).map(({ commit }): Commit => commit);
  // A commit with as many parents as are requested may have more.
  const { page } = rest.smaller.portion;
  const parentsShown = shown.every(({ parents }) => parents.length < Math.min(page, MOST_PARENTS));
  return {
    listed: { reviews, events, commits },
    reviews: seenOf(reviews),
    timeline: seenOf(events),
    commits: shown,
    commitsShown: commits.isWhole && parentsShown && shown.length >= (answered.commits.total ?? 0),
  };
}

/** Returns the reviewers who by GitHub's answer may write to the repository today. */
function writersIn(reviews: Awaited<ReturnType<typeof listsOf>>["reviews"]): ReadonlySet<number> {
  const may = reviews.filter(({ authorCanPushToRepository }) => authorCanPushToRepository);
  return new Set(may.flatMap(({ author }) => (author === null ? [] : [author.id])));
}

function mergeOf({ mergedAt, mergedBy, mergeCommit }: Omit<Shown, "labels">): PullRequest["merged"] {
  return mergedAt == null ? null : { at: mergedAt, by: mergedBy, commit: mergeCommit?.oid ?? null };
}

function seenOf<Item>(list: Listing<Item>): readonly Item[] {
  return list.isWhole ? list.entries : list.seen;
}

/** Returns the changes of its base: as its timeline lists them, and where that is not whole as webhooks reported. */
function baseChangesIn(
  { timeline, listed }: Awaited<ReturnType<typeof listsOf>>,
  observations: readonly Observation[],
): readonly BaseChange[] {
  const retargets = timeline.flatMap((event): readonly BaseChange[] =>
    event.__typename === "BaseRefChangedEvent" || event.__typename === "AutomaticBaseChangeSucceededEvent"
      ? [{ from: event.previousRefName ?? null, to: event.currentRefName ?? null, at: event.createdAt }]
      : [],
  );
  const unlisted = listed.events.isWhole
    ? []
    : observations.filter((answered) => answered.kind === "retargeted");
  return [...retargets, ...unlisted];
}

/** Returns the base as it is, with the policies in force there: what a webhook reported of it is requested by name, or by commit. */
async function baseOf(
  client: RepositoryClient,
  {
    shown,
    newer,
    nameWithOwner,
    answer,
  }: {
    readonly shown: Shown;
    readonly newer: ObservedPull;
    readonly nameWithOwner: string;
    readonly answer: z.infer<typeof PullRequestAnswer>;
  },
  known: KnownBefore,
): Promise<Held & { readonly ref: string; readonly sha: Sha; readonly policy: Policies }> {
  const target = shown.baseRef?.target ?? null;
  const ref = newer.base?.ref ?? shown.baseRefName;
  const sha = target?.oid ?? shown.baseRefOid;
  // What is merged already is judged by the policy there was before.
  const moved =
    target === null || shown.state !== "OPEN" || known.witnesses === undefined
      ? null
      : behind(target.oid, movesIn(await known.witnesses.ofRef(`refs/heads/${ref}`)));
  if (newer.base === null && moved === null) {
    const own = { nameWithOwner, policyCommit: target, file: target?.file?.object };
    const policy = await policyFilesOf(client.github, own, answer.organization, known);
    return { ref, sha, policy, ...(target === null ? {} : { file: target.file }) };
  }
  const policy = await readPolicy(client, newer.base === null ? (moved?.after ?? ref) : ref, known);
  const { repository: source, policyCommit } = policy;
  const blob =
    source.state === "found"
      ? ({ __typename: "Blob", oid: source.blob, text: source.text, isTruncated: false } as const)
      : null;
  return { ref, sha: policyCommit ?? sha, policy, file: { object: blob } };
}

/** Bounds the parents of a commit that are requested. */
const MOST_PARENTS = 10;

/** GitHub lists no more commits of a pull request than this. */
const MOST_COMMITS = 250;

/** Returns what is not shown yet of an open or merged pull request's head: it was pushed, or its list of commits does not end with it. */
function unshownHead(
  answered: Omit<Shown, "labels">,
  {
    newer,
    last,
    isWhole,
    pushes,
  }: {
    readonly newer: ObservedPull;
    readonly last: Sha | undefined;
    readonly isWhole: boolean;
    readonly pushes: readonly Push[];
  },
): readonly NotShown[] {
  if (answered.state === "CLOSED") return [];
  if (newer.head !== null)
    return [{ what: `the push of ${newer.head.after.slice(0, 7)}`, since: newer.head.at }];
  if ((last === answered.headRefOid && isWhole) || (answered.commits.total ?? 0) >= MOST_COMMITS) return [];
  const pushed = pushes.findLast(({ after }) => after === answered.headRefOid);
  return [
    {
      what: `the commits up to ${answered.headRefOid.slice(0, 7)}`,
      since: Math.max(pushed?.at ?? answered.updatedAt, answered.mergedAt ?? 0),
    },
  ];
}

/** Returns who requested a change from a bot: they are assigned to it, and removing the assignment does not undo that. */
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

function proposedPolicy(
  head: (Held & { readonly oid: Sha }) | undefined,
  elsewhere: readonly (Held | null | undefined)[],
  repository: string,
): ReadPull["proposedPolicy"] {
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
  readonly smaller: Smaller;
  readonly repository: Repository;
  readonly number: number;
}

/** Reads the numbers of the other open pull requests with the same head, from the list of its own where that is whole. */
async function pullsSharingHead(
  client: RepositoryClient,
  { number, headRefOid }: Pick<Shown, "number" | "headRefOid">,
  tied: NonNullable<Shown["head"]>["commit"]["associatedPullRequests"] = NOTHING,
): Promise<readonly number[]> {
  const open = tied.isWhole
    ? tied.entries
        .filter((pull) => pull.state === "OPEN" && pull.headRefOid === headRefOid)
        .map((pull) => pull.number)
    : (await pullsWithHead(client, headRefOid)).open;
  return open.filter((other) => other !== number);
}

/** A list of a pull request with all its pages, as far as we read. */
async function whole<Node extends z.ZodType>(
  first: Listing<NonNullable<z.infer<Node>>>,
  { smaller, repository, number }: OfPull,
  field: LongList,
  node: Node,
): Promise<Listing<NonNullable<z.infer<Node>>>> {
  const { owner, name } = repository;
  const shape = z.object({ repository: z.object({ pullRequest: z.object({ more: connection(node) }) }) });
  return readOn(first, MOST_LISTED, async (after) => {
    const variables = { owner, name, number, after };
    const answer = await smaller.query((portion) => moreQuery(field, portion), variables, shape);
    return answer.repository.pullRequest.more;
  });
}

function latest(one: Instant | null, other: Instant | null): Instant | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}
