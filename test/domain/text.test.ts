import * as fc from "fast-check";
import canonicalize from "canonicalize";
import { expect, test } from "vitest";

import { canonical } from "../../src/domain/values/digest.ts";
import { truncate, visible, visibleJson, wellFormed } from "../../src/domain/values/text.ts";

/** Any UTF-16 units, halves of characters among them. */
const ANY = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0xd700, max: 0xe0ff })).map((units) => String.fromCharCode(...units)),
);

test("a text cut anywhere is a beginning of it that everything can store", () => {
  fc.assert(
    fc.property(ANY, fc.nat({ max: 30 }), (text, most) => {
      const cut = truncate(text, most);
      expect(cut.isWellFormed()).toBe(true);
      expect(cut.length).toBeLessThanOrEqual(most);
      expect(text.toWellFormed().startsWith(cut)).toBe(true);
      expect(text.length <= most || cut.length >= most - 1).toBe(true);
    }),
  );
  expect(truncate("\u{1F6A8}".repeat(600), 1_000)).toBe("\u{1F6A8}".repeat(500));
  expect(truncate("\u{1F6A8}".repeat(600), 999)).toBe("\u{1F6A8}".repeat(499));
});

test("whatever texts a value holds, it has a canonical form, and one that reads as the value with whole characters", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 3 }, ANY, fc.integer(), fc.constant(null), tie("list"), tie("map")),
    list: fc.array(tie("any"), { maxLength: 4 }),
    map: fc.dictionary(ANY, tie("any"), { maxKeys: 4 }),
  })).any;
  fc.assert(
    fc.property(value, (given) => {
      const text = canonical(given);
      expect(text.isWellFormed()).toBe(true);
      expect(canonical(JSON.parse(text))).toBe(text);
      expect(canonical(wellFormed(given))).toBe(text);
    }),
  );
  const whole = { a: ["\u{1F600}"], b: { c: 1 } };
  expect(wellFormed(whole)).toBe(whole);
});

test("a value whose members are in order already is written as one that must be sorted", () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      ANY,
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      tie("list"),
      tie("map"),
    ),
    list: fc.array(tie("value"), { maxLength: 4 }),
    map: fc.dictionary(fc.oneof(ANY, fc.constantFrom("10", "9", "toJSON", "__proto__")), tie("value"), {
      maxKeys: 5,
    }),
  }));
  // What is no number has no form at all.
  const sorted = (given: unknown): string | null => {
    try {
      return canonicalize(wellFormed(given)) ?? null;
    } catch {
      return null;
    }
  };
  fc.assert(
    fc.property(value, (given) => {
      const text = sorted(given);
      if (text === null) expect(() => canonical(given)).toThrow();
      else {
        expect(canonical(given)).toBe(text);
        expect(canonical(JSON.parse(text))).toBe(text);
      }
    }),
  );
});

test("nothing that cannot be seen is left in a text, and JSON says the same with it written out", () => {
  const mark = fc.constantFrom(
    "\u202e",
    "\u2066",
    "\u200b",
    "\u001b[2J",
    "\u0000",
    "\u0085",
    "\u2028",
    "\r",
    "\t",
    "\u{E0041}",
  );
  const text = fc.array(fc.oneof(ANY, mark)).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (given) => {
      expect(visible(given)).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/u);
      const json = canonical({ given });
      expect(visibleJson(json)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      expect(JSON.parse(visibleJson(json))).toEqual(JSON.parse(json));
    }),
  );
  expect(visible("two\r\nlines, größe \u{1F600}")).toBe("two\nlines, größe \u{1F600}");
});
