/** What git repositories hold, as values. */

import type { Instant, Sha } from "./model.ts";

/** Who made a commit, as git writes it. `at` in milliseconds. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly at: Instant;
}

/** A commit as stored. */
export interface GitCommit {
  readonly sha: Sha;
  readonly tree: Sha;
  readonly parents: readonly Sha[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
  /** The text of a `gpgsig` header. */
  readonly signature: string | null;
}

/** A file, link or submodule in a tree. `mode` is six octal digits, e.g. `100644`, `100755`, `160000`. */
export interface TreeFile {
  readonly mode: string;
  readonly sha: Sha;
}

/** What a step does to one path: new text, removal, a move from elsewhere, a mode, a submodule pointer. */
export type FileChange =
  | string
  | null
  | { readonly from: string; readonly text?: string }
  | { readonly mode: string; readonly text?: string }
  | { readonly submodule: Sha }
  | { readonly base64: string };

/** Changes by path. */
export type FileChanges = Readonly<Record<string, FileChange>>;

/** One file that differs between two commits; `patch` is null for binary files and submodule-free renames without changes. */
export interface FileDifference {
  readonly path: string;
  readonly oldPath: string | null;
  readonly status: "added" | "removed" | "modified" | "renamed" | "copied" | "changed";
  readonly additions: number;
  readonly deletions: number;
  readonly sha: Sha;
  readonly patch: string | null;
}
