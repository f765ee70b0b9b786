import { createHash } from "node:crypto";
import type { GitCommit } from "../git.ts";
import type { Repository } from "../model.ts";
import { associatedPulls } from "../rest/associated.ts";
import { commitNodeId } from "../shapes/commits.ts";
import { htmlUrl, iso } from "../shapes/form.ts";
import { WEB_FLOW } from "../world.ts";
import { deploymentsOf } from "./deployments.ts";
import { rollupNode } from "./checks.ts";
import { CONNECTION, connection, EDGE } from "./connection.ts";
import { historyPage } from "./history.ts";
import {
  need,
  objectArg,
  listArg,
  numberArg,
  textArg,
  type Args,
  type Context,
  type Resolvers,
} from "./context.ts";
import {
  actorNode,
  commitNode,
  madeNodeId,
  pullNode,
  refNode,
  type BlobNode,
  type CommitNode,
  type RefNode,
  type TreeNode,
} from "./nodes.ts";

type ObjectNode = CommitNode | TreeNode | BlobNode;

interface ActorSource {
  readonly name: string;
  readonly email: string;
  readonly at: number;
}

interface TreeEntrySource {
  readonly repository: Repository;
  readonly name: string;
  readonly path: string;
  readonly mode: string;
  readonly sha: string;
}

interface TreeFileEntry {
  readonly mode: string;
  readonly name: string;
  readonly sha: string;
}

interface ComparisonSource {
  readonly repository: Repository;
  readonly base: string;
  readonly head: string;
}

function commitOf({ repository, sha }: CommitNode, context: Context): GitCommit {
  return context.world.git(repository).commitOf(sha);
}

const OBJECT = {
  oid: ({ sha }: ObjectNode) => sha,
  abbreviatedOid: ({ sha }: ObjectNode) => sha.slice(0, 7),
  repository: ({ repository }: ObjectNode) => ({ __typename: "Repository", repository }),
  commitResourcePath: ({ repository, sha }: ObjectNode, _: Args, context: Context) =>
    `/${context.world.fullName(repository)}/commit/${sha}`,
  commitUrl: ({ repository, sha }: ObjectNode, _: Args, context: Context) =>
    htmlUrl(context.world, `/${context.world.fullName(repository)}/commit/${sha}`),
};

/** Author and co-authors of a commit, each once. */
export function authorsOf(commit: GitCommit): ActorSource[] {
  const found = new Map<string, ActorSource>([[commit.author.email.toLowerCase(), commit.author]]);
  for (const [, name = "", email = ""] of commit.message.matchAll(/^co-authored-by: *(.*?) *<(.*)> *$/gim)) {
    const key = email.toLowerCase();
    if (!found.has(key)) found.set(key, { name, email, at: commit.author.at });
  }
  return [...found.values()];
}

function byGitHub(commit: GitCommit): boolean {
  return commit.committer.email === "noreply@github.com";
}

function changes(
  source: CommitNode,
  context: Context,
): ReturnType<ReturnType<Context["world"]["git"]>["differences"]> {
  const commit = commitOf(source, context);
  return context.world.git(source.repository).differences(commit.parents[0] ?? null, commit.sha);
}

function entryNode(context: Context, source: TreeEntrySource): ObjectNode | null {
  const { repository, sha, mode } = source;
  if (mode === "160000") return null;
  const type = mode.endsWith("40000") ? "Tree" : "Blob";
  return context.world.git(repository).read(sha) === undefined ? null : { __typename: type, repository, sha };
}

/** The object an expression such as `main`, `HEAD:path` or a hash means; null when there is none. */
export function objectNamed(context: Context, repository: Repository, expression: string): ObjectNode | null {
  const git = context.world.git(repository);
  const colon = expression.indexOf(":");
  const name = colon < 0 ? expression : expression.slice(0, colon);
  const commit = git.resolve(name);
  if (colon < 0) {
    if (commit !== null) return { __typename: "Commit", repository, sha: commit };
    const type = /^[0-9a-f]{40}$/.test(name) ? git.read(name)?.type : undefined;
    if (type === "tree") return { __typename: "Tree", repository, sha: name };
    return type === "blob" ? { __typename: "Blob", repository, sha: name } : null;
  }
  if (commit === null) return null;
  return objectAt(context, repository, git.commitOf(commit).tree, expression.slice(colon + 1));
}

