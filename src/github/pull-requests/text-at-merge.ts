/** The title and description of a pull request as they were when it merged: both may be changed afterwards. */

import type { z } from "zod";
import type { Instant } from "../../domain/time/instant.ts";
import type { Observation } from "../../domain/change/observation.ts";
import type { TimelineAnswer } from "../queries/answers.ts";
import type { Listing } from "../api/partial-list.ts";

type Event = NonNullable<z.infer<typeof TimelineAnswer>>;
type Reworded = Extract<Observation, { kind: "reworded" }>;

/** Returns the title at the merge, by GitHub's timeline, which keeps every title. Of an open pull request: the present one. */
export function titleWhenMerged(present: string, timeline: readonly Event[]): string {
  const merged = timeline.findIndex((event) => event.__typename === "MergedEvent");
  if (merged < 0) return present;
  const renamed = timeline
    .slice(merged)
    .find(
      (event): event is Extract<Event, { __typename: "RenamedTitleEvent" }> =>
        event.__typename === "RenamedTitleEvent",
    );
  return renamed?.previousTitle ?? present;
}

/**
 * Returns the description at the merge. GitHub shows only the present one and when it was changed: the earlier one is known
 * from the webhook of the first change after the merge, if every change since was observed. Null where one was missed.
 */
export function descriptionWhenMerged(
  known: {
    readonly body: string;
    readonly mergedAt?: Instant | null | undefined;
    readonly lastEditedAt?: Instant | null | undefined;
    readonly userContentEdits?: Listing<{ readonly editedAt: Instant }> | null | undefined;
  },
  observations: readonly Observation[],
): string | null {
  const { body, mergedAt, lastEditedAt, userContentEdits: edits } = known;
  if (mergedAt == null || lastEditedAt == null || lastEditedAt < mergedAt) return body;
  const seen = observations
    .filter((each): each is Reworded => each.kind === "reworded" && each.at >= mergedAt)
    .toSorted((a, b) => a.at - b.at);
  if (edits?.isWhole !== true) return null;
  const since = edits.entries.filter(({ editedAt }) => editedAt >= mergedAt);
  if (since.length !== seen.length) return null;
  const first = seen.find(({ afterMerge }) => afterMerge);
  return first === undefined ? body : first.from;
}
