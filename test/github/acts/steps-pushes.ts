/** The steps of stories that move branches and tags. */

import { z } from "zod";
import { Refused } from "../refused.ts";
import type { Instant, Repository, Sha } from "../model.ts";
import type { World } from "../world.ts";
import { addDeployKey } from "./deploy-keys.ts";
import { needRole } from "./pulls.ts";
import { deleteRef, makeCommit, pushTo, refuseByRules, type Via } from "./pushes.ts";
import { moveRef } from "./ref-moves.ts";
import { retarget, updateRef } from "./refs.ts";
import { publishRelease } from "./releases.ts";
import { setDefaultBranch, tellRepository } from "./repositories.ts";
import { signatureOf } from "./people.ts";
import {
  commitOf,
  Files,
  madeBy,
  moverOf,
  personOf,
  pullOf,
  step,
  StepError,
  type StepOutput,
  type StepContext,
  type StepKind,
} from "./step.ts";

const PUSH_KEYS = {
  branch: z.string().optional(),
  pull: z.number().int().optional(),
  files: Files.optional(),
  message: z.string().optional(),
  author: z.string().optional(),
  "co-authors": z.array(z.string()).optional(),
  to: z.string().optional(),
  via: z.enum(["git", "web", "api", "deploy-key", "token"]).optional(),
  signed: z.boolean().optional(),
  email: z.string().optional(),
  merges: z.array(z.string()).optional(),
  many: z.strictObject({ commits: z.int(), files: z.int(), under: z.string() }).optional(),
};

const branchKey = { branch: z.string() };
const tagKeys = { tag: z.string(), commit: z.string() };

/** The steps, by name. */
export const PUSH_STEPS: Readonly<Record<string, StepKind>> = {
  push: step(PUSH_KEYS, (context, wanted) => push(context, wanted, false)),
  "force-push": step(PUSH_KEYS, (context, wanted) => push(context, wanted, true)),
  "cherry-pick": step({ commit: z.string(), branch: z.string() }, (context, { commit, branch }) => {
    const { world, repository, actor } = context;
    const git = world.git(repository);
    const source = git.commitOf(commitOf(context, commit));
    const top = git.branch(branch) ?? commitOf(context, repository.defaultBranch);
    const tree = git.pick(source.sha, top);
    if (tree === null) throw new StepError(`${commit} does not apply to ${branch}`);
    const sha = git.createCommit({
      tree,
      parents: [top],
      author: source.author,
      committer: signatureOf(actor, world.now()),
      message: source.message,
    });
    return madeBy(pushTo(world, repository, moverOf(context), branch, sha, false));
  }),
  "create-branch": step(
    { ...branchKey, from: z.string().optional(), files: Files.optional() },
    (context, { branch, from, files }) => {
      const { world, repository, actor } = context;
      if (world.git(repository).branch(branch) !== null) throw new Refused(422, "Reference already exists");
      const start = commitOf(context, from ?? repository.defaultBranch);
      const sha =
        files === undefined
          ? start
          : makeCommit(world, repository, { parents: [start], onto: start, files, by: actor });
      return madeBy(pushTo(world, repository, moverOf(context), branch, sha, false));
    },
  ),
  "delete-branch": step(branchKey, (context, { branch }) =>
    madeBy(deleteRef(context.world, context.repository, moverOf(context), `refs/heads/${branch}`)),
  ),
  "rename-branch": step({ ...branchKey, to: z.string() }, (context, { branch, to }) =>
    renameBranch(context, branch, to),
  ),
  "set-default-branch": step(branchKey, (context, { branch }) => {
    needRole(context.world, context.repository, context.actor, "admin");
    setDefaultBranch(context.world, context.repository, context.actor, branch);
    return undefined;
  }),
  "create-tag": step(tagKeys, (context, { tag, commit }) => {
    if (context.world.git(context.repository).ref(`refs/tags/${tag}`) !== null)
      throw new Refused(422, "Reference already exists");
    return setTag(context, tag, commitOf(context, commit));
  }),
  "move-tag": step(tagKeys, (context, { tag, commit }) => {
    if (context.world.git(context.repository).ref(`refs/tags/${tag}`) === null)
      throw new Refused(422, "Reference does not exist");
    return setTag(context, tag, commitOf(context, commit));
  }),
  "publish-release": step({ tag: z.string() }, (context, { tag }) => release(context, tag)),
};

