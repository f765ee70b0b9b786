import { expect, test } from "vitest";

import { problemsOf } from "../support/texts.ts";

test.each([
  [
    "long",
    Array.from({ length: 70 }, (_, index) => `word${index}`)
      .join(" ")
      .replaceAll(/(word\d*9) /gu, "$1\n"),
    ["70 words before anything to look up", "no sentence says what happened", "it does not say what to do"],
  ],
  ["idle", "It rained.", ["it does not say what to do"]],
  ["late", "A review is due. Review it.", ["something is due, and it does not say by when"]],
  ["good", "A review is due by 2026-07-08. Review it.\n| a | b |", []],
  ["private", "Somebody must mend it.", ["“Somebody” is nobody's word"]],
  [
    "breathless",
    `Review ${"this and that and ".repeat(5)}then merge it.`,
    [
      "a sentence of over 20 words: Review this and that and this and that and this and that and this and that and this and that and then merge it.",
    ],
  ],
  [
    "wordy",
    "Review what was merged today.\n- **Review** what was merged today.",
    ["said twice: review what was merged today"],
  ],
  [
    "for an operator",
    "Look: `countersign emergency declare`.",
    ["a command that only an operator can run, and it does not say so"],
  ],
])("a text that is %s is found out", (_, body, problems) => {
  expect(problemsOf({ kind: "comment", state: "", title: "", body, story: "" })).toEqual(problems);
});

const HINT = "<details><summary>If it cannot wait</summary>\n\nComment it.\n\n</details>";

test.each([
  ["says who does what", `**bob**: approve.\n\n${HINT}`, []],
  ["says that nobody does", `This check updates by itself.\n\n${HINT}`, []],
  [
    "says neither",
    `No approval was given.\n\n${HINT}`,
    ["the first line does not say who does what: No approval was given."],
  ],
  [
    "shows a time for machines",
    `**bob**: approve by 2026-07-08T09:03:00Z.\n\n${HINT}`,
    ["a time that no reader's clock shows"],
  ],
  ["leaves no way out", "**bob**: approve.", ["it does not say what to do if it cannot wait"]],
])("a check run that %s is told from others", (_, body, problems) => {
  expect(
    problemsOf({ kind: "check run", state: "failure", title: "Waiting for bob", body, story: "" }),
  ).toEqual(problems);
});
