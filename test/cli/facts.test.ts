import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { canonical } from "../../src/domain/values/digest.ts";
import type { LoggedEntry } from "../../src/domain/records/entry.ts";
import type { Assessment } from "../../src/domain/values/result.ts";
import type { Snapshot } from "../../src/domain/assessment/snapshot.ts";
import { readStory, story } from "../support/scenarios.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { run } from "./run.ts";

const JUDGED = ["gate", "change", "deployment"] as const;

const folder = mkdtempSync(join(tmpdir(), "countersign-facts-"));
const schema = new Ajv2020({ strict: false, allErrors: true }).compile(
  JSON.parse(readFileSync(new URL("../../docs/facts.schema.json", import.meta.url), "utf8")) as object,
);

/** The App of the harness, as its environment would name it. */
function envOf(harness: InProcessHarness): Readonly<Record<string, string>> {
  return {
    APP_ID: "4711",
    ...("dataDir" in harness.where ? { COUNTERSIGN_DATA_DIR: harness.where.dataDir } : {}),
  };
}

async function played(name: string): Promise<InProcessHarness> {
  const scenario = story(name);
  const harness = await openHarness(scenario, "sqlite");
  const { failures } = await playScenario(scenario, harness);
  expect(failures).toEqual([]);
  return harness;
}

async function entriesOf(harness: InProcessHarness): Promise<readonly LoggedEntry[]> {
  const ledger = await harness.openLedger();
  try {
    const found: LoggedEntry[] = [];
    for (const kind of JUDGED)
      for await (const entry of ledger.states(kind, { everyOrganization: true })) found.push(entry);
    return found;
  } finally {
    await ledger.close();
  }
}

