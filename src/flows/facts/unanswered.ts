/** One question that GitHub cannot answer never stops a branch: what it concerns is recorded as not known, with the reason. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import { type Change, type RefUpdate } from "../../domain/change/change.ts";
import type { Entry } from "../../domain/records/entry.ts";
import { ExternalError, type ExternalErrorCode } from "../../domain/values/external-error.ts";
import { gapEntry, gapId } from "../records/coverage-gaps.ts";
import { type Instant } from "../../domain/time/instant.ts";
import { NO_COMMIT } from "../../domain/change/sha.ts";
import { type PullRequest } from "../../domain/change/pull-request.ts";

/** The codes of questions that GitHub did not answer. */
const UNANSWERED_CODES: ReadonlySet<ExternalErrorCode> = new Set([
  "github-unanswered",
  "github-answer",
  "github-refused",
  "github-unreachable",
]);

/** Describes why GitHub did not answer something. */
export interface NotAnswered {
  readonly unanswered: string;
}

/** Returns whether GitHub was asked and did not answer; an error that asks to wait is none of these. */
export function isNotAnswered(error: unknown): error is ExternalError {
  return error instanceof ExternalError && UNANSWERED_CODES.has(error.code) && error.waitMs === null;
}

/**
 * Asks what the record of an update needs. What may still be answered within ten minutes of the update is thrown, so that it is asked
 * again; what is not answered twice then, while GitHub answers other questions, stays unanswered. Throws {@link ExternalError}.
 */
export async function orNotAnswered<Answer>(
  repo: Repo,
  update: RefUpdate,
  ask: () => Promise<Answer>,
): Promise<Answer | NotAnswered> {
  const now = repo.now();
  for (let isLast = false; ; isLast = true) {
    try {
      return await ask();
    } catch (error) {
      if (!isNotAnswered(error)) throw error;
      const mayPass = error.retry || error.gone;
      if (mayPass && now - update.at < SETTLING) throw error;
      if (mayPass && !isLast) continue;
      // What may concern whatever is asked is no answer to this.
      if (error.code === "github-unreachable" || error.code === "github-refused")
        await answersElse(repo, update);
      repo.log.warn({ repository: repo.info.id, reason: error.message }, "GitHub did not answer");
      return { unanswered: error.message };
    }
  }
}

/** Asks GitHub something small. Throws {@link ExternalError} where it does not answer that either. */
async function answersElse(repo: Repo, { ref }: RefUpdate): Promise<void> {
  const until = { since: null, from: repo.now() };
  await repo.github.refUpdates(ref, until);
}

/** Returns whether something was not answered. */
export function lacksAnswer(answer: unknown): answer is NotAnswered {
  return typeof answer === "object" && answer !== null && "unanswered" in answer;
}

/** Asks GitHub one thing after another about an update, and keeps the reasons of missing answers. */
export class Questions {
  /** Why GitHub did not answer, for each question that it did not. */
  readonly unanswered: string[] = [];

  readonly #about: readonly [Repo, RefUpdate];

  /** Asks about this update. */
  constructor(repo: Repo, update: RefUpdate) {
    this.#about = [repo, update];
  }

  /** Returns what GitHub answers, or `otherwise`. Throws {@link ExternalError}. */
  async ask<Answer>(ask: () => Promise<Answer>, otherwise: (because: string) => Answer): Promise<Answer> {
    const answer = await orNotAnswered(...this.#about, ask);
    if (!lacksAnswer(answer)) return answer;
    this.unanswered.push(answer.unanswered);
    return otherwise(answer.unanswered);
  }
}

/** Returns a pull request of which GitHub shows no more than who and what it is. `landed`: the update that merged it. Throws {@link ExternalError}. */
export async function unreadPull(
  repo: Repo,
  number: number,
  unread: NonNullable<PullRequest["unread"]>,
  landed: RefUpdate | null,
): Promise<PullRequest | null> {
  const { info: repository } = repo;
  const known = await repo.github.identifyPull(number);
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

/** Returns what is recorded of an update of which GitHub shows nothing but that there was one. */
export function unreadChange(
  { info: repository }: Repo,
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
 * Returns the gap of an update of which GitHub does not answer something: open until it does. `unanswered`: the reasons; empty: it answers
 * all of it.
 */
export async function gapOfUpdate(
  repo: Repo,
  change: Pick<Change, "id" | "update">,
  unanswered: readonly string[],
  now: Instant,
): Promise<readonly Entry[]> {
  const { info: repository } = repo;
  const { ref, after, at } = change.update;
  const id = gapId(repository.id, "unobservable", at, change.id);
  const known = (await repo.latest("coverage-gap", id)) ?? null;
  if (unanswered.length === 0)
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
    because: `GitHub could not answer what this update introduced: ${[...new Set(unanswered)].join("; ")}`,
    backfilled: false,
  } as const;
  return [gapEntry(gap, repository)];
}
