import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { readCsv } from "../../src/cli/input/read-csv.ts";
import { runProgram } from "../../src/cli/program.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import { openProcessHarness, type ProcessHarness } from "../../src/cli/scenario/harness/process-harness.ts";
import { startDouble, type DoubleProcess } from "../../src/cli/scenario/harness/processes.ts";
import { readStory } from "../support/scenarios.ts";

// The command asks GitHub by the system's clock, so the story's day must not lie in its future.
const STORY = `
name: a push and an export
policy: { mode: enforce }
people: { ann: { permission: admin } }
start: 2026-02-02T09:00:00Z
story:
  - { do: push, by: ann, branch: main, files: { a: "1" }, bypass: true, after: 1h }
`;

let double: DoubleProcess;
let harness: ProcessHarness;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-export-"));
  double = await startDouble();
  const story = readStory(STORY, "test/cli/export.test.ts");
  harness = await openProcessHarness(double, story, join(folder, "data"));
  await playScenario(story, harness);
});
afterAll(async () => {
  await harness.close();
  await double.stop();
  await rm(folder, { recursive: true, force: true });
});

function run(...args: readonly string[]): Promise<{ code: number; said: string }> {
  return runWith(harness.env, ...args);
}

async function runWith(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ code: number; said: string }> {
  const lines: string[] = [];
  const code = await runProgram(args, {
    env,
    interactive: false,
    print: (line) => lines.push(line),
    printError: (line) => lines.push(line),
  });
  return { code, said: lines.join("\n") };
}

const PERIOD = ["--org", "acme", "--from", "2026-02-01", "--to", "2026-03-01"];

test("an export counts the period against GitHub's own list first, beside a running App", async () => {
  const out = join(folder, "counted");
  const { code, said } = await run("export", ...PERIOD, "--out", out);
  expect(code, said).toBe(0);
  const { branches } = JSON.parse(await readFile(join(out, "completeness.json"), "utf8")) as {
    branches: readonly { proven: boolean; checks: number }[];
  };
  expect(branches.map(({ proven, checks }) => ({ proven, checks }))).toEqual([
    { proven: true, checks: 1 },
    { proven: true, checks: 1 },
  ]);
  expect((await run("verify", out)).code).toBe(0);
});

test("an export when GitHub cannot be reached says so, writes nothing, and names the way without it", async () => {
  await harness.double.setFault("github-fails");
  const out = join(folder, "uncounted");
  const { code, said } = await run(
    "export",
    "--org",
    "acme",
    "--from",
    "2026-02-01",
    "--to",
    "2026-02-20",
    "--out",
    out,
  );
  expect(code, said).toBe(3);
  expect(said).toContain("--offline");
  await expect(readFile(join(out, "manifest.json"))).rejects.toThrow("ENOENT");
  const offline = await run(
    "export",
    "--org",
    "acme",
    "--from",
    "2026-02-01",
    "--to",
    "2026-02-20",
    "--out",
    out,
    "--offline",
  );
  expect(offline.code, offline.said).toBe(0);
  await harness.double.setFault("recover");
});

test("an export without GitHub needs no key of the App's, and says what nobody observed", async () => {
  const out = join(folder, "keyless");
  const { APP_ID: _, PRIVATE_KEY: __, WEBHOOK_SECRET: ___, ...env } = harness.env;
  expect((await runWith(env, "export", ...PERIOD, "--out", join(folder, "asked"))).code).toBe(2);
  const { code, said } = await runWith(env, "export", ...PERIOD, "--out", out, "--offline");
  expect(code, said).toBe(0);
  // The App of this story stands still in February: nobody has been there since.
  expect(await readFile(join(out, "START-HERE.html"), "utf8")).toContain(
    "Nobody observed 2026-02-02T10:00:00Z to ",
  );
});

test(
  "each export and closing posts a head of the log, which the package after it lists and compares",
  { tags: ["long"] },
  async () => {
    const story = readStory(
      STORY.replace(
        "policy: { mode: enforce }",
        "policy: { mode: enforce, deviations: { repository: acme/change-control } }\nrepositories: { change-control: {} }",
      ),
      "test/cli/export.test.ts",
    );
    const github = await startDouble();
    const posting = await openProcessHarness(github, story, join(folder, "posting"));
    try {
      await playScenario(story, posting);
      const [first, second] = [join(folder, "posted-1"), join(folder, "posted-2")];
      const { code, said } = await runWith(posting.env, "export", ...PERIOD, "--out", first);
      expect(code, said).toBe(0);
      expect(said).toMatch(
        /Head 1 of the log: http:.*\/acme\/change-control\/issues\/100\d#issuecomment-\d+/u,
      );
      const reason = "the App ran for an hour of it";
      const closing = ["--org", "acme", "--out", second, "--as", "ann", "--incomplete", reason];
      const again = await runWith(posting.env, "period", "close", "2026-Q1", ...closing);
      expect(again.code, again.said).toBe(0);
      expect(again.said).toContain("Head 2 of the log: http");
      const rows = readCsv(await readFile(join(second, "log/heads.csv"), "utf8"));
      expect(rows).toMatchObject([{ number: "1", why: "export", state: "posted", says: "" }]);
      expect(rows[0]?.["compared_at"]).not.toBe("");
      expect((await runWith(posting.env, "log", "verify", "--heads")).code).toBe(0);
      expect((await runWith(posting.env, "verify", second)).code).toBe(0);
    } finally {
      await posting.close();
      await github.stop();
    }
  },
);
