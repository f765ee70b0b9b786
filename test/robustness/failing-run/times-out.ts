/** A test that is ended by its limit while a program that it started serves. */

import { test } from "vitest";

import { folderOfTest } from "../../support/folders.ts";
import { INHERITED, PROGRAM, start } from "../programs.ts";

test("times out", async () => {
  const child = start(PROGRAM, ["serve", "--setup"], {
    env: { ...INHERITED, PORT: "0", COUNTERSIGN_ENV_FILE: `${folderOfTest("times-out")}/.env` },
  });
  await new Promise((resolve) => child.once("exit", resolve));
});
