/**
 * An export while events come in: everything is read as of one place in the log.
 *
 * @module-tag long
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { readCsv } from "../../src/cli/input/read-csv.ts";
import { openPackage } from "../../src/package/folder.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { rounds } from "../support/effort.ts";
import { describeOnBothStores } from "../support/stores.ts";
import { changeEntry, exportTo, GENERATED_AT, PERIOD, smallLog } from "./fixture.ts";

/** Changes before the export, and events while it is written. */
const CHANGES = rounds(100, 20_000);
const EVENTS = rounds(200, 1_000);

describeOnBothStores("an export", (open) => {
  test("holds nothing of what happens while it is written", async () => {
    const { ledger, again } = await open();
    const folder = await mkdtemp(join(tmpdir(), "countersign-snapshot-"));
    try {
      const entries = [
        ...smallLog(),
        ...Array.from({ length: CHANGES }, (_, index) =>
          changeEntry(index + 100, PERIOD.from + 86_400_000 + index * 1_000),
        ),
      ];
      for (let start = 0; start < entries.length; start += 500)
        await ledger.record({ entries: entries.slice(start, start + 500) }, GENERATED_AT - 60_000);
      const before = await ledger.head();

      const app = await again();
      const out = join(folder, "package");
      const writer = await openPackage(out);
      let events = 0;
      const happen = async (): Promise<void> => {
        const late = Array.from({ length: EVENTS / 20 }, () =>
          changeEntry((events += 1) + 100_000, PERIOD.from + 172_800_000 + events * 1_000),
        );
        // The state of what is there already changes as well.
        const [known] = smallLog().filter((entry) => entry.kind === "coverage-gap");
        if (known === undefined) throw new Error("the small log has a gap");
        const reworded = { ...known, body: { ...known.body, because: `seen ${events} times` } };
        await app.record({ entries: [...late, reworded] }, GENERATED_AT - 30_000);
      };
      await ledger.snapshot((moment) =>
        exportTo(moment, out, {
          writer: {
            ...writer,
            table: async (path, columns, rows) => {
              await happen();
              return writer.table(path, columns, rows);
            },
          },
        }),
      );
      expect(events).toBeGreaterThanOrEqual(EVENTS);
      expect((await ledger.head()).size).toBeGreaterThan(before.size + EVENTS);

      expect((await verifyPath(out)).defects).toEqual([]);
      expect(JSON.parse(await readFile(join(out, "log/head.json"), "utf8"))).toMatchObject(before);
      const logged = (await readFile(join(out, "log/entries.jsonl"), "utf8"))
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { kind: string; subject: string });
      const changes = new Set(logged.filter(({ kind }) => kind === "change").map(({ subject }) => subject));
      const rows = readCsv(await readFile(join(out, "changes.csv"), "utf8"));
      expect(new Set(rows.map((row) => row["change_id"]))).toEqual(changes);
      expect(await readFile(join(out, "coverage-gaps.csv"), "utf8")).not.toContain("times");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
