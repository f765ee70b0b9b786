/** The generated part of docs/terminal.md: every command with its arguments and options, from the table of commands. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { programOn } from "../src/cli/program.ts";
import { TERMINAL_COMMANDS } from "../src/cli/table.ts";

const PAGE = join(import.meta.dirname, "../docs/terminal.md");
/** The lines that begin and end the generated part. */
const GENERATED = { begin: "<!-- generated: commands -->", end: "<!-- end of the generated part -->" };

/** Returns the page with every command as the table declares it. */
export function terminalPage(): string {
  const there = readFileSync(PAGE, "utf8");
  const terminal = { print: () => undefined, printError: () => undefined, env: {}, interactive: false };
  const program = programOn(terminal, () => undefined);
  const sections = TERMINAL_COMMANDS.flatMap((entry) => {
    const command = program.commands.find((each) => each.name() === entry.name);
    if (command === undefined) return [];
    if (!("commands" in entry)) return [section(command, entry.examples)];
    const inner = entry.commands.flatMap((row) =>
      command.commands.filter((each) => each.name() === row.name).map((each) => section(each, row.examples)),
    );
    return [`### ${entry.name}`, entry.summary, ...inner];
  });
  const before = there.slice(0, there.indexOf(GENERATED.begin) + GENERATED.begin.length);
  return [before, ...sections, there.slice(there.indexOf(GENERATED.end))].join("\n\n");
}

function section(command: CommandUnknownOpts, examples: readonly string[]): string {
  const group = command.parent?.parent === null ? null : command.parent;
  const name = group === null ? command.name() : `${group?.name()} ${command.name()}`;
  const args = command.registeredArguments.map((each) => {
    const shown = `${each.name()}${each.variadic ? "..." : ""}`;
    return [each.required ? `<${shown}>` : `[${shown}]`, each.description];
  });
  const options = command.options
    .filter(({ hidden, long }) => !hidden && long !== "--json")
    .map((each) => [
      each.flags,
      `${each.mandatory ? "(required) " : ""}${each.description}${defaultOf(each)}`,
    ]);
  const rows = [...args, ...options].map(
    ([what = "", meaning = ""]) => `| \`${what}\` | ${escaped(meaning)} |`,
  );
  return [
    `${group === null ? "###" : "####"} ${name}`,
    command.description(),
    ...(rows.length === 0 ? [] : [["| argument or option | meaning |", "| --- | --- |", ...rows].join("\n")]),
    ["```sh", ...examples.map((example) => `countersign ${example}`), "```"].join("\n"),
  ].join("\n\n");
}

function defaultOf({ defaultValue }: CommandUnknownOpts["options"][number]): string {
  const isPlain = typeof defaultValue === "string" || typeof defaultValue === "number";
  return isPlain ? `; default: ${defaultValue}` : "";
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
