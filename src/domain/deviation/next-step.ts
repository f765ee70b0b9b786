/** Names what a deviation needs next, and the command that gives it. */

import type { RemediationRecord } from "../records/remediation.ts";
import { listed, listedControls, markdown } from "../texts/wording.ts";
import { needed, written } from "./commands.ts";
import { cleanMonthsSince, type ReviewedMonth } from "./operating.ts";
import { closingChecklist, lackingToBeDone, MONTHS_OF_OPERATION } from "./remediation.ts";
import type { DeviationRecord } from "../records/deviation.ts";

/** Returns what is missing until the remediation is done. Each is a phrase with the command that gives it. */
export function missingUntilDone(
  deviation: DeviationRecord,
  remediation: RemediationRecord | null,
): readonly string[] {
  return deviation.status === "in-remediation" && remediation !== null
    ? lackingToBeDone(remediation, deviation).map(needed)
    : [];
}

/** Returns what is missing until an effective remediation closes its deviation. */
export function missingUntilClosed(
  deviation: DeviationRecord,
  remediation: RemediationRecord,
  months: readonly ReviewedMonth[],
): readonly string[] {
  const clean = cleanMonthsOf(deviation, remediation, months);
  return closingChecklist(remediation, deviation, clean)
    .filter(({ ticked }) => !ticked)
    .flatMap(({ missing }) =>
      missing.length === 0
        ? [`${MONTHS_OF_OPERATION} months of clean monthly reviews since it was done`]
        : missing.map(needed),
    );
}

/**
 * Returns the last words of an answer: what is missing next, who gives it, and with which command. `months` null: nobody counted
 * them, and nothing is stated of them.
 */
export function nextStep(
  deviation: DeviationRecord,
  remediation: RemediationRecord | null,
  months: readonly ReviewedMonth[] | null,
): string {
  switch (deviation.status) {
    case "open": {
      const answer = [
        ...(remediation?.rootCause == null ? [`record why it happened (${written("cause")})`] : []),
        ...(remediation?.owner == null ? [`name the owner of the remediation (${written("owner")})`] : []),
      ];
      const again = `revise the remediation (${written("action")})`;
      return `Next: ${answer.length === 0 ? again : listed(answer)}. If it is not an exception, explain why: ${written("not-an-exception")}.`;
    }
    case "in-remediation": {
      const [next, ...later] = remediation === null ? [] : lackingToBeDone(remediation, deviation);
      if (next === undefined) return `Nothing is missing: ${ownerOf(remediation)} can use \`done\`.`;
      const more = later.length === 0 ? "" : ` After that: ${listed(later.map(({ what }) => what))}.`;
      return `Still needed before its owner can call it done: ${needed(next)}.${more}`;
    }
    case "done": {
      const judge = `someone who never owned the remediation and did not cause the deviation uses ${written("effective")}.`;
      const clean =
        remediation === null || months === null ? 0 : cleanMonthsOf(deviation, remediation, months);
      const soFar = months === null ? "since it was done" : `(so far: ${clean})`;
      return deviation.type === "operating" && clean < MONTHS_OF_OPERATION
        ? `Next: ${MONTHS_OF_OPERATION} clean monthly reviews in a row ${soFar}. Controls: ${listedControls(deviation.controls)}. Then ${judge}`
        : `Next: ${judge}`;
    }
    case "effective": {
      const missing = remediation === null ? [] : missingUntilClosed(deviation, remediation, months ?? []);
      return missing.length === 0 ? "" : `Still needed before it closes: ${listed(missing)}.`;
    }
    default:
      return "";
  }
}

/**
 * Returns a sentence of this room as a comment has it; a terminal has it as it is. Every command is written whole, and what people
 * wrote around it is made harmless.
 */
export function asComment(text: string): string {
  return text
    .split(/`([^`]+)`/u)
    .map((part, index) => (index % 2 === 1 ? `\`/countersign ${part}\`` : harmless(part)))
    .join("");
}

function harmless(part: string): string {
  const [, before = "", words = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/u.exec(part) ?? [];
  return `${before}${markdown(words)}${after}`;
}

function cleanMonthsOf(
  { controls }: DeviationRecord,
  { done }: RemediationRecord,
  months: readonly ReviewedMonth[],
): number {
  return done === null ? 0 : cleanMonthsSince(months, controls, done.at);
}

function ownerOf(remediation: RemediationRecord | null): string {
  return remediation?.owner == null ? "its owner" : `${remediation.owner.login}, its owner,`;
}
