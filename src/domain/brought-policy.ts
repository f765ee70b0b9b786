/** A policy file that a pull request would bring: its problems are said where they are, before it rules anything. */

import type { BroughtPolicy, PullRequest } from "./change.ts";
import type { CheckRunText } from "./record.ts";
import { clipped, listed, markdown, oneLine, short } from "./wording.ts";

/** GitHub takes so many notes at once. */
const MOST_NOTES = 50;

/** GitHub shows so much of a title. */
const TITLE_LENGTH = 250;

/** So many problems are told in the text as well. */
const MOST_TOLD = 10;

/** What the check run says where a policy file would be brought: with problems it fails, unless the policy only observes. */
export function withBroughtPolicy(
  given: CheckRunText,
  pulls: readonly PullRequest[],
  observing: boolean,
): CheckRunText {
  const brought = pulls.flatMap(({ broughtPolicy }) => (broughtPolicy === undefined ? [] : [broughtPolicy]));
  const text = withNotes(given, brought);
  const annotations = brought.flatMap(({ path, problems }) =>
    problems.map(({ line, column, message }) => ({ path, line, column, message: oneLine(message) })),
  );
  const [first] = annotations;
  const mending = brought.find(({ judgedBy }) => judgedBy !== undefined);
  if (first === undefined)
    return mending === undefined ? text : { ...text, summary: `${mends(mending)}\n\n${text.summary}` };
  const count = annotations.length === 1 ? "a problem" : `${annotations.length} problems`;
  const paths = listed([...new Set(annotations.map(({ path }) => path))]);
  const title = `The policy file it would bring has ${count}: line ${first.line}: ${first.message}`;
  const told = annotations
    .slice(0, MOST_TOLD)
    .map(({ line, column, message }) => `- line ${line}, column ${column}: ${markdown(message)}`);
  const more = annotations.length - told.length;
  const summary = [
    `${markdown(paths)} as this would change it cannot be used; until it is mended here, this is not merged:`,
    ...told,
    ...(more > 0 ? [`- and ${more} more`] : []),
    "",
    text.conclusion === "success" && !observing
      ? "Everything else the policy asks for is there."
      : text.summary,
  ].join("\n");
  return {
    ...text,
    ...(observing ? {} : { status: "completed" as const, conclusion: "failure" as const }),
    title: observing ? text.title : clipped(title, TITLE_LENGTH),
    summary,
    annotations: annotations.slice(0, MOST_NOTES),
  };
}

/** What whoever reviews the file should know stands before everything else. */
function withNotes(text: CheckRunText, brought: readonly BroughtPolicy[]): CheckRunText {
  const notes = brought.flatMap((each) => each.notes ?? []);
  if (notes.length === 0) return text;
  const lines = notes.slice(0, MOST_TOLD).map((note) => `- ${markdown(oneLine(note))}`);
  return { ...text, summary: ["Take care, reading the policy file:", ...lines, "", text.summary].join("\n") };
}

/** By what a pull request is judged that does nothing but mend the file. */
function mends({ path, judgedBy }: BroughtPolicy): string {
  const version =
    judgedBy == null
      ? "no version of it could ever be used, so it is judged without one"
      : `it is judged by that file as it last could be used, at ${short(judgedBy)}`;
  return `${markdown(path)} as it is on the base lets nothing pass. This does nothing but mend it: ${version}.`;
}
