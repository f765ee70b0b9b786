/** What was dropped or chosen: a file, or a folder as far as a browser shows it. */

import type { Defect } from "../domain/evidence/verify/checks.ts";
import { messageOf, MOST_MEMBERS, type Files, type Member } from "../domain/evidence/verify/read.ts";
import { bytesOf, piecesOf } from "./blobs.ts";

/** Describes a folder that was given. `names`: of what lies directly in it. */
export interface GivenFolder {
  readonly name: string;
  readonly names: readonly string[];
  readonly members: readonly Member[];
  readonly files: Files;
}

/** Describes what was given. */
export type GivenPackage = File | GivenFolder;

type ContainerDefect = Defect<"stranger" | "unreadable">;

/** Links are left out everywhere; Chrome and Edge also leave out names that they call unsafe. */
const UNSEEN = "a browser does not show links and some names";

/** Returns what was dropped, null where that is nothing. Call it before the event ends: its items are gone afterwards. */
export async function dropped({ items, files }: DataTransfer): Promise<GivenPackage | null> {
  const [file] = files;
  const nodes = (await Promise.all([...items].map(nodeOf))).filter((node) => node !== null);
  const [first, second] = nodes;
  if (first === undefined) return null;
  if (second !== undefined) return walked("The dropped files", nodes);
  if (first.children !== null) return walked(first.name, await first.children());
  return file ?? null;
}

/** A file, or a folder with what lies in it. */
interface PathNode {
  readonly name: string;
  readonly file: () => Promise<File>;
  readonly children: (() => Promise<readonly PathNode[]>) | null;
}

/** What an item of a drop is. Chrome and Edge show pages from disk what lies in a folder in the first way only, others know the second only. */
function nodeOf(item: DataTransferItem): Promise<PathNode | null> {
  if (item.getAsFileSystemHandle === undefined) {
    const entry = item.webkitGetAsEntry();
    return Promise.resolve(entry === null ? null : ofEntry(entry));
  }
  return item.getAsFileSystemHandle().then((handle) => (handle === null ? null : ofHandle(handle)));
}

declare global {
  interface DataTransferItem {
    getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
  }
}

function ofHandle(handle: FileSystemHandle): PathNode {
  const children = async (): Promise<readonly PathNode[]> => {
    const nodes: PathNode[] = [];
    for await (const child of (handle as FileSystemDirectoryHandle).values()) {
      nodes.push(ofHandle(child));
      if (nodes.length > MOST_MEMBERS) break;
    }
    return nodes;
  };
  return {
    name: handle.name,
    file: () => (handle as FileSystemFileHandle).getFile(),
    children: handle.kind === "directory" ? children : null,
  };
}

function ofEntry(entry: FileSystemEntry): PathNode {
  const children = async (): Promise<readonly PathNode[]> => {
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    const nodes: PathNode[] = [];
    // It gives some at a time, and none at the end.
    for (;;) {
      const more = await new Promise<FileSystemEntry[]>((give, fail) => reader.readEntries(give, fail));
      if (more.length === 0 || nodes.length > MOST_MEMBERS) return nodes;
      nodes.push(...more.map(ofEntry));
    }
  };
  return {
    name: entry.name,
    file: () => new Promise((give, fail) => (entry as FileSystemFileEntry).file(give, fail)),
    children: entry.isDirectory ? children : null,
  };
}

/** Returns the folder that was chosen with a button, null where nothing was. It shows no empty folders. */
export function chosenFolder(files: readonly File[]): GivenFolder | null {
  const [first] = files;
  if (first === undefined) return null;
  const [name = ""] = first.webkitRelativePath.split("/");
  const found = new Map(files.map((file) => [file.webkitRelativePath.slice(name.length + 1), file]));
  const folders = new Set([...found.keys()].flatMap((path) => foldersOf(path)));
  return folderOf(
    name,
    { files: found, folders, defects: [] },
    `${UNSEEN}, nor empty folders where the folder was chosen and not dropped`,
  );
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

interface Found {
  readonly files: Map<string, File>;
  readonly folders: Set<string>;
  readonly defects: ContainerDefect[];
}

function folderOf(name: string, { files, folders, defects }: Found, unseen: string): GivenFolder {
  const fileAt = (path: string): File => {
    const file = files.get(path);
    if (file === undefined) throw new Error("no such file");
    return file;
  };
  const members: readonly Member[] = [
    ...[...folders].map((path) => ({ path, kind: "folder" as const })),
    ...[...files.keys()].map((path) => ({ path, kind: "file" as const })),
  ];
  return {
    name,
    names: members.map(({ path }) => path).filter((path) => !path.includes("/")),
    members,
    files: {
      members: () => Promise.resolve({ members, defects, unseen }),
      open: (path) => piecesOf(fileAt(path)),
      bytes: async (path, from, to) => bytesOf(fileAt(path)).read(from, to),
    },
  };
}

async function walked(name: string, nodes: readonly PathNode[]): Promise<GivenFolder> {
  const found: Found = { files: new Map(), folders: new Set(), defects: [] };
  await walk("", nodes, found);
  if (found.files.size + found.folders.size > MOST_MEMBERS)
    found.defects.push({ file: ".", code: "unreadable", problem: `holds more than ${MOST_MEMBERS} files` });
  return folderOf(name, found, UNSEEN);
}

async function walk(inside: string, nodes: readonly PathNode[], found: Found): Promise<void> {
  for (const { name, file, children } of nodes) {
    const path = inside + name;
    if (found.files.size + found.folders.size > MOST_MEMBERS) return;
    try {
      if (children === null) found.files.set(path, await file());
      else {
        found.folders.add(path);
        await walk(`${path}/`, await children(), found);
      }
    } catch (error) {
      found.defects.push({ file: path, code: "unreadable", problem: `cannot be read: ${messageOf(error)}` });
    }
  }
}
