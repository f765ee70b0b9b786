/** The steps of stories that concern pull requests, reviews and comments. */

import { z } from "zod";
import type { IssueComment, PullRequest, Repository, Review, Sha } from "../model.ts";
import { mergePull, rebase } from "../merge.ts";
import { dequeue, enableAutoMerge, enqueue, settle } from "../queue.ts";
import { Refused } from "../refused.ts";
import { queueRule, rulesetsFor } from "../rules.ts";
import { comment, deleteComment, editComment, editIssue, openIssue } from "./issues.ts";
import { noreply, SIGNATURE, signatureOf, webFlow } from "./people.ts";
import { addLabel, assign, close, editPull, openPull, removeLabel, reopen, setDraft } from "./pulls.ts";
import { makeCommit, pushTo } from "./pushes.ts";
import { updateRef, retarget } from "./refs.ts";
import { makeRepository } from "./repositories.ts";
import { dismissReview, editReview, review } from "./reviews.ts";
import {
  commitOf,
  Files,
  madeBy,
  moverOf,
  personOf,
  pullOf,
  repeated,
  step,
  StepError,
  type StepOutput,
  type StepContext,
  type StepKind,
} from "./step.ts";

const pull = z.number().int();
const pullOrIssue = { pull: pull.optional(), deviation: z.union([z.number(), z.string()]).optional() };
const times = z.number().int().min(1).optional();
const method = z.enum(["merge", "squash", "rebase"]);

const STATES = {
  approved: "APPROVED",
  "changes-requested": "CHANGES_REQUESTED",
  commented: "COMMENTED",
} as const;

/** A command is a comment whose first line the App understands. */
const commenting = step(
  { pull: pull.optional(), deviation: z.union([z.number(), z.string()]).optional(), text: z.string() },
  (context, { pull, deviation, text }) => {
    const on = pull === undefined ? issueOf(context, deviation) : pullOf(context, pull);
    const { world, repository, actor } = context;
    return { comment: comment(world, repository, on, { account: actor }, text).id };
  },
);

