/** What the steps of stories have in common: who acts where, what names mean, and how a step is declared. */

import { z } from "zod";
import type { FileChange, FileChanges } from "../git.ts";
import type { Account, Organization, PullRequest, Repository, Sha } from "../model.ts";
import type { Mover } from "../rules.ts";
import { OWNER_LOGIN } from "../setup.ts";
import type { World } from "../world.ts";
import type { RefMove } from "./ref-moves.ts";

/** What a step made, for later steps and for expectations. */
export interface StepOutput {
  readonly sha?: Sha;
  /** A ref (full name) that moved, from and to where. */
  readonly ref?: string;
  readonly before?: Sha;
  readonly after?: Sha;
  readonly pull?: number;
  readonly review?: number;
  readonly comment?: number;
  readonly deployment?: number;
  readonly run?: number;
  readonly repository?: string;
}

/** A mistake in the story itself, as opposed to something GitHub refuses. */
export class StepError extends Error {
  override readonly name = "StepError";
}

/** Where and by whom a step is acted, with what the steps before made. */
export interface StepContext {
  readonly world: World;
  readonly organization: Organization;
  readonly repository: Repository;
  readonly actor: Account;
  readonly bypass: boolean;
  /** By the names given with `as`. */
  readonly made: ReadonlyMap<string, StepOutput>;
}

/** One kind of step: its keys, and what it does. Refusals are thrown. */
export interface StepKind {
  readonly keys: z.ZodRawShape;
  readonly play: (context: StepContext, step: unknown) => StepOutput;
}

/** Declares a kind of step. */
export function step<S extends z.ZodRawShape>(
  keys: S,
  play: (context: StepContext, step: z.infer<z.ZodObject<S>>) => StepOutput | undefined,
): StepKind {
  const schema = z.object(keys);
  return { keys, play: (context, given) => play(context, schema.parse(given)) ?? {} };
}

const FileSchema = z.union([
  z.union([z.string(), z.number(), z.boolean()]).transform(String),
  z.null(),
  z.strictObject({ from: z.string(), text: z.string().optional() }),
  z.strictObject({ mode: z.string(), text: z.string().optional() }),
  z.strictObject({ submodule: z.string() }),
  z.strictObject({ base64: z.string() }),
]);

/** The value of `files`. */
export const Files = z.record(z.string(), FileSchema).transform((files): FileChanges =>
  Object.fromEntries(
    Object.entries(files).map(([path, change]): [string, FileChange] => {
      if (change === null || typeof change === "string") return [path, change];
      if ("submodule" in change || "base64" in change) return [path, change];
      const text = change.text === undefined ? {} : { text: change.text };
      return [path, "from" in change ? { from: change.from, ...text } : { mode: change.mode, ...text }];
    }),
  ),
);

/** The actor, with the right to bypass if the step grants it. */
export function moverOf(context: StepContext): Mover {
  return { actor: context.actor, bypass: context.bypass };
}

/** The account a story calls by a name. */
export function personOf(world: World, name: string): Account {
  const id = world.people.get(name);
  const account = id === undefined ? world.accountByLogin(name) : world.account(id);
  if (account === undefined) throw new StepError(`nobody is called ${name}`);
  return account;
}

/** The account that owns the organization. */
export function ownerOf(world: World): Account {
  return personOf(world, OWNER_LOGIN);
}

/** Does something so many times at once, numbered from 1, and tells by a webhook only of the last. */
export function repeated<StepOutput>(
  world: World,
  times: number | undefined,
  act: (turn: number) => StepOutput,
): StepOutput {
  const last = times ?? 1;
  world.isMuted = last > 1;
  try {
    for (let turn = 1; turn < last; turn += 1) act(turn);
  } finally {
    world.isMuted = false;
  }
  return act(last);
}

/** A pull request that must be there. */
export function pullOf(context: StepContext, number: number): PullRequest {
  const pull = context.repository.pulls.get(number);
  if (pull === undefined)
    throw new StepError(`there is no pull request ${number} in ${context.repository.name}`);
  return pull;
}

/** The commit meant by a branch, tag, id, `as` name or `pull/1`, each with `~n`. */
export function commitOf(context: StepContext, name: string): Sha {
  const git = context.world.git(context.repository);
  const [, stem = "", steps = ""] = /^(.*?)((?:~\d*)*)$/.exec(name) ?? [];
  const made = context.made.get(stem)?.sha;
  const pull = /^pull\/(\d+)$/.exec(stem)?.[1];
  const start = made ?? (pull === undefined ? undefined : pullOf(context, Number(pull)).head.sha);
  const sha = git.resolve((start ?? stem) + steps);
  if (sha === null) throw new StepError(`no commit is called ${name}`);
  return sha;
}

/** What a step made that moved a ref. */
export function madeBy(move: RefMove): StepOutput {
  const nothing = "0".repeat(40);
  return {
    ...(move.after === null ? {} : { sha: move.after }),
    ref: move.ref,
    before: move.before ?? nothing,
    after: move.after ?? nothing,
  };
}
