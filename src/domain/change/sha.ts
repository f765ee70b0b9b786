/** Git object ids. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
/** Describes {@link Sha}. */
export const ShaSchema = z.string().describe("a full git object id");

/** A full git object id, 40 (or 64) lower-case hex digits. */
export type Sha = Infer<typeof ShaSchema>;

/** The object id GitHub reports for "nothing was there" in a ref update. */
export const NO_COMMIT: Sha = "0".repeat(40);
