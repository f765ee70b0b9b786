import * as fc from "fast-check";
import { expect, test } from "vitest";
import { matchesAny } from "../../src/domain/patterns/glob.ts";
import { literalIn } from "../../src/domain/patterns/literal.ts";
import { found, matcherOf } from "../../src/domain/patterns/pattern.ts";
import { rounds } from "../support/effort.ts";

test.each([
  ["^db/migrations/", "db/migrations/"],
  ["\\.go$", ".go"],
  ["^src/part-\\d+/module-7/", "/module-7/"],
  ["ab?c", "a"],
  ["ab+cd", "ab"],
  ["a{2}bcd", "bcd"],
  ["docs|src", ""],
  ["(docs|src)/index", "/index"],
  ["(?i)readme", ""],
  ["\\Qa.b\\E", ""],
  ["x[]a]yz", "yz"],
  ["x[[:alpha:]]yz", "yz"],
  ["\\pLong", ""],
  ["\\x41bc", ""],
  ["\\d{2}ab", "ab"],
])("of %s, a text must hold “%s”", (expression, literal) => {
  expect(literalIn(expression)).toBe(literal);
});

const sign = fc.constantFrom(...Array.from("ab/.-*+?^$|()[]{}\\dwpL12,!@"));
const letter = fc.constantFrom(...Array.from("ab/.-1dwpL,!@"));
const text = fc.string({ unit: letter, maxLength: 12 });

test("looking for a literal first finds no less and no more than the expression alone", () => {
  fc.assert(
    fc.property(fc.string({ unit: sign, minLength: 1, maxLength: 10 }), text, (expression, of) => {
      let alone: boolean;
      try {
        alone = found(expression, of) !== null;
      } catch {
        return;
      }
      expect(matcherOf({ matches: expression }, "asks")(of)).toBe(alone);
    }),
    { numRuns: rounds(2_000, 20_000) },
  );
});

test("looking at a glob's beginning first finds no less and no more than the glob alone", () => {
  const part = fc.constantFrom(
    "a",
    "b",
    ".",
    "..",
    ".b",
    "*",
    "**",
    "?",
    "a*",
    "{a,b}",
    "[ab]",
    "(a)",
    "\\a",
    '"a"',
    "",
  );
  const glob = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  // Git knows no path with a part that is only a dot.
  const path = fc
    .array(fc.constantFrom("a", "b", ".b", "ab", "(a)", '"a"'), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join("/"));
  fc.assert(
    fc.property(
      glob.filter((one) => one !== ""),
      path,
      (one, of) => {
        // Without regard to case nothing is looked at first; here is nothing but small letters.
        for (const use of ["asks", "lets"] as const)
          expect(matchesAny([one], of, use)).toBe(matchesAny([one], of, use, true));
      },
    ),
    { numRuns: rounds(2_000, 20_000) },
  );
});
