/** The commands of an emergency at a terminal: given by an operator in the name of whoever decides, under their login. */

import type { Repo } from "../context/repo.ts";
import { EMERGENCY_COMMANDS } from "../../domain/emergency/commands.ts";
import type { EmergencyCommandName, Rendering } from "../../domain/emergency/voice.ts";
import { clipped, oneLine, short } from "../../domain/texts/wording.ts";
import { applyEmergencyCommand, type EmergencyPlace } from "./apply-emergency-command.ts";

/** Describes a command given at a terminal: for one pull request, or for one commit in one environment. */
export interface TerminalEmergency {
  readonly act: EmergencyCommandName;
  readonly pull: number | null;
  readonly deployment: { readonly environment: string; readonly commit: string } | null;
  /** The reason, or the note of a review; empty where there is none. */
  readonly text: string;
  /** The login of the person who decides. */
  readonly as: string;
}

/** Describes the result. */
export type TerminalEmergencyResult =
  | { readonly says: string; readonly emergency: string | null; readonly refused: null }
  | { readonly refused: string };

const LOGIN = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/u;
const LONGEST_REASON = 1_000;

/** Applies and records a command by the rules of GitHub; the login stands for the account it names there now. Throws {@link ExternalError}. */
export async function emergencyAtTerminal(
  repo: Repo,
  given: TerminalEmergency,
): Promise<TerminalEmergencyResult> {
  const by = LOGIN.test(given.as) ? await repo.github.account(given.as) : null;
  if (by?.type !== "User") return { refused: `GitHub has no person called “${oneLine(given.as)}”.` };
  const place = await placeOf(repo, given);
  if ("refused" in place) return place;
  const at = repo.now();
  const { outcome, reply, emergency, ...decision } = await applyEmergencyCommand(repo, given.act, {
    place,
    by,
    attribution: { by, at, via: "terminal" },
    source: sourceOf(place, at),
    text: clipped(oneLine(given.text), LONGEST_REASON),
  });
  const says = reply(terminalRendering(repo, place));
  if (outcome === "refused") return { refused: says };
  await repo.commit(decision);
  return { says, emergency, refused: null };
}

async function placeOf(
  repo: Repo,
  { pull, deployment }: TerminalEmergency,
): Promise<EmergencyPlace | { readonly refused: string }> {
  if (pull !== null) return { kind: "pull", number: pull };
  if (deployment === null) return { refused: "Name a pull request (--pull), or --environment and --commit." };
  const { environment, commit } = deployment;
  const sha = await repo.github.commit(commit);
  return sha === null
    ? { refused: `GitHub has no commit ${oneLine(commit)} in this repository.` }
    : { kind: "deployment", environment, sha };
}

/** Names what was typed: the same moment is the same command. */
function sourceOf(place: EmergencyPlace, at: number): string {
  return place.kind === "pull"
    ? `terminal:${at}`
    : `terminal:${place.environment.toLowerCase()}:${place.sha}:${at}`;
}

/** Renders a reply for a terminal: text as it is, on one line, and commands as they are typed. */
function terminalRendering({ info: { owner, name } }: Repo, place: EmergencyPlace): Rendering {
  const where =
    place.kind === "pull"
      ? `--pull ${place.number}`
      : `--environment ${oneLine(place.environment)} --commit ${short(place.sha)}`;
  return {
    text: oneLine,
    command(act) {
      const reason = EMERGENCY_COMMANDS[act].reason === "required" ? " --reason TEXT" : "";
      return `countersign emergency ${act} --repo ${owner}/${name} ${where}${reason} --as LOGIN`;
    },
  };
}
