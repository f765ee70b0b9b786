import { randomInt } from "node:crypto";

import { defineConfig } from "vitest/config";

const { TEST_EFFORT = "sample", TEST_SEED } = process.env;

// The same sample each time; when everything is tested, what is made up is new each time.
const seed = TEST_SEED ?? String(TEST_EFFORT === "all" ? randomInt(2 ** 31) : 20_260_706);

/** Milliseconds. */
const CEILING = TEST_EFFORT === "all" ? 3_600_000 : 600_000;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/effort-setup.ts", "test/support/postgres.ts"],
    env: { TEST_EFFORT, TEST_SEED: seed },
    // They end what hangs. Nothing that only takes its time on a busy machine may come near them.
    testTimeout: CEILING,
    hookTimeout: CEILING,
    pool: "forks",
    // Stories on PostgreSQL mostly wait for it: a third worker has the time.
    maxWorkers: 3,
  },
});
