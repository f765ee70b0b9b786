/**
 * No more than so many commits of one pull request are compared: whoever makes more of it necessary gains nothing by it.
 *
 * @module-tag long
 */

import { expect, test } from "vitest";

import { openRig, type Rig } from "../robustness/rig.ts";
import { readStory } from "../support/scenarios.ts";
import { freshDatabase } from "../support/stores.ts";

const MINUTE = 60_000;

/** So many people approve, each before another push that changes nothing: every approval is compared with every later head. */
const READERS = Array.from({ length: 12 }, (_, index) => `reader${index}`);

const STORY = readStory(
  `name: many approvals of one content
policy: { mode: observe, approval: { required: 1, from: { users: [bob] } } }
people: { ann: { permission: admin }, bob: { permission: write }, ${READERS.map((name) => `${name}: { permission: read }`).join(", ")} }
story: []
`,
  "questions",
);

async function onRig(steps: readonly Parameters<Rig["double"]["act"]>[0][]): Promise<string | undefined> {
  const { where, remove } = await freshDatabase("sqlite");
  const rig = await openRig(STORY, where);
  try {
    let now = STORY.start;
    for (const step of steps) {
      now += MINUTE;
      await rig.double.setClock(now);
      const { refused, unplayable } = await rig.double.act(step);
      expect(refused ?? unplayable).toBeNull();
    }
    await rig.settle();
    await rig.moveTo(now + MINUTE);
    await rig.settle();
    for await (const { body } of rig.ledger.states("change", { everyOrganization: true }))
      return body.assessment.verdict;
    return undefined;
  } finally {
    await rig.close();
    await remove();
  }
}

const APPROVED = ["bob", ...READERS].flatMap((by) => [
  { do: "review", by, pull: 1, state: "approved" },
  { do: "push", by: "ann", branch: "feature", files: {} },
]);

function storyOf(via: "git" | "deploy-key"): Parameters<typeof onRig>[0] {
  return [
    { do: "open-pull-request", by: "ann", pull: 1, branch: "feature", files: { "a.ts": "1" } },
    { do: "push", by: "ann", branch: "feature", via, files: { "b.ts": "1" } },
    ...APPROVED,
    { do: "merge", by: "ann", pull: 1, method: "squash" },
  ];
}

test("a push by deploy key is one also where more has to be compared than is", async () => {
  expect(await onRig(storyOf("deploy-key"))).toBe("unverifiable");
});

test("without a deploy key the same approval counts", async () => {
  expect(await onRig(storyOf("git"))).toBe("compliant");
});
