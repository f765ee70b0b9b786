/**
 * Every triple (state, command, person) of an emergency, played against the App and the double: where {@link MAY} lets somebody do
 * it, it comes about; where it does not, nothing changes and one sentence answers. What may be done is written out here, as
 * docs/emergencies.md says it, and not taken from the table the App goes by.
 */

import { describe, expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { printScenarioResult } from "../../src/cli/scenario/result.ts";
import { EMERGENCY_EVENTS, EMERGENCY_TRANSITIONS } from "../../src/domain/emergency/emergency.ts";
import type { EmergencyState } from "../../src/domain/records/emergency.ts";
import { sample } from "../support/effort.ts";
import { readStory } from "../support/scenarios.ts";
import { openHarness } from "../support/harness.ts";

type Step = Readonly<Record<string, unknown>>;
type Command = "flag" | "declare" | "authorise" | "withdraw";

const say = (by: string, text: string): Step => ({ do: "command", by, pull: 1, text, after: "1m" });
const press = (by: string): Step => ({ do: "press", by, pull: 1, button: "emergency", after: "1m" });
const REASON = "/countersign emergency https://status.acme.example/incidents/7 the shop is down";

/** What people can do, as they do it. */
const COMMANDS: Readonly<Record<Command, (by: string) => Step>> = {
  flag: press,
  declare: (by) => say(by, REASON),
  authorise: (by) => say(by, "/countersign authorise"),
  withdraw: (by) => say(by, "/countersign withdraw"),
};

/** How each state comes about: dee declares, gil authorises. */
const WAYS: Readonly<Record<EmergencyState, readonly Step[]>> = {
  "awaiting-reason": [press("dee")],
  waiting: [say("dee", REASON)],
  authorised: [say("dee", REASON), say("gil", "/countersign authorise")],
  used: [
    say("dee", REASON),
    say("gil", "/countersign authorise"),
    { do: "merge", by: "ann", pull: 1, method: "squash", after: "1m" },
  ],
  withdrawn: [say("dee", REASON), say("dee", "/countersign withdraw")],
  expired: [say("dee", REASON), say("gil", "/countersign authorise"), { do: "wait", for: "5h" }],
};

const CAST: readonly { readonly by: string; readonly is: string }[] = [
  { by: "cat", is: "a writer" },
  { by: "dee", is: "the declarer" },
  { by: "bob", is: "an authoriser" },
  { by: "gil", is: "who authorised it" },
  { by: "ann", is: "its author, who may act alone" },
  { by: "rea", is: "somebody who may only read" },
];

const ALL = ["flag", "declare", "authorise", "withdraw"] as const;
const WRITERS = "cat dee bob gil ann";
const OPENS = { flag: [WRITERS, "awaiting-reason"], declare: [WRITERS, "waiting"] } as const;

/** Who may do what in each state, and where it leads. Whoever is not named is refused. */
const MAY: Readonly<
  Record<
    EmergencyState | "none",
    Readonly<Partial<Record<Command, readonly [who: string, to: EmergencyState]>>>
  >
> = {
  none: OPENS,
  "awaiting-reason": { declare: [WRITERS, "waiting"], withdraw: ["dee bob gil", "withdrawn"] },
  waiting: { authorise: ["bob gil ann", "authorised"], withdraw: ["dee bob gil", "withdrawn"] },
  authorised: { withdraw: ["dee bob gil", "withdrawn"] },
  used: {},
  // Once one has ended unused, another may be opened.
  withdrawn: OPENS,
  expired: OPENS,
};

const STATES = Object.keys(MAY) as (keyof typeof MAY)[];

const PEOPLE = {
  ann: { permission: "write" },
  bob: { permission: "write", teams: ["on-call"] },
  cat: { permission: "write" },
  dee: { permission: "write" },
  gil: { permission: "write", teams: ["on-call"] },
  rea: { permission: "read" },
};

function storyOf(name: string, steps: readonly Step[], expectation: readonly Step[]): string {
  return JSON.stringify({
    name,
    policy: {
      mode: "enforce",
      emergency: {
        authorisers: { teams: ["acme/on-call"] },
        alone: { users: ["ann"], "at-most": "2 per quarter", "confirmed-within": "24 hours" },
      },
    },
    people: PEOPLE,
    story: [
      { do: "open-pull-request", by: "ann", pull: 1, branch: "hotfix", files: { "src/a.ts": "1" } },
      ...steps,
      ...expectation,
    ],
  });
}

/** The emergencies there are then, exactly; none where the list is empty. */
function there(states: readonly EmergencyState[]): Step {
  return states.length === 0
    ? { expect: "emergencies", pull: 1, absent: true }
    : { expect: "emergencies", rows: states.map((status) => ({ pull: 1, status })), exactly: true };
}

/** Plays a story; answers how many comments the App wrote. */
async function played(text: string): Promise<number> {
  const scenario = readStory(text, "test/stories/emergency-table.test.ts");
  const stage = await openHarness(scenario, "sqlite");
  try {
    const performance = await playScenario(scenario, stage);
    expect(performance.failures.length, printScenarioResult(performance)).toBe(0);
    const { repositories } = await stage.double.state();
    const comments = repositories.flatMap((each) => each.comments);
    return comments.filter(({ author }) => author === "countersign[bot]").length;
  } finally {
    await stage.close();
  }
}

const triples = STATES.flatMap((state) =>
  ALL.flatMap((act) => {
    const [who = "", to = null] = MAY[state][act] ?? [];
    return CAST.map(({ by, is }) => ({ state, act, by, is, to: who.split(" ").includes(by) ? to : null }));
  }),
);

/** The emergencies there are in a state. */
function emergenciesIn(state: (typeof STATES)[number]): readonly EmergencyState[] {
  return state === "none" ? [] : [state];
}

describe("every command of everybody in every state of an emergency", () => {
  const allowed = triples.filter((each) => each.to !== null);
  for (const { state, act, by, is, to } of sample(allowed, 5))
    test(`${is} may ${act} where it is ${state}: ${to}`, async () => {
      const before = state === "none" ? [] : WAYS[state];
      const ended = state === "withdrawn" || state === "expired" ? [state] : [];
      await played(
        storyOf(
          `${by} ${act} ${state}`,
          [...before, COMMANDS[act](by)],
          [there(to === null ? ended : [...ended, to])],
        ),
      );
    });

  for (const state of sample(STATES, 1))
    test(`whatever else is tried where it is ${state} changes nothing, and is answered`, async () => {
      const before = state === "none" ? [] : WAYS[state];
      const refused = triples.filter((each) => each.state === state && each.to === null);
      const tries = refused.flatMap(({ act, by }) => {
        // Who may only read sees no button, and a green check has none.
        const isShown = act !== "flag" || (by !== "rea" && state !== "authorised" && state !== "used");
        return isShown ? [COMMANDS[act](by), there(emergenciesIn(state))] : [];
      });
      const answered = tries.length / 2;
      const begun = await played(storyOf(state, before, [there(emergenciesIn(state))]));
      const all = await played(storyOf(`not from ${state}`, [...before, ...tries], []));
      expect(all - begun).toBe(answered);
    });
});

/** What happens by itself, as it comes about, and what of it leads elsewhere. */
const FACTS: readonly {
  readonly as: string;
  readonly step: Step;
  readonly leads: Readonly<Partial<Record<EmergencyState, EmergencyState>>>;
}[] = [
  {
    as: "something is pushed",
    leads: { authorised: "waiting" },
    step: { do: "push", by: "ann", branch: "hotfix", files: { "src/a.ts": "2" }, after: "1m" },
  },
  {
    as: "its pull request is closed",
    leads: { "awaiting-reason": "expired", waiting: "expired", authorised: "expired" },
    step: { do: "close", by: "ann", pull: 1, after: "1m" },
  },
  {
    as: "it is merged by bypass",
    leads: { authorised: "used" },
    step: { do: "merge", by: "ann", pull: 1, method: "squash", bypass: true, after: "1m" },
  },
];

describe("what happens by itself in every state of an emergency", () => {
  const states = ["awaiting-reason", "waiting", "authorised", "withdrawn", "expired"] as const;
  const cases = states.flatMap((state) => FACTS.map((fact) => ({ state, ...fact })));
  for (const { state, as, step, leads } of sample(cases, 3))
    test(`where it is ${state} and ${as} it is then ${leads[state] ?? state}`, () =>
      played(storyOf(`${as} ${state}`, [...WAYS[state], step], [there([leads[state] ?? state])])));

  for (const state of ["awaiting-reason", "waiting"] as const)
    test(`the time that ends an authorisation does not end one that is ${state}`, { tags: ["long"] }, () =>
      played(storyOf(state, [...WAYS[state], { do: "wait", for: "5h" }], [there([state])])),
    );
});

describe("what one authorised alone", () => {
  const alone = [say("dee", REASON), say("ann", "/countersign authorise")];
  const merge: Step = { do: "merge", by: "ann", pull: 1, method: "squash", after: "1m" };
  const ways = [
    { state: "authorised", steps: alone },
    { state: "used", steps: [...alone, merge] },
  ] as const;
  const cases = ways.flatMap((way) => CAST.map((person) => ({ ...way, ...person })));
  for (const { state, steps, by, is } of sample(cases, 3)) {
    const may = by === "bob" || by === "gil";
    test(`${is} ${may ? "confirms it" : "cannot confirm it"} where it is ${state}`, () => {
      const says = "You confirmed what ann authorised alone.";
      const answer = {
        expect: "comments",
        pull: 1,
        by: "countersign[bot]",
        says,
        ...(may ? {} : { absent: true }),
      };
      return played(
        storyOf(`${by} ${state}`, [...steps, say(by, "/countersign authorise")], [there([state]), answer]),
      );
    });
  }
});

test("every transition of the table that somebody makes is one of those played", () => {
  const shown = new Set(triples.filter(({ to }) => to !== null).map(({ state, act }) => `${state} ${act}`));
  const byPeople = EMERGENCY_EVENTS.filter((event) => event in COMMANDS).flatMap((event) =>
    EMERGENCY_TRANSITIONS[event].flatMap(({ from }) => from.map((state) => `${state ?? "none"} ${event}`)),
  );
  expect(byPeople.filter((each) => !shown.has(each))).toEqual([]);
});
