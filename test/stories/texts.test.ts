import { expect, test } from "vitest";

import { problemsOf } from "../support/texts.ts";

test.each([
  [
    "long",
    "word ".repeat(70),
    ["70 words before anything to look up", "no sentence says what happened", "it does not say what to do"],
  ],
  ["idle", "It rained.", ["it does not say what to do"]],
  ["late", "A review is due. Review it.", ["something is due, and it does not say by when"]],
  ["good", "A review is due by 2026-07-08. Review it.\n| a | b |", []],
])("a text that is %s is found out", (_, body, problems) => {
  expect(problemsOf({ kind: "comment", state: "", title: "", body, story: "" })).toEqual(problems);
});