function push(
  context: StepContext,
  wanted: {
    readonly branch?: string | undefined;
    readonly pull?: number | undefined;
    readonly files?: z.infer<typeof Files> | undefined;
    readonly message?: string | undefined;
    readonly author?: string | undefined;
    readonly "co-authors"?: readonly string[] | undefined;
    readonly to?: string | undefined;
    readonly via?: Via | undefined;
    readonly signed?: boolean | undefined;
    readonly email?: string | undefined;
    readonly merges?: readonly string[] | undefined;
    readonly many?: Many | undefined;
  },
  isForced: boolean,
): StepOutput {
  const { world, actor } = context;
  const { branch, repository } = destination(context, wanted.branch, wanted.pull);
  const git = world.git(repository);
  const head = git.branch(branch);
  const via = wanted.via ?? "git";
  const mover = { ...moverOf(context), deployKey: via === "deploy-key" };
  if (via === "deploy-key") addDeployKey(world, repository, actor, false);
  const to = wanted.to === undefined ? null : commitOf(context, wanted.to);
  const commit = (parents: readonly Sha[], onto: Sha | null, message?: string, at?: Instant): Sha =>
    makeCommit(world, repository, {
      parents,
      onto,
      files: wanted.files ?? {},
      message: wanted.message ?? message,
      by: actor,
      author: wanted.author === undefined ? undefined : personOf(world, wanted.author),
      coAuthors: (wanted["co-authors"] ?? []).map((name) => personOf(world, name)),
      via,
      signed: wanted.signed,
      email: wanted.email,
      at,
    });
  if (wanted.many !== undefined) {
    const start = head ?? commitOf(context, repository.defaultBranch);
    const top = manyCommits(world, repository, { start, by: actor, many: wanted.many });
    return madeBy(pushTo(world, repository, mover, branch, top, isForced));
  }
  if (wanted.merges !== undefined && head !== null) {
    const theirs = wanted.merges.map((name) => commitOf(context, name));
    const tree = theirs.reduce((onto, other) => mergedOnto(git, onto, other), head);
    const sha = commit([head, ...theirs], tree, wanted.message ?? `Merge ${wanted.merges.join(", ")}`);
    return madeBy(pushTo(world, repository, mover, branch, sha, isForced));
  }
  if (to !== null) {
    const sha = wanted.files === undefined ? to : commit([to], to);
    return madeBy(pushTo(world, repository, mover, branch, sha, isForced));
  }
  if (head === null || !isForced) {
    const onto = head ?? commitOf(context, repository.defaultBranch);
    return madeBy(pushTo(world, repository, mover, branch, commit([onto], onto), isForced));
  }
  // A forced push without a goal rewrites the last commit; it gets a new id even if nothing else changes.
  const last = git.commitOf(head);
  const amended = commit(last.parents, head, last.message);
  const sha = amended === head ? commit(last.parents, head, last.message, world.now() + 1000) : amended;
  return madeBy(pushTo(world, repository, mover, branch, sha, true));
}

interface Many {
  readonly commits: number;
  readonly files: number;
  readonly under: string;
}

/** Commits on top of each other, each adding its share of the files. */
function manyCommits(
  world: World,
  repository: Repository,
  { start, by, many }: { readonly start: Sha; readonly by: StepContext["actor"]; readonly many: Many },
): Sha {
  let top = start;
  for (let index = 0; index < many.commits; index += 1) {
    const first = Math.floor((index * many.files) / many.commits);
    const next = Math.floor(((index + 1) * many.files) / many.commits);
    const paths = Array.from({ length: next - first }, (_, each) => `${many.under}/${first + each}.txt`);
    const files = Object.fromEntries(paths.map((path) => [path, path]));
    const message = `Part ${index + 1} of ${many.commits}`;
    top = makeCommit(world, repository, { parents: [top], onto: top, files, message, by });
  }
  return top;
}

