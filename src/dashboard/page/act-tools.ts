/** What is done for people who send a form: handed in, by the same tables as comments and the terminal. */

import type { Access, SignedInPerson } from "./access.ts";

/** Describes who sent a form, and which. */
export interface Acting {
  readonly sender: SignedInPerson;
  readonly access: Access;
  /** Names this very form wherever it is kept: sent twice, it is done once. */
  readonly form: string;
}

/** What was done, or why nothing was; `line`: by which of several commands, from 0. */
type Acted =
  | { readonly says: string; readonly refused: null }
  | { readonly refused: string; readonly line: number | null };

/** Does things once for each form, and keeps what came of it with the effect. Every function throws ExternalError. */
export interface ActTools {
  /** Gives a deviation commands, as they are written after `/countersign`: all of them or none. */
  readonly commandDeviation: (deviation: string, lines: readonly string[], acting: Acting) => Promise<Acted>;
}
