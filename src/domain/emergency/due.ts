/** When something of an emergency or its review is due, as tasks for that moment. */

import type { Instant } from "../time/instant.ts";
import type { Task } from "../records/task.ts";
import { isOpen } from "../records/emergency.ts";
import type { EmergencyFacts } from "../records/emergency-facts.ts";
import { nextWord } from "./retroactive-review.ts";
import { DAY } from "../time/durations.ts";

/** Holds how long an emergency stays open after a merge that did not use it (ms). GitHub resends for three days what was missed. */
export const OVERTAKEN = 4 * DAY;

const SECOND = 1_000;

/** Returns the tasks that assess a repository again when something of these emergencies is due after `now`. */
export function dueTasks(
  repositoryId: number,
  facts: readonly Pick<EmergencyFacts, "record" | "review">[],
  now: Instant,
  /** When their pull request was merged, if it was. */
  mergedAt: Instant | null = null,
): readonly Task<"due">[] {
  const isLeft = mergedAt !== null && facts.some(({ record }) => isOpen(record));
  const all = [...facts.flatMap((each) => momentsOf(each)), ...(isLeft ? [mergedAt + OVERTAKEN] : [])];
  const moments = new Set(all.filter((at) => at > now));
  return [...moments].map((dueAt) => ({ kind: "due", repositoryId, dueAt }));
}

/** Returns when something of it is due. Its moments are inclusive: what is late is so a second after. */
function momentsOf({ record, review }: Pick<EmergencyFacts, "record" | "review">): readonly Instant[] {
  const { authorised: given } = record;
  const ends = record.status === "authorised" && given !== null ? [given.until + SECOND] : [];
  const confirm = given?.confirmBy != null && record.confirmed === null ? [given.confirmBy + SECOND] : [];
  const word = review === null ? null : nextWord(review);
  return [...ends, ...confirm, ...(word === null ? [] : [word])];
}
