/** Who shaped a pull request's content: authors, co-authors, committers and whoever was seen to push. */

import { WEB_FLOW_ID, type Actor, type Commit, type PullRequest, type Sha } from "./change.ts";

/** The people behind one commit. `unknown`: at least one account GitHub cannot name had a hand in it. */
export interface Makers {
  readonly sha: Sha;
  /** Author and co-authors, as GitHub attributes them. Forgeable: it may exclude a person, never vouch for one. */
  readonly authors: readonly Actor[];
  readonly committer: Actor | null;
  /** Who was seen to bring it to the branch; null when nobody saw. */
  readonly pusher: Actor | null;
  /** Who asked a bot for it; a person's own push is nobody's wish. */
  readonly requesters: readonly Actor[];
  readonly unknown: boolean;
  /** A merge proven to add nothing to what it merged: nobody's contribution. */
  readonly addsNothing: boolean;
  /** A merge of which nobody could tell yet whether it adds anything. */
  readonly mayAddNothing: boolean;
}

/** Whether something holds, does not, or cannot be told from what is known. */
export type Certainty = "yes" | "no" | "unknown";

/** One contributor and how: `author` covers co-authors too; `requester` asked a bot for it. */
export interface Contributor {
  readonly actor: Actor;
  readonly roles: readonly ("opener" | "requester" | "author" | "committer" | "pusher")[];
}

/** Facts never change, so what follows from them is reckoned once. */
const reckoned = new WeakMap<PullRequest, readonly Makers[]>();

/** The makers of every commit of the pull request, in its order. */
export function makersOf(pull: PullRequest): readonly Makers[] {
  const known = reckoned.get(pull) ?? makersOfEach(pull);
  reckoned.set(pull, known);
  return known;
}

function makersOfEach(pull: PullRequest): readonly Makers[] {
  const pushers = pusherOfEach(pull);
  return pull.commits.map((commit) => ({
    sha: commit.sha,
    authors: commit.authors.filter((author) => author !== null),
    committer: commit.committer === null || commit.committer.id === WEB_FLOW_ID ? null : commit.committer,
    pusher: pushers.get(commit.sha) ?? null,
    requesters: isByBot(pushers.get(commit.sha) ?? null) ? (pull.requestedBy ?? []) : [],
    unknown: commit.authors.includes(null) || commit.authors.length === 0 || commit.committer === null,
    addsNothing: mergeProof(pull, commit) === "yes",
    mayAddNothing: mergeProof(pull, commit) === "unknown",
  }));
}

/** Everyone who contributed, each once, by id, with their roles. */
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
    add(makers.pusher, "pusher");
  }
  return [...found.values()]
    .map(({ actor, roles }) => ({ actor, roles: [...roles] }))
    .toSorted((a, b) => a.actor.id - b.actor.id);
}

/** A commit nobody was seen to push may be the bot's. */
function isByBot(pusher: Actor | null): boolean {
  return pusher === null || pusher.type !== "User";
}

/** Whether someone had a hand in a commit. */
export function isMaker(makers: Makers, actorId: number): boolean {
  return (
    makers.authors.some((author) => author.id === actorId) ||
    makers.requesters.some((requester) => requester.id === actorId) ||
    makers.committer?.id === actorId ||
    makers.pusher?.id === actorId
  );
}

/**
 * Whether an approval by this person covers this commit: they did not make it alone.
 *
 * A maker covers it only where another person is both named as an author and was seen to push it while the approver
 * was neither seen to push nor to commit it: names can be forged, pushes cannot. Where nobody saw who pushed it, it may
 * have been the approver under another's name.
 */
export function coverage(makers: Makers, actorId: number): Certainty {
  if (makers.addsNothing) return "yes";
  const own = coverageOfContent(makers, actorId);
  return own === "no" && makers.mayAddNothing ? "unknown" : own;
}

