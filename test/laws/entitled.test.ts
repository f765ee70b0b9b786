/** Whoever joins only after approving approves again: whatever was told, lost or read late, and in whatever order. */

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SETTLING } from "../../src/domain/change/settling.ts";
import { type PullRequest } from "../../src/domain/change/pull-request.ts";
import type { JudgedApproval } from "../../src/domain/values/result.ts";
import { approvalWords } from "../../src/domain/approval/wording.ts";
import { rounds } from "../support/effort.ts";
import { ann, bob, gate, MINUTE, policy, START, Story } from "../support/facts.ts";
import { type Instant } from "../../src/domain/time/instant.ts";
import { HERE, type Authority, type RightsAround, type RightChange } from "../../src/domain/change/people.ts";

const TEAM = "acme/dba";
const DBA = policy({ approvals: [{ required: 1, from: { teams: [TEAM] } }] });
const WRITERS = policy({ approvals: [{ required: 1, from: { permission: "write" } }] });

/** What happened to one person in one team, and what was seen of it. Minutes since the approval; the landing is the last. */
interface Told {
  readonly isMemberFirst: boolean;
  /** When they joined or left, one after the other. */
  readonly turns: readonly number[];
  /** Whether the webhook of each turn came. */
  readonly heard: readonly boolean[];
  /** When what they may do was read first, and how far GitHub's answer lagged behind; null: not before the landing. */
  readonly read: { readonly at: number; readonly lag: number } | null;
  readonly landed: number;
}

const LAG = SETTLING / MINUTE;

/** Turns stand further apart than answers lag: a webhook that is lost and a list that lags behind the same turn cannot be told apart. */
const turns = fc
  .uniqueArray(fc.integer({ min: -60, max: 3_000 }), { maxLength: 4 })
  .map((at) =>
    at.toSorted((a, b) => a - b).filter((turn, index, all) => turn - (all[index - 1] ?? -Infinity) > LAG),
  );

const happened: fc.Arbitrary<Told> = fc.record({
  isMemberFirst: fc.boolean(),
  turns,
  heard: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  read: fc.option(
    fc.record({
      at: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 3_000 })),
      lag: fc.integer({ min: 0, max: LAG - 1 }),
    }),
    { nil: null },
  ),
  landed: fc.integer({ min: 3_011, max: 4_000 }),
});

/** What an answer shows that lags behind what webhooks told. */
function shownAt(told: Told, at: number, lag: number): boolean {
  const unheard = told.turns.filter((turn, index) => told.heard[index] === false && turn <= at);
  return isMember(told, Math.max(at - lag, ...unheard));
}

function isMember({ isMemberFirst, turns }: Told, at: number): boolean {
  return turns.filter((turn) => turn <= at).length % 2 === 0 ? isMemberFirst : !isMemberFirst;
}

/** The facts as they are gathered when it lands, by membership in a team or by the permission that is given and taken. */
function factsOf(told: Told, by: "team" | "permission"): PullRequest {
  const story = new Story(ann).push(ann, "work").review(bob);
  const { now: given } = story;
  const at = (minutes: number): Instant => given + minutes * MINUTE;
  const reading = (minutes: number, lag: number): Authority => ({
    actor: bob,
    permission: by === "team" ? "read" : shownAt(told, minutes, lag) ? "write" : "read",
    teams: by === "team" && shownAt(told, minutes, lag) ? [TEAM] : [],
    organizations: [],
    unread: [],
    asked: [TEAM],
    at: at(minutes),
    basis: "observed",
  });
  const turns = told.turns.flatMap((turn, index): readonly RightChange[] => {
    if (told.heard[index] === false) return [];
    const gained = isMember(told, turn);
    const left = gained ? ("write" as const) : ("read" as const);
    return [
      {
        of: by === "team" ? TEAM : HERE,
        gained,
        ...(by === "team" ? {} : { atLeast: left }),
        at: at(turn),
        later: turn > 0 ? "yes" : "no",
      },
    ];
  });
  const known: RightsAround = {
    review: 100,
    readings: told.read === null ? [reading(told.landed, 0)] : [reading(told.read.at, told.read.lag)],
    told: turns,
  };
  const { teams, permission } = reading(told.landed, 0);
  return story
    .rights(bob, { teams: [...teams], permission, asked: [TEAM], at: at(told.landed) })
    .with({ given: [known] })
    .merge(ann, { after: told.landed * MINUTE })
    .facts();
}

