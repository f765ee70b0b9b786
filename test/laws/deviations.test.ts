import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COMMAND_NAMES, DEVIATION_COMMAND_TABLE, parseCommand } from "../../src/domain/deviation/commands.ts";
import { decideDeviation, NO_RECORDS } from "../../src/domain/deviation/decide.ts";
import { DEVIATION_EVENTS, DEVIATION_STATES } from "../../src/domain/deviation/deviation.ts";
import { issueText } from "../../src/domain/deviation/issue.ts";
import { asComment, nextStep } from "../../src/domain/deviation/next-step.ts";
import { openDeviation } from "../../src/domain/deviation/open.ts";
import {
  plannedRemediation,
  REMEDIATION_EVENTS,
  REMEDIATION_STATES,
} from "../../src/domain/deviation/remediation.ts";
import { destination, type TransitionTable } from "../../src/domain/values/transitions.ts";
import { defaultPolicy } from "../../src/domain/policy/tighten.ts";
import type { Person } from "../../src/domain/records/deviation.ts";
import {
  DAY,
  deviation,
  PEOPLE,
  PLAN,
  say,
  sayAll,
  seed,
  START,
  WEB,
  type Case,
} from "../support/deviations.ts";
import { rounds } from "../support/effort.ts";

const WORKERS = "owner, other, causer, owner-and-causer";
const ANYONE = "owner, other, causer, auditor, owner-and-causer";
const NOT_THE_CAUSER = "owner, other, auditor";
const OUTSIDERS = "other, auditor";

/** From which states of deviation and remediation to which, and by whom. `-`: there is no remediation. */
type Steps = readonly (readonly [from: string, to: string, by: string])[];

const PLANNING: Steps = [
  ["open/-", "in-remediation/planned", "other, causer"],
  ["open/planned", "in-remediation/planned", WORKERS],
  ["in-remediation/planned", "in-remediation/planned", WORKERS],
  ["in-remediation/active", "in-remediation/active", WORKERS],
  ["in-remediation/blocked", "in-remediation/blocked", WORKERS],
];
const LATER: Steps = [
  ["done/done", "done/done", WORKERS],
  ["effective/effective", "effective/effective", WORKERS],
];
const JUDGING: Steps = [
  ["open/-", "open/-", "other, auditor"],
  ["open/planned", "open/planned", NOT_THE_CAUSER],
  ["in-remediation/planned", "in-remediation/planned", NOT_THE_CAUSER],
  ["in-remediation/active", "in-remediation/active", NOT_THE_CAUSER],
  ["in-remediation/blocked", "in-remediation/blocked", NOT_THE_CAUSER],
  ["done/done", "done/done", OUTSIDERS],
];

interface Expected {
  readonly line: string;
  /** The words on record. */
  readonly words: string;
  readonly reply: string;
  /** A wrong line, and its answer. */
  readonly wrong: readonly [line: string, answer: string];
  readonly steps: Steps;
}

const incomplete = (usage: string): string => `This command is incomplete. Write \`${usage}\`.`;

