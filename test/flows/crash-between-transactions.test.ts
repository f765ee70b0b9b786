/** What follows from a change is stored with it: whatever fails next, its deviation lists it. */

import { expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { openHarness } from "../support/harness.ts";
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
  let failed = 0;
  let isNext = false;
  const harness = await openHarness(STORY, "sqlite", {
    openLedger: async (where) => {
      const ledger = await openLedger(where);
      const record = ledger.record.bind(ledger);
      ledger.record = async (decision, ...rest) => {
        if (isNext) {
          isNext = false;
          failed += 1;
          throw new ExternalError("database-unreachable", "The write failed, as planned.");
        }
        const done = await record(decision, ...rest);
        if (done.some(({ kind }) => kind === "change")) isNext = failing.has((changes += 1));
        return done;
      };
      return ledger;
    },
  });
  try {
    const { failures } = await playScenario(STORY, harness);
    expect(failures).toEqual([]);
    const ledger = await harness.openLedger();
    const deviating: string[] = [];
    const listed: string[] = [];
    for await (const { body } of ledger.states("change", { everyOrganization: true }))
      if (body.assessment.verdict === "non-compliant") deviating.push(body.change.id);
    for await (const { body } of ledger.states("deviation", { everyOrganization: true }))
      listed.push(...body.subjects);
    await ledger.close();
    return { failed, deviating: deviating.toSorted(), listed: listed.toSorted() };
  } finally {
    await harness.close();
  }
}

test.each([[[]], [[1]], [[2]], [[3]], [[1, 2, 3]]])(
  "with the write failing that comes after changes %o, each change is listed",
  async (failing) => {
    const { failed, deviating, listed } = await played(new Set(failing));
    expect(failed).toBe(failing.length);
    expect(deviating).toHaveLength(3);
    expect(listed).toEqual(deviating);
  },
);
