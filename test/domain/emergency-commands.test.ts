/**
 * Every command of an emergency, in every state, by everybody, for a pull request and for a deployment. The cases come from the
 * table of commands; what is expected of them is written out here, as docs/emergencies.md says it.
 */

import { describe, expect, test } from "vitest";

import {
  applyTo,
  EMERGENCY_COMMANDS,
  reasonMissing,
  type Candidate,
  type EmergencyCase,
} from "../../src/domain/emergency/commands.ts";
import type { EmergencyRecord } from "../../src/domain/records/emergency.ts";
import { authorised, expired, opened, used, withdrawn } from "../../src/domain/emergency/life.ts";
import type { EmergencySubject } from "../../src/domain/emergency/subject.ts";
import {
  EMERGENCY_COMMAND_NAMES,
  type EmergencyCommandName,
  type Rendering,
} from "../../src/domain/emergency/voice.ts";
import { ann, bob, MINUTE, policy, repository, START, Story } from "../support/facts.ts";

const POLICY = policy();
const DIGEST = "0".repeat(64);
const NOW = START + 10 * MINUTE;
const PULL = new Story(ann).push(ann, "c1").facts();
const SUBJECTS: Readonly<Record<EmergencySubject["kind"], EmergencySubject>> = {
  pull: { kind: "pull", pull: PULL },
  deployment: { kind: "deployment", environment: "production", sha: PULL.head.sha },
};
const AUTHORITY = {
  actor: bob,
  permission: "write",
  teams: [],
  organizations: [],
  unread: [],
  at: START,
  basis: "observed",
} as const;

/** The states a command may find: `alone` stands for an authorisation that nobody has confirmed yet. */
const STATES = [
  "none",
  "awaiting-reason",
  "waiting",
  "authorised",
  "authorised alone",
  "used",
  "used alone",
  "withdrawn",
  "expired",
  "expired alone",
] as const;
type State = (typeof STATES)[number];

const NOBODY = {
  writes: "no",
  entitled: "no",
  contributed: "no",
  declared: false,
  authorised: false,
} as const;
const WRITER = { ...NOBODY, writes: "yes" } as const;
const PEOPLE: Readonly<Record<string, Candidate>> = {
  reader: { eligibility: NOBODY, authority: AUTHORITY, alone: null },
  writer: { eligibility: WRITER, authority: AUTHORITY, alone: null },
  declarer: {
    eligibility: { ...WRITER, entitled: "yes", declared: true },
    authority: AUTHORITY,
    alone: null,
  },
  author: {
    eligibility: { ...WRITER, entitled: "yes", contributed: "yes" },
    authority: AUTHORITY,
    alone: null,
  },
  lone: { eligibility: { ...WRITER, contributed: "yes" }, authority: AUTHORITY, alone: "yes" },
  authoriser: { eligibility: { ...WRITER, entitled: "yes" }, authority: AUTHORITY, alone: null },
  giver: { eligibility: { ...WRITER, entitled: "yes", authorised: true }, authority: AUTHORITY, alone: null },
  unread: { eligibility: { ...WRITER, entitled: "yes" }, authority: null, alone: null },
  unsure: {
    eligibility: { ...WRITER, entitled: "yes", contributed: "unknown" },
    authority: AUTHORITY,
    alone: null,
  },
};

const WRITERS = "writer declarer author lone authoriser giver unread unsure -> waiting";
const WITHDRAWERS = "declarer authoriser giver unread -> withdrawn";

type May = Readonly<Record<"declare" | "authorise" | "withdraw", Readonly<Partial<Record<State, string>>>>>;

/** Who may give which command in which state, and the state it leads to. Everything else is refused. */
const MAY_ON_PULL: May = {
  declare: {
    none: WRITERS,
    "awaiting-reason": WRITERS,
    used: WRITERS,
    "used alone": WRITERS,
    withdrawn: WRITERS,
    expired: WRITERS,
    "expired alone": WRITERS,
  },
  authorise: {
    waiting: "lone authoriser -> authorised",
    "authorised alone": "authoriser -> authorised",
    "used alone": "authoriser -> used",
  },
  withdraw: {
    "awaiting-reason": WITHDRAWERS,
    waiting: WITHDRAWERS,
    authorised: WITHDRAWERS,
    "authorised alone": WITHDRAWERS,
  },
};

const MAY: Readonly<Record<EmergencySubject["kind"], May>> = {
  pull: MAY_ON_PULL,
  // Nobody acts alone for a deployment.
  deployment: {
    ...MAY_ON_PULL,
    authorise: { ...MAY_ON_PULL.authorise, waiting: "authoriser -> authorised" },
  },
};