/** What every command does, written apart from the table: a row without a line here fails. */
const EXPECTED: Readonly<Record<string, Expected>> = {
  type: {
    line: "type Operating the rule was passed by",
    words: "operating: the rule was passed by",
    reply: "The type is now operating.",
    wrong: [
      "type dessign: x",
      "“dessign” is not a type. Choose design or operating. Did you mean `type design: x`?",
    ],
    steps: JUDGING,
  },
  severity: {
    line: "severity low: nothing ran",
    words: "low: nothing ran",
    reply: "The severity is now low.",
    wrong: ["severity low", incomplete("severity low: <reason>")],
    steps: JUDGING,
  },
  cause: {
    line: "cause tooling: left to people",
    words: "tooling: left to people",
    reply:
      "The root cause is recorded: tooling. Suggested preventive measure: automate the step, so that it cannot be left out.",
    wrong: [
      "cause weather: it rained",
      "“weather” is not a category of root causes. Choose process, resource, awareness, tooling or ownership.",
    ],
    steps: PLANNING,
  },
  why: {
    line: "why nobody looked",
    words: "nobody looked",
    reply: "Answer 2 to “why?” is recorded.",
    wrong: ["why", incomplete("why <text>")],
    steps: [...PLANNING, ...LATER],
  },
  owner: {
    line: "owner @carol",
    words: "carol",
    reply: "carol owns the remediation.",
    wrong: ["owner ann and bob", "“ann and bob” is not one account. Name one: `owner @login`."],
    steps: PLANNING,
  },
  due: {
    line: "due 2026-09-01",
    words: "2026-09-01",
    reply: "The target date was 2026-08-01 and is now 2026-09-01; both stay on record.",
    wrong: ["due 1.9.2026", "Write a date as YYYY-MM-DD. Did you mean `due 2026-09-01`?"],
    steps: PLANNING,
  },
  action: {
    line: "action turn it on",
    words: "turn it on",
    reply: "The action is recorded.",
    wrong: ["action", incomplete("action <text>")],
    steps: PLANNING,
  },
  measure: {
    line: "measure Terraform",
    words: "Terraform",
    reply: "The preventive measure is recorded.",
    wrong: ["measure", incomplete("measure <text>")],
    steps: PLANNING,
  },
  method: {
    line: "method read it",
    words: "read it",
    reply: "The verification method is recorded.",
    wrong: ["method", incomplete("method <text>")],
    steps: PLANNING,
  },
  customers: {
    line: "customers two",
    words: "two",
    reply: "The affected customers are recorded.",
    wrong: ["customers", incomplete("customers <text>")],
    steps: [...PLANNING, ...LATER],
  },
  expectation: {
    line: "expectation three months",
    words: "three months",
    reply: "The auditor's expectation is recorded.",
    wrong: ["expectation", incomplete("expectation <text>")],
    steps: [
      ...PLANNING,
      ["done/done", "done/done", ANYONE],
      ["effective/effective", "effective/effective", ANYONE],
    ],
  },
  priority: {
    line: "priority risk=4 impact=3 effort=2",
    words: "impact=3 effort=2 risk=4",
    reply: "The priority is now 48.",
    wrong: [
      "priority impact=9 effort=1 risk=1",
      "Give three numbers from 1 to 5, such as `priority impact=3 effort=2 risk=4`.",
    ],
    steps: PLANNING,
  },
  raci: {
    line: "raci informed @bob, @carol",
    words: "informed bob carol",
    reply: "Informed: bob and carol.",
    wrong: [
      "raci responsible @bob",
      "Choose accountable, consulted or informed, and name one account or more, such as `raci accountable @login`. The owner is responsible: `owner @login`.",
    ],
    steps: PLANNING,
  },
  blocked: {
    line: "blocked the vendor",
    words: "the vendor",
    reply: "The remediation is blocked. Use `unblocked [text]` when it continues.",
    wrong: ["blocked", incomplete("blocked <text>")],
    steps: PLANNING.map(([from, , by]) => [from, "in-remediation/blocked", by]),
  },
  unblocked: {
    line: "unblocked",
    words: "",
    reply: "The remediation is active again.",
    wrong: ["unblockd", "“unblockd” is not a command. Did you mean `unblocked`?"],
    steps: [["in-remediation/blocked", "in-remediation/active", WORKERS]],
  },
  review: {
    line: "review on track",
    words: "on track",
    reply: "The review is recorded.",
    wrong: ["reviw on track", "“reviw” is not a command. Did you mean `review on track`?"],
    steps: [
      ["in-remediation/active", "in-remediation/active", ANYONE],
      ["in-remediation/blocked", "in-remediation/blocked", ANYONE],
      ["done/done", "done/done", ANYONE],
    ],
  },
  evidence: {
    line: "evidence https://example.test/1",
    words: "https://example.test/1",
    reply: "The evidence is recorded.",
    wrong: ["evidence", incomplete("evidence <url or text>")],
    steps: [...PLANNING, ...LATER],
  },
  done: {
    line: "done",
    words: "",
    reply: "The remediation is done.",
    wrong: ["don", "“don” is not a command. Did you mean `done`?"],
    steps: [
      ["in-remediation/active", "done/done", "owner, owner-and-causer"],
      ["in-remediation/blocked", "done/done", "owner, owner-and-causer"],
    ],
  },
  effective: {
    line: "effective I looked",
    words: "I looked",
    reply: "The remediation is effective.",
    wrong: ["effective", incomplete("effective <text>")],
    steps: [["done/done", "effective/effective", OUTSIDERS]],
  },
  elsewhere: {
    line: "elsewhere nowhere",
    words: "nowhere",
    reply: "Where else you looked is recorded.",
    wrong: ["elsewhere", incomplete("elsewhere <text>")],
    steps: [...PLANNING, ...LATER],
  },
  "approve-response": {
    line: "approve-response I read it all",
    words: "I read it all",
    reply: "The response is approved as it stands.",
    wrong: ["approve-response", incomplete("approve-response <text>")],
    steps: [
      ["done/done", "done/done", "other"],
      ["effective/effective", "effective/effective", "other"],
    ],
  },
  "not-effective": {
    line: "not-effective again",
    words: "again",
    reply: "The remediation is not effective, so it is active again.",
    wrong: ["not-effective", incomplete("not-effective <reason>")],
    steps: [
      ["done/done", "in-remediation/active", ANYONE],
      ["effective/effective", "in-remediation/active", ANYONE],
    ],
  },
  "not-an-exception": {
    line: "not-an-exception a mirror",
    words: "a mirror",
    reply: "The deviation is settled as not an exception, with your reason.",
    wrong: ["not-an-exception", incomplete("not-an-exception <reason>")],
    steps: JUDGING.slice(0, 5).map(([from, , by]) => [from, from.replace(/^[^/]+/u, "not-an-exception"), by]),
  },
  reopen: {
    line: "reopen again",
    words: "again",
    reply: "The deviation is open again.",
    wrong: ["reopen", incomplete("reopen <reason>")],
    steps: [
      ["effective/effective", "open/planned", ANYONE],
      ["closed/-", "open/-", "other, causer, auditor"],
      ["not-an-exception/-", "open/-", "other, causer, auditor"],
      ...["closed/planned", "closed/active", "closed/blocked", "closed/done", "closed/effective"].map(
        (from) => [from, "open/planned", ANYONE] as const,
      ),
      ...["not-an-exception/planned", "not-an-exception/active", "not-an-exception/blocked"].map(
        (from) => [from, "open/planned", ANYONE] as const,
      ),
    ],
  },
};

