/** When an App last worked on this database. */

import type { StoreKind } from "../database/schema.ts";

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function heartbeat(store: StoreKind): readonly string[] {
  const int = store === "sqlite" ? "integer" : "bigint";
  const strict = store === "sqlite" ? " strict" : "";
  return [`create table heartbeat (id ${int} primary key, at ${int} not null)${strict}`];
}
