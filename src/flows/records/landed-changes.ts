/** Which recorded change landed which commit, cached so that a deployment need not read every change again. */

import type { Repo } from "../context/repo.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import { cachedRecords } from "./record-cache.ts";
import type { Tools } from "../context/tools.ts";
import { type Instant } from "../../domain/time/instant.ts";

/** Describes one recorded change, as far as finding it needs. */
export interface Landed {
  readonly id: string;
  readonly ref: string;
  readonly before: Sha;
  readonly after: Sha;
  readonly at: Instant;
  readonly seq: number;
  /** It landed pull requests that people had approved. */
  readonly isApproved: boolean;
}

/** Lists every recorded change of a repository, oldest first; of kind `landing`: what landed on its integration branches. */
export async function landedChanges(
  tools: Tools,
  repositoryId: number,
  kind: "change" | "landing" = "change",
): Promise<readonly Landed[]> {
  const known = await cachedRecords(tools, kind, repositoryId, keep);
  return [...known.values()].toSorted((a, b) => a.at - b.at || a.seq - b.seq);
}

function keep({ seq, body }: LoggedEntry<"change" | "landing">, known: Landed | undefined): Landed {
  const { change, assessment } = body;
  const { ref, before, after, at } = change.update;
  const isApproved =
    change.pullRequests.length > 0 &&
    assessment.results.some(
      ({ control, outcome }) => control === "independently-approved" && outcome === "pass",
    );
  return { id: change.id, ref, before, after, at, seq: known?.seq ?? seq, isApproved };
}

/** Returns where a branch was when what is recorded of it began; `updates`: those recorded, oldest first. {@link NO_COMMIT}: nobody knows. */
export async function originOf(repo: Repo, ref: string, updates: readonly Landed[]): Promise<Sha> {
  const place = await repo.ledger.state("branch", `${repo.info.id}:${ref}`);
  const origin = place === undefined ? null : place.body.origin;
  const first = updates.find((each) => each.ref === ref);
  // What was filled in later may reach further back than what was watched.
  if (first !== undefined && (origin === null || first.at < origin.at)) return first.before;
  return origin?.head ?? NO_COMMIT;
}