/** Every pair of states a deviation and its remediation can be in. */
const PAIRS: readonly string[] = [
  "open/-",
  "open/planned",
  "in-remediation/planned",
  "in-remediation/active",
  "in-remediation/blocked",
  "done/done",
  "effective/effective",
  "closed/-",
  "closed/planned",
  "closed/active",
  "closed/blocked",
  "closed/done",
  "closed/effective",
  "not-an-exception/-",
  "not-an-exception/planned",
  "not-an-exception/active",
  "not-an-exception/blocked",
];

/** Everyone there can be, by the part they have; where there is no remediation, nobody owns it. */
const PARTS: Readonly<Record<string, { readonly by: Person; readonly owner: Person; asAuditor?: true }>> = {
  owner: { by: PEOPLE.ann, owner: PEOPLE.ann },
  other: { by: PEOPLE.bob, owner: PEOPLE.ann },
  causer: { by: PEOPLE.eve, owner: PEOPLE.ann },
  auditor: { by: PEOPLE.carol, owner: PEOPLE.ann, asAuditor: true },
  "owner-and-causer": { by: PEOPLE.eve, owner: PEOPLE.eve },
};

/** A case in a pair of states, with everything a low severity requires. */
function caseIn(pair: string, owner: Person = PEOPLE.ann): Case {
  const [status, inner] = pair.split("/");
  const own = deviation({
    type: "design",
    severity: "low",
    status: DEVIATION_STATES.find((each) => each === status) ?? "open",
  });
  const state = REMEDIATION_STATES.find((each) => each === inner);
  if (state === undefined) return { deviation: own, remediation: null };
  const note = (text: string) => ({ text, by: owner, at: START });
  return {
    deviation: own,
    remediation: {
      ...plannedRemediation(own, own.moved),
      status: state,
      rootCause: { category: "process", text: "none" },
      // Whoever called it done has decided on one.
      measure: { text: "write it down", suggested: !["done", "effective"].includes(state) },
      whys: [note("it grew")],
      // With an action it would be under way.
      action: pair === "in-remediation/planned" ? null : "write it down",
      owner,
      owners: [owner],
      due: "2026-08-01",
      method: "read it",
      evidence: [note("a page")],
    },
  };
}

