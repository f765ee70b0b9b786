/** Reading what a command is given: a file, or standard input where the name is `-`. */

import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Terminal } from "../terminal/answer.ts";
import { Misuse } from "../terminal/answer.ts";

/** The text of a file, or of standard input for `-`. Throws Misuse when it cannot be read; `what` says what it should be. */
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
      ENOENT: "there is no such file",
      EISDIR: "it is a folder",
      EACCES: "it may not be read",
    }[code];
    throw new Misuse(`${file} cannot be read (${because ?? code}): give ${what}, or - for standard input.`);
  }
}