/** A commit merged into what a merge holds so far; each further parent is merged into a commit that stands for that. */
function mergedOnto(git: ReturnType<World["git"]>, onto: Sha, other: Sha): Sha {
  const { tree, conflicts } = git.merge(onto, other);
  if (conflicts.length > 0) throw new StepError(`${other} does not merge: ${conflicts.join(", ")}`);
  const nobody = { name: "merge", email: "merge@example.com", at: 0 };
  return git.createCommit({ tree, parents: [onto, other], author: nobody, committer: nobody, message: "" });
}

/** Where a push goes: a branch of the repository, or wherever a pull request's head lives. */
function destination(
  context: StepContext,
  branch: string | undefined,
  pull: number | undefined,
): { readonly branch: string; readonly repository: Repository } {
  const { world, repository } = context;
  if (pull !== undefined) {
    const { head } = pullOf(context, pull);
    if (head.repositoryId === null) throw new Refused(422, "The head repository was deleted.");
    return { branch: head.ref, repository: world.repositoryById(head.repositoryId) };
  }
  if (branch === undefined) throw new StepError("a push needs `branch` or `pull`");
  const forked = [...repository.pulls.values()].find(
    (one) => one.head.ref === branch && one.state === "open" && one.head.repositoryId !== repository.id,
  );
  if (forked?.head.repositoryId != null && world.git(repository).branch(branch) === null)
    return { branch, repository: world.repositoryById(forked.head.repositoryId) };
  return { branch, repository };
}

function setTag(context: StepContext, tag: string, after: Sha): StepOutput {
  const { world, repository, actor } = context;
  needRole(world, repository, actor, "write");
  const ref = `refs/tags/${tag}`;
  const before = world.git(repository).ref(ref);
  refuseByRules(world, repository, ref, { before, after }, moverOf(context));
  const move = moveRef(world, repository, { ref, after, actor });
  if (move === null) throw new Refused(422, "Everything up-to-date");
  return madeBy(move);
}

/** Renames a branch: pull requests follow it, and the default branch stays the default one. */
function renameBranch(context: StepContext, from: string, to: string): StepOutput {
  const { world, repository, actor } = context;
  const git = world.git(repository);
  const isDefault = repository.defaultBranch === from;
  needRole(world, repository, actor, isDefault ? "admin" : "write");
  const sha = git.branch(from);
  if (sha === null) throw new Refused(404, "Branch not found");
  if (git.branch(to) !== null) throw new Refused(422, "New branch already exists");
  const made = updateRef(world, repository, { ref: `refs/heads/${to}`, after: sha, actor });
  for (const pull of world.openPulls(repository, "base", from)) retarget(world, repository, pull, to, actor);
  for (const pull of world.openPulls(repository, "head", from)) pull.head.ref = to;
  if (isDefault) {
    repository.defaultBranch = to;
    git.setDefaultBranch(to);
  }
  updateRef(world, repository, { ref: `refs/heads/${from}`, after: null, actor });
  if (isDefault)
    tellRepository(world, repository, actor, "edited", { changes: { default_branch: { from } } });
  return made === null ? {} : madeBy(made);
}

function release(context: StepContext, tag: string): StepOutput {
  const { world, repository, actor } = context;
  needRole(world, repository, actor, "write");
  const git = world.git(repository);
  const ref = `refs/tags/${tag}`;
  if (git.ref(ref) === null)
    moveRef(world, repository, { ref, after: commitOf(context, repository.defaultBranch), actor });
  publishRelease(world, repository, actor, tag);
  const sha = git.resolve(ref);
  return sha === null ? {} : { sha };
}