const ways = fc.constantFrom("team" as const, "permission" as const);

function judgedIn(told: Told, by: "team" | "permission"): JudgedApproval {
  const approvals = gate(factsOf(told, by), by === "team" ? DBA : WRITERS).approvals;
  const [only] = approvals;
  if (only === undefined || approvals.length !== 1) throw new Error("there is one approval");
  return only;
}

test("no approval counts whose giver was seen to join only later, or had left when it landed", () => {
  fc.assert(
    fc.property(happened, ways, (told, by) => {
      const { counts } = judgedIn(told, by);
      const { turns, heard, read, landed } = told;
      if (!isMember(told, landed)) expect(counts).toBe(false);
      const next = turns.findIndex((turn) => turn > 0);
      const isSeenToJoin = next >= 0 && heard[next] === true && !isMember(told, 0);
      // Who was not read to be in it and is now has joined in between, unless what was read lagged behind a joining heard of.
      const before = turns.findLastIndex((turn) => turn <= 0);
      const mayLag = before >= 0 && heard[before] === true && isMember(told, 0);
      const isReadOut = read !== null && next < 0 && !shownAt(told, read.at, read.lag) && !mayLag;
      if (by === "team" && isSeenToJoin && !isUnheardBefore(told)) expect(counts).toBe(false);
      if (isReadOut) expect(counts).toBe(false);
    }),
    { numRuns: rounds(350, 20_000) },
  );
});

/** Whether a reading that did not lag was taken after a turn nobody heard of: it then shows what followed, not what was. */
function isUnheardBefore({ turns, heard, read }: Told): boolean {
  return read !== null && turns.some((turn, index) => turn > 0 && turn <= read.at && heard[index] === false);
}

test("with every webhook heard and what was read at once, it counts exactly where its giver held the right at both moments", () => {
  fc.assert(
    fc.property(happened, ways, (drawn, by) => {
      const told = { ...drawn, heard: [true, true, true, true], read: { at: 0, lag: drawn.read?.lag ?? 0 } };
      const { counts } = judgedIn(told, by);
      expect(counts).toBe(isMember(told, 0) && isMember(told, told.landed));
    }),
    { numRuns: rounds(350, 20_000) },
  );
});

test("nobody is said to have joined later who held the right all along, whatever was read late", () => {
  fc.assert(
    fc.property(happened, ways, (drawn, by) => {
      const told = { ...drawn, isMemberFirst: true, turns: [] };
      expect(judgedIn(told, by)).toMatchObject({ counts: true, code: "counts" });
    }),
    { numRuns: rounds(100, 5_000) },
  );
});

test("a webhook that was lost never makes an approval count that did not", () => {
  fc.assert(
    fc.property(happened, ways, (drawn, by) => {
      const all = { ...drawn, heard: [true, true, true, true], read: { at: 0, lag: 0 } };
      if (judgedIn(all, by).counts) return;
      expect(judgedIn({ ...all, heard: drawn.heard }, by).counts).toBe(false);
    }),
    { numRuns: rounds(350, 20_000) },
  );
});

test("a right that was first read long after the approval is said to have been unseen then", () => {
  const told = { isMemberFirst: true, turns: [], heard: [], landed: 4_000 };
  const late = { ...told, read: { at: SETTLING / MINUTE + 1, lag: 0 } };
  const reasonOf = (each: Told): string => approvalWords(judgedIn(each, "team"));
  expect(reasonOf(late)).toBe(
    "bob approved this content; whether bob was already entitled then was not observed",
  );
  expect(reasonOf({ ...told, read: { at: 1, lag: 0 } })).toBe("bob approved this content");
  expect(START).toBeLessThan(factsOf(late, "team").merged?.at ?? 0);
});