function objectAt(context: Context, repository: Repository, root: string, path: string): ObjectNode | null {
  const git = context.world.git(repository);
  let node: ObjectNode | null = { __typename: "Tree", repository, sha: root };
  for (const name of path.split("/").filter((part) => part !== "")) {
    if (node?.__typename !== "Tree") return null;
    const entry: TreeFileEntry | undefined = git.entries(node.sha).find((one) => one.name === name);
    node = entry === undefined ? null : entryNode(context, { repository, path, ...entry });
  }
  return node;
}

interface SignatureNode {
  readonly commit: GitCommit;
}

/** What kind of signature a text is: its first line says so, as git writes it. */
function signatureKind(signature: string | null): "GpgSignature" | "SmimeSignature" | "SshSignature" {
  if (signature?.startsWith("-----BEGIN SSH SIGNATURE-----") === true) return "SshSignature";
  return signature?.startsWith("-----BEGIN SIGNED MESSAGE-----") === true ? "SmimeSignature" : "GpgSignature";
}

/** One key for each signer's address, as hex digits; GitHub's own for what GitHub signed. */
function keyOf(commit: GitCommit): string {
  return createHash("sha256")
    .update(byGitHub(commit) ? "GitHub" : commit.committer.email)
    .digest("hex");
}

const SIGNATURE = {
  email: ({ commit }: { commit: GitCommit }) => commit.committer.email,
  isValid: () => true,
  payload: ({ commit }: { commit: GitCommit }) => `tree ${commit.tree}`,
  signature: ({ commit }: { commit: GitCommit }) => commit.signature ?? "signed by GitHub",
  state: () => "VALID",
  wasSignedByGitHub: ({ commit }: { commit: GitCommit }) => byGitHub(commit),
  signer({ commit }: { commit: GitCommit }, _: Args, context: Context) {
    const account = context.world.accountByEmail(commit.committer.email);
    return account === undefined || account.type !== "User" ? null : actorNode(account);
  },
};

