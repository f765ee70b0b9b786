import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";

import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import { sample } from "../support/effort.ts";
import { freshDatabase } from "../support/stores.ts";
import { readStory } from "../support/scenarios.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import { openRig, type Rig } from "./rig.ts";

const MINUTE = 60_000;

const STORY = readStory(
  `name: GitHub is down
policy: { mode: observe, approval: { required: 1 } }
people: { ann: { permission: admin }, bob: { permission: write } }
story: []
`,
  "outage",
);

/** While GitHub is well: two pull requests to come back to. */
const BEFORE: readonly DoStep[] = [
  { do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: { "src/a.ts": "1" } },
  { do: "open-pull-request", by: "ann", pull: 2, branch: "two", files: { "src/b.ts": "1" } },
];
/** While it is not. */
const MEANWHILE: readonly DoStep[] = [
  { do: "review", by: "bob", pull: 1, state: "approved" },
  { do: "merge", by: "ann", pull: 1, method: "squash", bypass: true },
  { do: "push", by: "ann", branch: "two", files: { "src/b.ts": "2" } },
  { do: "open-pull-request", by: "ann", pull: 3, branch: "three", files: { "src/c.ts": "1" } },
  { do: "push", by: "ann", branch: "main", files: { "src/d.ts": "1" }, bypass: true },
  { do: "merge", by: "ann", pull: 2, method: "merge", bypass: true },
  { do: "deploy", by: "ann", environment: "production", commit: "main" },
];

/** Each kind of trouble, the first that holds, in real time, as long as it says. */
const TROUBLES: readonly { readonly name: string; readonly faults: readonly Record<string, unknown>[] }[] = [
  { name: "answers 502", faults: [{ kind: "server-error", status: 502 }] },
  { name: "answers 503", faults: [{ kind: "server-error", status: 503 }] },
  { name: "refuses connections", faults: [{ kind: "refused" }] },
  { name: "answers 401 once", faults: [{ kind: "unauthorized", count: 1 }] },
  { name: "is at its primary rate limit", faults: [{ kind: "rate-limit", count: 1, "retry-after": 1 }] },
  {
    name: "is at its secondary rate limit",
    faults: [{ kind: "secondary-limit", count: 1, "retry-after": 1 }],
  },
  {
    name: "limits whoever writes",
    faults: [{ kind: "secondary-limit", match: "^POST .*check-runs", count: 1, "retry-after": 1 }],
  },
  {
    name: "loses answers to what it did",
    faults: [
      { kind: "server-error", match: "^(POST|PATCH) .*(check-runs|issues)", count: 3, "after-effect": true },
    ],
  },
  {
    name: "does all of that one after the other",
    faults: [
      { kind: "unauthorized", count: 1 },
      { kind: "secondary-limit", count: 1, "retry-after": 1 },
      { kind: "server-error", status: 500, count: 5 },
      { kind: "rate-limit", count: 1, "retry-after": 1 },
      { kind: "refused", count: 5 },
    ],
  },
];

let answers: number[];
let rig: Rig;
let remove: () => Promise<void>;
beforeEach(async () => {
  answers = [];
  const database = await freshDatabase("sqlite");
  remove = database.remove;
  rig = await openRig(STORY, database.where, { answered: (status) => answers.push(status) });
});
afterEach(async () => {
  await rig.close();
  await remove();
});

async function play(faults: readonly Record<string, unknown>[]): Promise<Outcome> {
  let now = STORY.start;
  const act = async (step: DoStep): Promise<void> => {
    now += MINUTE;
    await rig.moveTo(now);
    const { refused, unplayable } = await rig.double.act(step);
    expect(refused ?? unplayable).toBeNull();
    await rig.settle();
  };
  for (const step of BEFORE) await act(step);
  for (const fault of faults) await rig.fault({ do: "github-fails", ...fault });
  for (const step of MEANWHILE) await act(step);
  await rig.fault({ do: "recover" });
  // Time passes: the App's clock by quarters of an hour, and real time, which limits run by.
  for (let quarter = 0; quarter < 60; quarter += 1) {
    now += 15 * MINUTE;
    await rig.moveTo(now);
    const { deliveries, actions } = await rig.ledger.queue.waiting();
    if (quarter >= 4 && deliveries + actions === 0) break;
    await sleep(quarter < 4 ? 0 : 100);
  }
  return outcomeOf(rig.ledger, await rig.state());
}

function isOpenOrLanded(verdict: string): boolean {
  const { kind, subject } = JSON.parse(verdict) as { readonly kind: string; readonly subject: string };
  return kind !== "gate" || subject.endsWith("#3");
}

/** Those of them that `npm test` plays, if they are drawn: the limits wait as long as GitHub says. */
const IN_EACH_RUN = ["is well", "answers 503", "refuses connections"];

describe("while GitHub", () => {
  let undisturbed: Outcome | undefined;
  for (const { name, faults } of [{ name: "is well", faults: [] }, ...sample(TROUBLES, 4)])
    test(
      `${name}, every delivery is accepted, and all is judged once it is back`,
      { tags: IN_EACH_RUN.includes(name) ? [] : ["long"] },
      async () => {
        const outcome = await play(faults);
        undisturbed ??= outcome;
        expect(answers.length).toBeGreaterThan(20);
        // One asked for again twice is a repetition.
        expect(answers.filter((status) => status !== 202 && status !== 200)).toEqual([]);
        const queue = await rig.ledger.queue.list({ limit: 1_000 });
        expect(queue.filter(({ status }) => status !== "done")).toEqual([]);
        expect(await rig.ledger.queue.listActions({ status: "waiting", limit: 100 })).toEqual([]);
        expect(await rig.ledger.queue.listActions({ status: "dead", limit: 100 })).toEqual([]);
        // What is merged is not asked for at the gate any more: the last word there was spoken before.
        expect(outcome.verdicts.filter(isOpenOrLanded)).toEqual(undisturbed.verdicts.filter(isOpenOrLanded));
        expect(outcome.verdicts).toHaveLength(undisturbed.verdicts.length);
        const { repositories, breaches, deliveries } = await rig.state();
        // That of the installation was sent before the App was there.
        expect(
          deliveries.filter(
            ({ event, statusCode }) => event !== "installation" && statusCode !== 202 && statusCode !== 200,
          ),
        ).toEqual([]);
        expect(breaches).toEqual([]);
        const shas = repositories.flatMap(({ checks }) =>
          checks.filter(({ ours }) => ours).map(({ sha }) => sha),
        );
        expect(shas).toHaveLength(new Set(shas).size);
      },
    );
});
