/** Changes the evidence log as someone with the database's password could, to show that it is detected. */

import { sql } from "kysely";
import { openStore, type StoreLocation } from "../../../ledger/database/store.ts";

const GUARDS = {
  sqlite: ["drop trigger if exists log_no_update"],
  postgres: ["drop trigger if exists log_no_change on log"],
} as const;

/** Takes the log's guard away and changes the newest entry of a kind. Answers its number. Throws when there is none, or {@link ExternalError}. */
export async function tamper(where: StoreLocation, kind: string): Promise<number> {
  const store = await openStore(where, { readOnly: false });
  try {
    return await store.transact(async (tx) => {
      for (const statement of GUARDS[store.kind]) await sql.raw(statement).execute(tx);
      const newest = await tx
        .selectFrom("log")
        .select(["seq", "body"])
        .where("kind", "=", kind)
        .orderBy("seq", "desc")
        .limit(1)
        .executeTakeFirst();
      if (newest === undefined) throw new Error(`the log holds no entry of kind ${kind} to tamper with`);
      const body = JSON.stringify({ ...(JSON.parse(newest.body) as object), tampered: true });
      await sql`update log set body = ${body} where seq = ${newest.seq}`.execute(tx);
      return newest.seq;
    });
  } finally {
    await store.close();
  }
}
