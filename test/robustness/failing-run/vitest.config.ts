import { defineConfig } from "vitest/config";

import project from "../../../vitest.config.ts";

/** The project's own way to run tests, with one file that fails on purpose. */
export default defineConfig({
  test: { ...project.test, include: ["test/robustness/failing-run/fails.ts"], globalSetup: [] },
});
