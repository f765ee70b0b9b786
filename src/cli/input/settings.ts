/** The settings for a command, or wrong use with every problem at once. */

import type { Settings } from "../../settings.ts";
import { readSealing, readSettings } from "../../settings.ts";
import type { Terminal } from "../terminal/answer.ts";
import { Misuse } from "../terminal/answer.ts";

/** Reads all settings from the environment. Throws Misuse listing every problem. */
export function settingsFrom({ env }: Pick<Terminal, "env">): Settings {
  const read = readSettings(env);
  if (read.ok) return read.settings;
  throw incomplete(read.problems);
}

/** Reads what it takes to seal a package without asking GitHub. Throws Misuse listing every problem. */
export function sealingFrom({
  env,
}: Pick<Terminal, "env">): Pick<Settings, "github" | "signingKey" | "store"> {
  const read = readSealing(env);
  if (read.ok) return read.sealing;
  throw incomplete(read.problems);
}

function incomplete(problems: readonly string[]): Misuse {
  return new Misuse(["the settings are not complete:", ...problems.map((each) => `  ${each}`)].join("\n"));
}
