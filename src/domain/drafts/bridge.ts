/** Support for a bridge letter: what the records show between the end of a period and today, in both variants. */

import { sayName, sayValue, sayWeaker } from "../protection/words.ts";
import { markdown, short, time } from "../wording.ts";
import { answeredDeviations, deviationLine, isRemediated, personName } from "./answers.ts";
import { Citations, counted, day, DRAFT_NOTE, recorded, type Draft, type Records } from "./draft.ts";
import { proofsOf, type CountedPeriod } from "./note.ts";
import { STATUS_WORDS } from "./response.ts";

/** The support for [`period.to`, `since.to`); `since` counts what happened after the period. */
export function draftBridge(records: Records, period: CountedPeriod, since: CountedPeriod): Draft {
  const cite = new Citations(records);
  if (since.to <= period.to) {
    cite.lacks(`the end of ${period.name}: it ends on ${day(period.to)}`);
    return cite.draft([]);
  }
  const facts = factsOf(records, period, since, cite);
  return cite.draft([
    `# Support for a bridge letter: ${day(period.to)} until before ${day(since.to)}`,
    "",
    DRAFT_NOTE,
    "",
    `The report of ${records.organization} for ${period.name} ends on ${day(period.to)}. The following is what the records show from then on.`,
    "",
    "## Variant A: for management's own letter",
    "",
    `Since ${day(period.to)} we have operated the controls described in the report. To our knowledge:`,
    "",
    ...facts,
    "",
    "This letter is ours; it is no opinion of an auditor and does not extend the report.",
    "",
    "## Variant B: support for the auditor's letter",
    "",
    "For the auditor to examine, against the evidence package of this span:",
    "",
    ...facts,
    "",
    "Nothing here is an opinion. Only the auditor decides what a letter of theirs says.",
  ]);
}

function factsOf(
  records: Records,
  period: CountedPeriod,
  since: CountedPeriod,
  cite: Citations,
): readonly string[] {
  const within = (at: number): boolean => at >= since.from && at < since.to;
  const proofs = proofsOf(records, since);
  if (proofs.length === 0)
    cite.lacks(
      `a count of the time since ${day(period.to)} against GitHub's lists (\`countersign reconcile\`)`,
    );
  const unproven = proofs.filter(({ body }) => !body.complete);
  const all = answeredDeviations(records, cite);
  const fresh = all.filter(({ deviation }) => within(deviation.body.happenedAt));
  const earlier = all.filter(
    ({ deviation: { body } }) => body.happenedAt >= period.from && body.happenedAt < period.to,
  );
  const policies = recorded(records, "policy").filter(({ entry }) => within(entry.at));
  const settings = recorded(records, "control-state").filter(
    ({ body }) => within(body.from) && body.notBefore !== null,
  );
  const exposures = recorded(records, "exposure").filter(({ body }) => within(body.from));
  const gaps = recorded(records, "coverage-gap").filter(
    ({ body }) => body.from < since.to && (body.to === null || body.to > since.from),
  );
  return [
    `- ${counted(since.changes, "change")} and ${counted(since.deployments, "deployment")} reached production${unproven.length === 0 ? ", and GitHub's own lists agree" : `; GitHub's lists and ours differ on ${counted(unproven.length, "branch").replace(/branchs$/u, "branches")}`} ${cite.of(...proofs.map(({ entry }) => entry))}.`,
    ...(fresh.length === 0
      ? ["- No deviation was recorded."]
      : fresh.map((each) => `- A deviation: ${deviationLine(each, cite)}`)),
    ...earlier.map((each) => {
      const { remediation, deviation } = each;
      const state =
        remediation === null
          ? "nobody has begun to answer it"
          : `what answers it is ${STATUS_WORDS[remediation.body.status]}, owned by ${personName(remediation.body.owner)} ${cite.of(remediation.entry)}`;
      return `- ${deviation.body.id} of ${period.name} is ${isRemediated(each) ? "settled" : "not settled"}: ${state} ${cite.of(deviation.entry)}.`;
    }),
    ...(policies.length === 0
      ? ["- The policy did not change."]
      : policies.map(
          ({ body, entry }) =>
            `- The policy ${short(body.digest)} was first read on ${day(entry.at)} ${cite.of(entry)}.`,
        )),
    ...(settings.length === 0
      ? ["- No setting that protects a branch or environment was seen to change."]
      : settings.map(
          ({ body, entry }) =>
            `- ${markdown(`${body.repository.owner}/${body.repository.name} ${body.place.name}`)}: ${sayName(body.setting)}: ${body.gone ? "gone" : markdown(sayValue(body.value))} since ${time(body.from)} ${cite.of(entry)}.`,
        )),
    ...exposures.map(
      ({ body, entry }) =>
        `- ${markdown(`${body.repository.owner}/${body.repository.name}`)} was protected less from ${time(body.from)}${body.to === null ? " on" : ` to ${time(body.to)}`}: ${markdown(body.items.map(sayWeaker).join("; "))} ${cite.of(entry)}.`,
    ),
    ...gaps.map(
      ({ body, entry }) =>
        `- ${markdown(body.scope)} could not be seen from ${time(body.from)}${body.to === null ? " on" : ` to ${time(body.to)}`} (${body.cause}); what happened then was ${body.backfilled ? "read afterwards" : "not read"} ${cite.of(entry)}.`,
    ),
  ];
}
