/** Progress of long work, on stderr and for people only. */

import type { Terminal } from "./answer.ts";

/** How often a line is printed at most, and how long work takes that prints one (ms). */
const EVERY = 1_000;

/** Returns a function that prints the progress, at most once a second and only to a terminal. */
export function progressOn({
  printError,
  interactive,
}: Pick<Terminal, "printError" | "interactive">): (line: string, isEnd?: boolean) => void {
  let last = performance.now();
  let hasPrinted = false;
  return (line, isEnd = false) => {
    const isDue = performance.now() - last >= EVERY || (isEnd && hasPrinted);
    if (!interactive || !isDue) return;
    last = performance.now();
    hasPrinted = true;
    printError(line);
  };
}
