/** Who is signed in to the pages. */

import type { StoreKind } from "../database/schema.ts";

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function sessions(store: StoreKind): readonly string[] {
  const int = store === "sqlite" ? "integer" : "bigint";
  const strict = store === "sqlite" ? " strict" : "";
  return [
    `create table session (
      id text primary key,
      person text not null,
      encrypted text not null,
      seen_at ${int} not null,
      ends_at ${int} not null
    )${strict}`,
    "create index session_person on session (person)",
    "create index session_end on session (ends_at)",
  ];
}
