/** `countersign readiness`: go or no-go for an audit today, with the reasons. Never part of an evidence package. */

import { figuresText } from "../../domain/monitoring/monthly.ts";
import type { AuditReadiness } from "../../domain/evidence/readiness.ts";
import { readiness } from "../../flows/monitoring/readiness.ts";
import { CONTROL_TITLES } from "../../domain/texts/wording.ts";
import { DAY } from "../../domain/time/durations.ts";
import { openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import type { Answer } from "../terminal/answer.ts";
import { organizationIn } from "../input/organization.ts";

/** Answers go (code 0) or no-go (code 1), with the reasons. */
export async function answerReadiness(
  where: StoreLocation,
  options: { readonly org?: string | undefined; readonly days: number },
  at: number,
): Promise<Answer> {
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const { id, login } = await organizationIn(ledger, options.org);
    const span = { from: at - options.days * DAY, to: at };
    const found = await ledger.snapshot((moment) => readiness(moment, id, span, at));
    return {
      code: found.go ? 0 : 1,
      lines: readinessLines(found, login, options.days),
      data: { organization: login, days: options.days, ...found },
    };
  } finally {
    await ledger.close();
  }
}

/** Prints readiness as text. */
export function readinessLines(found: AuditReadiness, login: string, days: number): readonly string[] {
  const { go, findings, controls, outlook, period, recovery } = found;
  const [against, notes] = [
    findings.filter((each) => each.against),
    findings.filter((each) => !each.against),
  ];
  return [
    `${go ? "Go" : "No-go"}: ${login}, the last ${days} days${go ? "" : `; ${against.length} ${against.length === 1 ? "reason" : "reasons"} against`}.`,
    ...against.map(({ says, remedy }) => `  - ${says}${remedy === undefined ? "" : ` ${remedy}`}`),
    "",
    "Controls:",
    ...(controls.length === 0 ? ["  none tested"] : []),
    ...controls.map(
      (each) =>
        `  ${CONTROL_TITLES[each.control]} (${each.control}): ${figuresText(each)} (owner: ${each.owner ?? "nobody"})`,
    ),
    "",
    `Period ${period.name}: ${period.deviations} ${period.deviations === 1 ? "deviation" : "deviations"} so far, ${period.unsettled} of them open; ${period.daysLeft} days left; ${period.statement.says}.`,
    "",
    `Recovery: ${recovery.ready === null ? `date unknown; ${notEffective(recovery.steps.length)}` : recovery.steps.length === 0 ? "nothing to recover from" : `by ${recovery.ready} at the earliest; ${notEffective(recovery.steps.length)}`}.`,
    ...recovery.steps.map(
      ({ deviation, phase, ready, because }) =>
        `  ${deviation}: ${PHASE_WORDS[phase]}, ${ready === null ? "date unknown" : `by ${ready} at the earliest`}: ${because}`,
    ),
    "",
    `Outlook: ${outlook.opinion === "clean" ? "clean" : `risk of ${RISK_WORDS[outlook.opinion]}`}.`,
    ...outlook.risks.flatMap(({ opinion, facts }) => facts.map((fact) => `  ${opinion}: ${fact}`)),
    `  ${outlook.says}`,
    ...(notes.length === 0 ? [] : ["", "Also:", ...notes.map(({ says }) => `  - ${says}`)]),
  ];
}

function notEffective(deviations: number): string {
  return `${deviations} ${deviations === 1 ? "deviation" : "deviations"} not yet shown effective`;
}

const PHASE_WORDS = {
  remediate: "to be remediated",
  operate: "to be operated",
  show: "to be shown effective",
} as const;

const RISK_WORDS = {
  qualified: "a qualified opinion",
  adverse: "an adverse opinion",
  disclaimer: "a disclaimer",
} as const;
