/** The rows of `countersign emergency` in the table of commands. */

import { InvalidArgumentError, type Command } from "@commander-js/extra-typings";
import type { TERMINAL_ACTS } from "../flows/emergency-at-terminal.ts";
import {
  command,
  type BareCommand,
  type CommandGroup,
  type CommandRow,
  type CommonOptions,
} from "./command.ts";
import type { EmergencyOptions } from "./emergency-act.ts";

const LIST = command({
  name: "list",
  summary: "List emergencies that are open or owe a review; exit code 1 if a review is overdue.",
  examples: ["emergency list", "emergency list --all --json"],
  options: (command) =>
    command
      .option("--all", "include those that are over")
      .option("--org <login>", "the organisation; needed when the log holds several"),
  run: async ({ store, now }, options) => {
    const { listEmergencies } = await import("./emergency.ts");
    return listEmergencies(await store(), options, now());
  },
});

function target(command: BareCommand) {
  return command
    .requiredOption("--repo <owner/name>", "the repository")
    .option("--pull <number>", "the pull request", pullNumber)
    .option("--environment <name>", "without a pull request: the environment")
    .option("--commit <sha>", "without a pull request: the deployed commit")
    .requiredOption("--as <login>", "who does it");
}

function act<Options extends CommonOptions & { readonly [K in keyof EmergencyOptions]: EmergencyOptions[K] }>(
  name: (typeof TERMINAL_ACTS)[number],
  summary: string,
  example: string,
  options: (command: BareCommand) => Command<[], Options>,
): CommandRow {
  return command({
    name,
    summary,
    examples: [`emergency ${name} --repo acme/web --environment production --commit 0123abc ${example}`],
    options,
    run: async ({ terminal, now }, given) => {
      const { actOnEmergency } = await import("./emergency-act.ts");
      return actOnEmergency(terminal, name, given, { now });
    },
  });
}

/** `countersign emergency`. */
export const EMERGENCY: CommandGroup = {
  name: "emergency",
  summary: "Declare, authorise, withdraw and review emergencies.",
  commands: [
    LIST,
    act(
      "declare",
      "Declare an emergency for a pull request, or for one commit in one environment.",
      '--reason "the shop is down" --as ann',
      (command) => target(command).requiredOption("--reason <text>", "why"),
    ),
    act(
      "authorise",
      "Authorise an emergency, as someone entitled who did not work on the change.",
      "--as bob",
      target,
    ),
    act("withdraw", "Withdraw an emergency before it is used.", "--as ann", target),
    act(
      "approve",
      "Approve what was deployed, as the review owed after an emergency.",
      "--as cat",
      (command) => target(command).option("--reason <text>", "a note"),
    ),
    act(
      "reject",
      "Reject what was deployed, as the review owed after an emergency.",
      '--reason "it loses orders" --as cat',
      (command) => target(command).requiredOption("--reason <text>", "why"),
    ),
  ],
};

function pullNumber(text: string): number {
  if (!/^[1-9]\d{0,9}$/u.test(text)) throw new InvalidArgumentError("a pull request's number, such as 12.");
  return Number(text);
}
