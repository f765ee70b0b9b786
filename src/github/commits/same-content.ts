/** Proofs that two commits hold the same contribution, and that what landed is what was reviewed. */

import type { CachedClient, RepositoryClient } from "../api/repository-client.ts";
import type { RefUpdate, ShippedContent } from "../../domain/change/change.ts";
import {
  mayBeSame,
  sameDifference,
  comparedByLines,
  type Compared,
  type Content,
} from "../../domain/change/difference.ts";
import { ContentsAnswer, TreesAnswer } from "../queries/answers.ts";
import { query, type GitHub } from "../api/requests.ts";
import { compareFiles, type ComparedFile, type ComparedFiles } from "./compare.ts";
import type { Lookups } from "../api/lookups.ts";
import { contentsQuery, treesQuery } from "../queries/queries.ts";
import { compareTrees, filesAt } from "./trees.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Repository } from "../../domain/change/repository.ts";
import type { SameContent } from "../../domain/change/commit.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";

/** Lists commits to compare with `from`, in turn, until one changes the base otherwise. */
export interface Compares {
  readonly from: Sha;
  readonly to: readonly Sha[];
}

/**
 * Proves of each whether it changes the base just as `from` does. That is the same tree where neither moved to another base, else
 * the same effective difference ({@link sameDifference}). `unknown` where GitHub would not show enough. The trees of all first
 * ones are read in one request, and of all others in a second one. Throws {@link ExternalError}.
 */
export async function proveSameContent(
  client: CachedClient,
  base: string,
  asked: readonly Compares[],
): Promise<readonly SameContent[]> {
  const asking = { github: client.github, repository: client.repository, lookups: client.lookups };
  const proofs = new Map<string, SameContent>();
  const proveAll = async ({ from, to }: Compares, trees: Trees): Promise<boolean> => {
    for (const each of to) {
      const key = `${from}...${each}`;
      const proof = proofs.get(key) ?? (await proveOne(asking, base, { from, to: each }, trees));
      proofs.set(key, proof);
      if (proof.proof === "different") return false;
    }
    return true;
  };
  const firsts = await treesOf(
    asking,
    asked.flatMap(({ from, to }) => [from, ...to.slice(0, 1)]),
  );
  const rest: Compares[] = [];
  for (const { from, to } of asked)
    if (await proveAll({ from, to: to.slice(0, 1) }, firsts)) rest.push({ from, to: to.slice(1) });
  const others = await treesOf(
    asking,
    rest.flatMap(({ from, to }) => (to.length === 0 ? [] : [from, ...to])),
  );
  for (const each of rest) await proveAll(each, others);
  return [...proofs.values()];
}

async function proveOne(
  asking: Asking,
  base: string,
  { from, to }: { readonly from: Sha; readonly to: Sha },
  trees: Trees,
): Promise<SameContent> {
  const { github, repository, lookups } = asking;
  const said = (proof: SameContent["proof"]): SameContent => ({ from, to, proof });
  const [a, b] = [trees.get(from), trees.get(to)];
  if (a === undefined || b === undefined) return said("unknown");
  const isSameTree = a.tree === b.tree;
  if (stayOnOneBase({ from, to }, a, b)) return said(isSameTree ? "tree" : "different");
  const [before, after] = await bothCompared({ github, repository, lookups }, base, [from, to]);
  if (before === null || after === null) return said("unknown");
  // Against one and the same commit, other trees are other content, whatever GitHub shows of it.
  if (before.mergeBase === after.mergeBase) return said(isSameTree ? "tree" : "different");
  if (before.truncated || after.truncated) return said("unknown");
  if (!mayBeSame(before.files, after.files)) return said("different");
  const spans = { baseBefore: before.mergeBase, headBefore: from, baseAfter: after.mergeBase, headAfter: to };
  const answer = await lookups.rememberForever(
    `same-difference:${repository.id}:${Object.values(spans).join(":")}`,
    () => compareDifferences(asking, [before, after], spans),
  );
  return said(answer === "same" ? (isSameTree ? "tree" : "patch") : answer);
}

/**
 * Returns whether one of two commits descends from the other, or both from the same ones: then any base is as far from the one
 * as from the other.
 */
function stayOnOneBase({ from, to }: { readonly from: Sha; readonly to: Sha }, a: Tree, b: Tree): boolean {
  const [before, after] = [a.parents.join(), b.parents.join()];
  return before === after || after === from || before === to;
}

/** Where two heads left their bases, and the heads. */
type Spans = Readonly<Record<keyof ReturnType<Compared["contents"]>, Sha>>;

interface Asking {
  readonly github: GitHub;
  readonly repository: Repository;
  readonly lookups: Lookups;
}

