/** The program in this process: what a command printed, said and answered. */

import { runProgram } from "../../src/cli/program.ts";

/** What a command came to. */
export interface Ran {
  readonly code: number;
  readonly printed: string;
  readonly said: string;
}

/** Runs a command as the program does; `input` is its standard input. */
export async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = "",
): Promise<Ran> {
  const printed: string[] = [];
  const said: string[] = [];
  const code = await runProgram(args, {
    print: (line) => printed.push(line),
    printError: (line) => said.push(line),
    env,
    interactive: false,
    input: () => Promise.resolve(input),
  });
  return { code, printed: printed.join("\n"), said: said.join("\n") };
}
