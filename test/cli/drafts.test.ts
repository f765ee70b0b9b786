import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import type { Draft } from "../../src/domain/drafts/draft.ts";
import { draft } from "../../src/flows/monitoring/drafts.ts";
import { SQLITE_FILE } from "../../src/ledger/database/sqlite.ts";
import { readStory } from "../support/scenarios.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { run } from "./run.ts";

const STORY = `
name: a direct push is answered in full
policy: { mode: enforce, monitoring: { owner: carol } }
people: { ann: { permission: write }, bob: { permission: write }, carol: { permission: write } }
story:
  - { do: push, by: ann, branch: main, files: { src/a.ts: "1" }, bypass: true }
  - { do: command, by: bob, deviation: 1001, text: "/countersign cause tooling: the ruleset let her", after: 1h }
  - { do: command, by: bob, deviation: 1001, text: "/countersign why nobody had required the check" }
  - { do: command, by: bob, deviation: 1001, text: "/countersign owner @bob" }
  - { do: command, by: bob, deviation: 1001, text: "/countersign due 2026-09-01" }
  - { do: command, by: bob, deviation: 1001, text: "/countersign action required the check in the ruleset" }
  - { do: command, by: bob, deviation: 1001, text: "/countersign method a direct push is refused" }
  - { do: command, by: bob, deviation: 1001, text: "/countersign evidence the ruleset's history, version 7" }
`;

let harness: InProcessHarness;
let env: Readonly<Record<string, string>> = {};
let file = "";

beforeAll(async () => {
  const scenario = readStory(STORY, "drafts");
  harness = await openHarness(scenario, "sqlite");
  const { failures } = await playScenario(scenario, harness);
  expect(failures).toEqual([]);
  if (!("dataDir" in harness.where)) throw new Error("the embedded store is a file");
  env = { COUNTERSIGN_DATA_DIR: harness.where.dataDir };
  file = join(harness.where.dataDir, SQLITE_FILE);
});

afterAll(() => harness.close());

async function drafted(): Promise<Draft> {
  const ledger = await harness.openLedger();
  try {
    const organization = { id: await organizationId(), login: "acme" };
    return await draft(ledger, { kind: "questions", organization, at: Date.parse("2026-08-01") });
  } finally {
    await ledger.close();
  }
}

async function organizationId(): Promise<number> {
  const ledger = await harness.openLedger();
  try {
    for await (const { organizationId: id } of ledger.states("repository", { everyOrganization: true }))
      return id;
    throw new Error("no repository is known");
  } finally {
    await ledger.close();
  }
}

describe("drafts at the terminal", () => {
  test("a response is refused with the name of what is missing, and made once it is there", async () => {
    const refused = await run(["draft", "response", "DEV-"], env);
    expect(refused.code).toBe(1);
    expect(refused.printed).toMatch(
      /^No response can be drafted\. Missing:\n {2}- 4 more answers to why of DEV-\w+ \(`\/countersign why <text>` on its issue\)\n {2}- a measure that a person decided on of DEV-\w+ \(`\/countersign measure <text>` on its issue\)$/u,
    );
    const whys = ["it was new", "it came in a hurry", "nobody owned it", "it was nobody's task"];
    for (const text of [
      ...whys.map((why) => `/countersign why ${why}`),
      "/countersign measure Terraform applies the ruleset",
    ]) {
      await harness.double.act({ do: "command", by: "bob", deviation: 1001, text });
      await harness.app.settle();
    }
    const made = await run(["draft", "response", "DEV-"], env);
    expect(made.code).toBe(0);
    expect(made.printed).toContain(
      "Terraform applies the ruleset. It is checked so: a direct push is refused",
    );
  });

  test("questions and procedures are printed, with their records", async () => {
    const questions = await run(["draft", "questions"], env);
    expect(questions.code).toBe(0);
    expect(questions.printed).toContain("What evidence would show you that it is closed?");
    expect(questions.printed).toMatch(/- \[1\] entry \d+ of the evidence log: deviation DEV-/u);
    const out = join(env["COUNTERSIGN_DATA_DIR"] ?? "", "procedures.md");
    const procedures = await run(["draft", "procedures", "--out", out], env);
    expect(procedures.code).toBe(0);
    expect(readFileSync(out, "utf8")).toContain("is signed off within 10 business days: by carol");
  });

  test.each([
    [["draft", "poem"], "No draft is called poem"],
    [["draft", "response"], "Name the deviation"],
    [["draft", "bridge"], "Name the period"],
    [["draft", "questions", "--org", "nobody"], "has no organisation nobody"],
    [
      ["monitoring", "sign-off", "gate", "2026-07", "--as", "carol", "--comment", "x"],
      "No control is called gate",
    ],
  ])("%j is wrong use, and says how it is right", async (args, said) => {
    const ran = await run(args, env);
    expect(ran.code).toBe(2);
    expect(ran.said).toContain(said);
  });

  test("a month that is not over is not signed off at the terminal either", async () => {
    const args = [
      "monitoring",
      "sign-off",
      "gate-respected",
      "2999-01",
      "--as",
      "carol",
      "--comment",
      "seen",
    ];
    const ran = await run(args, env);
    expect([ran.code, ran.printed]).toEqual([
      1,
      "2999-01 is not over. It can be signed off from 2999-02-01 00:00 UTC.",
    ]);
  });

  test("readiness says no-go, with the reasons, and exits with 1", async () => {
    const ran = await run(["readiness", "--json"], env);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.printed)).toMatchObject({ organization: "acme", go: false, days: 90 });
  });

  test("nothing is drafted from a log of which a cited entry was taken or changed, and it is named", async () => {
    const whole = await drafted();
    const cites = whole.ok ? whole.cites : [];
    expect(cites.length).toBeGreaterThan(0);
    for (const { seq } of cites) {
      for (const [harm, mended] of [
        [
          `update log set body = replace(body, '{', '{ ') where seq = ${seq}`,
          "changed after it was recorded",
        ],
        [`delete from log where seq = ${seq}`, `entry ${seq} is missing`],
      ] as const) {
        const made = await harmed(harm, drafted);
        expect(made.ok ? "" : made.missing.join("\n")).toContain(mended);
        expect(made.ok ? "" : made.missing.join("\n")).toContain(`entry ${seq}`);
      }
    }
    expect(await drafted()).toEqual(whole);
  });
});

/** Does something while the log is harmed behind the App's back; the entry is put back afterwards. */
async function harmed<T>(sql: string, work: () => Promise<T>): Promise<T> {
  const database = new DatabaseSync(file);
  const seq = Number(/seq = (\d+)/u.exec(sql)?.[1]);
  const triggers = database.prepare("select name, sql from sqlite_master where type = 'trigger'").all();
  const row = database.prepare("select * from log where seq = ?").get(seq) ?? {};
  for (const { name } of triggers) database.exec(`drop trigger ${String(name)}`);
  try {
    database.exec(sql);
    return await work();
  } finally {
    database.exec(`delete from log where seq = ${seq}`);
    const names = Object.keys(row);
    database
      .prepare(`insert into log (${names.join(", ")}) values (${names.map(() => "?").join(", ")})`)
      .run(...Object.values(row));
    for (const { sql: text } of triggers) database.exec(String(text));
    database.close();
  }
}
