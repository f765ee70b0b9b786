/** What outlives a loss of power at once, and what only with the next that does: by how SQLite was told to commit it. */

import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi, type MockInstance } from "vitest";

import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { SYNCHRONOUS } from "../../src/ledger/database/sqlite.ts";
import { claimed } from "../support/claimed.ts";
import { ended } from "../support/ends.ts";
import { Statements } from "../support/statements.ts";
import { freshDatabase } from "../support/stores.ts";
import { action, delivery, entry } from "./sample.ts";

const LANE = "repository:1";

let ledger: Ledger;
let remove: () => Promise<void>;
let executed: MockInstance<(text: string) => void>;

/** Whether the next commit waits for the disk. */
function isFull(): boolean {
  const [text] = executed.mock.calls.findLast(([each]) => each.startsWith("pragma synchronous")) ?? [""];
  return text === SYNCHRONOUS.full;
}

beforeEach(async () => {
  const database = await freshDatabase("sqlite");
  remove = database.remove;
  executed = vi.spyOn(DatabaseSync.prototype, "exec");
  ledger = await openLedger(database.where);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await ledger.close();
  await remove();
});

/** How each commit of some work was made, in order. */
async function commitsOf(work: () => Promise<unknown>): Promise<readonly ("full" | "normal")[]> {
  const made: ("full" | "normal")[] = [];
  const statements = new Statements((text) => {
    if (text === "commit") made.push(isFull() ? "full" : "normal");
  });
  try {
    await work();
  } finally {
    statements.stop();
  }
  expect(isFull(), "whoever commits next waits for the disk unless it says otherwise").toBe(true);
  return made;
}

test("what was accepted, decided or sent is there at once; a lease and the end of a delivery with the next", async () => {
  const { queue } = ledger;
  expect(await commitsOf(() => queue.store(delivery("d1")))).toEqual(["full"]);
  expect(await commitsOf(() => claimed(queue, "ann", 1_000, 1_000_000, 1))).toEqual(["normal"]);
  expect(await commitsOf(() => queue.extend("ann", LANE, 1_001, 1_000_000))).toEqual(["normal"]);
  const decision = { entries: [entry("a", 1)], actions: [action("k", 1)] };
  expect(await commitsOf(() => ledger.record(decision, 1_002))).toEqual(["full"]);
  const [due] = await queue.deliveries(LANE, 1_002, 1);
  const [act] = await queue.actions(LANE, 1_002, 1);
  if (due === undefined || act === undefined) throw new Error("something is due");
  expect(await commitsOf(() => queue.end("ann", LANE, ended([due], "done"), 1_003))).toEqual(["normal"]);
  const sent = { of: "action", id: act.id, as: "done", outcome: 1 } as const;
  expect(await commitsOf(() => queue.release("ann", LANE, [sent], 1_004))).toEqual(["full"]);
});

test("a commit that fails leaves the next one as it should be", async () => {
  const lost = commitsOf(() => ledger.queue.extend("nobody", LANE, 1_000, 1_000));
  await expect(lost).rejects.toThrow("lease");
  expect(await commitsOf(() => ledger.queue.store(delivery("d2")))).toEqual(["full"]);
});
