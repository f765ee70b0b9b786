/** One question that GitHub cannot answer never stops a branch: what it concerns is recorded as not known, with the reason. */

import { SETTLING } from "../domain/awaited.ts";
import { NO_COMMIT, type Change, type Instant, type PullRequest, type RefUpdate } from "../domain/change.ts";
import type { Entry } from "../domain/entry.ts";
import { Trouble, type TroubleCode } from "../domain/trouble.ts";
import { gapEntry, gapId } from "./gaps.ts";
import type { Tools, Watched } from "./ports.ts";

/** GitHub was asked, and did not tell. */
const UNTOLD: ReadonlySet<TroubleCode> = new Set([
  "github-unanswered",
  "github-answer",
  "github-refused",
  "github-unreachable",
]);

/** Why GitHub did not tell something. */
export interface Untold {
  readonly untold: string;
}

/** Returns whether GitHub was asked and did not tell; one that asks for another look in a while is none. */
export function isUntold(error: unknown): error is Trouble {
  return error instanceof Trouble && UNTOLD.has(error.code) && error.waitMs === null;
}

/**
 * Asks what the record of an update needs. What may still be answered within ten minutes of the update is thrown, so that it is asked
 * again; what is not answered twice then, while GitHub answers other questions, is not told. Throws {@link Trouble}.
 */
export async function orUntold<Told>(
  tools: Tools,
  watched: Watched,
  update: RefUpdate,
  ask: () => Promise<Told>,
): Promise<Told | Untold> {
  const now = tools.clock.now();
  for (let isLast = false; ; isLast = true) {
    try {
      return await ask();
    } catch (error) {
      if (!isUntold(error)) throw error;
      const mayPass = error.retry || error.gone;
      if (mayPass && now - update.at < SETTLING) throw error;
      if (mayPass && !isLast) continue;
      // What may concern whatever is asked is no answer to this.
      if (error.code === "github-unreachable" || error.code === "github-refused")
        await answersElse(tools, watched, update);
      tools.log.warn({ repository: watched.repository.id, reason: error.message }, "GitHub did not answer");
      return { untold: error.message };
    }
  }
}

/** Asks GitHub something small. Throws {@link Trouble} where it does not answer that either. */
async function answersElse(tools: Tools, watched: Watched, { ref }: RefUpdate): Promise<void> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const until = { since: null, from: tools.clock.now() };
  await tools.github.readRefUpdates(octokit, watched.repository, ref, until);
}

/** Returns whether something was not told. */
export function isNotTold(told: unknown): told is Untold {
  return typeof told === "object" && told !== null && "untold" in told;
}

/** Asks GitHub one thing after another about an update, and keeps the reasons why it did not tell some of them. */
export class Questions {
  /** Why GitHub did not tell, for each that it did not. */
  readonly untold: string[] = [];

  readonly #about: readonly [Tools, Watched, RefUpdate];

  /** Asks about this update. */
  constructor(tools: Tools, watched: Watched, update: RefUpdate) {
    this.#about = [tools, watched, update];
  }

  /** Returns what GitHub tells, or `otherwise`. Throws {@link Trouble}. */
  async ask<Told>(ask: () => Promise<Told>, otherwise: (because: string) => Told): Promise<Told> {
    const told = await orUntold(...this.#about, ask);
    if (!isNotTold(told)) return told;
    this.untold.push(told.untold);
    return otherwise(told.untold);
  }
}

/** Returns a pull request of which GitHub tells no more than who and what it is. `landed`: the update that merged it. Throws {@link Trouble}. */
export async function unreadPull(
  tools: Tools,
  { repository, installationId }: Watched,
  number: number,
  unread: NonNullable<PullRequest["unread"]>,
  landed: RefUpdate | null,
): Promise<PullRequest | null> {
  const octokit = await tools.github.octokits.installation(installationId);
  const known = await tools.github.identifyPull(octokit, repository, number);
  if (known === null && landed === null) return null;
  const base =
    landed === null ? null : { ref: landed.ref.replace(/^refs\/heads\//u, ""), sha: landed.before };
  return {
    repository,
    number,
    title: known?.title ?? "",
    url: known?.url ?? "",
    author: known?.author ?? null,
    createdAt: known?.createdAt ?? unread.since,
    state: landed === null ? (known?.state ?? "open") : "merged",
    draft: known?.draft ?? false,
    base: base ?? known?.base ?? { ref: "", sha: NO_COMMIT },
    head: {
      ref: known?.head.ref ?? "",
      sha: known?.head.sha ?? NO_COMMIT,
      tree: null,
      ...(known?.head.fork === true ? { fork: true } : {}),
    },
    retargetedAt: null,
    labels: [],
    commits: [],
    commitsComplete: false,
    pushes: [],
    reviews: [],
    checks: [],
    authorities: [],
    sameContent: [],
    merged: landed === null ? null : { at: known?.mergedAt ?? landed.at, by: null, commit: landed.after },
    unread,
  };
}

/** Returns what is recorded of an update of which GitHub told nothing but that there was one. */
export function unreadChange(
  { repository }: Watched,
  update: RefUpdate,
  known: Pick<Change, "id" | "occurrence" | "late">,
): Change {
  return {
    ...known,
    repository,
    update,
    tree: null,
    commitCount: null,
    pullRequests: [],
    awaited: [{ what: `what came with ${update.after.slice(0, 7)}`, since: update.at }],
    shipped: [],
    alreadyLanded: null,
    checks: [],
  };
}

/**
 * Returns the gap of an update of which GitHub does not answer something: open until it does. `untold`: the reasons; empty: it answers
 * all of it.
 */
export async function gapOfUpdate(
  tools: Tools,
  { repository }: Watched,
  change: Pick<Change, "id" | "update">,
  untold: readonly string[],
  now: Instant,
): Promise<readonly Entry[]> {
  const { ref, after, at } = change.update;
  const id = gapId(repository.id, "unobservable", at, change.id);
  const known = (await tools.ledger.state("coverage-gap", id))?.body ?? null;
  if (untold.length === 0)
    return known === null || known.to !== null
      ? []
      : [gapEntry({ ...known, to: now, backfilled: true }, repository)];
  if (known !== null) return [];
  const gap = {
    id,
    cause: "unobservable",
    scope: `${repository.owner}/${repository.name} ${ref}, the update to ${after.slice(0, 7)}`,
    from: at,
    to: null,
    because: `GitHub could not answer what this update brought: ${[...new Set(untold)].join("; ")}`,
    backfilled: false,
  } as const;
  return [gapEntry(gap, repository)];
}
