/** Someone's rights when they gave an approval: who joins a team, or is given more, only afterwards approves again. */

import { SETTLING } from "../change/settling.ts";
import { type PullRequest } from "../change/pull-request.ts";
import type { Certainty } from "../values/certainty.ts";
import type { Rights } from "./entitlement.ts";
import { type Instant } from "../time/instant.ts";
import {
  HERE,
  PERMISSIONS,
  type Authority,
  type RightsAround,
  type Permission,
  type RightChange,
} from "../change/people.ts";
import { type Review } from "../change/review.ts";

/** Describes someone's rights when they approved. */
export interface RightsAtApproval {
  /** As far as known, and where nothing was seen then, as they are now. */
  readonly rights: Rights;
  /** Only those that were seen about then. */
  readonly seen: Rights;
}

/** One right at the moment of an approval, and whether that was seen rather than taken from later. */
interface Held {
  readonly certainty: Certainty;
  readonly isSeen: boolean;
}

/** Returns the rights of a review's giver when giving it. `now`: their rights now, or those they might have had when it landed. */
export function rightsAtApproval(
  { given = [] }: Pick<PullRequest, "given">,
  review: Review,
  now: Authority,
): RightsAtApproval {
  const known = given.find((each) => each.review === review.id) ?? { readings: [now], told: [] };
  const groups = new Set([
    ...[now, ...known.readings].flatMap((each) => [...each.teams, ...each.organizations, ...each.unread]),
    ...known.told.map(({ of }) => of).filter((of) => !of.startsWith(HERE)),
  ]);
  const held = new Map([...groups].map((name) => [name, groupHeld(name, known, now, review.submittedAt)]));
  const permission = permissionHeld(known, now, review.submittedAt);
  const rightsOf = (counts: (each: { readonly isSeen: boolean }) => boolean): Rights => {
    const among = (certainty: Certainty): readonly string[] =>
      [...held].filter(([, each]) => counts(each) && each.certainty === certainty).map(([name]) => name);
    const { actor, at, basis, doubted } = now;
    return {
      actor,
      at,
      basis,
      ...(doubted === undefined ? {} : { doubted }),
      teams: [...among("yes")].filter((name) => name.includes("/")),
      organizations: [...among("yes")].filter((name) => !name.includes("/")),
      unread: [...among("unknown")],
      ...(counts(permission)
        ? { permission: permission.permission, atLeast: permission.atLeast }
        : { permission: "unknown" as const }),
    };
  };
  return { rights: rightsOf(() => true), seen: rightsOf(({ isSeen }) => isSeen) };
}

/** Whether someone was in a team or organisation when they approved. */
function groupHeld(
  name: string,
  { readings, told: changes }: Pick<RightsAround, "readings" | "told">,
  now: Authority,
  at: Instant,
): Held {
  const about = changes.filter(({ of }) => of === name);
  const before = about.findLast(({ later }) => later === "no");
  const next = about.find(({ later }) => later !== "no");
  const nowHeld = membership(now, name);
  const reading = readings.find((each) => each.asked?.includes(name) === true && !each.unread.includes(name));
  const isSeen = reading !== undefined && reading.at - at <= SETTLING;
  // Only a webhook from before a reading can contradict it.
  if (reading !== undefined && (next === undefined || reading.at < next.at)) {
    const then = membership(reading, name);
    const wasIn = outweighs(before, reading) ? before.gained : then === "yes";
    // A person reported as joining had left before, and nothing reported when.
    if (wasIn) return { certainty: then === "no" && next?.gained === true ? "unknown" : "yes", isSeen };
    const isOut = next?.gained ?? nowHeld === "no";
    return { certainty: isOut ? "no" : "unknown", isSeen };
  }
  if (next === undefined && before?.gained === false)
    return { certainty: nowHeld === "no" ? "no" : "unknown", isSeen: false };
  if (next === undefined && before === undefined) return { certainty: nowHeld, isSeen: false };
  if (next?.later === "unknown") return { certainty: "unknown", isSeen: false };
  if (next?.gained === true) return { certainty: before?.gained === true ? "unknown" : "no", isSeen: true };
  return { certainty: "yes", isSeen: true };
}

/** Whether a webhook that came before a reading outweighs it: GitHub's answers may lag behind its webhooks. */
function outweighs(before: RightChange | undefined, reading: Authority): before is RightChange {
  return before !== undefined && reading.at - before.at < SETTLING;
}

function membership({ teams, organizations, unread }: Authority, name: string): Certainty {
  if (unread.includes(name)) return "unknown";
  return teams.includes(name) || organizations.includes(name) ? "yes" : "no";
}

/** The permission someone had when they approved; `atLeast` is what is certain of one that is not known. */
function permissionHeld(
  { readings, told: changes }: Pick<RightsAround, "readings" | "told">,
  now: Authority,
  at: Instant,
): { readonly permission: Authority["permission"]; readonly atLeast: Permission; readonly isSeen: boolean } {
  const about = changes.filter(({ of }) => of === HERE);
  const before = about.findLast(({ later }) => later === "no");
  const next = about.find(({ later }) => later !== "no");
  const reading = readings.find(({ permission }) => permission !== "unknown");
  const then = reading?.permission ?? "unknown";
  if (reading === undefined || then === "unknown")
    return next?.gained === true
      ? { permission: "unknown", atLeast: "none", isSeen: true }
      : { permission: now.permission, atLeast: "none", isSeen: false };
  const isSeen = reading.at - at <= SETTLING;
  if (next !== undefined && next.at <= reading.at)
    return { permission: "unknown", atLeast: next.gained ? "none" : then, isSeen: true };
  const read = outweighs(before, reading) ? raisedOrLowered(before, then) : then;
  const isRaised = now.permission === "unknown" || isMore(now.permission, read);
  if (!isRaised) return { permission: read, atLeast: read, isSeen };
  // A team someone joins, or what it is given, raises what its members may do.
  const gained = changes.filter((each) => each.gained);
  const mayLag = gained.some((each) => each.later === "no" && outweighs(each, reading));
  const isLater = gained.some(({ later }) => later === "yes");
  if (mayLag !== isLater)
    return { permission: isLater ? read : now.permission, atLeast: read, isSeen: isSeen || mayLag };
  return { permission: "unknown", atLeast: read, isSeen };
}

/** A permission as read, with what a webhook reported of it: at least, or at most. */
function raisedOrLowered({ gained, atLeast: reported = "none" }: RightChange, read: Permission): Permission {
  return gained === isMore(reported, read) ? reported : read;
}

function isMore(a: Permission, b: Permission): boolean {
  return PERMISSIONS.indexOf(a) > PERMISSIONS.indexOf(b);
}