/** Commits, files, branches and tags. */
export const commitResolvers: Resolvers = {
  Commit: {
    ...OBJECT,
    id: ({ repository, sha }: CommitNode) => commitNodeId(repository, sha),
    url: OBJECT.commitUrl,
    resourcePath: OBJECT.commitResourcePath,
    message: (source: CommitNode, _: Args, context: Context) => commitOf(source, context).message,
    messageHeadline: (source: CommitNode, _: Args, context: Context) =>
      commitOf(source, context).message.split("\n")[0] ?? "",
    messageBody: (source: CommitNode, _: Args, context: Context) =>
      commitOf(source, context).message.split("\n").slice(1).join("\n").trim(),
    authoredDate: (source: CommitNode, _: Args, context: Context) => iso(commitOf(source, context).author.at),
    committedDate: (source: CommitNode, _: Args, context: Context) =>
      iso(commitOf(source, context).committer.at),
    author: (source: CommitNode, _: Args, context: Context) => commitOf(source, context).author,
    committer: (source: CommitNode, _: Args, context: Context) => commitOf(source, context).committer,
    authors: (source: CommitNode, args: Args, context: Context) =>
      connection(
        args,
        authorsOf(commitOf(source, context)),
        (one) => one.email.toLowerCase(),
        (one) => one,
      ),
    authoredByCommitter(source: CommitNode, _: Args, context: Context) {
      const { author, committer } = commitOf(source, context);
      return author.email === committer.email;
    },
    committedViaWeb: (source: CommitNode, _: Args, context: Context) => byGitHub(commitOf(source, context)),
    tree(source: CommitNode, _: Args, context: Context) {
      const { repository } = source;
      return { __typename: "Tree", repository, sha: commitOf(source, context).tree };
    },
    parents: (source: CommitNode, args: Args, context: Context) =>
      connection(
        args,
        commitOf(source, context).parents,
        (sha) => sha,
        (sha) => commitNode(context.world, source.repository, sha),
      ),
    additions: (source: CommitNode, _: Args, context: Context) =>
      changes(source, context).reduce((sum, file) => sum + file.additions, 0),
    deletions: (source: CommitNode, _: Args, context: Context) =>
      changes(source, context).reduce((sum, file) => sum + file.deletions, 0),
    changedFilesIfAvailable: (source: CommitNode, _: Args, context: Context) =>
      changes(source, context).length,
    signature(source: CommitNode, _: Args, context: Context) {
      const commit = commitOf(source, context);
      if (commit.signature === null && !byGitHub(commit)) return null;
      return { __typename: signatureKind(commit.signature), commit };
    },
    history(source: CommitNode, args: Args, context: Context) {
      const git = context.world.git(source.repository);
      const [since, until, path] = [textArg(args, "since"), textArg(args, "until"), textArg(args, "path")];
      const isFiltered = since !== undefined || until !== undefined || path !== undefined;
      const isWanted = (sha: string): boolean => {
        const { at } = git.commitOf(sha).committer;
        if (since !== undefined && at < Date.parse(since)) return false;
        if (until !== undefined && at > Date.parse(until)) return false;
        if (path === undefined) return true;
        const one: CommitNode = { __typename: "Commit", repository: source.repository, sha };
        return changes(one, context).some((file) => file.path === path || file.path.startsWith(`${path}/`));
      };
      return historyPage(git, source.sha, args, isFiltered ? isWanted : null, (sha) =>
        commitNode(context.world, source.repository, sha),
      );
    },
    associatedPullRequests(source: CommitNode, args: Args, context: Context) {
      need(context, "pull_requests:read");
      return connection(
        args,
        associatedPulls(context.world, source.repository, source.sha),
        (pull) => pull.id,
        (pull) => pullNode(source.repository, pull),
      );
    },
    statusCheckRollup: (source: CommitNode, _: Args, context: Context) =>
      rollupNode(context, source.repository, source.sha),
    checkSuites(source: CommitNode, args: Args, context: Context) {
      need(context, "checks:read");
      const filter = objectArg(args, "filterBy");
      const [appId, name] = [numberArg(filter, "appId"), textArg(filter, "checkName")];
      const suites = source.repository.checkSuites
        .filter((one) => one.headSha === source.sha)
        .filter((one) => appId === undefined || one.appId === appId)
        .filter(
          (one) =>
            name === undefined ||
            source.repository.checkRuns.some((run) => run.suiteId === one.id && run.name === name),
        );
      return connection(
        args,
        suites,
        (suite) => suite.id,
        (suite) => ({ __typename: "CheckSuite" as const, repository: source.repository, suite }),
      );
    },
    deployments: (source: CommitNode, args: Args, context: Context) =>
      deploymentsOf(
        context,
        source.repository,
        args,
        source.repository.deployments.filter((one) => one.sha === source.sha),
      ),
    file(source: CommitNode, args: Args, context: Context) {
      const path = textArg(args, "path") ?? "";
      const file = context.world.git(source.repository).file(source.sha, path);
      if (file === undefined) return null;
      return { repository: source.repository, name: path.split("/").at(-1) ?? "", path, ...file };
    },
  },
  GitActor: {
    name: (source: ActorSource) => source.name,
    email: (source: ActorSource) => source.email,
    date: (source: ActorSource) => iso(source.at),
    user(source: ActorSource, _: Args, context: Context) {
      const account = context.world.accountByEmail(source.email);
      // Bots are no users: GitHub leaves the field empty, and so it does for what it commits itself.
      return account?.type !== "User" || account.id === WEB_FLOW.id ? null : actorNode(account);
    },
  },
  GpgSignature: {
    ...SIGNATURE,
    keyId: ({ commit }: SignatureNode) => keyOf(commit).slice(0, 16).toUpperCase(),
  },
  SmimeSignature: SIGNATURE,
  SshSignature: {
    ...SIGNATURE,
    keyFingerprint: ({ commit }: SignatureNode) =>
      Buffer.from(keyOf(commit), "hex").toString("base64").replace(/=+$/u, ""),
  },
  Tree: {
    ...OBJECT,
    id: ({ repository, sha }: TreeNode) => madeNodeId("T", repository, sha),
    entries: ({ repository, sha }: TreeNode, _: Args, context: Context) =>
      context.world
        .git(repository)
        .entries(sha)
        .map((entry) => ({ repository, path: entry.name, ...entry })),
  },
  TreeEntry: {
    name: (source: TreeEntrySource) => source.name,
    path: (source: TreeEntrySource) => source.path,
    mode: (source: TreeEntrySource) => Number.parseInt(source.mode, 8),
    oid: (source: TreeEntrySource) => source.sha,
    type: (source: TreeEntrySource) =>
      source.mode === "160000" ? "commit" : source.mode.endsWith("40000") ? "tree" : "blob",
    size: (source: TreeEntrySource, _: Args, context: Context) =>
      context.world.git(source.repository).blob(source.sha)?.length ?? 0,
    object: (source: TreeEntrySource, _: Args, context: Context) => entryNode(context, source),
  },
  Blob: {
    ...OBJECT,
    id: ({ repository, sha }: BlobNode) => madeNodeId("B", repository, sha),
    byteSize: (source: BlobNode, _: Args, context: Context) => bytes(source, context).length,
    isBinary: (source: BlobNode, _: Args, context: Context) => isBinary(bytes(source, context)),
    isTruncated: (source: BlobNode, _: Args, context: Context) =>
      bytes(source, context).length > LONGEST_TEXT,
    text(source: BlobNode, _: Args, context: Context) {
      const content = bytes(source, context);
      return isBinary(content) ? null : content.subarray(0, LONGEST_TEXT).toString("utf8");
    },
  },
  Ref: {
    id: ({ repository, fullName }: RefNode) => madeNodeId("REF", repository, fullName),
    name: ({ fullName, prefix }: RefNode) => fullName.slice(prefix.length),
    prefix: ({ prefix }: RefNode) => prefix,
    repository: ({ repository }: RefNode) => ({ __typename: "Repository", repository }),
    target({ repository, sha }: RefNode, _: Args, context: Context) {
      const peeled = context.world.git(repository).resolve(sha) ?? sha;
      return commitNode(context.world, repository, peeled);
    },
    associatedPullRequests(source: RefNode, args: Args, context: Context) {
      need(context, "pull_requests:read");
      const states = listArg(args, "states");
      const branch = source.fullName.replace(/^refs\/heads\//, "");
      const pulls = [...source.repository.pulls.values()]
        .filter((pull) => pull.head.ref === branch && pull.head.repositoryId === source.repository.id)
        .filter((pull) => {
          const state = pull.merged === null ? pull.state.toUpperCase() : "MERGED";
          return states === undefined || states.includes(state);
        });
      return connection(
        args,
        pulls,
        (pull) => pull.id,
        (pull) => pullNode(source.repository, pull),
      );
    },
    compare(source: RefNode, args: Args, context: Context) {
      const git = context.world.git(source.repository);
      const [base, head] = [git.resolve(source.sha), git.resolve(textArg(args, "headRef") ?? "")];
      return base === null || head === null ? null : { repository: source.repository, base, head };
    },
  },
  Comparison: {
    id: ({ repository, base, head }: ComparisonSource) => madeNodeId("CMP", repository, `${base}...${head}`),
    aheadBy: ({ repository, base, head }: ComparisonSource, _: Args, context: Context) =>
      context.world.git(repository).commitsBetween(base, head).length,
    behindBy: ({ repository, base, head }: ComparisonSource, _: Args, context: Context) =>
      context.world.git(repository).commitsBetween(head, base).length,
    status({ repository, base, head }: ComparisonSource, _: Args, context: Context) {
      const git = context.world.git(repository);
      if (base === head) return "IDENTICAL";
      if (git.isAncestor(base, head)) return "AHEAD";
      return git.isAncestor(head, base) ? "BEHIND" : "DIVERGED";
    },
    baseTarget: ({ repository, base }: ComparisonSource, _: Args, context: Context) =>
      commitNode(context.world, repository, base),
    headTarget: ({ repository, head }: ComparisonSource, _: Args, context: Context) =>
      commitNode(context.world, repository, head),
    commits: ({ repository, base, head }: ComparisonSource, args: Args, context: Context) =>
      connection(
        args,
        context.world.git(repository).commitsBetween(base, head),
        (sha) => sha,
        (sha) => commitNode(context.world, repository, sha),
      ),
  },
  ComparisonCommitConnection: CONNECTION,
  CommitHistoryConnection: CONNECTION,
  CommitConnection: CONNECTION,
  CommitEdge: EDGE,
  GitActorConnection: CONNECTION,
  GitActorEdge: EDGE,
  RefConnection: CONNECTION,
  RefEdge: EDGE,
};

/** GitHub cuts the text of longer files. */
const LONGEST_TEXT = 512_000;

function bytes({ repository, sha }: BlobNode, context: Context): Buffer {
  return context.world.git(repository).blob(sha) ?? Buffer.alloc(0);
}

function isBinary(content: Buffer): boolean {
  return content.subarray(0, 8000).includes(0);
}

/** A repository's refs below a prefix, for `refs`. */
export function refsOf(context: Context, repository: Repository, args: Args): unknown {
  const prefix = textArg(args, "refPrefix") ?? "refs/heads/";
  const folder = prefix.endsWith("/") ? prefix : `${prefix}/`;
  const query = textArg(args, "query")?.toLowerCase();
  const refs = context.world
    .git(repository)
    .refs(folder)
    .filter((ref) => query === undefined || ref.name.slice(folder.length).toLowerCase().includes(query));
  if (args["direction"] === "DESC" || objectArg(args, "orderBy")["direction"] === "DESC") refs.reverse();
  return connection(
    args,
    refs,
    (ref) => ref.name,
    // Below a longer prefix GitHub shows names without it.
    (ref) => ({ ...refNode(context.world, repository, ref.name), prefix: folder }),
  );
}
