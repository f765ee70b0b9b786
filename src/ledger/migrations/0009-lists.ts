/** Changes and deployments by what people filter lists by. Derived from the log, and made again from it whenever need be. */

import type { StoreKind } from "../database/schema.ts";

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function lists(store: StoreKind): readonly string[] {
  const int = store === "sqlite" ? "integer" : "bigint";
  const [strict, clustered] = store === "sqlite" ? [" strict", " strict, without rowid"] : ["", ""];
  return [
    // In the order of the lists, so that a search for words reads on from row to row.
    `create table listed (
      organization_id ${int} not null,
      kind text not null,
      at ${int} not null,
      subject text not null,
      seq ${int} not null,
      repository_id ${int} not null,
      place text not null,
      verdict text not null,
      words text not null,
      primary key (organization_id, kind, at, subject)
    )${clustered}`,
    `create unique index listed_once on listed (kind, subject)`,
    `create index listed_verdict on listed (organization_id, kind, verdict, at, subject)`,
    `create index listed_repository on listed (repository_id, kind, at, subject)`,
    // A list of its own for each mark, in the same order: other filters are tried on its rows, without a look at another table.
    `create table listed_mark (
      organization_id ${int} not null,
      kind text not null,
      mark text not null,
      at ${int} not null,
      subject text not null,
      seq ${int} not null,
      repository_id ${int} not null,
      place text not null,
      verdict text not null,
      primary key (organization_id, kind, mark, at, subject)
    )${clustered}`,
    `create index listed_mark_of on listed_mark (kind, subject)`,
    `create table listing (
      id ${int} primary key,
      version ${int} not null,
      seq ${int} not null
    )${strict}`,
    `insert into listing (id, version, seq) values (1, 0, 0)`,
  ];
}
