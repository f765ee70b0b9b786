/** A test that fails beside a program it started and did not stop. */

import { expect, test } from "vitest";

import { startDouble } from "../../../src/cli/scenario/harness/processes.ts";

test("fails", async () => {
  const double = await startDouble();
  expect(double).toBeNull();
});
