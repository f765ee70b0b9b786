import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = new URL("../../", import.meta.url).pathname;
const PAGE = readFileSync(join(ROOT, "docs/requirements.md"), "utf8");
const PROGRAM = readFileSync(join(ROOT, "src/cli/program.ts"), "utf8");

/** The numbered rows: number, what is needed, what does it, shown by. */
const ROWS = PAGE.split("\n")
  .map((line) => line.split(/(?<!\\)\|/u).map((cell) => cell.trim()))
  .filter((cells) => /^\d+$/u.test(cells[1] ?? ""))
  .map(([, number = "", need = "", does = "", shown = ""]) => ({
    number: Number(number),
    need,
    does,
    shown,
  }));

describe("the table of what is needed after a report that was not clean", () => {
  test("has twenty-eight rows, in order, none of them empty", () => {
    expect(ROWS.map(({ number }) => number)).toEqual(Array.from({ length: 28 }, (_, index) => index + 1));
    for (const { need, does } of ROWS) expect(Math.min(need.length, does.length)).toBeGreaterThan(20);
  });

  test.each(ROWS)(
    "row $number is shown by something that is there, or says that nothing does it yet",
    ({ shown }) => {
      if (shown !== "nothing yet") expect(existsSync(join(ROOT, shown)), shown).toBe(true);
    },
  );

  test.each(ROWS.filter(({ does }) => does.includes("`countersign ")))(
    "row $number names a command there is",
    ({ does }) => {
      for (const [, words = ""] of does.matchAll(/`countersign ([^`]+)`/gu)) {
        const [command = "", ...rest] = words.split(" ");
        expect(PROGRAM, command).toMatch(new RegExp(`"${command}"|command\\("${command}"\\)`, "u"));
        const [inner] = rest;
        if (inner !== undefined && inner !== "--period") expect(PROGRAM, words).toContain(inner);
      }
    },
  );
});
