/** Laws 1 and 5: order, repetition and loss never lead to a better verdict, and every update of a production branch is in the population once. */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import type { Assessment } from "../../src/domain/values/result.ts";
import { openRig, type RawState } from "../robustness/rig.ts";
import { endOnFailure, rounds, sample, SEED } from "../support/effort.ts";
import { INTENT, MADE_UP, stepsOf } from "../support/made-up.ts";
import { freshDatabase } from "../support/stores.ts";
import { worse } from "../support/worse.ts";

/** Stories in each weather. */
const RUNS = rounds(1, 10);
const MOST_STEPS = 60;
const LEAST_STEPS = 40;
const MINUTE = 60_000;

/** What becomes of webhooks: every nth is dropped, delayed, doubled; `down`: the App answers none from a step on, for so many steps. */
interface Weather {
  readonly drop: number | null;
  readonly delay: number | null;
  readonly duplicate: number | null;
  readonly reorder: boolean;
  readonly down: { readonly from: number; readonly steps: number } | null;
}

const every = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });
const DOWN = fc.record({ from: fc.nat({ max: 35 }), steps: fc.integer({ min: 2, max: 10 }) });
const CALM = { drop: null, delay: null, duplicate: null, reorder: false, down: null };

/** The kinds of weather one at a time, each for stories of its own. */
const ONE_AT_A_TIME: readonly (readonly [string, fc.Arbitrary<Weather>])[] = [
  [
    "repeated and in another order",
    fc.record({ duplicate: every(2) }).map((own) => ({ ...CALM, ...own, reorder: true })),
  ],
  ["lost", fc.record({ drop: every(4) }).map((own) => ({ ...CALM, ...own }))],
  ["late", fc.record({ delay: every(3) }).map((own) => ({ ...CALM, ...own }))],
  ["refused for a spell", fc.record({ down: DOWN }).map((own) => ({ ...CALM, ...own }))],
];

const WEATHERS: typeof ONE_AT_A_TIME = [
  ...sample(ONE_AT_A_TIME, 1),
  [
    "lost, late, repeated, in another order and refused for a spell",
    fc
      .record({ drop: fc.integer({ min: 2, max: 5 }), delay: every(4), duplicate: every(3), down: DOWN })
      .map((own) => ({ ...CALM, ...own, reorder: true })),
  ],
];

function isLossy({ drop, delay, down }: Weather): boolean {
  return drop !== null || delay !== null || down !== null;
}

interface Told {
  readonly judged: ReadonlyMap<string, Assessment>;
  /** `ref before after` of each change recorded. */
  readonly population: readonly string[];
  /** The same of each update of a production branch that the double made since the App was installed. */
  readonly updates: readonly string[];
  /** What GitHub refused, which must be the same in both runs. */
  readonly refusals: readonly string[];
}

async function play(steps: readonly DoStep[], weather: Weather | null): Promise<Told> {
  const { where, remove } = await freshDatabase("sqlite");
  const rig = await openRig(MADE_UP, where);
  try {
    const begun = updatesOf(await rig.state()).length;
    for (const kind of ["drop", "delay", "duplicate"] as const) {
      const every = weather?.[kind] ?? null;
      if (every !== null) await rig.fault({ do: `${kind}-webhooks`, every });
    }
    if (weather?.reorder === true) await rig.fault({ do: "reorder-webhooks" });
    const refusals: string[] = [];
    let now = MADE_UP.start;
    for (const [index, step] of steps.entries()) {
      now += 5 * MINUTE;
      await rig.moveTo(now);
      const spell = weather?.down ?? null;
      if (spell?.from === index) await rig.fault({ do: "outage", for: (spell.steps * 5 * MINUTE) / 1000 });
      const { refused, unplayable } = await rig.double.act(step);
      // A branch of one commit has none before it; a conflict cannot be merged.
      const not = refused ?? unplayable;
      if (not !== null) refusals.push(`${index} ${step.do}: ${not}`);
      await rig.settle();
    }
    await rig.fault({ do: "recover" });
    await rig.moveTo(now + 15 * MINUTE);
    await rig.sweep();
    const judged = new Map<string, Assessment>();
    const population: string[] = [];
    for await (const { subject, body } of rig.ledger.states("change", { everyOrganization: true })) {
      const { change, assessment } = body;
      judged.set(
        `change ${change.update.ref} ${change.update.kind} ${change.update.after.slice(0, 7)} ${subject}`,
        assessment,
      );
      if (change.repository.name === "web")
        population.push(`${change.update.ref} ${change.update.before} ${change.update.after}`);
    }
    for await (const { body } of rig.ledger.states("deployment", { everyOrganization: true })) {
      const { deployment, assessment } = body;
      judged.set(`deployment ${deployment.number} ${deployment.id}`, assessment);
    }
    const updates = updatesOf(await rig.state()).slice(begun);
    return { judged, population: population.toSorted(), updates: updates.toSorted(), refusals };
  } finally {
    await rig.close();
    await remove();
  }
}