function pairOf({ deviation: { status }, remediation }: Case): string {
  return `${status}/${remediation?.status ?? "-"}`;
}

describe("the table of commands", () => {
  test("has an expectation for every row, and no other", () => {
    expect(Object.keys(EXPECTED)).toEqual(COMMAND_NAMES);
  });

  test.each(Object.entries(EXPECTED))("%s is possible in these states, for these people", (_, expected) => {
    const found = PAIRS.flatMap((from) => {
      const leads = Object.entries(PARTS).flatMap(([part, { by, owner, asAuditor = false }]) => {
        if (from.endsWith("/-") && owner === by) return [];
        const { answer } = say(caseIn(from, owner), by, expected.line, { asAuditor });
        if (answer.refused !== null) return [];
        // What follows by itself comes after the first.
        const [first] = answer.deviations;
        const [inner] = answer.remediations;
        return [{ part, to: `${first?.status ?? ""}/${inner?.status ?? "-"}` }];
      });
      const all = new Set(leads.map(({ to }) => to));
      return [...all].map((to) => [
        from,
        to,
        leads
          .filter((each) => each.to === to)
          .map(({ part }) => part)
          .join(", "),
      ]);
    });
    const byPair = ([a = ""]: readonly string[], [b = ""]: readonly string[]): number =>
      PAIRS.indexOf(a) - PAIRS.indexOf(b);
    expect(found).toEqual(expected.steps.toSorted(byPair));
  });

  test.each(Object.entries(EXPECTED))(
    "%s is read, kept and answered",
    (_, { line, words, reply, wrong, steps }) => {
      const [from = "", , parts = ""] = steps.at(-1) ?? [];
      const {
        by,
        owner,
        asAuditor = false,
      } = PARTS[parts.split(", ")[0] ?? ""] ?? PARTS["other"] ?? expect.fail();
      const { said, answer } = say(caseIn(from, owner), by, line, { asAuditor, via: "comment" });
      expect(said).toContain(reply);
      if (answer.refused !== null) expect.fail();
      expect([...answer.deviations, ...answer.remediations].map(({ moved }) => moved.text)).toContain(words);
      expect(parseCommand(wrong[0], "2026-07-06")).toEqual({ problem: wrong[1] });
    },
  );

  test.each(COMMAND_NAMES)("%s has an example that is read, and one sentence or two of help", (name) => {
    expect(parseCommand(`${name} ${DEVIATION_COMMAND_TABLE[name].example}`, "2026-07-06").problem).toBeNull();
    expect(DEVIATION_COMMAND_TABLE[name].help).toMatch(/^[A-Z][^.]*\.(?: [A-Z][^.]*\.)?$/u);
  });
});

describe("what happens by itself", () => {
  test("leads where it leads, and is possible nowhere else", () => {
    const leads = <State extends string, Event extends string>(
      states: readonly State[],
      table: TransitionTable<State, Event, string>,
    ): readonly string[] =>
      states.flatMap((state) =>
        (Object.keys(table) as Event[]).flatMap((event) => {
          const to = destination(table, state, event);
          return to === null ? [] : [`${state} + ${event} -> ${to}`];
        }),
      );
    expect(leads(DEVIATION_STATES, DEVIATION_EVENTS)).toEqual([
      "open + list -> open",
      "open + unlist -> open",
      "open + withdraw -> closed",
      "open + end-exposure -> open",
      "in-remediation + list -> in-remediation",
      "in-remediation + unlist -> in-remediation",
      "in-remediation + withdraw -> closed",
      "in-remediation + end-exposure -> in-remediation",
      "done + list -> done",
      "done + unlist -> done",
      "done + withdraw -> closed",
      "done + end-exposure -> done",
      "effective + list -> open",
      "effective + unlist -> effective",
      "effective + withdraw -> closed",
      "effective + end-exposure -> effective",
      "effective + close -> closed",
      "closed + list -> open",
      "closed + unlist -> closed",
      "closed + end-exposure -> closed",
      "not-an-exception + list -> open",
      "not-an-exception + unlist -> not-an-exception",
      "not-an-exception + withdraw -> closed",
      "not-an-exception + end-exposure -> not-an-exception",
    ]);
    expect(leads(REMEDIATION_STATES, REMEDIATION_EVENTS)).toEqual([
      "planned + start -> active",
      "planned + reopen -> planned",
      "active + miss -> active",
      "active + reopen -> planned",
      "blocked + miss -> blocked",
      "blocked + reopen -> planned",
      "done + reopen -> planned",
      "effective + reopen -> planned",
    ]);
  });
});

