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

/** The merged pull requests of each commit they brought or landed as; what is merged does not change any more. */
const merged = new WeakMap<Repository, Map<Sha, PullRequest[]>>();

/** To be told when a pull request is merged, so that thousands of them need not be searched. */
export function noteMerged(world: World, repository: Repository, pull: PullRequest): void {
  const bySha = merged.get(repository) ?? new Map<Sha, PullRequest[]>();
  merged.set(repository, bySha);
  const { commits } = pullContent(world, repository, pull);
  for (const sha of new Set([...commits, ...landedCommits(world, repository, pull)]))
    bySha.set(sha, [...(bySha.get(sha) ?? []), pull]);
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

/** The pull requests GitHub ties to a commit, oldest first: once the commit is on the default branch only merged ones, before that open ones too. */
export function associatedPulls(world: World, repository: Repository, sha: Sha): PullRequest[] {
  const found = [...(merged.get(repository)?.get(sha) ?? [])];
  if (!isLanded(world, repository, sha)) {
    for (const pull of repository.pulls.values())
      if (pull.state === "open" && pullContent(world, repository, pull).set.has(sha)) found.push(pull);
  }
  return found.toSorted((a, b) => a.number - b.number);
}
