/** Making commits and pushing them, with git, on the web, through the API, or with a deploy key. */

import type { FileChanges } from "../git.ts";
import type { Account, Instant, Repository, Sha } from "../model.ts";
import { Refused } from "../refused.ts";
import { pushProblems, pushRefusal, type Mover } from "../rules.ts";
import type { World } from "../world.ts";
import { needRole } from "./pulls.ts";
import { SIGNATURE, signatureOf, trailerFor, webFlow } from "./people.ts";
import type { RefMove } from "./ref-moves.ts";
import { updateRef } from "./refs.ts";

/** How a push reaches GitHub. */
export type Via = "git" | "web" | "api" | "deploy-key" | "token";

/** One commit to make. */
export interface NewCommit {
  readonly parents: readonly Sha[];
  /** The tree the changes are made to; null: an empty one. */
  readonly onto: Sha | null;
  readonly files: FileChanges;
  readonly message?: string | undefined;
  readonly by: Account;
  readonly author?: Account | undefined;
  readonly coAuthors?: readonly Account[] | undefined;
  readonly via?: Via | undefined;
  readonly signed?: boolean | undefined;
  /** The address it is made with, if none of the author's own. */
  readonly email?: string | undefined;
  /** When, if not now. */
  readonly at?: Instant | undefined;
}

/** Makes a commit. On the web the committer is GitHub itself and the commit is signed. */
export function makeCommit(world: World, repository: Repository, wanted: NewCommit): Sha {
  const git = world.git(repository);
  const at = wanted.at ?? world.now();
  const names = Object.keys(wanted.files);
  const title = wanted.message ?? `Change ${names.length === 0 ? "nothing" : names.join(", ")}`;
  const trailers = (wanted.coAuthors ?? []).map(trailerFor);
  const isWeb = wanted.via === "web" || (wanted.via === "api" && wanted.by.type === "Bot");
  const signature = (account: Account) => ({
    ...signatureOf(account, at),
    ...(wanted.email === undefined ? {} : { email: wanted.email }),
  });
  return git.createCommit({
    tree: git.change(wanted.onto, wanted.files),
    parents: wanted.parents,
    author: signature(wanted.author ?? wanted.by),
    committer: isWeb ? webFlow(at) : signature(wanted.by),
    message: trailers.length === 0 ? title : `${title}\n\n${trailers.join("\n")}`,
    signature: isWeb || wanted.signed === true ? SIGNATURE : null,
  });
}

/** Moves a branch to a commit as a push does: rights, rules, fast-forward unless forced. Throws {@link Refused}. */
export function pushTo(
  world: World,
  repository: Repository,
  mover: Mover,
  branch: string,
  after: Sha,
  isForced: boolean,
): RefMove {
  const ref = `refs/heads/${branch}`;
  const git = world.git(repository);
  const before = git.ref(ref);
  if (mover.deployKey !== true) needRole(world, repository, mover.actor, "write");
  if (repository.archived) throw new Refused(403, "Repository was archived so is read-only.");
  if (before !== null && !isForced && !git.isAncestor(before, after))
    throw new Refused(422, "Update is not a fast forward");
  refuseByRules(world, repository, ref, { before, after }, mover);
  return moved(
    updateRef(world, repository, { ref, after, actor: mover.actor, deployKey: mover.deployKey === true }),
  );
}

/** Deletes a branch or tag (full name). Throws {@link Refused}. */
export function deleteRef(world: World, repository: Repository, mover: Mover, ref: string): RefMove {
  needRole(world, repository, mover.actor, "write");
  const before = world.git(repository).ref(ref);
  if (before === null) throw new Refused(422, "Reference does not exist");
  if (ref === `refs/heads/${repository.defaultBranch}`)
    throw new Refused(422, "Cannot delete the default branch");
  refuseByRules(world, repository, ref, { before, after: null }, mover);
  return moved(updateRef(world, repository, { ref, after: null, actor: mover.actor }));
}

/** Throws the refusal git prints when rules forbid a move. */
export function refuseByRules(
  world: World,
  repository: Repository,
  ref: string,
  move: { readonly before: Sha | null; readonly after: Sha | null },
  mover: Mover,
): void {
  const problems = pushProblems(world, repository, ref, move, mover);
  if (problems.length > 0) throw new Refused(422, pushRefusal(repository, ref, problems));
}

function moved(move: RefMove | null): RefMove {
  if (move === null) throw new Refused(422, "Everything up-to-date");
  return move;
}
