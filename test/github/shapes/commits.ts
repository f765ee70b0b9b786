import type { FileDifference, GitCommit } from "../git.ts";
import type { MergeQueueEntry, Repository, Sha } from "../model.ts";
import { WEB_FLOW, type World } from "../world.ts";
import { userByIdShape } from "./accounts.ts";
import { iso, type Shape } from "./form.ts";
import { repositoryPage, repositoryUrl } from "./repositories.ts";

/** What GitHub says of a commit's signature. It signs what is done in its web interface itself. */
export function verificationShape(commit: GitCommit): Shape {
  const signed = commit.signature !== null || commit.committer.email === "noreply@github.com";
  return {
    verified: signed,
    reason: signed ? "valid" : "unsigned",
    signature: commit.signature,
    payload: commit.signature === null ? null : `tree ${commit.tree}`,
    verified_at: signed ? iso(commit.committer.at) : null,
  };
}

/** The account id a mail address is attributed to; null when GitHub knows none. */
export function accountIdByEmail(world: World, email: string): number | null {
  if (email === "noreply@github.com") return WEB_FLOW.id;
  return world.accountByEmail(email)?.id ?? null;
}

function attributed(world: World, email: string): Shape | null {
  const id = accountIdByEmail(world, email);
  return id === null ? null : userByIdShape(world, id);
}

function signatureShape(by: GitCommit["author"]): Shape {
  return { name: by.name, email: by.email, date: iso(by.at) };
}

/** A commit as `/git/commits` writes it (`git-commit`). */
export function gitCommitShape(world: World, repository: Repository, commit: GitCommit): Shape {
  return {
    sha: commit.sha,
    node_id: commitNodeId(repository, commit.sha),
    url: repositoryUrl(world, repository, `/git/commits/${commit.sha}`),
    html_url: repositoryPage(world, repository, `/commit/${commit.sha}`),
    author: signatureShape(commit.author),
    committer: signatureShape(commit.committer),
    message: commit.message,
    tree: { sha: commit.tree, url: repositoryUrl(world, repository, `/git/trees/${commit.tree}`) },
    parents: commit.parents.map((sha) => ({
      sha,
      url: repositoryUrl(world, repository, `/git/commits/${sha}`),
      html_url: repositoryPage(world, repository, `/commit/${sha}`),
    })),
    verification: verificationShape(commit),
  };
}

/** The node id of a commit, which is made of its repository and hash. */
export function commitNodeId(repository: Repository, sha: Sha): string {
  return `C_${Buffer.from(`${repository.id}:${sha}`).toString("base64url")}`;
}

/** A commit as lists write it (`commit`), without files. */
export function commitShape(world: World, repository: Repository, commit: GitCommit): Shape {
  const url = repositoryUrl(world, repository, `/commits/${commit.sha}`);
  return {
    sha: commit.sha,
    node_id: commitNodeId(repository, commit.sha),
    commit: {
      author: signatureShape(commit.author),
      committer: signatureShape(commit.committer),
      message: commit.message,
      tree: { sha: commit.tree, url: repositoryUrl(world, repository, `/git/trees/${commit.tree}`) },
      url: repositoryUrl(world, repository, `/git/commits/${commit.sha}`),
      comment_count: 0,
      verification: verificationShape(commit),
    },
    url,
    html_url: repositoryPage(world, repository, `/commit/${commit.sha}`),
    comments_url: `${url}/comments`,
    author: attributed(world, commit.author.email),
    committer: attributed(world, commit.committer.email),
    parents: commit.parents.map((sha) => ({
      sha,
      url: repositoryUrl(world, repository, `/commits/${sha}`),
      html_url: repositoryPage(world, repository, `/commit/${sha}`),
    })),
  };
}

/** A changed file (`diff-entry`); `at` is the commit whose content its links show. */
export function fileShape(world: World, repository: Repository, at: Sha, file: FileDifference): Shape {
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  return {
    sha: file.sha,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: repositoryPage(world, repository, `/blob/${at}/${path}`),
    raw_url: repositoryPage(world, repository, `/raw/${at}/${path}`),
    contents_url: repositoryUrl(world, repository, `/contents/${path}?ref=${at}`),
    ...(file.patch === null ? {} : { patch: file.patch }),
    ...(file.oldPath === null ? {} : { previous_filename: file.oldPath }),
  };
}

function pushSignature(world: World, by: GitCommit["author"]): Shape {
  const id = accountIdByEmail(world, by.email);
  return {
    name: by.name,
    email: by.email,
    date: iso(by.at),
    ...(id === null ? {} : { username: world.account(id).login }),
  };
}

/** A commit as the `push` webhook lists it. */
export function pushCommitShape(world: World, repository: Repository, sha: Sha): Shape {
  const git = world.git(repository);
  const commit = git.commitOf(sha);
  const files = git.differences(commit.parents[0] ?? null, sha);
  const paths = (wanted: (file: FileDifference) => boolean): string[] =>
    files.filter(wanted).map((file) => file.path);
  const moved = files.flatMap((file) => (file.status === "renamed" && file.oldPath ? [file.oldPath] : []));
  return {
    id: sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: iso(commit.committer.at),
    url: repositoryPage(world, repository, `/commit/${sha}`),
    author: pushSignature(world, commit.author),
    committer: pushSignature(world, commit.committer),
    added: paths((file) => ["added", "renamed", "copied"].includes(file.status)),
    removed: [...paths((file) => file.status === "removed"), ...moved],
    modified: paths((file) => ["modified", "changed"].includes(file.status)),
  };
}

/** A commit as check suites, workflow runs and merge groups embed it (`simple-commit`). */
export function simpleCommitShape(world: World, repository: Repository, sha: Sha): Shape | null {
  const commit = world.git(repository).commit(sha);
  if (commit === undefined) return null;
  return {
    id: commit.sha,
    tree_id: commit.tree,
    message: commit.message,
    timestamp: iso(commit.committer.at),
    author: { name: commit.author.name, email: commit.author.email },
    committer: { name: commit.committer.name, email: commit.committer.email },
  };
}

/** The `merge_group` of the webhook of that name; the group ends with `entry`. */
export function mergeGroupShape(
  world: World,
  repository: Repository,
  branch: string,
  entry: MergeQueueEntry,
): Shape {
  return {
    head_sha: entry.headSha,
    head_ref: entry.ref,
    base_sha: entry.baseSha,
    base_ref: `refs/heads/${branch}`,
    head_commit: simpleCommitShape(world, repository, entry.headSha),
  };
}
