/** Sources of a verdict that GitHub no longer shows: what was kept of them stays, and the row names since when. */

import { type Sha } from "../change/sha.ts";
import { NO_COMMIT } from "../change/sha.ts";
import { canonical } from "../values/digest.ts";
import type { ChangeRecord } from "../records/change.ts";
import { type Instant } from "../time/instant.ts";
import type { DeploymentRecord } from "../records/deployment.ts";
import { type SourceGoneRecord } from "../records/source-gone.ts";

/** Describes what GitHub shows now. */
export interface Shown {
  /** By number: its reviews by id, each with whether its author's account is there; `reviews` null: there are more than were read. Absent: gone. */
  readonly pulls: ReadonlyMap<number, { readonly reviews: ReadonlyMap<number, boolean> | null }>;
  readonly commits: ReadonlySet<Sha>;
}

/** Returns the commit a change landed, where it landed one. */
export function commitOf({ change: { update } }: ChangeRecord): Sha | null {
  return update.after === NO_COMMIT ? null : update.after;
}

/** Returns what a change's verdict cites and GitHub does not show. */
export function goneOfChange(record: ChangeRecord, shown: Shown): readonly string[] {
  const { change, assessment } = record;
  const counted = new Map(
    assessment.approvals.filter(({ counts }) => counts).map((each) => [each.reviewId, each]),
  );
  const commit = commitOf(record);
  return [
    ...(commit === null || shown.commits.has(commit) ? [] : [`commit ${commit}`]),
    ...change.pullRequests.flatMap(({ number, reviews }): readonly string[] => {
      const pull = shown.pulls.get(number);
      if (pull === undefined) return [`pull request #${number}`];
      return reviews.flatMap(({ id }): readonly string[] => {
        const approval = counted.get(id);
        if (approval === undefined || approval.actorId === null || pull.reviews === null) return [];
        const person = `${approval.login}#${approval.actorId}`;
        const hasAccount = pull.reviews.get(id);
        if (hasAccount === undefined) return [`review ${id} by ${person}`];
        return hasAccount ? [] : [`account ${person}`];
      });
    }),
  ];
}

/** Returns what a deployment's verdict cites and GitHub does not show. `deployments`, `runs`: the numbers it shows. */
export function goneOfDeployment(
  { deployment: { number, run } }: DeploymentRecord,
  deployments: ReadonlySet<number>,
  runs: ReadonlySet<number>,
): readonly string[] {
  return [
    ...(number === null || deployments.has(number) ? [] : [`deployment ${number}`]),
    ...(run === null || runs.has(run.id) ? [] : [`run ${run.id}`]),
  ];
}

/** Returns the record of what is gone now, each with when that was first seen; null: nothing changed. */
export function sourceGone(
  previous: SourceGoneRecord | null,
  subject: Pick<SourceGoneRecord, "of" | "id">,
  gone: readonly string[],
  at: Instant,
): SourceGoneRecord | null {
  const known = previous?.gone ?? [];
  const now = [...new Set(gone)].map(
    (what) => known.find((each) => each.what === what) ?? { what, since: at },
  );
  return canonical(now) === canonical(known) ? null : { ...subject, gone: now };
}
