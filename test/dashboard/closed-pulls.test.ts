/** The page of a pull request that is open no more: what its check asked for is not asked for any more. */

import { expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { printScenarioResult } from "../../src/cli/scenario/result.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { EmergencyState } from "../../src/domain/records/emergency.ts";
import { openHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";
import { pagesOf } from "./browsing.ts";

const DECLARED = `
name: an emergency that nobody authorises
policy:
  mode: enforce
  approval: { required: 1 }
  emergency: { authorisers: { users: [cat] }, review-within: 2 days }
people:
  ann: { permission: write }
  cat: { permission: admin }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: one, title: "one", files: { src/a.ts: "1" } }
  - { do: command, by: ann, pull: 1, text: "/countersign emergency the shop is down", after: 1m }`;

/** The text of the page of pull request 1 after more steps, with its emergency in another state where one is given. */
async function pageAfter(steps: readonly string[], status?: EmergencyState): Promise<string> {
  const story = readStory([DECLARED, ...steps].join("\n  - "), "test/dashboard/closed-pulls.test.ts");
  const harness = await openHarness(story, "sqlite");
  try {
    const result = await playScenario(story, harness);
    if (result.failures.length > 0) throw new Error(printScenarioResult(result));
    const ledger = await openLedger(harness.where);
    try {
      let id = 0;
      for await (const { organizationId } of ledger.states("repository", { everyOrganization: true }))
        id = organizationId;
      for await (const { kind, subject, repositoryId, organizationId, at, body } of ledger.states(
        "emergency",
        { everyOrganization: true },
      ))
        if (status !== undefined)
          await ledger.record(
            { entries: [{ kind, subject, repositoryId, organizationId, at, body: { ...body, status } }] },
            at,
          );
      const now = result.steps.at(-1)?.at ?? story.start;
      const { ask } = pagesOf(ledger, { organizations: [{ id, login: "acme" }], now });
      const html = await (await ask("/pulls/acme/web/1")).text();
      const [main = ""] = html.split('<h2 id="approvals">');
      return main.replaceAll(/<[^>]*>/gu, " ").replaceAll(/\s+/gu, " ");
    } finally {
      await ledger.close();
    }
  } finally {
    await harness.close();
  }
}

const ASKS = /waits for cat to authorise|comment \/countersign authorise/u;

test("shows what its check asks for while it is open, and again once it is reopened", async () => {
  expect(await pageAfter(["{ do: wait, for: 1m }"])).toMatch(/What to do now The emergency waits for cat/u);
  const reopened = await pageAfter([
    "{ do: close, by: ann, pull: 1, after: 1m }",
    "{ do: reopen, by: ann, pull: 1, after: 1m }",
    "{ do: wait, for: 1m }",
  ]);
  expect(reopened).not.toMatch(/it was closed/u);
});

test("has nothing to do once it is closed, and nobody is asked to authorise anything", async () => {
  const text = await pageAfter(["{ do: close, by: ann, pull: 1, after: 1m }", "{ do: wait, for: 3d }"]);
  expect(text).toMatch(/What to do now Nothing: it was closed at \d{4}-\d{2}-\d{2} \d{2}:\d{2} \. To go on/u);
  const [, after = ""] = text.split("What the check showed before it was closed");
  expect(after).not.toBe("");
  expect(text.split("What the check showed before it was closed")[0]).not.toMatch(ASKS);
  expect(after.split(" Emergency EMG-")[1]).not.toMatch(ASKS);
});

test("asks for nothing that a newer entry contradicts, though nobody reported that it was closed", async () => {
  const text = await pageAfter(["{ do: wait, for: 1m }"], "expired");
  expect(text).not.toMatch(ASKS);
  expect(text).toMatch(/What the check asked for at \d{4}/u);
});
