/** Laws 1 and 5: order, repetition and loss never lead to a better verdict, and every update of a production branch is in the population once. */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { DoStep } from "../../src/cli/scenario/steps.ts";
import type { Assessment } from "../../src/domain/result.ts";
import { openRig, type RawState } from "../robustness/rig.ts";
import { endOnFailure, rounds, SEED } from "../support/effort.ts";
import { readStory } from "../support/scenarios.ts";
import { freshDatabase } from "../support/stores.ts";
import { worse } from "../support/worse.ts";

/** Stories in each weather. */
const RUNS = rounds(1, 10);
const MOST_STEPS = 60;
const LEAST_STEPS = 40;
const MINUTE = 60_000;

// Only observed, so that what GitHub lets happen does not hang on what the App has heard of.
const STORY = readStory(
  `name: a story made up
policy: { mode: observe, approval: { required: 1 }, production: { branches: [main, "release/**"] } }
people: { ann: { permission: admin }, bob: { permission: write }, cat: { permission: write } }
story: []
`,
  "laws",
);

const KINDS = [
  ["open", 5],
  ["review", 10],
  ["push", 4],
  ["force-push", 2],
  ["update-branch", 2],
  ["dismiss-review", 1],
  ["retarget", 2],
  ["merge", 9],
  ["enqueue", 3],
  ["merge-by-hand", 2],
  ["push-to-production", 3],
  ["force-push-production", 2],
  ["create-release", 2],
  ["delete-release", 2],
  ["deploy", 3],
] as const;

/** One thing somebody may want; what it comes to depends on what there is when its turn comes. */
interface Intent {
  readonly kind: (typeof KINDS)[number][0];
  readonly by: string;
  /** Picks one of those there are. */
  readonly which: number;
  readonly choice: number;
}

const INTENT: fc.Arbitrary<Intent> = fc.record({
  kind: fc.oneof(...KINDS.map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) }))),
  by: fc.constantFrom("ann", "bob", "cat"),
  which: fc.nat({ max: 11 }),
  choice: fc.nat({ max: 5 }),
});

interface Open {
  readonly pull: number;
  readonly author: string;
  readonly branch: string;
  base: string;
  readonly reviewers: Set<string>;
}

/** The steps GitHub takes for what is wanted, whatever the App does; what is impossible where it comes is left out. */
function stepsOf(intents: readonly Intent[], withQueue: boolean): readonly DoStep[] {
  const open: Open[] = [];
  const releases: string[] = [];
  const steps: DoStep[] = [];
  let opened = 0;
  let cut = 0;
  for (const [index, { kind, by, which, choice }] of intents.entries()) {
    const files = { [`src/${index}.ts`]: `${index}` };
    const at = open.length === 0 ? -1 : which % open.length;
    const one = open[at];
    const bases = ["main", ...releases];
    const base = bases[choice % bases.length] ?? "main";
    const openOne = (): void => {
      opened += 1;
      const branch = `feature-${opened}`;
      open.push({ pull: opened, author: by, branch, base, reviewers: new Set() });
      steps.push({ do: "open-pull-request", by, pull: opened, branch, base, files });
    };
    switch (kind) {
      case "open":
        openOne();
        break;
      case "push-to-production":
        steps.push({ do: "push", by: "ann", branch: base, files, bypass: true });
        break;
      case "force-push-production":
        steps.push({ do: "force-push", by: "ann", branch: base, to: `${base}~1`, files, bypass: true });
        break;
      case "create-release":
        cut += 1;
        releases.push(`release/${cut}`);
        steps.push({
          do: "create-branch",
          by: "ann",
          branch: `release/${cut}`,
          from: "main",
          ...(choice === 0 ? { files } : {}),
          bypass: true,
        });
        break;
      case "delete-release": {
        const gone = releases[which % Math.max(releases.length, 1)];
        // GitHub closes what was based on it; leave that out of what can still be done.
        if (gone === undefined || open.some((each) => each.base === gone)) break;
        releases.splice(releases.indexOf(gone), 1);
        steps.push({ do: "delete-branch", by: "ann", branch: gone, bypass: true });
        break;
      }
      case "deploy":
        steps.push({ do: "deploy", by, environment: "production", commit: base });
        break;
      default: {
        if (one === undefined) {
          openOne();
          break;
        }
        const wanted = kind === "enqueue" && !withQueue ? "merge" : kind;
        const isOver = actOn(one, { kind: wanted, by, choice, files, base }, steps);
        if (isOver) open.splice(at, 1);
      }
    }
  }
  return steps;
}

