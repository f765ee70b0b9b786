/** Asks the person at the terminal. */

import { createInterface } from "node:readline/promises";

/** Asks one question on stderr: stdout holds only the answer of the command. The end of the input ends the command, as Ctrl+C does. */
export async function askPerson(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  lines.once("close", () => closed.abort());
  try {
    return await lines.question(question, { signal: closed.signal });
  } catch (error) {
    if (closed.signal.aborted) process.exit(130);
    throw error;
  } finally {
    lines.close();
  }
}
