/** The table of commands: one row each, in the order of `countersign --help`. */

import type { CommandGroup, TerminalCommand } from "./terminal/command.ts";
import { DEMO, SCENARIO } from "./demo/commands.ts";
import { DEVIATION } from "./deviation/commands.ts";
import { EMERGENCY } from "./emergency/commands.ts";
import {
  AUDIT,
  BACKFILL,
  DRAFT,
  EXPORT,
  PERIOD,
  READINESS,
  RECONCILE,
  SAMPLE,
  VERIFY,
} from "./evidence/commands.ts";
import { ASSESS, LOG } from "./log/commands.ts";
import { MONITORING } from "./monitoring/commands.ts";
import { POLICY, RULESET } from "./policy/commands.ts";
import { SETUP } from "./setup/commands.ts";
import { COMPLETION, DELIVERIES, DOCTOR, RECHECK, REPORT_DEPLOYMENT, SERVE } from "./server/commands.ts";

/** Lists all commands of `countersign`. */
export const TERMINAL_COMMANDS: readonly (TerminalCommand | CommandGroup)[] = [
  SETUP,
  SERVE,
  DEMO,
  SCENARIO,
  EXPORT,
  PERIOD,
  AUDIT,
  BACKFILL,
  RECONCILE,
  VERIFY,
  SAMPLE,
  LOG,
  POLICY,
  ASSESS,
  RULESET,
  RECHECK,
  MONITORING,
  DEVIATION,
  EMERGENCY,
  READINESS,
  REPORT_DEPLOYMENT,
  DRAFT,
  DELIVERIES,
  DOCTOR,
  COMPLETION,
];
