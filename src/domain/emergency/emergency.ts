/** The table of an emergency's life: which act of whom leads from which state to which. Everything not in it is refused. */

import type { EmergencyState } from "./exception.ts";
import { isIndependent, type Standing } from "./standing.ts";

/** What can be done to an emergency. The last three are nobody's command: a push, time, and its use. */
export const ACTS = ["flag", "declare", "authorise", "confirm", "withdraw", "push", "expire", "use"] as const;

/** One act. `flag` opens without a reason: a label, or the button. `confirm`: another person stands by what one authorised alone. */
export type Act = (typeof ACTS)[number];

/**
 * As what somebody acts. `authoriser`: entitled, and with no part in it. `giver`: who authorised it. `lone`: one with a part in
 * it, where the policy lets people act alone. `fact`: something that happened.
 */
export const ROLES = ["writer", "declarer", "authoriser", "giver", "lone", "fact"] as const;

/** One role. */
export type Role = (typeof ROLES)[number];

/** One allowed transition; `from` null: no emergency is open. */
export interface Transition {
  readonly from: EmergencyState | null;
  readonly act: Act;
  readonly by: readonly Role[];
  readonly to: EmergencyState;
}

/** Every transition there is. */
export const TRANSITIONS: readonly Transition[] = [
  { from: null, act: "flag", by: ["writer", "fact"], to: "awaiting-reason" },
  { from: null, act: "declare", by: ["writer"], to: "waiting" },
  { from: "awaiting-reason", act: "declare", by: ["writer"], to: "waiting" },
  {
    from: "awaiting-reason",
    act: "withdraw",
    by: ["declarer", "authoriser", "giver", "fact"],
    to: "withdrawn",
  },
  { from: "waiting", act: "authorise", by: ["authoriser", "lone"], to: "authorised" },
  { from: "waiting", act: "withdraw", by: ["declarer", "authoriser", "giver"], to: "withdrawn" },
  { from: "authorised", act: "withdraw", by: ["declarer", "authoriser", "giver"], to: "withdrawn" },
  { from: "authorised", act: "push", by: ["fact"], to: "waiting" },
  { from: "awaiting-reason", act: "expire", by: ["fact"], to: "expired" },
  { from: "waiting", act: "expire", by: ["fact"], to: "expired" },
  { from: "authorised", act: "expire", by: ["fact"], to: "expired" },
  { from: "authorised", act: "use", by: ["fact"], to: "used" },
  { from: "authorised", act: "confirm", by: ["authoriser"], to: "authorised" },
  { from: "used", act: "confirm", by: ["authoriser"], to: "used" },
];

/** Where an act leads, or null where the table knows no such transition. */
export function leadsTo(
  from: EmergencyState | null,
  act: Act,
  roles: readonly Role[],
): EmergencyState | null {
  const found = TRANSITIONS.find(
    (each) => each.from === from && each.act === act && each.by.some((role) => roles.includes(role)),
  );
  return found?.to ?? null;
}

/** As what somebody may act. `alone`: whether the policy lets them, here and now, act alone. */
export function rolesOf(standing: Standing, alone: boolean): readonly Role[] {
  const { writes, entitled, declared, authorised } = standing;
  const roles: Role[] = [];
  if (writes === "yes") roles.push("writer");
  if (declared) roles.push("declarer");
  if (authorised) roles.push("giver");
  else if (entitled === "yes" && isIndependent(standing)) roles.push("authoriser");
  if (alone && !isIndependent(standing)) roles.push("lone");
  return roles;
}
