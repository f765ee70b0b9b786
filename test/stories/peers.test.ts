import { readdirSync } from "node:fs";
import { expect, test } from "vitest";

/** The ways other approval apps are known to judge wrongly, as numbered when they were tried: X at the engine, H at its events. */
const EDGES = Array.from({ length: 30 }, (_, index) => `x${String(index + 1).padStart(2, "0")}`);
const EVENTS = Array.from({ length: 16 }, (_, index) => `h${String(index + 1).padStart(2, "0")}`);

const STORIES = readdirSync(new URL("../scenarios/", import.meta.url));

test.each([...EDGES, ...EVENTS])("the peers' row %s has a story named by it", (row) => {
  expect(STORIES.filter((name) => new RegExp(`^${row}-.+\\.yaml$`, "u").test(name))).toHaveLength(1);
});
