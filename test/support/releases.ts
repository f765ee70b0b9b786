/** The databases that releases left behind, in either store. `scripts/release-database.ts` makes them. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import { sql } from "kysely";
import { MIGRATIONS, migrate } from "../../src/ledger/migrate.ts";
import { openStore, type StoreLocation } from "../../src/ledger/database/store.ts";
import { freshDatabase } from "./stores.ts";

const FOLDER = new URL("../ledger/releases/", import.meta.url);
const ENDING = ".sqlite.gz";

/** The names of the releases a database is kept of. */
export const RELEASES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith(ENDING))
  .map((name) => name.slice(0, -ENDING.length));

/** Puts a release's database into a store, as that release left it. */
export async function leftBehind(
  release: string,
  kind: "sqlite" | "postgres",
): Promise<{ readonly where: StoreLocation; readonly remove: () => Promise<void> }> {
  const bytes = gunzipSync(readFileSync(new URL(`${release}${ENDING}`, FOLDER)));
  const { where, remove } = await freshDatabase(kind);
  if ("dataDir" in where) writeFileSync(join(where.dataDir, "countersign.sqlite"), bytes);
  else await copy(bytes, where);
  return { where, remove };
}

/** The tables are the same in both stores, made by the migrations the file has; so are the rows. */
async function copy(bytes: Uint8Array, where: StoreLocation): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-release-"));
  const file = join(folder, "countersign.sqlite");
  writeFileSync(file, bytes);
  const from = new DatabaseSync(file, { readOnly: true });
  const store = await openStore(where, { readOnly: false });
  try {
    const applied = from.prepare("select name from migration").all().length;
    await store.transact(async (tx) => {
      await migrate(tx, store.kind, 0, MIGRATIONS.slice(0, applied));
      await tx.deleteFrom("log_head").execute();
      const tables = from
        .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
        .all()
        .map(({ name }) => String(name));
      for (const table of tables.filter((name) => name !== "migration"))
        for (const row of from.prepare(`select * from ${table}`).all()) {
          const columns = Object.keys(row).map((column) => sql.ref(column));
          const values = Object.values(row).map((value) =>
            value instanceof Uint8Array ? Buffer.from(value) : value,
          );
          await sql`insert into ${sql.table(table)} (${sql.join(columns)})
            overriding system value values (${sql.join(values)})`.execute(tx);
        }
    });
  } finally {
    from.close();
    await store.close();
    rmSync(folder, { recursive: true });
  }
}
