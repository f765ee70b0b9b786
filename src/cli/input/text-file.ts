/** Reads a command's input: a file, or standard input where the name is `-`. */

import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";

/** Returns the text of a file, or of standard input for `-`. Throws UsageError when it cannot be read. `what`: the expected input. */
export async function readText(
  file: string,
  what: string,
  terminal: Pick<Terminal, "input">,
): Promise<string> {
  if (file === "-") return (terminal.input ?? (() => text(process.stdin)))();
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const because = {
      ENOENT: "no such file",
      EISDIR: "it is a folder",
      EACCES: "permission denied",
    }[code];
    throw new UsageError(
      `${file} cannot be read (${because ?? code}): give ${what}, or - for standard input.`,
    );
  }
}
