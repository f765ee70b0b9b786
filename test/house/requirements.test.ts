import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import { undeclared } from "../support/commands.ts";
import { scenarios } from "../support/scenarios.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PAGE = readFileSync(join(ROOT, "docs/requirements.md"), "utf8");

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

/** The stories that test/stories/scenarios/ play. */
const PLAYED = scenarios().map(({ source }) => source);

describe("the table of what is needed after a report that was not clean", () => {
  test("has twenty-eight rows, in order, none of them empty", () => {
    expect(ROWS.map(({ number }) => number)).toEqual(Array.from({ length: 28 }, (_, index) => index + 1));
    expect(ROWS.filter(({ need, does }) => need === "" || does === "")).toEqual([]);
  });

  test.each(ROWS)("row $number names a story that is played, and nothing that is not there", ({ shown }) => {
    const names = shown.split(", ");
    for (const name of names) expect(existsSync(join(ROOT, name)), name).toBe(true);
    const stories = names.filter((name) => name.startsWith("test/scenarios/"));
    expect(stories).not.toEqual([]);
    expect(PLAYED).toEqual(expect.arrayContaining(stories));
  });

  test.each(ROWS.filter(({ does }) => does.includes("`countersign ")))(
    "row $number names a command there is",
    ({ does }) => {
      for (const [, line = ""] of does.matchAll(/`countersign ([^`]+)`/gu)) {
        expect(undeclared(line), line).toBeNull();
      }
    },
  );
});
