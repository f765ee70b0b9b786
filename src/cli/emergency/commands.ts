/** The rows of `countersign emergency` in the table of commands. */

import { EMERGENCY_COMMANDS } from "../../domain/emergency/commands.ts";
import { EMERGENCY_COMMAND_NAMES, type EmergencyCommandName } from "../../domain/emergency/voice.ts";
import {
  defineCommand,
  count,
  type BareCommand,
  type CommandGroup,
  type TerminalCommand,
  type CommandContext,
} from "../terminal/command.ts";
import type { EmergencyOptions } from "./act.ts";

const LIST = defineCommand({
  name: "list",
  summary: "List emergencies that are open or owe a review; exit code 1 if a review is overdue.",
  examples: ["emergency list", "emergency list --all --json"],
  options: (command) =>
    command
      .option("--all", "include those that are over")
      .option("--org <login>", "the organisation; needed when the log holds several"),
  run: async ({ store, now }, options) => {
    const { listEmergencies } = await import("./list.ts");
    return listEmergencies(await store(), options, now());
  },
});

function target(command: BareCommand) {
  return command
    .requiredOption("--repo <owner/name>", "the repository")
    .option("--pull <number>", "the pull request", count)
    .option("--environment <name>", "without a pull request: the environment")
    .option("--commit <sha>", "without a pull request: the deployed commit")
    .requiredOption(
      "--as <login>",
      "the GitHub login of whoever decided this; it is recorded under that name",
    );
}

function noted(command: BareCommand) {
  return target(command).option("--reason <text>", "a note");
}

function reasoned(command: BareCommand) {
  return target(command).requiredOption("--reason <text>", "why");
}

function act(name: EmergencyCommandName): TerminalCommand {
  const { help, reason } = EMERGENCY_COMMANDS[name];
  const { said, as } = EXAMPLES[name];
  const text = said === null ? "" : `--reason "${said}" `;
  const declared = {
    name,
    summary: `${help.slice(0, 1).toUpperCase()}${help.slice(1)}.`,
    examples: [
      `emergency ${name} --repo acme/web --pull 7 ${text}--as ${as}`,
      `emergency ${name} --repo acme/web --environment production --commit 0123abc ${text}--as ${as}`,
    ],
    run: async ({ terminal, now }: CommandContext, given: EmergencyOptions) => {
      const { actOnEmergency } = await import("./act.ts");
      return actOnEmergency(terminal, name, given, { now });
    },
  };
  switch (reason) {
    case "none":
      return defineCommand({ ...declared, options: target });
    case "optional":
      return defineCommand({ ...declared, options: noted });
    case "required":
      return defineCommand({ ...declared, options: reasoned });
  }
}

const EXAMPLES: Readonly<
  Record<EmergencyCommandName, { readonly said: string | null; readonly as: string }>
> = {
  declare: { said: "the shop is down", as: "ann" },
  authorise: { said: null, as: "bob" },
  withdraw: { said: null, as: "ann" },
  approve: { said: null, as: "cat" },
  reject: { said: "it loses orders", as: "cat" },
};

/** Defines `countersign emergency`. */
export const EMERGENCY: CommandGroup = {
  name: "emergency",
  summary: "Declare, authorise, withdraw and review emergencies.",
  commands: [LIST, ...EMERGENCY_COMMAND_NAMES.map(act)],
};
