/** In which version the body of each entry was recorded: what is there is of the first. */

import type { StoreKind } from "../database/schema.ts";

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function bodyVersion(store: StoreKind): readonly string[] {
  const int = store === "sqlite" ? "integer" : "bigint";
  return [`alter table log add column version ${int} not null default 1`];
}
