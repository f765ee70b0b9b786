/** What follows from a step of an emergency is stored with it: whatever fails next, the change is judged again and the check renewed. */

import { expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import type { LoggedEntry } from "../../src/domain/records/entry.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";

const BEGINNING = `policy:
  mode: enforce
  emergency: { authorisers: { teams: [acme/on-call] }, review-within: 2 business days }
people:
  ann: { permission: write }
  bob: { permission: write, teams: [on-call] }
  cat: { permission: write }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: hotfix, files: { a.ts: "1" } }
  - { do: command, by: ann, pull: 1, text: "/countersign emergency the shop is down", after: 1m }
  - { do: command, by: bob, pull: 1, text: "/countersign authorise", after: 1m }
`;

const REJECTED = readStory(
  `name: a rejecting review while the App was down
${BEGINNING}  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: kill, after: 1h }
  - { do: review, by: cat, pull: 1, state: changes-requested, after: 1h }
  - { do: restart, after: 4d }
  - { do: wait, for: 5d }
`,
  "rejected",
);

const EXPIRED = readStory(
  `name: an emergency that ends
${BEGINNING}  - { do: wait, for: 290m }
`,
  "expired",
);

/** Plays a story; `failing`: the write fails that comes after the first entry of which it is true. */
async function played(
  story: typeof REJECTED,
  failing: (entry: LoggedEntry) => boolean,
  look: (harness: InProcessHarness) => Promise<void>,
): Promise<void> {
  let failed = 0;
  let isNext = false;
  const harness = await openHarness(story, "sqlite", {
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
        if (failed === 0) isNext ||= done.some(failing);
        return done;
      };
      return ledger;
    },
  });
  try {
    expect((await playScenario(story, harness)).failures).toEqual([]);
    expect(failed).toBe(1);
    await look(harness);
  } finally {
    await harness.close();
  }
}

test("a change whose emergency a review rejected is judged again", async () => {
  await played(
    REJECTED,
    ({ kind, body }) => kind === "retroactive-review" && "status" in body && body.status === "rejected",
    async (harness) => {
      const ledger = await harness.openLedger();
      const verdicts: string[] = [];
      for await (const { body } of ledger.states("change", { everyOrganization: true }))
        verdicts.push(body.assessment.verdict);
      const deviations: string[] = [];
      for await (const { body } of ledger.states("deviation", { everyOrganization: true }))
        deviations.push(body.type);
      await ledger.close();
      expect(verdicts).toEqual(["non-compliant"]);
      expect(deviations).toHaveLength(1);
    },
  );
});

test("an emergency that ended lets nothing through", async () => {
  await played(
    EXPIRED,
    ({ kind, body }) => kind === "emergency" && "status" in body && body.status === "expired",
    async (harness) => {
      const ledger = await harness.openLedger();
      const conclusions: (string | null)[] = [];
      for await (const { body } of ledger.states("gate", { everyOrganization: true }))
        conclusions.push(body.check.conclusion);
      await ledger.close();
      // It waits for a review, as any pull request does.
      expect(conclusions).toEqual([null]);
    },
  );
});
