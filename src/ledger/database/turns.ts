/** Turns at work that only one process may do at a time, on PostgreSQL; SQLite has one writer in any case. */

import { sql, type Transaction } from "kysely";

import type { Tables } from "./schema.ts";

/** Numbers the kinds of work, as PostgreSQL's advisory locks require. */
const WORK = { migrate: 7_305_519, leaseShares: 7_305_520 };

/**
 * Waits until no other process does this work on these tables, and keeps others from it until the transaction ends. Tables in
 * another schema of the same database are others' business.
 */
export async function takeTurn(tx: Transaction<Tables>, work: keyof typeof WORK): Promise<void> {
  await sql`select pg_advisory_xact_lock(${WORK[work]}, hashtext(coalesce(current_schema(), '')))`.execute(
    tx,
  );
}
