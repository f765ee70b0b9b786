/**
 * Follows the pushes of a pull request: who was seen to introduce each commit that is or was in it, and which pushes
 * made nothing.
 */

import { keyBehind } from "./deploy-keys.ts";
import { type PullRequest } from "../../change/pull-request.ts";
import { NO_COMMIT, type Sha } from "../../change/sha.ts";
import { type Actor } from "../../change/people.ts";
import { type Commit, type Push } from "../../change/commit.ts";

/** Describes what of a pull request its pushes can be followed by. */
export type PushedPull = Pick<
  PullRequest,
  "author" | "createdAt" | "commits" | "earlier" | "pushes" | "sameContent" | "keyHolders" | "merged" | "head"
>;

/**
 * Names why one unseen person may have made a commit. Nobody was seen to push it; a bot pushed it after a person had
 * pushed there; a key holder's push may be anyone's,
 * and anyone's where it is not known who added a key.
 */
export type Unseen = "nobody-seen" | "relayed" | "by-key" | "by-unnamed-key";

/** Describes how a commit came to a pull request. */
export interface CommitArrival {
  /** Everyone seen to push it, the first one first. */
  readonly pushers: readonly Actor[];
  /** Why one unseen person may have made it; null: nobody but those seen. */
  readonly unseen: Unseen | null;
  /**
   * It came only by pushes that left the effective difference as it was: whoever pushed it made nothing. `unknown`: it
   * cannot be found out.
   */
  readonly clean: "yes" | "no" | "unknown";
  /** The pushes that introduced it, without those that left the effective difference as it was. */
  readonly by: readonly Push[];
}

/** Holds every commit known to be or to have been in a pull request. Also every head whose commits are not known. */
export interface Followed {
  readonly commits: ReadonlyMap<Sha, CommitArrival>;
  readonly heads: ReadonlyMap<Sha, CommitArrival>;
}

/** Lists the commits a pull request has, and those it had where they were requested. */
export function knownCommits({
  commits,
  earlier = [],
}: Pick<PullRequest, "commits" | "earlier">): readonly Commit[] {
  const known = new Map(commits.map((commit) => [commit.sha, commit]));
  for (const head of earlier) for (const commit of head.commits ?? []) known.set(commit.sha, commit);
  return [...known.values()];
}

/** Lists the pushes that count, oldest first. A branch lives on after a merge: what is pushed then was never part of what was merged. */
export function pushesUpToMerge({
  pushes,
  merged,
  head,
}: Pick<PushedPull, "pushes" | "merged" | "head">): readonly Push[] {
  return pushes
    .filter((push) => {
      if (merged === null || push.at < merged.at) return true;
      return push.at === merged.at && push.before !== head.sha;
    })
    .toSorted((a, b) => a.at - b.at);
}

/** Returns whether a push left what the pull request changes against its base as it was; `no` also where that was not checked. */
function changesNothing(
  { sameContent }: Pick<PushedPull, "sameContent">,
  { before, after }: Push,
): CommitArrival["clean"] {
  const proofs = sameContent
    .filter(({ from, to }) => from === before && to === after)
    .map(({ proof }) => proof);
  if (proofs.length === 0 || proofs.includes("different")) return "no";
  return proofs.includes("unknown") ? "unknown" : "yes";
}

interface Coming {
  readonly pushers: Map<number, Actor>;
  readonly by: Push[];
  unseen: Unseen | null;
  clean: CommitArrival["clean"];
}

/** Facts never change, so what follows from them is computed once. */
const followed = new WeakMap<PushedPull, Followed>();

/** Follows the pushes, oldest first. */
export function followPushes(pull: PushedPull): Followed {
  const known = followed.get(pull) ?? follow(pull);
  followed.set(pull, known);
  return known;
}

