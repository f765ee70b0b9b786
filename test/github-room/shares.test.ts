/** Replicas on one database share an installation's limits by leases, and never hold more than the limit together. */

import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { shareOf, type Claim, type GrantedShare } from "../../src/domain/values/quota-share.ts";
import { IMPORTANCES, type Importance } from "../../src/github/api/request-line.ts";
import {
  costOf,
  DOCUMENTED,
  limits,
  UNLIMITED,
  type Cost,
  type Limits,
} from "../../src/github/api/rate-limits.ts";
import { Pacing, ranked, type LeaseShares } from "../../src/github/api/pacing.ts";

const MINUTE = 60_000;
const READ = costOf("GET", "/meta", undefined);
const CHECK = costOf("POST", "/repos/acme/web/check-runs", "{}");

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** A database that gives shares as the real one does, after `answersIn` ms; it can be down. */
function database(answersIn = 2) {
  const rows = new Map<string, GrantedShare>();
  const state = { leases: 0, isDown: false, answersIn };
  const leaseFor =
    (replica: string): LeaseShares =>
    async (claims, leaseMs) => {
      state.leases += 1;
      await new Promise((resolve) => setTimeout(resolve, state.answersIn));
      if (state.isDown) throw new Error("down");
      const now = performance.now();
      return new Map(
        claims.map((claim: Claim) => {
          const others = [...rows].flatMap(([key, given]) =>
            key.startsWith(`${claim.asker} `) && key !== `${claim.asker} ${replica}` ? [given] : [],
          );
          const share = shareOf(claim, others, now);
          rows.set(`${claim.asker} ${replica}`, { share, until: now + leaseMs });
          return [claim.asker, share];
        }),
      );
    };
  const replica = (name: string, most: Limits = DOCUMENTED): Pacing =>
    new Pacing(most, { lease: leaseFor(name) });
  return { replica, state };
}

interface Sent {
  readonly at: number;
  readonly end: number;
  readonly importance: Importance;
  readonly cost: Cost;
}

/** Sends a request when its turn comes; it takes `lasts` ms. */
async function send(
  pacing: Pacing,
  sent: Sent[],
  {
    importance = "check",
    cost = READ,
    lasts = 0,
  }: { readonly importance?: Importance; readonly cost?: Cost; readonly lasts?: number } = {},
): Promise<void> {
  const turn = await ranked(importance, () => pacing.turn(9, cost)).catch(() => null);
  if (turn === null) return;
  const at = performance.now();
  sent.push({ at, end: at + lasts, importance, cost });
  setTimeout(() => turn.end(), lasts);
}

test("one replica alone has the whole budget, by a few leases and not one for each request", async () => {
  const { replica, state } = database();
  const [a, sent] = [replica("a"), [] as Sent[]];
  for (let each = 0; each < 300; each += 1) void send(a, sent, { cost: CHECK });
  await pass(500);
  expect(sent).toHaveLength(180);
  expect(state.leases).toBeLessThan(20);
  await pass(MINUTE);
  expect(sent).toHaveLength(300);
});

test("a second one is let in at once, and both together have one budget", async () => {
  const { replica } = database();
  const [a, b] = [replica("a"), replica("b")];
  const [ofA, ofB]: [Sent[], Sent[]] = [[], []];
  void send(a, ofA);
  await pass(100);
  void send(b, ofB);
  await pass(10);
  expect(ofB).toHaveLength(1);
  for (let each = 0; each < 900; each += 1) void send(each % 2 === 0 ? a : b, each % 2 === 0 ? ofA : ofB);
  await pass(5_000);
  expect(ofA.length + ofB.length).toBeLessThanOrEqual(900);
  expect(Math.min(ofA.length, ofB.length)).toBeGreaterThan(300);
  await pass(2 * MINUTE);
  expect(ofA.length + ofB.length).toBe(902);
});

test("what one that died had used or held counts for a minute after its lease", async () => {
  const { replica } = database();
  const [dead, alive] = [replica("dead"), replica("alive")];
  const [ofDead, ofAlive]: [Sent[], Sent[]] = [[], []];
  for (let each = 0; each < 100; each += 1) void send(dead, ofDead, { cost: CHECK });
  await pass(300);
  expect(ofDead).toHaveLength(100);
  // It dies: nothing is heard of it any more.
  dead.stop();
  for (let each = 0; each < 180; each += 1) void send(alive, ofAlive, { cost: CHECK });
  await pass(5_000);
  expect(ofAlive.length).toBeLessThanOrEqual(80);
  expect(ofAlive.length).toBeGreaterThan(50);
});

