/** Reads a package back, as a folder or as a zip; follows no link and trusts no name. */

import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";

import type { Defect } from "../domain/evidence/verify/checks.ts";
import { messageOf, MOST_MEMBERS, type Files, type Member } from "../domain/evidence/verify/read.ts";
import { LARGE_PIECE, openBytes } from "./disk.ts";
import { zipReader } from "./zip/reader.ts";

type ContainerDefect = Defect<"stranger" | "unreadable">;

/** Opens the folder or zip at a path; `close` frees it. Answers the problem where there is nothing to read. */
export async function openFiles(
  path: string,
): Promise<{ readonly files: Files; readonly close: () => Promise<void> } | { readonly problem: string }> {
  const there = await stat(path).catch((error: unknown) => messageOf(error));
  if (typeof there === "string") return { problem: `cannot be read: ${there}` };
  if (there.isDirectory()) return folderReader(path);
  if (!there.isFile()) return { problem: "is neither a folder nor a zip file" };
  const bytes = await openBytes(path).catch((error: unknown) => messageOf(error));
  if (typeof bytes === "string") return { problem: `cannot be read: ${bytes}` };
  const files = await zipReader(basename(path), bytes).catch((error: unknown) => messageOf(error));
  if (typeof files !== "string") return { files, close: () => bytes.close() };
  await bytes.close();
  return { problem: `is no sound zip file: ${files}` };
}

/** A package in a folder. */
function folderReader(folder: string): { readonly files: Files; readonly close: () => Promise<void> } {
  const opened = new Map<string, ReturnType<typeof openBytes>>();
  const files: Files = {
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
    open: (path) => createReadStream(join(folder, path), { highWaterMark: LARGE_PIECE }),
    async bytes(path, from, to) {
      const file = opened.get(path) ?? openBytes(join(folder, path));
      opened.set(path, file);
      return (await file).read(from, to);
    },
  };
  const close = async (): Promise<void> => {
    for (const file of await Promise.allSettled(opened.values()))
      if (file.status === "fulfilled") await file.value.close();
  };
  return { files, close };
}