function coverageOfContent(makers: Makers, actorId: number): Certainty {
  const { pusher, committer, authors } = makers;
  const named = isMaker(makers, actorId);
  if (pusher === null) {
    if (!named) return "unknown";
    const another = authors.some((author) => author.id !== actorId && author.type === "User");
    return another && committer?.id !== actorId ? "unknown" : "no";
  }
  if (!named) return "yes";
  if (pusher.type !== "User" || pusher.id === actorId || committer?.id === actorId) return "no";
  return authors.some((author) => author.id === pusher.id) ? "yes" : "no";
}

/** Whether someone stayed out of the pull request altogether: neither its opener nor a maker of any of its commits. */
export function stayedOut(pull: PullRequest, makers: readonly Makers[], actorId: number): Certainty {
  if (pull.author?.id === actorId) return "no";
  if (pull.requestedBy?.some((requester) => requester.id === actorId) === true) return "no";
  const real = makers.filter((each) => !each.addsNothing);
  if (real.some((each) => !each.mayAddNothing && isMaker(each, actorId))) return "no";
  return real.some((each) => each.pusher === null || isMaker(each, actorId)) ? "unknown" : "yes";
}

/** Merge commits whose makers matter to these reviewers: those that must be proven to add nothing, as (first parent, merge). */
export function mergesToProve(
  pull: PullRequest,
  reviewers: readonly number[],
): readonly { from: Sha; to: Sha }[] {
  const parents = new Map(pull.commits.map((commit) => [commit.sha, commit.parents]));
  return makersOf(pull).flatMap((makers) => {
    const [first] = parents.get(makers.sha) ?? [];
    if (first === undefined || !makers.mayAddNothing) return [];
    const concerned = reviewers.some((id) => isMaker(makers, id) || makers.pusher === null);
    return concerned ? [{ from: first, to: makers.sha }] : [];
  });
}

/** Whether a merge is proven to add nothing. An octopus is never asked: its content is somebody's contribution. */
function mergeProof(pull: PullRequest, commit: Commit): Certainty {
  const [first, second, ...more] = commit.parents;
  if (first === undefined || second === undefined || more.length > 0) return "no";
  // A second parent inside the pull request is somebody's side branch, not the base: its content is judged by its own commits,
  // and the merge must still be proven to add nothing to the first parent's patch, which it then cannot.
  const found = pull.sameContent.filter((proof) => proof.from === first && proof.to === commit.sha);
  if (found.some(({ proof }) => proof === "different")) return "no";
  return found.some(({ proof }) => proof === "tree" || proof === "patch") ? "yes" : "unknown";
}

/** Whom each commit was first seen to be pushed by. Left out: commits nobody was seen to push, or that may have been there before. */
function pusherOfEach(pull: PullRequest): ReadonlyMap<Sha, Actor> {
  const parents = new Map(pull.commits.map((commit) => [commit.sha, commit.parents]));
  const found = new Map<Sha, Actor>();
  // INVARIANT: with a commit, everything it stands on is in here; so no way is gone twice, however many pushes there were.
  const seen = new Set<Sha>();
  const fresh = (tip: Sha): readonly Sha[] => {
    const reached: Sha[] = [];
    const open = [tip];
    for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
      if (seen.has(sha) || !parents.has(sha)) continue;
      seen.add(sha);
      reached.push(sha);
      open.push(...(parents.get(sha) ?? []));
    }
    return reached;
  };
  let tip: Sha | null = null;
  for (const push of pull.pushes.toSorted((a, b) => a.at - b.at)) {
    // What was there before this push came by one that nobody saw, if it did not come by an earlier one.
    fresh(push.before);
    // After a missed push a forced one may bring back what somebody else had brought.
    const missed = push.forced && push.before !== tip && push.at >= pull.createdAt;
    for (const sha of fresh(push.after)) if (push.actor !== null && !missed) found.set(sha, push.actor);
    tip = push.after;
  }
  return found;
}
