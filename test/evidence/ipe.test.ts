/** Information produced by the entity: each query behind a package, on both stores, and the commands that repeat it. */

import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import * as fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";

import { readCsv } from "../../src/cli/input/read-csv.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import { ipeTable } from "../../src/domain/evidence/ipe.ts";
import { rowReader } from "../../src/domain/evidence/tables/table.ts";
import type { EvidenceSource } from "../../src/domain/evidence/tables/population.ts";
import type { EntryKind, LoggedEntry } from "../../src/domain/records/entry.ts";
import type { CompletenessRecord } from "../../src/domain/records/monitoring.ts";
import { raised } from "../../src/domain/records/stored.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { recompute } from "../independent/recompute.ts";
import { rounds } from "../support/effort.ts";
import { folderOfTest } from "../support/folders.ts";
import { openHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";
import { exportTo, GENERATED_AT, PERIOD, smallLog } from "./fixture.ts";

type Row = Readonly<Record<string, string>>;

const STORY = `
name: a quarter with a merge, a push and a deployment
policy: { mode: enforce }
people: { ann: { permission: admin }, bob: { permission: write } }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: feature, files: { src/a.ts: "1" } }
  - { do: review, by: bob, pull: 1, state: approved, after: 5m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 5m }
  - { do: push, by: ann, branch: main, files: { src/b.ts: "1" }, bypass: true, after: 5m }
  - { do: deploy, by: ann, environment: production, commit: main, as: first, after: 5m }
  - { do: deployment-status, by: ann, deployment: first, environment: production, state: success, after: 5m }
  - { do: wait, for: 1h }
expect: { complete: true }
`;

/** Plays the story, counts the quarter and exports it. */
async function playedQuarter(kind: "sqlite" | "postgres") {
  const scenario = readStory(STORY, "a quarter");
  const asked: string[] = [];
  const harness = await openHarness(scenario, kind, {
    onRequest: ({ method, url }) => void asked.push(`${method} ${new URL(url).pathname}`),
  });
  onTestFinished(() => harness.close());
  expect((await playScenario(scenario, harness)).failures).toEqual([]);
  await harness.app.reconcile("acme", PERIOD.from, PERIOD.to);
  const ledger = await harness.openLedger();
  onTestFinished(() => ledger.close());
  const organization = { id: 0, login: "acme" };
  for await (const entry of ledger.states("repository", { everyOrganization: true }))
    organization.id = entry.organizationId;
  const folder = join(folderOfTest("ipe"), "package");
  await exportTo(ledger, folder, { generatedAt: PERIOD.to + 3_600_000, organization });
  const table = async (path: string): Promise<readonly Row[]> =>
    readCsv(await readFile(join(folder, path), "utf8"));
  return { folder, table, asked, queries: await table("ipe.csv") };
}

for (const [kind, tags] of [
  ["sqlite", []],
  ["postgres", ["long"]],
] as const)
  describe(`the queries behind a quarter, on ${kind}`, { tags: [...tags] }, () => {
    test("are those of the checks, the policy files and the populations, each with what came and as whom", async () => {
      const { folder, table, asked, queries } = await playedQuarter(kind);
      expect(await recompute(folder)).toEqual([]);
      expect((await verifyPath(folder)).defects).toEqual([]);
      const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as {
        readonly populations: Readonly<Record<string, number>>;
        readonly files: readonly { readonly path: string; readonly sha256: string }[];
      };
      for (const [population, rows] of Object.entries(manifest.populations)) {
        const path = `${population.replaceAll("_", "-")}.csv`;
        const own = queries.find((row) => row["query_id"] === `table ${path}`);
        const file = manifest.files.find((each) => each.path === path);
        expect([own?.["rows"], own?.["sha256"]], path).toEqual([String(rows), file?.sha256]);
        expect(rows, path).toBeGreaterThan(0);
      }
      for (const { check_id: id, listings, complete } of await table("completeness.csv")) {
        const told = (listings ?? "").split(" | ").map((each) => each.split(";").slice(0, 3).join(";"));
        const own = queries.filter((row) => row["query_id"]?.startsWith(`completeness ${id ?? ""} `));
        const again = own.map((row) => [row["source"], row["counted"], row["sha256"]].join(";"));
        expect(again.toSorted()).toEqual(told.toSorted());
        expect(own.map((row) => row["check_complete"])).toEqual(own.map(() => complete));
      }
      for (const row of queries.filter(({ pages }) => pages !== "")) {
        expect(row).toMatchObject({ cut_short: "no", tool_version: "0.1.0" });
        expect(row["read_as"]).toMatch(/^app \d+, installation \d+$/u);
        expect(row["rights"]?.split(" ")).toContain("contents:read");
        const [began, ended] = [Date.parse(row["began_at"] ?? ""), Date.parse(row["ended_at"] ?? "")];
        expect(began).toBeLessThanOrEqual(ended);
      }
      expect(queries.filter(({ source }) => source === "policy-file").length).toBeGreaterThan(0);
      const deployments = queries.find((row) => row["query_id"] === "table deployments.csv");
      expect(deployments?.["purpose"]).toContain("when and as whom was not recorded");
      expect(deployments).toMatchObject({ read_as: "", rights: "", pages: "" });
      // Of whatever else was read of GitHub it is said that no request of it is on record, and nothing is made up.
      const unrecorded = queries.filter(({ source }) => source === "not-recorded");
      expect(unrecorded.map((row) => row["query_id"]?.split(" ")[1])).toEqual([
        "deployments",
        "pull-requests",
        "repositories",
        "rights",
        "settings",
      ]);
      for (const row of unrecorded)
        expect(row).toMatchObject({
          query: "",
          began_at: "",
          read_as: "",
          rows: "",
          sha256: "",
          run_again: "",
        });
      const files = new Set(manifest.files.map(({ path }) => path));
      for (const row of queries)
        for (const path of row["tables"]?.split(" ") ?? []) expect(files, row["query_id"]).toContain(path);
      // Noting all this asks GitHub for nothing: the rights came with the token, and there was one.
      expect(asked.filter((each) => each.endsWith("/access_tokens"))).toHaveLength(1);
    });

    test(
      "are repeated on the log in the package by the commands given, with the same counts",
      { tags: ["long"] },
      async () => {
        const { folder, queries } = await playedQuarter(kind);
        const logged = queries.filter((row) => row["run_again"]?.startsWith("jq "));
        expect(new Set(logged.map(({ source }) => source))).toEqual(new Set(["deliveries", "ledger", "log"]));
        for (const { run_again: command = "", counted, query_id: id } of logged)
          expect(execFileSync("sh", ["-c", command], { cwd: folder, encoding: "utf8" }).trim(), id).toBe(
            counted,
          );
      },
    );
  });

/** The rows of ipe.csv for one completeness check. */
async function rowsFor(body: CompletenessRecord, apiUrl = "https://api.github.com"): Promise<readonly Row[]> {
  const entry = { subject: "1:x", seq: 1, hash: "00", kind: "completeness", body, at: PERIOD.from };
  const source = {
    organizationId: 1,
    period: PERIOD,
    generatedAt: GENERATED_AT,
    async *states(kind: EntryKind) {
      if (kind === "completeness") yield entry as unknown as LoggedEntry;
    },
  };
  const { columns, rows } = ipeTable([], apiUrl);
  const found: Row[] = [];
  for await (const cells of rows(source as unknown as EvidenceSource))
    found.push(Object.fromEntries(columns.map(({ name }) => [name, rowReader(columns)(cells)(name)])));
  return found;
}

function check(): CompletenessRecord {
  const found = smallLog().find((entry) => entry.kind === "completeness");
  if (found?.kind !== "completeness") throw new Error("the small log has no check");
  return found.body;
}

/** The same check as version 1 recorded it. */
function ofVersion1(truncated: boolean): CompletenessRecord {
  const { readAs: _, ...body } = check();
  const listings = body.listings.map(({ read: __, ...listing }) => listing);
  return raised({ seq: 1, kind: "completeness", version: 1 }, { ...body, truncated, listings }).body;
}

test("what version 1 did not note stays empty: nothing is guessed of its readings", async () => {
  const unnoted = {
    began_at: "",
    ended_at: "",
    read_as: "",
    rights: "",
    tool_version: "",
    pages: "",
    rows: "",
  };
  const [whole, cut] = [await rowsFor(ofVersion1(false)), await rowsFor(ofVersion1(true))];
  expect(whole).toHaveLength(2);
  for (const row of whole) expect(row).toMatchObject({ ...unnoted, counted: "6", cut_short: "no" });
  // One of them was cut short, and nobody noted which.
  for (const row of cut) expect(row).toMatchObject({ ...unnoted, cut_short: "" });
});

test("a list that was cut short says so, and the one beside it does not", async () => {
  const body = check();
  const [first, ...others] = body.listings;
  if (first?.read == null) throw new Error("the check has no reading");
  const cut = { ...first, read: { ...first.read, cut: true } };
  const rows = await rowsFor({ ...body, truncated: true, complete: false, listings: [cut, ...others] });
  expect(rows.map((row) => [row["source"], row["cut_short"], row["check_complete"]])).toEqual([
    ["activity", "yes", "no"],
    ["ledger", "no", "no"],
  ]);
});

test("a token without an App is named as one, and its rights as unknown", async () => {
  const [row] = await rowsFor({ ...check(), readAs: { app: null, version: "0.1.0" } });
  expect(row).toMatchObject({ read_as: "token", rights: "", tool_version: "0.1.0" });
});

test.each([
  ["https://api.github.com", "gh api --paginate "],
  ["https://github.example/api/v3", "gh api --hostname 'github.example' --paginate "],
  ["https://api.acme.ghe.com", "gh api --hostname 'acme.ghe.com' --paginate "],
])("asks the server the lists came from: %s", async (apiUrl, begin) => {
  const [row] = await rowsFor(check(), apiUrl);
  expect(row?.["run_again"]?.startsWith(begin)).toBe(true);
});

test("whatever a branch is called, a shell runs nothing of its name", async () => {
  const name = fc.string({
    unit: fc.constantFrom(...Array.from("ab'\"`$(){};&|<>!*?~#%=, ü")),
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(name, async (branch) => {
      const body = check();
      const listings = [
        { ...body.listings[0], source: "merged-pull-requests", query: "pullRequests(states: MERGED)" },
        { ...body.listings[1], source: "ledger" },
      ] as CompletenessRecord["listings"];
      const rows = await rowsFor({ ...body, ref: `refs/heads/${branch}`, listings });
      const told = "gh() { printf '%s\\n' \"$@\"; }; jq() { printf '%s\\n' \"$@\"; };";
      const script = [told, ...rows.map((row) => row["run_again"])].join("\n");
      const words = execFileSync("sh", ["-c", script], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
      expect(words.split("\n")).toEqual(expect.arrayContaining([`branch=${branch}`, `refs/heads/${branch}`]));
    }),
    { numRuns: rounds(40, 400) },
  );
});
