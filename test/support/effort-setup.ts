/** Says before the first test how much is tested and by which seed, so that any run can be repeated. */

import type { TestProject } from "vitest/node";

/** Run by vitest before all tests. */
export function setup({ config }: TestProject): void {
  const { TEST_EFFORT, TEST_SEED } = config.env;
  console.log(`TEST_EFFORT=${TEST_EFFORT} TEST_SEED=${TEST_SEED}`);
}
