/** docs/evidence.md says what the code writes. */

import { expect, test } from "vitest";

import { evidencePage } from "../../scripts/evidence-docs.ts";

test("the column tables are fresh (node scripts/evidence-docs.ts writes them anew)", async () => {
  const { there, fresh } = await evidencePage();
  expect(there).toContain("### changes.csv");
  expect(there).toBe(fresh);
});
