import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** The ways other approval apps are known to judge wrongly, as numbered when they were tried: X at the engine, H at its events. */
const EDGES = Array.from({ length: 30 }, (_, index) => `x${String(index + 1).padStart(2, "0")}`);
const EVENTS = Array.from({ length: 16 }, (_, index) => `h${String(index + 1).padStart(2, "0")}`);

const STORIES = readdirSync(new URL("../scenarios/", import.meta.url));

test.each([...EDGES, ...EVENTS])("the peers' row %s has a story named by it", (row) => {
  expect(STORIES.filter((name) => new RegExp(`^${row}-.+\\.yaml$`, "u").test(name))).toHaveLength(1);
});

test("every row of the page for users of policy-bot names a story, and all stories and decisions it names are there", () => {
  const page = readFileSync(new URL("../../docs/policy-bot.md", import.meta.url), "utf8");
  const rows = page.split("\n").filter((line) => /^\| [^-]/u.test(line) && !line.startsWith("| there"));
  const named = rows.map((row) =>
    [...(row.split(" | ").at(-1) ?? "").matchAll(/`([^`]+)`/gu)].map(([, name]) => name),
  );
  expect(rows).not.toEqual([]);
  expect(rows.filter((_, index) => named[index]?.length === 0)).toEqual([]);
  expect(named.flat().filter((name) => !STORIES.includes(`${name}.yaml`))).toEqual([]);
  for (const [, decision = ""] of page.matchAll(/\]\((decisions\/[^)]+)\)/gu))
    expect(existsSync(new URL(`../../docs/${decision}`, import.meta.url)), decision).toBe(true);
});
