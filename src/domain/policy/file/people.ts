/** People the policy entitles to other acts than approving: authorise, review, accept. */

import { z } from "zod";
import { PERMISSIONS } from "../../change/people.ts";
import { PEOPLE } from "./selectors.ts";
import type { Infer } from "../../values/schema.ts";

/** Describes any of these people. */
export const PeopleSchema = z
  .strictObject(PEOPLE)
  .refine((who) => Object.values(who).some((value) => value !== undefined), {
    message: "say who: permission, users, teams or organizations",
  });

/** Describes any of these people. */
export type People = Infer<typeof PeopleSchema>;

/** Returns whether everyone of these is surely among those, whoever is in which team. */
export function isWithin(people: People, among: People): boolean {
  const rank = (permission: string): number => PERMISSIONS.findIndex((each) => each === permission);
  const isSubset = (some: readonly string[] | undefined, all: readonly string[] | undefined): boolean =>
    (some ?? []).every((one) => (all ?? []).some((each) => each.toLowerCase() === one.toLowerCase()));
  const allowed =
    people.permission === undefined ||
    (among.permission !== undefined && rank(people.permission) >= rank(among.permission));
  return (
    allowed &&
    isSubset(people.users, among.users) &&
    isSubset(people.teams, among.teams) &&
    isSubset(people.organizations, among.organizations)
  );
}
