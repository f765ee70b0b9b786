/** What to make of a check, in the words that the terminal and verify.html share. */

import type { Verification } from "./verify.ts";

/** Holds what a package without defects does not show where its signer was not compared. */
export const SIGNER_UNKNOWN =
  "This proves nothing about who signed: compare the fingerprint with one you got elsewhere";

/** Returns whether every check that could be made ended, and found no defect. */
export function isWhole({ defects, brokeOff }: Verification): boolean {
  return defects.length === 0 && brokeOff === null;
}

/** Returns the sentence that sums up a check. */
export function conclusionOf(found: Verification): string {
  const { checks, defects, brokeOff, files } = found;
  if (defects.length > 0)
    return `${defects.length === 1 ? "1 defect" : `${defects.length} defects`} found: do not rely on this package.`;
  if (brokeOff !== null)
    return `The check broke off, so that this package is shown neither whole nor damaged: ${brokeOff}.`;
  const isCompared = checks.some(({ id, state }) => id === "log" && state === "passed");
  const compared = isCompared ? ", and their rows and pages are what the log inside gives" : "";
  return `The package is whole: ${files} files are as they were when it was sealed${compared}.`;
}

/** Returns which package of the period was handed over. Only a whole package has lines: they are what its log gives. */
export function closingLines(found: Verification): readonly string[] {
  const { closing, seal } = found;
  if (closing === null || seal === null || !isWhole(found)) return [];
  return [
    closing.says,
    ...(closing.made_as === "export"
      ? []
      : [
          `Compare the SHA-256 of its manifest.dsse.json with countersign period list, or with a later package: ${seal}`,
        ]),
  ];
}
