/** What GitHub no longer shows of what a verdict cites: what was kept of it stays, and the row says since when its source is gone. */

import { z } from "zod";
import { InstantSchema, type Instant, type Sha } from "./change.ts";
import { NO_COMMIT } from "./change.ts";
import { canonical } from "./digest.ts";
import type { ChangeRecord, DeploymentRecord } from "./record.ts";
import type { Infer } from "./schema.ts";

/** Describes {@link SourceGoneRecord}. */
export const SourceGoneRecordSchema = z.object({
  of: z.enum(["change", "deployment"]),
  id: z.string(),
  /** Empty: all of it is shown again. */
  gone: z.array(
    z.object({
      /** `pull request #3`, `review 17 by bob#5002`, `account bob#5002`, `commit SHA`, `run 12`, `deployment 9`. */
      what: z.string(),
      /** When it was first seen to be gone. */
      since: InstantSchema,
    }),
  ),
});

/** Entry `source-gone`, subject = id of the change or deployment: what its verdict cites and GitHub no longer shows. */
export type SourceGoneRecord = Infer<typeof SourceGoneRecordSchema>;

/** What GitHub shows now. */
export interface Shown {
  /** By number: its reviews by id, each with whether its author's account is there; `reviews` null: there are more than were read. Absent: gone. */
  readonly pulls: ReadonlyMap<number, { readonly reviews: ReadonlyMap<number, boolean> | null }>;
  readonly commits: ReadonlySet<Sha>;
}

/** The commit a change landed, where it landed one. */
export function commitOf({ change: { update } }: ChangeRecord): Sha | null {
  return update.after === NO_COMMIT ? null : update.after;
}

/** What a change's verdict cites and GitHub does not show. */
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

/** What a deployment's verdict cites and GitHub does not show. `deployments`, `runs`: the numbers it shows. */
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

/** The record of what is gone now, each with when that was first seen; null: nothing changed. */
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
