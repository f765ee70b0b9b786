/** The moving of one ref, with its line in the activity list and its webhooks. */

import type { Account, Activity, ActivityType, Repository, Sha } from "../model.ts";
import { pushCommitShape } from "../shapes/commits.ts";
import { repositoryPage } from "../shapes/repositories.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";

const NOTHING = "0".repeat(40);

/** One update of a ref. `after` null: deleted. `type` is worked out unless given. */
export interface RefUpdate {
  /** Full name, e.g. `refs/heads/main`. */
  readonly ref: string;
  readonly after: Sha | null;
  readonly actor: Account;
  readonly type?: ActivityType;
  /** Pushed with a deploy key: the webhook names the key, not a person. */
  readonly deployKey?: boolean;
}

/** What a ref update came to. */
export interface RefMove {
  readonly ref: string;
  readonly before: Sha | null;
  readonly after: Sha | null;
  readonly forced: boolean;
  /** Tags are in no activity list. */
  readonly activity: Activity | null;
}

/** Moves, makes or deletes a ref: git, the activity list, `create`, `delete` and `push`. Returns null when nothing changed. */
export function moveRef(world: World, repository: Repository, update: RefUpdate): RefMove | null {
  const git = world.git(repository);
  const before = git.ref(update.ref);
  const { after, ref } = update;
  if (before === after) return null;
  if (after === null) git.deleteRef(ref);
  else git.setRef(ref, after);
  const [from, to] = [before && git.peel(before), after && git.peel(after)];
  const forced = from !== null && to !== null && !git.isAncestor(from, to);
  const activity = ref.startsWith("refs/heads/")
    ? record(world, repository, { ...update, before, forced })
    : null;
  repository.pushedAt = world.now();
  announce(world, repository, { ...update, before, forced });
  return { ref, before, after, forced, activity };
}

function record(
  world: World,
  repository: Repository,
  update: RefUpdate & { readonly before: Sha | null; readonly forced: boolean },
): Activity {
  const type =
    update.type ??
    (update.before === null
      ? "branch_creation"
      : update.after === null
        ? "branch_deletion"
        : update.forced
          ? "force_push"
          : "push");
  const activity: Activity = {
    ...world.identity("Activity"),
    ref: update.ref,
    before: update.before ?? NOTHING,
    after: update.after ?? NOTHING,
    actorId: update.actor.id,
    at: world.now(),
    type,
  };
  repository.activities.push(world.register("Activity", activity));
  return activity;
}

function announce(
  world: World,
  repository: Repository,
  update: RefUpdate & { readonly before: Sha | null; readonly forced: boolean },
): void {
  const { before, after, actor, ref } = update;
  const git = world.git(repository);
  const isTag = ref.startsWith("refs/tags/");
  const short = ref.replace(/^refs\/(heads|tags)\//, "");
  const ref_type = isTag ? "tag" : "branch";
  const pusher_type = update.deployKey === true ? "deploy_key" : "user";
  if (before === null)
    emit(world, {
      event: "create",
      action: null,
      repository,
      sender: actor,
      body: {
        ref: short,
        ref_type,
        master_branch: repository.defaultBranch,
        description: repository.description,
        pusher_type,
      },
    });
  if (after === null)
    emit(world, {
      event: "delete",
      action: null,
      repository,
      sender: actor,
      body: { ref: short, ref_type, pusher_type },
    });
  const head = after === null ? null : git.resolve(ref);
  const commits = head === null ? [] : newCommits(world, repository, ref, before, head);
  emit(world, {
    event: "push",
    action: null,
    repository,
    sender: actor,
    body: {
      ref,
      before: before ?? NOTHING,
      after: after ?? NOTHING,
      created: before === null,
      deleted: after === null,
      forced: update.forced,
      base_ref: null,
      compare: repositoryPage(
        world,
        repository,
        `/compare/${(before ?? NOTHING).slice(0, 12)}...${(after ?? NOTHING).slice(0, 12)}`,
      ),
      // GitHub lists at most 2,048 commits.
      commits: commits.slice(-2048).map((sha) => pushCommitShape(world, repository, sha)),
      head_commit: head === null ? null : pushCommitShape(world, repository, head),
      pusher: { name: actor.login, email: actor.type === "Bot" ? null : ([...actor.emails][0] ?? null) },
    },
  });
}

/** What a push brought: for a new ref, what no other branch had. */
function newCommits(
  world: World,
  repository: Repository,
  ref: string,
  before: Sha | null,
  head: Sha,
): readonly Sha[] {
  const git = world.git(repository);
  if (before !== null && git.commit(before) !== undefined) return git.commitsBetween(before, head);
  if (ref.startsWith("refs/tags/")) return [];
  const main = git.branch(repository.defaultBranch);
  return main === null || main === head ? [] : git.commitsBetween(main, head);
}
