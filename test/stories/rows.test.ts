import { expect, test } from "vitest";

import { differences } from "../support/rows.ts";

test("a gap that only one play has is shown with what it says, which is not compared otherwise", () => {
  const gap = (kind: string, says: string): string => `{"kind":"${kind}"}\nsays "${says}"`;
  const one = { "coverage-gaps": [gap("lost", "3 were tried")] };
  const other = { "coverage-gaps": [gap("lost", "2 were tried"), gap("clock", "it was wrong")] };
  expect(differences(one, other)).toEqual(['+ coverage-gaps {"kind":"clock"} says "it was wrong"']);
  expect(differences(other, one)).toEqual(['- coverage-gaps {"kind":"clock"} says "it was wrong"']);
  expect(differences(one, one)).toEqual([]);
});
