import { Kysely, sql, SqliteDialect } from "kysely";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";

import { prepared } from "../../src/ledger/database/prepared-statements.ts";
import type { Tables } from "../../src/ledger/database/schema.ts";
import { openSqlite } from "../../src/ledger/database/sqlite.ts";
import { freshDatabase } from "../support/stores.ts";

let db: Kysely<Tables>;
let remove: () => Promise<void>;

beforeEach(async () => {
  const database = await freshDatabase("sqlite");
  if (!("dataDir" in database.where)) throw new Error("a file was asked for");
  const { dataDir } = database.where;
  const file = new DatabaseSync(`${dataDir}/countersign.sqlite`);
  file.exec("create table lane (lane text primary key, due_at integer, lease_until integer, owner text)");
  file.close();
  remove = database.remove;
  db = new Kysely({ dialect: new SqliteDialect({ database: async () => openSqlite(dataDir, false) }) });
});

afterEach(async () => {
  await db.destroy();
  await remove();
});

test("a query is built once for each length of its lists and each shape, and runs with what it is given", async () => {
  let built = 0;
  const put = prepared((of, { rows }: { rows: readonly Tables["lane"][] }) => {
    built += 1;
    return of.insertInto("lane").values(rows);
  });
  const find = prepared((of, { lanes, now }: { lanes: readonly string[]; now: number }, limit: number) => {
    built += 1;
    const found = of.selectFrom("lane").select("lane").where("lane", "in", lanes).where("due_at", "<=", now);
    return found.orderBy("lane").limit(sql.lit(limit));
  });
  const row = (lane: string, due: number | null) => ({ lane, due_at: due, lease_until: 0, owner: null });
  await put(db, { rows: [row("a", 1), row("b", 2)] });
  await put(db, { rows: [row("c", 3), row("d", null)] });
  expect(built).toBe(1);
  expect(await find(db, { lanes: ["a", "b", "d"], now: 5 }, 9)).toEqual([{ lane: "a" }, { lane: "b" }]);
  expect(await find(db, { lanes: ["b", "c", "x"], now: 2 }, 9)).toEqual([{ lane: "b" }]);
  expect(built).toBe(2);
  expect(await find(db, { lanes: ["a", "b", "c"], now: 5 }, 1)).toEqual([{ lane: "a" }]);
  expect(await find(db, { lanes: ["a", "b"], now: 5 }, 9)).toEqual([{ lane: "a" }, { lane: "b" }]);
  expect(built).toBe(4);
  const many = Array.from({ length: 50 }, (_, index) => `x${index}`);
  expect(await find(db, { lanes: [...many, "c"], now: 5 }, 9)).toEqual([{ lane: "c" }]);
});

test("a text that would depend on a value is refused", async () => {
  const later = prepared((of, { now }: { now: number }) =>
    of
      .selectFrom("lane")
      .select("lane")
      .where("due_at", "<=", now + 1_000),
  );
  await expect(later(db, { now: 5 })).rejects.toThrow("the text of a query depends on now");
});
