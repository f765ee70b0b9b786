/** Acts out the main branch of a real repository on the double. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { z } from "zod";

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { untilIdle } from "../../src/cli/scenario/clock.ts";
import type { Harness } from "../../src/cli/scenario/harness/harness.ts";
import type { Instant } from "../../src/domain/time/instant.ts";

const person = z.string().regex(/^\S+$/u, "a person is a name without spaces");

/** One line of a history file: docs/scenarios.md, "Real histories". */
export const HistoryCommitSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/u),
  parents: z.array(z.string()),
  authored: z.int(),
  committed: z.int(),
  author: person,
  committer: person,
  co_authors: z.array(person).default([]),
  reviewers: z.array(person).default([]),
  files: z.int().min(0),
  first_parent: z.boolean().default(false),
  pull: z.int().optional(),
  kind: z.enum(["merge", "squash", "trailer", "push", "merge-push", "revert"]).optional(),
});

/** One commit of a history. */
export type HistoryCommit = z.infer<typeof HistoryCommitSchema>;

/** What an update of the main branch was acted out as. */
export interface ActedUpdate {
  readonly sha: string;
  readonly kind: NonNullable<HistoryCommit["kind"]>;
  /** The double's commit the branch names afterwards. */
  readonly after: string;
  /** The pull request's number on the double, or null for a direct push. */
  readonly pull: number | null;
  /** Whether somebody else had approved each commit of the pull request that the merge button merged. */
  readonly approved: boolean;
}

/** Reads a history file. Throws, naming the line, when one is not as documented. */
export function readHistory(text: string): readonly HistoryCommit[] {
  return text
    .split("\n")
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, number }) => {
      const parsed = HistoryCommitSchema.safeParse(JSON.parse(line));
      if (parsed.success) return parsed.data;
      throw new Error(`line ${number}: ${z.prettifyError(parsed.error)}`);
    });
}

/** The scenario whose story a history is: everyone in it may write, and nothing is held back. */
export function historyScenario(commits: readonly HistoryCommit[]): Scenario {
  const people = new Set(
    commits.flatMap((commit) => [commit.author, commit.committer, ...commit.co_authors, ...commit.reviewers]),
  );
  return {
    name: "a real history",
    source: "history",
    bypass: null,
    policy: null,
    repositories: {},
    people: Object.fromEntries([...people].map((name) => [name, { permission: "write" as const }])),
    start: startOf(commits),
    polling: false,
    story: [],
    expect: [],
  };
}

/** When the story of a history begins. */
export function startOf(commits: readonly HistoryCommit[]): Instant {
  return ((commits.find((commit) => commit.first_parent)?.committed ?? 0) - 60) * 1000;
}

/** Three months, in milliseconds: how often a history is proven complete while it is acted out. */
const QUARTER = 90 * 86_400_000;

/** How a history is acted out. */
export interface ActingOptions {
  /** Loses every nth webhook. */
  readonly dropEvery?: number;
  /** What was landed by hand is merged on a laptop and pushed, instead of by the button. */
  readonly byHand?: boolean;
  readonly progress?: (done: number, of: number) => void;
}

/** What was done, and up to when it was proven complete on the way. */
export interface Acted {
  readonly updates: readonly ActedUpdate[];
  readonly proven: Instant;
}

/** Acts out every first-parent commit, oldest first, at the time it was committed; answers what was done. */
export async function actOut(
  commits: readonly HistoryCommit[],
  harness: Harness,
  options: ActingOptions = {},
): Promise<Acted> {
  const bySha = new Map(commits.map((commit) => [commit.sha, commit]));
  const main = commits.filter((commit) => commit.first_parent);
  const acted: ActedUpdate[] = [];
  let pulls = 0;
  let now = 0;
  // GitHub lists a year of updates: what is to be proven complete must be proven while it is remembered.
  let proven = startOf(commits);
  if (options.dropEvery !== undefined) await harness.double.dropEvery(options.dropEvery);
  for (const [index, commit] of main.entries()) {
    // Committers' clocks disagree; time on GitHub does not go back.
    now = Math.max(now, commit.committed * 1000);
    await harness.double.setClock(now);
    await harness.app.advance(now);
    if (now - proven >= QUARTER) {
      await harness.app.reconcile("acme", proven, now);
      proven = now;
    }
    const isPull = isPullRequest(commit);
    if (isPull) pulls += 1;
    const side = sideCommits(commit, bySha);
    const byHand = options.byHand === true && commit.kind === "trailer";
    const after = isPull
      ? await landPull(commit, side, { pull: pulls, byHand }, harness)
      : await pushDirectly(commit, index, harness);
    acted.push({
      sha: commit.sha,
      kind: commit.kind ?? "push",
      after,
      pull: isPull ? pulls : null,
      approved: isPull && !byHand && isApproved(commit, side),
    });
    await untilIdle(harness);
    options.progress?.(index + 1, main.length);
  }
  return { updates: acted, proven };
}

/** Whether each commit of a pull request has a reviewer who did not push it, its opener left out. */
function isApproved(commit: HistoryCommit, side: readonly HistoryCommit[]): boolean {
  const commits = side.length === 0 ? [commit] : side;
  const reviewers = commit.reviewers.filter((name) => name !== commits[0]?.author);
  return commits.every(({ author }) => reviewers.some((reviewer) => reviewer !== author));
}

/** Whether a first-parent commit came by a pull request, as far as its kind and what it names tell. */
function isPullRequest(commit: HistoryCommit): boolean {
  if (commit.kind === "revert") return commit.pull !== undefined;
  return commit.kind === "merge" || commit.kind === "squash" || commit.kind === "trailer";
}

