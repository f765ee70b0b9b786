/** What is read of a few subjects, and what names them: the same as looking through the whole log, without doing so. */

import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { expect, test } from "vitest";

import { listedOf, namingMark, type ListedKind } from "../../src/domain/lists/listed.ts";
import type { Entry, EntryKind, LoggedEntry } from "../../src/domain/records/entry.ts";
import type { Tables } from "../../src/ledger/database/schema.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { historyQuery } from "../../src/ledger/history.ts";
import { logAndQueue } from "../../src/ledger/migrations/0001-log-and-queue.ts";
import { bodyVersion } from "../../src/ledger/migrations/0006-body-version.ts";
import { ORGANIZATION, smallLog } from "../evidence/fixture.ts";
import { rounds } from "../support/effort.ts";
import { describeOnBothStores } from "../support/stores.ts";

const AT = Date.parse("2026-10-02T08:00:00Z");
const OTHER = { organizationId: ORGANIZATION.id + 1 };

/** The small log, some of it again with other bodies, and the same of another organisation. */
function entries(): readonly Entry[] {
  const all = smallLog();
  const again = all.map((entry) => ({ ...entry, at: entry.at + 1 }));
  const others = all.map((entry) => ({ ...entry, ...OTHER, subject: `${entry.subject}-other` }));
  return [...all, ...others, ...again];
}

describeOnBothStores("what is read of a few subjects", (open) => {
  test("is every entry of theirs and no other, oldest first", async () => {
    const { ledger } = await open();
    for (const entry of entries()) await ledger.record({ entries: [entry] }, AT);
    await ledger.record({ entries: entries().slice(0, 4).map(changed) }, AT);
    const log: readonly LoggedEntry[] = await wholeLog(ledger);
    const subjects = [...new Set(log.map(({ subject }) => subject))];
    const kinds = [...new Set(log.map(({ kind }) => kind))];
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(kinds),
        fc.subarray([...subjects, "nothing", ""]),
        fc.nat(5),
        async (of, about, length) => {
          const own = log.filter(({ kind }) => of.includes(kind));
          expect(await ledger.history({ kinds: of, subjects: about })).toEqual(
            own.filter(({ subject }) => about.includes(subject)),
          );
          const beginning = (about[0] ?? "").slice(0, length);
          expect(await ledger.history({ kinds: of, beginning })).toEqual(
            own.filter(({ subject }) => subject.startsWith(beginning)),
          );
          for (const kind of of)
            expect(await ledger.newestOf(kind, about)).toEqual(
              newest(own, kind).filter(({ subject }) => about.includes(subject)),
            );
        },
      ),
      { numRuns: rounds(30, 300) },
    );
  });

  test("names what the newest entries of its own organisation name", async () => {
    const { ledger } = await open();
    for (const entry of entries()) await ledger.record({ entries: [entry] }, AT);
    const log: readonly LoggedEntry[] = await wholeLog(ledger);
    let found = 0;
    for (const kind of ["deployment", "deviation", "emergency", "retroactive-review"] as const)
      for (const { subject: id } of log.filter(({ kind: of }) => of === "change" || of === "deployment")) {
        const naming = await ledger.lists.naming(kind, ORGANIZATION.id, [id]);
        expect(naming).toEqual(newest(log, kind).filter((entry) => names(entry, id)));
        found += naming.length;
      }
    expect(found).toBeGreaterThan(3);
  });
});

async function wholeLog(ledger: Ledger): Promise<readonly LoggedEntry[]> {
  const all: LoggedEntry[] = [];
  for await (const entry of ledger.log({ everyOrganization: true })) all.push(entry);
  return all;
}

function changed(entry: Entry): Entry {
  // Any other body makes a further entry of the same subject.
  return entry.kind === "repository" ? { ...entry, body: { ...entry.body, reason: "another" } } : entry;
}

function newest(log: readonly LoggedEntry[], kind: EntryKind): readonly LoggedEntry[] {
  const own = log.filter((entry) => entry.kind === kind);
  const last = new Map(own.map((entry) => [entry.subject, entry]));
  return [...last.values()].toSorted((a, b) => (a.subject < b.subject ? -1 : 1));
}

function names(entry: LoggedEntry, id: string): boolean {
  const { marks } = listedOf(entry.kind as ListedKind, entry.body as never);
  return entry.organizationId === ORGANIZATION.id && marks.includes(namingMark(id));
}

test.each([
  { kinds: ["gate"], subjects: ["1#7", "1#8"] },
  { kinds: ["observation", "emergency"], beginning: "1/pull/7/" },
] as const)("the history of %j is looked up by its subjects, however long the log is", (about) => {
  const db = new DatabaseSync(":memory:");
  for (const statement of [...logAndQueue("sqlite"), ...bodyVersion("sqlite")]) db.exec(statement);
  const { sql, parameters } = historyQuery(compiling(), about).compile();
  const plan = JSON.stringify(
    db.prepare(`explain query plan ${sql}`).all(...(parameters as readonly string[])),
  );
  expect(plan).toContain("USING INDEX log_subject");
  expect(plan).not.toContain("SCAN");
});

function compiling(): Kysely<Tables> {
  return new Kysely({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}
