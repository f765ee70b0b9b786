import { randomInt } from "node:crypto";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

import { defineConfig } from "vitest/config";

import { FailuresAtOnce } from "./test/support/failures-at-once.ts";
import { LongestFirst } from "./test/support/longest-first.ts";

const { TEST_EFFORT = "sample", TEST_SEED } = process.env;

// The same sample each time; when everything is tested, what is made up is new each time.
const seed = TEST_SEED ?? String(TEST_EFFORT === "all" ? randomInt(2 ** 31) : 20_260_706);

/** The law of lag alone may be asked for whole, or in parts: see CONTRIBUTING.md. */
const isLong = TEST_EFFORT === "all" || Object.keys(process.env).some((name) => name.startsWith("LAG"));

/** Milliseconds. It ends what hangs. Nothing that only takes its time on a busy machine may come near it. */
const CEILING = isLong ? 14_400_000 : 600_000;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    tags: [
      {
        name: "long",
        description:
          "takes seconds, and a shorter test covers the like: `npm test` leaves it to `npm run test:each`",
      },
    ],
    setupFiles: ["test/support/seeded.ts"],
    globalSetup: ["test/support/effort-setup.ts", "test/support/postgres.ts"],
    env: {
      TEST_EFFORT,
      TEST_SEED: seed,
      // Nothing is tested with the settings of whoever tests it.
      COUNTERSIGN_ENV_FILE: "",
      // The programs that tests start compile what they load only once.
      NODE_COMPILE_CACHE: join(tmpdir(), "countersign-compile-cache"),
    },
    testTimeout: CEILING,
    hookTimeout: CEILING,
    expect: { poll: { timeout: CEILING } },
    pool: "forks",
    // Stories leave much garbage that is young: with more room for it, a twelfth less time goes by.
    execArgv: ["--max-semi-space-size=32"],
    // One process for many files: to load the App anew for each took as long as many of the tests.
    isolate: false,
    // Node runs the files as they are, like the App's: through Vite every use of an import is a call, a tenth of the time in all.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    maxWorkers: Math.max(2, availableParallelism()),
    ...(TEST_EFFORT === "all" ? { reporters: ["default", new FailuresAtOnce()] } : {}),
    sequence: { sequencer: LongestFirst },
  },
});