/** The steps, by name. */
export const PULL_STEPS: Readonly<Record<string, StepKind>> = {
  "open-pull-request": step(
    {
      pull: pull.optional(),
      branch: z.string().optional(),
      base: z.string().optional(),
      files: Files.optional(),
      title: z.string().optional(),
      body: z.string().optional(),
      labels: z.array(z.string()).optional(),
      draft: z.boolean().optional(),
      message: z.string().optional(),
      "co-authors": z.array(z.string()).optional(),
      fork: z.union([z.boolean(), z.string()]).optional(),
      "requested-by": z.string().optional(),
    },
    (context, wanted) => {
      const { world, repository, actor } = context;
      const number = world.nextNumber(repository, "pull");
      if (wanted.pull !== undefined && wanted.pull !== number)
        throw new StepError(`the next pull request of ${repository.name} is ${number}, not ${wanted.pull}`);
      const base = wanted.base ?? repository.defaultBranch;
      const branch = wanted.branch ?? `feature-${number}`;
      const home = wanted.fork === undefined || wanted.fork === false ? repository : forkOf(context);
      const git = world.git(home);
      const requester = wanted["requested-by"] === undefined ? [] : [personOf(world, wanted["requested-by"])];
      const title = wanted.title ?? (wanted.message ?? `Change ${branch}`).split("\n")[0] ?? branch;
      const files =
        wanted.files ?? (git.branch(branch) === null ? { [`${branch}.txt`]: `${branch}\n` } : null);
      if (files !== null) {
        const onto = git.branch(branch) ?? commitOf(context, base);
        const coAuthors = (wanted["co-authors"] ?? []).map((name) => personOf(world, name));
        const commit = makeCommit(world, home, {
          parents: [onto],
          onto,
          files,
          message: wanted.message ?? title,
          by: actor,
          coAuthors: [...coAuthors, ...requester],
        });
        pushTo(world, home, moverOf(context), branch, commit, false);
      }
      const made = openPull(world, repository, actor, {
        title,
        body: wanted.body ?? null,
        base,
        head: { repository: home, branch },
        draft: wanted.draft ?? false,
        labels: wanted.labels ?? [],
        assignees: requester,
      });
      return { pull: made.number, sha: made.head.sha };
    },
  ),
  review: step(
    {
      pull,
      state: z.enum(["approved", "changes-requested", "commented"]),
      body: z.string().optional(),
      times,
    },
    (context, { pull, state, body, times }) => {
      const words = body ?? (state === "commented" ? "I have looked at this." : "");
      const given = { state: STATES[state], body: words };
      const target = pullOf(context, pull);
      const made = repeated(context.world, times, () =>
        review(context.world, context.repository, target, context.actor, given),
      );
      return { review: made.id };
    },
  ),
  "edit-review": step({ pull, body: z.string() }, (context, { pull, body }) => {
    const target = pullOf(context, pull);
    const own = target.reviews.findLast((one) => one.authorId === context.actor.id);
    if (own === undefined) throw new StepError(`${context.actor.login} gave no review on ${pull}`);
    editReview(context.world, context.repository, target, context.actor, own, body);
    return { review: own.id };
  }),
  "dismiss-review": step({ pull, of: z.union([z.string(), z.number()]) }, (context, { pull, of }) => {
    const target = pullOf(context, pull);
    const which = reviewOf(context, target, of);
    dismissReview(context.world, context.repository, target, context.actor, which, "dismissed");
    return { review: which.id };
  }),
  comment: commenting,
  command: commenting,
  "edit-comment": step(
    { of: z.union([z.string(), z.number()]), text: z.string() },
    (context, { of, text }) => {
      const which = commentOf(context, of);
      editComment(context.world, context.repository, which, { account: context.actor }, text);
      return { comment: which.id };
    },
  ),
  "delete-comment": step({ of: z.union([z.string(), z.number()]) }, (context, { of }) => {
    deleteComment(context.world, context.repository, commentOf(context, of), { account: context.actor });
    return undefined;
  }),
  "edit-pull-request": step(
    { pull, title: z.string().optional(), body: z.string().optional(), times },
    (context, { pull, title, body, times = 1 }) => {
      const target = pullOf(context, pull);
      // The last is the one asked for; a title that stays is no entry of the timeline.
      const at = (text: string | undefined, turn: number): string | undefined =>
        text === undefined || turn === times ? text : `${text} (${turn})`;
      repeated(context.world, times, (turn) =>
        editPull(context.world, context.repository, target, context.actor, {
          title: at(title, turn),
          body: at(body, turn),
        }),
      );
      return undefined;
    },
  ),
  assign: step({ pull, person: z.string() }, (context, { pull, person }) => {
    const { world, repository, actor } = context;
    assign(world, repository, pullOf(context, pull), actor, personOf(world, person), true);
    return undefined;
  }),
  unassign: step({ pull, person: z.string() }, (context, { pull, person }) => {
    const { world, repository, actor } = context;
    assign(world, repository, pullOf(context, pull), actor, personOf(world, person), false);
    return undefined;
  }),
  label: step({ pull, label: z.string() }, (context, { pull, label }) => {
    addLabel(context.world, context.repository, pullOf(context, pull), context.actor, label);
    return undefined;
  }),
  unlabel: step({ pull, label: z.string() }, (context, { pull, label }) => {
    removeLabel(context.world, context.repository, pullOf(context, pull), context.actor, label);
    return undefined;
  }),
  retarget: step({ pull, base: z.string() }, (context, { pull, base }) => {
    const { world, repository, actor } = context;
    const target = pullOf(context, pull);
    if (target.authorId !== actor.id && !world.may(actor, "write", repository))
      throw new Refused(403, "Must have write rights to Repository.");
    if (world.git(repository).branch(base) === null)
      throw new Refused(422, `Proposed base branch '${base}' was not found`);
    retarget(world, repository, target, base, actor);
    return undefined;
  }),
  ready: step({ pull }, (context, { pull }) => {
    setDraft(context.world, context.repository, pullOf(context, pull), context.actor, false);
    return undefined;
  }),
  draft: step({ pull }, (context, { pull }) => {
    setDraft(context.world, context.repository, pullOf(context, pull), context.actor, true);
    return undefined;
  }),
  close: step(pullOrIssue, (context, { pull, deviation }) => {
    if (pull === undefined) stateIssue(context, deviation, "closed");
    else close(context.world, context.repository, pullOf(context, pull), context.actor);
    return undefined;
  }),
  reopen: step(pullOrIssue, (context, { pull, deviation }) => {
    if (pull === undefined) stateIssue(context, deviation, "open");
    else reopen(context.world, context.repository, pullOf(context, pull), context.actor);
    return undefined;
  }),
  "open-issue": step({ title: z.string(), text: z.string() }, (context, { title, text }) => {
    const { world, repository, actor } = context;
    openIssue(world, repository, { account: actor }, { title, body: text });
    return undefined;
  }),
  "edit-issue": step(
    { deviation: z.union([z.number(), z.string()]), text: z.string() },
    (context, { deviation, text }) => {
      const { world, repository, actor } = context;
      editIssue(world, repository, issueOf(context, deviation), { account: actor }, { body: text });
      return undefined;
    },
  ),
  "update-branch": step(
    { pull, method: z.enum(["merge", "rebase"]).optional(), files: Files.optional() },
    (context, wanted) =>
      updateBranch(context, pullOf(context, wanted.pull), wanted.method ?? "merge", wanted.files),
  ),
  "apply-suggestion": step({ pull, from: z.string(), files: Files }, (context, { pull, from, files }) => {
    const { world, actor } = context;
    const target = pullOf(context, pull);
    const home = homeOf(context, target);
    const suggester = personOf(world, from);
    const git = world.git(home);
    const at = world.now();
    const path = Object.keys(files)[0] ?? "files";
    const sha = git.createCommit({
      tree: git.change(target.head.sha, files),
      parents: [target.head.sha],
      author: signatureOf(actor, at),
      committer: webFlow(at),
      signature: SIGNATURE,
      message: `Update ${path}\n\nCo-authored-by: ${suggester.login} <${noreply(suggester)}>`,
    });
    return madeBy(pushTo(world, home, moverOf(context), target.head.ref, sha, false));
  }),
  merge: step({ pull, method: method.optional() }, (context, wanted) => {
    const { world, repository } = context;
    const target = pullOf(context, wanted.pull);
    const before = world.git(repository).branch(target.base.ref) ?? undefined;
    const sha = mergePull(world, repository, target, moverOf(context), { method: wanted.method ?? "merge" });
    return {
      sha,
      after: sha,
      ref: `refs/heads/${target.base.ref}`,
      ...(before === undefined ? {} : { before }),
    };
  }),
  "merge-locally-and-push": step(
    { pulls: z.array(pull), branch: z.string().optional(), files: Files.optional() },
    (context, wanted) =>
      mergeLocally(
        context,
        wanted.pulls.map((number) => pullOf(context, number)),
        wanted,
      ),
  ),
  enqueue: step({ pull, group: z.number().int().min(1).optional() }, (context, { pull, group }) => {
    const { world, repository } = context;
    const target = pullOf(context, pull);
    turnOnQueue(context, target, group);
    const entry = enqueue(world, repository, target, moverOf(context));
    settle(world);
    return { pull, ...(entry.headSha === "" ? {} : { sha: entry.headSha }) };
  }),
  dequeue: step({ pull }, (context, { pull }) => {
    dequeue(context.world, context.repository, pullOf(context, pull), moverOf(context));
    return undefined;
  }),
  "enable-auto-merge": step({ pull, method: method.optional() }, (context, wanted) => {
    const target = pullOf(context, wanted.pull);
    enableAutoMerge(context.world, context.repository, target, moverOf(context), wanted.method ?? "merge");
    return undefined;
  }),
  revert: step({ pull, opens: pull.optional() }, (context, wanted) =>
    revert(context, pullOf(context, wanted.pull), wanted.opens),
  ),
};