function follow(pull: PushedPull): Followed {
  const commits = new Map(knownCommits(pull).map((commit) => [commit.sha, commit]));
  const coming = new Map<Sha, Coming>();
  const heads = new Map<Sha, Coming>();
  const isKnown = knownHeads(pull, commits);
  const isByBot = pull.author !== null && pull.author.type !== "User";
  let isBotsAlone = true;
  let tip: Sha | null = null;
  let present: ReadonlySet<Sha> = new Set();
  for (const push of pushesUpToMerge(pull)) {
    const { actor, after } = push;
    // A branch that was deleted and created again goes on from where it was.
    const before: Sha = push.before === NO_COMMIT ? (tip ?? NO_COMMIT) : push.before;
    if (after === NO_COMMIT || after === before) continue;
    const there: ReadonlySet<Sha> = before === tip ? present : reach(before, commits);
    // What was there before this push, and came by none that was seen, came by an unseen one.
    for (const sha of there) if (!coming.has(sha)) coming.set(sha, nobody());
    if (!isKnown(before) && !heads.has(before)) heads.set(before, nobody());
    // After a missed push a forced one may introduce again what someone else had introduced.
    const isMissed = push.forced && before !== tip && push.at >= pull.createdAt;
    const isFirst =
      tip === null && (before === NO_COMMIT || (!push.forced && there.size === 0 && isKnown(before)));
    const now: ReadonlySet<Sha> = reach(after, commits);
    const news = [...now].filter((sha) => !there.has(sha));
    // A merge of many parents is never checked: its content is someone's contribution.
    const isOctopus = news.some((sha) => (commits.get(sha)?.parents.length ?? 0) > 2);
    const clean = isOctopus ? "no" : changesNothing(pull, { ...push, before });
    const isRelayed = isByBot && actor?.type !== "User" && !isBotsAlone;
    const note = (known: Coming | undefined, commit?: Commit): Coming => {
      if (clean === "yes") return known ?? { ...nobody(), unseen: null, clean };
      const one = known === undefined || known.clean === "yes" ? { ...nobody(), unseen: null, clean } : known;
      if (clean === "no") one.clean = clean;
      one.by.push({ ...push, before });
      if (actor === null || isMissed) one.unseen ??= one.pushers.size === 0 ? "nobody-seen" : null;
      else {
        one.unseen ??= isRelayed ? "relayed" : byKey(pull, push, commit);
        one.pushers.set(actor.id, actor);
      }
      return one;
    };
    for (const sha of news) coming.set(sha, note(coming.get(sha), commits.get(sha)));
    if (!isKnown(after)) heads.set(after, note(heads.get(after)));
    isBotsAlone &&=
      (isFirst || before === tip) && actor !== null && (actor.type !== "User" || clean === "yes");
    [tip, present] = [after, now];
  }
  for (const sha of commits.keys()) if (!coming.has(sha)) coming.set(sha, nobody());
  return { commits: arrivals(coming), heads: arrivals(heads) };
}

/** Whether what a head introduced is known: its commits are, or it introduced none, being the base's own. */
function knownHeads({ earlier = [] }: PushedPull, commits: ReadonlyMap<Sha, Commit>): (head: Sha) => boolean {
  const listed = new Set(earlier.flatMap(({ head, commits: had }) => (had === null ? [] : [head])));
  const outside = new Set([...commits.values()].flatMap(({ parents }) => parents));
  return (head) => head === NO_COMMIT || commits.has(head) || listed.has(head) || outside.has(head);
}

function nobody(): Coming {
  return { pushers: new Map(), by: [], unseen: "nobody-seen", clean: "no" };
}

function arrivals(coming: ReadonlyMap<Sha, Coming>): ReadonlyMap<Sha, CommitArrival> {
  return new Map(
    [...coming].map(([sha, { pushers, ...rest }]) => [sha, { ...rest, pushers: [...pushers.values()] }]),
  );
}

/** Whoever added a deploy key seems to push what anyone pushes with it; a commit they signed is theirs all the same. */
function byKey(
  { keyHolders = [] }: PushedPull,
  { actor, at }: Push,
  commit: Commit | undefined,
): "by-key" | "by-unnamed-key" | null {
  if (actor === null || commit?.signer?.id === actor.id) return null;
  const behind = keyBehind(keyHolders, actor, at);
  return behind === null ? null : behind === "named" ? "by-key" : "by-unnamed-key";
}

/** Lists the known commits that are reachable from a commit, itself included. */
export function reach(tip: Sha, commits: ReadonlyMap<Sha, Commit>): ReadonlySet<Sha> {
  const seen = new Set<Sha>();
  const open = [tip];
  for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
    const commit = commits.get(sha);
    if (commit === undefined || seen.has(sha)) continue;
    seen.add(sha);
    open.push(...commit.parents);
  }
  return seen;
}
