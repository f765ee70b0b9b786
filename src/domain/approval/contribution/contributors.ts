/** The contributors of a pull request: authors, co-authors, committers and whoever was seen to push what is, or was, in it. */

import { type PullRequest } from "../../change/pull-request.ts";
import { isDropped } from "./dropped-commits.ts";
import { mergedWork, type MergedWork } from "./work-elsewhere.ts";
import { followPushes, knownCommits, type CommitArrival, type Unseen } from "./pushes.ts";
import { type Sha } from "../../change/sha.ts";
import { WEB_FLOW_ID, type Actor } from "../../change/people.ts";
import { type Commit } from "../../change/commit.ts";
import { type Certainty, type Coverage } from "../../values/certainty.ts";

/** Describes the people behind one commit that is or was in a pull request. */
export interface Makers {
  readonly sha: Sha;
  /** Author and co-authors, as GitHub attributes them. Forgeable: it may exclude a person, never vouch for one. */
  readonly authors: readonly Actor[];
  readonly committer: Actor | null;
  /** Everyone who was seen to push it, the first one first. */
  readonly pushers: readonly Actor[];
  /** Who was seen to push it, or its patch, elsewhere first: it excludes them, and vouches for nobody. */
  readonly elsewhere: readonly Actor[];
  /** Why one unseen person may have made it; null: nobody but those seen. */
  readonly unseen: Unseen | null;
  /** Who requested it from a bot; a person's own push is nobody's request. */
  readonly requesters: readonly Actor[];
  /** At least one account GitHub cannot name took part in it. */
  readonly unknown: boolean;
  /** Nobody's contribution: proven to add nothing, or nothing of it is left. */
  readonly addsNothing: boolean;
  /** It is not known whether it adds anything: a merge, or what came by a forced push that may only have moved it. */
  readonly mayAddNothing: boolean;
}

/** Describes one contributor and how: `author` covers co-authors too; `requester` requested it from a bot. */
export interface Contributor {
  readonly actor: Actor;
  readonly roles: readonly ("opener" | "requester" | "author" | "committer" | "pusher")[];
}

/** Facts never change, so what follows from them is computed once. */
const computed = new WeakMap<PullRequest, readonly Makers[]>();

/**
 * Lists the makers of every commit. First those the pull request has, in its order, then those it had and of which
 * something may be left. Of an earlier head whose commits are not known, the makers are whoever pushed it.
 */
export function makersOf(pull: PullRequest): readonly Makers[] {
  const known = computed.get(pull) ?? makersOfEach(pull);
  computed.set(pull, known);
  return known;
}

const NOBODY_SEEN: CommitArrival = { pushers: [], by: [], unseen: "nobody-seen", clean: "no" };

function makersOfEach(pull: PullRequest): readonly Makers[] {
  const followed = followPushes(pull);
  const { commits: arrivals, heads } = followed;
  const merged = mergedWork(pull, followed);
  const known = knownCommits(pull);
  const trees = new Map(known.map(({ sha, tree }) => [sha, tree]));
  const ofCommits = known.map((commit): Makers => {
    const arrival = arrivals.get(commit.sha) ?? NOBODY_SEEN;
    const proof = mergeProof(pull, commit);
    return {
      sha: commit.sha,
      authors: commit.authors.filter((author) => author !== null),
      committer: commit.committer?.id === WEB_FLOW_ID ? null : commit.committer,
      ...pushedBy(pull, arrival),
      ...pushedElsewhere(pull, merged, commit.sha, arrival),
      unknown: commit.authors.includes(null) || commit.authors.length === 0 || commit.committer === null,
      addsNothing: proof === "yes" || arrival.clean === "yes" || isEmpty(commit, trees),
      mayAddNothing: proof === "unknown" || arrival.clean === "unknown",
    };
  });
  // Of what a proven update put in the place of a head that is not known, the makers are that head's.
  const anew = known.flatMap(({ sha }) => {
    const arrival = arrivals.get(sha);
    return arrival?.clean === "yes" ? pushedElsewhere(pull, merged, sha, arrival).elsewhere : [];
  });
  const ofHeads = [...heads].map(([sha, arrival]): Makers => {
    const { elsewhere, unseen } = pushedElsewhere(pull, merged, sha, arrival);
    return {
      sha,
      authors: [],
      committer: null,
      ...pushedBy(pull, arrival),
      elsewhere: [...elsewhere, ...anew],
      unseen,
      unknown: false,
      addsNothing: arrival.clean === "yes",
      mayAddNothing: arrival.clean === "unknown",
    };
  });
  const all = [...ofCommits, ...ofHeads];
  // No list of its files shows what a merge did, solving a conflict or not.
  const merges = new Set(known.filter(({ parents }) => parents.length > 1).map(({ sha }) => sha));
  return all.map((makers) =>
    !merges.has(makers.sha) && isDropped(pull, makers.sha, all) ? { ...makers, addsNothing: true } : makers,
  );
}

