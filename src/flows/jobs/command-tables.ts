/** The tables of commands, by where they are given. */

import type { CommandTables } from "../commands/answer-command.ts";
import { DEVIATION_COMMANDS } from "../deviations/issue-commands.ts";
import { accept } from "../commands/accept.ts";
import { EMERGENCY_COMMENTS, REVIEW_COMMENTS } from "../commands/emergency.ts";
import { signOffMonth } from "../commands/sign-off.ts";
import { explain, recheck } from "../commands/explain.ts";
import { explainBypass } from "../deviations/explain-bypass.ts";

/** Lists every command on a pull request, and on a deviation's issue. */
export const COMMENT_COMMANDS: CommandTables = {
  pull: [...EMERGENCY_COMMENTS, ...REVIEW_COMMENTS, explainBypass, explain, recheck, accept],
  // The review owed after an emergency may also be given where it is asked for.
  deviation: [...REVIEW_COMMENTS, ...DEVIATION_COMMANDS],
  month: [signOffMonth],
};
