/** One bare git repository. Objects and refs are kept in memory and read without starting git; merges, diffs and patch ids are git's own, for which everything is written out first. */

import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseCommit, signatureText } from "./commit-text.ts";
import { ChangedTree, changedFiles } from "./changed-tree.ts";
import { addedFile, parseDifferences } from "./differences.ts";
import { History } from "./history.ts";
import { foldersOf, mergeApart } from "./merge-apart.ts";
import type { FileChange, FileChanges, FileDifference, GitCommit, Signature, TreeFile } from "./git-types.ts";
import type { Sha } from "./model.ts";
import { ObjectStore, type GitObject, type ObjectType } from "./objects.ts";

export type { FileChange, FileChanges, FileDifference, GitCommit, Signature, TreeFile };

const NOTHING = "0".repeat(40);

/** So many trees are kept as lists of all their files: in a large repository each is long. */
const KEPT_TREES = 100;

/** A merge's tree; where there are conflicts, with git's markers in it. */
export interface Merged {
  readonly tree: Sha;
  readonly conflicts: readonly string[];
}

/** A bare repository. All calls are synchronous: the double answers one request at a time. */
export class GitRepository {
  readonly folder: string;
  readonly #parent: GitRepository | null;
  readonly #objects: ObjectStore;
  readonly #refs = new Map<string, Sha>();
  /** The folders the refs are in, each with how many are below it: git holds no ref of the same name. */
  readonly #folders = new Map<string, number>();
  #head: string;
  #isMade = false;
  #isChanged = true;
  readonly #commits: Map<Sha, GitCommit>;
  readonly #flat: Map<Sha, ReadonlyMap<string, TreeFile>>;
  readonly #history: History;
  readonly #differences: Map<string, readonly FileDifference[]>;
  readonly #merges: Map<string, Merged>;
  /** The repository this one is another view of, and where its branches and tags are then. */
  #seen: { readonly of: GitRepository; readonly refs: () => ReadonlyMap<string, Sha> } | null = null;

  private constructor(folder: string, defaultBranch: string, parent: GitRepository | null) {
    this.folder = folder;
    this.#head = defaultBranch;
    this.#parent = parent;
    this.#objects = parent === null ? new ObjectStore(folder) : parent.#objects;
    this.#commits = parent === null ? new Map() : parent.#commits;
    this.#flat = parent === null ? new Map() : parent.#flat;
    this.#history = parent === null ? new History((sha) => this.commitOf(sha)) : parent.#history;
    this.#differences = parent === null ? new Map() : parent.#differences;
    this.#merges = parent === null ? new Map() : parent.#merges;
  }

  /** Makes an empty bare repository; a fork shares its parent's objects. Nothing is on disk before {@link flush}. */
  static create(folder: string, defaultBranch: string, parent: GitRepository | null): GitRepository {
    return new GitRepository(folder, defaultBranch, parent);
  }

