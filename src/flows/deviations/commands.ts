/** Commands to a deviation, from its issue or a terminal: applied and shown on its issue, or refused with a sentence. */

import type { Instant } from "../../domain/time/instant.ts";
import { applyCommand, replyOf } from "../../domain/deviation/apply-command.ts";
import { parseCommand } from "../../domain/deviation/commands.ts";
import { remediationEntry, settle, deviationEntry, mergeDecisions } from "../../domain/deviation/decide.ts";
import {
  cadenceOf,
  dayOf,
  reviewedMonths,
  type Cadence,
  type ReviewedMonth,
} from "../../domain/deviation/operating.ts";
import type { Decision } from "../../domain/records/entry.ts";
import type { RemediationRecord } from "../../domain/records/remediation.ts";
import { writersOf } from "../../domain/deviation/response.ts";
import { isSamePerson } from "../../domain/policy/identity.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import type { DeviationRecord, Person } from "../../domain/records/deviation.ts";
import { reviewsNow } from "../monitoring/monthly-reviews.ts";
import type { NewestEntry } from "../../ledger/ledger.ts";
import { canonical } from "../../domain/values/digest.ts";
import { localTime } from "../../domain/texts/wording.ts";
import type { Tools } from "../context/tools.ts";
import {
  deviationOf,
  knownDeviations,
  remediationOf,
  type KnownDeviation,
  type LedgerTools,
} from "../records/existing-deviations.ts";

/** Lines given to one deviation, one after the other: all of them or none. */
interface GivenLines {
  readonly deviation: string;
  /** Each as it is written after `/countersign`. */
  readonly lines: readonly string[];
  readonly by: Person;
  readonly asAuditor: boolean;
  /** Whether they signed in without a GitHub account. */
  readonly isWithoutAccount?: boolean;
  readonly via: "comment" | "terminal" | "page";
  readonly at: Instant;
  readonly policy: Policy;
  /** Returns who has a login; null: nobody. A terminal cannot ask, and takes the login. */
  readonly who: (login: string) => Promise<Person | null>;
}

/** The result of lines: what to record and the reply, or the refusal of one of them, by its place. */
type LinesResult =
  | {
      readonly decision: Decision;
      /** What it was decided on: it is recorded only while nobody wrote after that. */
      readonly decidedOn: readonly NewestEntry[];
      readonly reply: string;
      readonly refused: null;
    }
  | { readonly refused: string; readonly line: number };

/** Applies lines; nothing is recorded here. */
export async function commandDeviation(
  tools: Omit<LedgerTools, "clock">,
  given: GivenLines,
): Promise<LinesResult> {
  const decidedOn = await newestOf(tools, given.deviation);
  const before = await deviationOf(tools, given.deviation);
  if (before === null) return { refused: `There is no deviation ${given.deviation}.`, line: 0 };
  const months = await reviewedMonthsOf(tools, before, given.at);
  const cadence = cadenceIn(await knownDeviations(tools), before.repository.id);
  const same = (a: Person, b: Person): boolean => isSamePerson(given.policy, a, b);
  const kinds = ["deviation", "remediation"] as const;
  const history = await tools.ledger.history({ kinds, subjects: [before.id] });
  const steps = history.map(({ body }) => body);
  const deviations = [before];
  const remediations: RemediationRecord[] = [];
  const done: string[] = [];
  let [deviation, remediation, next] = [before, await remediationOf(tools, before.id), ""];
  for (const [line, written] of given.lines.entries()) {
    const parsed = parseCommand(written, dayOf(given.at));
    if (parsed.problem !== null) return { refused: parsed.problem, line };
    const command = parsed.value;
    const named = new Map<string, Person | null>();
    for (const login of command.logins) named.set(login.toLowerCase(), await given.who(login));
    const writers = writersOf([...steps, ...remediations]);
    const now = { deviation, remediation, command, named, months, same, cadence, writers };
    const result = applyCommand({ ...given, ...now });
    if (result.refused !== null) return { refused: result.refused, line };
    const later = laterThan(given, command.name, steps);
    const isTakenBack =
      takesBack(deviation, result.deviations.at(-1)) || takesBack(remediation, result.remediations.at(-1));
    if (later !== null && isTakenBack) return { refused: later, line };
    deviations.push(...result.deviations);
    remediations.push(...result.remediations);
    deviation = result.deviations.at(-1) ?? deviation;
    remediation = result.remediations.at(-1) ?? remediation;
    done.push(result.done);
    ({ next } = result);
  }
  const to = await senderOf(tools, before);
  const shown = settle({ before, after: deviation, remediation, policy: given.policy, to, months });
  const entries = [...deviations.slice(1, -1).map(deviationEntry), ...remediations.map(remediationEntry)];
  const decision = mergeDecisions({ entries, actions: [] }, shown);
  return { decision, decidedOn, reply: replyOf({ done: done.join(" "), next }), refused: null };
}

