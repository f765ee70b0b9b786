/** Who was observed to move a pull request's branch. */

import type { z } from "zod";
import type { Push } from "../../domain/change/commit.ts";
import type { Observation } from "../../domain/change/observation.ts";
import type { TimelineAnswer } from "../queries/answers.ts";
import type { Sha } from "../../domain/change/sha.ts";

type Event = NonNullable<z.infer<typeof TimelineAnswer>>;

/** Limits the pushes of a branch to those of one pull request, because branch names are used again. */
export interface PushScope {
  readonly ref: string;
  readonly createdAt: number;
  /** The commits of the pull request, its head included. */
  readonly commits: ReadonlySet<Sha>;
}

/** Returns every push that was observed or is in the timeline, oldest first, each movement once. */
export function pushesOf(
  scope: PushScope,
  observations: readonly Observation[],
  timeline: readonly Event[],
): readonly Push[] {
  const observed = observations.flatMap((each): Push[] => {
    if (each.kind !== "pushed" || each.ref !== scope.ref) return [];
    const { before, after, actor, at, forced } = each;
    return [{ before, after, actor, at, forced, basis: "observed" }];
  });
  const shown = timeline.flatMap((event): Push[] => {
    if (event.__typename !== "HeadRefForcePushedEvent") return [];
    const { beforeCommit, afterCommit, actor, createdAt: at } = event;
    if (beforeCommit == null || afterCommit == null) return [];
    return [
      { before: beforeCommit.oid, after: afterCommit.oid, actor, at, forced: true, basis: "read-later" },
    ];
  });
  return merged([...observed, ...shown]).filter(
    (push) => push.at >= scope.createdAt || scope.commits.has(push.after),
  );
}

/** Merges the reports of one push by two webhooks and the timeline. The same movement twice in a row is one. Observed wins. */
export function merged(pushes: readonly Push[]): readonly Push[] {
  const found: Push[] = [];
  for (const push of pushes.toSorted((a, b) => a.at - b.at)) {
    const index = found.findLastIndex(({ before, after }) => before === push.before && after === push.after);
    const known = found[index];
    const movedBack = found.slice(index + 1).some(({ after }) => after === push.before);
    if (known === undefined || movedBack) {
      found.push(push);
      continue;
    }
    const better = known.basis === "observed" ? known : push;
    found[index] = {
      ...better,
      at: known.at,
      actor: better.actor ?? known.actor ?? push.actor,
      forced: known.forced || push.forced,
    };
  }
  return found;
}
