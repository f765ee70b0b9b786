/** Support for a bridge letter: what the records show between the end of a period and today, in both variants. */

import { observedIn, spansText, type Statement } from "../monitoring/observed-time.ts";
import { settingNameText, settingValueText, weakerText } from "../protection/words.ts";
import { markdownInFile, short, time } from "../texts/wording.ts";
import { answeredDeviations, draftAnswerOf, deviationLine, personName } from "./answers.ts";
import { day, lastDay, spanText } from "../time/span.ts";
import { Citations, DRAFT_NOTE, recorded, type Draft, type Records } from "./draft.ts";
import { populationOf, type CountedPeriod } from "./population.ts";
import { STATUS_WORDS } from "./response.ts";

/** Returns the support for [`period.to`, `since.to`); `since` counts what happened after the period. */
export function draftBridge(records: Records, period: CountedPeriod, since: CountedPeriod): Draft {
  const cite = new Citations(records);
  if (since.to <= period.to) {
    cite.lacks(`the end of ${period.name}: it ends with ${lastDay(period.to)}`);
    return cite.draft([]);
  }
  const { facts, statements } = factsOf(records, period, since, cite);
  return cite.draft(
    [
      `# Support for a bridge letter: ${spanText({ from: period.to, to: since.to })}`,
      "",
      DRAFT_NOTE,
      "",
      `The report of ${records.organization} for ${period.name} ends with ${lastDay(period.to)}. The following is what the records show from then on.`,
      "",
      "## Variant A: for management's own letter",
      "",
      `To our knowledge, this is so since ${day(period.to)}:`,
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
    ],
    { statements },
  );
}

function factsOf(
  records: Records,
  period: CountedPeriod,
  since: CountedPeriod,
  cite: Citations,
): { readonly facts: readonly string[]; readonly statements: readonly Statement[] } {
  const within = (at: number): boolean => at >= since.from && at < since.to;
  const { proofs, statement, unseen } = populationOf(records, since, cite);
  const seen = observedIn(records.observedTime, since);
  /** Nothing of a kind was recorded: that is evidence only for days that were observed. */
  const nothing = (text: string): string =>
    unseen.length === 0 ? `- ${text}.` : `- ${text} on the days that were observed.`;
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
  const gaps = records.observedTime.gaps.filter(
    ({ from, to }) => from < since.to && (to === null || to > since.from),
  );
  const gapEntries = recorded(records, "coverage-gap");
  const gapMark = (id: string): string =>
    cite.of(...gapEntries.filter(({ body }) => body.id === id).map(({ entry }) => entry));
  const facts = [
    `- ${statement.says} ${cite.of(...proofs.map(({ entry }) => entry))}.`,
    ...(unseen.length === 0
      ? []
      : [
          `- Nobody observed ${spansText(unseen)}. Deployments, reviews, settings and deviations of these days may be missing here.`,
        ]),
    ...(fresh.length === 0
      ? [nothing("No deviation was recorded")]
      : fresh.map((each) => `- A deviation: ${deviationLine(each, cite)}`)),
    ...earlier.map((each) => {
      const { remediation, deviation } = each;
      const state =
        remediation === null
          ? "nobody has begun to answer it"
          : `${draftAnswerOf(each) === "open" ? `what answers it is ${STATUS_WORDS[remediation.body.status]}, ` : ""}owned by ${personName(remediation.body.owner)} ${cite.of(remediation.entry)}`;
      const { id, title, happenedAt } = deviation.body;
      return `- ${id} of ${period.name} (${markdownInFile(title)}, ${day(happenedAt)}) is ${ANSWER_WORDS[draftAnswerOf(each)]}: ${state} ${cite.of(deviation.entry)}.`;
    }),
    ...(policies.length === 0
      ? [nothing("No change of the policy was recorded")]
      : policies.map(
          ({ body, entry }) =>
            `- The policy ${short(body.digest)} was first read on ${day(entry.at)} ${cite.of(entry)}.`,
        )),
    ...(settings.length === 0
      ? [nothing("No setting that protects a branch or environment was seen to change")]
      : settings.map(
          ({ body, entry }) =>
            `- ${markdownInFile(`${body.repository.owner}/${body.repository.name} ${body.place.name}`)}: ${settingNameText(body.setting)}: ${body.gone ? "gone" : markdownInFile(settingValueText(body.value))} since ${time(body.from)} ${cite.of(entry)}.`,
        )),
    ...exposures.map(
      ({ body, entry }) =>
        `- ${markdownInFile(`${body.repository.owner}/${body.repository.name}`)} was protected less from ${time(body.from)}${body.to === null ? " on" : ` to ${time(body.to)}`}: ${markdownInFile(body.items.map(weakerText).join("; "))} ${cite.of(entry)}.`,
    ),
    ...gaps.map(
      (body) =>
        `- ${markdownInFile(body.scope)} could not be seen from ${time(body.from)}${body.to === null ? " on" : ` to ${time(body.to)}`} (${body.cause}); what happened then was ${body.backfilled ? "read afterwards" : "not read"} ${gapMark(body.id)}.`,
    ),
  ];
  const none: Statement = { says: "nothing else was recorded", rests: "watch", covers: seen };
  return { facts, statements: [statement, none] };
}

const ANSWER_WORDS = {
  settled: "settled, found effective by someone other than its owner",
  done: "done by its owner's word, and not shown to be effective",
  open: "not settled",
} as const;
