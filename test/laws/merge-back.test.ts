import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makesSameChanges } from "../../src/flows/deployments/merge-back.ts";
import type { ComparedFile, ComparedFiles } from "../../src/github/commits/compare.ts";
import { sha } from "../support/facts.ts";
import { rounds } from "../support/effort.ts";

const file = fc.record<ComparedFile>({
  path: fc.constantFrom("a", "b", "c"),
  oldPath: fc.constant(null),
  status: fc.constantFrom("added", "modified", "removed"),
  blob: fc.constantFrom(sha("1"), sha("2"), sha("3")),
  patch: fc.constantFrom("@@ -1 +1 @@\n+x", "@@ -9 +9 @@\n+x", "@@ -1 +1 @@\n+y"),
});

const whole = fc
  .uniqueArray(file, { selector: ({ path }) => path, minLength: 1 })
  .map((files): ComparedFiles => ({ mergeBase: sha("base"), files, truncated: false }));

/** Hides from a comparison what GitHub may not show: all of it, files at its end, or the text of some. */
function hidden(compared: ComparedFiles, hide: readonly boolean[], kept: number | null): ComparedFiles {
  const files = compared.files.map((each, index) => (hide[index] === true ? { ...each, patch: null } : each));
  return kept === null || kept >= files.length
    ? { ...compared, files }
    : { ...compared, files: files.slice(0, kept), truncated: true };
}

test("what GitHub does not show of a merge makes it unknown, never another answer", () => {
  const seen = new Map<unknown, number>();
  const hiding = fc.tuple(fc.array(fc.boolean(), { maxLength: 3 }), fc.option(fc.nat({ max: 3 })));
  fc.assert(
    fc.property(whole, whole, hiding, hiding, (wanted, landed, [first, most], [second, others]) => {
      const known = makesSameChanges(wanted, landed);
      expect(known).not.toBeNull();
      const shown = makesSameChanges(hidden(wanted, first, most), hidden(landed, second, others));
      expect([known, null]).toContain(shown);
      seen.set(shown, (seen.get(shown) ?? 0) + 1);
      expect(makesSameChanges(null, landed)).toBeNull();
      expect(makesSameChanges(wanted, null)).toBeNull();
      expect(makesSameChanges(wanted, wanted)).toBe(true);
    }),
    { numRuns: rounds(1_000, 20_000) },
  );
  expect(Math.min(...[true, false, null].map((each) => seen.get(each) ?? 0))).toBeGreaterThan(5);
});