test("one that stops in order gives back what it did not use", async () => {
  const { replica } = database();
  const [old, next] = [replica("old"), replica("next")];
  const sent: Sent[] = [];
  void send(old, sent, { cost: CHECK });
  await pass(100);
  const ending = old.end();
  await pass(10);
  await ending;
  for (let each = 0; each < 180; each += 1) void send(next, sent, { cost: CHECK });
  await pass(2_000);
  expect(sent).toHaveLength(180);
});

test("nothing is sent on what is being given back", async () => {
  const { replica, state } = database();
  const [a, b] = [replica("a"), replica("b")];
  const sent: Sent[] = [];
  for (let each = 0; each < 150; each += 1) void send(a, sent, { cost: CHECK });
  await pass(59_000);
  expect(sent).toHaveLength(150);
  // What it holds from then is far more than it will ask for when its share is leased anew, which now takes a while.
  state.answersIn = 3_000;
  await pass(3_000);
  for (let each = 0; each < 300; each += 1) void send(each % 2 === 0 ? a : b, sent, { cost: CHECK });
  await pass(55_000);
  expect(sent.length - 150).toBeLessThanOrEqual(180);
  expect(sent.length - 150).toBeGreaterThan(100);
});

test("nothing is sent on a share that ran out while the database was away, and all of it when it is back", async () => {
  const { replica, state } = database();
  const [a, sent] = [replica("a"), [] as Sent[]];
  void send(a, sent);
  await pass(100);
  state.isDown = true;
  await pass(31_000);
  void send(a, sent);
  await pass(10_000);
  expect(sent).toHaveLength(1);
  state.isDown = false;
  await pass(1_100);
  expect(sent).toHaveLength(2);
});

test("a server without limits is asked without any lease", async () => {
  const { replica, state } = database();
  const [a, sent] = [replica("a", UNLIMITED), [] as Sent[]];
  for (let each = 0; each < 2_000; each += 1) void send(a, sent);
  await pass(0);
  expect([sent.length, state.leases]).toEqual([2_000, 0]);
});

test("law: whatever replicas send and whichever of them die, no minute has more than the limit, and sweeps half of it", async () => {
  const most = { ...limits(() => 120), "at-once": 40 };
  const Asked = fc.record({
    by: fc.integer({ min: 0, max: 2 }),
    importance: fc.constantFrom(...IMPORTANCES),
    cost: fc.constantFrom(READ, CHECK),
    gap: fc.integer({ min: 0, max: 20_000 }),
    times: fc.integer({ min: 1, max: 20 }),
    lasts: fc.integer({ min: 0, max: 3_000 }),
    dies: fc.integer({ min: 0, max: 19 }).map((each) => each === 0),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(Asked, { maxLength: 40 }),
      fc.integer({ min: 1, max: 900 }),
      async (all, answersIn) => {
        const { replica } = database(answersIn);
        const replicas = [0, 1, 2].map((name) => replica(String(name), most));
        const sent: Sent[] = [];
        let born = 3;
        for (const each of all) {
          await pass(each.gap);
          if (each.dies) {
            replicas[each.by]?.stop();
            replicas[each.by] = replica(String((born += 1)), most);
          }
          const by = replicas[each.by];
          if (by !== undefined) for (let time = 0; time < each.times; time += 1) void send(by, sent, each);
        }
        await pass(5 * MINUTE);
        const of = (some: readonly Sent[]) =>
          some.reduce((sum, { cost }) => sum + (cost.of.get("rest") ?? 0), 0);
        for (const { at } of sent) {
          const counted = sent.filter((each) => each.at <= at && each.end + MINUTE > at);
          expect(of(counted)).toBeLessThanOrEqual(120);
          expect(of(counted.filter(({ importance }) => importance === "sweep"))).toBeLessThanOrEqual(60);
          expect(sent.filter((each) => each.at <= at && each.end > at).length).toBeLessThanOrEqual(40);
        }
      },
    ),
  );
});
