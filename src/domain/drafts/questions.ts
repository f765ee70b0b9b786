/** What to ask the auditor about each open deviation: the four questions, with room for the answers. */

import { markdownInFile } from "../texts/wording.ts";
import {
  answeredDeviations,
  draftAnswerOf,
  deviationLine,
  personName,
  type DraftAnswered,
} from "./answers.ts";
import { day } from "../time/span.ts";
import { Citations, DRAFT_NOTE, type Draft, type Records } from "./draft.ts";
import { STATUS_WORDS } from "./response.ts";

const QUESTIONS = [
  "Which remediation do you expect, specifically?",
  "What evidence would show you that it is closed?",
  "Is a bridge letter appropriate?",
  "By when must it be remediated before the next audit?",
] as const;

/** What was noted of the auditor's answers so far. */
function noted(remediation: DraftAnswered["remediation"], cite: Citations): readonly string[] {
  if (remediation === null || remediation.body.expectations.length === 0) return [];
  return [
    "Answered so far:",
    "",
    ...remediation.body.expectations.map(
      ({ text, by, at }) =>
        `- ${day(at)}: ${markdownInFile(text)} (noted by ${personName(by)}) ${cite.of(remediation.entry)}`,
    ),
    "",
  ];
}

/** Returns the sheet for every deviation that is not settled. */
export function draftQuestions(records: Records): Draft {
  const cite = new Citations(records);
  const open = answeredDeviations(records, cite).filter((each) => draftAnswerOf(each) !== "settled");
  if (open.length === 0) cite.lacks("an open deviation: there is nothing to ask about");
  return cite.draft([
    `# Questions to the auditor of ${records.organization}`,
    "",
    DRAFT_NOTE,
    "",
    `As of ${day(records.at)}.`,
    "",
    ...open.flatMap((each) => [
      `## ${each.deviation.body.id}`,
      "",
      deviationLine(each, cite),
      "",
      each.remediation === null
        ? "Nobody has begun to answer it."
        : `What answers it is ${STATUS_WORDS[each.remediation.body.status]}, owned by ${personName(each.remediation.body.owner)}, with the target date ${each.remediation.body.due ?? "not set"} ${cite.of(each.remediation.entry)}.`,
      "",
      ...noted(each.remediation, cite),
      ...QUESTIONS.flatMap((question, index) => [`${index + 1}. ${question}`, "", "   Answer:", ""]),
    ]),
  ]);
}
