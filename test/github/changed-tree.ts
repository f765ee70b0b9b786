/** A git tree with changes made to it: only the folders on the way to what changes are read and written anew. */

import type { TreeFile } from "./git-types.ts";
import type { Sha } from "./model.ts";
import type { ObjectType } from "./objects.ts";

const FOLDER = "40000";

/** Where trees are read from and written to. */
export interface TreeStore {
  /** The direct entries of one tree; folders have mode `40000`. */
  entries(tree: Sha): readonly { readonly mode: string; readonly name: string; readonly sha: Sha }[];
  write(type: ObjectType, body: Buffer): Sha;
}

/** One folder of files. Paths are relative to it. */
export class ChangedTree {
  readonly #store: TreeStore;
  /** The folder as it is written; null: it is new, or has changed. */
  #sha: Sha | null;
  /** What is in it, once that was needed: files and unread folders as written, read folders as trees of their own. */
  #entries: Map<string, TreeFile | ChangedTree> | null = null;

  /** `sha` null: an empty folder. */
  constructor(store: TreeStore, sha: Sha | null) {
    this.#store = store;
    this.#sha = sha;
  }

  /** The file at a path, if there is one. */
  file(path: string): TreeFile | undefined {
    const [name, rest] = split(path);
    const found = this.#read().get(name);
    if (rest !== null) return this.#folder(name)?.file(rest);
    return found === undefined || found instanceof ChangedTree || found.mode === FOLDER ? undefined : found;
  }

  /** Whether a path is a folder here. */
  isFolder(path: string): boolean {
    const [name, rest] = split(path);
    const folder = this.#folder(name);
    return rest === null ? folder !== undefined : folder?.isFolder(rest) === true;
  }

  /** Puts a file at a path, in place of whatever had that name. */
  put(path: string, file: TreeFile): void {
    const [name, rest] = split(path);
    const entries = this.#read();
    this.#sha = null;
    if (rest === null) {
      entries.set(name, file);
      return;
    }
    const folder = this.#folder(name) ?? new ChangedTree(this.#store, null);
    entries.set(name, folder);
    folder.put(rest, file);
  }

  /** Removes a file, or a folder with all below it; does nothing where there is neither. */
  remove(path: string): void {
    const [name, rest] = split(path);
    const entries = this.#read();
    if (!entries.has(name)) return;
    this.#sha = null;
    if (rest === null) entries.delete(name);
    else this.#folder(name)?.remove(rest);
  }

  /** Writes what changed, without empty folders, and returns the id of the tree. */
  write(): Sha {
    if (this.#sha !== null) return this.#sha;
    const entries = [...this.#read()].flatMap(([name, entry]) => {
      if (!(entry instanceof ChangedTree)) return [{ key: keyOf(name, entry.mode), name, ...entry }];
      return entry.#isEmpty() ? [] : [{ key: keyOf(name, FOLDER), name, mode: FOLDER, sha: entry.write() }];
    });
    entries.sort((a, b) => Buffer.compare(a.key, b.key));
    const body = entries.flatMap(({ mode, name, sha }) => [
      Buffer.from(`${mode} ${name}\0`),
      Buffer.from(sha, "hex"),
    ]);
    this.#sha = this.#store.write("tree", Buffer.concat(body));
    return this.#sha;
  }

  #isEmpty(): boolean {
    return [...this.#read().values()].every((entry) => entry instanceof ChangedTree && entry.#isEmpty());
  }

  #read(): Map<string, TreeFile | ChangedTree> {
    this.#entries ??= new Map(
      this.#sha === null
        ? []
        : this.#store.entries(this.#sha).map(({ mode, name, sha }) => [name, { mode, sha }] as const),
    );
    return this.#entries;
  }

  #folder(name: string): ChangedTree | undefined {
    const found = this.#read().get(name);
    if (found instanceof ChangedTree) return found;
    if (found?.mode !== FOLDER) return undefined;
    const folder = new ChangedTree(this.#store, found.sha);
    this.#read().set(name, folder);
    return folder;
  }
}

function split(path: string): readonly [string, string | null] {
  const slash = path.indexOf("/");
  return slash < 0 ? [path, null] : [path.slice(0, slash), path.slice(slash + 1)];
}

/** Git sorts folders as if their names ended with a slash. */
function keyOf(name: string, mode: string): Buffer {
  return Buffer.from(mode === FOLDER ? `${name}/` : name);
}

/** A file as it was and is; undefined: it was not there, or is not any more. */
export interface ChangedFile {
  readonly path: string;
  readonly before: TreeFile | undefined;
  readonly after: TreeFile | undefined;
}

/** The files that differ between two trees (null: an empty one), read only where folders differ. */
export function changedFiles(
  store: TreeStore,
  before: Sha | null,
  after: Sha | null,
  prefix = "",
): readonly ChangedFile[] {
  if (before === after) return [];
  const was = entriesOf(store, before);
  const is = entriesOf(store, after);
  const found: ChangedFile[] = [];
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    const [old, fresh] = [was.get(name), is.get(name)];
    if (old?.sha === fresh?.sha && old?.mode === fresh?.mode) continue;
    const path = prefix + name;
    const [oldFile, freshFile] = [fileOf(old), fileOf(fresh)];
    if (oldFile !== undefined || freshFile !== undefined)
      found.push({ path, before: oldFile, after: freshFile });
    found.push(...changedFiles(store, folderOf(old), folderOf(fresh), `${path}/`));
  }
  return found;
}

function entriesOf(store: TreeStore, tree: Sha | null): ReadonlyMap<string, TreeFile> {
  return new Map(
    tree === null ? [] : store.entries(tree).map(({ mode, name, sha }) => [name, { mode, sha }] as const),
  );
}

function fileOf(entry: TreeFile | undefined): TreeFile | undefined {
  return entry?.mode === FOLDER ? undefined : entry;
}

function folderOf(entry: TreeFile | undefined): Sha | null {
  return entry?.mode === FOLDER ? entry.sha : null;
}
