import type { PullRequest, Repository, Sha } from "../model.ts";
import type { World } from "../world.ts";
import { pullContent } from "../shapes/pulls.ts";

/** The commits on the base branch that merging a pull request made; none while it is open. */
export function landedCommits(world: World, repository: Repository, pull: PullRequest): Sha[] {
  if (pull.merged === null) return [];
  if (pull.merged.method !== "rebase") return [pull.merged.commit];
  const count = pullContent(world, repository, pull).commits.length;
  const landed: Sha[] = [];
  const git = world.git(repository);
  for (
    let sha: Sha | undefined = pull.merged.commit;
    sha !== undefined && landed.length < count;
    sha = git.commit(sha)?.parents[0]
  ) {
    landed.push(sha);
  }
  return landed;
}

/** To be told when a pull request is merged; what is merged does not change any more. */
export function noteMerged(world: World, repository: Repository, pull: PullRequest): void {
  for (const sha of mergedCommits(world, repository, pull))
    repository.mergedBy.set(sha, [...(repository.mergedBy.get(sha) ?? []), pull.number]);
}

function mergedCommits(world: World, repository: Repository, pull: PullRequest): ReadonlySet<Sha> {
  const { commits } = pullContent(world, repository, pull);
  return new Set([...commits, ...landedCommits(world, repository, pull)]);
}

/** What the default branch holds, kept from one question to the next: it mostly grows. */
const held = new WeakMap<Repository, { readonly head: Sha; readonly commits: Set<Sha> }>();

function isLanded(world: World, repository: Repository, sha: Sha): boolean {
  const git = world.git(repository);
  const head = git.branch(repository.defaultBranch);
  if (head === null || git.commit(sha) === undefined) return false;
  const known = held.get(repository);
  if (known?.head === head) return known.commits.has(sha);
  const fresh = new Set<Sha>();
  const open = [head];
  let isGrown = false;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    isGrown ||= at === known?.head;
    if (fresh.has(at) || known?.commits.has(at) === true) continue;
    fresh.add(at);
    open.push(...git.commitOf(at).parents);
  }
  if (known !== undefined && isGrown) {
    for (const one of fresh) known.commits.add(one);
    held.set(repository, { head, commits: known.commits });
  } else {
    held.delete(repository);
    const all = new Set<Sha>();
    for (const stack = [head]; stack.length > 0;) {
      const at = stack.pop()!;
      if (all.has(at)) continue;
      all.add(at);
      stack.push(...git.commitOf(at).parents);
    }
    held.set(repository, { head, commits: all });
  }
  return held.get(repository)?.commits.has(sha) === true;
}

/** The numbers of the pull requests GitHub ties to a commit: once the commit is on the default branch only merged ones, before that open ones too, but none whose head is in a fork. */
export function tiedPulls(world: World, repository: Repository, sha: Sha): readonly number[] {
  if (repository.tied !== undefined) return repository.tied(sha);
  const found = [...(repository.mergedBy.get(sha) ?? [])];
  if (!isLanded(world, repository, sha)) {
    for (const pull of repository.pulls.values())
      if (isTiedWhileOpen(repository, pull) && pullContent(world, repository, pull).set.has(sha))
        found.push(pull.number);
  }
  return found;
}

function isTiedWhileOpen(repository: Repository, pull: PullRequest): boolean {
  return pull.state === "open" && pull.head.repositoryId === repository.id;
}

/** The pull requests GitHub ties to a commit, oldest first. */
export function associatedPulls(world: World, repository: Repository, sha: Sha): PullRequest[] {
  return tiedPulls(world, repository, sha)
    .toSorted((a, b) => a - b)
    .flatMap((number) => repository.pulls.get(number) ?? []);
}

/** Every commit that is tied to a pull request. */
export function commitsTiedTo(world: World, repository: Repository, pull: PullRequest): ReadonlySet<Sha> {
  if (pull.merged !== null) return mergedCommits(world, repository, pull);
  if (!isTiedWhileOpen(repository, pull)) return new Set();
  const { commits } = pullContent(world, repository, pull);
  return new Set(commits.filter((sha) => !isLanded(world, repository, sha)));
}
