import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DEVIATION_COMMANDS,
  DEVIATION_STATES,
  DEVIATION_TRANSITIONS,
} from "../../src/domain/deviation/deviation.ts";
import { ORDERS } from "../../src/domain/deviation/order.ts";
import {
  REMEDIATION_COMMANDS,
  REMEDIATION_STATES,
  REMEDIATION_TRANSITIONS,
} from "../../src/domain/deviation/remediation.ts";
import { ROLES, step, type Role, type Transition } from "../../src/domain/deviation/transition.ts";
import { DAY, deviation, PEOPLE, say, START, type Case } from "../support/deviations.ts";

const TABLES = [
  {
    what: "the deviation",
    states: DEVIATION_STATES,
    commands: DEVIATION_COMMANDS,
    table: DEVIATION_TRANSITIONS as readonly Transition<string, string>[],
  },
  {
    what: "the remediation",
    states: REMEDIATION_STATES,
    commands: REMEDIATION_COMMANDS,
    table: REMEDIATION_TRANSITIONS as readonly Transition<string, string>[],
  },
] as const;

/** Everyone there can be: each role alone, and whoever owns what they caused. */
const PARTS: readonly (readonly Role[])[] = [...ROLES.map((role) => [role]), ["owner", "causer"]];

describe.each(TABLES)("the table of $what", ({ what, states, commands, table }) => {
  test("never leaves its named states, and answers every other step with a sentence", () => {
    for (const state of states)
      for (const command of commands)
        for (const roles of PARTS) {
          const { to, refused } = step(table, state, command, roles, what);
          if (to === null) expect(refused).toMatch(/^[A-Z].*\.$/u);
          else expect(states as readonly string[]).toContain(to);
        }
  });

  test("has one row for each state and command, and no state without a way out", () => {
    for (const state of states)
      for (const command of commands) {
        const rows = table.filter((row) => row.command === command && row.from.includes(state));
        expect(rows.length, `${state} ${command}`).toBeLessThanOrEqual(1);
      }
    const leads = (state: string): boolean =>
      table.some((row) => row.from.includes(state) && row.to !== "same" && row.to !== state);
    expect(states.filter((state) => !leads(state))).toEqual([]);
  });

  test("allows who it allows: every state, command and role, as reviewed", async () => {
    const lines = states.flatMap((state) =>
      commands.flatMap((command) => {
        const allowed = PARTS.filter((roles) => step(table, state, command, roles, what).to !== null);
        if (allowed.length === 0) return [];
        const { to } = step(table, state, command, allowed[0] ?? [], what);
        return [
          `${state} + ${command} -> ${to ?? ""}: ${allowed.map((each) => each.join("-and-")).join(", ")}`,
        ];
      }),
    );
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(
      `../golden/deviation/${what.replace("the ", "")}-transitions.txt`,
    );
  });
});

const LINES: readonly string[] = [
  ...Object.keys(ORDERS).map((command) => `${command} words`),
  "type design: the rule asked for nothing",
  "severity medium: no customer saw it",
  "cause tooling: left to people",
  "owner @ann",
  "owner @bob",
  "due 2026-09-01",
  "priority impact=1 effort=2 risk=3",
];

describe("whatever is said in whatever order", () => {
  const saying = fc.record({
    who: fc.constantFrom(...Object.values(PEOPLE)),
    line: fc.constantFrom(...LINES),
    asAuditor: fc.boolean(),
  });

  test("nobody who owned a remediation calls it effective, and no causer calls it no exception", () => {
    fc.assert(
      fc.property(fc.array(saying, { maxLength: 60 }), (all) => {
        let now: Case = { deviation: deviation({ type: "design" }), remediation: null };
        const owners = new Set<string>();
        all.forEach(({ who, line, asAuditor }, index) => {
          const { after, answer } = say(now, who, line, { asAuditor, at: START + index * DAY });
          if (answer.refused !== null) expect(after).toBe(now);
          if (after.remediation?.owner != null) owners.add(after.remediation.owner.login);
          if (after.deviation.status === "effective" && now.deviation.status === "done" && !asAuditor)
            expect(owners.has(who.login)).toBe(false);
          if (after.deviation.status === "not-an-exception" && now.deviation.status !== "not-an-exception")
            expect(asAuditor || who.login !== "eve").toBe(true);
          expect(DEVIATION_STATES).toContain(after.deviation.status);
          now = after;
        });
      }),
      { numRuns: 300 },
    );
  });

  test("a target date once named is never lost, and every step says who took it", () => {
    fc.assert(
      fc.property(fc.array(saying, { maxLength: 40 }), (all) => {
        let now: Case = { deviation: deviation(), remediation: null };
        for (const { who, line } of all) {
          const { after, answer } = say(now, who, line);
          const before = now.remediation?.targets.map(({ due }) => due) ?? [];
          expect(after.remediation?.targets.map(({ due }) => due) ?? []).toEqual(
            expect.arrayContaining(before),
          );
          if (answer.refused === null)
            for (const each of [...answer.deviations.slice(0, 1), ...answer.remediations.slice(0, 1)])
              if (each !== now.deviation && each !== now.remediation) expect(each.moved.by).toEqual(who);
          now = after;
        }
      }),
      { numRuns: 100 },
    );
  });
});
