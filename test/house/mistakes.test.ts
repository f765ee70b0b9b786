import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { JUDGEMENT, SEEING } from "../../scripts/mistakes.ts";
import { ROOT, parse } from "./syntax.ts";

/** Words that a mistake may use though its file does not: the language's own. */
const LANGUAGE = ["String", "false", "slice", "toLowerCase", "toUpperCase", "true", "undefined"];

/** Returns the words of some code, without those in its strings. */
function wordsOf(code: string): readonly string[] {
  return code.replaceAll(/"[^"\n]*"/gu, "").match(/[\p{L}$_][\p{L}\d$_]*/gu) ?? [];
}

/** Whatever is renamed: a mistake that cannot be made any more shows nothing about the tests. */
describe("the mistakes made on purpose", () => {
  it.each([...JUDGEMENT, ...SEEING])("can still be made: $name", ({ file, right, wrong, times = 1 }) => {
    const path = join(ROOT, "src", file);
    expect(existsSync(path), file).toBe(true);
    const text = readFileSync(path, "utf8");
    expect(text.split(right).length - 1, `${file}: ${right}`).toBe(times);
    const known = new Set([...wordsOf(text), ...LANGUAGE]);
    expect(
      wordsOf(wrong).filter((word) => !known.has(word)),
      `${file}: ${wrong}`,
    ).toEqual([]);
    expect(() => parse(path, text.replaceAll(right, wrong))).not.toThrow();
  });

  it.each(JUDGEMENT)("has tests that must notice it: $name", ({ tests }) => {
    expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it.each(SEEING)("has a story that must notice it: $name", ({ story }) => {
    expect(existsSync(join(ROOT, "test/scenarios", story))).toBe(true);
  });
});
