/** What each replica may use of GitHub's limits. */

import type { StoreKind } from "../database/schema.ts";

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function shares(store: StoreKind): readonly string[] {
  const int = store === "sqlite" ? "integer" : "bigint";
  const strict = store === "sqlite" ? " strict" : "";
  return [
    `create table share (
      asker text not null,
      replica text not null,
      until ${int} not null,
      share text not null,
      primary key (asker, replica)
    )${strict}`,
  ];
}