  /** The same repository with its branches and tags elsewhere; to be read only. */
  withRefs(refs: () => ReadonlyMap<string, Sha>): GitRepository {
    const view = new GitRepository(this.folder, this.#head, this);
    view.#seen = { of: this, refs };
    return view;
  }

  /** Where every branch and tag is. */
  allRefs(): ReadonlyMap<string, Sha> {
    return this.#seen === null ? this.#refs : this.#seen.refs();
  }

  /** Writes everything to disk, where git finds a bare repository. */
  flush(): void {
    if (this.#seen !== null) {
      this.#seen.of.flush();
      return;
    }
    if (!this.#isMade) this.#make();
    this.#objects.flush();
    if (!this.#isChanged) return;
    const refs = this.refs("").map(({ name, sha }) => `${sha} ${name}\n`);
    writeFileSync(join(this.folder, "packed-refs"), refs.join(""));
    writeFileSync(join(this.folder, "HEAD"), `ref: refs/heads/${this.#head}\n`);
    this.#isChanged = false;
  }

  #make(): void {
    this.#parent?.flush();
    mkdirSync(join(this.folder, "refs"), { recursive: true });
    if (this.#parent === null) mkdirSync(join(this.folder, "objects"));
    else symlinkSync(join(this.#parent.folder, "objects"), join(this.folder, "objects"));
    writeFileSync(
      join(this.folder, "config"),
      "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[gc]\n\tauto = 0\n",
    );
    this.#isMade = true;
  }

  /** Runs git here; text in, text out. Throws when git fails. */
  run(args: readonly string[], input = ""): string {
    this.flush();
    return execFileSync("git", ["--git-dir", this.folder, ...args], {
      input,
      maxBuffer: 1 << 28,
      stdio: ["pipe", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] ?? "", HOME: this.folder, GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C" },
    }).toString("utf8");
  }

  /** Takes all objects of another repository on this machine, and returns its branches. */
  importFrom(path: string): ReadonlyMap<string, Sha> {
    this.run(["fetch", "--quiet", "--no-tags", path, "+refs/heads/*:refs/import/*"]);
    const listed = this.run(["for-each-ref", "--format=%(objectname) %(refname)", "refs/import/"]);
    return new Map(
      listed
        .split("\n")
        .filter(Boolean)
        .map((line) => [line.slice(41 + "refs/import/".length), line.slice(0, 40)]),
    );
  }

  // -- objects

  /** Writes an object and returns its id. */
  write(type: ObjectType, body: Buffer): Sha {
    return this.#objects.write(type, body);
  }

  /** An object by full id; undefined when there is none. */
  read(sha: Sha): GitObject | undefined {
    return this.#objects.read(sha);
  }

  /** A file's content by its blob id. */
  blob(sha: Sha): Buffer | undefined {
    const object = this.read(sha);
    return object?.type === "blob" ? object.body : undefined;
  }

  /** A commit by full id. */
  commit(sha: Sha): GitCommit | undefined {
    const known = this.#commits.get(sha);
    if (known !== undefined) return known;
    if (!/^[0-9a-f]{40}$/.test(sha) || sha === NOTHING) return undefined;
    const object = this.read(sha);
    if (object === undefined || object.type !== "commit") return undefined;
    const commit = parseCommit(sha, object.body.toString("utf8"));
    this.#commits.set(sha, commit);
    return commit;
  }

  /** A commit that must be there. */
  commitOf(sha: Sha): GitCommit {
    const commit = this.commit(sha);
    if (commit === undefined) throw new Error(`no commit ${sha} in ${this.folder}`);
    return commit;
  }

  /** Writes a commit. */
  createCommit(commit: {
    readonly tree: Sha;
    readonly parents: readonly Sha[];
    readonly author: Signature;
    readonly committer: Signature;
    readonly message: string;
    readonly signature?: string | null;
  }): Sha {
    const lines = [`tree ${commit.tree}`, ...commit.parents.map((parent) => `parent ${parent}`)];
    lines.push(`author ${signatureText(commit.author)}`, `committer ${signatureText(commit.committer)}`);
    if (commit.signature != null) lines.push(`gpgsig ${commit.signature.trimEnd().split("\n").join("\n ")}`);
    const message = commit.message.endsWith("\n") ? commit.message : `${commit.message}\n`;
    return this.write("commit", Buffer.from(`${lines.join("\n")}\n\n${message}`));
  }

  /** Every file below a tree (or a commit's tree), by path. */
  files(treeish: Sha): ReadonlyMap<string, TreeFile> {
    const tree = this.commit(treeish)?.tree ?? treeish;
    const known = this.#flat.get(tree);
    if (known !== undefined) return known;
    const files = new Map<string, TreeFile>();
    this.#collect(tree, "", files);
    this.#flat.set(tree, files);
    for (const oldest of this.#flat.keys()) {
      if (this.#flat.size <= KEPT_TREES) break;
      this.#flat.delete(oldest);
    }
    return files;
  }

  #collect(tree: Sha, prefix: string, into: Map<string, TreeFile>): void {
    for (const entry of this.entries(tree)) {
      if (entry.mode === "40000") this.#collect(entry.sha, `${prefix}${entry.name}/`, into);
      else into.set(prefix + entry.name, { mode: entry.mode, sha: entry.sha });
    }
  }

  /** The direct entries of one tree; folders have mode `40000`. */
  entries(tree: Sha): { readonly mode: string; readonly name: string; readonly sha: Sha }[] {
    const object = this.read(tree);
    if (object === undefined || object.type !== "tree") throw new Error(`no tree ${tree} in ${this.folder}`);
    const found = [];
    for (let at = 0; at < object.body.length;) {
      const space = object.body.indexOf(32, at);
      const end = object.body.indexOf(0, space);
      found.push({
        mode: object.body.toString("latin1", at, space),
        name: object.body.toString("utf8", space + 1, end),
        sha: object.body.toString("hex", end + 1, end + 21),
      });
      at = end + 21;
    }
    return found;
  }

  /** A file's text at a commit; null when it is not there. */
  text(treeish: Sha, path: string): string | null {
    const file = this.file(treeish, path);
    if (file === undefined || file.mode === "160000") return null;
    return this.blob(file.sha)?.toString("utf8") ?? null;
  }

  /** One file below a tree (or a commit's tree), without reading the others. */
  file(treeish: Sha, path: string): TreeFile | undefined {
    return new ChangedTree(this, this.commit(treeish)?.tree ?? treeish).file(path);
  }

  /** Writes the trees of a set of files and returns the root. */
  createTree(files: ReadonlyMap<string, TreeFile>): Sha {
    const tree = new ChangedTree(this, null);
    for (const [path, file] of files) tree.put(path, file);
    return tree.write();
  }

  /** A new tree: the one given (null: empty) with changes made to it. */
  change(treeish: Sha | null, changes: FileChanges): Sha {
    const tree = treeish === null ? null : (this.commit(treeish)?.tree ?? treeish);
    const changed = new ChangedTree(this, tree);
    for (const [path, change] of Object.entries(changes)) this.#changeOne(changed, path, change);
    return changed.write();
  }

  #changeOne(tree: ChangedTree, path: string, change: FileChange): void {
    const old = tree.file(path);
    const blob = (text: string | Buffer): Sha => this.write("blob", Buffer.from(text));
    if (change === null) {
      tree.remove(path);
    } else if (typeof change === "string") {
      tree.put(path, { mode: old?.mode === "100755" ? "100755" : "100644", sha: blob(change) });
    } else if ("submodule" in change) {
      tree.put(path, { mode: "160000", sha: change.submodule });
    } else if ("base64" in change) {
      tree.put(path, { mode: old?.mode ?? "100644", sha: blob(Buffer.from(change.base64, "base64")) });
    } else if ("from" in change) {
      const moved = tree.file(change.from);
      if (moved === undefined) throw new Error(`no file ${change.from} to move to ${path}`);
      tree.remove(change.from);
      tree.put(path, change.text === undefined ? moved : { mode: moved.mode, sha: blob(change.text) });
    } else {
      const sha = change.text === undefined ? (old?.sha ?? blob("")) : blob(change.text);
      tree.put(path, { mode: fullMode(change.mode), sha });
    }
  }

  // -- refs

  /** The commit (or tag object) a full ref name points to. */
  ref(name: string): Sha | null {
    return this.allRefs().get(name) ?? null;
  }

  /** A branch's head. */
  branch(name: string): Sha | null {
    return this.ref(`refs/heads/${name}`);
  }

  /** Points a full ref name at a commit. Throws when git could not hold such a ref beside the others. */
  setRef(name: string, sha: Sha): void {
    if (!this.#refs.has(name)) {
      const other = this.#inTheWayOf(name);
      if (other !== undefined) throw new Error(`cannot lock ref '${name}': '${other}' exists`);
      for (const folder of foldersOf(name)) this.#folders.set(folder, (this.#folders.get(folder) ?? 0) + 1);
    }
    this.#refs.set(name, sha);
    this.#isChanged = true;
  }

  #inTheWayOf(name: string): string | undefined {
    if (this.#folders.has(name)) return [...this.#refs.keys()].find((other) => other.startsWith(`${name}/`));
    return foldersOf(name).find((folder) => this.#refs.has(folder));
  }

  /** Removes a ref. */
  deleteRef(name: string): void {
    if (!this.#refs.delete(name)) return;
    for (const folder of foldersOf(name)) {
      const left = (this.#folders.get(folder) ?? 0) - 1;
      if (left > 0) this.#folders.set(folder, left);
      else this.#folders.delete(folder);
    }
    this.#isChanged = true;
  }

  /** The first of the branches, by name, that point to a commit. */
  branchAt(sha: Sha): string | null {
    let first: string | null = null;
    for (const [name, at] of this.allRefs())
      if (at === sha && name.startsWith("refs/heads/") && (first === null || name < first)) first = name;
    return first?.slice("refs/heads/".length) ?? null;
  }

  /** All refs below a prefix such as `refs/heads/`, sorted by name. */
  refs(prefix: string): { readonly name: string; readonly sha: Sha }[] {
    return [...this.allRefs()]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, sha]) => ({ name, sha }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Points HEAD at another branch. */
  setDefaultBranch(branch: string): void {
    this.#head = branch;
    this.#isChanged = true;
  }

  /** The commit a name means: branch, tag, full ref, full or short id (4 or more digits), each with `~n`, `^` or `^n`; null when there is none. */
  resolve(name: string): Sha | null {
    const match = /^(.*?)((?:~\d*|\^\d*)*)$/s.exec(name);
    const [, stem = "", steps = ""] = match ?? [];
    let sha = this.#resolveName(stem);
    for (const step of steps.match(/[~^]\d*/g) ?? []) {
      const count = step.length === 1 ? 1 : Number(step.slice(1));
      if (step.startsWith("^")) sha = sha === null ? null : (this.commit(sha)?.parents[count - 1] ?? null);
      else for (let n = 0; n < count && sha !== null; n++) sha = this.commit(sha)?.parents[0] ?? null;
    }
    return sha;
  }

  #resolveName(stem: string): Sha | null {
    for (const ref of [`refs/heads/${stem}`, `refs/tags/${stem}`, stem, `refs/${stem}`]) {
      const sha = this.ref(ref);
      if (sha !== null) return this.peel(sha);
    }
    if (stem === "HEAD") return this.branch(this.#head);
    if (/^[0-9a-f]{40}$/.test(stem)) return this.commit(stem) === undefined ? null : stem;
    if (!/^[0-9a-f]{4,39}$/.test(stem)) return null;
    const found = this.#objects.startingWith(stem).filter((sha) => this.commit(sha) !== undefined);
    return found.length === 1 ? (found[0] ?? null) : null;
  }

  /** The commit an object id stands for: itself, or what an annotated tag points to. */
  peel(sha: Sha): Sha | null {
    const object = this.read(sha);
    if (object?.type !== "tag") return this.commit(sha) === undefined ? null : sha;
    const target = /^object ([0-9a-f]{40})$/m.exec(object.body.toString("utf8"))?.[1];
    return target === undefined ? null : this.peel(target);
  }

  // -- history, see {@link History}

  /** Whether one commit can be reached from another (a commit reaches itself). */
  isAncestor(ancestor: Sha, descendant: Sha): boolean {
    return this.#history.isAncestor(ancestor, descendant);
  }

  /** The best common ancestors of two commits; several after criss-cross merges, none for unrelated histories. */
  mergeBases(a: Sha, b: Sha): Sha[] {
    return this.#history.mergeBases(a, b);
  }

  /** The best common ancestor of two commits; null when they share none. */
  mergeBase(a: Sha, b: Sha): Sha | null {
    return this.mergeBases(a, b)[0] ?? null;
  }

  /** The commits reachable from `head` but not from `base`, parents before children. */
  commitsBetween(base: Sha | null, head: Sha): Sha[] {
    return this.#history.between(base, head);
  }

  /** The first parents of a commit, newest first, starting with it. */
  firstParents(head: Sha): Sha[] {
    return this.#history.firstParents(head);
  }

  // -- merges and differences, by git itself

  /** Merges two commits as git does; `conflicts` names paths when it cannot be done cleanly. */
  merge(ours: Sha, theirs: Sha): Merged {
    const key = `${ours} ${theirs}`;
    const known = this.#merges.get(key);
    if (known !== undefined) return known;
    const merged = this.#merge(ours, theirs);
    this.#merges.set(key, merged);
    return merged;
  }

  #merge(ours: Sha, theirs: Sha): Merged {
    const bases = this.mergeBases(ours, theirs);
    const only = bases.length === 1 ? this.commitOf(bases[0]!).tree : null;
    const [left, right] = [this.commitOf(ours).tree, this.commitOf(theirs).tree];
    if (only === left || left === right) return { tree: right, conflicts: [] };
    if (only === right) return { tree: left, conflicts: [] };
    const apart = only === null ? null : mergeApart(this, only, left, right);
    if (apart !== null) return { tree: apart, conflicts: [] };
    try {
      return { tree: this.run(["merge-tree", "--write-tree", ours, theirs]).slice(0, 40), conflicts: [] };
    } catch (error) {
      const printed = mergeOutput(error);
      const [tree = "", ...lines] = printed.split("\n");
      const conflicts = new Set<string>();
      for (const line of lines) {
        if (line === "") break;
        conflicts.add(line.replace(/^\d+ [0-9a-f]+ \d\t/, ""));
      }
      return { tree: tree.slice(0, 40), conflicts: [...conflicts] };
    }
  }

  /** The tree of `onto` with what `commit` changed since its first parent; null on conflict. */
  pick(commit: Sha, onto: Sha): Sha | null {
    const source = this.commitOf(commit);
    const target = this.commitOf(onto);
    const parent = source.parents[0];
    if (parent === undefined) return null;
    if (this.commitOf(parent).tree === target.tree) return source.tree;
    // merge-tree of git 2.39 takes no merge base: give the target a stand-in whose only parent is the base wanted.
    const nobody = { name: "double", email: "double@localhost", at: 0 };
    const standIn = this.createCommit({
      tree: target.tree,
      parents: [parent],
      author: nobody,
      committer: nobody,
      message: "stand-in",
    });
    const picked = this.createCommit({ ...source, parents: [parent], message: "stand-in" });
    const merged = this.merge(standIn, picked);
    return merged.conflicts.length === 0 ? merged.tree : null;
  }

  /** What differs from one commit (null: nothing) to another, renames found as GitHub finds them. */
  differences(from: Sha | null, to: Sha): readonly FileDifference[] {
    const old = from === null ? null : (this.commit(from)?.tree ?? from);
    const fresh = this.commit(to)?.tree ?? to;
    if (old === fresh) return [];
    const key = `${old} ${fresh}`;
    const known = this.#differences.get(key);
    if (known !== undefined) return known;
    const added = this.#onlyAdded(old, fresh);
    if (added !== null) {
      this.#differences.set(key, added);
      return added;
    }
    const start = old ?? this.createTree(new Map());
    const printed = this.run([
      "diff-tree",
      "-r",
      "-M",
      "--raw",
      "--numstat",
      "-p",
      "--no-abbrev",
      start,
      fresh,
    ]);
    const found = parseDifferences(printed);
    this.#differences.set(key, found);
    return found;
  }

  /** The differences, if they are nothing but new files of text: those need no asking of git. */
  #onlyAdded(old: Sha | null, fresh: Sha): readonly FileDifference[] | null {
    const found: FileDifference[] = [];
    for (const { path, before, after } of changedFiles(this, old, fresh)) {
      if (before !== undefined || after === undefined) return null;
      const blob = after.mode.startsWith("100") ? this.blob(after.sha) : undefined;
      if (blob === undefined || blob.includes(0)) return null;
      found.push(addedFile(path, after.sha, blob.toString("utf8")));
    }
    return found.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  }

  /** Git's stable patch id of what differs from one commit to another; empty when nothing does. */
  patchId(from: Sha, to: Sha): string {
    const patch = this.run([
      "diff-tree",
      "-r",
      "-p",
      "--full-index",
      this.commitOf(from).tree,
      this.commitOf(to).tree,
    ]);
    return patch === "" ? "" : this.run(["patch-id", "--stable"], patch).split(" ")[0]!;
  }
}

function mergeOutput(error: unknown): string {
  if (error instanceof Error && "status" in error && error.status === 1 && "stdout" in error)
    return String(error.stdout);
  throw error;
}

function fullMode(mode: string): string {
  return mode.length === 3 ? `100${mode}` : mode;
}
