/** Lists, shows, adds and remediates deviations at the terminal, under the login that is given. */

import { z } from "zod";
import { issueText } from "../../domain/deviation/issue.ts";
import { isSettled, worded } from "../../domain/deviation/deviation.ts";
import { nextStep } from "../../domain/deviation/next-step.ts";
import { reviewedMonths, type ReviewedMonth } from "../../domain/deviation/operating.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { reviewedMonthsOf } from "../../flows/deviations/commands.ts";
import { reviewsNow } from "../../flows/monitoring/monthly-reviews.ts";
import { priorityOf } from "../../domain/deviation/remediation.ts";
import type { RemediationRecord } from "../../domain/records/remediation.ts";
import { oneLine, time, plain } from "../../domain/texts/wording.ts";
import {
  enterDeviation,
  commandAtTerminal,
  type EnteredDeviation,
} from "../../flows/deviations/enter-deviation.ts";
import { deviationNamed, type LedgerTools } from "../../flows/records/existing-deviations.ts";
import { Lookups } from "../../github/api/lookups.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openExistingLedger, openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import { UsageError, type Answer } from "../terminal/answer.ts";
import { organizationIn } from "../input/organization.ts";
import type { DeviationRecord, DeviationTransition } from "../../domain/records/deviation.ts";

/** Lists the open deviations (or all), most urgent first; code 1 if one is open. */
export async function listDeviations(
  where: StoreLocation,
  options: { readonly org?: string | undefined; readonly all?: boolean | undefined },
  now: Instant = Date.now(),
): Promise<Answer> {
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const { id: organizationId } = await organizationIn(ledger, options.org);
    const rows = [];
    for await (const { body: deviation } of ledger.states("deviation", { organizationId, order: "at" })) {
      if (isSettled(deviation.status) && options.all !== true) continue;
      rows.push({ deviation, remediation: await remediationIn(ledger, deviation.id) });
    }
    rows.sort((a, b) => weight(b) - weight(a));
    const open = rows.filter(({ deviation }) => !isSettled(deviation.status)).length;
    const { reviews, figures } = await reviewsNow(ledger, organizationId, now);
    const months = reviewedMonths(reviews, figures);
    return {
      code: open > 0 ? 1 : 0,
      lines: rows.length === 0 ? ["No deviation is open."] : rows.map((row) => lineOf(row, months)),
      data: { deviations: rows },
    };
  } finally {
    await ledger.close();
  }
}

/** Shows one deviation whose id begins so, as its issue does, with every step that was taken. */
export async function showDeviation(
  where: StoreLocation,
  prefix: string,
  now: Instant = Date.now(),
): Promise<Answer> {
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const deviation = await deviationNamed({ ledger }, prefix);
    if ("refused" in deviation) throw new UsageError(deviation.refused);
    const { id } = deviation;
    const remediation = await remediationIn(ledger, id);
    const { title, body } = issueText(
      deviation,
      remediation,
      "UTC",
      await reviewedMonthsOf({ ledger }, deviation, now),
    );
    const steps: ({ readonly seq: number; readonly kind: string } & DeviationTransition)[] = [];
    const { id: repositoryId } = deviation.repository;
    for await (const { kind, subject, body: record, seq } of ledger.log({
      kinds: ["deviation", "remediation"],
      repositoryId,
    })) {
      if (subject !== id) continue;
      const { moved } = record;
      // A note without a step keeps the step before.
      if (
        steps.some(
          (each) =>
            each.kind === kind &&
            each.at === moved.at &&
            each.command === moved.command &&
            each.text === moved.text,
        )
      )
        continue;
      steps.push({ seq, kind, ...moved });
    }
    return {
      code: 0,
      lines: [
        title,
        "",
        ...plain(body.replace(/\n*<!--[\s\S]*$/u, "")).split("\n"),
        "",
        // One step of both deviation and remediation is one line.
        ...new Set(
          steps.map(
            ({ at, command, by, text }) =>
              `${time(at)}  ${command}  ${by?.login ?? "the App"}  ${oneLine(text)}`,
          ),
        ),
      ],
      data: { deviation, remediation, steps },
    };
  } finally {
    await ledger.close();
  }
}

/** Enters a deviation from an auditor's report; code 1 where it is refused. */
export function addDeviation(
  where: StoreLocation,
  given: EnteredDeviation,
  now: () => number,
): Promise<Answer> {
  return withTools(where, now, async (tools) => {
    const entered = await enterDeviation(tools, given);
    if (entered.refused !== null) return { code: 1, lines: [entered.refused], data: entered };
    return { code: 0, lines: [entered.says], data: entered };
  });
}

/** Gives one command to a deviation; code 1 if it is refused. */
export function giveCommand(
  where: StoreLocation,
  given: Parameters<typeof commandAtTerminal>[1],
  now: () => number,
): Promise<Answer> {
  return withTools(where, now, async (tools) => {
    const said = await commandAtTerminal(tools, given);
    if (said.refused !== null) return { code: 1, lines: [said.refused], data: said };
    const { body } = (await tools.ledger.state("deviation", said.id)) ?? { body: null };
    return { code: 0, lines: [said.says], data: { ...said, deviation: body } };
  });
}

async function withTools(
  where: StoreLocation,
  now: () => number,
  work: (tools: LedgerTools) => Promise<Answer>,
): Promise<Answer> {
  const ledger = await openExistingLedger(where);
  try {
    // What is to be done on GitHub is stored here and carried out by the server, under its own identity.
    const appId = await appIdIn(ledger);
    return await work({ ledger, clock: { now }, appId, github: { lookups: new Lookups({ now }) } });
  } finally {
    await ledger.close();
  }
}

/** Returns the id of the App that writes on GitHub for this log, from the actions stored before. */
async function appIdIn(ledger: Ledger): Promise<number> {
  for (const { payload } of await ledger.queue.listActions({ limit: 100 })) {
    const asked = z.object({ appId: z.int() }).safeParse(payload);
    if (asked.success) return asked.data.appId;
  }
  return 0;
}

async function remediationIn(ledger: Ledger, id: string): Promise<RemediationRecord | null> {
  const entry = await ledger.state("remediation", id);
  return entry === undefined ? null : entry.body;
}

interface Listed {
  readonly deviation: DeviationRecord;
  readonly remediation: RemediationRecord | null;
}

const SEVERITIES = ["observation", "low", "medium", "high", "critical"];

/** Returns the priority if someone set it, else one by severity. */
function weight({ deviation, remediation }: Listed): number {
  return priorityOf(remediation?.priority ?? null) ?? SEVERITIES.indexOf(deviation.severity) * 20;
}

function lineOf({ deviation, remediation }: Listed, months: readonly ReviewedMonth[]): string {
  const { id, status, severity, type, title } = deviation;
  const owner = remediation?.owner?.login ?? "nobody";
  const due = remediation?.due ?? "no date";
  const next = nextStep(deviation, remediation, months);
  return `${id}  ${worded(status)}  ${severity}  ${type}  ${owner}, ${due}  ${oneLine(title)}${next === "" ? "" : `\n    ${next}`}`;
}
