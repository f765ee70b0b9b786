/** What follows from a step of an emergency is stored with it: whatever fails next, the change is judged again and the check renewed. */

import { expect, test } from "vitest";

import type { EntryKind, LoggedEntry } from "../../src/domain/records/entry.ts";
import { playFailing } from "../support/failing-next.ts";
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

/** Returns whether the next write fails: once, after the first one that records an entry with this status. */
function afterFirst(wanted: EntryKind, status: string): (written: readonly LoggedEntry[]) => boolean {
  let found = 0;
  return (written) =>
    written.some(({ kind, body }) => kind === wanted && "status" in body && body.status === status) &&
    (found += 1) === 1;
}

test("a change whose emergency a review rejected is judged again", async () => {
  const { failed, seen } = await playFailing(
    REJECTED,
    afterFirst("retroactive-review", "rejected"),
    async (ledger) => {
      const verdicts: string[] = [];
      for await (const { body } of ledger.states("change", { everyOrganization: true }))
        verdicts.push(body.assessment.verdict);
      const deviations: string[] = [];
      for await (const { body } of ledger.states("deviation", { everyOrganization: true }))
        deviations.push(body.type);
      return { verdicts, deviations };
    },
  );
  expect(failed).toBe(1);
  expect(seen.verdicts).toEqual(["non-compliant"]);
  expect(seen.deviations).toHaveLength(1);
});

test("an emergency that ended lets nothing through", async () => {
  const { failed, seen } = await playFailing(EXPIRED, afterFirst("emergency", "expired"), async (ledger) => {
    const conclusions: (string | null)[] = [];
    for await (const { body } of ledger.states("gate", { everyOrganization: true }))
      conclusions.push(body.check.conclusion);
    return conclusions;
  });
  expect(failed).toBe(1);
  // It waits for a review, as any pull request does.
  expect(seen).toEqual([null]);
});
