/** docs/evidence.md says what the code writes. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { format, resolveConfig } from "prettier";
import { expect, test } from "vitest";

import { sha256 } from "../../src/domain/digest.ts";
import { evidenceReference, GENERATED } from "../../src/domain/evidence/docs.ts";
import { VERIFY_SCRIPT } from "../../src/package/verify-script.ts";

test("the column tables are fresh (node scripts/evidence-docs.ts writes them anew)", async () => {
  const path = join(import.meta.dirname, "../../docs/evidence.md");
  const text = await readFile(path, "utf8");
  const fresh = `${GENERATED.begin}\n${evidenceReference(sha256(VERIFY_SCRIPT))}\n${GENERATED.end}\n`;
  const formatted = await format(fresh, { ...(await resolveConfig(path)), parser: "markdown" });
  expect(text.slice(text.indexOf(GENERATED.begin))).toBe(formatted);
});