function recordIn(state: Exclude<State, "none">, subject: EmergencySubject): EmergencyRecord {
  const { pull, deployment } =
    subject.kind === "pull"
      ? { pull: subject.pull.number, deployment: null }
      : { pull: null, deployment: { environment: subject.environment, sha: subject.sha } };
  const about = { repository, pull, deployment, policy: POLICY, policyDigest: DIGEST };
  const attribution = { by: ann, at: START, via: "comment" } as const;
  const flagged = opened(about, "x", attribution, null, PULL.head.sha);
  const waiting = opened(about, "x", attribution, "the shop is down", PULL.head.sha);
  const [name, alone] = state.split(" ");
  const given = authorised(
    waiting,
    {
      by: bob,
      at: START,
      via: "comment",
      until: name === "expired" ? START : NOW + MINUTE,
      head: PULL.head.sha,
      authority: AUTHORITY,
      confirmBy: alone === undefined ? null : NOW + MINUTE,
    },
    about,
  );
  const all = {
    "awaiting-reason": flagged,
    waiting,
    authorised: given,
    used: used(given, START, "change"),
    withdrawn: withdrawn(waiting, attribution, "ann withdrew it"),
    expired: expired(given),
  };
  return all[name as keyof typeof all];
}

function caseOf(state: State, subject: EmergencySubject, text = "the shop is down"): EmergencyCase {
  const record = state === "none" ? null : recordIn(state, subject);
  return {
    subject,
    repository,
    policy: POLICY,
    policyDigest: DIGEST,
    emergencies: record === null ? [] : [{ record, review: null, asOf: START }],
    by: bob,
    attribution: { by: bob, at: NOW, via: "comment" },
    source: "y",
    text,
  };
}

const PLAIN: Rendering = { text: (text) => text, command: (name) => `<${name}>` };

/** What a command comes to: the state it leads to, or null with what is replied. */
function outcomeOf(
  name: EmergencyCommandName,
  given: EmergencyCase,
  candidate: Candidate,
): { readonly to: string | null; readonly says: string } {
  const row = EMERGENCY_COMMANDS[name];
  if (row.of === "review") throw new Error(`${name} is a review's`);
  const target = row.target(given);
  const applied = "refused" in target ? target : applyTo(row, given, target, candidate);
  return applied.refused === null
    ? { to: applied.record.status, says: applied.reply(PLAIN) }
    : { to: null, says: applied.refused(PLAIN) };
}

const names = EMERGENCY_COMMAND_NAMES.filter((name) => EMERGENCY_COMMANDS[name].of === "emergency");

test("every command of an emergency is one whose outcomes are written out", () => {
  expect(names).toEqual(Object.keys(MAY_ON_PULL));
});

describe.each(["pull", "deployment"] as const)("for a %s", (kind) => {
  const subject = SUBJECTS[kind];
  for (const name of Object.keys(MAY_ON_PULL) as (keyof May)[])
    test.each(STATES)(`${name} is for the people named, and nobody else, where it is %s`, (state) => {
      const [who = "", to = null] = MAY[kind][name][state]?.split(" -> ") ?? [];
      for (const [person, candidate] of Object.entries(PEOPLE)) {
        const outcome = outcomeOf(name, caseOf(state, subject), candidate);
        const expected = who.split(" ").includes(person) ? to : null;
        expect(outcome.to, `${person}: ${outcome.says}`).toBe(expected);
      }
    });
});

describe("a reply", () => {
  const all = names.flatMap((name) =>
    STATES.flatMap((state) =>
      Object.values(SUBJECTS).flatMap((subject) =>
        Object.values(PEOPLE).map((person) => outcomeOf(name, caseOf(state, subject), person).says),
      ),
    ),
  );

  test("is of whole sentences, and leaves it to its place how names and commands are written", () => {
    for (const says of all) {
      expect(says).toMatch(/^(?:[A-Z]|bob )/u);
      expect(says).not.toMatch(
        /undefined|null|\/countersign (?:emergency|authorise|withdraw|approve|reject)/u,
      );
    }
  });

  test("names what is still missing: the reason", () => {
    const asked = EMERGENCY_COMMAND_NAMES.flatMap((name) => reasonMissing(name, "")?.(PLAIN) ?? []);
    expect(asked).toEqual([
      "Add the reason: <declare>. Nothing was done.",
      "Add the reason: <reject>. Nothing was done.",
    ]);
    expect(reasonMissing("declare", "the shop is down")).toBeNull();
  });
});
