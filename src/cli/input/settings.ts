/** The settings of a command. */

import type { Settings } from "../../settings.ts";
import { readSealing, readSettings } from "../../settings.ts";
import type { Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";

/** Reads all settings from the environment. Throws UsageError listing every problem. */
export function settingsFrom({ env }: Pick<Terminal, "env">): Settings {
  const read = readSettings(env);
  if (read.ok) return read.settings;
  throw incomplete(read.problems);
}

/** Reads the settings that seal a package without GitHub. Throws UsageError listing every problem. */
export function sealingFrom({
  env,
}: Pick<Terminal, "env">): Pick<Settings, "github" | "signingKey" | "signingKeyFile" | "store"> {
  const read = readSealing(env);
  if (read.ok) return read.sealing;
  throw incomplete(read.problems);
}

function incomplete(problems: readonly string[]): UsageError {
  return new UsageError(["the settings are incomplete:", ...problems.map((each) => `  ${each}`)].join("\n"));
}
