/** The request for one update of a branch, the same wherever it is sent. */

import { type RefUpdate } from "../../domain/change/change.ts";
import { NO_COMMIT } from "../../domain/change/sha.ts";
import { type Repository } from "../../domain/change/repository.ts";

/** Returns the variables of the query for what an update introduced. */
export function changeVariables(
  { owner, name }: Repository,
  { before, after }: Pick<RefUpdate, "before" | "after">,
): Readonly<Record<string, string>> {
  const from = before === NO_COMMIT ? after : before;
  return {
    owner,
    name,
    sha: after,
    workflows: `${after}:.github`,
    workflowsBefore: `${from}:.github`,
    submodules: `${after}:.gitmodules`,
    attributes: `${after}:.gitattributes`,
  };
}
