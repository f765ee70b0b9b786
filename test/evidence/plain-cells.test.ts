/**
 * Tables are read in spreadsheets: no cell is written for GitHub's pages, whatever people wrote.
 *
 * @module-tag long
 */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { printScenarioResult } from "../../src/cli/scenario/result.ts";
import { TABLE_FORMS } from "../../src/domain/evidence/package.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { recompute } from "../independent/recompute.ts";
import { table } from "../independent/reading.ts";
import { openHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";
import { exportTo } from "./fixture.ts";

/** Whatever means something on GitHub's pages, and nothing that separates values in a cell. */
const HOSTILE = "**b** _i_ [l](http://x.test) `c` <b>h</b> # #1 @bob & \\* ~s~ $m$ - x";
const BRANCH = "release/_i_#1&<b>`c`";

const STORY = `
name: texts that mean something on GitHub's pages
policy:
  mode: enforce
  approval: { required: 1 }
  production: { branches: [main, "release/**"], environments: [production, "prod-**"] }
  repositories: [{ name: web, service: ${JSON.stringify(HOSTILE)}, criticality: ${JSON.stringify(HOSTILE)} }]
  emergency: { authorisers: { teams: [acme/on-call] }, review-within: 2 business days }
  controls: { gate-respected: { id: CM-03, text: ${JSON.stringify(HOSTILE)}, owner: carol } }
people:
  ann: { permission: write }
  bob: { permission: write, teams: [on-call] }
  carol: { permission: admin }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: one, title: ${JSON.stringify(HOSTILE)}, body: ${JSON.stringify(HOSTILE)}, files: { "src/_a_*.ts": "1" } }
  - { do: review, by: bob, pull: 1, state: approved, body: ${JSON.stringify(HOSTILE)} }
  - { do: merge, by: ann, pull: 1, after: 5m }
  - { do: open-pull-request, by: ann, pull: 2, branch: two, title: ${JSON.stringify(HOSTILE)}, files: { src/a.ts: "2" } }
  - { do: command, by: ann, pull: 2, text: ${JSON.stringify(`/countersign emergency ${HOSTILE}`)}, after: 2m }
  - { do: command, by: bob, pull: 2, text: "/countersign authorise", after: 1m }
  - { do: merge, by: ann, pull: 2, after: 1m }
  - { do: open-pull-request, by: ann, pull: 3, branch: three, title: ${JSON.stringify(HOSTILE)}, files: { src/a.ts: "3" } }
  - { do: merge, by: ann, pull: 3, bypass: true, after: 1m }
  - { do: command, by: ann, pull: 3, text: ${JSON.stringify(`/countersign explain-bypass ${HOSTILE}`)}, after: 1m }
  - { do: create-branch, by: carol, branch: ${JSON.stringify(BRANCH)}, from: main, bypass: true, after: 1m }
  - { do: push, by: ann, branch: ${JSON.stringify(BRANCH)}, files: { src/b.ts: "1" }, bypass: true, after: 1m }
  - { do: set-environment, by: carol, environment: ${JSON.stringify(`prod-${HOSTILE}`)}, admins-bypass: true, after: 1m }
  - { do: deploy, by: bob, environment: production, commit: main, after: 1m }
  - { do: push, by: bob, branch: side, files: { src/c.ts: "1" }, after: 1m }
  - { do: deploy, by: bob, environment: production, commit: side, after: 1m }
  - { do: edit-ruleset, by: carol, branch: main, enforcement: disabled, after: 1h }
  - { do: push, by: ann, branch: main, files: { src/d.ts: "1" }, after: 1h }
  - { do: command, by: carol, deviation: 1001, text: ${JSON.stringify(`/countersign cause process: ${HOSTILE}`)}, after: 1m }
  - { do: command, by: carol, deviation: 1001, text: ${JSON.stringify(`/countersign action ${HOSTILE}`)}, after: 1m }
  - { do: command, by: carol, deviation: 1001, text: ${JSON.stringify(`/countersign why ${HOSTILE}`)}, after: 1m }
  - { do: add-deviation, by: carol, repository: web, control: independently-approved, type: operating, title: ${JSON.stringify(HOSTILE)}, description: ${JSON.stringify(HOSTILE)}, reference: ${JSON.stringify(HOSTILE)} }
  - { do: wait, for: 4d }
`;

/** What GitHub's pages would read as marks, an escape of one, or what stands in for one that nobody sees. */
const MARKS = /\*\*|\\[\\`*_{}[\]<>#|~!$]|&amp;|`|\u200b|@ bob|# 1|: \/\/|^- |\n- |<details>/u;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-plain-"));
  const scenario = readStory(STORY, "hostile.yaml");
  const stage = await openHarness(scenario, "sqlite");
  try {
    const played = await playScenario(scenario, stage);
    expect(played.failures, printScenarioResult(played)).toEqual([]);
    const ledger = await stage.openLedger();
    try {
      let organizationId = 0;
      for await (const entry of ledger.states("repository", { everyOrganization: true }))
        organizationId = entry.organizationId;
      await exportTo(ledger, join(folder, "package"), {
        organization: { id: organizationId, login: "acme" },
      });
    } finally {
      await ledger.close();
    }
  } finally {
    await stage.close();
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("no cell of any table holds marks of GitHub's pages beside what people wrote, and that as they wrote it", async () => {
  const names = await readdir(join(folder, "package"), { recursive: true });
  const written = new Set<string>();
  let cells = 0;
  for (const path of names.filter((name) => name.endsWith(".csv"))) {
    const json = new Set(
      (TABLE_FORMS.find((form) => form.path === path)?.columns ?? [])
        .filter(({ type }) => type === "json")
        .map(({ name }) => name),
    );
    for (const row of table(await readFile(join(folder, "package", path), "utf8")))
      for (const [column, cell] of Object.entries(row)) {
        if (json.has(column)) continue;
        cells += 1;
        if (cell.includes(HOSTILE)) written.add(`${path} ${column}`);
        const own = [HOSTILE, HOSTILE.replaceAll(" ", "%20"), BRANCH, "release/**", "prod-**"].reduce(
          (rest, text) => rest.replaceAll(text, ""),
          cell,
        );
        expect(own, `${path} ${column}: ${cell}`).not.toMatch(MARKS);
      }
  }
  expect(cells).toBeGreaterThan(1_000);
  // What people wrote is in the tables, so that the law is about something.
  for (const place of [
    "changes.csv pull_request_title",
    "deviations.csv description",
    "deviations.csv explanation",
    "emergency-changes.csv reason",
    "remediation.csv action",
    "scope.csv service",
    "controls.csv company_text",
    "control-tests.csv facts_read",
  ])
    expect([...written]).toContain(place);
});

test("such a package is sound, and can be recomputed", async () => {
  expect((await verifyPath(join(folder, "package"))).defects).toEqual([]);
  expect(await recompute(join(folder, "package"))).toEqual([]);
});
