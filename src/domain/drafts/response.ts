/** Management's response to one deviation, in its three parts: what caused it, what was done, what prevents it. */

import { listed, markdownInFile, time } from "../texts/wording.ts";
import { whysRequired } from "../deviation/remediation.ts";
import {
  answeredDeviations,
  deviationLine,
  personName,
  reviewsAfter,
  ROOT_CAUSE_WORDS,
  type DraftAnswered,
} from "./answers.ts";
import { day } from "../time/span.ts";
import { Citations, DRAFT_NOTE, type Draft, type Records } from "./draft.ts";

/** Returns the response to the deviation whose id begins so. */
export function draftResponse(records: Records, id: string): Draft {
  const cite = new Citations(records);
  const found = answeredDeviations(records, cite).filter(({ deviation }) => deviation.body.id.startsWith(id));
  const [answered] = found;
  if (answered === undefined || found.length > 1) {
    cite.lacks(
      answered === undefined
        ? `deviation ${id}: none is recorded, or none stands`
        : `which deviation: several begin with ${id}`,
    );
    return cite.draft([]);
  }
  const { deviation } = answered;
  return cite.draft([
    `# Management's response to ${deviation.body.id}`,
    "",
    DRAFT_NOTE,
    "",
    ...peopleOf(records, answered),
    "",
    deviationLine(answered, cite),
    "",
    ...parts(records, answered, cite),
  ]);
}

function parts(records: Records, answered: DraftAnswered, cite: Citations): readonly string[] {
  const { id } = answered.deviation.body;
  if (answered.remediation === null) {
    cite.lacks(`a remediation of ${id}: nobody has begun to answer it on its issue`);
    return [];
  }
  const { body, entry } = answered.remediation;
  const mark = cite.of(entry);
  const need = (what: string, how: string): string =>
    cite.lacks(`${what} of ${id} (\`/countersign ${how}\` on its issue)`);
  const { rootCause, measure } = body;
  const action = body.action ?? need("what is done about it", "action <text>");
  const method = body.method ?? need("how it is checked", "method <text>");
  if (rootCause === null) need("the root cause", "cause <category>: <text>");
  const asked = whysRequired(answered.deviation.body.severity) - body.whys.length;
  if (asked > 0) need(`${asked} more ${asked === 1 ? "answer" : "answers"} to why`, "why <text>");
  if (body.owner === null) need("an owner", "owner @login");
  if (body.due === null) need("a target date", "due <date>");
  if (body.evidence.length === 0) need("evidence", "evidence <url or text>");
  if (measure === null || measure.suggested) need("a measure that a person decided on", "measure <text>");
  const reviews = reviewsAfter(records, answered);
  return [
    "## What caused it",
    "",
    `${capital(rootCause === null ? "" : `${ROOT_CAUSE_WORDS[rootCause.category]} (${rootCause.category} gap): ${markdownInFile(rootCause.text)}`)} ${mark}`,
    "",
    ...body.whys.map(
      ({ text, by, at }) => `- Why? ${markdownInFile(text)} (${personName(by)}, ${day(at)}) ${mark}`,
    ),
    "",
    "## What was done",
    "",
    `${sentence(action)} ${personName(body.owner)} is responsible for it; its target date is ${body.due ?? ""}, and it is ${STATUS_WORDS[body.status]} ${mark}.`,
    "",
    ...body.evidence.map(
      ({ text, by, at }) => `- Evidence: ${markdownInFile(text)} (${personName(by)}, ${day(at)}) ${mark}`,
    ),
    ...body.blockers.map(
      ({ text, at, until }) =>
        `- Held up from ${day(at)}${until === null ? " until today" : ` to ${day(until)}`}: ${markdownInFile(text)} ${mark}`,
    ),
    "",
    "## What prevents it",
    "",
    `${sentence(measure?.text ?? "")} It is checked so: ${markdownInFile(method)} ${mark}.`,
    "",
    body.effective === null
      ? `It has not been shown effective yet ${mark}.`
      : `${personName(body.effective.by)} found it effective at ${time(body.effective.at)}: ${markdownInFile(body.effective.text)} ${mark}.`,
    "",
    ...reviews.map(({ body: { control, month, signedOff }, entry: review }) => {
      const { passed, population } = signedOff?.figures ?? { passed: 0, population: 0 };
      const isClean = records.months.some(
        (each) => each.control === control && each.month === month && each.clean,
      );
      return `- ${month}: ${control} ${isClean ? "is clean as the month is known today" : "is not clean"}; ${personName(signedOff?.by ?? null)} signed it off having seen that ${passed} of ${population} passed ${cite.of(review)}.`;
    }),
    ...(body.elsewhere === null
      ? []
      : ["", `Where else it was looked for: ${markdownInFile(body.elsewhere.text)} ${mark}`]),
  ];
}

/** Who wrote it and who approved it: never the same person. */
function peopleOf({ writers }: Records, { deviation, remediation }: DraftAnswered): readonly string[] {
  if (remediation === null) return [];
  const { response } = remediation.body;
  const by = response?.writers ?? writers.get(deviation.body.id) ?? [];
  const approved =
    response === null
      ? "Nobody has approved it yet: someone who wrote none of it does, with `/countersign approve-response <text>` on its issue."
      : `Approved as it stands by ${personName(response.by)} at ${time(response.at)}: ${markdownInFile(response.text)}`;
  return [
    `Written by ${by.length === 0 ? "nobody on record" : listed(by.map(personName), "and")}. ${approved}`,
  ];
}

/** Holds a remediation's state in words. */
export const STATUS_WORDS = {
  planned: "planned",
  active: "under way",
  blocked: "held up",
  done: "done",
  effective: "done and shown effective",
} as const;

/** Returns a person's words as a sentence of their own. */
function sentence(text: string): string {
  const said = markdownInFile(text.trim());
  return capital(/[.!?]$/u.test(said) ? said : `${said}.`);
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