/** The commits a merge brought from its side branch, oldest first. */
function sideCommits(
  commit: HistoryCommit,
  bySha: ReadonlyMap<string, HistoryCommit>,
): readonly HistoryCommit[] {
  const found: HistoryCommit[] = [];
  const seen = new Set<string>();
  const open = commit.parents.slice(1);
  for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
    const side = bySha.get(sha);
    if (side === undefined || side.first_parent || seen.has(sha)) continue;
    seen.add(sha);
    found.push(side);
    open.push(...side.parents);
  }
  return found.toReversed();
}

async function landPull(
  commit: HistoryCommit,
  side: readonly HistoryCommit[],
  { pull, byHand }: { readonly pull: number; readonly byHand: boolean },
  harness: Harness,
): Promise<string> {
  const branch = `side-${pull}`;
  const [first = commit, ...more] = side.length === 0 ? [commit] : side;
  await act(harness, {
    do: "open-pull-request",
    by: first.author,
    pull,
    branch,
    title: `Change ${commit.sha.slice(0, 7)}`,
    files: contentOf(first),
    "co-authors": first.co_authors.filter((name) => name !== first.author),
  });
  for (const one of more) {
    await act(harness, { do: "push", by: one.author, branch, files: contentOf(one) });
  }
  for (const reviewer of new Set(commit.reviewers)) {
    if (reviewer !== first.author)
      await act(harness, { do: "review", by: reviewer, pull, state: "approved" });
  }
  if (byHand) {
    return act(harness, { do: "merge-locally-and-push", by: commit.committer, pulls: [pull], bypass: true });
  }
  const method = commit.kind === "merge" ? "merge" : commit.kind === "trailer" ? "rebase" : "squash";
  return act(harness, { do: "merge", by: commit.committer, pull, method, bypass: true });
}

async function pushDirectly(commit: HistoryCommit, index: number, harness: Harness): Promise<string> {
  if (commit.kind !== "merge-push") {
    const step = { do: "push", by: commit.committer, author: commit.author, branch: "main" };
    return act(harness, { ...step, files: contentOf(commit), bypass: true });
  }
  // A merge of something that was no pull request: a branch made and merged where nobody saw it.
  const branch = `local-${index}`;
  await act(harness, {
    do: "create-branch",
    by: commit.committer,
    branch,
    from: "main",
    files: contentOf(commit),
  });
  return act(harness, { do: "push", by: commit.committer, branch: "main", to: branch, bypass: true });
}

/** Made-up content of so many files; a path each of their own, so that nothing conflicts. */
function contentOf(commit: HistoryCommit): Record<string, string> {
  const count = Math.min(Math.max(commit.files, 1), 20);
  const name = commit.sha.slice(0, 12);
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `files/${name.slice(0, 2)}/${name}-${index}.txt`,
      `${name}\n`,
    ]),
  );
}

/** Plays one step and answers the commit the branch names afterwards. Throws when it was refused. */
async function act(harness: Harness, step: Parameters<Harness["double"]["act"]>[0]): Promise<string> {
  const { made, refused, unplayable } = await harness.double.act(step);
  const problem = refused ?? unplayable;
  if (problem !== null) throw new Error(`${step.do} ${JSON.stringify(step)}: ${problem}`);
  return made.after ?? made.sha ?? "";
}

const run = promisify(execFile);

/** The main branch of a git repository as a history. People are pseudonyms, in order of appearance. */
export async function historyOfRepository(folder: string): Promise<readonly HistoryCommit[]> {
  const format = ["%H", "%P", "%at", "%ct", "%ae", "%ce", "%s"].join("%x1f");
  const git = (...args: string[]): Promise<string> =>
    run("git", ["-C", folder, ...args], { maxBuffer: 1 << 28 }).then(({ stdout }) => stdout);
  const firstParents = new Set((await git("rev-list", "--first-parent", "HEAD")).trim().split("\n"));
  const log = await git("log", "--reverse", "--topo-order", "--shortstat", `--format=%x1e${format}`, "HEAD");
  const pseudonyms = new Map<string, string>();
  const pseudonym = (mail: string): string => {
    const known = pseudonyms.get(mail) ?? `p${pseudonyms.size + 1}`;
    pseudonyms.set(mail, known);
    return known;
  };
  return log
    .split("\x1e")
    .filter((part) => part.trim() !== "")
    .map((part): HistoryCommit => {
      const [line = "", ...rest] = part.split("\n");
      const [sha = "", parents = "", authored, committed, author = "", committer = "", subject = ""] =
        line.split("\x1f");
      const names = parents.split(" ").filter((each) => each !== "");
      const pull = /\(#(\d+)\)$|^Merge pull request #(\d+)/u.exec(subject);
      const number = pull === null ? undefined : Number(pull[1] ?? pull[2]);
      const isMain = firstParents.has(sha);
      const kind =
        names.length > 1
          ? number === undefined
            ? "merge-push"
            : "merge"
          : number === undefined
            ? "push"
            : "squash";
      return {
        sha,
        parents: names,
        authored: Number(authored),
        committed: Number(committed),
        author: pseudonym(author),
        committer: pseudonym(committer),
        co_authors: [],
        reviewers: [],
        files: Number(/(\d+) files? changed/u.exec(rest.join(" "))?.[1] ?? 0),
        first_parent: isMain,
        ...(isMain && number !== undefined ? { pull: number } : {}),
        ...(isMain ? { kind } : {}),
      };
    });
}
