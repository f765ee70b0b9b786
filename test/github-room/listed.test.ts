import { expect, test } from "vitest";
import { z } from "zod";
import { allOf, connection, listing, readOn, type Listing } from "../../src/github/api/partial-list.ts";

test("the entries of a list are not had without saying what is done where there are more", () => {
  const list: Listing<string> = listing(["a"], false);
  const careless = (given: Listing<string>): unknown[] => [
    // @ts-expect-error -- it may have been cut
    given.entries,
    // @ts-expect-error -- or not
    given.seen,
  ];
  const careful = (given: Listing<string>): readonly string[] | null =>
    given.isWhole ? given.entries : null;
  expect(careless(list)).toEqual([undefined, ["a"]]);
  expect(careful(list)).toBeNull();
  expect(careful(listing(["a"], true))).toEqual(["a"]);
  expect(() => allOf(list, "letters")).toThrow("GitHub lists more letters than can be read.");
});

test("a connection that tells neither whether there is more nor how many there are is refused", () => {
  const shape = connection(z.string());
  expect(shape.safeParse({ nodes: ["a"] }).success).toBe(false);
  expect(shape.parse({ totalCount: 1, nodes: ["a"] }).isWhole).toBe(true);
  expect(shape.parse({ totalCount: 2, nodes: ["a"] }).isWhole).toBe(false);
  // What GitHub hides is counted, so that it is missed.
  expect(shape.parse({ totalCount: 2, nodes: ["a", null] }).isWhole).toBe(false);
  expect(shape.parse({ pageInfo: { hasNextPage: true, endCursor: "x" }, nodes: ["a"] })).toMatchObject({
    isWhole: false,
    seen: ["a"],
    next: "x",
  });
});

test("a list is read on until it ends, or for so many entries", async () => {
  const part = (after: string | null): Promise<Listing<number>> => {
    const at = Number(after ?? 0);
    return Promise.resolve(
      at < 4 ? { isWhole: false, seen: [at], next: String(at + 1) } : { isWhole: true, entries: [at] },
    );
  };
  expect(await readOn(await part(null), 10, part)).toMatchObject({ isWhole: true, entries: [0, 1, 2, 3, 4] });
  expect(await readOn(await part(null), 2, part)).toMatchObject({ isWhole: false, seen: [0, 1, 2] });
});