async function compareDifferences(
  { github, repository, lookups }: Asking,
  [before, after]: readonly [ComparedFiles, ComparedFiles],
  spans: Spans,
): Promise<ReturnType<typeof sameDifference>> {
  const { files } = before;
  const paths = [
    ...new Set(files.flatMap(({ path, oldPath }) => (oldPath === null ? path : [path, oldPath]))),
  ];
  const contents = await contentsAt({ github, repository }, paths, spans);
  if (contents === null) return "unknown";
  const asked = { before: files, after: after.files, contents };
  const base =
    comparedByLines(asked).length === 0
      ? null
      : await compareFiles({ github, repository, lookups }, spans.baseBefore, spans.baseAfter);
  // After the base was rewritten, GitHub compares with what both have in common.
  const isForward = base?.mergeBase === spans.baseBefore;
  const meanwhile = (path: string): string | null => {
    const file = isForward ? base.files.find((each) => each.path === path) : undefined;
    return file?.status === "modified" ? file.patch : null;
  };
  return sameDifference({ ...asked, meanwhile });
}

/** Bounds the paths that are requested at once, and in all before whole trees are fewer requests. */
const MOST_PATHS = { atOnce: 50, inAll: 300 } as const;

/**
 * Reads the contents at some paths of four commits: GitHub's comparisons show no modes, and nothing of the base. Null: it
 * would not show them.
 */
export async function contentsAt(
  client: RepositoryClient,
  paths: readonly string[],
  spans: Spans,
): Promise<Compared["contents"] | null> {
  const commits = [spans.baseBefore, spans.headBefore, spans.baseAfter, spans.headAfter];
  const found: ReadonlyMap<string, Content>[] = [];
  if (paths.length > MOST_PATHS.inAll) {
    for (const commit of commits) {
      const tree = await filesAt(client, commit);
      if (tree === null || tree.truncated) return null;
      found.push(tree.files);
    }
  } else {
    const read = commits.map(() => new Map<string, Content>());
    for (let from = 0; from < paths.length; from += MOST_PATHS.atOnce) {
      const part = paths.slice(from, from + MOST_PATHS.atOnce);
      const named = Object.fromEntries(part.map((path, index) => [`path${index}`, path]));
      const [a, b, c, d] = commits;
      const asked = { owner: client.repository.owner, name: client.repository.name, a, b, c, d, ...named };
      const answer = (await query(client.github, contentsQuery(part.length), asked, ContentsAnswer))
        .repository;
      for (const [index, at] of [answer.a, answer.b, answer.c, answer.d].entries()) {
        if (at == null) return null;
        for (const [place, path] of part.entries()) {
          const entry = at[`file${place}`];
          if (entry != null) read[index]?.set(path, { blob: entry.oid, mode: entry.mode });
        }
      }
    }
    found.push(...read);
  }
  return (path) => {
    const [baseBefore = null, headBefore = null, baseAfter = null, headAfter = null] = found.map(
      (at) => at.get(path) ?? null,
    );
    return { baseBefore, headBefore, baseAfter, headAfter };
  };
}

/**
 * Proves how far an update introduced what the pull request showed. `identity`: the same tree. `replay`: the same
 * patch, where line numbers may have moved, for GitHub itself made the merge; of a file that the base had changed
 * meanwhile only the lines taken out and put in are compared. `residual`: `files` differ. `unverifiable`: it cannot be
 * known, of `files` where they are named.
 */
export async function proveShipped(
  client: CachedClient,
  update: RefUpdate,
  pull: PullRequest,
): Promise<ShippedContent> {
  const said = (coverage: ShippedContent["coverage"], files: readonly string[] = []): ShippedContent => ({
    pull: pull.number,
    coverage,
    files,
  });
  const head = pull.head.sha;
  // In a queue each pull request ends on its own commit, upon the one before it.
  const landed = update.kind === "queue" ? (pull.merged?.commit ?? update.after) : update.after;
  const trees = await treesOf(
    { github: client.github, repository: client.repository, lookups: client.lookups },
    [head, landed],
  );
  const [reviewed, shipped] = [trees.get(head), trees.get(landed)];
  if (reviewed === undefined || shipped === undefined) return said("unverifiable");
  if (reviewed.tree === shipped.tree) return said("identity");
  const start = update.kind === "queue" ? (shipped.parents[0] ?? update.before) : update.before;
  const [reviewedFiles, landedFiles] = await bothCompared(client, start, [head, landed]);
  if (reviewedFiles === null || landedFiles === null) return said("unverifiable");
  const { differ, undecided } = differing(reviewedFiles.files, landedFiles.files, withoutLineNumbers);
  if (reviewedFiles.truncated || landedFiles.truncated || undecided.length > 0)
    return said("unverifiable", undecided);
  if (differ.length === 0) return said("replay");
  // Where the base had changed the same file meanwhile, other lines may surround the reviewed ones.
  const meanwhile = await compareFiles(client, reviewedFiles.mergeBase, start);
  if (meanwhile === null || meanwhile.truncated) return said("unverifiable", differ);
  const moved = new Map(meanwhile.files.map(({ path, blob }) => [path, blob]));
  const alone = differ.filter((path) => !moved.has(path));
  if (alone.length > 0) return said("residual", alone);
  // What the base had come to hold meanwhile, the merge did not introduce once more.
  const news = reviewedFiles.files.filter(({ path, blob }) => blob === null || moved.get(path) !== blob);
  const lines = differing(news, landedFiles.files, changedLines);
  const unlike = [...lines.differ, ...lines.undecided];
  return unlike.length === 0 ? said("replay") : said("unverifiable", unlike);
}

