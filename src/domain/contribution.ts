/** Who shaped a pull request's content: authors, co-authors, committers and whoever was seen to push. */

import { WEB_FLOW_ID, type Actor, type Commit, type PullRequest, type Push, type Sha } from "./change.ts";

/** The people behind one commit. `unknown`: at least one account GitHub cannot name had a hand in it. */
export interface Makers {
  readonly sha: Sha;
  /** Author and co-authors, as GitHub attributes them. Forgeable: it may exclude a person, never vouch for one. */
  readonly authors: readonly Actor[];
  readonly committer: Actor | null;
  /** Who was seen to bring it to the branch; null when nobody saw. */
  readonly pusher: Actor | null;
  readonly unknown: boolean;
  /** A merge proven to add nothing to what it merged: nobody's contribution. */
  readonly addsNothing: boolean;
}

/** One contributor and how: `author` covers co-authors too. */
export interface Contributor {
  readonly actor: Actor;
  readonly roles: readonly ("opener" | "author" | "committer" | "pusher")[];
}

/** The makers of every commit of the pull request, in its order. */
export function makersOf(pull: PullRequest): readonly Makers[] {
  const pushers = pusherOfEach(pull.commits, pull.pushes);
  return pull.commits.map((commit) => ({
    sha: commit.sha,
    authors: commit.authors.filter((author) => author !== null),
    committer: commit.committer === null || commit.committer.id === WEB_FLOW_ID ? null : commit.committer,
    pusher: pushers.get(commit.sha) ?? null,
    unknown: commit.authors.includes(null) || commit.authors.length === 0 || commit.committer === null,
    addsNothing: isCleanMerge(pull, commit),
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

/** Whether someone had a hand in a commit. */
export function isMaker(makers: Makers, actorId: number): boolean {
  return (
    makers.authors.some((author) => author.id === actorId) ||
    makers.committer?.id === actorId ||
    makers.pusher?.id === actorId
  );
}

/**
 * Whether an approval by this person covers this commit: they did not make it alone.
 *
 * A maker covers it only where another person is both named as an author and was seen to push it while the approver
 * was neither seen to push nor to commit it: names can be forged, pushes cannot.
 */
export function coversCommit(makers: Makers, actorId: number): boolean {
  if (makers.addsNothing || !isMaker(makers, actorId)) return true;
  const { pusher } = makers;
  if (pusher === null || pusher.type !== "User" || pusher.id === actorId || makers.committer?.id === actorId)
    return false;
  return makers.authors.some((author) => author.id === pusher.id);
}

/** Merge commits whose makers might matter: those that must be proven to add nothing, as (first parent, merge). */
export function mergesToProve(
  pull: PullRequest,
  reviewers: readonly number[],
): readonly { from: Sha; to: Sha }[] {
  return pull.commits.flatMap((commit) => {
    const [first] = commit.parents;
    if (first === undefined || commit.parents.length < 2) return [];
    const makers = makersOf({ ...pull, commits: [commit] })[0];
    const pusher = pusherOfEach(pull.commits, pull.pushes).get(commit.sha);
    const concerned = reviewers.some(
      (id) => (makers !== undefined && isMaker(makers, id)) || pusher?.id === id,
    );
    return concerned ? [{ from: first, to: commit.sha }] : [];
  });
}

function isCleanMerge(pull: PullRequest, commit: Commit): boolean {
  const [first, second, ...more] = commit.parents;
  if (first === undefined || second === undefined || more.length > 0) return false;
  // A second parent inside the pull request is somebody's side branch, not the base: its content is judged by its own commits,
  // and the merge must still be proven to add nothing to the first parent's patch, which it then cannot.
  return pull.sameContent.some(
    (proof) =>
      proof.from === first && proof.to === commit.sha && (proof.proof === "tree" || proof.proof === "patch"),
  );
}

/** Whom each commit was first seen to be pushed by. */
function pusherOfEach(commits: readonly Commit[], pushes: readonly Push[]): ReadonlyMap<Sha, Actor> {
  const parents = new Map(commits.map((commit) => [commit.sha, commit.parents]));
  const reachable = (tip: Sha): Set<Sha> => {
    const seen = new Set<Sha>();
    const open = [tip];
    for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
      if (seen.has(sha) || !parents.has(sha)) continue;
      seen.add(sha);
      open.push(...(parents.get(sha) ?? []));
    }
    return seen;
  };
  const found = new Map<Sha, Actor>();
  const seen = new Set<Sha>();
  for (const push of pushes.toSorted((a, b) => a.at - b.at)) {
    const before = reachable(push.before);
    for (const sha of reachable(push.after)) {
      if (before.has(sha) || seen.has(sha)) continue;
      seen.add(sha);
      if (push.actor !== null) found.set(sha, push.actor);
    }
  }
  return found;
}
