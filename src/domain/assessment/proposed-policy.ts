/** A policy file that a pull request changes: its problems are shown where they are, before it takes effect. */

import type { ProposedPolicy, PullRequest } from "../change/pull-request.ts";
import type { CheckRunText } from "../records/change.ts";
import { hint, clipped, listed, markdown, oneLine, short } from "../texts/wording.ts";

/** GitHub takes so many notes at once. */
const MOST_NOTES = 50;

/** GitHub shows so much of a title. */
const TITLE_LENGTH = 250;

/** So many problems are listed in the text as well. */
const MOST_LISTED = 10;

/** Returns the check run's words where the pull request changes a policy file. With problems it fails, except in observe mode. */
export function withProposedPolicy(
  given: CheckRunText,
  pulls: readonly PullRequest[],
  observing: boolean,
): CheckRunText {
  const proposed = pulls.flatMap(({ broughtPolicy: policy }) => (policy === undefined ? [] : [policy]));
  const text = withNotes(given, proposed);
  const annotations = proposed.flatMap(({ path, problems }) =>
    problems.map(({ line, column, message }) => ({ path, line, column, message: oneLine(message) })),
  );
  const [first] = annotations;
  const fixing = proposed.find(({ judgedBy }) => judgedBy !== undefined);
  if (first === undefined)
    return fixing === undefined ? text : { ...text, summary: `${text.summary}\n\n${fixes(fixing)}` };
  const paths = markdown(listed([...new Set(annotations.map(({ path }) => path))]));
  const isOne = annotations.length === 1;
  const title = isOne
    ? `Fix the policy file in this pull request: line ${first.line}: ${first.message}`
    : `Fix ${annotations.length} problems in the policy file of this pull request`;
  // The title names the only problem, unless the policy observes: then the title is the verdict's.
  const isInTitle = isOne && !observing;
  const firstFew = isInTitle
    ? []
    : annotations
        .slice(0, MOST_LISTED)
        .map(({ line, column, message }) => `- line ${line}, column ${column}: ${markdown(message)}`);
  const more = isInTitle ? 0 : annotations.length - firstFew.length;
  const problems = [
    `Fix ${paths}: it is not valid${observing ? "" : ", which blocks the merge"}.`,
    ...firstFew,
    ...(more > 0 ? [`- and ${more} more`] : []),
  ].join("\n");
  const rest =
    text.conclusion === "success" && !observing
      ? [
          "Every other requirement of the policy is met.",
          hint("No emergency can waive a policy file that is not valid."),
        ]
      : [...(observing ? [] : [`**${markdown(text.title)}**`]), text.summary];
  const summary = [problems, ...rest].join("\n\n");
  return {
    ...text,
    ...(observing ? {} : { status: "completed" as const, conclusion: "failure" as const }),
    title: observing ? text.title : clipped(title, TITLE_LENGTH),
    summary,
    annotations: annotations.slice(0, MOST_NOTES),
  };
}

/** What whoever reviews the file should know comes before everything else. */
function withNotes(text: CheckRunText, proposed: readonly ProposedPolicy[]): CheckRunText {
  const notes = proposed.flatMap((each) => each.notes ?? []);
  if (notes.length === 0) return text;
  const lines = notes.slice(0, MOST_LISTED).map((note) => `- ${markdown(oneLine(note))}`);
  return { ...text, summary: ["Check in the policy file:", ...lines, "", text.summary].join("\n") };
}

/** By which version of the policy a pull request is checked that only fixes the file. */
function fixes({ path, judgedBy }: ProposedPolicy): string {
  const version =
    judgedBy == null
      ? "is checked without that file, because no version of it was ever valid"
      : `is checked against the last valid version of that file, ${short(judgedBy)}`;
  return `${markdown(path)} on the base branch has problems and blocks every pull request. This one only fixes it, so it ${version}.`;
}
