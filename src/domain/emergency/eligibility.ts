/** Who may act in an emergency: by their rights, and by their own part in it. */

import type { PullRequest } from "../change/pull-request.ts";
import { contributorsOf, makersOf, stayedOut } from "../approval/contribution/contributors.ts";
import { entitlementOf } from "../approval/entitlement.ts";
import { isSamePerson, type AccountName, type IdentityPolicy } from "../policy/identity.ts";
import type { People } from "../policy/file/people.ts";
import type { Actor, Authority } from "../change/people.ts";
import { type Certainty } from "../values/certainty.ts";

/** Returns whether an account worked on a pull request, itself or through another account of the same person. */
export function contributed(
  pull: PullRequest,
  actor: Actor,
  policy: IdentityPolicy,
): { readonly is: Certainty; readonly as: Actor | null } {
  const known = contributorsOf(pull).find((each) => isSamePerson(policy, each.actor, actor));
  if (known !== undefined) return { is: "yes", as: known.actor };
  // Of one that nobody can read, and whose commits are not known, anyone may have made some.
  if (pull.unread !== undefined && !pull.commitsComplete) return { is: "unknown", as: null };
  const out = stayedOut(pull, makersOf(pull), actor.id);
  return { is: out === "yes" ? "no" : out === "no" ? "yes" : "unknown", as: null };
}

/** Describes what is known of someone's rights and their own part in an emergency. */
export interface Eligibility {
  /** May write to the repository. */
  readonly writes: Certainty;
  /** Is among those the act is left to. */
  readonly entitled: Certainty;
  readonly contributed: Certainty;
  /** Opened or declared it, or is the same person as who did. */
  readonly declared: boolean;
  /** Authorised it, or is the same person as who did. */
  readonly authorised: boolean;
}

/** Returns someone's eligibility by their rights as read. `among`: those the act is left to; `authority` null: not read. */
export function eligibilityOf(facts: {
  readonly actor: Actor;
  readonly authority: Authority | null;
  readonly among: People;
  readonly pull: PullRequest | null;
  /** Without a pull request: who shaped what is deployed, as far as known; null: not known. */
  readonly makers?: readonly AccountName[] | null;
  readonly declarers: readonly Actor[];
  readonly authoriser: Actor | null;
  readonly policy: IdentityPolicy;
}): Eligibility {
  const { actor, authority, among, pull, makers = [], declarers, authoriser, policy } = facts;
  const same = (other: Actor): boolean => isSamePerson(policy, other, actor);
  return {
    writes: entitlementOf({ permission: "write" }, authority),
    entitled: entitlementOf(among, authority),
    contributed:
      pull !== null
        ? contributed(pull, actor, policy).is
        : makers === null
          ? "unknown"
          : makers.some((maker) => isSamePerson(policy, maker, actor))
            ? "yes"
            : "no",
    declared: declarers.some(same),
    authorised: authoriser !== null && same(authoriser),
  };
}

/** Returns whether someone had no part in it. */
export function isIndependent(eligibility: Eligibility): boolean {
  return eligibility.contributed === "no" && !eligibility.declared;
}
