/** The choice of a sample: the same for everyone who has the package and the seed, and never short of what was asked. */

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  allocate,
  drawBySeed,
  findByIds,
  rankDigest,
  seedProblem,
  type Choice,
  type Draw,
} from "../../src/domain/evidence/sample/choice.ts";
import { readIds } from "../../src/domain/evidence/sample/ids.ts";
import { groupsIn, listIn, rowsIn } from "../../src/domain/evidence/sample/rows.ts";
import { groupsText, listText } from "../../src/domain/evidence/tables/table.ts";
import { sha256 } from "../../src/domain/values/digest.ts";
import { csvText } from "../../src/package/csv.ts";
import { quotasByHand } from "../independent/quotas.ts";
import { rounds } from "../support/effort.ts";

const run = promisify(execFile);

interface Item {
  readonly id: string;
  readonly repository: string;
  readonly verdict: string;
}

async function* each<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

async function listed(items: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function* sorted(lines: AsyncIterable<string>): AsyncIterable<string> {
  yield* (await listed(lines)).sort();
}

async function csvOf(items: readonly Item[]): Promise<string> {
  const rows = items.map(({ id, repository, verdict }) => [id, repository, verdict]);
  const pieces = csvText(["change_id", "repository", "verdict"], each(rows));
  return (await listed(pieces)).join("");
}

async function drawn(items: readonly Item[], draw: Omit<Draw, "digest">): Promise<Choice> {
  const text = await csvOf(items);
  const rows = () => rowsIn({ text: () => each([text]) }, "changes.csv");
  return drawBySeed("changes", rows, { ...draw, digest: sha256(text) }, sorted);
}

const idOf = (n: number): string => sha256(`change ${n}`);
const population = (count: number): readonly Item[] =>
  Array.from({ length: count }, (_, n) => ({
    id: idOf(n),
    repository: `acme/r${n % 3}`,
    verdict: n % 7 === 0 ? "non-compliant" : "compliant",
  }));

const seeds = fc.string({ minLength: 1, maxLength: 30 }).filter((seed) => seedProblem(seed) === null);
const sizes = fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 400 }), {
  minKeys: 1,
  maxKeys: 12,
});

describe("a choice by seed", () => {
  test("is made again by sha256sum and sort alone", async () => {
    const items = population(40);
    const folder = await mkdtemp(join(tmpdir(), "countersign-choice-"));
    try {
      await writeFile(join(folder, "changes.csv"), await csvOf(items));
      const script = `
        population=$(sha256sum < changes.csv | cut -c1-64)
        grep -oE '^[0-9a-f]{64},' changes.csv | tr -d , | while read -r id; do
          printf '%s %s %s' "$seed" "$population" "$id" | sha256sum | cut -c1-64 | tr '\\n' ' '; echo "$id"
        done | LC_ALL=C sort | head -n 7`;
      for (const seed of ["fieldwork 7391", "it's $HOME `x` \\n %s", "Prüfung ✓"]) {
        const { stdout } = await run("sh", ["-c", script], { cwd: folder, env: { ...process.env, seed } });
        const { chosen } = await drawn(items, { size: 7, seed, stratify: [] });
        expect(chosen.map(({ digest, id }) => `${digest} ${id}\n`).join("")).toBe(stdout);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("takes the lowest digests, and with a larger size the same and more", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 30 }), async (seed, size) => {
        const items = population(20);
        const { chosen } = await drawn(items, { size, seed, stratify: [] });
        const digest = sha256(await csvOf(items));
        const all = items.map(({ id }) => rankDigest({ seed, digest }, id)).toSorted();
        expect(chosen.map((item) => item.digest)).toEqual(all.slice(0, size));
        expect(chosen.map(({ rank }) => rank)).toEqual(chosen.map((_, index) => index + 1));
        const more = await drawn(items, { size: size + 1, seed, stratify: [] });
        expect(more.chosen.slice(0, chosen.length)).toEqual(chosen);
      }),
      { numRuns: rounds(30, 300) },
    );
  });

  test("is another one for another population, even where the same changes are in it", async () => {
    const items = population(200);
    const other = items.map((item, n) => (n === 199 ? { ...item, verdict: "exempted" } : item));
    const draw = { size: 10, seed: "s", stratify: [] };
    const [one, two] = [await drawn(items, draw), await drawn(other, draw)];
    expect(one.chosen.map(({ id }) => id)).not.toEqual(two.chosen.map(({ id }) => id));
  });

  test("takes all of a population that is smaller, and nothing of an empty one", async () => {
    const all = await drawn(population(5), { size: 9, seed: "s", stratify: ["verdict"] });
    expect(all.chosen.map(({ id }) => id).toSorted()).toEqual(
      population(5)
        .map(({ id }) => id)
        .toSorted(),
    );
    expect(await drawn([], { size: 9, seed: "s", stratify: [] })).toEqual({
      population: 0,
      chosen: [],
      strata: [],
    });
  });

  test("gives each stratum the lowest digests of its own, as many as were allocated", async () => {
    const items = population(60);
    const { chosen, strata } = await drawn(items, {
      size: 13,
      seed: "s",
      stratify: ["repository", "verdict"],
    });
    const digest = sha256(await csvOf(items));
    for (const stratum of strata) {
      const own = items
        .filter((item) => `${item.repository}, ${item.verdict}` === stratum.name)
        .map(({ id }) => rankDigest({ seed: "s", digest }, id))
        .toSorted();
      expect(stratum.population).toBe(own.length);
      const taken = chosen.filter((each) => each.stratum === stratum.name).map((each) => each.digest);
      expect(taken).toEqual(own.slice(0, stratum.chosen));
    }
    expect(chosen).toHaveLength(13);
  });
});

