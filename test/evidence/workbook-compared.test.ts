/** Verify's question about evidence.xlsx: whether it shows what the tables hold, whatever deflated it. */

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import * as fc from "fast-check";
import { unzipSync } from "fflate";
import { beforeAll, describe, expect, test } from "vitest";

import type { Book } from "../../src/domain/evidence/copies/maker.ts";
import { isWorkbookOf } from "../../src/package/workbook/compare.ts";
import { workbookOf } from "../../src/package/workbook/workbook.ts";
import { rounds } from "../support/effort.ts";
import { zipped } from "./other-zip.ts";

function bookOf(title: string): Book {
  const csv = `change_id,title\r\n${"a".repeat(64)},${title}\r\n`;
  return {
    package_id: "evidence-acme-2026-Q3",
    organization: { id: 500, login: "acme" },
    period: { name: "2026-Q3", from: "2026-07-01T00:00:00Z", to: "2026-10-01T00:00:00Z" },
    generator: { name: "countersign", version: "0.1.0" },
    generatedAt: Date.parse("2026-10-02T08:00:00Z"),
    tables: [
      {
        path: "changes.csv",
        description: "About changes.",
        sortedBy: ["change_id"],
        columns: [
          { name: "change_id", type: "digest", description: "The id." },
          { name: "title", type: "text", description: "The title." },
        ],
        async *read() {
          yield csv;
        },
      },
    ],
  };
}

const BOOK = bookOf("A safe change");
let whole: Buffer;

beforeAll(async () => {
  whole = await buffer(Readable.from(workbookOf(BOOK)));
});

/** What is asked, with the file in pieces of a size. */
function isSame(file: Uint8Array, book = BOOK, size = 1_000): Promise<boolean> {
  return isWorkbookOf(book, async function* () {
    for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
  });
}

describe("a workbook is that of its tables", () => {
  test("in whatever pieces it is read", async () => {
    for (const size of [1, 7, 29, 1_000_000]) expect(await isSame(whole, BOOK, size)).toBe(true);
  });

  test("though another library deflated it", async () => {
    const other = zipped(Object.entries(unzipSync(whole)));
    expect(other.equals(whole)).toBe(false);
    expect(await isSame(other)).toBe(true);
  });
});

describe("a workbook is not that of its tables", () => {
  test("when a cell differs", async () => {
    expect(await isSame(whole, bookOf("A safe changf"))).toBe(false);
    expect(await isSame(whole, bookOf("A safe change and more"))).toBe(false);
    expect(await isSame(whole, bookOf("A safe"))).toBe(false);
  });

  test("when it is cut anywhere, or something stands before or after it", async () => {
    for (let length = 0; length < whole.length; length += 1)
      expect(await isSame(whole.subarray(0, length)), `${length} bytes`).toBe(false);
    expect(await isSame(Buffer.concat([whole, Buffer.from([0])]))).toBe(false);
    expect(await isSame(Buffer.concat([Buffer.from([0]), whole]))).toBe(false);
    expect(await isSame(Buffer.concat([whole, whole]))).toBe(false);
  });

  test("when a member is missing, there twice, more, elsewhere, or hides bytes behind its content", async () => {
    const all = Object.entries(unzipSync(whole));
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error("no members");
    const macro = ["xl/vbaProject.bin", Buffer.from("a macro")] as const;
    const others = [all.slice(1), all.slice(0, -1), [...all, first], [...all, macro], [macro, ...all]];
    for (const members of [...others, [second, first, ...all.slice(2)], []])
      expect(await isSame(zipped(members))).toBe(false);
    expect(await isSame(zipped(all, Buffer.from("hidden")))).toBe(false);
  });

  test("when any byte was changed, or its members still hold the same", { tags: ["long"] }, async () => {
    const place = fc.integer({ min: 0, max: whole.length - 1 });
    const held = (file: Uint8Array): unknown => {
      try {
        return Object.entries(unzipSync(file)).map(([path, bytes]) => [
          path,
          Buffer.from(bytes).toString("hex"),
        ]);
      } catch {
        return null;
      }
    };
    const members = held(whole);
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const file = Buffer.from(whole);
        file[at] = (file[at] ?? 0) ^ change;
        if (await isSame(file)) expect(held(file)).toEqual(members);
      }),
      { numRuns: rounds(300, 20_000) },
    );
  });
});

test("a table that cannot be read is no difference of the workbook", async () => {
  const { tables } = BOOK;
  const lost: Book = {
    ...BOOK,
    tables: tables.map((table) => ({
      ...table,
      async *read() {
        yield "change_id,title\r\n";
        throw new Error("the disk is gone");
      },
    })),
  };
  await expect(isSame(whole, lost)).rejects.toThrow("the disk is gone");
});
