/** The tables of commands, by where they are given. */

import type { CommandTables } from "./answer-command.ts";
import { signOffMonth } from "./sign-off.ts";
import { explain, recheck } from "./explain.ts";

/** Every command on a pull request, and on a deviation's issue. */
export const COMMANDS: CommandTables = {
  pull: [explain, recheck],
  deviation: [],
  month: [signOffMonth],
};
