import * as fc from "fast-check";
import { expect, test } from "vitest";

import { Paths } from "../../src/domain/change/paths.ts";
import { matchesAny } from "../../src/domain/patterns/glob.ts";
import { fits } from "../../src/domain/patterns/pattern.ts";

const segment = fc.constantFrom("a", "b", "ab", "a.ts", ".a", "a-b", "B", "[ab]");
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const wild = fc.constantFrom("**", "*", "a*", "*.ts", "?", "{a,b}", "[ab]");
const glob = fc
  .array(fc.oneof(segment, wild), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join("/"));
const pattern = fc.oneof(glob, fc.constantFrom({ matches: "a/b" }, { matches: "^a" }, { matches: "b$" }));

test("of many paths, those fit a pattern that fit it each by itself", () => {
  fc.assert(
    fc.property(
      fc.array(path, { maxLength: 12 }),
      pattern,
      fc.constantFrom("asks", "lets"),
      (all, which, use) => {
        const paths = new Paths(all);
        expect([...paths.all]).toEqual(all.toSorted());
        expect([...paths.fitting(which, use)]).toEqual(
          paths.all.map((each) => (fits([which], each, use) ? 1 : 0)),
        );
        // The other use of the same pattern is another question.
        expect([...paths.fitting(which, "asks")]).toEqual(
          paths.all.map((each) => (fits([which], each, "asks") ? 1 : 0)),
        );
      },
    ),
  );
});

test("a folder's glob is the folder too, which may be a submodule, and none that only begins like it", () => {
  expect(matchesAny(["vendor/lib/**"], "vendor/lib", "lets")).toBe(true);
  expect(matchesAny(["vendor/lib/**"], "vendor/library/a.ts", "lets")).toBe(false);
});

test("a glob reaches hidden files and folders", () => {
  for (const use of ["asks", "lets"] as const) {
    expect(matchesAny(["src/**"], "src/.hidden/a.ts", use)).toBe(true);
    expect(matchesAny(["*.yml"], ".a.yml", use)).toBe(true);
  }
});
