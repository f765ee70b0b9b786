/** `countersign emergency declare`, `authorise`, `withdraw`, `approve` and `reject`: given at a terminal under someone's login. */

import {
  emergencyAtTerminal,
  type TerminalEmergency,
  type TerminalEmergencyResult,
} from "../../flows/commands/emergency-at-terminal.ts";
import { openExistingLedger } from "../../ledger/open.ts";
import { UsageError, type Answer, type Terminal } from "../terminal/answer.ts";
import { installedOn, ownerAndName, toolsOn, type PastTools } from "../evidence/past-tools.ts";
import { appOnGitHub } from "../input/github.ts";
import { settingsFrom } from "../input/settings.ts";

/** Describes what is typed. */
export interface EmergencyOptions {
  readonly repo: string;
  readonly pull?: number;
  readonly environment?: string;
  readonly commit?: string;
  readonly reason?: string;
  readonly as: string;
}

/** Gives the command; code 1 with the reason where it is refused. The server does on GitHub what follows. Throws {@link UsageError}, {@link ExternalError}. */
export async function actOnEmergency(
  terminal: Terminal,
  act: TerminalEmergency["act"],
  options: EmergencyOptions,
  how: PastTools,
): Promise<Answer> {
  const target = ownerAndName(options.repo);
  const given: TerminalEmergency = { act, ...subjectOf(options), text: options.reason ?? "", as: options.as };
  const settings = settingsFrom(terminal);
  const ledger = await openExistingLedger(settings.store);
  try {
    const tools = toolsOn(
      ledger,
      settings.appId,
      appOnGitHub(settings, { ...how, importance: "emergency" }).octokits,
      terminal,
      how,
    );
    const [repo] = await installedOn(tools, target);
    if (repo === undefined) throw new UsageError(`The App is not installed on ${options.repo}.`);
    const result = await emergencyAtTerminal(repo, given);
    return answerOf(result);
  } finally {
    await ledger.close();
  }
}

/** Returns the answer to what came of a command: a paragraph is a line of its own. */
export function answerOf(result: TerminalEmergencyResult): Answer {
  const text = result.refused ?? result.says;
  return { code: result.refused === null ? 0 : 1, lines: text.split(/\n+/u), data: result };
}

function subjectOf({
  pull,
  environment,
  commit,
}: EmergencyOptions): Pick<TerminalEmergency, "pull" | "deployment"> {
  const isDeployment = environment !== undefined && commit !== undefined;
  if (pull !== undefined && environment === undefined && commit === undefined)
    return { pull, deployment: null };
  if (pull === undefined && isDeployment) return { pull: null, deployment: { environment, commit } };
  throw new UsageError("Name what it is for: --pull 7, or --environment production --commit SHA.");
}
