/** The table of an emergency's life: which event, caused by whom, leads from which state to which. Everything else is refused. */

import { transition, type TransitionTable } from "../values/transitions.ts";
import type { EmergencyState } from "../records/emergency.ts";
import { isIndependent, type Eligibility } from "./eligibility.ts";

/** Lists what can happen to an emergency. The last three are nobody's command: a push, time, and its use. */
export const EMERGENCY_EVENTS = [
  "flag",
  "declare",
  "authorise",
  "confirm",
  "withdraw",
  "push",
  "expire",
  "use",
] as const;

/** Describes one event. `flag` opens without a reason: a label, or the button. `confirm`: another person confirms what one authorised alone. */
export type EmergencyEvent = (typeof EMERGENCY_EVENTS)[number];

/**
 * Lists as what someone acts. `authoriser`: entitled, and with no part in it. `giver`: who authorised it. `lone`: one with a part in
 * it, where the policy lets people act alone. `fact`: something that happened.
 */
export const EMERGENCY_ROLES = ["writer", "declarer", "authoriser", "giver", "lone", "fact"] as const;

/** Describes one role. */
export type EmergencyRole = (typeof EMERGENCY_ROLES)[number];

const WITHDRAWERS: readonly EmergencyRole[] = ["declarer", "authoriser", "giver"];

/** Lists every transition there is; from null: no emergency is open. */
export const EMERGENCY_TRANSITIONS: TransitionTable<EmergencyState, EmergencyEvent, EmergencyRole> = {
  flag: [{ from: [null], to: "awaiting-reason", needs: ["writer", "fact"] }],
  declare: [{ from: [null, "awaiting-reason"], to: "waiting", needs: ["writer"] }],
  authorise: [{ from: ["waiting"], to: "authorised", needs: ["authoriser", "lone"] }],
  confirm: [{ from: ["authorised", "used"], to: "same", needs: ["authoriser"] }],
  withdraw: [
    // The label that opened it was taken off.
    { from: ["awaiting-reason"], to: "withdrawn", needs: [...WITHDRAWERS, "fact"] },
    { from: ["waiting", "authorised"], to: "withdrawn", needs: WITHDRAWERS },
  ],
  push: [{ from: ["authorised"], to: "waiting", needs: ["fact"] }],
  expire: [{ from: ["awaiting-reason", "waiting", "authorised"], to: "expired", needs: ["fact"] }],
  // Another change may land under it, and a merge before its end may be learnt after it.
  use: [{ from: ["authorised", "used", "withdrawn", "expired"], to: "used", needs: ["fact"] }],
};

/** Returns whether these roles allow an event now. `record` null: no emergency is open. */
export function allows(
  record: { readonly status: EmergencyState } | null,
  event: EmergencyEvent,
  roles: readonly EmergencyRole[],
): boolean {
  return transition(EMERGENCY_TRANSITIONS, record?.status ?? null, event, roles).refused === null;
}

/** Returns the roles someone has in an emergency. `alone`: the policy lets them, here and now, act alone. */
export function emergencyRolesOf(eligibility: Eligibility, alone: boolean): readonly EmergencyRole[] {
  const { writes, entitled, declared, authorised } = eligibility;
  const roles: EmergencyRole[] = [];
  if (writes === "yes") roles.push("writer");
  if (declared) roles.push("declarer");
  if (authorised) roles.push("giver");
  else if (entitled === "yes" && isIndependent(eligibility)) roles.push("authoriser");
  if (alone && !isIndependent(eligibility)) roles.push("lone");
  return roles;
}
