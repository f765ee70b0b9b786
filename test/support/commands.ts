/** Command lines of `countersign` in documents, checked against the table of commands. */

import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { programOn } from "../../src/cli/program.ts";

const SILENT = { print: () => undefined, printError: () => undefined, env: {}, interactive: false };

/** Makes commander's program, with every command and nothing to run. */
export function silentProgram(): CommandUnknownOpts {
  return programOn(SILENT, () => undefined);
}

/** Returns every command of the program, with the groups. */
export function everyCommand(program: CommandUnknownOpts = silentProgram()): readonly CommandUnknownOpts[] {
  return program.commands.flatMap((command) => [command, ...everyCommand(command)]);
}

/** Returns the full name of a command: `countersign policy check`. */
export function fullName(command: CommandUnknownOpts): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** Returns what a command line names and no row declares, or null. `line`: what follows `countersign`. */
export function undeclared(line: string): string | null {
  const words = line.split(/\s+/u).filter((word) => word !== "");
  let command = silentProgram();
  for (const word of words) {
    const inner = command.commands.find((each) => each.name() === word);
    if (inner === undefined) break;
    command = inner;
  }
  if (command.parent === null && words[0]?.startsWith("-") !== true) return words[0] ?? "nothing";
  if (command.commands.length > 0 && command.parent !== null) {
    const [word] = words.slice(fullName(command).split(" ").length - 1);
    if (word !== undefined && /^[a-z]/u.test(word)) return `${fullName(command)} ${word}`;
  }
  const known = new Set(["--help", "--version", ...command.options.map(({ long }) => long)]);
  const option = words
    .map((word) => /^--[a-z-]+/u.exec(word)?.[0])
    .find((word) => word !== undefined && !known.has(word));
  return option === undefined ? null : `${fullName(command)} ${option}`;
}
