/** Updates of branches, by GitHub's own activity list, and what each one introduced. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import { type RefUpdate } from "../../domain/change/change.ts";
import { canonical, sha256 } from "../../domain/values/digest.ts";
import { ChangeAnswer, type LandedAnswer } from "../queries/answers.ts";
import { ask, pagesOf, place } from "../api/requests.ts";
import { listTied, orThroughRest } from "./pull-requests-by-rest.ts";
import { changeVariables } from "../queries/update-variables.ts";
import { compareCommits } from "../commits/compare.ts";
import { allChecks, readChecks } from "../commits/checks.ts";
import { allOf, listing, type Listing } from "../api/partial-list.ts";
import { changeQuery } from "../queries/queries.ts";
import { InstantShape, MaybeActorShape, ShaShape } from "../queries/shapes.ts";
import { Smaller, WHOLE } from "../api/smaller-pages.ts";
import { type Instant } from "../../domain/time/instant.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import { type Actor } from "../../domain/change/people.ts";
import { type Push } from "../../domain/change/commit.ts";
import { type Check, type Truncation } from "../../domain/change/review.ts";
import { type UpdateKind } from "../../domain/change/pull-request.ts";

/** Pages of 100 updates read of one branch. */
const MOST_PAGES = 200;

const KINDS: Readonly<Record<string, UpdateKind>> = {
  push: "push",
  force_push: "force-push",
  branch_creation: "branch-created",
  branch_deletion: "branch-deleted",
  pr_merge: "pull-request",
  merge_queue_merge: "queue",
};

/** A word of GitHub's that is not known here must not hide the update, nor those beside it. */
function kindOf(given: string): Pick<RefUpdate, "kind" | "told"> {
  const kind = Object.hasOwn(KINDS, given) ? KINDS[given] : undefined;
  return kind === undefined ? { kind: "unknown", told: given } : { kind };
}

/** Parses a page of the activity list. */
export const ActivityShape = z.array(
  z
    .object({
      id: z.int(),
      before: ShaShape,
      after: ShaShape,
      ref: z.string(),
      timestamp: InstantShape,
      activity_type: z.string(),
      actor: MaybeActorShape,
    })
    .transform((activity): RefUpdate => ({
      activityId: activity.id,
      ref: activity.ref,
      before: activity.before,
      after: activity.after,
      ...kindOf(activity.activity_type),
      actor: activity.actor,
      at: activity.timestamp,
      basis: "read-later",
    })),
);

/** Limits how far back a listing goes. */
export interface Until {
  /** The newest update known already: the listing ends with the one after it. */
  readonly since: number | null;
  /** Updates before this instant are left out. */
  readonly from?: Instant;
}

/** Lists a branch's updates, oldest first. */
export interface ActivityListing {
  readonly updates: readonly RefUpdate[];
  /** There is more than could be read. */
  readonly truncated: boolean;
  readonly reachedSince: boolean;
  /** The newest update before `from`, where the list goes back that far. */
  readonly before: RefUpdate | null;
  readonly pages: number;
  /** The request, so that anyone may repeat it. */
  readonly query: string;
  /** SHA-256 of the updates listed, as {@link digestOf}. */
  readonly digest: string;
}

/** Lists the updates of a ref (`refs/heads/main`) that GitHub keeps, back to a known one or an instant. Throws {@link ExternalError}. */
export async function readRefUpdates(
  client: RepositoryClient,
  ref: string,
  { since, from = Number.NEGATIVE_INFINITY }: Until,
): Promise<ActivityListing> {
  const found: RefUpdate[] = [];
  const seen = new Set<number | null>();
  const parameters = { ...place(client.repository), ref, direction: "desc" };
  const pages = pagesOf(
    client.github,
    "GET /repos/{owner}/{repo}/activity",
    parameters,
    ActivityShape,
    MOST_PAGES,
  );
  let reachedSince = false;
  let truncated = false;
  let before: RefUpdate | null = null;
  let read = 0;
  for await (const { data, more } of pages) {
    read += 1;
    const known = since === null ? -1 : data.findIndex(({ activityId }) => activityId === since);
    reachedSince = known !== -1;
    for (const update of reachedSince ? data.slice(0, known) : data) {
      // Pages drift when something is pushed meanwhile.
      if (update.ref !== ref || seen.has(update.activityId)) continue;
      if (update.at < from) {
        before ??= update;
        continue;
      }
      seen.add(update.activityId);
      found.push(update);
    }
    truncated = more;
    if (reachedSince || data.some(({ at }) => at < from)) {
      truncated = false;
      break;
    }
  }
  const updates = found.reverse();
  return {
    updates,
    truncated,
    reachedSince,
    before,
    pages: read,
    query: `GET /repos/${client.repository.owner}/${client.repository.name}/activity?ref=${encodeURIComponent(ref)}`,
    digest: digestOf(updates),
  };
}

/**
 * Lists the refs of the branches deleted since an instant, by GitHub's own list. No list of branches has them any more. Throws
 * {@link ExternalError}.
 */
