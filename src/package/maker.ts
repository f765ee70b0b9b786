/** What makes packages: a package made by the same version is made again, word for word, when it is verified. */

import type { Maker } from "../domain/evidence/compare.ts";
import { renderStartHere } from "./start-here.ts";
import { VERIFY_SCRIPT } from "./verify-script.ts";
import { VERSION } from "./version.ts";

/** Holds this program, as it signs packages. */
export const MAKER: Maker & { readonly name: string } = {
  name: "countersign",
  version: VERSION,
  renderStartHere,
  verifyScript: VERIFY_SCRIPT,
};