function forkOf(context: StepContext): Repository {
  const { world, repository, actor } = context;
  for (const one of world.repositories.values())
    if (one.forkOf === repository.id && one.ownerId === actor.id && !one.deleted) return one;
  const { name, visibility, defaultBranch } = repository;
  const fork = makeRepository(world, actor, { name, visibility, defaultBranch, forkOf: repository.id });
  const head = world.git(repository).branch(defaultBranch);
  if (head !== null) world.git(fork).setRef(`refs/heads/${defaultBranch}`, head);
  return fork;
}

function homeOf(context: StepContext, target: PullRequest): Repository {
  if (target.head.repositoryId === null) throw new Refused(422, "The head repository was deleted.");
  return context.world.repositoryById(target.head.repositoryId);
}

function reviewOf(context: StepContext, target: PullRequest, of: string | number): Review {
  const id = typeof of === "number" ? of : context.made.get(of)?.review;
  const found =
    id === undefined
      ? target.reviews.findLast((one) => one.authorId === personOf(context.world, String(of)).id)
      : target.reviews.find((one) => one.id === id);
  if (found === undefined) throw new StepError(`there is no review of ${of} on ${target.number}`);
  return found;
}

function commentOf(context: StepContext, of: string | number): IssueComment {
  const id = typeof of === "number" ? of : context.made.get(of)?.comment;
  const found = context.repository.comments.get(id ?? 0);
  if (found === undefined) throw new StepError(`there is no comment ${of}`);
  return found;
}

