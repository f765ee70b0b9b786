/** What is stored only to see whether anything can be. */

import type { StoreKind } from "../database/schema.ts";

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function trial(store: StoreKind): readonly string[] {
  const sqlite = store === "sqlite";
  const numbered = sqlite
    ? "integer primary key autoincrement"
    : "bigint generated always as identity primary key";
  return [
    `create table trial (id ${numbered}, body ${sqlite ? "blob" : "bytea"} not null)${sqlite ? " strict" : ""}`,
  ];
}
