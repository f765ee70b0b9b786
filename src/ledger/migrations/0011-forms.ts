/** The forms people sent from the pages. */

import type { StoreKind } from "../database/schema.ts";

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function forms(store: StoreKind): readonly string[] {
  const int = store === "sqlite" ? "integer" : "bigint";
  const strict = store === "sqlite" ? " strict" : "";
  return [
    `create table form (
      id text primary key,
      begun_at ${int} not null,
      answer text
    )${strict}`,
    "create index form_begin on form (begun_at)",
  ];
}
