/** The recorded policies that are in force now, and the one with an organisation's rules for every repository. */

import type { PolicyRecord, PolicySource } from "./record.ts";

/** A policy and its place in the log. */
interface Logged {
  readonly seq: number;
  readonly body: PolicyRecord;
}

/**
 * Returns the policies that share the organisation's file of the one recorded last, oldest first. Several repositories
 * are read at once, so that the last of all may be any one's.
 */
export function currentPolicies<Entry extends Logged>(recorded: Iterable<Entry>): readonly Entry[] {
  const all = [...recorded].toSorted((a, b) => a.seq - b.seq);
  const newest = all.at(-1);
  return all.filter(({ body }) => blobOf(body.organization) === blobOf(newest?.body.organization));
}

/** Returns the policy that holds the organisation's rules alone, else the one recorded last; undefined: none was read. */
export function organizationsOwn<Entry extends Logged>(recorded: Iterable<Entry>): Entry | undefined {
  const current = currentPolicies(recorded);
  const isOwn = ({ body }: Entry): boolean =>
    body.organization.state === "found" && body.repository.state !== "found";
  return current.findLast(isOwn) ?? current.at(-1);
}

function blobOf(source: PolicySource | undefined): string | undefined {
  return source?.state === "found" ? source.blob : source?.state;
}
