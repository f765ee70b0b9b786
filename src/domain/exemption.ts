/** Exemptions: controls a policy gives up for a repository for a time, where somebody duly approved that. */

import type { Instant } from "./change.ts";
import { entryId } from "./policy/brought.ts";
import { matchesAny } from "./policy/glob.ts";
import type { Exemption } from "./policy/leave.ts";
import type { Policy } from "./policy/policy.ts";
import { hasExpired } from "./policy/turns.ts";
import type { ControlName } from "./result.ts";
import { oneLine } from "./wording.ts";

/** One exemption that names a repository: it gives leave, or it is said why not. */
export interface GivenUp {
  readonly id: string;
  readonly exemption: Exemption;
  readonly controls: readonly ControlName[];
  readonly gives: boolean;
  /** A sentence: who gave it and until when, or why it gives no leave. */
  readonly because: string;
}

/** Every exemption for a repository (by its name) as of `at`. */
export function exemptionsFor(policy: Policy, repository: string, at: Instant): readonly GivenUp[] {
  return policy.exemptions
    .filter((exemption) => matchesAny([exemption.repository], repository, "lets"))
    .map((exemption) => {
      const id = entryId(exemption);
      const { controls, reason, expires } = exemption;
      const say = (gives: boolean, because: string): GivenUp => ({ id, exemption, controls, gives, because });
      const given = policy.names?.brought.find((each) => each.entry === id);
      if (hasExpired(expires, policy, at)) return say(false, `the exemption ended on ${expires}`);
      if (given?.state !== "approved") {
        const why = given?.because ?? "who approved it cannot be told here";
        return say(false, `the exemption gives no leave: ${why}`);
      }
      return say(true, `exempted until ${expires} (${oneLine(reason)}), ${given.because}`);
    });
}
