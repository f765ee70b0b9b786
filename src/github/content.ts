/** Proofs that two commits hold the same contribution, and that what landed is what was reviewed. */

import type {
  PullRequest,
  RefUpdate,
  Repository,
  SameContent,
  Sha,
  ShippedContent,
} from "../domain/change.ts";
import { ModesAnswer, TreesAnswer } from "./answers.ts";
import { query, type GitHub } from "./ask.ts";
import { compareFiles, type ComparedFile, type ComparedFiles } from "./compare.ts";
import type { Lookups } from "./lookups.ts";
import { modesQuery, TREES_QUERY } from "./queries.ts";
import { compareTrees } from "./trees.ts";

/**
 * Whether `to` holds the same contribution against `base` as `from`: the same tree that takes nothing back of what the base
 * has had since, or the same patch file by file (paths, kinds, modes, and blobs or the very same hunks at the very same lines).
 * `unknown` where GitHub would not show enough.
 */
export async function proveSameContent(
  github: GitHub,
  repository: Repository,
  base: string,
  { from, to }: { readonly from: Sha; readonly to: Sha },
  lookups: Lookups,
): Promise<SameContent> {
  const said = (proof: SameContent["proof"]): SameContent => ({ from, to, proof });
  const [a, b] = await treesOf(github, repository, from, to, lookups);
  if (a === null || b === null) return said("unknown");
  const isSameTree = a.tree === b.tree;
  if (stayOnOneBase({ from, to }, a, b)) return said(isSameTree ? "tree" : "different");
  const [before, after] = await bothCompared(github, repository, base, [from, to], lookups);
  if (before === null || after === null) return said("unknown");
  // Against one and the same commit, other trees are other content, whatever GitHub shows of it.
  if (before.mergeBase === after.mergeBase) return said(isSameTree ? "tree" : "different");
  // Over a newer base the same tree may lack what has landed meanwhile, and nothing else.
  const landed = isSameTree ? new Set(after.files.map(({ path }) => path)) : null;
  const then = before.files.filter(({ path }) => landed === null || landed.has(path));
  const difference = differing(then, after.files, (patch) => patch);
  if (difference.differ.length > 0) return said("different");
  if (before.truncated || after.truncated || difference.untold.length > 0) return said("unknown");
  const spans = [before.mergeBase, from, after.mergeBase, to] as const;
  const areModesSame = await lookups.rememberForever(`modes:${repository.id}:${spans.join(":")}`, () =>
    sameModes(github, repository, after.files, spans),
  );
  if (!areModesSame) return said("different");
  return said(isSameTree ? "tree" : "patch");
}

/** Whether one of two commits stands on the other, or both on the same ones: then any base is as far from the one as from the other. */
function stayOnOneBase({ from, to }: { readonly from: Sha; readonly to: Sha }, a: Tree, b: Tree): boolean {
  const [before, after] = [a.parents.join(), b.parents.join()];
  return before === after || after === from || before === to;
}

/** Paths whose modes are asked for at once. */
const MOST_MODES = 50;

/** Whether each file's mode changed alike from `a` to `b` and from `c` to `d`: GitHub's comparison says nothing of modes. */
async function sameModes(
  github: GitHub,
  repository: Repository,
  files: readonly ComparedFile[],
  [a, b, c, d]: readonly [Sha, Sha, Sha, Sha],
): Promise<boolean> {
  for (let from = 0; from < files.length; from += MOST_MODES) {
    const paths = files.slice(from, from + MOST_MODES).map(({ path }) => path);
    const variables = Object.fromEntries(paths.map((path, index) => [`path${index}`, path]));
    const asked = { owner: repository.owner, name: repository.name, a, b, c, d, ...variables };
    const told = (await query(github, modesQuery(paths.length), asked, ModesAnswer)).repository;
    const isSame = paths.every((_, index) => {
      const mode = (commit: keyof typeof told): number | null => told[commit]?.[`file${index}`]?.mode ?? null;
      return mode("a") === mode("c") && mode("b") === mode("d");
    });
    if (!isSame) return false;
  }
  return true;
}

/**
 * Whether what an update brought is what the pull request showed: the same tree, the same patch on a moved base, or the files
 * that differ. Line numbers may have moved, for GitHub itself made the merge; and in a file that the base had changed meanwhile
 * the lines around, so that there only the lines taken out and put in are compared. What differs then cannot be told.
 */