function pushedBy(
  pull: PullRequest,
  { pushers, unseen }: CommitArrival,
): Pick<Makers, "pushers" | "unseen" | "requesters"> {
  // A commit nobody was seen to push may be the bot's.
  const mayBeBots = pushers.length === 0 || pushers.some(({ type }) => type !== "User");
  return { pushers, unseen, requesters: mayBeBots ? (pull.requestedBy ?? []) : [] };
}

/** A pull request merged into its branch is pushed by whoever merged it; the work in it is of those who pushed there. */
function pushedElsewhere(
  { elsewhere = [] }: PullRequest,
  merged: ReadonlyMap<Sha, MergedWork>,
  sha: Sha,
  { unseen }: CommitArrival,
): Pick<Makers, "elsewhere" | "unseen"> {
  const before = elsewhere.filter(({ commits }) => commits.includes(sha)).map(({ actor }) => actor);
  const there = merged.get(sha);
  return {
    elsewhere: [...before, ...(there?.pushers ?? [])],
    unseen: unseen ?? (there?.unseen === true ? "nobody-seen" : null),
  };
}

/** One parent and its very tree. A merge of that kind may throw away what it merged. */
function isEmpty({ tree, parents: [first, ...more] }: Commit, trees: ReadonlyMap<Sha, Sha>): boolean {
  return first !== undefined && more.length === 0 && trees.get(first) === tree;
}

/** Lists everyone who contributed, each once, by id, with their roles. */
export function contributorsOf(pull: PullRequest): readonly Contributor[] {
  const found = new Map<number, { actor: Actor; roles: Set<Contributor["roles"][number]> }>();
  const add = (actor: Actor | null, role: Contributor["roles"][number]): void => {
    if (actor === null) return;
    const known = found.get(actor.id) ?? { actor, roles: new Set() };
    known.roles.add(role);
    found.set(actor.id, known);
  };
  add(pull.author, "opener");
  for (const requester of pull.requestedBy ?? []) add(requester, "requester");
  for (const makers of makersOf(pull)) {
    if (makers.addsNothing) continue;
    for (const author of makers.authors) add(author, "author");
    add(makers.committer, "committer");
    for (const pusher of [...makers.pushers, ...makers.elsewhere]) add(pusher, "pusher");
  }
  return [...found.values()]
    .map(({ actor, roles }) => ({ actor, roles: [...roles] }))
    .toSorted((a, b) => a.actor.id - b.actor.id);
}

/** Returns whether someone took part in a commit. */
export function isMaker(makers: Makers, actorId: number): boolean {
  const { authors, requesters, committer, pushers, elsewhere } = makers;
  return (
    [...authors, ...requesters, ...pushers, ...elsewhere].some(({ id }) => id === actorId) ||
    committer?.id === actorId
  );
}

/**
 * Returns whether an approval by this person covers this commit: they did not make it alone.
 *
 * A maker covers it only where another person is both named as an author and was seen to push it while the approver was
 * neither seen to push nor to commit it: names can be forged, pushes cannot. Where nobody saw who pushed it, it may
 * have been the approver under another's name.
 */
