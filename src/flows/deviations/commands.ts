/** Commands to a deviation, from its issue or a terminal: applied and shown on its issue, or refused with a sentence. */

import type { Instant } from "../../domain/time/instant.ts";
import { applyCommand } from "../../domain/deviation/apply-command.ts";
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

/** One line given to one deviation. */
interface GivenLine {
  readonly deviation: string;
  /** As it is written after `/countersign`. */
  readonly line: string;
  readonly by: Person;
  readonly asAuditor: boolean;
  readonly via: "comment" | "terminal";
  readonly at: Instant;
  readonly policy: Policy;
  /** Returns who has a login; null: nobody. A terminal cannot ask, and takes the login. */
  readonly who: (login: string) => Promise<Person | null>;
}

/** The result of a line: what to record and the reply, or the refusal. */
type LineResult =
  | { readonly decision: Decision; readonly reply: string; readonly refused: null }
  | { readonly refused: string };

/** Applies one line; nothing is recorded here. */
export async function commandDeviation(
  tools: Omit<LedgerTools, "clock">,
  given: GivenLine,
): Promise<LineResult> {
  const deviation = await deviationOf(tools, given.deviation);
  if (deviation === null) return { refused: `There is no deviation ${given.deviation}.` };
  const parsed = parseCommand(given.line, dayOf(given.at));
  if (parsed.problem !== null) return { refused: parsed.problem };
  const command = parsed.value;
  const remediation = await remediationOf(tools, deviation.id);
  const named = new Map<string, Person | null>();
  for (const login of command.logins) named.set(login.toLowerCase(), await given.who(login));
  const result = applyCommand({
    ...given,
    deviation,
    remediation,
    command,
    named,
    months: await monthsOf(tools, deviation, given.at),
    same: (a, b) => isSamePerson(given.policy, a, b),
    cadence: cadenceIn(await knownDeviations(tools), deviation.repository.id),
  });
  if (result.refused !== null) return result;
  const after = result.deviations.at(-1) ?? deviation;
  const last = result.remediations.at(-1) ?? remediation;
  const to = await senderOf(tools, deviation);
  const shown = settle({ before: deviation, after, remediation: last, policy: given.policy, to });
  const decision = mergeDecisions(
    {
      entries: [
        ...result.deviations.slice(0, -1).map(deviationEntry),
        ...result.remediations.map(remediationEntry),
      ],
      actions: [],
    },
    shown,
  );
  return { decision, reply: result.reply, refused: null };
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

/** Returns the monthly reviews signed off for any of the deviation's controls, with their months as they are known now. */
async function monthsOf(
  { ledger }: Pick<Tools, "ledger">,
  { repository, controls }: DeviationRecord,
  at: Instant,
): Promise<readonly ReviewedMonth[]> {
  const { reviews, figures } = await reviewsNow(ledger, repository.ownerId, at);
  return reviewedMonths(
    reviews.filter(({ control }) => controls.includes(control)),
    figures,
  );
}
