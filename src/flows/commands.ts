/** The tables of commands, by where they are given. */

import type { CommandTables } from "./answer-command.ts";
<<<<<<< HEAD
import { DEVIATION_COMMANDS } from "./deviation-commands.ts";
=======
import { accept } from "./accept.ts";
>>>>>>> 6a06e08 (Let somebody entitled answer for what cannot be verified)
import { authorise, emergency, withdraw } from "./emergency-commands.ts";
import { signOffMonth } from "./sign-off.ts";
import { explain, recheck } from "./explain.ts";
import { explainBypass } from "./explain-bypass.ts";
import { approve, reject } from "./review-commands.ts";

/** Every command on a pull request, and on a deviation's issue. */
export const COMMANDS: CommandTables = {
<<<<<<< HEAD
  pull: [emergency, authorise, withdraw, approve, reject, explainBypass, explain, recheck],
  deviation: DEVIATION_COMMANDS,
=======
  pull: [emergency, authorise, withdraw, approve, reject, explainBypass, explain, recheck, accept],
  deviation: [],
>>>>>>> 6a06e08 (Let somebody entitled answer for what cannot be verified)
  month: [signOffMonth],
};