export async function listDeletedBranches(
  client: RepositoryClient,
  since: Instant,
): Promise<readonly string[]> {
  const found = new Set<string>();
  const asked = { ...place(client.repository), activity_type: "branch_deletion", direction: "desc" };
  const pages = pagesOf(
    client.github,
    "GET /repos/{owner}/{repo}/activity",
    asked,
    ActivityShape,
    MOST_PAGES,
  );
  let isWhole = true;
  for await (const { data, more } of pages) {
    for (const { ref, at } of data) if (at >= since) found.add(ref);
    isWhole = !more || data.some(({ at }) => at < since);
    if (isWhole) break;
  }
  return allOf(listing([...found], isWhole), "deleted branches");
}

/** Returns the SHA-256 of the canonical JSON of a list of updates. Each has its id, ref, before, after, kind and time. */
export function digestOf(updates: readonly RefUpdate[]): string {
  return sha256(
    canonical(
      updates.map(({ activityId, ref, before, after, kind, at }) => ({
        activityId,
        ref,
        before,
        after,
        kind,
        at,
      })),
    ),
  );
}

/** Lists the pushes to a ref that GitHub lists, oldest first; for those that no webhook reported. */
export async function readPushes(client: RepositoryClient, ref: string): Promise<readonly Push[]> {
  const { updates } = await readRefUpdates(client, ref, { since: null });
  return updates.map(({ before, after, actor, at, kind, basis }) => {
    // What is not known may have been forced.
    return { before, after, actor, at, forced: kind === "force-push" || kind === "unknown", basis };
  });
}

/** Pages of 100 updates of all branches read to find who pushed a commit. */
const MOST_PAGES_OF_ALL = 20;

/**
 * Reads who pushed commits to any branch, by GitHub's own list. Null where it does not show who pushed `head`, or goes on.
 * Throws {@link ExternalError}.
 */
export async function readPushers(
  client: RepositoryClient,
  { head, commits }: { readonly head: Sha; readonly commits: ReadonlySet<Sha> },
): Promise<readonly Actor[] | null> {
  const people: Actor[] = [];
  let isSeen = false;
  const asked = { ...place(client.repository), direction: "desc" };
  const pages = pagesOf(
    client.github,
    "GET /repos/{owner}/{repo}/activity",
    asked,
    ActivityShape,
    MOST_PAGES_OF_ALL,
  );
  let isWhole = true;
  for await (const { data, more } of pages) {
    isWhole = !more;
    for (const { after, actor, kind } of data) {
      if (!commits.has(after) || kind === "pull-request" || kind === "queue") continue;
      if (after === head) isSeen ||= actor !== null;
      if (actor !== null) people.push(actor);
    }
  }
  return isSeen && isWhole ? people : null;
}

/** Describes what one update introduced. */
export interface UpdateContent {
  /** Pull requests into this branch that were merged by it, also where they were merged by hand and pushed. */
  readonly pulls: readonly number[];
  /** Open pull requests into this branch whose head it introduced: GitHub marks them as merged by it. */
  readonly pending: readonly number[];
  /** The one that GitHub's own merge names; null: it names none. A person who merges may write another. */
  readonly named: number | null;
  /** The commits it introduced to an existing branch, oldest first; those that GitHub ties to one of `pulls` are `tied`. */
  readonly commits: readonly { readonly sha: Sha; readonly tied: boolean }[];
  readonly tree: Sha | null;
  /** Null where there is nothing to compare with, or GitHub would not. */
  readonly commitCount: number | null;
  readonly checks: readonly Check[];
  /** Which of these lists GitHub gave only in part. */
  readonly cut: readonly Truncation[];
  /** Whether it may newly point at content that lies elsewhere: its files show that. */
  readonly mayPointElsewhere: boolean;
}

/** Bounds the commits of one update whose pull requests are requested one by one. */
const MOST_COMMITS = 100;

