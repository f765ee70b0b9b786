import type { GitCommit } from "../git.ts";
import type { Repository, Sha } from "../model.ts";
import { Refused } from "../refused.ts";
import { commitShape, fileShape, gitCommitShape, commitNodeId } from "../shapes/commits.ts";
import { activityShape, repositoryPage, repositoryUrl } from "../shapes/repositories.ts";
import { paged, pagedByCursor } from "./paging.ts";
import { notFound, ok, repositoryOf, type Answer, type Call, type Routes } from "./route.ts";

const READ = ["contents:read"] as const;

/** GitHub compares and shows no more changed files than this in one answer. */
const MOST_FILES = 300;

const DAY = 86_400_000;
const SPANS: Readonly<Record<string, number>> = {
  day: DAY,
  week: 7 * DAY,
  month: 30 * DAY,
  quarter: 90 * DAY,
  year: 365 * DAY,
};

/** The commit a branch, tag or hash in a request means. Throws GitHub's refusal for none. */
export function commitNamed(call: Call, repository: Repository, name: string): GitCommit {
  const git = call.world.git(repository);
  const sha = git.resolve(name);
  if (sha === null) throw new Refused(422, `No commit found for SHA: ${name}`);
  return git.commitOf(sha);
}

function history(call: Call, repository: Repository): GitCommit[] {
  const git = call.world.git(repository);
  const { sha = repository.defaultBranch, path, author, since, until } = call.query;
  const head = git.resolve(sha);
  if (head === null) throw notFound();
  const account = author === undefined ? undefined : call.world.accountByLogin(author);
  return git
    .commitsBetween(null, head)
    .reverse()
    .map((one) => git.commitOf(one))
    .filter((one) => since === undefined || one.committer.at >= Date.parse(since))
    .filter((one) => until === undefined || one.committer.at <= Date.parse(until))
    .filter(
      (one) =>
        author === undefined ||
        one.author.email.toLowerCase() === author.toLowerCase() ||
        account?.emails.has(one.author.email.toLowerCase()) === true,
    )
    .filter((one) => path === undefined || touches(call, repository, one, path));
}

function touches(call: Call, repository: Repository, commit: GitCommit, path: string): boolean {
  const files = call.world.git(repository).differences(commit.parents[0] ?? null, commit.sha);
  return files.some((file) =>
    [file.path, file.oldPath].some((one) => one === path || one?.startsWith(`${path}/`)),
  );
}

/** One end of a comparison: `main`, a hash, or `owner:branch` in the same network. */
function endOf(call: Call, repository: Repository, text: string): Sha {
  const [owner, ref] = text.includes(":") ? text.split(":") : [undefined, text];
  const git = call.world.git(repository);
  if (owner === undefined || owner.toLowerCase() === call.world.owner(repository).login.toLowerCase()) {
    const sha = git.resolve(ref ?? "");
    if (sha === null) throw notFound();
    return sha;
  }
  for (const fork of call.world.repositories.values()) {
    const related = fork.forkOf === repository.id || fork.id === repository.forkOf;
    if (!related || call.world.owner(fork).login.toLowerCase() !== owner.toLowerCase()) continue;
    const sha = call.world.git(fork).resolve(ref ?? "");
    if (sha !== null) return sha;
  }
  throw notFound();
}

function compare(call: Call): Answer {
  const repository = repositoryOf(call);
  const git = call.world.git(repository);
  const named = call.params["basehead"] ?? "";
  const dots = named.includes("...") ? "..." : "..";
  const [baseName = "", headName = ""] = named.split(dots);
  const [base, head] = [endOf(call, repository, baseName), endOf(call, repository, headName)];
  const mergeBase = git.mergeBase(base, head);
  if (mergeBase === null) {
    throw new Refused(404, `No common ancestor between ${baseName} and ${headName}.`);
  }
  const ahead = git.commitsBetween(base, head);
  const behind = git.commitsBetween(head, base).length;
  const files = git.differences(dots === "..." ? mergeBase : base, head);
  const first = (call.query["page"] ?? "1") === "1";
  const page = `${baseName}...${headName}`;
  const shape = (sha: Sha): unknown => commitShape(call.world, repository, git.commitOf(sha));
  const whole = { ...call, query: { per_page: "100", ...call.query } };
  return paged(whole, ahead, shape, (commits, total) => ({
    url: repositoryUrl(call.world, repository, `/compare/${page}`),
    html_url: repositoryPage(call.world, repository, `/compare/${page}`),
    permalink_url: repositoryPage(
      call.world,
      repository,
      `/compare/${base.slice(0, 7)}...${head.slice(0, 7)}`,
    ),
    diff_url: repositoryPage(call.world, repository, `/compare/${page}.diff`),
    patch_url: repositoryPage(call.world, repository, `/compare/${page}.patch`),
    base_commit: shape(base),
    merge_base_commit: shape(mergeBase),
    status: ahead.length > 0 ? (behind > 0 ? "diverged" : "ahead") : behind > 0 ? "behind" : "identical",
    ahead_by: ahead.length,
    behind_by: behind,
    total_commits: total,
    commits,
    // Files come with the first page only.
    files: first
      ? files.slice(0, MOST_FILES).map((file) => fileShape(call.world, repository, head, file))
      : [],
  }));
}