/** Returns the newest entries of a deviation and its remediation. */
async function newestOf({ ledger }: Pick<Tools, "ledger">, subject: string): Promise<readonly NewestEntry[]> {
  const kinds = ["deviation", "remediation"] as const;
  return Promise.all(
    kinds.map(async (kind) => ({ kind, subject, seq: (await ledger.state(kind, subject))?.seq ?? null })),
  );
}

/** Returns a sentence where the same command was given at a later time, by whatever way; null: it was not. */
function laterThan(
  { at, policy }: GivenLines,
  name: string,
  steps: readonly Pick<DeviationRecord, "moved">[],
): string | null {
  const later = steps.findLast(({ moved }) => moved.command === name && moved.by !== null && moved.at > at);
  if (later?.moved.by == null) return null;
  const { by, at: then } = later.moved;
  return `${by.login} gave \`${name}\` at ${localTime(then, policy.calendar.timezone)}, after this was written: that stands. Give the command again if it still holds.`;
}

/** Returns whether anything that is on record is replaced, and not only added to. */
function takesBack(before: object | null, after: object | undefined): boolean {
  if (before === null || after === undefined) return false;
  const now = new Map<string, unknown>(Object.entries(after));
  return Object.entries(before).some(([name, value]: [string, unknown]) => {
    if (name === "moved" || name === "measure" || value === null) return false;
    const later = now.get(name);
    const compared = Array.isArray(value) && Array.isArray(later) ? later.slice(0, value.length) : later;
    return later !== undefined && canonical(compared) !== canonical(value);
  });
}

/** Returns how often the remediations of a repository are reviewed now. */
export function cadenceIn(known: readonly KnownDeviation[], repositoryId: number): Cadence {
  return cadenceOf(
    known
      .filter(({ repository, status }) => repository.id === repositoryId && UNSETTLED.includes(status))
      .map(({ severity }) => severity),
  );
}

const UNSETTLED: readonly DeviationRecord["status"][] = ["open", "in-remediation"];

/** Returns the installation through which the issue of a deviation is written now. */
export async function senderOf(
  { ledger, appId }: Pick<Tools, "ledger" | "appId">,
  { repository }: Pick<DeviationRecord, "repository">,
) {
  const entry = await ledger.state("repository", String(repository.id));
  const record = entry === undefined ? null : entry.body;
  return {
    repository: record?.repository ?? repository,
    installationId: record?.installationId ?? 0,
    appId,
  };
}

/**
 * Returns the monthly reviews signed off for any of the deviation's controls, with their months as they are known now. None before
 * its remediation is done: no month counts earlier, and every change of the reviewed months would be read.
 */
export async function reviewedMonthsOf(
  tools: Pick<Tools, "ledger">,
  { id, repository, controls }: DeviationRecord,
  at: Instant,
): Promise<readonly ReviewedMonth[]> {
  if ((await remediationOf(tools, id))?.done == null) return [];
  const { ledger } = tools;
  const { reviews, figures } = await reviewsNow(ledger, repository.ownerId, at);
  return reviewedMonths(
    reviews.filter(({ control }) => controls.includes(control)),
    figures,
  );
}
