/** What people say to a deviation, on its issue or at a terminal: obeyed, recorded and shown on its issue, or refused with a sentence. */

import type { Instant } from "../domain/change.ts";
import { remediationEntry, settle, deviationEntry, together } from "../domain/deviation/decide.ts";
import { obey } from "../domain/deviation/obey.ts";
import {
  cadenceOf,
  dayOf,
  reviewedMonths,
  type Cadence,
  type ReviewedMonth,
} from "../domain/deviation/operating.ts";
import { readOrder, type Order } from "../domain/deviation/order.ts";
import type { Decision } from "../domain/entry.ts";
import { isSamePerson } from "../domain/identity.ts";
import type { Policy } from "../domain/policy/policy.ts";
import type { DeviationRecord, Person } from "../domain/record.ts";
import { reviewsNow } from "./monitoring.ts";
import type { Tools } from "./ports.ts";
import {
  deviationOf,
  knownDeviations,
  remediationOf,
  type KnownDeviation,
  type LedgerTools,
} from "./standing.ts";

/** One line said to one deviation. */
export interface Said {
  readonly deviation: string;
  /** As it is written after `/countersign`. */
  readonly line: string;
  readonly by: Person;
  readonly asAuditor: boolean;
  readonly via: "comment" | "terminal";
  readonly at: Instant;
  readonly policy: Policy;
  /** Who a login is; null: nobody is called so. A terminal cannot ask, and takes the login. */
  readonly who: (login: string) => Promise<Person | null>;
}

/** What came of it: what to record, and the sentence that answers; or the sentence that refuses. */
export type Answered =
  | { readonly decision: Decision; readonly says: string; readonly refused: null }
  | { readonly refused: string };

/** Obeys one line; nothing is recorded here. */
export async function orderDeviation(tools: Omit<LedgerTools, "clock">, said: Said): Promise<Answered> {
  const read = readOrder(said.line, dayOf(said.at));
  if (read.order === null) return { refused: read.problem };
  const { order } = read;
  const deviation = await deviationOf(tools, said.deviation);
  if (deviation === null) return { refused: `There is no deviation ${said.deviation}.` };
  const remediation = await remediationOf(tools, deviation.id);
  const named = new Map<string, Person | null>();
  for (const login of loginsOf(order)) named.set(login.toLowerCase(), await said.who(login));
  const obeyed = obey({
    deviation,
    remediation,
    order,
    by: said.by,
    asAuditor: said.asAuditor,
    via: said.via,
    at: said.at,
    named,
    months: await monthsOf(tools, deviation, said.at),
    same: (a, b) => isSamePerson(said.policy, a, b),
    cadence: cadenceIn(await knownDeviations(tools), deviation.repository.id),
  });
  if (obeyed.refused !== null) return obeyed;
  const after = obeyed.deviations.at(-1) ?? deviation;
  const last = obeyed.remediations.at(-1) ?? remediation;
  const to = await senderOf(tools, deviation);
  const shown = settle({ before: deviation, after, remediation: last, policy: said.policy, to });
  const decision = together(
    {
      entries: [
        ...obeyed.deviations.slice(0, -1).map(deviationEntry),
        ...obeyed.remediations.map(remediationEntry),
      ],
      actions: [],
    },
    shown,
  );
  return { decision, says: obeyed.says, refused: null };
}

/** How often the remediations of a repository are reviewed now. */
export function cadenceIn(known: readonly KnownDeviation[], repositoryId: number): Cadence {
  return cadenceOf(
    known
      .filter(({ repository, status }) => repository.id === repositoryId && UNSETTLED.includes(status))
      .map(({ severity }) => severity),
  );
}

const UNSETTLED: readonly DeviationRecord["status"][] = ["open", "in-remediation"];

/** From where the issue of a deviation is written: the installation its repository is seen through now. */
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

/** The monthly reviews signed off for any of the deviation's controls, with their months as they are known now. */
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

function loginsOf(order: Order): readonly string[] {
  if (order.command === "owner") return [order.to];
  return order.command === "raci" ? order.logins : [];
}