/** Every update of a production branch, oldest first; one that comes again is there again. */
function updatesOf(state: RawState): readonly string[] {
  const web = state.repositories.find(({ name }) => name === "web");
  return (web?.activity ?? [])
    .filter(({ ref }) => /^refs\/heads\/(main$|release\/)/u.test(ref))
    .map(({ ref, before, after }) => `${ref} ${before} ${after}`);
}

/** The intents of a story. */
const INTENTS = fc.array(INTENT, { minLength: LEAST_STEPS, maxLength: MOST_STEPS, size: "max" });

/** Every kind of step there is here, each of which stories must come to. */
const STEPS: readonly string[] = (
  "open-pull-request, review, dismiss-review, push, force-push, update-branch, retarget, merge merge, merge squash, merge rebase, " +
  "merge-locally-and-push, enqueue, push to main, push to release, force-push to main, force-push to release, create-branch, " +
  "delete-branch, deploy"
).split(", ");

function stepName(step: DoStep): string {
  const { do: kind, branch, method } = step as { do: string; branch?: string; method?: string };
  if (kind === "merge") return `merge ${method ?? ""}`;
  if (branch === undefined || !kind.endsWith("push") || kind.startsWith("merge")) return kind;
  return `${kind} to ${branch === "main" ? "main" : "release"}`;
}

const seen = {
  steps: 0,
  longest: 0,
  updates: 0,
  refusals: 0,
  verdicts: new Set<string>(),
};

describe("every update is in the population once, and judged the same, or where webhooks are not there in time unverifiable at worst: webhooks", () => {
  test.each(WEATHERS.slice(0, -1))("%s", law);
  test.each(WEATHERS.slice(-1))("%s", { tags: ["long"] }, law);
  async function law(name: string, weathers: (typeof WEATHERS)[number][1]): Promise<void> {
    // Stories of its own for each weather.
    await fc.assert(
      fc.asyncProperty(INTENTS, weathers, async (intents, weather) => {
        // The queue waits for the App's check: what GitHub does there hangs on what the App hears.
        const steps = stepsOf(intents, !isLossy(weather));
        const calm = await play(steps, null);
        const rough = await play(steps, weather);
        seen.steps += steps.length;
        seen.longest = Math.max(seen.longest, steps.length);
        seen.updates += calm.updates.length;
        seen.refusals += calm.refusals.length;
        const told = JSON.stringify({ weather, steps });
        expect(rough.refusals, told).toEqual(calm.refusals);
        expect(calm.population, told).toEqual(calm.updates);
        expect(rough.population, told).toEqual(rough.updates);
        expect([...rough.judged.keys()].toSorted(), told).toEqual([...calm.judged.keys()].toSorted());
        for (const [subject, wanted] of calm.judged) {
          const there = rough.judged.get(subject);
          seen.verdicts.add(wanted.verdict);
          expect(there && worse(wanted, there), `${subject} of ${told}`).toEqual([]);
          if (!isLossy(weather)) expect(there?.verdict, `${subject} of ${told}`).toBe(wanted.verdict);
        }
      }),
      { seed: SEED + WEATHERS.findIndex(([each]) => each === name), numRuns: RUNS, endOnFailure },
    );
  }

  test("of stories that come to every kind of step", () => {
    const stories = fc.sample(INTENTS, { numRuns: rounds(50, 500) });
    const kinds = new Set(stories.flatMap((intents) => stepsOf(intents, true).map(stepName)));
    expect([...kinds].toSorted()).toEqual(STEPS.toSorted());
  });

  test("of stories long and varied enough to say something", { tags: ["long"] }, () => {
    expect(seen.longest).toBeGreaterThan(LEAST_STEPS);
    expect(seen.updates).toBeGreaterThan(seen.steps / 4);
    expect(seen.refusals).toBeLessThan(seen.steps / 4);
    expect([...seen.verdicts]).toEqual(expect.arrayContaining(["compliant", "non-compliant"]));
  });
});
