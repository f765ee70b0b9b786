/** Deviations and remediations as tests begin with them. */

import type { Instant } from "../../src/domain/time/instant.ts";
import { openDeviation, type DeviationSeed } from "../../src/domain/deviation/open.ts";
import {
  applyCommand,
  replyOf,
  type CommandResult,
  type Given,
} from "../../src/domain/deviation/apply-command.ts";
import { parseCommand } from "../../src/domain/deviation/commands.ts";
import { dayOf } from "../../src/domain/deviation/operating.ts";
import type { RemediationRecord } from "../../src/domain/records/remediation.ts";
import type { DeviationRecord, Person } from "../../src/domain/records/deviation.ts";

/** 2026-07-06T09:00:00Z, a Monday. */
export const START: Instant = Date.parse("2026-07-06T09:00:00Z");

/** A day (ms). */
export const DAY = 24 * 3_600_000;

/** The people of these tests; eve caused the deviation. */
export const PEOPLE = {
  ann: { id: 1, login: "ann" },
  bob: { id: 2, login: "bob" },
  carol: { id: 3, login: "carol" },
  eve: { id: 4, login: "eve" },
} as const satisfies Record<string, Person>;

/** A repository of no importance. */
export const WEB = {
  id: 5,
  owner: "acme",
  ownerId: 1,
  name: "web",
  visibility: "private",
  defaultBranch: "main",
} as const;

/** The seed of a direct push by eve. */
export function seed(subject = "change-1", more: Partial<DeviationSeed> = {}): DeviationSeed {
  const controls = ["independently-approved", "merged-by-pull-request"] as const;
  const title = `acme/web: eve pushed straight to main (${subject})`;
  const what = "eve pushed straight to main.";
  return {
    cause: { key: `change:${subject}`, shared: null },
    subjectKind: "change",
    repository: WEB,
    listed: { subject, pull: null, title, what, at: START, controls, actors: [PEOPLE.eve] },
    controls,
    causeCode: "direct-push",
    type: "operating",
    typeReason: "the policy required it, and it was not done",
    severity: "high",
    title,
    description: what,
    happenedAt: START,
    actors: [PEOPLE.eve],
    ...more,
  };
}

/** A deviation just opened. */
export function deviation(more: Partial<DeviationRecord> = {}): DeviationRecord {
  return { ...openDeviation(null, seed(), START), ...more };
}

/** A deviation with its remediation, as commands leave it. */
export interface Case {
  readonly deviation: DeviationRecord;
  readonly remediation: RemediationRecord | null;
}

/** Says one line to a case; answers what came of it and the case after it (the same where it was refused). */
export function say(
  before: Case,
  by: Person,
  line: string,
  more: Partial<Given> = {},
): { readonly after: Case; readonly answer: CommandResult; readonly said: string } {
  const at = more.at ?? START + 1_000;
  const parsed = parseCommand(line, dayOf(at));
  if (parsed.problem !== null)
    return { after: before, answer: { refused: parsed.problem }, said: parsed.problem };
  const answer = applyCommand({
    ...before,
    command: parsed.value,
    by,
    asAuditor: false,
    via: "comment",
    at,
    named: new Map(Object.values(PEOPLE).map((person) => [person.login, person])),
    months: [],
    writers: [],
    ...more,
  });
  if (answer.refused !== null) return { after: before, answer, said: answer.refused };
  const after = {
    deviation: answer.deviations.at(-1) ?? before.deviation,
    remediation: answer.remediations.at(-1) ?? before.remediation,
  };
  return { after, answer, said: replyOf(answer) };
}

/** Says lines one after the other; throws where one is refused. */
export function sayAll(before: Case, by: Person, lines: readonly string[], more: Partial<Given> = {}): Case {
  return lines.reduce((each, line) => {
    const { after, answer } = say(each, by, line, more);
    if (answer.refused !== null) throw new Error(`${line}: ${answer.refused}`);
    return after;
  }, before);
}

/** Everything a high severity asks for before it can be called done, said by ann, who owns it. */
export const PLAN: readonly string[] = [
  "cause tooling: the rule was left to people",
  ...[1, 2, 3, 4, 5].map((n) => `why reason ${n}`),
  "owner @ann",
  "action turn the ruleset on for every branch",
  "due 2026-08-01",
  "method read the ruleset's history",
  "evidence https://github.test/acme/web/rules/1",
];
