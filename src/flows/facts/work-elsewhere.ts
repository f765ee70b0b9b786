/** Work that came to a pull request from elsewhere: what an approver pushed on other branches, and what was merged into its branch. */

import type { Repo } from "../context/repo.ts";
import { type Commit, type Elsewhere, type MergedInto, type Push } from "../../domain/change/commit.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import {
  arrivedAt,
  introducedCommits,
  wasPushedFirst,
  commitsHoldingMerge,
  pathsOfWork,
  sameWork,
  type FileWork,
  type Work,
} from "../../domain/approval/contribution/work-elsewhere.ts";
import { followPushes, knownCommits } from "../../domain/approval/contribution/pushes.ts";
import type { MergedPullInto } from "../../github/pull-requests/work-elsewhere.ts";
import { type Instant } from "../../domain/time/instant.ts";
import { NO_COMMIT } from "../../domain/change/sha.ts";
import type { Sha } from "../../domain/change/sha.ts";
import { type Actor } from "../../domain/change/people.ts";

/** So many pushes of an approver are compared, so many commits of one push are read singly, so many branches are followed. */
const MOST = { pushes: 30, commits: 10, branches: 10 } as const;

/** The pull request, and the commit it is compared with. */
interface Asked {
  readonly pull: PullRequest;
  readonly base: Sha;
}

/** Finds the commits of a pull request that someone pushed on another branch first, themselves or the same patch. */
export async function pushedElsewhere(
  repo: Repo,
  asked: Asked,
  actor: Actor,
  logins: readonly string[],
): Promise<Elsewhere> {
  const { pull } = asked;
  const commits = new Map(knownCommits(pull).map((commit) => [commit.sha, commit]));
  const cameAt = arrivedAt(pull, followPushes(pull));
  const all = await Promise.all(logins.map((login) => repo.github.pushesBy(login)));
  const isOwn = (push: { readonly ref: string; readonly before: Sha; readonly after: Sha }): boolean =>
    push.ref === `refs/heads/${pull.head.ref}` &&
    pull.pushes.some(({ before, after }) => before === push.before && after === push.after);
  const last = Math.max(...[...commits.keys()].map(cameAt));
  const pushes = all
    .flat()
    .filter(({ after, kind }) => after !== NO_COMMIT && kind !== "pull-request" && kind !== "queue")
    .filter((push) => !isOwn(push) && wasPushedFirst(push, last))
    .slice(0, MOST.pushes);
  const found = new Set<Sha>();
  for (const push of pushes)
    for (const sha of commits.has(push.after)
      ? introducedCommits(push, commits)
      : await sameAs(repo, asked, push, { commits, actor }))
      if (wasPushedFirst(push, cameAt(sha))) found.add(sha);
  return { actor, commits: [...found], among: [...commits.keys()] };
}

/** The commits of a pull request that a push elsewhere introduced too, or the patch of which it introduced. */
async function sameAs(
  repo: Repo,
  { pull, base }: Asked,
  push: Pick<Push, "before" | "after">,
  { commits, actor }: { readonly commits: ReadonlyMap<Sha, Commit>; readonly actor: Actor },
): Promise<readonly Sha[]> {
  const { info: repository } = repo;
  const start = push.before === NO_COMMIT ? base : push.before;
  const theirs = await repo.github.pushedWork({ before: start, after: push.after });
  if (theirs === null) return [];
  const same = theirs.commits.map(({ sha }) => sha).filter((sha) => commits.has(sha));
  const whole = await repo.github.pushedWork({ before: base, after: pull.head.sha });
  const changed = new Set((whole?.files ?? []).flatMap(pathsOfWork));
  const shared = theirs.files.flatMap(pathsOfWork).filter((path) => changed.has(path));
  if (whole === null || shared.length === 0) return same;
  const singly = theirs.commits.length > 1 ? theirs.commits.slice(0, MOST.commits) : [];
  const isOwn = ({ author }: { readonly author: number | null }): boolean => author === actor.id;
  const works: Work[] = [{ files: theirs.files, isInOwnName: theirs.commits.every(isOwn) }];
  for (const commit of singly) {
    const files = await repo.github.commitWork(commit.sha);
    works.push({ files, isInOwnName: isOwn(commit) });
  }
  const paths = new Set(works.flatMap((work) => sameWork(whole.files, work)));
  for (const [sha, { parents }] of commits) {
    if (parents.length > 1) continue;
    const own = await repo.github.commitWork(sha);
    const isSame = works.some((work) => sameWork(own, work).some((path) => changed.has(path)));
    if (!isSame && !touches(own, paths)) continue;
    // What lies on the default branch came to theirs by an update.
    const { defaultBranch } = repository;
    const apart = await repo.github.compareFiles(defaultBranch, push.after);
    if (apart === null || touches(apart.files, new Set(own.flatMap(pathsOfWork)))) same.push(sha);
  }
  return same;
}

function touches(files: readonly Pick<FileWork, "path" | "oldPath">[], paths: ReadonlySet<string>): boolean {
  return files.flatMap(pathsOfWork).some((path) => paths.has(path));
}

/** Finds the pull requests merged into the branch of one, and those merged into theirs. It adds everyone who pushed there. */
export async function mergedInto(repo: Repo, { pull }: Asked): Promise<readonly MergedInto[]> {
  const commits = new Map(knownCommits(pull).map((commit) => [commit.sha, commit]));
  // What landed judged on an integration branch needs nobody's approval any more.
  const landed = (pull.landedBefore ?? []).flatMap(({ pulls }) => pulls);
  const seen = new Set([pull.number, ...landed]);
  const open: { readonly branch: string; readonly until: Instant; readonly into: number | null }[] = [
    { branch: pull.head.ref, until: pull.merged?.at ?? Infinity, into: null },
  ];
  const found: MergedInto[] = [];
  for (let branches = 0; branches < MOST.branches; branches += 1) {
    const next = open.shift();
    if (next === undefined) break;
    for (const merged of await repo.github.listMergedInto(next.branch)) {
      const { number, head, mergeCommit, mergedAt } = merged;
      if (seen.has(number) || mergedAt > next.until) continue;
      const isHere = commits.has(head) || commitsHoldingMerge(pull, merged, commits) !== null;
      if (next.into === null && !isHere) continue;
      seen.add(number);
      const pushes = await pushesOf(repo, merged);
      found.push({ pull: number, into: next.into, head, mergeCommit, pushes });
      if (!merged.isFork) open.push({ branch: merged.branch, until: mergedAt, into: number });
    }
  }
  return found;
}

async function pushesOf(
  repo: Repo,
  { ref, isFork, mergedAt }: MergedPullInto,
): Promise<MergedInto["pushes"]> {
  const observed = await repo.observed(ref);
  const pushed = observed.flatMap((each) => (each.kind === "pushed" ? [each] : []));
  const pushes = pushed.length > 0 || isFork ? pushed : await repo.github.pushes(ref);
  return pushes
    .filter(({ after, at }) => after !== NO_COMMIT && at <= mergedAt)
    .map(({ before, after, actor, at }) => ({ before, after, actor, at }));
}
