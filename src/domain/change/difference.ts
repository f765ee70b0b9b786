/**
 * Effective differences: what a head changes against its base, and whether two heads change the same. Reviewers see
 * this, and this lands.
 */

import type { Sha } from "./sha.ts";
import { editsOf, sameLines, samePlaces, shifted } from "./patch.ts";

/** Describes one file that differs between where a head left its base and the head. */
export interface ChangedPath {
  readonly path: string;
  /** Its path at the base, where it was moved or copied. */
  readonly oldPath: string | null;
  readonly status: string;
  /** Its lines as GitHub shows them; null: no text (binary, too large, or nothing but the name or mode changed). */
  readonly patch: string | null;
}

/** Describes what is at a path of a commit. */
export interface Content {
  readonly blob: Sha;
  readonly mode: number;
}

/** Holds everything two effective differences are compared by. `null` in `contents`: nothing is there. */
export interface Compared {
  readonly before: readonly ChangedPath[];
  readonly after: readonly ChangedPath[];
  /** What is at a path: where the earlier head left its base, at it, where the later one left its base, and at it. */
  readonly contents: (path: string) => {
    readonly baseBefore: Content | null;
    readonly headBefore: Content | null;
    readonly baseAfter: Content | null;
    readonly headAfter: Content | null;
  };
  /** How the base changed the text of a path meanwhile; null: not known. */
  readonly meanwhile: (path: string) => string | null;
}

/** Replaces bytes that are no text: other bytes would look the same. */
const UNREADABLE = "\uFFFD";

/** Returns whether two heads may change their bases alike, from the lists alone; false: they surely do not. */
export function mayBeSame(before: readonly ChangedPath[], after: readonly ChangedPath[]): boolean {
  const then = new Map(before.map((file) => [file.path, file]));
  return after.every((file) => {
    const counterpart = then.get(file.path);
    if (counterpart?.status !== file.status || counterpart.oldPath !== file.oldPath) return false;
    // GitHub omits what is long: then only blobs can decide.
    if (file.patch === null || counterpart.patch === null) return true;
    return sameLines(editsOf(counterpart.patch), editsOf(file.patch));
  });
}

/** Lists the paths whose base changed meanwhile, so that only their lines can decide. Others are decided by their blobs. */
export function comparedByLines({
  before,
  contents,
}: Pick<Compared, "before" | "contents">): readonly string[] {
  return before
    .map(({ path, oldPath }) => oldPath ?? path)
    .filter((path) => {
      const { baseBefore, baseAfter } = contents(path);
      return baseBefore !== null && baseAfter !== null && baseBefore.blob !== baseAfter.blob;
    });
}

/**
 * Returns whether a later head changes its base just as an earlier one did. That is: in each file the same blob made of
 * the same blob, or the same lines where the base's own changes moved them. What the base has come to contain meanwhile
 * need not be introduced again.
 */
export function sameDifference(compared: Compared): "same" | "different" | "unknown" {
  const { before, after, contents } = compared;
  if (!mayBeSame(before, after)) return "different";
  const now = new Map(after.map((file) => [file.path, file]));
  const each = before.map((file) => {
    const counterpart = now.get(file.path);
    return counterpart === undefined
      ? landedMeanwhile(file, contents)
      : sameFile(file, counterpart, compared);
  });
  if (each.includes("different")) return "different";
  return each.includes("unknown") ? "unknown" : "same";
}

type Answer = ReturnType<typeof sameDifference>;

/** A file that the later head does not change: the base must hold it as the earlier head made it. */
function landedMeanwhile({ path, oldPath }: ChangedPath, contents: Compared["contents"]): Answer {
  const isThere = [path, ...(oldPath === null ? [] : [oldPath])].every((each) => {
    const { headBefore, baseAfter } = contents(each);
    return headBefore?.blob === baseAfter?.blob && headBefore?.mode === baseAfter?.mode;
  });
  return isThere ? "same" : "different";
}

function sameFile(one: ChangedPath, other: ChangedPath, { contents, meanwhile }: Compared): Answer {
  const source = one.oldPath ?? one.path;
  const { baseBefore, baseAfter } = contents(source);
  const { headBefore, headAfter } = contents(one.path);
  if (!sameMode([baseBefore, headBefore], [baseAfter, headAfter])) return "different";
  if (baseBefore?.blob === baseAfter?.blob)
    return headBefore?.blob === headAfter?.blob ? "same" : "different";
  // The base has other lines now: to take them out with the file, or to put a file in their place, is another change.
  if (baseBefore === null || baseAfter === null || headBefore === null || headAfter === null)
    return "different";
  if (baseBefore.blob === headBefore.blob) return baseAfter.blob === headAfter.blob ? "same" : "different";
  const base = meanwhile(source);
  const patches = [one.patch, other.patch, base];
  if (patches.some((patch) => patch === null || patch.includes(UNREADABLE))) return "unknown";
  const moved = shifted(editsOf(one.patch ?? ""), editsOf(base ?? ""));
  return moved !== null && samePlaces(moved, editsOf(other.patch ?? "")) ? "same" : "different";
}

type Span = readonly [from: Content | null, to: Content | null];

function sameMode([a, b]: Span, [c, d]: Span): boolean {
  if (a?.mode === c?.mode) return b?.mode === d?.mode;
  return a?.mode === b?.mode && c?.mode === d?.mode;
}
