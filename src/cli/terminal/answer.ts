/** How every command answers: what it found, as lines for people and as data for machines, and the exit code. */

import { ExternalError } from "../../domain/values/external-error.ts";

/** 0 yes or done; 1 the answer is no; 2 wrong use or settings; 3 GitHub or the database cannot be reached. */
export type ExitCode = 0 | 1 | 2 | 3;

/** What a command answers. */
export interface Answer {
  readonly code: ExitCode;
  readonly lines: readonly string[];
  /** What `--json` prints instead of the lines. */
  readonly data: unknown;
}

/** Where a command prints; `say` is for what happens meanwhile and goes to stderr. */
export interface Terminal {
  readonly print: (line: string) => void;
  readonly say: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether stderr is read by a person. */
  readonly interactive: boolean;
  /** Reads standard input whole; absent: the process's own. */
  readonly input?: () => Promise<string>;
}

/** Wrong use: the message says what is wrong, where, and what to do. Exit code 2. */
export class Misuse extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Misuse";
  }
}

/** The answer to a failed command. A bug is answered too, and its stack shown only with LOG_LEVEL=debug. */
export function answerFailure(error: unknown, env: Terminal["env"]): Answer {
  const message = error instanceof Error ? error.message : String(error);
  const stack = env["LOG_LEVEL"] === "debug" && error instanceof Error ? [error.stack ?? ""] : [];
  const data = { error: message, code: error instanceof ExternalError ? error.code : null };
  if (error instanceof Misuse) return { code: 2, lines: [`error: ${message}`, ...stack], data };
  if (error instanceof ExternalError) {
    return { code: codeOf(error), lines: [`error: ${message}`, ...stack], data };
  }
  const hint = "This is a bug in Countersign. LOG_LEVEL=debug shows where it happened; please report it.";
  return { code: 1, lines: [`error: ${message}`, hint, ...stack], data };
}

function codeOf(trouble: ExternalError): ExitCode {
  return trouble.code.startsWith("github-") || trouble.code.startsWith("database-") ? 3 : 2;
}
