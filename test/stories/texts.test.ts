import { beforeAll, describe, expect, test } from "vitest";

import { problemsOf, textsOfStories, textsPage, type Met } from "../support/texts.ts";

let texts: readonly Met[] = [];

beforeAll(async () => {
  texts = await textsOfStories();
});

describe("what developers and owners read", () => {
  test("says what happened, what to do, by when where there is a date, in under 60 words before anything to look up", () => {
    const wrong = texts.flatMap((text) =>
      problemsOf(text).map(
        (problem) => `${problem}: ${text.kind}: ${text.title}\n${text.body.slice(0, 600)}`,
      ),
    );
    expect(wrong).toEqual([]);
  });

  test("is on a page (npm run texts writes it anew)", async () => {
    await expect(textsPage(texts)).toMatchFileSnapshot("../../docs/texts.md");
  });

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
});