/** An issue closed or opened again by hand. */
function stateIssue(
  context: StepContext,
  number: string | number | undefined,
  state: "open" | "closed",
): void {
  const { world, repository, actor } = context;
  editIssue(world, repository, issueOf(context, number), { account: actor }, { state });
}

function issueOf(
  context: StepContext,
  number: string | number | undefined,
): NonNullable<ReturnType<typeof context.repository.issues.get>> {
  const found = context.repository.issues.get(Number(number));
  if (found === undefined) throw new StepError(`there is no issue ${number} in ${context.repository.name}`);
  return found;
}

function updateBranch(
  context: StepContext,
  target: PullRequest,
  how: "merge" | "rebase",
  files: z.infer<typeof Files> | undefined,
): StepOutput {
  const { world, actor, repository } = context;
  const home = homeOf(context, target);
  const git = world.git(home);
  const base = world.git(repository).branch(target.base.ref);
  if (base === null) throw new Refused(422, "The base branch was deleted.");
  const head = target.head.sha;
  if (git.isAncestor(base, head)) throw new Refused(422, "There are no new commits on the base branch.");
  if (how === "rebase") {
    const sha = rebase(world, home, base, head, actor);
    if (sha === null) throw new Refused(422, "merge conflict between base and head");
    return madeBy(pushTo(world, home, moverOf(context), target.head.ref, sha, true));
  }
  const merged = git.merge(head, base);
  if (merged.conflicts.length > 0 && files === undefined)
    throw new Refused(422, "merge conflict between base and head");
  const at = world.now();
  const sha = git.createCommit({
    tree: files === undefined ? merged.tree : git.change(merged.tree, files),
    parents: [head, base],
    author: signatureOf(actor, at),
    committer: webFlow(at),
    signature: SIGNATURE,
    message: `Merge branch '${target.base.ref}' into ${target.head.ref}`,
  });
  return madeBy(pushTo(world, home, moverOf(context), target.head.ref, sha, false));
}

