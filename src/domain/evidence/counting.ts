/** Independent listings of one branch counted against each other: what differs, and by which named cause. */

import { type RefUpdate } from "../change/change.ts";
import type { CompletenessRecord } from "../records/monitoring.ts";
import { MINUTE } from "../time/durations.ts";
import { type Instant } from "../time/instant.ts";
import { NO_COMMIT, type Sha } from "../change/sha.ts";

/** Describes a merged pull request as GitHub lists it. */
export interface MergedPull {
  readonly number: number;
  readonly at: Instant;
  /** The commit that merged it; null where GitHub names none. */
  readonly commit: Sha | null;
}

/** Describes commits up to `end` with their parents, as git knows them; those before the span are left out. */
export interface GitLine {
  readonly end: Sha;
  readonly commits: ReadonlyMap<Sha, readonly Sha[]>;
}

/** Describes what each listing holds of one branch and span; `to` is excluded. */
export interface Listings {
  readonly from: Instant;
  readonly to: Instant;
  /** The chain of updates GitHub lists, oldest first: those of the span, and those after it. */
  readonly activity: readonly RefUpdate[];
  readonly later: readonly RefUpdate[];
  /** The updates on record. */
  readonly ledger: readonly RefUpdate[];
  /** Null: there was nothing to walk. */
  readonly git: GitLine | null;
  /** Those merged in the span or within a minute of it: GitHub has the two moments apart. */
  readonly pulls: readonly MergedPull[];
  /** The numbers of the pull requests that rows name. */
  readonly named: ReadonlySet<number>;
  /** The pushes that webhooks reported, and since when they could: before nobody was watching. */
  readonly reported: readonly Pick<RefUpdate, "before" | "after">[];
  readonly reportedFrom: Instant;
}

/** One thing that is not in every listing that should hold it; `explanation` null: nobody knows why. */
type Difference = CompletenessRecord["differences"][number];

/** Describes what the listings come to. */
export interface Count {
  /** Updates in GitHub's chain that are on record. */
  readonly matched: number;
  /** Commits on git's first-parent line. */
  readonly firstParents: number;
  readonly differences: readonly Difference[];
}

/** The named causes of differences, each a sentence. */
const CAUSES = {
  byHand: "merged by hand: its commits came with a push, which is judged as one",
  together: (numbers: readonly number[]): string =>
    `landed together with ${numbers.map((each) => `#${each}`).join(", ")}: one merge introduced the commits of each`,
  rewritten: "a later forced push or deletion took it off the branch",
  ownLineFirst: "a later push put its own line first, so git's first-parent line passes it by",
  webhookLost: "no webhook told of it; GitHub's own list did",
} as const;

/** Counts the listings against each other. Pure. */
export function countListings(listings: Listings): Count {
  const { activity, ledger } = listings;
  const onlyListed = without(activity, ledger);
  const line = firstParentLine(listings.git);
  const differences: Difference[] = [
    ...onlyListed.map((update) => differing("update", update.after, "activity", null)),
    ...without(ledger, activity).map((update) => differing("update", update.after, "ledger", null)),
    ...(listings.git === null ? [] : againstGit(listings, listings.git, line)),
    ...againstPulls(listings),
    ...againstDeliveries(listings),
  ];
  return { matched: activity.length - onlyListed.length, firstParents: line.commits.length, differences };
}

function differing(what: string, sha: Sha, onlyIn: string, explanation: string | null): Difference {
  return { what, sha, onlyIn, explanation };
}

/** Those of `all` that have no counterpart in `others`, one for one. */
function without<Update extends Pick<RefUpdate, "before" | "after">>(
  all: readonly Update[],
  others: readonly Pick<RefUpdate, "before" | "after">[],
): readonly Update[] {
  const left = new Map<string, number>();
  for (const each of others) left.set(key(each), (left.get(key(each)) ?? 0) + 1);
  return all.filter((each) => {
    const count = left.get(key(each)) ?? 0;
    left.set(key(each), count - 1);
    return count <= 0;
  });
}

interface FirstParents {
  readonly commits: readonly Sha[];
  /** The commit the line goes on with before the span. */
  readonly root: Sha | null;
}

function firstParentLine(git: GitLine | null): FirstParents {
  const commits: Sha[] = [];
  let at: Sha | null = git?.end ?? null;
  while (at !== null && git?.commits.has(at) === true) {
    commits.push(at);
    at = git.commits.get(at)?.[0] ?? null;
  }
  return { commits, root: at };
}

