/** The tables of commands, by where they are given. */

import type { CommandTables } from "./answer-command.ts";
import { DEVIATION_COMMANDS } from "./deviation-commands.ts";
import { accept } from "./accept.ts";
import { authorise, emergency, withdraw } from "./emergency-commands.ts";
import { signOffMonth } from "./sign-off.ts";
import { explain, recheck } from "./explain.ts";
import { explainBypass } from "./explain-bypass.ts";
import { approve, reject } from "./review-commands.ts";

/** Every command on a pull request, and on a deviation's issue. */
export const COMMANDS: CommandTables = {
  pull: [emergency, authorise, withdraw, approve, reject, explainBypass, explain, recheck, accept],
  // The review owed after an emergency may also be given where it is asked for.
  deviation: [approve, reject, ...DEVIATION_COMMANDS],
  month: [signOffMonth],
};