function mergeLocally(
  context: StepContext,
  targets: readonly PullRequest[],
  wanted: { readonly branch?: string | undefined; readonly files?: z.infer<typeof Files> | undefined },
): StepOutput {
  const { world, repository, actor } = context;
  const git = world.git(repository);
  const branch = wanted.branch ?? targets[0]?.base.ref ?? repository.defaultBranch;
  let top: Sha = commitOf(context, branch);
  for (const [index, target] of targets.entries()) {
    const merged = git.merge(top, target.head.sha);
    const isLast = index === targets.length - 1;
    if (merged.conflicts.length > 0 && wanted.files === undefined)
      throw new StepError(`pull request ${target.number} conflicts: give \`files\``);
    const at = world.now();
    top = git.createCommit({
      tree: isLast && wanted.files !== undefined ? git.change(merged.tree, wanted.files) : merged.tree,
      parents: [top, target.head.sha],
      author: signatureOf(actor, at),
      committer: signatureOf(actor, at),
      message: `Merge branch '${target.head.ref}'${branch === "main" ? "" : ` into ${branch}`}`,
    });
  }
  return madeBy(pushTo(world, repository, moverOf(context), branch, top, false));
}

/** Stories say `enqueue` where no step turned a queue on: the branch is then taken to have one. `group`: it waits for so many to merge together. */
function turnOnQueue(context: StepContext, target: PullRequest, group = 1): void {
  const { world, repository } = context;
  if (queueRule(world, repository, target.base.ref) !== undefined) return;
  const ruleset = rulesetsFor(world, repository, `refs/heads/${target.base.ref}`)[0];
  ruleset?.rules.push({
    type: "merge_queue",
    parameters: {
      check_response_timeout_minutes: 60,
      grouping_strategy: "ALLGREEN",
      max_entries_to_build: 5,
      max_entries_to_merge: 5,
      merge_method: "MERGE",
      min_entries_to_merge: group,
      min_entries_to_merge_wait_minutes: 5,
    },
  });
}

function revert(context: StepContext, target: PullRequest, opens: number | undefined): StepOutput {
  const { world, repository, actor } = context;
  const { merged } = target;
  if (merged === null) throw new Refused(422, "Only merged pull requests can be reverted.");
  const number = world.nextNumber(repository, "pull");
  if (opens !== undefined && opens !== number)
    throw new StepError(`the next pull request of ${repository.name} is ${number}, not ${opens}`);
  const git = world.git(repository);
  const landed = repository.activities.find(
    (one) => one.after === merged.commit && one.ref === `refs/heads/${target.base.ref}`,
  );
  const before =
    git.commit(landed?.before ?? "") === undefined ? git.commitOf(merged.commit).parents[0] : landed?.before;
  if (before === undefined)
    throw new Refused(422, "Sorry, this pull request couldn't be reverted automatically.");
  const at = world.now();
  const message = `Revert "${target.title} (#${target.number})"\n\nThis reverts commit ${merged.commit}.`;
  const author = { author: signatureOf(actor, at), committer: webFlow(at), signature: SIGNATURE, message };
  // A commit that takes the pull request back where it landed, to be picked onto where the branch is now.
  const undoing = git.createCommit({ tree: git.commitOf(before).tree, parents: [merged.commit], ...author });
  const top = commitOf(context, target.base.ref);
  const tree = git.pick(undoing, top);
  if (tree === null) throw new Refused(422, "Sorry, this pull request couldn't be reverted automatically.");
  const branch = `revert-${target.number}-${target.head.ref}`;
  const sha = git.createCommit({ tree, parents: [top], ...author });
  updateRef(world, repository, { ref: `refs/heads/${branch}`, after: sha, actor });
  const made = openPull(world, repository, actor, {
    title: `Revert "${target.title}"`,
    body: `Reverts ${world.fullName(repository)}#${target.number}`,
    base: target.base.ref,
    head: { repository, branch },
  });
  return { pull: made.number, sha };
}
