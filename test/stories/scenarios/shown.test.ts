import { beforeAll, describe, expect, test } from "vitest";

import { scenarios, story } from "../../support/scenarios.ts";
import { problemsOf, SHOWN, Texts, textsPage } from "../../support/texts.ts";
import { partOf, PARTS, play, testStories } from "./play-each.ts";

const shown = SHOWN.map(story);
const texts = new Texts();

testStories(shown, (scenario) => (stage) => texts.look(stage, scenario));

test("each story has a name of its own, and is played by one file", () => {
  const names = scenarios().map((scenario) => scenario.name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  const parts = Array.from({ length: PARTS }, (_, index) => partOf(index + 1)).flat();
  expect([...parts, ...shown].map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});

describe("what developers and owners read", { tags: ["long"] }, () => {
  // Those that were not among the tests of this run.
  beforeAll(async () => {
    for (const scenario of shown) {
      if (!texts.has(scenario)) await play(scenario, { settled: (stage) => texts.look(stage, scenario) });
    }
  });

  test("says what happened, what to do, by when where there is a date, in under 60 words before anything to look up", () => {
    const wrong = texts
      .of(shown)
      .flatMap((text) =>
        problemsOf(text).map(
          (problem) => `${problem}: ${text.kind}: ${text.title}\n${text.body.slice(0, 600)}`,
        ),
      );
    expect(wrong).toEqual([]);
  });

  test("is on a page (npm run texts writes it anew)", async () => {
    await expect(textsPage(texts.of(shown))).toMatchFileSnapshot("../../../docs/texts.md");
  });
});
