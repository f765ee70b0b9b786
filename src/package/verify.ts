/** Reads a package back, as a folder or as a zip, for whoever verifies it; follows no link and trusts no name. */

import { createReadStream } from "node:fs";
import { mkdtemp, open as openFile, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { openPromise, type Entry, type ZipFile } from "yauzl";

import type { Defect } from "../domain/evidence/verify/checks.ts";
import { messageOf, type Member, type PackageReader } from "../domain/evidence/verify/read.ts";
import { unopened, verifyPackage, type Verification } from "../domain/evidence/verify/verify.ts";
import { ExternalError } from "../domain/values/external-error.ts";
import { MAKER } from "./maker.ts";
import { keptLines, sortedLines } from "./sort.ts";
import { zipOf } from "./zip.ts";

// More names than any package has: a folder or zip beyond it is refused instead of read.
const MOST_MEMBERS = 20_000;

/**
 * Checks the package at a path: a folder, or the zip of one. Every defect is named with its file; what cannot be read at all
 * is a defect of the path itself. With `publicKeyPem`, also that this key signed it. Never throws for what lies there; throws
 * {@link ExternalError} `not-writable` where nothing can be sorted on disk.
 */
export async function verifyPath(
  path: string,
  options: { readonly publicKeyPem?: string; readonly onRead?: OnRead } = {},
): Promise<Verification> {
  const unreadable = (problem: string): Verification => unopened(basename(path), problem);
  const { onRead = () => undefined, ...given } = options;
  const how = { ...given, maker: MAKER };
  const verifyFiles = (files: Files): Promise<Verification> =>
    onDisk((disk) => verifyPackage({ ...disk, ...watched(files, onRead) }, how));
  const there = await stat(path).catch((error: unknown) => messageOf(error));
  if (typeof there === "string") return unreadable(`cannot be read: ${there}`);
  if (there.isDirectory()) return verifyFiles(folderReader(path));
  if (!there.isFile()) return unreadable("is neither a folder nor a zip file");
  const zip = await openPromise(path, {
    autoClose: false,
    lazyEntries: true,
    validateEntrySizes: true,
  }).catch((error: unknown) => messageOf(error));
  if (typeof zip === "string") return unreadable(`is no sound zip file: ${zip}`);
  try {
    return await verifyFiles(zipReader(path, zip));
  } finally {
    zip.close();
  }
}

/** Gets the name of a file that is read, and how many of its bytes were read so far. */
type OnRead = (file: string, bytes: number) => void;

function watched({ members, open }: Files, onRead: OnRead): Files {
  return {
    members,
    async *open(path) {
      let bytes = 0;
      for await (const piece of open(path)) {
        bytes += piece.length;
        onRead(path, bytes);
        yield piece;
      }
    },
  };
}

type ContainerDefect = Defect<"stranger" | "unreadable">;
type Disk = Pick<PackageReader, "kept" | "sorted">;
type Files = Omit<PackageReader, keyof Disk>;

/** Lends a place on disk, a folder of its own that is removed afterwards. */
async function onDisk(work: (disk: Disk) => Promise<Verification>): Promise<Verification> {
  const place = await mkdtemp(join(tmpdir(), "countersign-verify-")).catch((error: unknown) => {
    const advice = `Cannot sort in ${tmpdir()}: set TMPDIR to a folder that can be written to.`;
    throw new ExternalError("not-writable", advice, { cause: error });
  });
  try {
    return await work({
      sorted: (lines) => sortedLines(lines, place),
      kept: (lines) => keptLines(lines, place),
    });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** A package in a folder. */
function folderReader(folder: string): Files {
  return {
    async members() {
      const members: Member[] = [];
      const defects: ContainerDefect[] = [];
      const walk = async (inside: string): Promise<void> => {
        const entries = await readdir(join(folder, inside), { withFileTypes: true });
        for (const entry of entries) {
          const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
          if (members.length >= MOST_MEMBERS) return;
          members.push({ path, kind: entry.isFile() ? "file" : entry.isDirectory() ? "folder" : "other" });
          if (entry.isDirectory())
            await walk(path).catch((error: unknown) => {
              defects.push({
                file: path,
                code: "unreadable",
                problem: `cannot be read: ${messageOf(error)}`,
              });
            });
        }
      };
      await walk("").catch((error: unknown) => {
        defects.push({ file: ".", code: "unreadable", problem: `cannot be read: ${messageOf(error)}` });
      });
      if (members.length >= MOST_MEMBERS)
        defects.push({ file: ".", code: "unreadable", problem: `holds more than ${MOST_MEMBERS} files` });
      return { members, defects };
    },
    open: (path) => createReadStream(join(folder, path)),
  };
}

/** A package in a zip whose central directory could be opened. Only members that are stored are read: nothing can blow up. */
function zipReader(path: string, zip: ZipFile): Files {
  const entries = new Map<string, Entry>();
  const name = basename(path);
  const openMember = (member: string): Promise<Readable> => {
    const entry = entries.get(member);
    return entry === undefined
      ? Promise.reject(new Error("no such member"))
      : zip.openReadStreamPromise(entry);
  };
  return {
    async members() {
      const defects: ContainerDefect[] = [];
      try {
        for await (const entry of zip.eachEntry()) {
          const problem = problemOf(entry, entries);
          if (problem === null) entries.set(entry.fileName, entry);
          else defects.push(problem);
          if (entries.size > MOST_MEMBERS) throw new Error(`it holds more than ${MOST_MEMBERS} files`);
        }
      } catch (error) {
        defects.push({
          file: name,
          code: "unreadable",
          problem: `is no sound zip file: ${messageOf(error)}`,
        });
      }
      // Members that overlap could make a small file take forever to read.
      const total = [...entries.values()].reduce((sum, entry) => sum + entry.uncompressedSize, 0);
      if (total > zip.fileSize) {
        entries.clear();
        defects.push({ file: name, code: "unreadable", problem: "has members that overlap" });
      }
      const defect = defects.length > 0 ? null : await differsFromRemade(path, entries, openMember);
      if (defect !== null) defects.push({ file: name, code: "unreadable", problem: defect });
      return {
        members: [...entries.keys()].map((member) => ({ path: member, kind: "file" as const })),
        defects,
      };
    },
    async *open(member) {
      yield* (await openMember(member)) as AsyncIterable<Uint8Array>;
    },
  };
}

function problemOf(entry: Entry, known: ReadonlyMap<string, Entry>): ContainerDefect | null {
  const file = entry.fileName;
  if (known.has(file)) return { file, code: "stranger", problem: "is in the zip twice" };
  if (entry.isEncrypted()) return { file, code: "unreadable", problem: "is encrypted" };
  if (entry.compressionMethod !== 0 || entry.compressedSize !== entry.uncompressedSize)
    return { file, code: "unreadable", problem: "is compressed: members of a package's zip are stored" };
  if (file.endsWith("/")) return { file, code: "stranger", problem: "should not be here" };
  return null;
}

/** Makes the zip again from what it holds and compares every byte: a header, a gap or a tail that differs is named by its place. */
async function differsFromRemade(
  path: string,
  entries: ReadonlyMap<string, Entry>,
  openMember: (member: string) => Promise<Readable>,
): Promise<string | null> {
  const members = [...entries].map(([name, entry]) => ({
    path: name,
    bytes: entry.uncompressedSize,
    open: () => openMember(name),
  }));
  const file = await openFile(path);
  let place = 0;
  try {
    for await (const piece of zipOf(members) as AsyncIterable<Buffer>) {
      const there = Buffer.alloc(piece.length);
      const { bytesRead } = await file.read(there, 0, piece.length, place);
      const same = bytesRead === piece.length && there.equals(piece);
      if (!same) return `differs from the one zip its files make, at or after byte ${place}`;
      place += piece.length;
    }
    const { size } = await file.stat();
    return size === place ? null : `holds ${size - place} bytes after its end`;
  } catch (error) {
    return `is no sound zip file: ${messageOf(error)}`;
  } finally {
    await file.close();
  }
}
