/** The answer of every command: text for people, data for machines, and the exit code. */

import { ExternalError } from "../../domain/values/external-error.ts";

/** Names the exit codes. 0: yes or done; 1: no; 2: wrong use or settings; 3: GitHub or the database is unreachable. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Describes a command's answer. */
export interface Answer {
  readonly code: ExitCode;
  readonly lines: readonly string[];
  /** Printed by `--json` instead of the lines. */
  readonly data: unknown;
}

/** Describes a command's output: `print` to stdout, `printError` progress and errors to stderr. */
export interface Terminal {
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True when a person reads stderr. */
  readonly interactive: boolean;
  /** Reads standard input whole; absent: the process's own. */
  readonly input?: () => Promise<string>;
  /** Asks a person one question; absent: nobody is there to answer. */
  readonly ask?: (question: string) => Promise<string>;
}

/** Reports wrong use, with a message that names the problem, its place and the fix. Exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Returns the answer of a failed command, also for a bug. LOG_LEVEL=debug shows its stack. */
export function answerFailure(error: unknown, env: Terminal["env"]): Answer {
  const message = error instanceof Error ? error.message : String(error);
  const stack = env["LOG_LEVEL"] === "debug" && error instanceof Error ? [error.stack ?? ""] : [];
  const data = { error: message, code: error instanceof ExternalError ? error.code : null };
  if (error instanceof UsageError) return { code: 2, lines: [`error: ${message}`, ...stack], data };
  if (error instanceof ExternalError) {
    return { code: codeOf(error), lines: [`error: ${message}`, ...stack], data };
  }
  const hint = "This is a bug in Countersign. LOG_LEVEL=debug shows where it happened; please report it.";
  return { code: 1, lines: [`error: ${message}`, hint, ...stack], data };
}

function codeOf(external: ExternalError): ExitCode {
  return external.code.startsWith("github-") || external.code.startsWith("database-") ? 3 : 2;
}
