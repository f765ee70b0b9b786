/** Patches of one file as GitHub shows them: the places they change, and where those places are once the base has moved. */

/** Describes one place a patch changes. Before line `at` of the old file, `removed` lines are taken out and `added` put in. */
export interface Edit {
  /** Counted from 1. */
  readonly at: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

const HEADER = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@/u;

/** Reads the places a patch changes, in their order, without the lines around them. */
export function editsOf(patch: string): readonly Edit[] {
  const edits: Edit[] = [];
  let line = 0;
  let open: { readonly at: number; readonly removed: string[]; readonly added: string[] } | null = null;
  let last: string[] | null = null;
  for (const text of patch.split("\n")) {
    const header = HEADER.exec(text);
    if (header !== null) {
      // Where nothing is shown of the old file, the number is that of the line before.
      line = Number(header[1]) + (header[2] === "0" ? 1 : 0);
      [open, last] = [null, null];
    } else if (text.startsWith("-") || text.startsWith("+")) {
      if (open === null) edits.push((open = { at: line, removed: [], added: [] }));
      last = text.startsWith("-") ? open.removed : open.added;
      last.push(text.slice(1));
      if (text.startsWith("-")) line += 1;
    } else if (text.startsWith("\\")) {
      // "No newline at end of file" belongs to the line above it.
      if (last !== null) last.push(`${last.pop() ?? ""}\n${text}`);
    } else {
      line += 1;
      [open, last] = [null, null];
    }
  }
  return edits;
}

/**
 * Moves places of a file to where they are after `meanwhile` was changed in it. Null where both touch the same lines or
 * neighbouring ones: git requires someone to solve that.
 */
export function shifted(edits: readonly Edit[], meanwhile: readonly Edit[]): readonly Edit[] | null {
  const moved: Edit[] = [];
  for (const edit of edits) {
    let by = 0;
    for (const other of meanwhile) {
      if (other.at + other.removed.length < edit.at) by += other.added.length - other.removed.length;
      else if (other.at <= edit.at + edit.removed.length) return null;
    }
    moved.push({ ...edit, at: edit.at + by });
  }
  return moved;
}

/** Returns whether two patches change the same lines in the same way, wherever those are. */
export function sameLines(one: readonly Edit[], other: readonly Edit[]): boolean {
  const isSame = (a: readonly string[], b: readonly string[] = []): boolean =>
    a.length === b.length && a.every((line, index) => line === b[index]);
  return (
    one.length === other.length &&
    one.every(
      ({ removed, added }, index) =>
        isSame(removed, other[index]?.removed) && isSame(added, other[index]?.added),
    )
  );
}

/** Returns whether two patches of one length change the same places. */
export function samePlaces(one: readonly Edit[], other: readonly Edit[]): boolean {
  return one.every(({ at }, index) => at === other[index]?.at);
}
