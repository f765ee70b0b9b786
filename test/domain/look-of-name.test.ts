import * as fc from "fast-check";
import { expect, test } from "vitest";
import { nameSkeleton, hiddenCharacters } from "../../src/domain/texts/confusable-names.ts";
import { readsLikeProduction } from "../../src/domain/policy/scope.ts";
import { policy } from "../support/facts.ts";

const under = policy();

test.each([
  ["prod-eu", true],
  ["eu_production", true],
  ["live", true],
  ["Prd", true],
  ["non-prod", false],
  ["pre-production", false],
  ["preprod", false],
  ["production-plan", false],
  ["reproduction", false],
  ["staging", false],
  ["pr\u043ed-eu", true],
  ["pr0d-eu", true],
  ["\uff4c\uff49\uff56\uff45", true],
  ["pro\u0301d-eu", true],
])("%s reads like production, or does not", (name, is) => {
  expect(readsLikeProduction(under, name)).toBe(is);
});

const SAYS = ["prod", "prd", "production", "live"];
const DENIES = ["non", "pre", "plan", "preview"];
const word = fc.constantFrom(...SAYS, ...DENIES, "eu", "west", "demo", "staging", "products");

test("a name raises the gap exactly where one of its words says production and none denies it", () => {
  const names = fc
    .array(fc.tuple(word, fc.constantFrom("-", "_", "/", " ", ".")), { minLength: 1, maxLength: 4 })
    .map((parts) => ({
      words: parts.map(([each]) => each),
      name: parts.map(([each, between]) => `${each}${between}`).join(""),
    }));
  fc.assert(
    fc.property(names, ({ words, name }) => {
      const says = words.some((each) => SAYS.includes(each)) && !words.some((each) => DENIES.includes(each));
      expect(readsLikeProduction(under, `x${name}x`.slice(1, -1))).toBe(says);
    }),
  );
});

test("no sign of another alphabet and none that is hidden keeps a name from reading like production", () => {
  const disguises: Readonly<Record<string, readonly string[]>> = {
    p: ["\u0440", "\u03c1", "\uff50", "\u{1d429}"],
    o: ["\u043e", "\u03bf", "0", "\u00f6", "\u{1d428}"],
    r: ["\u0433", "\uff52"],
    d: ["\u0501", "\u{1d41d}"],
  };
  const hidden = fc.constantFrom("", "", "\u200b", "\u00ad", "\u2060", "\u202e", "\ufeff");
  const letters = Array.from("prod").map((letter) =>
    fc.tuple(fc.constantFrom(letter, ...(disguises[letter] ?? [])), hidden).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(fc.tuple(...letters), (parts) => {
      const name = parts.join("");
      if (name === "prod") return;
      expect(readsLikeProduction(under, name)).toBe(true);
      expect(hiddenCharacters(name).length).toBeGreaterThan(0);
    }),
  );
});

test("plain names are read as they are", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from("abcdefghijklmnopqrstuvwxyz-_/23456789")) }),
      (name) => {
        expect(nameSkeleton(name)).toBe(name);
        expect(hiddenCharacters(name)).toEqual([]);
      },
    ),
  );
});
