import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { readStory } from "../support/scenarios.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { run, type Ran } from "./run.ts";

const STORY = `name: a period
policy: { mode: enforce }
repositories: { api: null }
people:
  ann: { permission: write }
  bob: { permission: write }
  cy: { permission: write, teams: [core] }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: one, files: { a.ts: "1" } }
  - { do: review, by: bob, pull: 1, state: approved, after: 5m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: open-pull-request, by: ann, pull: 2, branch: two, files: { db/b.sql: "1" } }
  - { do: review, by: bob, pull: 2, state: approved, after: 5m }
  - { do: review, by: cy, pull: 2, state: approved, after: 5m }
  - { do: merge, by: ann, pull: 2, method: squash, after: 1m }
  - { do: push, by: ann, repository: api, branch: main, files: { c.ts: "1" }, bypass: true, after: 1m }
`;

/** An emergency, and a release of what landed approved on another branch. */
const LEAVES = `name: leaves and a release
policy: { mode: enforce, production: { integration: [develop] }, emergency: { authorisers: { users: [cy] } } }
people:
  ann: { permission: write }
  bob: { permission: write }
  cy: { permission: write }
story:
  - { do: create-branch, by: ann, branch: develop, from: main }
  - { do: open-pull-request, by: ann, pull: 1, branch: urgent, files: { a.ts: "1" } }
  - { do: command, by: ann, pull: 1, text: "/countersign emergency the shop is down", after: 1m }
  - { do: command, by: cy, pull: 1, text: "/countersign authorise", after: 1m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: open-pull-request, by: ann, pull: 2, branch: two, base: develop, files: { b.ts: "1" }, after: 1m }
  - { do: review, by: bob, pull: 2, state: approved, after: 5m }
  - { do: review, by: cy, pull: 2, state: approved, after: 5m }
  - { do: merge, by: ann, pull: 2, method: squash, after: 1m }
  - { do: open-pull-request, by: ann, pull: 3, branch: develop, base: main, after: 1m }
  - { do: merge, by: ann, pull: 3, method: merge, after: 1m }
`;

const folder = mkdtempSync(join(tmpdir(), "countersign-try-"));
let harness: InProcessHarness;
let leaves: InProcessHarness;

async function played(text: string): Promise<InProcessHarness> {
  const story = readStory(text, "a period");
  const opened = await openHarness(story, "sqlite");
  const { failures } = await playScenario(story, opened);
  expect(failures).toEqual([]);
  return opened;
}

beforeAll(async () => {
  harness = await played(STORY);
  leaves = await played(LEAVES);
});
afterAll(async () => {
  await harness.close();
  await leaves.close();
  rmSync(folder, { recursive: true, force: true });
});

function attempt(policy: string, ...more: readonly string[]): Promise<Ran> {
  return attemptOn(harness, policy, ...more);
}

function attemptOn({ where }: InProcessHarness, policy: string, ...more: readonly string[]): Promise<Ran> {
  const file = join(folder, "new.yml");
  writeFileSync(file, policy);
  const dataDir = "dataDir" in where ? where.dataDir : "";
  const span = ["--from", "2026-07-06", "--to", "2026-07-07"];
  return run(["policy", "try", file, ...span, ...more], { APP_ID: "4711", COUNTERSIGN_DATA_DIR: dataDir });
}

describe("policy try", () => {
  test("names each change it would have refused, with its verdict then, the control and the reason, and answers 1", async () => {
    const { code, printed } = await attempt("approval: { required: 2 }\n");
    expect(code).toBe(1);
    expect(printed).toMatch(
      /^acme\/web#1 +compliant +refused +independently-approved +it lacked 1 approval/mu,
    );
    expect(printed).toMatch(/^acme\/web#2 +compliant +passes$/mu);
    expect(printed).toMatch(/^acme\/api push [0-9a-f]{7} +non-compliant +refused +independently-approved/mu);
    expect(printed).toContain("3 changes: 1 would pass, 2 would have been refused, 0 are unverifiable.");
  });

  test("leaves open what nobody asked GitHub then, which is neither a pass nor a refusal", async () => {
    const { code, printed } = await attempt(
      "approval: { from: { teams: [acme/core] } }\n",
      "--repo",
      "acme/web",
    );
    expect(code).toBe(0);
    expect(printed).toMatch(
      /^acme\/web#2 +compliant +unverifiable +independently-approved +bob's approval cannot be verified/mu,
    );
    expect(printed).toContain("2 changes: 0 would pass, 0 would have been refused, 2 are unverifiable.");
    const rule =
      "rules: [{ name: db, when: { paths: ['db/**'] }, approval: { from: { permission: admin } } }]\n";
    expect((await attempt(rule, "--repo", "acme/web")).printed).toContain(
      "the rule “db” applies cannot be verified",
    );
  });

  test("answers 0 where nothing would have been refused, and prints all of it for machines", async () => {
    const { code, printed } = await attempt("approval: { required: 1 }\n", "--repo", "ACME/Web", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({
      counts: { changes: 2, passes: 2, refused: 0, cannotTell: 0 },
      changes: [
        { repository: "acme/web", pulls: [1], was: "compliant", with: "lets-through" },
        { repository: "acme/web", pulls: [2], with: "lets-through" },
      ],
    });
  });

  test("counts what passes only by exception apart: an emergency of then as far as the policy lets it, and the policy's exemptions", async () => {
    const gathers = "production: { integration: [develop] }\n";
    const { code, printed } = await attemptOn(leaves, `${gathers}approval: { required: 2 }\n`);
    expect(code).toBe(0);
    expect(printed).toMatch(
      /^acme\/web#1 +emergency +passes by exception +independently-approved +waived in an emergency that cy authorised/mu,
    );
    expect(printed).toMatch(/^acme\/web#3 +compliant +passes$/mu);
    expect(printed).toContain(
      "2 changes: 1 would pass, 1 only by an emergency or exemption, 0 would have been refused",
    );
    const narrow = `${gathers}emergency: { waives: [checks-passed] }\n`;
    expect((await attemptOn(leaves, narrow)).printed).toMatch(/^acme\/web#1 +emergency +refused/mu);
    const exempted = `${narrow}exemptions: [{ repository: web, controls: [independently-approved], reason: legacy, approved-by: carol, expires: 2027-01-01 }]\n`;
    expect((await attemptOn(leaves, exempted)).printed).toMatch(
      /^acme\/web#1 +emergency +passes by exception +independently-approved +exempted until 2027-01-01 \(legacy\), supposed to be approved by carol/mu,
    );
  });

  test("lets a release pass only where what landed before would have landed under the policy too", async () => {
    const three = "production: { integration: [develop] }\napproval: { required: 3 }\n";
    const { code, printed } = await attemptOn(leaves, three);
    expect(code).toBe(1);
    expect(printed).toMatch(
      /^acme\/web#3 +compliant +refused +independently-approved +it lacked 3 approvals/mu,
    );
  });

  test("refuses a policy with problems, and a span that ends before it begins", async () => {
    const { code, said } = await attempt("aproval: {}\n");
    expect(code).toBe(2);
    expect(said).toContain('unknown key "aproval"; did you mean "approval"?');
    expect(
      (await run(["policy", "try", "-", "--from", "2026-07-07", "--to", "2026-07-06"], { APP_ID: "1" })).said,
    ).toContain("--from must be before --to.");
  });
});