export function coverage(makers: Makers, actorId: number): Coverage {
  if (makers.addsNothing) return "yes";
  const own = coverageOfContent(makers, actorId);
  return own === "no" && makers.mayAddNothing ? "unknown" : own;
}

function coverageOfContent(makers: Makers, actorId: number): Coverage {
  const { pushers, committer, authors, unseen, elsewhere } = makers;
  if (!isMaker(makers, actorId)) return unseen === null ? "yes" : "unseen";
  if (committer?.id === actorId || [...pushers, ...elsewhere].some(({ id }) => id === actorId)) return "no";
  const others = authors.filter(({ id, type }) => id !== actorId && type === "User");
  if (pushers.length === 0) return others.length > 0 ? "unknown" : "no";
  const isVouched = others.some(({ id }) => pushers.some((pusher) => pusher.id === id));
  return isVouched && unseen === null ? "yes" : "no";
}

/** Returns whether someone took no part in the pull request: neither its opener nor a maker of any commit. */
export function stayedOut(pull: PullRequest, makers: readonly Makers[], actorId: number): Coverage {
  if (pull.author?.id === actorId) return "no";
  if (pull.requestedBy?.some((requester) => requester.id === actorId) === true) return "no";
  const real = makers.filter((each) => !each.addsNothing);
  const own = real.filter((each) => isMaker(each, actorId));
  if (own.length > 0) return own.every(({ mayAddNothing }) => mayAddNothing) ? "unknown" : "no";
  return real.some(({ unseen }) => unseen !== null) ? "unseen" : "yes";
}

/**
 * Returns why it is unknown whether an approval covers some of these commits; null: it is known. `unproven`: whether
 * one adds anything.
 */
export function doubtAbout(
  makers: readonly Makers[],
  covers: readonly Coverage[],
): { readonly why: Unseen | "unproven"; readonly pushers: readonly Actor[] } | null {
  const open = makers.filter((_, index) => covers[index] === "unknown" || covers[index] === "unseen");
  const [first] = open;
  if (first === undefined) return null;
  const { unseen, pushers } = open.find((each) => each.unseen !== null) ?? first;
  return { why: unseen ?? "unproven", pushers };
}

/** Counts the commits that one unseen person may have made each. */
export function unseenAmong(makers: readonly Makers[]): number {
  return makers.filter(({ unseen, addsNothing }) => unseen !== null && !addsNothing).length;
}

/**
 * Returns the merge commits whose makers matter to these reviewers, as (first parent, merge). They must be proven to
 * add nothing.
 */
export function mergesToProve(
  pull: PullRequest,
  reviewers: readonly number[],
): readonly { from: Sha; to: Sha }[] {
  const commits = new Map(knownCommits(pull).map((commit) => [commit.sha, commit]));
  return makersOf(pull).flatMap((makers) => {
    const commit = commits.get(makers.sha);
    const first = commit?.parents[0];
    if (commit === undefined || first === undefined || makers.addsNothing) return [];
    if (mergeProof(pull, commit) !== "unknown") return [];
    const concerned = reviewers.some((id) => isMaker(makers, id) || makers.unseen !== null);
    return concerned ? [{ from: first, to: makers.sha }] : [];
  });
}

/** Whether a merge is proven to add nothing. An octopus is never checked: its content is someone's contribution. */
function mergeProof(pull: PullRequest, commit: Commit): Certainty {
  const [first, second, ...more] = commit.parents;
  if (first === undefined || second === undefined || more.length > 0) return "no";
  // A second parent inside the pull request is someone's side branch, not the base: its content is judged by
  // its own commits, and the merge must still be proven to add nothing to the first parent's patch, which it
  // then cannot.
  const found = pull.sameContent.filter((proof) => proof.from === first && proof.to === commit.sha);
  if (found.some(({ proof }) => proof === "different")) return "no";
  return found.some(({ proof }) => proof === "tree" || proof === "patch") ? "yes" : "unknown";
}
