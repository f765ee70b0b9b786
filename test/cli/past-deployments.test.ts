import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { audit } from "../../src/cli/evidence/audit.ts";
import { backfill } from "../../src/cli/evidence/backfill.ts";
import { readCsv } from "../../src/cli/input/read-csv.ts";
import { trial, type Trial } from "../github/stage.ts";
import { grantToken, howOf, terminalOf, TOKEN, type Wish } from "../support/auditor.ts";

const START = Date.parse("2026-07-06T09:00:00Z");
const HOUR = 3_600_000;
const NOON = START + 3 * HOUR;
const TO = START + 24 * HOUR;

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "countersign-deployed-"));
  open.push(() => Promise.resolve(rmSync(made, { recursive: true, force: true })));
  return made;
}

type Step = Readonly<Record<string, unknown>> & { readonly do: string };

/** A day that no App recorded: each step an hour after the one before. */
async function day(steps: readonly Step[]): Promise<Trial> {
  const harness = await trial({
    policy: { mode: "enforce", production: { workflows: ["migrate.yml"] } },
    people: { ann: { permission: "admin" }, bob: { permission: "write" } },
    repositories: { web: { ruleset: false } },
  });
  open.push(() => harness.double.close());
  let at = START;
  for (const step of steps) {
    harness.double.world.setClock((at += HOUR));
    await harness.play(step);
  }
  harness.double.world.setClock(TO + HOUR);
  grantToken(harness);
  return harness;
}

const APPROVED: readonly Step[] = [
  { do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: { "one.ts": "1" } },
  { do: "review", by: "bob", pull: 1, state: "approved" },
  { do: "merge", by: "ann", pull: 1, method: "squash" },
];
const BASELINE: Step = { do: "deploy", by: "ann", via: "workflow", commit: "main" };
const RELEASE: Step = { do: "deploy", by: "ann", via: "workflow", commit: "main" };
const HACK: readonly Step[] = [
  { do: "create-branch", by: "ann", branch: "hack", from: "main", files: { "a.ts": "1" } },
  { do: "deploy", by: "ann", via: "workflow", event: "workflow_dispatch", commit: "hack" },
];

async function audited(
  harness: Trial,
  from: number,
): Promise<{ code: number; rows: readonly string[]; said: string }> {
  const wish: Wish = { env: { GITHUB_TOKEN: TOKEN } };
  const out = join(folder(), "evidence");
  const answer = await audit(terminalOf(wish), "acme/web", { from, to: TO, out }, howOf(harness, wish));
  const rows = readCsv(readFileSync(join(out, "deployments.csv"), "utf8"))
    .toSorted((a, b) => ((a["succeeded_at"] ?? "") < (b["succeeded_at"] ?? "") ? -1 : 1))
    .map((row) => [row["environment"], row["kind"], row["verdict"]].join(" "));
  return { code: answer.code, rows, said: answer.lines.join("\n") };
}

describe("audit", () => {
  test("finds that an unmerged branch was deployed, and that what was merged and deployed is in order", async () => {
    const harness = await day([BASELINE, ...APPROVED, RELEASE, ...HACK]);
    const { code, rows, said } = await audited(harness, START);
    expect(rows).toEqual([
      "production first compliant",
      "production forward compliant",
      "production unmerged non-compliant",
    ]);
    expect(said).toContain("1 changes and 3 deployments");
    expect(code).toBe(0);
  });

  test(
    "tells what the first deployment of the period brought by the one before it, and doubts what landed before",
    { tags: ["long"] },
    async () => {
      const merged = await day([BASELINE, ...APPROVED, RELEASE]);
      // The period begins when everything it carries has landed: nothing is known of that.
      expect((await audited(merged, START + 4.5 * HOUR)).rows).toEqual(["production forward unverifiable"]);
      // It begins just before the merge: all it carries was judged.
      expect((await audited(merged, START + 3.5 * HOUR)).rows).toEqual(["production forward compliant"]);
      const hacked = await day([BASELINE, ...APPROVED, ...HACK]);
      expect((await audited(hacked, START + 4.5 * HOUR)).rows).toEqual(["production unmerged non-compliant"]);
    },
  );

  test("counts runs of the workflows the policy names, and nothing that failed", async () => {
    const harness = await day([
      { do: "run-workflow", by: "ann", name: "migrate" },
      { do: "deploy", by: "ann", commit: "main", state: "failure" },
      { do: "run-workflow", by: "ann", name: "migrate", commit: "main" },
    ]);
    expect((await audited(harness, START)).rows).toEqual([
      "workflow migrate.yml first compliant",
      "workflow migrate.yml redeploy compliant",
    ]);
  });

  test("judges each under the policy of its time, also where that is older than every update listed", async () => {
    const named = { production: { environments: ["production", "prod", "live-eu"] } };
    const deploy: Step = { do: "deploy", by: "ann", environment: "live-eu", commit: "main" };
    const harness = await day([
      deploy,
      { do: "edit-policy", by: "ann", in: "repository", policy: named, bypass: true },
      deploy,
    ]);
    expect((await audited(harness, START)).rows).toEqual(["live-eu first compliant"]);
  });

  test("that may not list deployments says so and does not pass for none", async () => {
    const harness = await day([BASELINE]);
    harness.double.fault({ do: "github-fails", kind: "not-found", count: 1, match: "/deployments" });
    const { code, rows, said } = await audited(harness, START);
    expect(rows).toEqual([]);
    expect(said).toContain("GitHub refused to list the deployments");
    expect(code).toBe(1);
  });
});

describe("backfill", () => {
  test("records a past deployment once, however often it is run, and as historic where it was before the installation", async () => {
    const harness = await day([BASELINE, ...APPROVED, RELEASE]);
    const env = {
      APP_ID: "77",
      PRIVATE_KEY: harness.privateKey,
      WEBHOOK_SECRET: "secret",
      COUNTERSIGN_DATA_DIR: folder(),
    };
    const options = { repo: "acme/web", from: START, to: TO };
    const filled = await backfill(terminalOf({ env }), options, howOf(harness, { env }));
    expect(filled.lines[0]).toContain("2 deployments new to the log");
    const again = await backfill(terminalOf({ env }), { ...options, from: NOON }, howOf(harness, { env }));
    expect(again.lines[0]).toContain("0 deployments new to the log");
  });
});
