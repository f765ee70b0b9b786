/** The signals that ask a process to end. */

import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs work with a handler of SIGINT and SIGTERM, called with the exit code of such an end. Without one, the first process of a
 * container ignores them.
 */
export async function withSignals<T>(handle: (code: number) => void, work: () => Promise<T>): Promise<T> {
  const handlers = SIGNALS.map((name) => [name, () => handle(128 + constants.signals[name])] as const);
  for (const [name, handler] of handlers) process.once(name, handler);
  try {
    return await work();
  } finally {
    for (const [name, handler] of handlers) process.off(name, handler);
  }
}
