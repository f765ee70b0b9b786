/** The rows of `countersign deviation` in the table of commands. */

import { COMMAND_NAMES, DEVIATION_COMMAND_TABLE, type CommandName } from "../../domain/deviation/commands.ts";
import { defineCommand, count, type CommandGroup, type TerminalCommand } from "../terminal/command.ts";

const LIST = defineCommand({
  name: "list",
  summary: "List open deviations, most urgent first; exit code 1 if there is one.",
  examples: ["deviation list", "deviation list --all --json"],
  options: (command) =>
    command
      .option("--all", "include settled ones")
      .option("--org <login>", "the organisation; needed when the log holds several"),
  run: async ({ store }, options) => {
    const { listDeviations } = await import("./deviation.ts");
    return listDeviations(await store(), options);
  },
});

const SHOW = defineCommand({
  name: "show",
  summary: "Show one deviation, its remediation and every step taken.",
  examples: ["deviation show DEV-0123456789ab"],
  options: (command) => command.argument("<id>", "the deviation's id, or its beginning"),
  run: async ({ store }, _, [id]) => {
    const { showDeviation } = await import("./deviation.ts");
    return showDeviation(await store(), id);
  },
});

const ADD = defineCommand({
  name: "add",
  summary: "Add a deviation from an auditor's report.",
  examples: [
    'deviation add acme/web --control checks-passed --type design --title "No test was asked for" --reference "report 2026, page 41" --as carol',
    'deviation add acme/web --control independently-approved --type operating --title "Three changes without approval" --pull 12 --pull 14 --as carol',
  ],
  options: (command) =>
    command
      .argument("<repository>", "OWNER/NAME")
      .requiredOption("--control <name>", "the control it concerns")
      .requiredOption("--type <type>", "design or operating")
      .requiredOption("--title <text>", "the auditor's observation in one line")
      .requiredOption("--as <login>", "who adds it")
      .option("--severity <severity>", "observation, low, medium, high or critical; default: by the control")
      .option("--description <text>", "the report's text")
      .option("--reference <text>", "where it stands in the report")
      .option("--pull <number>", "a pull request it names; repeat it for several", numbers),
  run: async ({ store, now }, { pull: pulls = [], ...given }, [repository]) => {
    const { addDeviation } = await import("./deviation.ts");
    return addDeviation(await store(), { ...given, repository, pulls }, now);
  },
});

/** The subcommand of one row of the table of deviation commands. */
function commandOf(name: CommandName): TerminalCommand {
  const { usage, help, example } = DEVIATION_COMMAND_TABLE[name];
  return defineCommand({
    name,
    summary: help,
    examples: [`deviation ${name} DEV-0123456789ab ${quoted(example)} --as ann`],
    options: (command) =>
      command
        .argument("<id>", "the deviation's id, or its beginning")
        .argument("[words...]", usage)
        .requiredOption("--as <login>", "the GitHub login of whoever gives the command")
        .option("--auditor", "the auditor gives the command"),
    run: async ({ store, now }, { as, auditor }, [id, words]) => {
      const { giveCommand } = await import("./deviation.ts");
      const line = [name, ...words].join(" ");
      return giveCommand(await store(), { deviation: id, line, as, asAuditor: auditor === true }, now);
    },
  });
}

/** Returns an example as a shell takes it. */
function quoted(example: string): string {
  return / /u.test(example) && !/[="]/u.test(example) ? `"${example}"` : example;
}

/** Defines `countersign deviation`. */
export const DEVIATION: CommandGroup = {
  name: "deviation",
  summary: "List, show and remediate deviations.",
  commands: [LIST, SHOW, ADD, ...COMMAND_NAMES.map(commandOf)],
};

function numbers(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, count(text)];
}