function recordedOf(entry: LoggedEntry): Assessment {
  return (entry.body as { readonly assessment: Assessment }).assessment;
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("facts out of the log", () => {
  const stories = [
    "stale-approval",
    "deployment-approved",
    "direct-push",
    "team-required",
    "check-failed-then-passed",
    "policy-broken",
    "observe",
    "force-push-main",
    "queue-good",
  ];

  test.each(stories)("assess to the recorded results, byte for byte: %s", async (name) => {
    const harness = await played(name);
    try {
      const env = envOf(harness);
      const entries = await entriesOf(harness);
      let compared = 0;
      for (const entry of entries) {
        const recorded = recordedOf(entry);
        const shown = await run(["log", "show", entry.kind, entry.subject, "--facts"], env);
        if (recorded.results.length === 0) {
          expect(shown.code).toBe(2);
          continue;
        }
        expect(shown.code, shown.said).toBe(0);
        expect(schema(JSON.parse(shown.printed)), JSON.stringify(schema.errors?.slice(0, 3))).toBe(true);
        const judged = await run(["assess", "--facts", "-", "--json"], {}, shown.printed);
        expect(canonical(JSON.parse(judged.printed))).toBe(canonical(recorded));
        expect(judged.code).toBe(["compliant", "historic"].includes(recorded.verdict) ? 0 : 1);
        compared += 1;
      }
      expect(compared).toBeGreaterThan(0);
    } finally {
      await harness.close();
    }
  });
});

describe("assess and explain", () => {
  let harness: InProcessHarness;
  let facts: string;
  let snapshot: Snapshot;
  let changeId: string;

  beforeAll(async () => {
    harness = await played("stale-approval");
    const { printed, said } = await run(["log", "show", "gate", "acme/web#1", "--facts"], envOf(harness));
    expect(said).toBe("");
    facts = join(folder, "facts.json");
    writeFileSync(facts, printed);
    snapshot = JSON.parse(printed) as Snapshot;
    changeId = (await entriesOf(harness)).find(({ kind }) => kind === "change")?.subject ?? "";
  });
  afterAll(() => harness.close());

  test("assess shows every control with its outcome and reasons, each approval, and answers 1", async () => {
    const { code, printed } = await run(["assess", "--facts", facts]);
    expect(code).toBe(1);
    expect(printed).toMatch(/^acme\/web#1 into main\nAssessed as of 2026-07-06T09:05:/u);
    expect(printed).toMatch(/^independently-approved +fail +needs 1 approval from/mu);
    expect(printed).toMatch(/^bob +no +bob approved an earlier version; the content changed afterwards$/mu);
  });

  test("assess under another policy judges by that one", async () => {
    const lax = join(folder, "lax.yml");
    writeFileSync(lax, "mode: enforce\napproval: { required: 0 }\n");
    expect((await run(["assess", "--facts", facts, "--policy", lax])).code).toBe(0);
    const strict = join(folder, "strict.yml");
    writeFileSync(strict, "checks: { required: [build] }\n");
    const { code, printed } = await run(["assess", "--facts", facts, "--policy", lax, "--policy", strict]);
    expect(code).toBe(1);
    expect(printed).toMatch(/^checks-passed +fail +waits for build$/mu);
  });

  test("assess under a policy with problems answers 2 and names them", async () => {
    const bad = join(folder, "bad.yml");
    writeFileSync(bad, "mod: enforce\n");
    const { code, said } = await run(["assess", "--facts", facts, "--policy", bad]);
    expect(code).toBe(2);
    expect(said).toContain(`${bad}:1:1: unknown key "mod"; did you mean "mode"?`);
  });

  test("assess reads the facts and nothing of the environment, the clock or the log", async () => {
    const moved = { ...snapshot, at: snapshot.at + 1000 };
    const [first, again] = [
      await run(["assess", "--facts", "-"], {}, JSON.stringify(moved)),
      await run(["assess", "--facts", "-"], { APP_ID: "1" }, JSON.stringify(moved)),
    ];
    expect(again).toEqual(first);
  });

  test.each([
    ["{", /it is no JSON/u],
    ["{}", /does not match docs\/facts\.schema\.json/u],
    [JSON.stringify({ moment: "gate", subject: {}, appId: 1, at: 0, since: 0 }), /subject\.pull: /u],
  ])("assess refuses what are no facts with the place: %s", async (text, says) => {
    const { code, said } = await run(["assess", "--facts", "-"], {}, text);
    expect(code).toBe(2);
    expect(said).toMatch(says);
  });

  test("log show names an entry by the beginning of its subject, and refuses what is not there", async () => {
    const env = envOf(harness);
    const { code, printed } = await run(["log", "show", "change", changeId.slice(0, 8)], env);
    expect(code).toBe(0);
    expect((JSON.parse(printed) as LoggedEntry).subject).toBe(changeId);
    expect((await run(["log", "show", "change", "nothing"], env)).said).toContain("has no change nothing");
    expect((await run(["log", "show", "chance", "x"], env)).said).toContain(
      '"chance" is not a kind of entry',
    );
    expect((await run(["log", "show", "gate", "acme/nowhere#1"], env)).said).toContain("acme/nowhere");
    expect((await run(["log", "show", "gate", "acme/web#99"], env)).said).toContain("has no check of");
    const repository = String(snapshot.moment === "gate" ? snapshot.subject.pull.repository.id : 0);
    expect((await run(["log", "show", "gate", `${repository}#`], env)).said).toContain("has no check of");
    expect((await run(["log", "show", "repository", repository, "--facts"], env)).said).toContain(
      "is not assessed",
    );
  });

  test("log show --facts asks which App, because the log does not say", async () => {
    const { APP_ID: _, ...env } = envOf(harness);
    const { code, said } = await run(["log", "show", "gate", "acme/web#1", "--facts"], env);
    expect(code).toBe(2);
    expect(said).toContain("--app-id");
  });

  test("policy explain says what is asked, what is there and who can give what is missing, as the check run did", async () => {
    const { code, printed } = await run(["policy", "explain", "acme/web#1"], envOf(harness));
    expect(code).toBe(1);
    expect(printed).toContain("Required by the policy:\n- 1 approval from anyone with write permission\n");
    expect(printed).toContain("Waiting for 1 approval from anyone with write permission (");
    expect(printed).toContain("open “Files changed”, then “Review changes”, then “Approve”");
    expect(printed).toContain("- bob approved an earlier version; the content changed afterwards");
    expect(printed).not.toMatch(/[\u200b\\]/u);
  });

  test("policy explain of stored facts says the same but for who could approve, which they do not hold", async () => {
    const { code, printed } = await run(["policy", "explain", "--facts", facts]);
    const told = await run(["policy", "explain", "acme/web#1"], envOf(harness));
    expect(code).toBe(1);
    const nameless = (text: string): string =>
      text.replaceAll(/ \([a-z, -]+\)/gu, "").replaceAll(/^.*(?=: open “Files changed”)/gmu, "");
    expect(nameless(printed)).toBe(nameless(told.printed));
  });

  test("policy explain of what landed says what it lacked", async () => {
    const { printed: change } = await run(["log", "show", "change", changeId, "--facts"], envOf(harness));
    const { code, printed } = await run(["policy", "explain", "--facts", "-"], {}, change);
    expect(code).toBe(1);
    expect(printed).toContain("This is non-compliant.");
    expect(printed).toContain("- 1 approval from anyone with write permission");
    expect(printed).toMatch(/What is missing:\n- it lacked 1 approval/u);
  });

  test("policy explain wants one change, named one way", async () => {
    expect((await run(["policy", "explain"])).code).toBe(2);
    expect((await run(["policy", "explain", "acme/web#1", "--facts", facts])).code).toBe(2);
    expect((await run(["policy", "explain", "acme/web"], envOf(harness))).said).toContain("OWNER/REPO#N");
  });
});

test("what was not in scope is explained as such, and holds no facts to judge", async () => {
  const story = readStory(
    `name: aside
policy: { mode: enforce }
people: { ann: { permission: write } }
story:
  - { do: create-branch, branch: aside, from: main }
  - { do: open-pull-request, by: ann, pull: 1, branch: feature, base: aside, files: { a.ts: "1" } }
`,
    "aside",
  );
  const harness = await openHarness(story, "sqlite");
  try {
    expect((await playScenario(story, harness)).failures).toEqual([]);
    const { code, printed } = await run(["policy", "explain", "acme/web#1"], envOf(harness));
    expect(code).toBe(0);
    expect(printed).toContain("Not in scope: aside is not a production branch");
    const shown = await run(["log", "show", "gate", "acme/web#1", "--facts"], envOf(harness));
    expect(shown.code).toBe(2);
    expect(shown.said).toContain("its base was not a production branch");
  } finally {
    await harness.close();
  }
});
