/** Law 14: a failure between any two writes leaves a state that the next run completes. */

import { beforeAll, describe, expect, test } from "vitest";

import type { Scenario } from "../../src/cli/scenario/format.ts";
import type { AppUnderTest, Stage } from "../../src/cli/scenario/stage.ts";
import { sample } from "../support/effort.ts";
import { differences, rowsOf, type Rows } from "../support/rows.ts";
import { scenarios } from "../support/scenarios.ts";
import { openStageOn } from "../support/stage.ts";
import { freshDatabase } from "../support/stores.ts";
import { aMinuteLater, FailingStore, type Fault } from "./failing-store.ts";

/** `FAULT`: one play alone, such as `kill:17`, to look at. */
const ONE = /^(fail|kill):(\d+)$/u.exec(process.env["FAULT"] ?? "");
/** So many plays of each kind and store in a run of the sample. */
const SAMPLED = 1;
/** In one play, every so many writes one goes wrong: what one leaves behind is mended before the next. */
const APART = 100;

const STORY = named("one-of-everything");

for (const kind of ["sqlite", "postgres"] as const)
  describe(`a write that fails, and a process that ends after one, on ${kind}`, () => {
    let whole: Awaited<ReturnType<typeof played>>;
    beforeAll(async () => {
      whole = await played(kind, STORY, null);
    }, 600_000);

    test("leave the rows of an undisturbed quarter", { timeout: 7_200_000 }, async () => {
      expect(whole.writes).toBeGreaterThan(100);
      const all = Array.from({ length: APART }, (_, index) => index + 1);
      const faults: readonly Fault[] =
        ONE === null
          ? (["fail", "kill"] as const).flatMap((each) =>
              sample(all, SAMPLED).map((first) => ({ kind: each, first, every: APART })),
            )
          : [{ kind: ONE[1] === "kill" ? "kill" : "fail", first: Number(ONE[2]), every: APART }];
      const wrong: string[] = [];
      let happened = 0;
      for (const fault of faults) {
        const name = `${fault.kind}:${fault.first}`;
        try {
          const broken = await played(kind, STORY, fault);
          happened += broken.happened;
          wrong.push(...differences(whole.rows, broken.rows).map((line) => `${name}: ${line}`));
        } catch (error) {
          wrong.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      console.log(`${kind}: ${whole.writes} writes, ${happened} went wrong in ${faults.length} plays`);
      expect(wrong).toEqual([]);
    });
  });

async function played(
  kind: "sqlite" | "postgres",
  story: Scenario,
  fault: Fault | null,
): Promise<{ readonly rows: Rows; readonly writes: number; readonly happened: number }> {
  const store = new FailingStore();
  const { where, remove } = await freshDatabase(kind);
  const stage = await openStageOn(story, where, { openLedger: (of) => store.open(of), leaseMs: 2_000 });
  try {
    let now = story.start;
    store.arm(fault);
    const alive = async <T>(work: () => Promise<T>): Promise<T> => {
      for (;;) {
        const before = store.happened;
        try {
          if (store.isDead) {
            await stage.app.kill();
            await aMinuteLater(where, now);
            await stage.app.restart(now);
          }
          const done = await work();
          if (!store.isDead) return done;
        } catch (error) {
          // Whoever asked is told that it failed, and asks again.
          if (store.happened === before) throw error;
        }
      }
    };
    const { app } = stage;
    const living: AppUnderTest = {
      ...app,
      advance: (to) => {
        now = to;
        return alive(() => app.advance(to));
      },
      settle: () => alive(() => app.settle()),
      sweep: () => alive(() => app.sweep()),
      ask: (path, make) =>
        alive(async () => {
          const answer = await app.ask(path, make);
          if (answer.status === 503) throw new Error("the App could not store it");
          return answer;
        }),
      reconcile: (organization, from, to) => alive(() => app.reconcile(organization, from, to)),
      signOff: (organization, given) => once(alive, () => app.signOff(organization, given)),
      enterDeviation: (given) => once(alive, () => app.enterDeviation(given)),
      emergency: (repository, given) => once(alive, () => app.emergency(repository, given)),
    };
    const rows = await rowsOf(story, { ...stage, app: living } satisfies Stage, { maybeLate: true });
    if (fault !== null && store.happened === 0) throw new Error("the fault never came");
    const ledger = await stage.openLedger();
    try {
      expect(await ledger.verifyLog()).toMatchObject({ ok: true });
      expect(await ledger.queue.list({ status: "dead", limit: 10 })).toEqual([]);
      expect(await ledger.queue.listActions({ status: "dead", limit: 10 })).toEqual([]);
    } finally {
      await ledger.close();
    }
    return { rows, writes: store.writes, happened: store.happened };
  } finally {
    await stage.close();
    await remove();
  }
}

/** What somebody does at a terminal, again where it broke off; that it was done already is then no refusal. */
async function once(
  alive: <T>(work: () => Promise<T>) => Promise<T>,
  act: () => Promise<string | null>,
): Promise<string | null> {
  let tries = 0;
  return alive(async () => {
    tries += 1;
    const refused = await act();
    return tries === 1 ? refused : null;
  });
}

function named(file: string): Scenario {
  const found = scenarios().find(({ source }) => source.endsWith(`/${file}.yaml`));
  if (found === undefined) throw new Error(`the story ${file} is gone`);
  return found;
}
