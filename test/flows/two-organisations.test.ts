/** One App on two organisations whose repositories, numbers and people have the same names. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { runProgram } from "../../src/cli/program.ts";
import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import { untilIdle } from "../../src/cli/scenario/clock.ts";
import type { ChangeRecord } from "../../src/domain/records/change.ts";
import { addInstalledOrganization } from "../github/setup.ts";
import { environmentOf } from "../support/app.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";

const STORY = readStory(
  `name: two organisations
policy: { mode: enforce, approval: { required: 1 }, record: { pattern: "ACME-\\\\d+", in: [title] } }
people:
  ann: { permission: write, teams: [core] }
  bob: { permission: write }
  adm: { permission: admin }
start: 2026-02-02T09:00:00Z
story: []
`,
  "two organisations",
);

const BOTH = ["acme", "globex"] as const;

let harness: InProcessHarness;
let folder: string;

async function act(step: DoStep): Promise<void> {
  expect(await harness.double.act(step)).toMatchObject({ refused: null, unplayable: null });
  await untilIdle(harness);
}

/** Whether the newest check of the one pull request of `owner/web` is green, and what it says. */
async function checkIn(owner: string): Promise<string> {
  const { world } = harness.github.double;
  const repository = world.repository(owner, "web")?.repository;
  const head = repository?.pulls.get(1)?.head.sha;
  const [check] = (repository?.checkRuns ?? []).filter((each) => each.headSha === head).toReversed();
  return `${check?.conclusion ?? check?.status}: ${check?.output.title}`;
}

/** The id of a repository that both have under one name. */
function idOf(owner: string): number {
  const found = harness.github.double.world.repository(owner, "web");
  if (found === undefined) throw new Error(`${owner} has no repository web`);
  return found.repository.id;
}

async function changesIn(owner: string): Promise<readonly ChangeRecord[]> {
  const ledger = await harness.openLedger();
  try {
    const found: ChangeRecord[] = [];
    for await (const { body } of ledger.states("change", { everyOrganization: true }))
      if (body.change.repository.owner === owner) found.push(body);
    return found;
  } finally {
    await ledger.close();
  }
}

async function run(...args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  const lines: string[] = [];
  const print = (line: string): unknown => lines.push(line);
  const terminal = { env: environmentOf(harness.where), interactive: false, print, printError: print };
  return { code: await runProgram(args, terminal), said: lines.join("\n") };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-two-"));
  harness = await openHarness(STORY, "sqlite");
  addInstalledOrganization(harness.github.double.world, "globex", {
    repositories: { web: null },
    policy: { mode: "enforce", approval: { required: 2 } },
  });
  await untilIdle(harness);
  for (const owner of BOTH) {
    const repository = `${owner}/web`;
    await act({
      do: "open-pull-request",
      repository,
      by: "ann",
      branch: "feature",
      title: `ACME-1 for ${owner}`,
      files: { "src/a.ts": owner },
    });
    await act({ do: "review", repository, by: "bob", pull: 1, state: "approved" });
  }
});

afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

describe("two organisations with the same names", () => {
  test("are each judged by their own policy", async () => {
    expect(await checkIn("acme")).toContain("success");
    expect(await checkIn("globex")).toContain("Waiting for 1 approval from anyone");
  });

  test("have changes, deviations, packages and budgets of their own", { tags: ["long"] }, async () => {
    for (const owner of BOTH)
      await act({
        do: "merge",
        repository: `${owner}/web`,
        by: "adm",
        pull: 1,
        method: "squash",
        bypass: true,
      });
    const [acme, globex] = [await changesIn("acme"), await changesIn("globex")];
    expect(acme.map(({ assessment }) => assessment.verdict)).toEqual(["compliant"]);
    expect(globex.map(({ assessment }) => assessment.verdict)).toEqual(["non-compliant"]);
    for (const [owner, other, rows] of [
      ["acme", "globex", 0],
      ["globex", "acme", 1],
    ] as const) {
      const out = join(folder, owner);
      const period = ["--from", "2026-02-01", "--to", "2026-02-03"];
      const { code, said } = await run("export", "--org", owner, ...period, "--out", out, "--offline");
      expect(code, said).toBe(0);
      const verified = await run("verify", out);
      expect(verified.code, verified.said).toBe(0);
      const deviations = await readFile(join(out, "deviations.csv"), "utf8");
      expect(deviations.match(/^DEV-/gmu) ?? []).toHaveLength(rows);
      // The account that owns both is called acme-owner.
      const names = new RegExp(`\\b${other}\\b(?!-owner)|\\b${idOf(other)}\\b`, "u");
      for (const file of await readdir(out, { recursive: true, withFileTypes: true }))
        if (file.isFile())
          expect(await readFile(join(file.parentPath, file.name), "utf8"), file.name).not.toMatch(names);
    }
  });

  test("must be named where a command is about one of them", async () => {
    const { code, said } = await run("readiness");
    expect([code, said]).toEqual([
      2,
      expect.stringContaining("Name the organisation with --org: acme, globex."),
    ]);
    expect((await run("readiness", "--org", "globex", "--json")).said).not.toContain("acme");
  });

  test("are shown apart to monitors, and share no limit", async () => {
    const response = await harness.app.ask("/metrics", (url) => new Request(url));
    const left = [...(await response.text()).matchAll(/budget_left\{installation="(\d*)",budget="rest"\}/gu)];
    const installations = [...harness.github.double.world.installations.keys()].map(String);
    expect(
      left
        .map((found) => found[1] ?? "")
        .filter((each) => each !== "")
        .toSorted(),
    ).toEqual(installations);
  });

  test("a suspended one leaves the other at work", async () => {
    const { world } = harness.github.double;
    const acme = [...world.installations.values()].find(
      ({ accountId }) => accountId === world.organization("acme")?.id,
    );
    if (acme === undefined) throw new Error("the App is not installed");
    acme.suspendedAt = world.now();
    await harness.app.sweep();
    await act({
      do: "open-pull-request",
      repository: "globex/web",
      by: "ann",
      branch: "second",
      files: { "src/b.ts": "1" },
    });
    const globex = world.repository("globex", "web")?.repository;
    expect(globex?.checkRuns.at(-1)?.output.title).toContain("Waiting for 2 approvals");
  });
});
