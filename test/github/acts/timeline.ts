import type { Account, PullRequest, TimelineEvent } from "../model.ts";
import type { World } from "../world.ts";

/** What distinguishes a timeline event, without what all have. */
export type TimelineDetail = TimelineEvent extends infer E
  ? E extends TimelineEvent
    ? Omit<E, "id" | "nodeId" | "actorId" | "at">
    : never
  : never;

/** Adds an event to a pull request's timeline. */
export function addToTimeline(world: World, pull: PullRequest, actor: Account, detail: TimelineDetail): void {
  const made = { ...world.identity("TimelineEvent"), actorId: actor.id, at: world.now(), ...detail };
  pull.timeline.push(world.register("TimelineEvent", made));
}
