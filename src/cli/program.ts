/** `countersign`: commander's program, made from the table of commands. */

import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { visible } from "../domain/values/text.ts";
import { VERSION } from "../package/version.ts";
import type { ExitCode, Terminal } from "./terminal/answer.ts";
import { answerFailure, UsageError } from "./terminal/answer.ts";
import type { CommandContext, Finish } from "./terminal/command.ts";
import { TERMINAL_COMMANDS } from "./table.ts";

/**
 * Runs `countersign` with the arguments after its name; prints, and answers the exit code. Never throws. `prepare`: completes
 * the environment first, and fails as a command does.
 */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  prepare: () => void = () => undefined,
): Promise<ExitCode> {
  let code: ExitCode = 0;
  const isForMachines = args.includes("--json");
  const program = programOn(terminal, (answer, json) => {
    code = answer.code;
    if (json) terminal.print(JSON.stringify(answer.data));
    else for (const line of answer.lines) terminal.print(visible(line));
  });
  // Commander prints wrong use itself, for people.
  if (isForMachines)
    for (const each of withSubcommands(program)) each.configureOutput({ writeErr: () => undefined });
  try {
    prepare();
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version end this way too, with 0.
      if (error.exitCode === 0) return 0;
      if (isForMachines) terminal.print(JSON.stringify(answerFailure(wrongUse(error), terminal.env).data));
      return 2;
    }
    const failure = answerFailure(error, terminal.env);
    if (isForMachines) terminal.print(JSON.stringify(failure.data));
    else for (const line of failure.lines) terminal.printError(visible(line));
    return failure.code;
  }
}

function wrongUse({ message }: CommanderError): UsageError {
  return new UsageError(message.replace(/^error: /u, ""));
}

function withSubcommands(command: CommandUnknownOpts): readonly CommandUnknownOpts[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** Makes commander's program of every row; `finish` gets what the command answered. */
export function programOn(terminal: Terminal, finish: Finish): Command {
  const program = new Command("countersign")
    .description("Proves that every change reaching production was approved by the right person.")
    .version(VERSION)
    .showHelpAfterError("Run with --help for arguments, options and examples.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.printError(text.trimEnd()),
    })
    .addHelpText(
      "after",
      [
        "\nExit codes: 0 yes or done, 1 no, 2 wrong use or settings, 3 GitHub or the database is unreachable.",
        "Settings come from the environment and from .env: docs/configuration.md.",
      ].join("\n"),
    );
  const context = { ...contextOf(terminal), program: () => program };
  for (const entry of TERMINAL_COMMANDS) {
    if ("addTo" in entry) {
      entry.addTo(program, context, finish);
      continue;
    }
    const group = program.command(entry.name).description(entry.summary);
    for (const row of entry.commands) row.addTo(group, context, finish);
  }
  return program;
}

function contextOf(terminal: Terminal): Omit<CommandContext, "program"> {
  return {
    terminal,
    now: Date.now,
    async store() {
      const { readStore } = await import("../settings.ts");
      const read = readStore(terminal.env);
      if (read.ok) return read.store;
      throw new UsageError(read.problems.join("\n"));
    },
    appId(given) {
      const text = terminal.env["APP_ID"] ?? "";
      if (given !== undefined) return given;
      if (/^[1-9]\d{0,14}$/u.test(text)) return Number(text);
      throw new UsageError("Name the App: give --app-id, the number on the App's page, or set APP_ID.");
    },
  };
}
