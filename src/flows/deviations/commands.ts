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
import { isSamePerson } from "../../domain/policy/identity.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import type { DeviationRecord, Person } from "../../domain/records/deviation.ts";
import { reviewsNow } from "../monitoring/monthly-reviews.ts";
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
  | { readonly decision: Decision; readonly reply: string; readonly refused: null }
  | { readonly refused: string; readonly line: number };

/** Applies lines; nothing is recorded here. */
export async function commandDeviation(
  tools: Omit<LedgerTools, "clock">,
  given: GivenLines,
): Promise<LinesResult> {
  const before = await deviationOf(tools, given.deviation);
  if (before === null) return { refused: `There is no deviation ${given.deviation}.`, line: 0 };
  const months = await reviewedMonthsOf(tools, before, given.at);
  const cadence = cadenceIn(await knownDeviations(tools), before.repository.id);
  const same = (a: Person, b: Person): boolean => isSamePerson(given.policy, a, b);
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
    const result = applyCommand({ ...given, deviation, remediation, command, named, months, same, cadence });
    if (result.refused !== null) return { refused: result.refused, line };
    deviations.push(...result.deviations);
    remediations.push(...result.remediations);
    deviation = result.deviations.at(-1) ?? deviation;
    remediation = result.remediations.at(-1) ?? remediation;
    done.push(result.done);
    ({ next } = result);
  }
  const to = await senderOf(tools, before);
  const shown = settle({ before, after: deviation, remediation, policy: given.policy, to, months });
  const steps = [...deviations.slice(1, -1).map(deviationEntry), ...remediations.map(remediationEntry)];
  const decision = mergeDecisions({ entries: steps, actions: [] }, shown);
  return { decision, reply: replyOf({ done: done.join(" "), next }), refused: null };
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
