import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sameDifference, type ChangedPath, type Content } from "../../src/domain/change/difference.ts";
import { sha256 } from "../../src/domain/values/digest.ts";
import { rounds } from "../support/effort.ts";

/** One file in four versions: where the earlier head left its base, at it, where the later one left its base, and at it. */
interface Versions {
  readonly baseBefore: string | null;
  readonly headBefore: string | null;
  readonly baseAfter: string | null;
  readonly headAfter: string | null;
}

/** An edit of lines, written apart from the code: whole-line replacements counted from 0. */
interface Change {
  readonly at: number;
  readonly out: number;
  readonly put: readonly string[];
}

function applied(lines: readonly string[], changes: readonly Change[]): readonly string[] {
  return changes
    .toSorted((a, b) => b.at - a.at)
    .reduce<readonly string[]>((text, { at, out, put }) => text.toSpliced(at, out, ...put), lines);
}

/** Writes a patch with three lines around each place, from the longest common run of lines. */
function patchOf(before: string, after: string): string {
  const [a, b] = [before.split("\n").slice(0, -1), after.split("\n").slice(0, -1)];
  const common = Array.from({ length: a.length + 1 }, () => Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      common[i]![j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const steps: { readonly sign: " " | "-" | "+"; readonly text: string; readonly line: number }[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      steps.push({ sign: " ", text: a[i++]!, line: i });
      j += 1;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1)))
      steps.push({ sign: "-", text: a[i++]!, line: i });
    else steps.push({ sign: "+", text: b[j++]!, line: i + 1 });
  }
  const shown = steps.map((_, index) =>
    steps.slice(Math.max(0, index - 3), index + 4).some(({ sign }) => sign !== " "),
  );
  return steps
    .flatMap(({ sign, text, line }, index) => {
      if (shown[index] !== true) return [];
      const old = steps.slice(index).findIndex((_, each) => shown[index + each] !== true);
      const hunk = steps.slice(index, old === -1 ? undefined : index + old);
      const count = hunk.filter((each) => each.sign !== "+").length;
      // Where nothing is shown of the old file, git numbers the line before.
      const header = `@@ -${count === 0 ? line - 1 : line},${count} +1,1 @@`;
      return shown[index - 1] === true ? [`${sign}${text}`] : [header, `${sign}${text}`];
    })
    .join("\n");
}

type Place = keyof Versions;

function judged(
  files: Readonly<Record<string, Versions>>,
  modes: Partial<Readonly<Record<Place, number>>> = {},
): ReturnType<typeof sameDifference> {
  const changed = (
    from: "baseBefore" | "baseAfter",
    to: "headBefore" | "headAfter",
  ): readonly ChangedPath[] =>
    Object.entries(files).flatMap(([path, versions]) => {
      const [old, now] = [versions[from], versions[to]];
      if (old === now) return [];
      const status = old === null ? "added" : now === null ? "removed" : "modified";
      return [{ path, oldPath: null, status, patch: patchOf(old ?? "", now ?? "") }];
    });
  const content = (path: string, place: Place): Content | null => {
    const held = files[path]?.[place] ?? null;
    return held === null ? null : { blob: sha256(held), mode: modes[place] ?? 0o100644 };
  };
  return sameDifference({
    before: changed("baseBefore", "headBefore"),
    after: changed("baseAfter", "headAfter"),
    contents: (path) => ({
      baseBefore: content(path, "baseBefore"),
      headBefore: content(path, "headBefore"),
      baseAfter: content(path, "baseAfter"),
      headAfter: content(path, "headAfter"),
    }),
    meanwhile: (path) => {
      const { baseBefore = null, baseAfter = null } = files[path] ?? {};
      return baseBefore === null || baseAfter === null ? null : patchOf(baseBefore, baseAfter);
    },
  });
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
const start = Array.from({ length: 40 }, (_, index) => `line ${index}`);

/** Edits of one file that leave at least one line between each other, shared out between the pull request and the base. */
const edits = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 4 }),
      out: fc.integer({ min: 0, max: 2 }),
      put: fc.integer({ min: 0, max: 2 }),
      ofPull: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((each) => {
    let next = 0;
    const made = each
      .filter(({ out, put }) => out + put > 0)
      .map(({ gap, out, put, ofPull }, index) => {
        const at = next + gap;
        next = at + out;
        const lines = Array.from(
          { length: put },
          (_, line) => `${ofPull ? "pull" : "base"} ${index}.${line}`,
        );
        return { ofPull, change: { at, out, put: lines } };
      });
    const of = (pull: boolean) => made.filter(({ ofPull }) => ofPull === pull).map(({ change }) => change);
    return { pull: of(true), base: of(false) };
  });

function versions(
  pull: readonly Change[],
  base: readonly Change[],
): Versions & { readonly headAfter: string } {
  return {
    baseBefore: text(start),
    headBefore: text(applied(start, pull)),
    baseAfter: text(applied(start, base)),
    headAfter: text(applied(start, [...pull, ...base])),
  };
}