/** Reads what an update introduced to its branch. Two requests; none for a deleted branch. Throws {@link ExternalError}. */
export async function readChange(client: RepositoryClient, update: RefUpdate): Promise<UpdateContent> {
  const nothing: UpdateContent = {
    pulls: [],
    pending: [],
    named: null,
    commits: [],
    tree: null,
    commitCount: null,
    checks: [],
    cut: [],
    mayPointElsewhere: false,
  };
  if (update.after === NO_COMMIT) return nothing;
  const isNew = update.before === NO_COMMIT;
  const branch = update.ref.replace(/^refs\/heads\//u, "");
  const shown = await orThroughRest(
    () => shownByGraphql(client, update),
    () => shownByRest(client, update),
  );
  if (shown === null) return nothing;
  const compared = isNew
    ? null
    : await compareCommits({ ...client, lookups: null }, update.before, update.after);
  // A new branch introduces no pull request that was merged elsewhere before.
  const introduced = new Set([update.after, ...(compared?.commits ?? [])]);
  const pulls = new Set<number>();
  const pending = new Set<number>();
  const tied = new Set<Sha>();
  for (const [index, oid] of [...introduced].toReversed().entries()) {
    if (isNew) break;
    const known = shown.tied.get(oid);
    const areAllShown = shown.isWhole && !shown.cutOff.has(oid);
    if (known === undefined && (areAllShown || index >= MOST_COMMITS)) continue;
    for (const pull of known ?? (await landedByRest(client, oid))) {
      if (pull.base === branch && pull.head !== null && introduced.has(pull.head)) pending.add(pull.number);
      const isHere = pull.base === branch && pull.commit !== null && introduced.has(pull.commit);
      if (!isHere) continue;
      pulls.add(pull.number);
      tied.add(oid);
    }
  }
  return {
    pulls: [...pulls].toSorted((a, b) => a - b),
    pending: [...pending],
    named: shown.named,
    commits: isNew ? [] : [...introduced].map((sha) => ({ sha, tied: tied.has(sha) })),
    tree: shown.tree,
    commitCount: compared?.commitCount ?? null,
    checks: shown.checks.isWhole ? shown.checks.entries : shown.checks.seen,
    cut: shown.checks.isWhole ? [] : ["checks"],
    mayPointElsewhere: !isNew && shown.mayPointElsewhere,
  };
}

/** Describes a pull request that a commit is tied to, as far as it shows where it landed. */
interface Landed {
  readonly number: number;
  readonly base: string;
  /** The commit that merged it; null: it is not merged, or GitHub does not show it. */
  readonly commit: Sha | null;
  /** The head of an open one; null: it is not open. */
  readonly head: Sha | null;
}

/** What is shown of the commit an update ended on, and of the line behind it. */
interface ShownChange {
  readonly tree: Sha;
  readonly named: number | null;
  readonly checks: Listing<Check>;
  readonly mayPointElsewhere: boolean;
  /** The pull requests that commits are tied to. */
  readonly tied: ReadonlyMap<Sha, readonly Landed[]>;
  /** The commits tied to more pull requests than were shown. */
  readonly cutOff: ReadonlySet<Sha>;
  /** Whether as much of the line was read as GitHub shows at once. */
  readonly isWhole: boolean;
}

async function shownByGraphql(client: RepositoryClient, update: RefUpdate): Promise<ShownChange | null> {
  const smaller = new Smaller(client.github);
  const variables = changeVariables(client.repository, update);
  const answer = await smaller.query(changeQuery, variables, ChangeAnswer);
  const commit = answer.repository.object;
  if (commit == null) return null;
  const { workflows, workflowsBefore, submodules, attributes } = answer.repository;
  // What lies further back is tied to none: of a merge, the pull request that introduced it is waited for, then unverifiable.
  const line = commit.history.isWhole ? commit.history.entries : commit.history.seen;
  return {
    tree: commit.tree.oid,
    named: commit.committedViaWeb === true ? numberIn(commit.messageHeadline ?? "") : null,
    checks: await allChecks(client, update.after, commit.statusCheckRollup),
    mayPointElsewhere:
      submodules != null ||
      workflows?.oid !== workflowsBefore?.oid ||
      attributes?.text?.includes("filter=lfs") === true,
    tied: new Map(
      line.flatMap(({ oid, associatedPullRequests: pulls }) =>
        pulls.isWhole ? [[oid, landedIn(pulls.entries)]] : [],
      ),
    ),
    cutOff: new Set(line.flatMap(({ oid, associatedPullRequests: pulls }) => (pulls.isWhole ? [] : [oid]))),
    isWhole: smaller.portion === WHOLE,
  };
}

function landedIn(pulls: readonly z.infer<typeof LandedAnswer>[]): readonly Landed[] {
  return pulls.map(({ number, state, merged, baseRefName: base, headRefOid: head, mergeCommit }) => ({
    number,
    base,
    commit: merged ? (mergeCommit?.oid ?? null) : null,
    head: state === "OPEN" ? head : null,
  }));
}

const CommitShape = z.object({ tree: z.object({ sha: ShaShape }) });

/** Reads the commits by REST, which does not show who made one and whether GitHub did: a number in its message names no pull request. */
async function shownByRest(client: RepositoryClient, { after }: RefUpdate): Promise<ShownChange> {
  const asked = { ...place(client.repository), commit_sha: after };
  const { data } = await ask(
    client.github,
    "GET /repos/{owner}/{repo}/git/commits/{commit_sha}",
    asked,
    CommitShape,
  );
  return {
    tree: data.tree.sha,
    named: null,
    checks: await readChecks(client, after),
    mayPointElsewhere: true,
    tied: new Map(),
    cutOff: new Set(),
    isWhole: false,
  };
}

async function landedByRest(client: RepositoryClient, sha: Sha): Promise<readonly Landed[]> {
  // Of an open one REST shows a trial merge, which landed nowhere.
  return (await listTied(client, sha)).map(({ number, state, mergedAt, base, head, mergeCommit }) => ({
    number,
    base: base.ref,
    commit: mergedAt === null ? null : mergeCommit,
    head: state === "open" ? head.sha : null,
  }));
}

/** Returns the number that GitHub writes into the first line of a merge it makes. A person who merges may write another one. */
function numberIn(headline: string): number | null {
  const written = /^Merge pull request #(\d{1,9}) from /u.exec(headline)?.[1];
  return written === undefined ? null : Number(written);
}
