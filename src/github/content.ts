/** Proofs that two commits hold the same contribution, and that what landed is what was reviewed. */

import type {
  PullRequest,
  RefUpdate,
  Repository,
  SameContent,
  Sha,
  ShippedContent,
} from "../domain/change.ts";
import { TreesAnswer } from "./answers.ts";
import { query, type GitHub } from "./ask.ts";
import { compareFiles, type ComparedFile } from "./compare.ts";
import type { Lookups } from "./lookups.ts";
import { TREES_QUERY } from "./queries.ts";
import { compareTrees } from "./trees.ts";

/**
 * Whether `to` holds the same contribution against `base` as `from`: the same tree, or the same patch file by file (paths,
 * kinds, and blobs or the very same hunks at the very same lines). `unknown` where GitHub would not show enough.
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
  if (a.tree === b.tree) return said("tree");
  const [before, after] = await bothCompared(github, repository, base, [from, to], lookups);
  if (before === null || after === null) return said("unknown");
  const difference = differing(before.files, after.files, (patch) => patch);
  if (difference.differ.length > 0) return said("different");
  if (before.truncated || after.truncated || difference.untold.length > 0) return said("unknown");
  return said("patch");
}

/**
 * Whether what an update brought is what the pull request showed: the same tree, the same patch on a moved base, or the files
 * that differ. Line numbers may have moved, for GitHub itself made the merge.
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
  return differ.length === 0 ? said("replay") : said("residual", differ);
}

type Compared = Awaited<ReturnType<typeof compareFiles>>;

/** What two commits change against a base; where GitHub lists too few files of either, both are told from their trees. */
async function bothCompared(
  github: GitHub,
  repository: Repository,
  base: string,
  [one, other]: readonly [Sha, Sha],
  lookups: Lookups,
): Promise<readonly [Compared, Compared]> {
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
    } else if (a.patch === null || b.patch === null) {
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