describe("two heads on two bases", () => {
  test("change the same where the later one holds both the approved lines and the base's", () => {
    fc.assert(
      fc.property(edits, ({ pull, base }) => {
        expect(judged({ "a.ts": versions(pull, base) })).toBe("same");
      }),
      { numRuns: rounds(200, 500) },
    );
  });

  test("do not where the later one takes back any of what the base had since, or lacks or adds anything", () => {
    fc.assert(
      fc.property(
        edits,
        fc.nat(),
        fc.constantFrom("take-back", "lack", "add"),
        ({ pull, base }, which, how) => {
          const some = how === "take-back" ? base : pull;
          const out = some[which % Math.max(1, some.length)];
          fc.pre(how === "add" || out !== undefined);
          const left = [...pull, ...base].filter((change) => change !== out);
          const lines =
            how === "add" ? [...applied(start, [...pull, ...base]), "never reviewed"] : applied(start, left);
          const other = { ...versions(pull, base), headAfter: text(lines) };
          expect(judged({ "a.ts": other })).toBe("different");
        },
      ),
      { numRuns: rounds(200, 500) },
    );
  });

  test("do not where the later one keeps the approved file whole, though the base changed it", () => {
    fc.assert(
      fc.property(edits, ({ pull, base }) => {
        fc.pre(pull.length > 0 && base.length > 0);
        const before = versions(pull, base);
        expect(judged({ "a.ts": { ...before, headAfter: before.headBefore } })).toBe("different");
      }),
      { numRuns: rounds(120, 300) },
    );
  });

  test("do not where lines next to each other were changed on both sides: somebody solved that", () => {
    const pull = [{ at: 5, out: 1, put: ["pull"] }];
    for (const base of [
      { at: 4, out: 1, put: ["base"] },
      { at: 6, out: 1, put: ["base"] },
      { at: 5, out: 0, put: ["base"] },
      { at: 6, out: 0, put: ["base"] },
    ])
      expect(judged({ "a.ts": versions(pull, [base]) })).toBe("different");
    const [near] = [{ at: 7, out: 1, put: ["base"] }];
    expect(judged({ "a.ts": versions(pull, [near]) })).toBe("same");
  });

  test("do not where the approved lines were put into another of two like places", () => {
    const like = [...start.slice(0, 4), "one", "two", "three", "x", "y", "z", "one", "two", "three"];
    const base = [{ at: 0, out: 0, put: ["base"] }];
    const at = (place: number): string =>
      text(applied(like, [{ at: place, out: 1, put: ["pull"] }, ...base]));
    const file = {
      baseBefore: text(like),
      headBefore: text(applied(like, [{ at: 5, out: 1, put: ["pull"] }])),
      baseAfter: text(applied(like, base)),
    };
    expect(judged({ "a.ts": { ...file, headAfter: at(5) } })).toBe("same");
    expect(judged({ "a.ts": { ...file, headAfter: at(11) } })).toBe("different");
  });

  test("change the same where the base has come to hold one of the files, and not where it holds it otherwise", () => {
    const one = versions([{ at: 3, out: 1, put: ["pull"] }], []);
    const landed = { ...one, baseAfter: one.headBefore, headAfter: one.headBefore };
    expect(judged({ "a.ts": one, "b.ts": landed })).toBe("same");
    const otherwise = { ...one, baseAfter: text(["other"]), headAfter: text(["other"]) };
    expect(judged({ "a.ts": one, "b.ts": otherwise })).toBe("different");
  });

  test("do not where a file is deleted that the base had changed, or brought back that it had deleted", () => {
    const moved = text(applied(start, [{ at: 1, out: 1, put: ["base"] }]));
    const whole = text(start);
    expect(judged({ a: { baseBefore: whole, headBefore: null, baseAfter: moved, headAfter: null } })).toBe(
      "different",
    );
    expect(judged({ a: { baseBefore: whole, headBefore: moved, baseAfter: null, headAfter: moved } })).toBe(
      "different",
    );
    expect(judged({ a: { baseBefore: whole, headBefore: null, baseAfter: whole, headAfter: null } })).toBe(
      "same",
    );
  });

  test("do not where the mode that the base has set is taken back, and do where only the base set it", () => {
    const file = versions([{ at: 3, out: 1, put: ["pull"] }], [{ at: 9, out: 1, put: ["base"] }]);
    const runs = { baseBefore: 0o100755, headBefore: 0o100755 };
    expect(judged({ "run.sh": file }, { ...runs, headAfter: 0o100755 })).toBe("different");
    expect(judged({ "run.sh": file }, runs)).toBe("same");
    expect(judged({ "run.sh": file }, { headAfter: 0o100755 })).toBe("different");
  });

  test("cannot be told apart where GitHub shows no lines of a file that the base has changed too", () => {
    const [one, other] = [
      { path: "a", oldPath: null, status: "modified", patch: null },
      { path: "a", oldPath: null, status: "modified", patch: "@@ -1 +1 @@\n-a\n+b" },
    ];
    const at = (blob: string): Content => ({ blob, mode: 0o100644 });
    const contents = () => ({
      baseBefore: at("1"),
      headBefore: at("2"),
      baseAfter: at("3"),
      // Kept as it was approved: what the base has changed may be taken back.
      headAfter: at("2"),
    });
    for (const [before, after, meanwhile] of [
      [one, one, "@@ -9 +9 @@\n-a\n+b"],
      [other, other, null],
      [other, other, "@@ -9 +9 @@\n-\uFFFD\n+b"],
    ] as const)
      expect(sameDifference({ before: [before], after: [after], contents, meanwhile: () => meanwhile })).toBe(
        "unknown",
      );
  });
});