function againstGit(listings: Listings, git: GitLine, line: FirstParents): readonly Difference[] {
  const { activity } = listings;
  const ends = new Set(activity.map(({ after }) => after));
  const covered = new Set<Sha>();
  for (const { after, before } of activity) {
    let at: Sha | undefined = after;
    while (at !== undefined && git.commits.has(at) && at !== before && (at === after || !ends.has(at))) {
      covered.add(at);
      at = git.commits.get(at)?.[0];
    }
  }
  const on = new Set([...line.commits, line.root, git.end]);
  return [
    ...line.commits
      .filter((sha) => !covered.has(sha))
      .map((sha) => differing("commit", sha, "git-first-parent", null)),
    ...activity
      .filter(({ after }) => after !== NO_COMMIT && !on.has(after))
      .map((update) =>
        differing(
          "update",
          update.after,
          "activity",
          isRewritten(listings, update)
            ? CAUSES.rewritten
            : git.commits.has(update.after) || turned(listings, git, update)
              ? CAUSES.ownLineFirst
              : null,
        ),
      ),
  ];
}

/** Whether a push after this update kept what was there as a second parent only. */
function turned({ activity }: Listings, git: GitLine, update: RefUpdate): boolean {
  return activity
    .slice(activity.indexOf(update) + 1)
    .some(({ before, after }) => git.commits.get(after)?.[0] !== before && git.commits.has(after));
}

function isRewritten({ activity, later }: Listings, update: RefUpdate): boolean {
  return [...activity.slice(activity.indexOf(update) + 1), ...later].some(
    ({ kind }) => kind === "force-push" || kind === "branch-deleted",
  );
}

/** Holds how far GitHub's time of a merge and its time of the update may be apart (ms). */
export const EDGE = MINUTE;

function againstPulls(listings: Listings): readonly Difference[] {
  const { activity, later, from, to, pulls, named } = listings;
  const introduced = updatesByCommit(listings);
  const byUpdate = new Map<RefUpdate, MergedPull[]>();
  const homeless: MergedPull[] = [];
  for (const pull of pulls) {
    const update = pull.commit === null ? undefined : introduced.get(pull.commit);
    if (update === undefined) homeless.push(pull);
    else byUpdate.set(update, [...(byUpdate.get(update) ?? []), pull]);
  }
  const differences: Difference[] = [];
  for (const pull of homeless) {
    // It may belong to the span before or after this one, whose own count holds it.
    const isNear = pull.at < from + EDGE || pull.at >= to - EDGE;
    const isGone = [...activity, ...later].some(
      ({ kind, at }) => at >= pull.at && (kind === "force-push" || kind === "branch-deleted"),
    );
    if (pull.at < from || pull.at >= to || (isNear && !isGone)) continue;
    differences.push(pullDifference(pull, isGone ? CAUSES.rewritten : null));
  }
  for (const update of activity) {
    const own = byUpdate.get(update) ?? [];
    const isMerge = update.kind === "pull-request" || update.kind === "queue";
    if (!isMerge) differences.push(...own.map((pull) => pullDifference(pull, CAUSES.byHand)));
    else if (own.length === 0 && update.at >= from + EDGE && update.at < to - EDGE)
      differences.push(differing("update", update.after, "activity", null));
    else if (update.kind === "queue")
      differences.push(
        ...own.filter((pull) => !named.has(pull.number)).map((pull) => pullDifference(pull, null)),
      );
    else if (own.every((pull) => !named.has(pull.number)))
      differences.push(...own.map((pull) => pullDifference(pull, null)));
    else if (own.length > 1) {
      const direct = own
        .filter(({ commit, number }) => commit === update.after && named.has(number))
        .slice(0, 1);
      const others = own.filter((pull) => !direct.includes(pull));
      const numbers = (direct.length === 0 ? own.slice(0, 1) : direct).map(({ number }) => number);
      differences.push(...others.map((pull) => pullDifference(pull, CAUSES.together(numbers))));
    }
  }
  return differences;
}

function pullDifference({ number, commit }: MergedPull, explanation: string | null): Difference {
  return differing(`pull request #${number}`, commit ?? "", "merged-pull-requests", explanation);
}

/** Which update of the span introduced each commit: the first that reaches it. */
function updatesByCommit({ activity, git }: Listings): ReadonlyMap<Sha, RefUpdate> {
  const found = new Map<Sha, RefUpdate>();
  for (const update of activity) {
    const open = [update.after];
    for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
      if (sha === NO_COMMIT || found.has(sha)) continue;
      if (sha !== update.after && git?.commits.has(sha) !== true) continue;
      found.set(sha, update);
      open.push(...(git?.commits.get(sha) ?? []));
    }
  }
  return found;
}

/** A webhook may come twice, and late: what it reported is compared as a set, with everything GitHub lists. */
function againstDeliveries({ activity, later, reported, reportedFrom }: Listings): readonly Difference[] {
  const keys = new Set(reported.map(key));
  const listed = new Set([...activity, ...later].map(key));
  return [
    ...activity
      .filter((update) => update.at >= reportedFrom && !keys.has(key(update)))
      .map(({ after }) => differing("update", after, "activity", CAUSES.webhookLost)),
    ...reported
      .filter((update) => !listed.has(key(update)))
      .map(({ after }) => differing("update", after, "deliveries", null)),
  ];
}

function key({ before, after }: Pick<RefUpdate, "before" | "after">): string {
  return `${before}:${after}`;
}
