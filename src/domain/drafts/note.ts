/** A cover note to customers: how many exceptions the period had, how many are remediated, and when the rest will be. No internal names. */

import { CONTROL_TITLES, listed } from "../wording.ts";
import type { CompletenessRecord } from "../record.ts";
import { answeredDeviations, isRemediated, ROOT_CAUSE_WORDS, type Answered } from "./answers.ts";
import { Citations, counted, day, DRAFT_NOTE, recorded, type Draft, type Records } from "./draft.ts";

/** A span with its name, UTC, half-open, and how many changes and deployments it had. */
export interface CountedPeriod {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly changes: number;
  readonly deployments: number;
}

/** The note for one period. */
export function draftNote(records: Records, period: CountedPeriod): Draft {
  const cite = new Citations(records);
  const own = answeredDeviations(records, cite).filter(
    ({ deviation: { body } }) => body.happenedAt >= period.from && body.happenedAt < period.to,
  );
  const proofs = proofsOf(records, period);
  if (proofs.length === 0)
    cite.lacks(`a count of ${period.name} against GitHub's lists (\`countersign reconcile\` or \`export\`)`);
  const [done, rest] = [own.filter(isRemediated), own.filter((each) => !isRemediated(each))];
  const lines = [
    `# To our customers: the report for ${period.name}`,
    "",
    DRAFT_NOTE,
    "",
    `The report covers ${day(period.from)} until before ${day(period.to)}: ${counted(period.changes, "change")} and ${counted(period.deployments, "deployment")} reached production, counted against GitHub's own lists ${cite.of(...proofs.map(({ entry }) => entry))}.`,
    "",
    own.length === 0
      ? "It notes no exception in our change management."
      : `It notes ${counted(own.length, "exception")} in our change management. ${numbers(done.length)} remediated${rest.length === 0 ? "." : `; ${numbers(rest.length).toLowerCase()} planned as below.`}`,
    "",
    ...own.map((each, index) => `${index + 1}. ${itemText(each, cite)}`),
    "",
    "We are glad to discuss this with you.",
  ];
  return cite.draft(lines);
}

function itemText(each: Answered, cite: Citations): string {
  const { deviation, remediation, listed: subjects } = each;
  const { id, controls, happenedAt } = deviation.body;
  const what = `On ${day(happenedAt)}, ${subjects.length === 1 ? "a change or deployment was" : `${subjects.length} changes or deployments were`} not ${listed(
    controls.map((control) => CONTROL_TITLES[control]),
    "or",
  )} ${cite.of(deviation.entry, ...subjects.map(({ entry }) => entry))}.`;
  if (remediation === null) {
    cite.lacks(`a remediation of ${id}`);
    return what;
  }
  const { rootCause, due } = remediation.body;
  if (rootCause === null) cite.lacks(`the root cause of ${id} (\`/countersign cause\`)`);
  if (due === null) cite.lacks(`a target date of ${id} (\`/countersign due\`)`);
  const why = rootCause === null ? "" : ` The reason: ${ROOT_CAUSE_WORDS[rootCause.category]}.`;
  const state = isRemediated(each) ? "It is remediated" : `It will be remediated by ${due ?? ""}`;
  return `${what}${why} ${state} ${cite.of(remediation.entry)}.`;
}

/** The newest proof of each branch that touches a span. */
export function proofsOf(
  records: Records,
  span: { readonly from: number; readonly to: number },
): readonly { readonly entry: Records["entries"][number]; readonly body: CompletenessRecord }[] {
  const newest = new Map<string, { entry: Records["entries"][number]; body: CompletenessRecord }>();
  for (const each of recorded(records, "completeness"))
    if (each.body.from < span.to && each.body.to > span.from)
      newest.set(`${each.body.repository.id} ${each.body.ref}`, each);
  return [...newest.values()];
}

function numbers(count: number): string {
  return count === 1 ? "1 is" : `${count} are`;
}
