/** Merging a pull request: what GitHub refuses, and the commits the three methods make. */

import { Refused } from "./refused.ts";
import { markMerged, updateRef } from "./acts/refs.ts";
import { coAuthorTrailers, SIGNATURE, signatureOf, webFlow } from "./acts/people.ts";
import type { Account, ActivityType, MergeMethod, PullRequest, Repository, Sha } from "./model.ts";
import { mergeProblems, type Mover } from "./rules.ts";
import type { World } from "./world.ts";

/** How a merge was asked for. */
export interface MergeRequest {
  readonly method: MergeMethod;
  /** The head the asker has seen. */
  readonly sha?: string | undefined;
  readonly title?: string | undefined;
  readonly message?: string | undefined;
}

/** Merges a pull request as its merge button does. Throws {@link Refused} with 403, 405 or 409. */
export function mergePull(
  world: World,
  repository: Repository,
  pull: PullRequest,
  mover: Mover,
  request: MergeRequest,
): Sha {
  refuseUnlessOpen(world, repository, pull, mover);
  if (request.sha !== undefined && request.sha !== pull.head.sha)
    throw new Refused(409, "Head branch was modified. Review and try the merge again.");
  const { method } = request;
  if (!repository.allow[method])
    throw new Refused(
      405,
      `${{ merge: "Merge commits", squash: "Squash merges", rebase: "Rebase merges" }[method]} are not allowed on this repository.`,
    );
  const base = world.git(repository).branch(pull.base.ref);
  if (base === null) throw new Refused(405, "Pull Request is not mergeable");
  const [problem, ...others] = mergeProblems(world, repository, pull, mover, method);
  if (problem !== undefined)
    throw new Refused(405, ["Repository rule violations found\n", problem, ...others].join("\n"));
  const commit = mergeCommit(world, repository, pull, base, mover.actor, request);
  if (commit === null)
    throw new Refused(
      405,
      method === "rebase" ? "This branch can't be rebased" : "Pull Request is not mergeable",
    );
  land(world, repository, [{ pull, commit }], mover.actor, method, "pr_merge");
  return commit;
}

/** Refuses whoever may not push, and pull requests that are not there to be merged. */
export function refuseUnlessOpen(
  world: World,
  repository: Repository,
  pull: PullRequest,
  mover: Mover,
): void {
  if (!world.may(mover.actor, "read", repository)) throw new Refused(404, "Not Found");
  if (!world.may(mover.actor, "write", repository))
    throw new Refused(403, "You're not authorized to push to this branch.");
  if (repository.archived) throw new Refused(403, "Repository was archived so is read-only.");
  if (pull.state === "closed") throw new Refused(405, "Pull Request is not mergeable");
  if (pull.draft) throw new Refused(405, "Pull Request is still a draft");
}

/** A pull request and the commit it lands as. */
export interface Landing {
  readonly pull: PullRequest;
  readonly commit: Sha;
}

/** Moves the base branch to the last of some merges of it, in one push, and marks their pull requests merged. */
export function land(
  world: World,
  repository: Repository,
  landings: readonly Landing[],
  actor: Account,
  method: NonNullable<PullRequest["merged"]>["method"],
  type: ActivityType,
): void {
  const last = landings.at(-1);
  if (last === undefined) return;
  // Closed first, so that the moving base does not take them for merged by a push.
  for (const { pull } of landings) pull.state = "closed";
  updateRef(world, repository, { ref: `refs/heads/${last.pull.base.ref}`, after: last.commit, actor, type });
  for (const { pull, commit } of landings) {
    markMerged(world, repository, pull, actor, commit, method);
    if (repository.deleteBranchOnMerge && pull.head.repositoryId === repository.id)
      updateRef(world, repository, { ref: `refs/heads/${pull.head.ref}`, after: null, actor });
  }
}

/** Makes the commit that would land a pull request on top of `base`; null when it conflicts. */
export function mergeCommit(
  world: World,
  repository: Repository,
  pull: PullRequest,
  base: Sha,
  actor: Account,
  request: MergeRequest,
): Sha | null {
  const git = world.git(repository);
  const head = pull.head.sha;
  const at = world.now();
  if (request.method === "rebase") return rebase(world, repository, base, head, actor);
  const merged = git.merge(base, head);
  if (merged.conflicts.length > 0) return null;
  if (request.method === "merge") {
    const from = pull.head.repositoryId ?? pull.repositoryId;
    const owner = world.owner(world.repositoryById(from)).login;
    const title = request.title ?? `Merge pull request #${pull.number} from ${owner}/${pull.head.ref}`;
    return git.createCommit({
      tree: merged.tree,
      parents: [base, head],
      author: signatureOf(actor, at),
      committer: webFlow(at),
      signature: SIGNATURE,
      message: `${title}\n\n${request.message ?? pull.title}`,
    });
  }
  const commits = git.commitsBetween(base, head).map((sha) => git.commitOf(sha));
  const author = world.account(pull.authorId);
  const told = commits.length > 1 ? commits.map((one) => `* ${one.message}`).join("\n\n") : "";
  const body = request.message ?? told;
  const trailers = coAuthorTrailers(world, commits, author);
  return git.createCommit({
    tree: merged.tree,
    parents: [base],
    author: signatureOf(author, at),
    committer: webFlow(at),
    signature: SIGNATURE,
    message: [request.title ?? `${pull.title} (#${pull.number})`, body, trailers.join("\n")]
      .filter((part) => part !== "")
      .join("\n\n"),
  });
}

/** Sets the commits of `head` that `base` lacks on top of `base`, one by one; null on conflict. */
export function rebase(
  world: World,
  repository: Repository,
  base: Sha,
  head: Sha,
  committer: Account,
): Sha | null {
  const git = world.git(repository);
  let top = base;
  for (const sha of git.commitsBetween(base, head)) {
    const commit = git.commitOf(sha);
    if (commit.parents.length > 1) continue;
    const tree = git.pick(sha, top);
    if (tree === null) return null;
    top = git.createCommit({
      tree,
      parents: [top],
      author: commit.author,
      committer: signatureOf(committer, world.now()),
      message: commit.message,
    });
  }
  return top;
}
