/** @module-tag long */

import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";

import { isWhole, rounds } from "../support/effort.ts";
import { freshDatabase } from "../support/stores.ts";
import { Stagehand, type Death, type Run } from "./kill-rounds.ts";

const ROUNDS = rounds(8, 20);

const nth = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });
const DEATH: fc.Arbitrary<Death> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ at: fc.constant("before-write" as const), nth: nth(2) }) },
  { weight: 3, arbitrary: fc.record({ at: fc.constant("after-write" as const), nth: nth(2) }) },
  { weight: 2, arbitrary: fc.record({ at: fc.constant("request" as const), nth: nth(12) }) },
  { weight: 2, arbitrary: fc.record({ at: fc.constant("delivery" as const), nth: nth(4) }) },
  { weight: 2, arbitrary: fc.record({ at: fc.constant("moment" as const), ms: fc.nat({ max: 300 }) }) },
);

/** A death for each round. In the usual run, of those drawn by the seed, every third one is died on one store and every third on the other. */
function deathsOn(kind: "sqlite" | "postgres"): readonly (Death | null)[] {
  const isDied = (index: number): boolean => isWhole || index % 3 === (kind === "sqlite" ? 0 : 1);
  return [
    // In these two rounds there is a check run to make, whatever the seed.
    { at: "before-write", nth: 1 },
    { at: "after-write", nth: 1 },
    ...fc.sample(DEATH, { numRuns: ROUNDS - 2 }).map((death, index) => (isDied(index) ? death : null)),
  ];
}

describe("an App killed over and over comes to the verdicts, issues and checks of one that lived", () => {
  let lived: Run;
  beforeAll(async () => {
    lived = await played("sqlite", []);
    expect(lived.outcome.verdicts.length).toBeGreaterThan(ROUNDS);
    expect(lived.outcome.issues.length).toBeGreaterThan(rounds(1, 3));
    expect(lived.deliveries).toBeGreaterThanOrEqual(5 * ROUNDS);
    expectWhole(lived);
  });

  for (const kind of ["sqlite", "postgres"] as const)
    test.concurrent(`on ${kind}`, async () => {
      const deaths = deathsOn(kind);
      const died = await played(kind, deaths);
      console.log(`${kind}: ${died.deliveries} deliveries, died ${JSON.stringify(died.deaths)}`);
      expect(died.outcome).toEqual(lived.outcome);
      expectWhole(died);
      expect(Object.values(died.deaths).reduce((sum, count) => sum + count, 0)).toBe(
        deaths.filter((death) => death !== null).length,
      );
      expect(died.deaths["before-write"]).toBeGreaterThan(0);
      expect(died.deaths["after-write"]).toBeGreaterThan(0);
    });
});

async function played(kind: "sqlite" | "postgres", deaths: readonly (Death | null)[]): Promise<Run> {
  const stagehand = new Stagehand();
  const { where, remove } = await freshDatabase(kind);
  await stagehand.open();
  try {
    return await stagehand.play(ROUNDS, where, deaths);
  } finally {
    await stagehand.close();
    await remove();
  }
}

function expectWhole(run: Run): void {
  expect(run.unfinished).toEqual([]);
  expect(run.breaches).toEqual([]);
  expect(run).toMatchObject({ doubledChecks: 0, doubledIssues: 0, logHolds: true });
}