export async function proveShipped(
  github: GitHub,
  repository: Repository,
  update: RefUpdate,
  pull: PullRequest,
  lookups: Lookups,
): Promise<ShippedContent> {
  const said = (coverage: ShippedContent["coverage"], files: readonly string[] = []): ShippedContent => ({
    pull: pull.number,
    coverage,
    files,
  });
  const head = pull.head.sha;
  // In a queue each pull request ends on its own commit, upon the one before it.
  const landed = update.kind === "queue" ? (pull.merged?.commit ?? update.after) : update.after;
  const [reviewed, shipped] = await treesOf(github, repository, head, landed, lookups);
  if (reviewed === null || shipped === null) return said("unverifiable");
  if (reviewed.tree === shipped.tree) return said("identity");
  const start = update.kind === "queue" ? (shipped.parents[0] ?? update.before) : update.before;
  const [asked, brought] = await bothCompared(github, repository, start, [head, landed], lookups);
  if (asked === null || brought === null) return said("unverifiable");
  const { differ, untold } = differing(asked.files, brought.files, withoutLineNumbers);
  if (asked.truncated || brought.truncated || untold.length > 0) return said("unverifiable", untold);
  if (differ.length === 0) return said("replay");
  // Where the base had changed the same file meanwhile, other lines may stand around the reviewed ones.
  const meanwhile = await compareFiles(github, repository, asked.mergeBase, start, lookups);
  if (meanwhile === null || meanwhile.truncated) return said("unverifiable", differ);
  const moved = new Map(meanwhile.files.map(({ path, blob }) => [path, blob]));
  const alone = differ.filter((path) => !moved.has(path));
  if (alone.length > 0) return said("residual", alone);
  // What the base had come to hold meanwhile, the merge did not bring once more.
  const news = asked.files.filter(({ path, blob }) => blob === null || moved.get(path) !== blob);
  const lines = differing(news, brought.files, changedLines);
  const unlike = [...lines.differ, ...lines.untold];
  return unlike.length === 0 ? said("replay") : said("unverifiable", unlike);
}

/** Whether two spans of commits bring the very same patch, wherever its lines are; false where GitHub shows too little to tell. */
export async function isSamePatch(
  github: GitHub,
  repository: Repository,
  one: { readonly before: Sha; readonly after: Sha },
  other: { readonly before: Sha; readonly after: Sha },
  lookups: Lookups,
): Promise<boolean> {
  const a = await compareFiles(github, repository, one.before, one.after, lookups);
  if (a === null || a.truncated || a.files.length === 0) return false;
  const b = await compareFiles(github, repository, other.before, other.after, lookups);
  if (b === null || b.truncated) return false;
  const { differ, untold } = differing(a.files, b.files, withoutLineNumbers);
  return differ.length === 0 && untold.length === 0;
}

/** What two commits change against a base; where GitHub lists too few files of either, both are told from their trees. */
async function bothCompared(
  github: GitHub,
  repository: Repository,
  base: string,
  [one, other]: readonly [Sha, Sha],
  lookups: Lookups,
): Promise<readonly [ComparedFiles | null, ComparedFiles | null]> {
  const first = await compareFiles(github, repository, base, one, lookups);
  const second = await compareFiles(github, repository, base, other, lookups);
  if (first?.truncated !== true && second?.truncated !== true) return [first, second];
  return [
    await compareTrees(github, repository, base, one, lookups),
    await compareTrees(github, repository, base, other, lookups),
  ];
}

interface Tree {
  readonly tree: Sha;
  readonly parents: readonly Sha[];
}

async function treesOf(
  github: GitHub,
  repository: Repository,
  from: Sha,
  to: Sha,
  lookups: Lookups,
): Promise<readonly [Tree | null, Tree | null]> {
  const read = async (): Promise<readonly [Tree | null, Tree | null]> => {
    const variables = { owner: repository.owner, name: repository.name, from, to };
    const answer = await query(github, TREES_QUERY, variables, TreesAnswer);
    const plain = (commit: typeof answer.repository.from): Tree | null =>
      commit == null ? null : { tree: commit.tree.oid, parents: commit.parents.map(({ oid }) => oid) };
    return [plain(answer.repository.from), plain(answer.repository.to)];
  };
  return lookups.rememberForever(
    `trees:${repository.id}:${from}:${to}`,
    read,
    ([a, b]) => a !== null && b !== null,
  );
}

/** What stands for bytes that are no text: other bytes would look the same. */
const UNREADABLE = "\uFFFD";

/** The files that differ for certain, and those GitHub shows too little of to tell. */
function differing(
  before: readonly ComparedFile[],
  after: readonly ComparedFile[],
  normal: (patch: string) => string,
): { readonly differ: readonly string[]; readonly untold: readonly string[] } {
  const then = new Map(before.map((file) => [file.path, file]));
  const now = new Map(after.map((file) => [file.path, file]));
  const differ: string[] = [];
  const untold: string[] = [];
  for (const path of [...new Set([...then.keys(), ...now.keys()])].sort()) {
    const [a, b] = [then.get(path), now.get(path)];
    if (a === undefined || b === undefined || a.status !== b.status || a.oldPath !== b.oldPath) {
      differ.push(path);
    } else if (a.blob !== null && a.blob === b.blob) {
      continue;
    } else if (a.patch === null || b.patch === null || a.patch.includes(UNREADABLE)) {
      untold.push(path);
    } else if (normal(a.patch) !== normal(b.patch)) {
      differ.push(path);
    }
  }
  return { differ, untold };
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
