/** The newest entry of each subject: written with the log, and read in pages, as they are or as they were. */

import { sql } from "kysely";
import type { Kysely, SelectQueryBuilder, Transaction } from "kysely";

import type { EntryKind, LoggedEntry } from "../domain/records/entry.ts";
import type { Instant } from "../domain/time/instant.ts";
import { LOG_COLUMNS, type LogRow, type Whose } from "./log.ts";
import { prepared } from "./database/prepared-statements.ts";
import type { Tables } from "./database/schema.ts";

/** Holds how many entries one statement reads or writes at most. */
export const PAGE = 1_000;

/** Selects states; times are half-open and cut by `at`. */
export type StateFilter = Whose & {
  readonly from?: Instant;
  readonly to?: Instant;
  readonly subjectPrefix?: string;
  /** By subject (bytewise, the default), or by time and then subject. */
  readonly order?: "subject" | "at";
};

/** Selects the newest entry of one subject. */
export const newestOf = prepared((db, { kind, subject }: { kind: string; subject: string }) =>
  states(db).where("state.kind", "=", kind).where("state.subject", "=", subject),
);

/** Notes the newest entries of their subjects. */
export async function upsertStates(tx: Transaction<Tables>, entries: readonly LoggedEntry[]): Promise<void> {
  const rows = entries.map((entry) => ({
    kind: entry.kind,
    subject: entry.subject,
    seq: entry.seq,
    repository_id: entry.repositoryId,
    organization_id: entry.organizationId,
    at: entry.at,
  }));
  await putStates(tx, { rows });
}

const putStates = prepared((db, { rows }: { rows: readonly Tables["state"][] }) =>
  db
    .insertInto("state")
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(["kind", "subject"]).doUpdateSet((eb) => ({
        seq: eb.ref("excluded.seq"),
        repository_id: eb.ref("excluded.repository_id"),
        organization_id: eb.ref("excluded.organization_id"),
        at: eb.ref("excluded.at"),
      })),
    ),
);

/** Selects the newest entries of every subject. */
export function states(db: Kysely<Tables>): SelectQueryBuilder<Tables, "state" | "log", LogRow> {
  return db.selectFrom("state").innerJoin("log", "log.seq", "state.seq").select(LOG_COLUMNS);
}

/** Selects a page of states: those of a kind that a filter selects, after the last of the page before. */
export interface StatePage {
  readonly kind: EntryKind;
  readonly filter: StateFilter;
  readonly after: Pick<LoggedEntry, "at" | "subject"> | undefined;
}

/** Reads a page of the newest entries of a kind. */
export function statePage(db: Kysely<Tables>, page: StatePage): Promise<readonly LogRow[]> {
  const { given, shape } = limitsOf(page);
  return pageOfStates(db, given, shape);
}

/** Reads where in the log the entries of a page are, and their hashes. */
export function placesOfPage(
  db: Kysely<Tables>,
  page: StatePage,
): Promise<readonly Pick<LogRow, "seq" | "hash">[]> {
  const { given, shape } = limitsOf(page);
  return pageOfPlaces(db, given, shape);
}

function limitsOf({ kind, filter, after }: StatePage): { readonly given: Limits; readonly shape: PageShape } {
  const { order = "subject", subjectPrefix: prefix = "", everyOrganization: _, ...limits } = filter;
  // Both stores compare subjects by their UTF-8 bytes, where nothing of the prefix's comes after this.
  const between = prefix === "" ? {} : { first: prefix, last: `${prefix}\u{10FFFF}` };
  const given = {
    ...limits,
    ...between,
    ...(after === undefined ? {} : { afterAt: after.at, afterSubject: after.subject }),
    kind,
  };
  const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  return { given, shape: { order, names } };
}

/** What a page of states is limited by; `first` and `last` are of subjects, and the last page ended with what is after. */
interface Limits {
  readonly kind: string;
  readonly repositoryId?: number;
  readonly organizationId?: number;
  readonly from?: Instant;
  readonly to?: Instant;
  readonly first?: string;
  readonly last?: string;
  readonly afterAt?: Instant;
  readonly afterSubject?: string;
}

interface PageShape {
  readonly order: "subject" | "at";
  /** The limits that there are. */
  readonly names: readonly string[];
}

const pageOfStates = prepared((db, given: Limits, shape: PageShape) => limited(states(db), given, shape));

const pageOfPlaces = prepared((db, given: Limits, shape: PageShape) => {
  const places = db.selectFrom("state").innerJoin("log", "log.seq", "state.seq");
  return limited(places.select(["log.seq", "log.hash"]), given, shape);
});

function limited<Row>(
  all: SelectQueryBuilder<Tables, "state" | "log", Row>,
  given: Limits,
  { order, names }: PageShape,
): typeof all {
  let query = all.where("state.kind", "=", given.kind).limit(sql.lit(PAGE));
  const limit = <Name extends keyof Limits>(
    name: Name,
    of: (value: NonNullable<Limits[Name]>) => typeof query,
  ) => {
    const value = given[name];
    if (names.includes(name) && value !== undefined) query = of(value);
  };
  limit("repositoryId", (id) => query.where("state.repository_id", "=", id));
  limit("organizationId", (id) => query.where("state.organization_id", "=", id));
  limit("from", (at) => query.where("state.at", ">=", at));
  limit("to", (at) => query.where("state.at", "<", at));
  limit("first", (subject) => query.where("state.subject", ">=", subject));
  limit("last", (subject) => query.where("state.subject", "<", subject));
  if (order === "subject") {
    limit("afterSubject", (subject) => query.where("state.subject", ">", subject));
    return query.orderBy("state.subject");
  }
  if (names.includes("afterAt"))
    query = query.where(sql<boolean>`(state.at, state.subject) > (${given.afterAt}, ${given.afterSubject})`);
  return query.orderBy("state.at").orderBy("state.subject");
}

/** Reads the next page of what was the newest of each subject at a place in the log, by subject. */
export function pageAsOf(
  db: Kysely<Tables>,
  {
    kind,
    size,
    after,
  }: { readonly kind: EntryKind; readonly size: number; readonly after: string | undefined },
  { organizationId, repositoryId, from, to, subjectPrefix = "" }: StateFilter,
): Promise<readonly LogRow[]> {
  // Whoever has an entry has a state: subjects are read there, and most states are no newer than the place.
  const newestThen = sql<number>`case when state.seq <= ${size} then state.seq else (
    select max(older.seq) from log older
    where older.kind = state.kind and older.subject = state.subject and older.seq <= ${size}) end`;
  let query = db
    .selectFrom("state")
    .innerJoin("log", (join) => join.on("log.seq", "=", newestThen))
    .select(LOG_COLUMNS)
    .where("state.kind", "=", kind);
  if (after !== undefined) query = query.where("state.subject", ">", after);
  if (organizationId !== undefined) query = query.where("log.organization_id", "=", organizationId);
  if (repositoryId !== undefined) query = query.where("log.repository_id", "=", repositoryId);
  if (from !== undefined) query = query.where("log.at", ">=", from);
  if (to !== undefined) query = query.where("log.at", "<", to);
  if (subjectPrefix !== "")
    query = query
      .where("state.subject", ">=", subjectPrefix)
      .where("state.subject", "<", `${subjectPrefix}\u{10FFFF}`);
  return query.orderBy("state.subject").limit(sql.lit(PAGE)).execute();
}