/** What happens to one pull request; answers whether it is over then. */
function actOn(
  one: Open,
  {
    kind,
    by,
    choice,
    files,
    base,
  }: Pick<Intent, "kind" | "by" | "choice"> & {
    readonly files: Readonly<Record<string, string>>;
    readonly base: string;
  },
  steps: DoStep[],
): boolean {
  const { pull } = one;
  switch (kind) {
    case "review": {
      const state = (["approved", "approved", "approved", "changes-requested", "commented"] as const)[choice];
      if (state === undefined || (one.author === by && state !== "commented")) return false;
      if (state !== "commented") one.reviewers.add(by);
      steps.push({ do: "review", by, pull, state, body: "seen" });
      return false;
    }
    case "push":
      steps.push({ do: "push", by, pull, files: choice < 2 ? { "src/flip.ts": `${choice}` } : files });
      return false;
    case "force-push":
      steps.push({ do: "force-push", by, pull, files });
      return false;
    case "update-branch":
      steps.push({ do: "update-branch", by, pull });
      return false;
    case "dismiss-review": {
      const [of] = one.reviewers;
      if (of === undefined) return false;
      one.reviewers.delete(of);
      steps.push({ do: "dismiss-review", by: "ann", pull, of });
      return false;
    }
    case "retarget":
      if (base === one.base) return false;
      one.base = base;
      steps.push({ do: "retarget", by: "ann", pull, base });
      return false;
    case "enqueue":
      if (one.base !== "main") {
        steps.push({ do: "merge", by: "ann", pull, method: "squash", bypass: true });
        return true;
      }
      steps.push({ do: "enqueue", by: "ann", pull, bypass: true });
      return true;
    case "merge-by-hand":
      steps.push({ do: "merge-locally-and-push", by: "ann", pulls: [pull], branch: one.base, bypass: true });
      return true;
    default: {
      const method = (["merge", "squash", "rebase"] as const)[choice % 3] ?? "merge";
      steps.push({ do: "merge", by: "ann", pull, method, bypass: true });
      return true;
    }
  }
}

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

/** The kinds of weather, each for stories of its own: one at a time, and all at once. */
const WEATHERS: readonly (readonly [string, fc.Arbitrary<Weather>])[] = [
  [
    "repeated and in another order",
    fc.record({ duplicate: every(2) }).map((own) => ({ ...CALM, ...own, reorder: true })),
  ],
  ["lost", fc.record({ drop: every(4) }).map((own) => ({ ...CALM, ...own }))],
  ["late", fc.record({ delay: every(3) }).map((own) => ({ ...CALM, ...own }))],
  ["refused for a spell", fc.record({ down: DOWN }).map((own) => ({ ...CALM, ...own }))],
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
  const rig = await openRig(STORY, where);
  try {
    const begun = updatesOf(await rig.state()).length;
    for (const kind of ["drop", "delay", "duplicate"] as const) {
      const every = weather?.[kind] ?? null;
      if (every !== null) await rig.fault({ do: `${kind}-webhooks`, every });
    }
    if (weather?.reorder === true) await rig.fault({ do: "reorder-webhooks" });
    const refusals: string[] = [];
    let now = STORY.start;
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
    for await (const { subject, body } of rig.ledger.states("change")) {
      const { change, assessment } = body;
      judged.set(
        `change ${change.update.ref} ${change.update.kind} ${change.update.after.slice(0, 7)} ${subject}`,
        assessment,
      );
      if (change.repository.name === "web")
        population.push(`${change.update.ref} ${change.update.before} ${change.update.after}`);
    }
    for await (const { body } of rig.ledger.states("deployment")) {
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
  test.each(WEATHERS)("%s", async (name, weathers) => {
    // Stories of its own for each weather.
    const seed = SEED + WEATHERS.findIndex(([each]) => each === name);
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
      { seed, numRuns: RUNS, endOnFailure },
    );
  });

  test("of stories that come to every kind of step", () => {
    const stories = fc.sample(INTENTS, { numRuns: 50, seed: SEED });
    const kinds = new Set(stories.flatMap((intents) => stepsOf(intents, true).map(stepName)));
    expect([...kinds].toSorted()).toEqual(STEPS.toSorted());
  });

  test("of stories long and varied enough to say something", () => {
    expect(seen.longest).toBeGreaterThan(LEAST_STEPS);
    expect(seen.updates).toBeGreaterThan(seen.steps / 4);
    expect(seen.refusals).toBeLessThan(seen.steps / 4);
    expect([...seen.verdicts]).toEqual(expect.arrayContaining(["compliant", "non-compliant"]));
  });
});
