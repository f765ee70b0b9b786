import { expect, test } from "vitest";
import { Lookups } from "../../src/github/api/lookups.ts";
import { ranked } from "../../src/github/api/pacing.ts";

function counting() {
  let now = 0;
  const asked: string[] = [];
  const lookups = new Lookups({ now: () => now, timeToLive: 100, most: 3 });
  const ask = (key: string, tags: readonly string[] = []) =>
    lookups.remember(key, tags, async () => {
      asked.push(key);
      return key.toUpperCase();
    });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { lookups, ask, asked, pass };
}

test("an answer is asked for once until its time is over", async () => {
  const { ask, asked, pass } = counting();
  expect(await ask("a")).toBe("A");
  pass(99);
  await ask("a");
  expect(asked).toEqual(["a"]);
  pass(1);
  await ask("a");
  expect(asked).toEqual(["a", "a"]);
});

test("answers under a stale tag are forgotten, and no others", async () => {
  const { lookups, ask, asked } = counting();
  await ask("a", ["team:acme/dba", "organization:acme"]);
  await ask("b", ["team:acme/web", "organization:acme"]);
  lookups.forget(["team:acme/dba"]);
  await ask("a", ["team:acme/dba"]);
  await ask("b");
  expect(asked).toEqual(["a", "b", "a"]);
  lookups.forget(["organization:acme"]);
  await ask("b");
  expect(asked).toEqual(["a", "b", "a", "b"]);
});

test("two who ask at once share one request, and a failure is not remembered", async () => {
  const { lookups } = counting();
  let asked = 0;
  const fail = () =>
    lookups.remember("x", [], async () => {
      asked += 1;
      throw new Error("down");
    });
  const results = await Promise.allSettled([fail(), fail()]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(asked).toBe(1);
  await expect(fail()).rejects.toThrow("down");
  expect(asked).toBe(2);
});

test("an answer that is not final is not kept for ever", async () => {
  const { lookups } = counting();
  let asked = 0;
  const ask = () =>
    lookups.rememberForever(
      "x",
      async () => {
        asked += 1;
        return asked < 2 ? null : asked;
      },
      (answer) => answer !== null,
    );
  expect([await ask(), await ask(), await ask()]).toEqual([null, 2, 2]);
});

test("only so many answers are kept, the oldest going first", async () => {
  const { ask, asked } = counting();
  for (const key of ["a", "b", "c", "d", "d", "a"]) await ask(key);
  expect(asked).toEqual(["a", "b", "c", "d", "a"]);
});

test("a check does not wait for what a sweep asked, and a sweep waits for what a check asked", async () => {
  const { lookups } = counting();
  const slow = Promise.withResolvers<string>();
  const bySweep = ranked("sweep", () => lookups.remember("a", [], () => slow.promise));
  const byCheck = ranked("check", () => lookups.remember("a", [], () => Promise.resolve("of the check")));
  expect(await byCheck).toBe("of the check");
  const another = ranked("sweep", () =>
    lookups.remember("a", [], () => Promise.reject(new Error("asked again"))),
  );
  expect(await another).toBe("of the check");
  slow.resolve("of the sweep");
  expect(await bySweep).toBe("of the sweep");
  // What was answered is there for everybody.
  const last = ranked("emergency", () =>
    lookups.remember("a", [], () => Promise.reject(new Error("asked again"))),
  );
  expect(await last).toBe("of the check");
});

test("what is remembered takes no more memory than it may, whatever the answers are", async () => {
  const lookups = new Lookups({ now: () => 0, mostBytes: 60_000 });
  const answers: readonly unknown[] = [
    "x".repeat(3_000),
    Array.from({ length: 200 }, (_, index) => ({ path: `file ${index}` })),
    new Map(Array.from({ length: 100 }, (_, index) => [index, new Set([`name ${index}`])])),
    null,
    "x".repeat(70_000),
  ];
  for (let round = 0; round < 50; round += 1)
    for (const [index, answer] of answers.entries()) {
      await lookups.remember(`${round} ${index}`, [], () => Promise.resolve(answer));
      const { bytes, bound } = lookups.use();
      expect(bytes).toBeLessThanOrEqual(bound);
    }
  expect(lookups.use().entries).toBeGreaterThan(2);
  expect(lookups.use().entries).toBeLessThan(20);
  expect(lookups.known("49 4")).toBeUndefined();
  expect(await lookups.known("49 3")).toBeNull();
});

test("what an answer says is counted, and not only that it is there", async () => {
  const lookups = new Lookups({ now: () => 0 });
  await lookups.remember("a", [], () => Promise.resolve(["x".repeat(3_000)]));
  expect(lookups.use().bytes).toBeGreaterThan(3_000);
  expect(await lookups.known("a")).toEqual(["x".repeat(3_000)]);
});
