/** Law 14: a failure between any two writes leaves a state that the next run completes. */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Scenario } from "../../../src/cli/scenario/format/format.ts";
import type { DoStep } from "../../../src/cli/scenario/format/steps.ts";
import type { AppUnderTest, Harness } from "../../../src/cli/scenario/harness/harness.ts";
import { messageOf } from "../../../src/domain/evidence/verify/read.ts";
import { isWhole, rounds, sample, SEED } from "../../support/effort.ts";
import { INTENT, MADE_UP, stepsOf } from "../../support/made-up.ts";
import { possible } from "../../support/plays.ts";
import { differences, rowsOf, type Rows } from "../../support/rows.ts";
import { story } from "../../support/scenarios.ts";
import { openHarnessOn } from "../../support/harness.ts";
import { freshDatabase } from "../../support/stores.ts";
import { aMinuteLater, FailingStore, type Fault } from "./failing-store.ts";

/** `FAULT`: one play alone, such as `kill:17`, to look at. */
const ONE = /^(fail|kill):(\d+)$/u.exec(process.env["FAULT"] ?? "");
/**
 * In one play, every so many writes one goes wrong: what one leaves behind is completed before the next. Plays that begin at each of
 * so many writes give every write its turn. A process that was killed keeps its share of GitHub's limits for an hour: of a hundred and more
 * killed within a minute, none would have anything to ask with.
 */
const APART = { fail: 20, kill: 40 } as const;

/** In the usual run, which has too few plays to give every write its turn, and shorter ones. */
const APART_IN_A_SAMPLE = 600;

/** The stories in which every place of the flows writes: each of their writes has its turn. */
export const LONG: readonly Scenario[] = [story("one-of-everything"), story("every-end-of-an-emergency")];

const STORIES: readonly Scenario[] = [
  ...LONG,
  ...(await Promise.all(
    fc
      .sample(fc.array(INTENT, { minLength: 25, maxLength: 35 }), { numRuns: rounds(0, 2) })
      .map((intents, index) => possible(madeUp(index, stepsOf(intents, false)))),
  )),
];

/** Each story played once on SQLite, with nothing going wrong. */
const undisturbed = new Map<Scenario, ReturnType<typeof played>>();

/** Returns what a story comes to with nothing going wrong. */
export function undisturbedPlay(scenario: Scenario): ReturnType<typeof played> {
  const playing = undisturbed.get(scenario) ?? played("sqlite", scenario, null);
  undisturbed.set(scenario, playing);
  return playing;
}

/** Declares a test of each story: whichever write goes wrong, it comes to what it comes to undisturbed. */
export function testFailedWrites(kind: "sqlite" | "postgres"): void {
  describe(
    `a write that fails, and a process that ends after one, on ${kind}`,
    { tags: kind === "sqlite" ? [] : ["long"] },
    () => {
      for (const scenario of STORIES) {
        const tags = scenario === LONG[0] ? [] : ["long"];
        test(`leave the rows of an undisturbed play of ${scenario.name}`, { tags }, async () => {
          const whole = await undisturbedPlay(scenario);
          expect(whole.writes).toBeGreaterThan(50);
          const faults = faultsFor(kind, scenario);
          const wrong: string[] = [];
          // Printed when found: all plays take the better part of an hour, and whoever ends the run has seen them.
          const report = (line: string): void => {
            console.log(line);
            wrong.push(line);
          };
          let happened = 0;
          await someAtOnce(faults, async (fault) => {
            const name = `${kind}, ${scenario.name}, FAULT=${fault.kind}:${fault.first}`;
            try {
              const broken = await played(kind, scenario, fault);
              happened += broken.happened;
              for (const line of differences(whole.rows, broken.rows)) report(`${name}: ${line}`);
            } catch (error) {
              report(`${name}: ${messageOf(error)}`);
            }
          });
          console.log(
            `${kind}, ${scenario.name}: ${whole.writes} writes; ${happened} failed or were the last, in ${faults.length} plays`,
          );
          expect(wrong).toEqual([]);
        });
      }
    },
  );
}

/** After each fault a play waits for a second: others go on meanwhile. */
const AT_ONCE = 3;

