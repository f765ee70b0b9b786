/** @module-tag long */

import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import type { Assessment } from "../../src/domain/values/result.ts";
import { endOnFailure, rounds } from "../support/effort.ts";
import { freshDatabase } from "../support/stores.ts";
import { readStory } from "../support/scenarios.ts";
import { openRig, type RawState } from "./rig.ts";

const RUNS = rounds(2, 100);
const MINUTE = 60_000;

// Only observed, so that what GitHub lets happen does not hang on what the App has heard of.
const STORY = readStory(
  `name: a story made up
policy: { mode: observe, approval: { required: 1 } }
people: { ann: { permission: admin }, bob: { permission: write }, cat: { permission: write } }
story: []
`,
  "order",
);

const person = fc.constantFrom("ann", "bob", "cat");
/** Picks one of the pull requests there are. */
const which = fc.nat({ max: 7 });
const INTENT = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("open-pull-request" as const), by: person }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("review" as const),
      by: person,
      which,
      state: fc.constantFrom("approved", "approved", "changes-requested", "commented"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("push" as const), by: person, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("force-push" as const), by: person, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("update-branch" as const), by: person, which }) },
  // The same content may come back later.
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("flip" as const), by: person, which, value: fc.nat({ max: 1 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("dismiss-review" as const), of: person, which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("merge" as const),
      which,
      method: fc.constantFrom("merge", "squash", "rebase"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("push-to-main" as const), by: fc.constant("ann") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("deploy" as const), by: person }) },
);
type Intent = typeof INTENT extends fc.Arbitrary<infer Value> ? Value : never;

/** A story every run begins with: an approval that counts, one too early, one taken back, pushes past it all. */
const KNOWN: Intent[] = [
  { do: "open-pull-request", by: "ann" },
  { do: "review", by: "bob", which: 0, state: "approved" },
  { do: "merge", which: 0, method: "squash" },
  { do: "deploy", by: "ann" },
  { do: "open-pull-request", by: "bob" },
  { do: "review", by: "cat", which: 0, state: "approved" },
  { do: "push", by: "bob", which: 0 },
  { do: "push-to-main", by: "ann" },
  { do: "merge", which: 0, method: "merge" },
  { do: "open-pull-request", by: "cat" },
  { do: "review", by: "bob", which: 0, state: "approved" },
  { do: "dismiss-review", of: "bob", which: 0 },
  { do: "merge", which: 0, method: "rebase" },
  { do: "deploy", by: "ann" },
];

/** Steps GitHub takes, whatever the App does; what is impossible where it comes is left out. */
function stepsOf(intents: readonly Intent[]): readonly DoStep[] {
  const open: number[] = [];
  const authors = new Map<number, string>();
  const standing = new Map<number, Set<string>>();
  let opened = 0;
  const steps: DoStep[] = [];
  for (const [index, intent] of intents.entries()) {
    const pull = "which" in intent ? open[intent.which % open.length] : undefined;
    const files = { [`src/${index}.ts`]: `${index}` };
    switch (intent.do) {
      case "open-pull-request":
        opened += 1;
        open.push(opened);
        authors.set(opened, intent.by);
        steps.push({ do: intent.do, by: intent.by, pull: opened, branch: `feature-${opened}`, files });
        break;
      case "push-to-main":
        steps.push({ do: "push", by: intent.by, branch: "main", files, bypass: true });
        break;
      case "deploy":
        steps.push({ do: intent.do, by: intent.by, environment: "production", commit: "main" });
        break;
      case "review":
        if (pull === undefined || (authors.get(pull) === intent.by && intent.state !== "commented")) break;
        steps.push({ do: intent.do, by: intent.by, pull, state: intent.state, body: "seen" });
        if (intent.state !== "commented")
          standing.set(pull, (standing.get(pull) ?? new Set()).add(intent.by));
        break;
      case "dismiss-review":
        if (pull !== undefined && standing.get(pull)?.delete(intent.of) === true)
          steps.push({ do: intent.do, by: "ann", pull, of: intent.of });
        break;
      case "merge":
        if (pull === undefined) break;
        open.splice(open.indexOf(pull), 1);
        steps.push({ do: intent.do, by: "ann", pull, method: intent.method, bypass: true });
        break;
      case "update-branch":
        if (pull !== undefined) steps.push({ do: intent.do, by: intent.by, pull });
        break;
      case "flip":
        if (pull !== undefined)
          steps.push({ do: "push", by: intent.by, pull, files: { "src/flip.ts": `${intent.value}` } });
        break;
      default:
        if (pull !== undefined) steps.push({ do: intent.do, by: intent.by, pull, files });
    }
  }
  return steps;
}

