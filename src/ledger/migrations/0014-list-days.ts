/** The lists day by day: what each mark is true of that day is one row, a bit for each change or deployment. Made again from the log. */

import type { StoreKind } from "../database/schema.ts";

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function listDays(store: StoreKind): readonly string[] {
  const [int, bytes] = store === "sqlite" ? ["integer", "blob"] : ["bigint", "bytea"];
  const [strict, clustered] = store === "sqlite" ? [" strict", " strict, without rowid"] : ["", ""];
  return [
    "drop table listed",
    "drop table listed_mark",
    "update listing set version = 0, seq = 0",
    // What a day is made of.
    `create table listed (
      kind text not null,
      subject text not null,
      organization_id ${int} not null,
      at ${int} not null,
      seq ${int} not null,
      repository_id ${int} not null,
      marks text not null,
      words text not null,
      ids text not null,
      primary key (kind, subject)
    )${strict}`,
    "create index listed_at on listed (organization_id, kind, at)",
    // In the order of the list. What is read for every page comes first, what is searched for words last.
    `create table listed_day (
      organization_id ${int} not null,
      kind text not null,
      day ${int} not null,
      size ${int} not null,
      seqs text not null,
      times text not null,
      repositories text not null,
      ids text not null,
      words text not null,
      primary key (organization_id, kind, day)
    )${strict}`,
    `create table listed_bits (
      organization_id ${int} not null,
      kind text not null,
      facet text not null,
      mark text not null,
      day ${int} not null,
      bits ${bytes} not null,
      primary key (organization_id, kind, facet, mark, day)
    )${clustered}`,
    "create index listed_bits_day on listed_bits (organization_id, kind, facet, day)",
    // What entries name, which is looked up and never listed.
    `create table listed_mark (
      organization_id ${int} not null,
      kind text not null,
      mark text not null,
      subject text not null,
      primary key (organization_id, kind, mark, subject)
    )${clustered}`,
    "create index listed_mark_of on listed_mark (kind, subject)",
  ];
}
