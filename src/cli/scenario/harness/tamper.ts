/** Changes the evidence log as someone with the database's password could, to show that it is detected. */

import { sql } from "kysely";
import { FIRST_LINK, linkHash } from "../../../domain/records/chain.ts";
import { canonical } from "../../../domain/values/digest.ts";
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

/** Describes an entry as whoever rewrites the log finds it. */
export interface Rewritable {
  readonly seq: number;
  readonly kind: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Rewrites the log as someone with the database's password could. The guard is taken away and every link is hashed again, so that
 * the check of the links finds nothing. `edit` is given the new hash of each entry before it. Answers the first entry changed.
 */
export async function rewrite(
  where: StoreLocation,
  edit: (entry: Rewritable, hashAt: (seq: number) => string | undefined) => Rewritable["body"],
): Promise<number> {
  const store = await openStore(where, { readOnly: false });
  try {
    return await store.transact(async (tx) => {
      for (const statement of GUARDS[store.kind]) await sql.raw(statement).execute(tx);
      const hashes = new Map<number, string>();
      let hash = FIRST_LINK;
      let first = 0;
      for (const row of await tx.selectFrom("log").selectAll().orderBy("seq").execute()) {
        const entry = { seq: row.seq, kind: row.kind, body: JSON.parse(row.body) as Rewritable["body"] };
        const body = canonical(edit(entry, (seq) => hashes.get(seq)));
        if (body !== row.body && first === 0) first = row.seq;
        const line = {
          seq: row.seq,
          kind: row.kind,
          subject: row.subject,
          repositoryId: row.repository_id,
          organizationId: row.organization_id,
          at: row.at,
          recordedAt: row.recorded_at,
          version: row.version,
          body: null,
        };
        const next = linkHash(hash, line, body);
        if (next !== row.hash)
          await tx
            .updateTable("log")
            .set({ body, previous_hash: hash, hash: next })
            .where("seq", "=", row.seq)
            .execute();
        hash = next;
        hashes.set(row.seq, hash);
      }
      await tx.updateTable("log_head").set({ hash }).where("id", "=", 1).execute();
      return first;
    });
  } finally {
    await store.close();
  }
}

/** Makes an entry look as if nothing had gone wrong. Verdicts are turned, deviations closed, and heads agree with the new links. */
export function whitewashed(
  { kind, body }: Rewritable,
  hashAt: (seq: number) => string | undefined,
): Rewritable["body"] {
  if (kind === "change") {
    const assessment = body["assessment"] as Readonly<Record<string, unknown>>;
    return { ...body, assessment: { ...assessment, verdict: "compliant" } };
  }
  if (kind === "deviation") return { ...body, status: "closed" };
  if (kind === "log-head") return { ...body, hash: hashAt(Number(body["size"])) ?? body["hash"] };
  return body;
}
