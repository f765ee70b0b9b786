/** What follows from a change is stored with it: whatever fails next, its deviation lists it. */

import { expect, test } from "vitest";

import type { LoggedEntry } from "../../src/domain/records/entry.ts";
import { playFailing } from "../support/failing-next.ts";
import { readStory } from "../support/scenarios.ts";

const STORY = readStory(
  `name: three changes while nothing holds them
policy: { mode: enforce }
people: { ann: { permission: write }, eve: { permission: admin } }
story:
  - { do: edit-ruleset, by: eve, branch: main, enforcement: disabled, after: 1h }
  - { do: push, by: eve, branch: main, files: { a.ts: "1" }, after: 1m }
  - { do: push, by: eve, branch: main, files: { a.ts: "2" }, after: 1m }
  - { do: push, by: eve, branch: main, files: { a.ts: "3" }, after: 1m }
  - { do: wait, for: 10m }
  - { do: edit-ruleset, by: eve, branch: main, enforcement: active, after: 1m }
  - { do: wait, for: 10m }
`,
  "crash",
);

/** Which changes deviate, and which of them a deviation lists; `failing`: the writes after which changes the next one fails. */
async function played(failing: ReadonlySet<number>) {
  let changes = 0;
  const isFailing = (written: readonly LoggedEntry[]): boolean =>
    written.some(({ kind }) => kind === "change") && failing.has((changes += 1));
  return playFailing(STORY, isFailing, async (ledger) => {
    const deviating: string[] = [];
    const listed: string[] = [];
    for await (const { body } of ledger.states("change", { everyOrganization: true }))
      if (body.assessment.verdict === "non-compliant") deviating.push(body.change.id);
    for await (const { body } of ledger.states("deviation", { everyOrganization: true }))
      listed.push(...body.subjects);
    return { deviating: deviating.toSorted(), listed: listed.toSorted() };
  });
}

test.each([[[]], [[1]], [[2]], [[3]], [[1, 2, 3]]])(
  "with the write failing that comes after changes %o, each change is listed",
  async (failing) => {
    const { failed, seen } = await played(new Set(failing));
    const { deviating, listed } = seen;
    expect(failed).toBe(failing.length);
    expect(deviating).toHaveLength(3);
    expect(listed).toEqual(deviating);
  },
);