const WEATHER = fc.record({
  drop: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
  delay: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
  duplicate: fc.option(fc.integer({ min: 1, max: 2 }), { nil: null }),
  reorder: fc.boolean(),
});
type Weather = typeof WEATHER extends fc.Arbitrary<infer Value> ? Value : never;

interface Told {
  /** What was judged, by subject. */
  readonly judged: ReadonlyMap<string, Assessment>;
  /** `ref before after` of each change recorded. */
  readonly population: readonly string[];
  /** The same of each update of main the double made since the App was installed. */
  readonly updates: readonly string[];
  /** What GitHub refused, which must be the same in both runs. */
  readonly refusals: readonly string[];
}

async function play(steps: readonly DoStep[], weather: Weather | null): Promise<Told> {
  const { where, remove } = await freshDatabase("sqlite");
  const rig = await openRig(STORY, where);
  try {
    const begun = new Set(updatesOf(await rig.state()));
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
      const { refused, unplayable } = await rig.double.act(step);
      if (unplayable !== null) throw new Error(`${step.do}: ${unplayable}`);
      if (refused !== null) refusals.push(`${index} ${step.do}: ${refused}`);
      await rig.settle();
    }
    await rig.fault({ do: "recover" });
    await rig.moveTo(now + 15 * MINUTE);
    await rig.sweep();
    const judged = new Map<string, Assessment>();
    const population: string[] = [];
    for await (const { subject, body } of rig.ledger.states("change", { everyOrganization: true })) {
      const { change, assessment } = body;
      judged.set(subject, assessment);
      if (change.repository.name === "web")
        population.push(`${change.update.ref} ${change.update.before} ${change.update.after}`);
    }
    for await (const { subject, body } of rig.ledger.states("deployment", { everyOrganization: true }))
      judged.set(subject, body.assessment);
    const updates = updatesOf(await rig.state()).filter((update) => !begun.has(update));
    return { judged, population: population.toSorted(), updates: updates.toSorted(), refusals };
  } finally {
    await rig.close();
    await remove();
  }
}

function updatesOf(state: RawState): readonly string[] {
  const web = state.repositories.find(({ name }) => name === "web");
  return (web?.activity ?? [])
    .filter(({ ref }) => ref === "refs/heads/main")
    .map(({ ref, before, after }) => `${ref} ${before} ${after}`);
}

/** Everything in `there` that is neither as in `wanted` nor unverifiable. */
function differences(wanted: Assessment, there: Assessment): readonly string[] {
  const lines: string[] = [];
  if (there.verdict !== wanted.verdict && there.verdict !== "unverifiable")
    lines.push(`${there.verdict} instead of ${wanted.verdict}`);
  for (const result of wanted.results) {
    const other = there.results.find(({ control }) => control === result.control);
    // Where no approval is sure to count, there is no content to compare.
    if (result.control === "content-as-reviewed" && other?.outcome === "not-applicable") continue;
    if (other === undefined || (other.outcome !== result.outcome && other.outcome !== "unverifiable"))
      lines.push(
        `${result.control}: ${other?.outcome} (${other?.cause}) instead of ${result.outcome} (${result.cause})`,
      );
  }
  return lines;
}

test("lost, doubled, late and reordered webhooks and one sweep lead to the same verdicts or to unverifiable ones", async () => {
  const verdicts: string[] = [];
  await fc.assert(
    fc.asyncProperty(fc.array(INTENT, { minLength: 3, maxLength: 20 }), WEATHER, async (intents, weather) => {
      const steps = stepsOf(intents);
      const calm = await play(steps, null);
      const rough = await play(steps, weather);
      expect(rough.refusals).toEqual(calm.refusals);
      expect(rough.updates).toEqual(calm.updates);
      expect(calm.population).toEqual(calm.updates);
      expect(rough.population).toEqual(rough.updates);
      expect([...rough.judged.keys()].toSorted()).toEqual([...calm.judged.keys()].toSorted());
      for (const [subject, wanted] of calm.judged) {
        const there = rough.judged.get(subject);
        verdicts.push(wanted.verdict);
        expect(there && differences(wanted, there), `${subject} of ${JSON.stringify(steps)}`).toEqual([]);
      }
    }),
    {
      numRuns: RUNS,
      endOnFailure,
      examples: [
        [KNOWN, { drop: 1, delay: null, duplicate: null, reorder: false }],
        [KNOWN, { drop: null, delay: 2, duplicate: 1, reorder: true }],
      ],
    },
  );
  expect(verdicts).toContain("compliant");
  expect(verdicts).toContain("non-compliant");
});
