/** The App's own chores stand alone: what one of them cannot read is a finding of its own, and the others go on. */

import type { Repo } from "../context/repo.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { ExternalError, type ExternalErrorCode } from "../../domain/values/external-error.ts";
import type { CoverageGapRecord } from "../../domain/records/monitoring.ts";
import { gapEntry, gapId } from "../records/coverage-gaps.ts";
import type { Tools } from "../context/tools.ts";

/** Notes that a chore could not be done and why, or that it could: then `problem` is null. */
export type ChoreNote = (what: string, problem: string | null) => Promise<void>;

/** Refusals and answers that are the same however often they are asked for. */
const LASTING: ReadonlySet<ExternalErrorCode> = new Set([
  "github-refused",
  "github-answer",
  "github-unanswered",
]);

/** Does chores one after another. */
export class Chores {
  readonly #tools: Tools;
  readonly #note: ChoreNote;
  readonly #failed: unknown[] = [];

  constructor(tools: Tools, note: ChoreNote) {
    this.#tools = tools;
    this.#note = note;
  }

  /**
   * Does one chore, and returns whether it was done. What GitHub will not show is noted under `what`; any other failure
   * waits for the end, unless it stops everything.
   */
  async do(what: string, act: () => Promise<unknown>): Promise<boolean> {
    try {
      await twice(act);
    } catch (error) {
      if (isForAll(error)) throw error;
      if (!isLasting(error)) {
        this.#failed.push(error);
        return false;
      }
      this.#tools.log.warn({ what, reason: error.message }, "A chore could not be done");
      await this.#note(what, error.message);
      return false;
    }
    await this.#note(what, null);
    return true;
  }

  /** Throws the first failure that may pass, so that the whole is tried again. */
  end(): void {
    if (this.#failed.length > 0) throw this.#failed[0];
  }
}

/** An answer that cannot be read may be so this once. */
async function twice(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isLasting(error) || !error.retry) throw error;
    await act();
  }
}

/** Returns whether what stops one stops all: the lane is lost, or GitHub requires a pause. */
export function isForAll(error: unknown): boolean {
  return error instanceof ExternalError && (error.code === "lease-lost" || error.code === "github-limited");
}

/** Returns whether asking again is no use. What is not there may only not be there yet, or any more: that is asked again. */
export function isLasting(error: unknown): error is ExternalError {
  return error instanceof ExternalError && LASTING.has(error.code) && error.waitMs === null && !error.gone;
}

/** Returns how the chores of one repository are noted. Each that cannot be done is a coverage gap until it can. */
export function notesOf(repo: Repo): ChoreNote {
  const { info: repository } = repo;
  const scopeOf = (what: string): string => `${repository.owner}/${repository.name}, ${what}`;
  return async (what, problem) => {
    const id = choreId(repository, what);
    // Taken out meanwhile: the gap that began with it covers this.
    const record = await repo.latest("repository", String(repository.id));
    if (problem !== null && record?.removedAt != null) return;
    const known = (await repo.latest("coverage-gap", id)) ?? null;
    const now = repo.now();
    if (known === null && problem !== null && (await isWithoutPermission(repo.tools, repository, problem)))
      return;
    const gap = nextGap({ id, scope: scopeOf(what), what, problem, known, now });
    if (gap !== null) await repo.commit({ entries: [gapEntry(gap, repository)] });
  };
}

function choreId({ id }: Repo["info"], what: string): string {
  return gapId(id, "unobservable", 0, `chore:${what}`);
}

/** Returns whether a chore of a repository could not be done, and still was not. */
export async function isOpenChore(
  { ledger }: Tools,
  repository: Repo["info"],
  what: string,
): Promise<boolean> {
  return (await ledger.state("coverage-gap", choreId(repository, what)))?.body.to === null;
}

/** GitHub's words where the installation does not grant what is asked for. */
const NOT_GRANTED = "Resource not accessible by integration";

/** Returns whether the organisation's own gap states why already: one for each of its repositories would repeat it hundreds of times. */
async function isWithoutPermission(
  { ledger }: Tools,
  { ownerId: organizationId }: Repo["info"],
  problem: string,
): Promise<boolean> {
  if (!problem.includes(NOT_GRANTED)) return false;
  for await (const { body } of ledger.states("coverage-gap", { repositoryId: 0, organizationId }))
    if (body.cause === "permission-missing" && body.to === null) return true;
  return false;
}

/** Returns the gap of a chore as it is to be recorded now; null where nothing changed. */
function nextGap(facts: {
  readonly id: string;
  readonly scope: string;
  readonly what: string;
  readonly problem: string | null;
  readonly known: CoverageGapRecord | null;
  readonly now: Instant;
}): CoverageGapRecord | null {
  const { id, scope, problem, known, now } = facts;
  const isOpen = known !== null && known.to === null;
  if (problem === null) return isOpen ? { ...known, to: now, backfilled: true } : null;
  if (isOpen && known.because === choreNoteText(facts.what, problem)) return null;
  return {
    id,
    cause: "unobservable",
    scope,
    from: isOpen ? known.from : now,
    to: null,
    because: choreNoteText(facts.what, problem),
    backfilled: false,
  };
}

/** Returns why there is a gap where a chore could not be done. */
export function choreNoteText(what: string, problem: string): string {
  return `${what} could not be read: ${problem}`;
}
