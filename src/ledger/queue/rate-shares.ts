/** Shares of GitHub's limits among the replicas on one database: no two ever hold the same part. */

import { sql } from "kysely";
import type { Transaction } from "kysely";
import { z } from "zod";
import { shareOf, type Claim, type Share } from "../../domain/values/quota-share.ts";
import type { Tables } from "../database/schema.ts";
import { HOUR } from "../../domain/time/durations.ts";

/** So long after its lease ended a share is forgotten (ms): as long as the longest limit counts. */
const FORGOTTEN_AFTER = HOUR;

const ShareSchema = z.record(z.string(), z.number());

/** Leases to a replica the shares it claims, as far as others do not use them, until `now + leaseMs`. What it held before is released. */
export async function leaseShares(
  tx: Transaction<Tables>,
  replica: string,
  claims: readonly Claim[],
  now: number,
  leaseMs: number,
): Promise<ReadonlyMap<string, Share>> {
  await tx
    .deleteFrom("share")
    .where("until", "<", now - FORGOTTEN_AFTER)
    .execute();
  const askers = claims.map(({ asker }) => asker);
  const rows = await tx.selectFrom("share").selectAll().where("asker", "in", askers).execute();
  const granted = new Map(
    claims.map((claim) => {
      const others = rows
        .filter(({ asker, replica: whose }) => asker === claim.asker && whose !== replica)
        .map(({ share, until }) => ({ share: ShareSchema.parse(JSON.parse(share)), until }));
      return [claim.asker, shareOf(claim, others, now)] as const;
    }),
  );
  const until = now + leaseMs;
  await tx
    .insertInto("share")
    .values([...granted].map(([asker, share]) => ({ asker, replica, until, share: JSON.stringify(share) })))
    .onConflict((conflict) =>
      conflict.columns(["asker", "replica"]).doUpdateSet({
        until,
        share: sql<string>`excluded.share`,
      }),
    )
    .execute();
  return granted;
}
