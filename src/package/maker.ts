/** What makes packages: a package made by the same version is made again, word for word, when it is verified. */

import type { RowMaker } from "../domain/evidence/verify/compare-with-log.ts";
import { csvText } from "./csv.ts";
import { renderStartHere } from "./start-here/start-here.ts";
import { VERIFY_SCRIPT } from "./verify-script.ts";
import { VERSION } from "./version.ts";

/** Holds this program, as it signs packages. */
export const MAKER: RowMaker & { readonly name: string } = {
  name: "countersign",
  version: VERSION,
  renderStartHere,
  verifyScript: VERIFY_SCRIPT,
  csv: csvText,
};
