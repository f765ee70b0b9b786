/** Exemptions: controls waived for a repository for a time, where someone duly approved that. */

import type { Repository } from "../change/repository.ts";
import { entryId } from "./entry-provenance.ts";
import { isGlob, matchesAny } from "../patterns/glob.ts";
import type { Exemption } from "./file/waivers-and-freezes.ts";
import type { Policy } from "./file/policy.ts";
import { hasExpired } from "./boundaries.ts";
import type { ControlName } from "../values/result.ts";
import { oneLine } from "../texts/wording.ts";
import type { Instant } from "../time/instant.ts";

/** Describes one exemption that names a repository, and whether it is valid or why not. */
export interface ExemptedControl {
  readonly id: string;
  readonly exemption: Exemption;
  readonly controls: readonly ControlName[];
  readonly gives: boolean;
  /** It fits only the repository's present name. */
  readonly isForAnother: boolean;
  /** A sentence: who gave it and until when, or why it waives nothing. */
  readonly because: string;
}

/** Lists every exemption for a repository as of `at`, and those that match only its present name. */
export function exemptionsFor(
  policy: Policy,
  repository: Pick<Repository, "id" | "name">,
  at: Instant,
): readonly ExemptedControl[] {
  return policy.exemptions
    .map((exemption) => ({ exemption, means: meansOf(policy, exemption, repository) }))
    .filter(({ means }) => means !== "another")
    .map(({ exemption, means }) => {
      const id = entryId(exemption);
      const { controls, reason, expires } = exemption;
      const isForAnother = means === "name-only";
      const say = (gives: boolean, because: string): ExemptedControl => {
        return { id, exemption, controls, gives, isForAnother, because };
      };
      if (isForAnother)
        return say(
          false,
          `the exemption of ${oneLine(exemption.repository)} does not apply: it was given for another repository, which had this name then`,
        );
      const given = policy.names?.brought.find((each) => each.entry === id);
      if (hasExpired(expires, policy, at)) return say(false, `the exemption ended on ${expires}`);
      if (given?.state !== "approved") {
        const why = given?.because ?? "who approved it cannot be verified here";
        return say(false, `the exemption does not apply: ${why}`);
      }
      return say(true, `exempted until ${expires} (${oneLine(reason)}), ${given.because}`);
    });
}

/**
 * Whether an exemption means a repository: it follows the repository it was given for, whatever that is called since. A
 * repository created since matches by a glob; a name alone never passes an exemption on.
 */
function meansOf(
  policy: Policy,
  exemption: Exemption,
  { id, name }: Pick<Repository, "id" | "name">,
): "this" | "name-only" | "another" {
  const fits = matchesAny([exemption.repository], name, "lets");
  const pinned = policy.names?.repositories?.find(({ entry }) => entry === entryId(exemption));
  if (pinned === undefined) return fits ? "this" : "another";
  if (pinned.meant.includes(id)) return "this";
  if (!fits) return "another";
  return isGlob(exemption.repository) && !pinned.known.includes(id) ? "this" : "name-only";
}
