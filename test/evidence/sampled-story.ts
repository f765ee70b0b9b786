/** A package made of a played story, for tests of samples: an emergency, a push with its remediation, and what cannot be verified. */

import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { writePackage } from "../../src/cli/evidence/write-package.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import { printScenarioResult } from "../../src/cli/scenario/result.ts";
import { openHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";

const STORY = `
name: a week to sample
policy:
  mode: enforce
  approval: { required: 1, from: { teams: [acme/core] } }
  record: { pattern: "CHG-[0-9]+", in: [title, body] }
  emergency: { authorisers: { teams: [acme/on-call] } }
people:
  ann: { permission: write }
  bob: { permission: write, teams: [core] }
  cat: { permission: admin, teams: [on-call] }
  dan: { permission: write, teams: [core] }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: "one-&-<b>two", title: "CHG-1 <script>alert(1)</script> | a; b 100%", files: { src/a.ts: "1" } }
  - { do: review, by: bob, pull: 1, state: approved, after: 1m }
  - { do: push, by: ann, branch: "one-&-<b>two", files: { src/a.ts: "2" }, after: 5m }
  - { do: review, by: dan, pull: 1, state: approved, after: 5m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: deploy, by: cat, environment: production, commit: main, after: 5m }
  - { do: open-pull-request, by: ann, pull: 2, branch: hotfix, title: "CHG-2 stop it", body: "Stops the leak.\\n\\n<b>Risk</b>: low", files: { src/b.ts: "1" }, after: 1h }
  - { do: command, by: ann, pull: 2, text: "/countersign emergency <img src=x onerror=alert(1)> the shop is down", after: 1m }
  - { do: command, by: cat, pull: 2, text: "/countersign authorise", after: 1m }
  - { do: merge, by: ann, pull: 2, method: squash, after: 1m }
  - { do: command, by: dan, pull: 2, text: "/countersign approve read it twice", after: 2h }
  - { do: push, by: cat, branch: main, files: { src/c.ts: "1" }, bypass: true, as: pushed, after: 1h }
  - { do: deploy, by: cat, environment: production, commit: main, after: 5m }
  - { do: command, by: cat, deviation: 1001, text: "/countersign cause process: nobody was awake" }
  - { do: command, by: dan, deviation: 1001, text: "/countersign owner @dan" }
  - { do: command, by: dan, deviation: 1001, text: "/countersign due 2026-09-01" }
  - { do: open-pull-request, by: ann, pull: 3, branch: three, files: { src/d.ts: "1" }, body: For CHG-3, after: 1h }
  - { do: review, by: bob, pull: 3, state: approved }
  - { do: outage, after: 5m }
  - { do: merge, by: ann, pull: 3, after: 5m }
  - { do: edit-pull-request, by: ann, pull: 3, body: "still for CHG-3", after: 1m }
  - { do: recover, after: 3d }
  - { do: sweep }
expect:
  changes:
    exactly: true
    rows:
      - { pull: 1, verdict: compliant, approvers: [dan] }
      - { pull: 2, verdict: emergency }
      - { step: pushed, verdict: non-compliant }
      - { pull: 3, verdict: unverifiable }
  deviations: [{ step: pushed, type: operating }]
`;

/** Plays the story and exports it: a folder and its zip, in a place of their own that `close` removes. */
export async function sampledStory(): Promise<{
  readonly place: string;
  readonly evidence: string;
  readonly close: () => Promise<void>;
}> {
  const place = await mkdtemp(join(tmpdir(), "countersign-sample-"));
  const close = (): Promise<void> => rm(place, { recursive: true, force: true });
  const story = readStory(STORY, "test/evidence/sampled-story.ts");
  const harness = await openHarness(story, "sqlite");
  try {
    const result = await playScenario(story, harness);
    if (result.failures.length > 0) throw new Error(printScenarioResult(result));
    const evidence = join(place, "evidence");
    const now = result.steps.at(-1)?.at ?? story.start;
    const period = { name: "2026-07", from: story.start, to: now + 1000 };
    await harness.app.reconcile("acme", period.from, period.to);
    const ledger = await harness.openLedger();
    try {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      await writePackage(ledger, {
        organization: "acme",
        period,
        out: evidence,
        zip: true,
        signingKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
        apiUrl: "https://api.github.com",
        generatedAt: now,
      });
    } finally {
      await ledger.close();
    }
    return { place, evidence, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    await harness.close();
  }
}