describe("the strata of a sample", () => {
  test("give the size together, never more than they have, one at least, and a share within one of the proportion", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 500 }), (all, size) => {
        const strata = new Map(Object.entries(all));
        const total = [...strata.values()].reduce((sum, own) => sum + own, 0);
        const quotas = allocate(strata, size);
        const given = [...quotas.values()].reduce((sum, own) => sum + own, 0);
        expect(given).toBe(Math.min(size, total));
        for (const [name, own] of strata) expect(quotas.get(name) ?? 0).toBeLessThanOrEqual(own);
        if (size < strata.size) return;
        for (const [name, own] of strata) {
          expect(quotas.get(name)).toBeGreaterThanOrEqual(1);
          if (size < total)
            expect(quotas.get(name)).toBeLessThanOrEqual(Math.max(1, Math.ceil((own * size) / total)));
        }
      }),
    );
  });

  test("are what the paragraph gives whoever computes them by hand", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 500 }), (all, size) => {
        const strata = Object.entries(all).map(([name, rows]) => ({ name, rows }));
        const quotas = Object.fromEntries(allocate(new Map(Object.entries(all)), size));
        expect(quotas).toEqual(quotasByHand(strata, size));
      }),
      { numRuns: rounds(300, 10_000) },
    );
  });

  test("give more where they have more", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 500 }), (all, size) => {
        const quotas = allocate(new Map(Object.entries(all)), size);
        for (const [a, of] of Object.entries(all))
          for (const [b, other] of Object.entries(all))
            if (of > other) expect(quotas.get(a) ?? 0).toBeGreaterThanOrEqual(quotas.get(b) ?? 0);
      }),
    );
  });

  test.each([
    [{ a: 90, b: 10 }, 10, { a: 9, b: 1 }],
    [{ a: 97, b: 2, c: 1 }, 10, { a: 8, b: 1, c: 1 }],
    [{ a: 50, b: 30, c: 20 }, 7, { a: 4, b: 2, c: 1 }],
    [{ a: 1, b: 5, c: 9 }, 2, { b: 1, c: 1 }],
    [{ b: 1, a: 1, c: 1 }, 2, { a: 1, b: 1 }],
    [{ a: 3, b: 2 }, 9, { a: 3, b: 2 }],
    [{ a: 1, b: 12, c: 7, d: 2, e: 76 }, 14, { a: 1, b: 2, c: 1, d: 1, e: 9 }],
  ])("of %j with size %i are %j", (all, size, expected) => {
    expect(Object.fromEntries(allocate(new Map(Object.entries(all)), size))).toEqual(expected);
  });
});

describe("a file of ids", () => {
  const [a, b] = [idOf(1), idOf(2)];

  test("may come from a spreadsheet: byte order mark, CRLF, quotes, blanks, capitals, repeated ids", () => {
    const named = readIds(`\uFEFF"${a}"\r\n\r\n  ${b.toUpperCase()}\t\r\n${a}\r\n`);
    expect(named.ids).toEqual([a, b]);
    expect(named.problems).toEqual([]);
    expect(named.repeated).toEqual([`line 4: ${a} is on line 1 already; it is taken once`]);
  });

  test("has each line that is no id named", () => {
    expect(readIds(`change_id\n${a}\n${a.slice(1)}`).problems.map((each) => each.split(":")[0])).toEqual([
      "line 1",
      "line 3",
    ]);
  });

  test("is found in its order, and what the population lacks is named", async () => {
    const text = await csvOf(population(5));
    const rows = () => rowsIn({ text: () => each([text]) }, "changes.csv");
    const found = await findByIds("changes", rows, [idOf(3), idOf(9), idOf(1)]);
    expect(found.chosen.map(({ rank, id, digest }) => [rank, id, digest])).toEqual([
      [1, idOf(3), ""],
      [2, idOf(1), ""],
    ]);
    expect(found.missing).toEqual([idOf(9)]);
  });
});

test.each(["", " a", "a ", "a\nb", "a\u200Bb", "a\u0000", "x".repeat(201)])(
  "the seed %j is refused",
  (seed) => {
    expect(seedProblem(seed)).not.toBeNull();
  },
);

test("cells are read back as they were written, whatever they hold", () => {
  const word = fc.string({
    unit: fc.constantFrom("a", " ", "%", ";", "|", "2", "5", "0", "7", "C", "3", "B"),
  });
  fc.assert(
    fc.property(fc.array(fc.array(word, { minLength: 1 }), { minLength: 1 }), (groups) => {
      fc.pre(groupsText(groups) !== "");
      expect(groupsIn(groupsText(groups))).toEqual(groups);
    }),
  );
  fc.assert(
    fc.property(fc.array(word.filter((each) => each !== "")), (values) => {
      expect(listIn(listText(values))).toEqual(values);
    }),
  );
});
