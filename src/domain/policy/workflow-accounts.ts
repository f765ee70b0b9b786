/** Standard changes whose maker is whoever may push a workflow: what they may touch, and the notes on them. */

import { isWorkflowAccount } from "./file/waivers-and-freezes.ts";
import type { PolicyProblem } from "./file/parse.ts";
import type { PolicyFile } from "./file/policy.ts";

/** Kinds of file that are only read, by the end of their name. */
const TEXTS =
  /\.(?:md|markdown|rst|adoc|txt|csv|tsv|po|pot|xlf|xliff|strings|png|jpe?g|gif|webp|ico|pdf|json)$/iu;

/** Texts without an end to their name. */
const NAMED = /^(?:changelog|readme|license|licence|notice|authors|contributors|version)$/iu;

/** Names under which tools look for what to install, build or run. */
const CHOOSES =
  /(?:^\.|^package|^npm-|^composer|^deno|^bower|^lerna|^project|^manifest|^requirements|^constraints|^cmakelists|lock|config|rc\.json$|settings)/iu;

/**
 * Returns whether a file is known to be a text that neither runs nor chooses what runs. A workflow, manifest, lockfile
 * or script is none, nor is a file of unknown kind.
 */
export function isOnlyText(path: string): boolean {
  const parts = path.split("/");
  const name = parts.at(-1) ?? "";
  // A folder that begins with a dot belongs to some tool.
  if (parts.some((part) => part.startsWith("."))) return false;
  if (NAMED.test(name)) return true;
  return TEXTS.test(name) && !CHOOSES.test(name);
}

/** Returns a note for each standard change that is made by whoever may push a workflow. */
export function workflowAccountNotes(
  file: Pick<PolicyFile, "standard-changes">,
  lineOf: (path: readonly PropertyKey[]) => PolicyProblem,
): readonly PolicyProblem[] {
  return (file["standard-changes"] ?? []).flatMap(({ by }, index) =>
    by.flatMap((maker, at) => {
      if (!isWorkflowAccount(maker)) return [];
      const path = ["standard-changes", index, "by", at];
      const message = `${path.join(".")}: github-actions is whoever may push a workflow; so this holds only for texts and data, and for no workflow, manifest, lockfile or script`;
      return [{ ...lineOf(path), message }];
    }),
  );
}
