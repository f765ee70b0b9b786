/** Which deployments are recorded, cached so that one more need not read every other again. */

import type { Sha } from "../../domain/change/sha.ts";
import { isOwed } from "../../domain/deployment/deployment.ts";
import { contentVerdict } from "../../domain/controls/deployments/deployment-approved.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { Verdict } from "../../domain/values/result.ts";
import { cachedRecords } from "./record-cache.ts";
import type { Tools } from "../context/tools.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Describes one recorded deployment, as far as finding it and going on from it needs. */
export interface KnownDeployment {
  readonly id: string;
  readonly environment: string;
  readonly sha: Sha;
  readonly contentVerdict: Verdict;
  readonly createdAt: Instant;
  readonly succeededAt: Instant;
  /** GitHub's id; null where GitHub has none. */
  readonly number: number | null;
  /** The tag whose move it is; null: none. */
  readonly tag: string | null;
  readonly run: { readonly id: number; readonly attempt: number } | null;
  /** The pull request whose merge it is owed, or of which that is not known; null: none. */
  readonly owedBy: number | null;
  /** Whether GitHub did not show, when that was due, if it came to the default branch. */
  readonly isMergeUnknown: boolean;
}

/** Lists every recorded deployment of a repository, by when it succeeded, oldest first. */
export async function knownDeployments(
  tools: Tools,
  repositoryId: number,
): Promise<readonly KnownDeployment[]> {
  const known = await cachedRecords(tools, "deployment", repositoryId, keep);
  return [...known.values()].toSorted(
    (a, b) => a.succeededAt - b.succeededAt || (a.id === b.id ? 0 : a.id < b.id ? -1 : 1),
  );
}

function keep({ body: record }: LoggedEntry<"deployment">): KnownDeployment {
  const { deployment } = record;
  const { id, environment, sha, createdAt, succeededAt, number, origin, run, beforeMerge, mergeBack } =
    deployment;
  return {
    id,
    environment,
    sha,
    contentVerdict: contentVerdict(record),
    createdAt,
    succeededAt,
    number,
    tag: origin.kind === "tag" ? origin.tag : null,
    run: run === null ? null : { id: run.id, attempt: run.attempt },
    owedBy: beforeMerge !== undefined && isOwed(beforeMerge) ? beforeMerge.pull : null,
    isMergeUnknown: mergeBack?.state === "unknown",
  };
}
