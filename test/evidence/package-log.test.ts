/** How the log of a package is read: each entry once for all tables that walk it side by side, and by any of them alone. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { LoggedEntry } from "../../src/domain/records/entry.ts";
import { lineOf } from "../../src/domain/records/stored.ts";
import { canonical } from "../../src/domain/values/digest.ts";
import { openLog, type PackageLog } from "../../src/domain/evidence/verify/package-log.ts";
import { linesOnDisk } from "../../src/package/disk.ts";
import { changeEntry, ORGANIZATION, PERIOD } from "./fixture.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-log-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const COUNT = 600;

/** The changes from the last to the first, the first of them recorded once more at the end; `reads` counts what is read of them. */
async function opened(): Promise<{ readonly log: PackageLog; readonly reads: () => number }> {
  const numbers = Array.from({ length: COUNT }, (_, index) => COUNT - index);
  const entries = [...numbers, 1].map((n, index) => ({
    ...changeEntry(n, PERIOD.from + n * 1_000),
    seq: index + 1,
    recordedAt: PERIOD.to,
    // What a quote in the text before must not be taken for.
    hash: "a".repeat(64),
    previousHash: "b".repeat(64),
  })) as LoggedEntry[];
  const text = `${entries.map((entry) => canonical(lineOf(entry))).join("\n")}\n`;
  const bytes = Buffer.from(text);
  let reads = 0;
  const log = await openLog({
    organizationId: ORGANIZATION.id,
    period: PERIOD,
    generatedAt: PERIOD.to,
    async *lines(path) {
      if (path === "log/entries.jsonl") yield* text.trimEnd().split("\n");
    },
    read(_, from, to) {
      reads += 1;
      return Promise.resolve(bytes.subarray(from, to));
    },
    store: linesOnDisk(folder),
    turn: setImmediate,
  });
  return { log, reads: () => reads };
}

/** Walks the changes, so many turns for each of them, until a number of them were seen. */
async function walked(log: PackageLog, turns: number, most = Infinity): Promise<readonly LoggedEntry[]> {
  const found: LoggedEntry[] = [];
  for await (const entry of log.states("change", { organizationId: ORGANIZATION.id, order: "subject" })) {
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    found.push(entry);
    if (found.length === most) break;
  }
  return found;
}

test("tables that walk the log side by side, each at its pace, parse each entry once", async () => {
  const { log, reads } = await opened();
  const [quick, slow] = await Promise.all([walked(log, 0), walked(log, 500), walked(log, 20)]);
  expect(quick.length).toBe(COUNT);
  expect(slow).toEqual(quick);
  expect(reads()).toBe(COUNT);
  const subjects = quick.map(({ subject }) => subject);
  expect(subjects).toEqual(subjects.toSorted());
});

test("a walk that stands still, or ends early, holds no other one up", async () => {
  const { log } = await opened();
  const still = log.states("change", { organizationId: ORGANIZATION.id, order: "subject" });
  const iterator = still[Symbol.asyncIterator]();
  await iterator.next();
  const [whole, part] = await Promise.all([walked(log, 0), walked(log, 5, 10)]);
  expect(whole.length).toBe(COUNT);
  expect(part).toEqual(whole.slice(0, 10));
  await iterator.return?.();
});

test("the newest of each subject is given, by time as by subject, and the older one as of before", async () => {
  const { log } = await opened();
  const source = log.source({ since: null, until: 0, gaps: [], unseen: [] });
  const filter = { organizationId: ORGANIZATION.id, order: "at" } as const;
  const seqs = async (entries: AsyncIterable<LoggedEntry>): Promise<readonly number[]> => {
    const found: number[] = [];
    for await (const { seq } of entries) found.push(seq);
    return found;
  };
  const last = COUNT + 1;
  const backwards = Array.from({ length: COUNT - 1 }, (_, index) => COUNT - 1 - index);
  expect(await seqs(source.states("change", filter))).toEqual([last, ...backwards]);
  expect(await seqs(source.asOf(COUNT).states("change", filter))).toEqual([COUNT, ...backwards]);
  const all = { organizationId: ORGANIZATION.id, from: 0, to: Infinity };
  expect(await seqs(source.log(all))).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  expect(await seqs(source.log({ ...all, kinds: ["deployment"] }))).toEqual([]);
});
