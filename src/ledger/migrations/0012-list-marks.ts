/** The lists with what each control came to, and marks that are read by verdict too. Both are made again from the log. */

/** Returns the statements of this migration, in order. INVARIANT: never edited once released; a change is a new migration. */
export function listMarks(): readonly string[] {
  return [
    "delete from listed",
    "delete from listed_mark",
    "update listing set version = 0, seq = 0",
    "alter table listed add column outcomes text not null default ''",
    // A repository's list is read by its mark.
    "drop index listed_repository",
    "create index listed_mark_verdict on listed_mark (organization_id, kind, mark, verdict, at, subject)",
  ];
}
