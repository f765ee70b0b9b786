/** The zip of a package, written by one program and read by another: one spelling, and every other one is named. */

import { open } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ZipFile } from "yazl";

import { withBytes } from "../../src/package/disk.ts";
import type { FileBytes } from "../../src/package/zip/directory.ts";
import { zipReader } from "../../src/package/zip/reader.ts";
import { zipOf } from "../../src/package/zip/writer.ts";
import { isWhole, rounds } from "../support/effort.ts";
import { folderOfTest } from "../support/folders.ts";

type Contents = Readonly<Record<string, Buffer>>;

async function zipped(contents: Contents): Promise<Buffer> {
  const members = Object.entries(contents).map(([path, content]) => ({
    path,
    bytes: content.length,
    open: () => Promise.resolve(Readable.from(content.length === 0 ? [] : [content])),
  }));
  return buffer(zipOf(members));
}

function bytesOf(bytes: Buffer): FileBytes {
  return {
    size: bytes.length,
    read: (from, to) => Promise.resolve(bytes.subarray(from, to)),
    pieces: (from, to) => Readable.from(from < to ? [bytes.subarray(from, to)] : []),
  };
}

/** What is found in a zip: its defects, and what its members hold. */
async function read(
  zip: FileBytes,
): Promise<{ readonly problems: readonly string[]; readonly contents: Contents }> {
  const files = await zipReader("package.zip", zip);
  const { members, defects } = await files.members();
  const contents: Record<string, Buffer> = {};
  for (const { path } of members) contents[path] = await buffer(files.open(path));
  return { problems: defects.map(({ file, problem }) => `${file} ${problem}`), contents };
}

const Contents = fc.dictionary(
  fc.stringMatching(/^[a-zé][a-z0-9.-]{0,8}(?:\/[a-z]{1,4})?$/u),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  { maxKeys: 5, noNullPrototype: true },
);

test("some bytes of a member are those of its content, and never what lies beyond it", async () => {
  const places = fc.tuple(fc.nat(350), fc.nat(350));
  await fc.assert(
    fc.asyncProperty(Contents, places, async (contents, [one, other]) => {
      const [from, to] = one < other ? [one, other] : [other, one];
      const files = await zipReader("package.zip", bytesOf(await zipped(contents)));
      await files.members();
      for (const [path, content] of Object.entries(contents))
        expect(Buffer.from(await files.bytes(path, from, to))).toEqual(content.subarray(from, to));
    }),
    { numRuns: rounds(30, 500) },
  );
});

test("the zip that an export writes is read as it was written, and has no defect", async () => {
  await fc.assert(
    fc.asyncProperty(Contents, async (contents) => {
      expect(await read(bytesOf(await zipped(contents)))).toEqual({ problems: [], contents });
    }),
    { numRuns: rounds(30, 500) },
  );
});

test("any other byte in it is a defect, or another content of a member", async () => {
  const contents = { "a.csv": Buffer.from("a,b\r\n"), "log/b.json": Buffer.from("{}\n") };
  const zip = await zipped(contents);
  for (const place of zip.keys()) {
    const other = Buffer.from(zip);
    other[place] = (other[place] ?? 0) ^ 4;
    const found = await read(bytesOf(other)).catch((error: unknown) => String(error));
    if (typeof found === "string") expect(found, `byte ${place}`).toMatch(/^Error: /u);
    else expect(found.problems, `byte ${place}`).not.toEqual([]);
  }
});

describe("what other programs write", () => {
  async function made(add: (zip: ZipFile) => void): Promise<FileBytes> {
    const zip = new ZipFile();
    add(zip);
    zip.end();
    return bytesOf(await buffer(zip.outputStream as Readable));
  }

  test.each<[string, (zip: ZipFile) => void, string]>([
    [
      "compresses a member",
      (zip) => zip.addBuffer(Buffer.alloc(9_999), "a.csv", { compress: true }),
      "a.csv is compressed: members of a package's zip are stored",
    ],
    ["holds a folder", (zip) => zip.addEmptyDirectory("log"), "log/ should not be here"],
    [
      "has times of its own",
      (zip) => zip.addBuffer(Buffer.from("a"), "a.csv", { compress: false }),
      "package.zip differs from the one zip its files make, at or after byte 0",
    ],
    [
      "holds a name twice",
      (zip) => {
        for (const text of ["a", "b"]) zip.addBuffer(Buffer.from(text), "a.csv", { compress: false });
      },
      "a.csv is in the zip twice",
    ],
  ])("is refused where it %s", async (_, add, problem) => {
    expect((await read(await made(add))).problems).toEqual([problem]);
  });

  test("is not opened where it has no directory, or a small file claims to hold much", async () => {
    await expect(read(bytesOf(Buffer.from("no zip")))).rejects.toThrow("it has no end of a zip");
    const zip = await zipped({ "a.csv": Buffer.from("a") });
    const record = zip.indexOf("PK\u0001\u0002", 0, "latin1");
    for (const field of [20, 24]) zip.writeUInt32LE(0x7fffffff, record + field);
    await expect(read(bytesOf(zip))).rejects.toThrow("it has members that overlap");
  });
});

// Four gigabytes of zeros, which the disk does not hold: the file has a hole there.
test.skipIf(!isWhole)("a zip beyond four gigabytes is read as well", async () => {
  const folder = folderOfTest("zip");
  const zeros = Buffer.alloc(1024 * 1024);
  const pieces = 4_097;
  const many = function* (): Iterable<Buffer> {
    for (let n = 0; n < pieces; n += 1) yield zeros;
  };
  const last = Buffer.from("b,c");
  const output = zipOf([
    { path: "a.csv", bytes: pieces * zeros.length, open: () => Promise.resolve(Readable.from(many())) },
    { path: "b.csv", bytes: last.length, open: () => Promise.resolve(Readable.from([last])) },
  ]);
  const path = join(folder, "package.zip");
  const file = await open(path, "w");
  let place = 0;
  for await (const part of output as AsyncIterable<Buffer>) {
    if (!part.equals(zeros)) await file.write(part, 0, part.length, place);
    place += part.length;
  }
  await file.close();

  await withBytes(path, async (bytes) => {
    const files = await zipReader("package.zip", bytes);
    const { members, defects } = await files.members();
    expect(defects).toEqual([]);
    expect(members.map((member) => member.path)).toEqual(["a.csv", "b.csv"]);
    expect((await buffer(files.open("b.csv"))).toString()).toBe("b,c");
  });
});
