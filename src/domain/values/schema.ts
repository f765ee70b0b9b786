/** Schemas of the domain's data: one zod schema each, from which its type is inferred. */

import type { z } from "zod";

/** Names the data a schema describes, read-only through and through. */
export type Infer<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>;

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
