/**
 * Every triple (state, command, role) of the emergency's table, played against the App and the double: where the table knows the
 * transition it comes about, and where it does not, nothing changes and one sentence answers.
 */

import { describe, expect, test } from "vitest";

import { playScenario, printPerformance } from "../../src/cli/scenario/play.ts";
import { leadsTo, TRANSITIONS, type Act, type Role } from "../../src/domain/emergency/emergency.ts";
import { EMERGENCY_STATES, type EmergencyState } from "../../src/domain/emergency/exception.ts";
import { readStory } from "../support/scenarios.ts";
import { openStage } from "../support/stage.ts";

type Step = Readonly<Record<string, unknown>>;
type State = EmergencyState | null;

const STATES: readonly State[] = [null, ...EMERGENCY_STATES];

const say = (by: string, text: string): Step => ({ do: "command", by, pull: 1, text, after: "1m" });
const press = (by: string): Step => ({ do: "press", by, pull: 1, button: "emergency", after: "1m" });
const REASON = "/countersign emergency https://status.acme.example/incidents/7 the shop is down";

/** What people can do, as they do it. */
const COMMANDS: Readonly<Partial<Record<Act, (by: string) => Step>>> = {
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

/** As what somebody acts there. Only what somebody has done makes them declarer, or whoever authorised it. */
function rolesIn(state: State, act: Act, by: string): readonly Role[] {
  const isOpen = state !== null && !["withdrawn", "expired"].includes(state);
  switch (by) {
    case "rea":
      return [];
    case "dee":
      return isOpen ? ["writer", "declarer"] : ["writer"];
    case "bob":
      return ["writer", "authoriser"];
    case "gil":
      return state === "authorised" || state === "used" ? ["writer", "giver"] : ["writer", "authoriser"];
    case "ann":
      return act === "authorise" ? ["writer", "lone"] : ["writer"];
    default:
      return ["writer"];
  }
}

/** Where a command leads; null: it is refused. Once one has ended unused, another may be opened; of a merged one, none. */
function expected(state: State, act: Act, by: string): EmergencyState | null {
  const from = state === "withdrawn" || state === "expired" ? null : state;
  return leadsTo(from, act, rolesIn(state, act, by));
}

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
  const stage = await openStage(scenario, "sqlite", { conformance: true });
  try {
    const performance = await playScenario(scenario, stage);
    expect(performance.failures.length, printPerformance(performance)).toBe(0);
    const { repositories } = await stage.double.state();
    const comments = repositories.flatMap((each) => each.comments);
    return comments.filter(({ author }) => author === "countersign[bot]").length;
  } finally {
    await stage.close();
  }
}

const triples = STATES.flatMap((state) =>
  (Object.keys(COMMANDS) as Act[]).flatMap((act) =>
    CAST.map(({ by, is }) => ({ state, act, by, is, to: expected(state, act, by) })),
  ),
);

describe("every command of everybody in every state of an emergency", () => {
  for (const { state, act, by, is, to } of triples.filter((each) => each.to !== null))
    test(`${is} may ${act} where it is ${state ?? "not there"}: ${to}`, async () => {
      const before = state === null ? [] : WAYS[state];
      const ended: readonly EmergencyState[] = state === "withdrawn" || state === "expired" ? [state] : [];
      const after: readonly EmergencyState[] = to === null ? ended : [...ended, to];
      const command = COMMANDS[act]?.(by) ?? {};
      await played(storyOf(`${by} ${act} ${state}`, [...before, command], [there(after)]));
    });

  for (const state of STATES)
    test(`whatever else is tried where it is ${state ?? "not there"} changes nothing, and is answered`, async () => {
      const before = state === null ? [] : WAYS[state];
      const refused = triples.filter((each) => each.state === state && each.to === null);
      const tries = refused.flatMap(({ act, by }) => {
        const step = COMMANDS[act]?.(by) ?? {};
        // Who may only read sees no button, and a green check has none.
        const isShown = act !== "flag" || (by !== "rea" && state !== "authorised" && state !== "used");
        return isShown ? [step, there(state === null ? [] : [state])] : [];
      });
      const answered = tries.length / 2;
      const begun = await played(storyOf(`${state}`, before, [there(state === null ? [] : [state])]));
      const all = await played(storyOf(`not from ${state}`, [...before, ...tries], []));
      expect(all - begun).toBe(answered);
    });
});

/** What happens by itself, as it comes about. */
const FACTS: readonly { readonly act: Act; readonly as: string; readonly step: Step }[] = [
  {
    act: "push",
    as: "something is pushed",
    step: { do: "push", by: "ann", branch: "hotfix", files: { "src/a.ts": "2" }, after: "1m" },
  },
  { act: "expire", as: "its pull request is closed", step: { do: "close", by: "ann", pull: 1, after: "1m" } },
  {
    act: "use",
    as: "it is merged by bypass",
    step: { do: "merge", by: "ann", pull: 1, method: "squash", bypass: true, after: "1m" },
  },
];

describe("what happens by itself in every state of an emergency", () => {
  for (const state of EMERGENCY_STATES.filter((each) => each !== "used"))
    for (const { act, as, step } of FACTS)
      test(`where it is ${state} and ${as} it is then ${leadsTo(state, act, ["fact"]) ?? state}`, () =>
        played(
          storyOf(
            `${act} ${state}`,
            [...WAYS[state], step],
            [there([leadsTo(state, act, ["fact"]) ?? state])],
          ),
        ));

  for (const state of ["awaiting-reason", "waiting"] as const)
    test(`the time that ends an authorisation does not end one that is ${state}`, () =>
      played(storyOf(state, [...WAYS[state], { do: "wait", for: "5h" }], [there([state])])));
});

describe("what one authorised alone", () => {
  const alone = [say("dee", REASON), say("ann", "/countersign authorise")];
  const merge: Step = { do: "merge", by: "ann", pull: 1, method: "squash", after: "1m" };
  for (const [state, steps] of [
    ["authorised", alone],
    ["used", [...alone, merge]],
  ] as const)
    for (const { by, is } of CAST) {
      const may =
        leadsTo(state, "confirm", by === "ann" ? ["giver"] : rolesIn("waiting", "confirm", by)) !== null;
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
  const byPeople = TRANSITIONS.filter(({ act }) => COMMANDS[act] !== undefined);
  expect(byPeople.filter(({ from, act }) => !shown.has(`${from} ${act}`))).toEqual([]);
});
