/** The settings for a command, or wrong use with every problem at once. */

import type { Settings } from "../settings.ts";
import { readSettings } from "../settings.ts";
import type { Terminal } from "./answer.ts";
import { Misuse } from "./answer.ts";

/** Reads all settings from the environment. Throws Misuse listing every problem. */
export function settingsFrom({ env }: Pick<Terminal, "env">): Settings {
  const read = readSettings(env);
  if (read.ok) return read.settings;
  throw new Misuse(
    ["the settings are not complete:", ...read.problems.map((each) => `  ${each}`)].join("\n"),
  );
}
