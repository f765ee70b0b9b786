/** Reads a package back, as a folder or as a zip; follows no link and trusts no name. */

import { createReadStream } from "node:fs";
import { open as openFile, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { openPromise, type Entry, type ZipFile } from "yauzl";

import type { Defect } from "../domain/evidence/verify/checks.ts";
import { messageOf, type Member, type PackageReader } from "../domain/evidence/verify/read.ts";
import { zipOf } from "./zip.ts";

// More names than any package has: a folder or zip beyond it is refused instead of read.
const MOST_MEMBERS = 20_000;

type ContainerDefect = Defect<"stranger" | "unreadable">;

/** Describes the disk that a reader of packages sorts and keeps lines on. */
export type Disk = Pick<PackageReader, "kept" | "sorted">;

/** Describes the files of a package. A member of a zip can be opened once `members` was called. */
export type Files = Omit<PackageReader, keyof Disk>;

/** Opens the folder or zip at a path; `close` frees it. Answers the problem where there is nothing to read. */
export async function openFiles(
  path: string,
): Promise<{ readonly files: Files; readonly close: () => void } | { readonly problem: string }> {
  const there = await stat(path).catch((error: unknown) => messageOf(error));
  if (typeof there === "string") return { problem: `cannot be read: ${there}` };
  if (there.isDirectory()) return { files: folderReader(path), close: () => undefined };
  if (!there.isFile()) return { problem: "is neither a folder nor a zip file" };
  const zip = await openPromise(path, {
    autoClose: false,
    lazyEntries: true,
    validateEntrySizes: true,
  }).catch((error: unknown) => messageOf(error));
  if (typeof zip === "string") return { problem: `is no sound zip file: ${zip}` };
  return { files: zipReader(path, zip), close: () => zip.close() };
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
