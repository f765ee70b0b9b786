/** Loaded before a program that a test starts: the program ends when its standard input does, and so with whoever started it. */

import { fstatSync } from "node:fs";

// Programs that it starts itself inherit this file, and may have no input at all.
if (fstatSync(0).isFIFO() || fstatSync(0).isSocket()) {
  process.stdin.once("end", () => process.kill(process.pid, "SIGKILL"));
  process.stdin.resume();
  // A program that is done ends by itself.
  (process.stdin as unknown as { unref(): void }).unref();
}