function activity(call: Call): Answer {
  const repository = repositoryOf(call);
  const { ref, actor, time_period: span, activity_type: type, direction = "desc" } = call.query;
  const account = actor === undefined ? undefined : call.world.accountByLogin(actor);
  if (actor !== undefined && account === undefined) throw new Refused(422, "Validation Failed");
  const full = ref === undefined || ref.startsWith("refs/") ? ref : `refs/heads/${ref}`;
  const since = span === undefined ? -Infinity : call.world.now() - (SPANS[span] ?? Infinity);
  const found = repository.activities
    // GitHub lists what happened to branches, and keeps about a year of it.
    .filter((one) => one.ref.startsWith("refs/heads/"))
    .filter((one) => one.at >= Math.max(since, call.world.now() - (SPANS["year"] ?? 0)))
    .filter((one) => full === undefined || one.ref === full)
    .filter((one) => type === undefined || one.type === type)
    .filter((one) => account === undefined || one.actorId === account.id);
  return pagedByCursor(call, direction === "asc" ? found : found.reverse(), (one) =>
    activityShape(call.world, one),
  );
}

/** Commits, comparisons, refs and their updates. */
export const commitRoutes: Routes = {
  "GET /repos/{owner}/{repo}/commits": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      return paged(call, history(call, repository), (one) => commitShape(call.world, repository, one));
    },
  },
  "GET /repos/{owner}/{repo}/commits/{ref}": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      const commit = commitNamed(call, repository, call.params["ref"] ?? "");
      if (call.accept.includes("sha")) {
        return { raw: { type: "application/vnd.github.sha", bytes: Buffer.from(commit.sha) } };
      }
      const files = call.world.git(repository).differences(commit.parents[0] ?? null, commit.sha);
      const additions = files.reduce((sum, file) => sum + file.additions, 0);
      const deletions = files.reduce((sum, file) => sum + file.deletions, 0);
      const answer = paged(call, files, (file) => fileShape(call.world, repository, commit.sha, file));
      return {
        ...answer,
        body: {
          ...commitShape(call.world, repository, commit),
          stats: { additions, deletions, total: additions + deletions },
          files:
            call.query["per_page"] === undefined
              ? files.slice(0, MOST_FILES).map((file) => fileShape(call.world, repository, commit.sha, file))
              : answer.body,
        },
      };
    },
  },
  "GET /repos/{owner}/{repo}/compare/{basehead}": { need: READ, run: compare },
  "GET /repos/{owner}/{repo}/activity": { need: READ, run: activity },
  "GET /repos/{owner}/{repo}/git/commits/{commit_sha}": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      const commit = call.world.git(repository).commit(call.params["commit_sha"] ?? "");
      if (commit === undefined) throw notFound();
      return ok(gitCommitShape(call.world, repository, commit));
    },
  },
  "GET /repos/{owner}/{repo}/git/ref/{ref}": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      const name = `refs/${call.params["ref"] ?? ""}`;
      const sha = call.world.git(repository).ref(name);
      if (sha === null) throw notFound();
      return ok(refShape(call, repository, name, sha));
    },
  },
  "GET /repos/{owner}/{repo}/git/matching-refs/{ref}": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      const refs = call.world.git(repository).refs(`refs/${call.params["ref"] ?? ""}`);
      return ok(refs.map((one) => refShape(call, repository, one.name, one.sha)));
    },
  },
  "GET /repos/{owner}/{repo}/tags": {
    need: ["metadata:read"],
    run(call) {
      const repository = repositoryOf(call);
      const tags = call.world.git(repository).refs("refs/tags/").reverse();
      return paged(call, tags, (tag) => {
        const name = tag.name.replace("refs/tags/", "");
        const sha = call.world.git(repository).resolve(name) ?? tag.sha;
        return {
          name,
          zipball_url: repositoryUrl(call.world, repository, `/zipball/${tag.name}`),
          tarball_url: repositoryUrl(call.world, repository, `/tarball/${tag.name}`),
          commit: { sha, url: repositoryUrl(call.world, repository, `/commits/${sha}`) },
          node_id: refNodeId(repository, tag.name),
        };
      });
    },
  },
};

function refNodeId(repository: Repository, name: string): string {
  return `REF_${Buffer.from(`${repository.id}:${name}`).toString("base64url")}`;
}

function refShape(call: Call, repository: Repository, name: string, sha: Sha): unknown {
  const type = call.world.git(repository).read(sha)?.type ?? "commit";
  return {
    ref: name,
    node_id: type === "commit" ? refNodeId(repository, name) : commitNodeId(repository, sha),
    url: repositoryUrl(call.world, repository, `/git/${name}`),
    object: {
      sha,
      type,
      url: repositoryUrl(call.world, repository, `/git/${type}s/${sha}`),
    },
  };
}