/**
 * Returns whether two spans of commits introduce the very same patch, wherever its lines are. False where GitHub shows too
 * little to decide.
 */
export async function isSamePatch(
  client: CachedClient,
  one: { readonly before: Sha; readonly after: Sha },
  other: { readonly before: Sha; readonly after: Sha },
): Promise<boolean> {
  const a = await compareFiles(client, one.before, one.after);
  if (a === null || a.truncated || a.files.length === 0) return false;
  const b = await compareFiles(client, other.before, other.after);
  if (b === null || b.truncated) return false;
  const { differ, undecided } = differing(a.files, b.files, withoutLineNumbers);
  return differ.length === 0 && undecided.length === 0;
}

/** Compares two commits with a base; where GitHub lists too few files of either, both are read from their trees. */
async function bothCompared(
  client: CachedClient,
  base: string,
  [one, other]: readonly [Sha, Sha],
): Promise<readonly [ComparedFiles | null, ComparedFiles | null]> {
  const first = await compareFiles(client, base, one);
  const second = await compareFiles(client, base, other);
  if (first?.truncated !== true && second?.truncated !== true) return [first, second];
  return [await compareTrees(client, base, one), await compareTrees(client, base, other)];
}

interface Tree {
  readonly tree: Sha;
  readonly parents: readonly Sha[];
}

type Trees = ReadonlyMap<Sha, Tree>;

/** Bounds the trees that are requested at once. */
const TREES_AT_ONCE = 50;

/** Reads the trees of commits; one that GitHub does not know, or not with all its parents, is none of them. */
async function treesOf({ github, repository, lookups }: Asking, shas: readonly Sha[]): Promise<Trees> {
  const found = new Map<Sha, Tree>();
  const missing: Sha[] = [];
  const key = (sha: Sha): string => `tree:${repository.id}:${sha}`;
  for (const sha of new Set(shas)) {
    const known = await lookups.known<Tree>(key(sha));
    if (known === undefined) missing.push(sha);
    else found.set(sha, known);
  }
  for (let next = 0; next < missing.length; next += TREES_AT_ONCE) {
    const part = missing.slice(next, next + TREES_AT_ONCE);
    const named = Object.fromEntries(part.map((sha, index) => [`sha${index}`, sha]));
    const variables = { owner: repository.owner, name: repository.name, ...named };
    const answer = (await query(github, treesQuery(part.length), variables, TreesAnswer)).repository;
    for (const [index, sha] of part.entries()) {
      const commit = answer[`commit${index}`];
      if (commit?.parents.isWhole !== true) continue;
      const tree = { tree: commit.tree.oid, parents: commit.parents.entries.map(({ oid }) => oid) };
      found.set(sha, await lookups.rememberForever(key(sha), () => Promise.resolve(tree)));
    }
  }
  return found;
}

/** Replaces bytes that are no text: other bytes would look the same. */
const UNREADABLE = "\uFFFD";

/** Returns the files that differ for certain, and those GitHub shows too little of to decide. */
function differing(
  before: readonly ComparedFile[],
  after: readonly ComparedFile[],
  normal: (patch: string) => string,
): { readonly differ: readonly string[]; readonly undecided: readonly string[] } {
  const then = new Map(before.map((file) => [file.path, file]));
  const now = new Map(after.map((file) => [file.path, file]));
  const differ: string[] = [];
  const undecided: string[] = [];
  for (const path of [...new Set([...then.keys(), ...now.keys()])].sort()) {
    const [a, b] = [then.get(path), now.get(path)];
    if (a === undefined || b === undefined || a.status !== b.status || a.oldPath !== b.oldPath) {
      differ.push(path);
    } else if (a.blob !== null && a.blob === b.blob) {
      continue;
    } else if (a.patch === null || b.patch === null || a.patch.includes(UNREADABLE)) {
      undecided.push(path);
    } else if (normal(a.patch) !== normal(b.patch)) {
      differ.push(path);
    }
  }
  return { differ, undecided };
}

function withoutLineNumbers(patch: string): string {
  return patch.replaceAll(/^@@ -\d+(,\d+)? \+\d+(,\d+)? @@.*$/gmu, "@@ $1 $2 @@");
}

/** The lines a patch takes out and puts in, one after the other. */
function changedLines(patch: string): string {
  return patch
    .split("\n")
    .filter((line) => /^[-+]/u.test(line))
    .join("\n");
}
