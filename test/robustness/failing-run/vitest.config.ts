import { defineConfig } from "vitest/config";

import project from "../../../vitest.config.ts";

/** The project's own way to run tests, with a test that fails on purpose and one that is ended by its limit. */
export default defineConfig({
  test: {
    ...project.test,
    include: ["test/robustness/failing-run/{fails,times-out}.ts"],
    globalSetup: [],
    testTimeout: 5_000,
  },
});
