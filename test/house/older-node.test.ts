import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { NEWER, reachedFrom } from "./older-node.ts";
import { ROOT } from "./syntax.ts";

test("packages are verified by nothing that Node 20 lacks", () => {
  const files = reachedFrom(join(ROOT, "src/cli/verify.ts"));
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => NEWER.test(readFileSync(file, "utf8")))).toEqual([]);
});
