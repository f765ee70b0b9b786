/** A repository, as facts name it. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
/** Describes {@link Repository}. */
export const RepositorySchema = z.object({
  id: z.int(),
  owner: z.string(),
  ownerId: z.int(),
  name: z.string(),
  visibility: z.enum(["public", "private", "internal"]),
  defaultBranch: z.string(),
  topics: z.array(z.string()).exactOptional().describe("Lower case, sorted; absent: it has none"),
});

/** Describes one repository; `id` survives renames and transfers. */
export type Repository = Infer<typeof RepositorySchema>;
