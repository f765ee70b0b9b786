import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { expect, it } from "vitest";

import type { Entry } from "../../src/domain/records/entry.ts";
import type { RepositoryRecord } from "../../src/domain/records/repository.ts";
import { taskEvent } from "../../src/domain/records/task.ts";
import { lastSweeps } from "../../src/ledger/ledger.ts";
import { SQLITE_FILE } from "../../src/ledger/database/sqlite.ts";
import type { Tables } from "../../src/ledger/database/schema.ts";
import { describeOnBothStores } from "../support/stores.ts";

const RECORD: RepositoryRecord = {
  repository: { id: 1, owner: "acme", ownerId: 9, name: "r", visibility: "private", defaultBranch: "main" },
  installationId: 5,
  installedFrom: 1,
  removedAt: null,
  inScope: true,
  reason: "",
  productionRefs: [],
  archived: false,
};

/** A delivery of a repository's lane as its table holds it. */
function stored(empty: string, id: string, event: string, at: number, status: string): string {
  return `insert into delivery (id, lane, event, received_at, due_at, status, attempts, body)
    values ('${id}', 'repository:1', '${event}', ${at}, ${at}, '${status}', 1, ${empty})`;
}

const compiled = lastSweeps(
  new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
).compile();

describeOnBothStores("when each repository was last swept", (open) => {
  it("is the last sweep of each that ended; nothing else in its lane counts", async () => {
    const { kind, ledger, sql } = await open();
    const empty = kind === "sqlite" ? "x''" : "''";
    await ledger.record(
      {
        entries: [1, 2].map((id): Entry => ({
          kind: "repository",
          subject: String(id),
          repositoryId: id,
          organizationId: 9,
          at: 1,
          body: { ...RECORD, repository: { ...RECORD.repository, id } },
        })),
        actions: [],
      },
      1,
    );
    const sweep = taskEvent("sweep");
    await sql(
      stored(empty, "a", sweep, 5_000, "done"),
      stored(empty, "b", sweep, 7_000, "done"),
      stored(empty, "c", sweep, 9_000, "waiting"),
      stored(empty, "d", "push", 9_000, "done"),
    );
    expect((await ledger.presence()).lastSweeps).toEqual(new Map([[1, 7_000]]));
  });
  it("is one look into an index for each, however many deliveries are kept", async () => {
    const { where } = await open();
    expect(compiled.parameters).toEqual([]);
    if (!("dataDir" in where)) return;
    const db = new DatabaseSync(join(where.dataDir, SQLITE_FILE), { readOnly: true });
    const plan = JSON.stringify(db.prepare(`explain query plan ${compiled.sql}`).all());
    db.close();
    expect(plan).toContain("SEARCH delivery USING COVERING INDEX delivery_swept (lane=?)");
    expect(plan).not.toContain("SCAN delivery");
  });
});
