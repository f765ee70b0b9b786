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

/** The pull requests GitHub ties to a commit, oldest first: once the commit is on the default branch only merged ones, before that open ones too. */
export function associatedPulls(world: World, repository: Repository, sha: Sha): PullRequest[] {
  const git = world.git(repository);
  const head = git.branch(repository.defaultBranch);
  const landed = head !== null && git.commit(sha) !== undefined && git.isAncestor(sha, head);
  return [...repository.pulls.values()].filter((pull) => {
    if (landed && pull.merged === null) return false;
    if (pull.state === "closed" && pull.merged === null) return false;
    return (
      pullContent(world, repository, pull).set.has(sha) ||
      landedCommits(world, repository, pull).includes(sha)
    );
  });
}
