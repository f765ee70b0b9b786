/** When the forms people sent were last being done. */

import type { StoreKind } from "../database/schema.ts";

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function formAttempts(store: StoreKind): readonly string[] {
  const int = store === "sqlite" ? "integer" : "bigint";
  return [`alter table form add column tried_at ${int} not null default 0`];
}
