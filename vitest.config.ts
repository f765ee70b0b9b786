import { randomInt } from "node:crypto";

import { defineConfig } from "vitest/config";

const { TEST_EFFORT = "sample", TEST_SEED } = process.env;

// The same sample each time; when everything is tested, what is made up is new each time.
const seed = TEST_SEED ?? String(TEST_EFFORT === "all" ? randomInt(2 ** 31) : 20_260_706);

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/effort-setup.ts", "test/support/postgres.ts"],
    env: { TEST_EFFORT, TEST_SEED: seed },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    // Stories on PostgreSQL mostly wait for it: a third worker has the time.
    maxWorkers: 3,
  },
});