const LINES: readonly string[] = [
  ...Object.values(EXPECTED).map(({ line }) => line),
  ...COMMAND_NAMES.flatMap((name) => [name, `${name} words`]),
  "type design: the rule asked for nothing",
  "severity medium: no customer saw it",
  "severity high: a customer saw it",
  "owner @ann",
  "owner @bob",
];

/** One thing that happens: somebody gives a command, or a further change comes to light under the same cause. */
const happening = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      who: fc.constantFrom(...Object.values(PEOPLE)),
      line: fc.constantFrom(...LINES),
      asAuditor: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant("further change" as const) },
);

/** The case after a further change is found under its cause. */
function further({ deviation: previous, remediation }: Case, at: number): Case {
  const first = seed();
  const subject = `change-${at}`;
  const listed = first.listed === null ? null : { ...first.listed, subject };
  const { entries } = decideDeviation({
    seed: { ...first, listed },
    subject,
    records: { ...NO_RECORDS, previous, remediation },
    policy: defaultPolicy(),
    to: { repository: WEB, installationId: 1, appId: 1 },
    at,
  });
  return entries.reduce<Case>(
    (now, { kind, body }) =>
      kind === "deviation"
        ? { ...now, deviation: body }
        : kind === "remediation"
          ? { ...now, remediation: body }
          : now,
    { deviation: previous, remediation },
  );
}

/** Whether anyone could give the command in this state. */
function isPossible(now: Case, name: string): boolean {
  const line = EXPECTED[name]?.line ?? "";
  return [...Object.values(PEOPLE), null].some((who) => {
    const { answer } = say(now, who ?? PEOPLE.carol, line, { asAuditor: who === null });
    return !(answer.refused ?? "").includes("is possible only when");
  });
}

