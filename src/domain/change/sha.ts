/** Git object ids. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
/** Describes {@link Sha}. */
export const ShaSchema = z.string().describe("a full git object id");

/** Names a git object: its full id of 40 (or 64) lower-case hex digits. */
export type Sha = Infer<typeof ShaSchema>;

/** Represents "nothing was there" in a ref update, as GitHub reports it. */
export const NO_COMMIT: Sha = "0".repeat(40);
