/** A cover note to customers: what the auditor's report notes, and what the company found itself, with how far each answer is. No internal names. */

import { day, lastDay, spanText } from "../time/span.ts";
import { listedControls, listed } from "../texts/wording.ts";
import { answeredDeviations, draftAnswerOf, ROOT_CAUSE_WORDS, type DraftAnswered } from "./answers.ts";
import { Citations, counted, DRAFT_NOTE, type Draft, type Records } from "./draft.ts";
import { populationOf, type CountedPeriod } from "./population.ts";

/** Returns the note for one period. */
export function draftNote(records: Records, period: CountedPeriod): Draft {
  const cite = new Citations(records);
  if (records.at < period.to) {
    cite.lacks(`the end of ${period.name}: it ends with ${lastDay(period.to)}`);
    return cite.draft([]);
  }
  const own = answeredDeviations(records, cite).filter(
    ({ deviation: { body } }) => body.happenedAt >= period.from && body.happenedAt < period.to,
  );
  const { proofs, statement, unseen } = populationOf(records, period, cite);
  const [noted, found] = [own.filter(isNoted), own.filter((each) => !isNoted(each))];
  const subjects = new Set(found.flatMap(({ deviation }) => deviation.body.subjects));
  const lines = [
    `# To our customers: the report for ${period.name}`,
    "",
    DRAFT_NOTE,
    "",
    `The report covers ${spanText(period)}. In it ${statement.says} ${cite.of(...proofs.map(({ entry }) => entry))}.${unseen.length === 0 ? "" : " Part of this time was not observed; the evidence package names the days."}`,
    "",
    noted.length === 0
      ? "No exception noted by the auditor is on record here: compare this with the report before it is sent."
      : `The report notes ${counted(noted.length, "exception")} in our change management. ${progress(noted)}`,
    "",
    ...noted.map((each, index) => `${index + 1}. ${itemText(each, cite)}`),
    "",
    found.length === 0
      ? "Our own monitoring recorded no deviation."
      : `Our own monitoring recorded ${counted(found.length, "deviation")}, concerning ${subjects.size} of the ${period.changes + period.deployments} changes and deployments. ${progress(found)}`,
    "",
    ...found.map((each, index) => `${index + 1}. ${itemText(each, cite)}`),
    "",
    "We are glad to discuss this with you.",
  ];
  return cite.draft(lines, { statements: [statement], isForOthers: true });
}

/** Returns whether an auditor's report contains it; what the App found is ours alone. */
function isNoted({ deviation }: DraftAnswered): boolean {
  return deviation.body.source === "auditor";
}

/** "1 of 3 is found effective, 1 is done, 1 is planned as below." */
function progress(all: readonly DraftAnswered[]): string {
  const count = (state: ReturnType<typeof draftAnswerOf>): number =>
    all.filter((each) => draftAnswerOf(each) === state).length;
  const parts = [
    [count("settled"), "found effective"],
    [count("done"), "done and not yet shown to be effective"],
    [count("open"), "planned as below"],
  ] as const;
  const said = parts
    .filter(([number]) => number > 0)
    .map(([number, words]) => `${number} of ${all.length} ${number === 1 ? "is" : "are"} ${words}`);
  return `${listed(said, "and")}.`;
}

function itemText(each: DraftAnswered, cite: Citations): string {
  const { deviation, remediation, listed: subjects } = each;
  const { id, controls, happenedAt } = deviation.body;
  const what = `On ${day(happenedAt)}, ${subjects.length === 1 ? "a change or deployment" : `${subjects.length} changes or deployments`} failed ${controls.length === 1 ? "this control" : "these controls"}: ${listedControls(controls)} ${cite.of(deviation.entry, ...subjects.map(({ entry }) => entry))}.`;
  if (remediation === null) {
    cite.lacks(`a remediation of ${id}`);
    return what;
  }
  const { rootCause, due, done, effective } = remediation.body;
  if (rootCause === null) cite.lacks(`the root cause of ${id} (\`/countersign cause\`)`);
  if (due === null) cite.lacks(`a target date of ${id} (\`/countersign due\`)`);
  const why = rootCause === null ? "" : ` The reason: ${ROOT_CAUSE_WORDS[rootCause.category]}.`;
  const on = (at: number | undefined): string => (at === undefined ? "" : ` on ${day(at)}`);
  const state = {
    settled: `What answers it was found effective${on(effective?.at)}`,
    done: `What answers it was done${on(done?.at)}, and has not been shown to be effective yet`,
    open: `It is to be remediated by ${due ?? ""}`,
  }[draftAnswerOf(each)];
  return `${what}${why} ${state} ${cite.of(remediation.entry)}.`;
}
