import type { PullRequest, Repository } from "../model.ts";
import { simpleTeamShape, userByIdShape } from "../shapes/accounts.ts";
import { commitShape, fileShape } from "../shapes/commits.ts";
import { pullContent, pullRequestShape, reviewShape, simplePullRequestShape } from "../shapes/pulls.ts";
import { associatedPulls } from "./associated.ts";
import { paged } from "./paging.ts";
import { Refused } from "../refused.ts";
import { notFound, numberParam, ok, repositoryOf, type Call, type Routes } from "./route.ts";

const READ = ["pull_requests:read"] as const;

/** GitHub lists no more changed files of a pull request than this. */
const MOST_FILES = 3000;
/** GitHub lists no more commits of a pull request than this. */
const MOST_COMMITS = 250;

function pullOf(call: Call): { repository: Repository; pull: PullRequest } {
  const repository = repositoryOf(call);
  const pull = repository.pulls.get(numberParam(call, "pull_number"));
  if (pull === undefined) throw notFound();
  return { repository, pull };
}

function listed(call: Call, repository: Repository): PullRequest[] {
  const { state = "open", head, base, sort = "created" } = call.query;
  const descending = (call.query["direction"] ?? (sort === "created" ? "desc" : "asc")) === "desc";
  const at = (pull: PullRequest): number => (sort === "updated" ? pull.updatedAt : pull.createdAt);
  return [...repository.pulls.values()]
    .filter((pull) => state === "all" || pull.state === state)
    .filter((pull) => base === undefined || pull.base.ref === base)
    .filter((pull) => head === undefined || headLabel(call, repository, pull) === head.toLowerCase())
    .sort((a, b) => (descending ? -1 : 1) * (at(a) - at(b) || a.number - b.number));
}

function headLabel(call: Call, repository: Repository, pull: PullRequest): string {
  const held = call.world.repositories.get(pull.head.repositoryId ?? repository.id) ?? repository;
  return `${call.world.owner(held).login}:${pull.head.ref}`.toLowerCase();
}

/** Pull requests and their reviews. */
export const pullRoutes: Routes = {
  "GET /repos/{owner}/{repo}/pulls": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      return paged(call, listed(call, repository), (pull) =>
        simplePullRequestShape(call.world, repository, pull),
      );
    },
  },
  "GET /repos/{owner}/{repo}/pulls/{pull_number}": {
    need: READ,
    run(call) {
      const { repository, pull } = pullOf(call);
      return ok(pullRequestShape(call.world, repository, pull));
    },
  },
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits": {
    need: READ,
    run(call) {
      const { repository, pull } = pullOf(call);
      const git = call.world.git(repository);
      const { commits } = pullContent(call.world, repository, pull);
      return paged(call, commits.slice(0, MOST_COMMITS), (sha) =>
        commitShape(call.world, repository, git.commitOf(sha)),
      );
    },
  },
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/files": {
    need: READ,
    run(call) {
      const { repository, pull } = pullOf(call);
      const { mergeBase, head } = pullContent(call.world, repository, pull);
      const files = call.world.git(repository).differences(mergeBase, head);
      return paged(call, files.slice(0, MOST_FILES), (file) => fileShape(call.world, repository, head, file));
    },
  },
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews": {
    need: READ,
    run(call) {
      const { repository, pull } = pullOf(call);
      return paged(call, pull.reviews, (review) => reviewShape(call.world, repository, pull, review));
    },
  },
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}": {
    need: READ,
    run(call) {
      const { repository, pull } = pullOf(call);
      const review = pull.reviews.find((one) => one.id === numberParam(call, "review_id"));
      if (review === undefined) throw notFound();
      return ok(reviewShape(call.world, repository, pull, review));
    },
  },
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers": {
    need: READ,
    run(call) {
      const { pull } = pullOf(call);
      const teams = [...pull.requestedTeams].flatMap((id) => call.world.teams.get(id) ?? []);
      return ok({
        users: [...pull.requestedReviewers].map((id) => userByIdShape(call.world, id)),
        teams: teams.map((team) => ({ ...simpleTeamShape(call.world, team), parent: null })),
      });
    },
  },
  "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      const sha = call.world.git(repository).resolve(call.params["commit_sha"] ?? "");
      if (sha === null) {
        throw new Refused(422, `No commit found for SHA: ${call.params["commit_sha"] ?? ""}`);
      }
      return paged(call, associatedPulls(call.world, repository, sha), (pull) =>
        simplePullRequestShape(call.world, repository, pull),
      );
    },
  },
};