async function someAtOnce<T>(list: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const left = [...list];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Where the writes that go wrong begin: at each, and so all have their turn; or at one drawn by the seed, of one kind on each store. */
function faultsFor(kind: "sqlite" | "postgres", scenario: Scenario): readonly Fault[] {
  if (ONE !== null) return faultsOf(ONE[1] === "kill" ? "kill" : "fail", [Number(ONE[2])]);
  const kinds = isWhole ? (["fail", "kill"] as const) : ([kind === "sqlite" ? "fail" : "kill"] as const);
  return kinds.flatMap((each) => {
    const all = Array.from({ length: APART[each] }, (_, index) => 1 + index);
    // Of a story made up only some.
    const some = LONG.includes(scenario) ? all : all.filter((first) => first % 5 === 1);
    return faultsOf(each, sample(some, 1));
  });
}

function faultsOf(kind: Fault["kind"], firsts: readonly number[]): readonly Fault[] {
  const every = isWhole || ONE !== null ? APART[kind] : APART_IN_A_SAMPLE;
  return firsts.map((first) => ({ kind, first, every }));
}

/** Steps drawn by the seed, an hour apart. */
function madeUp(index: number, steps: readonly DoStep[]): Scenario {
  const hourly = steps.map((step) => ({ line: 0, do: { ...step, after: "1h" } }));
  return { ...MADE_UP, name: `story ${index + 1} made up by ${SEED}`, story: hourly };
}

async function played(
  kind: "sqlite" | "postgres",
  scenario: Scenario,
  fault: Fault | null,
): Promise<{
  readonly rows: Rows;
  readonly writes: number;
  readonly happened: number;
  readonly places: ReadonlySet<string>;
}> {
  const store = new FailingStore();
  const { where, remove } = await freshDatabase(kind);
  const stage = await openHarnessOn(scenario, where, { openLedger: (of) => store.open(of), leaseMs: 600 });
  try {
    let now = scenario.start;
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
          // Whoever asked is told that it failed, and asks again. The write may have begun before the asking.
          if (store.happened === before && !store.isDead && !store.isPlanned(error)) throw error;
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
    const openLedger: Harness["openLedger"] = async (how) => {
      const ledger = await stage.openLedger(how);
      let tries = 0;
      // What a command hands over at a terminal: whoever sees that it failed gives the command again.
      ledger.recordIf = (...given) =>
        alive(async () => {
          tries += 1;
          const failing = await store.openBeside(where);
          try {
            return (await failing.recordIf(...given)) || tries > 1;
          } finally {
            await failing.close();
          }
        });
      return ledger;
    };
    const rows = await rowsOf(scenario, { ...stage, app: living, openLedger }, { maybeLate: true }).catch(
      async (error: unknown) => {
        throw new Error(`${messageOf(error)}\n${await lastSeen(stage)}`, { cause: error });
      },
    );
    if (fault !== null && store.happened === 0) throw new Error("the fault never came");
    const ledger = await stage.openLedger();
    try {
      expect(await ledger.verifyLog()).toMatchObject({ ok: true });
      expect(await ledger.queue.list({ status: "dead", limit: 10 })).toEqual([]);
      expect(await ledger.queue.listActions({ status: "dead", limit: 10 })).toEqual([]);
    } finally {
      await ledger.close();
    }
    return { rows, writes: store.writes, happened: store.happened, places: store.places };
  } finally {
    await stage.close();
    await remove();
  }
}

/** Entries of the log shown where a play broke off: no play is the same twice, and playing it again may not show why. */
const LAST_ENTRIES = 60;

/** What the App knew where a play broke off, and what it still had to do. */
async function lastSeen(stage: Harness): Promise<string> {
  const ledger = await stage.openLedger();
  try {
    const { size } = await ledger.head();
    const lines: string[] = [];
    for await (const entry of ledger.log({ everyOrganization: true, afterSeq: size - LAST_ENTRIES }))
      lines.push(JSON.stringify(entry));
    const left = [
      ...(await ledger.queue.list({ status: "waiting", limit: 50 })),
      ...(await ledger.queue.listActions({ status: "waiting", limit: 50 })),
    ];
    return [
      "The last entries of its log:",
      ...lines,
      "What waits:",
      ...left.map((each) => JSON.stringify(each)),
    ].join("\n");
  } finally {
    await ledger.close();
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