describe("whatever happens in whatever order", () => {
  const walks = fc.array(happening, { maxLength: 60 });

  function walk(
    all: readonly ("further change" | { who: Person; line: string; asAuditor: boolean })[],
    look: (before: Case, after: Case, step: { who: Person; asAuditor: boolean; said: string } | null) => void,
    begin: Case = { deviation: deviation({ type: "design" }), remediation: null },
  ): void {
    let now = begin;
    all.forEach((each, index) => {
      const at = START + (index + 1) * DAY;
      if (each === "further change") {
        const after = further(now, at);
        look(now, after, null);
        now = after;
        return;
      }
      const { after, said } = say(now, each.who, each.line, { asAuditor: each.asAuditor, at });
      look(now, after, { ...each, said });
      now = after;
    });
  }

  test("nobody who owned a remediation judges it once it is done, and no causer calls it no exception", () => {
    fc.assert(
      fc.property(fc.constantFrom(...PAIRS), walks, (pair, all) => {
        const begin = caseIn(pair);
        const owners = new Set(begin.remediation?.owners.map(({ login }) => login));
        const look: Parameters<typeof walk>[1] = (before, after, step) => {
          if (after.remediation?.owner != null) owners.add(after.remediation.owner.login);
          if (step === null || step.asAuditor) return;
          const { status, type, severity } = after.deviation;
          const isCalled = (state: string): boolean => status === state && before.deviation.status !== state;
          const isJudged =
            isCalled("effective") || type !== before.deviation.type || severity !== before.deviation.severity;
          if (before.deviation.status === "done") expect(isJudged && owners.has(step.who.login)).toBe(false);
          if (isCalled("not-an-exception")) expect(step.who.login).not.toBe("eve");
        };
        walk(all, look, begin);
      }),
      { numRuns: rounds(120, 300) },
    );
  });

  test("deviation and remediation stay in step, and what comes next is possible then", () => {
    fc.assert(
      fc.property(fc.constantFrom(...PAIRS), walks, (pair, all) => {
        walk(
          all,
          (_, after) => {
            expect(PAIRS).toContain(pairOf(after));
            for (const [, name = ""] of nextStep(after.deviation, after.remediation, []).matchAll(
              /`([^` ]+)/gu,
            ))
              expect(isPossible(after, name), `${pairOf(after)}: ${name}`).toBe(true);
          },
          caseIn(pair),
        );
      }),
      { numRuns: rounds(120, 300) },
    );
  });

  test("every command in an answer is written as it is read", () => {
    const usages = new Set(COMMAND_NAMES.map((name) => `${name} ${DEVIATION_COMMAND_TABLE[name].usage}`));
    fc.assert(
      fc.property(walks, (all) => {
        walk(all, (_, __, step) => {
          for (const [, text = ""] of (step?.said ?? "").matchAll(/`([^`]*)`/gu)) {
            const [name = "", ...rest] = text.split(" ");
            // People copy it: where there are several ways to write it, it is one of them.
            expect(text).not.toContain("|");
            const isPartly = /^(?:severity|cause|type) [a-z]+: <(?:reason|text)>$/u.test(text);
            const isRead = parseCommand(text, "2026-07-06").problem === null;
            expect(
              usages.has(text) || isPartly || isRead || (rest.length === 0 && name in EXPECTED),
              text,
            ).toBe(true);
          }
        });
      }),
      { numRuns: rounds(40, 100) },
    );
  });

  test("a target date once named is never lost, and every step names who took it", () => {
    fc.assert(
      fc.property(walks, (all) => {
        walk(all, (before, after, step) => {
          const dates = before.remediation?.targets.map(({ due }) => due) ?? [];
          expect(after.remediation?.targets.map(({ due }) => due) ?? []).toEqual(
            expect.arrayContaining(dates),
          );
          if (step === null) return;
          for (const each of [after.deviation, after.remediation])
            if (each !== null && each !== before.deviation && each !== before.remediation)
              expect([step.who, null]).toContainEqual(each.moved.by);
        });
      }),
      { numRuns: rounds(40, 100) },
    );
  });

  test("a further change opens again what was settled or effective, with its remediation", () => {
    for (const pair of ["effective/effective", "closed/effective", "not-an-exception/active"]) {
      const after = further(caseIn(pair), START + DAY);
      expect(pairOf(after), pair).toBe("open/planned");
      expect(after.deviation.exposure.to).toBeNull();
      expect(openDeviation(after.deviation, seed(), START).status).toBe("open");
    }
  });
});

describe("whoever owned a remediation before", () => {
  const handed = sayAll(
    {
      deviation: deviation({ type: "design", severity: "low" }),
      remediation: null,
    },
    PEOPLE.ann,
    [...PLAN, "owner @bob"],
  );

  test("judges nothing of it once it is done", () => {
    const done = sayAll(handed, PEOPLE.bob, ["done"]);
    for (const line of ["type operating: x", "severity observation: x", "effective x"])
      for (const who of [PEOPLE.ann, PEOPLE.bob]) {
        const { after, answer } = say(done, who, line);
        expect(answer.refused, `${who.login}: ${line}`).not.toBeNull();
        expect(after).toBe(done);
      }
  });

  test("judges it until then, and everyone else afterwards", () => {
    for (const line of ["type operating: x", "severity medium: x"]) {
      expect(say(handed, PEOPLE.ann, line).answer.refused).toBeNull();
      expect(say(sayAll(handed, PEOPLE.bob, ["done"]), PEOPLE.carol, line).answer.refused).toBeNull();
    }
  });
});

describe("a sentence about a deviation", () => {
  test("makes what people wrote harmless once, and keeps our own commands", () => {
    const done = sayAll({ deviation: deviation({ type: "design" }), remediation: null }, PEOPLE.bob, PLAN);
    const owner = { id: 9, login: "ann_acme" };
    const remediation = done.remediation === null ? null : { ...done.remediation, owner };
    const sentence = nextStep(done.deviation, remediation, []);
    expect(sentence).toBe("Nothing is missing: ann_acme, its owner, can use `done`.");
    expect(asComment(sentence)).toBe(
      "Nothing is missing: ann\\_acme, its owner, can use `/countersign done`.",
    );
    expect(issueText(done.deviation, remediation, "UTC", []).body).toContain(asComment(sentence));
  });
});
