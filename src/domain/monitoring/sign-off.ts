/** Who may sign a month of a control off: one rule, for comments, terminal and pages. */

import { ownerMeant } from "../policy/file/names.ts";
import type { Policy } from "../policy/file/policy.ts";
import type { MonthlyReviewRecord } from "../records/monitoring.ts";
import type { ControlName } from "../values/result.ts";
import { ownerOf } from "./monthly.ts";

/** Names whoever signs. `id` null: a terminal named them. */
export interface Signer {
  readonly id: number | null;
  readonly login: string;
}

/** Names the owner of a control, and GitHub's id of the account that was meant; null: nobody, or not known. */
export type ControlOwner = Pick<MonthlyReviewRecord, "owner" | "ownerId">;

/** Describes who may sign one month of a control off. */
export interface Signers {
  /** Who was asked; without a review on record, whom the policy names. */
  readonly asked: ControlOwner;
  /** Whom the policy names now in place of the owner who was asked; null: nobody else. */
  readonly successor: ControlOwner | null;
}

/** Holds what names the owners of controls. */
export type OwnersPolicy = Pick<Policy, "controls" | "monitoring" | "names">;

/** Returns who may sign a month off. `review`: as it is on record; null: nobody was asked yet. */
export function signersOf(
  review: ControlOwner | null,
  policy: OwnersPolicy | null,
  control: ControlName,
): Signers {
  const owner = policy === null ? null : ownerOf(policy, control);
  const named = { owner, ownerId: owner === null ? null : (ownerMeant(policy?.names, owner) ?? null) };
  const asked = review ?? named;
  const isOther =
    asked.owner !== null && named.owner !== null && asked.owner.toLowerCase() !== named.owner.toLowerCase();
  return { asked, successor: isOther ? named : null };
}

/** Returns whether someone may sign it off. */
export function maySignOff({ asked, successor }: Signers, by: Signer): boolean {
  return isOwnerOf(asked, by) || (successor !== null && isOwnerOf(successor, by));
}

/** It goes by id, and by login only where no id is known or a terminal named someone. What nobody owns is for a terminal. */
function isOwnerOf({ owner, ownerId }: ControlOwner, by: Signer): boolean {
  if (owner === null) return by.id === null;
  if (ownerId !== null && by.id !== null) return ownerId === by.id;
  return owner.toLowerCase() === by.login.toLowerCase();
}
