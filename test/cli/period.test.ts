/** `countersign period` at the terminal: a month is closed, something comes to light, and an addendum is made. */

import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { runProgram } from "../../src/cli/program.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import { openProcessHarness, type ProcessHarness } from "../../src/cli/scenario/harness/process-harness.ts";
import { startDouble, type DoubleProcess } from "../../src/cli/scenario/harness/processes.ts";
import { readStory } from "../support/scenarios.ts";

// The command asks GitHub by the system's clock, so the story's day must not lie in its future.
const STORY = `
name: a push, a closed month, and what is said of it later
policy:
  mode: enforce
  periods: [{ name: february, from: 2026-02-01, to: 2026-03-01 }, { name: far, from: 2090-01-01, to: 2091-01-01 }]
people: { ann: { permission: admin } }
start: 2026-01-31T09:00:00Z
story:
  - { do: push, by: ann, branch: main, files: { a: "1" }, bypass: true, after: 49h }
  - { do: wait, until: 2026-03-02T00:00:00Z }
`;

let double: DoubleProcess;
let harness: ProcessHarness;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-period-"));
  double = await startDouble();
  const story = readStory(STORY, "test/cli/period.test.ts");
  harness = await openProcessHarness(double, story, join(folder, "data"));
  await playScenario(story, harness);
});
afterAll(async () => {
  await harness.close();
  await double.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(...args: readonly string[]): Promise<{ code: number; said: string }> {
  const lines: string[] = [];
  const code = await runProgram(args, {
    env: harness.env,
    interactive: false,
    print: (line) => lines.push(line),
    printError: (line) => lines.push(line),
  });
  return { code, said: lines.join("\n") };
}

const HAND_OVER = ["--org", "acme", "--as", "carol"];

async function deviation(): Promise<string> {
  const { said } = await run("deviation", "list", "--all");
  return /DEV-[0-9a-f]+/u.exec(said)?.[0] ?? "";
}

test("a period is closed, named by later exports, and added to", { tags: ["long"] }, async () => {
  const [closed, later, addendum] = ["closed", "later", "addendum"].map((name) => join(folder, name));
  const refused = await run(
    "period",
    "close",
    "far",
    ...HAND_OVER,
    "--out",
    join(folder, "far"),
    "--offline",
  );
  expect(refused.code, refused.said).toBe(1);
  expect(refused.said).toContain("far is not over: it ends on 2091-01-01T00:00:00Z.");
  expect(refused.said).toContain("--incomplete REASON");
  const before = await run(
    "period",
    "addendum",
    "february",
    ...HAND_OVER,
    "--out",
    join(folder, "none"),
    "--offline",
    "--reason",
    "early",
  );
  expect(before).toMatchObject({
    code: 1,
    said: expect.stringContaining("Close it first: countersign period close february"),
  });

  const done = await run("period", "close", "february", ...HAND_OVER, "--out", closed ?? "", "--zip");
  expect(done.code, done.said).toBe(0);
  const seal = /manifest\.dsse\.json: ([0-9a-f]{64})/u.exec(done.said)?.[1] ?? "none";
  const verified = await run("verify", closed ?? "");
  expect(verified.code, verified.said).toBe(0);
  expect(verified.said).toContain(seal);

  const again = await run(
    "period",
    "close",
    "february",
    ...HAND_OVER,
    "--out",
    join(folder, "again"),
    "--offline",
  );
  expect(again.code, again.said).toBe(1);
  expect(again.said).toContain(`by carol (SHA-256 of manifest.dsse.json: ${seal})`);
  const over = await run("period", "close", "february", ...HAND_OVER, "--out", closed ?? "", "--offline");
  expect(over).toMatchObject({
    code: 2,
    said: expect.stringContaining("was handed over. Keep it, and give another folder"),
  });

  const cause = await run(
    "deviation",
    "cause",
    await deviation(),
    "process: nobody was there",
    "--as",
    "ann",
  );
  expect(cause.code, cause.said).toBe(0);
  const exported = await run(
    "export",
    "--org",
    "acme",
    "--period",
    "february",
    "--out",
    later ?? "",
    "--offline",
  );
  expect(exported.code, exported.said).toBe(0);
  expect(exported.said).toContain("This package is not the one that was handed over.");
  expect(exported.said).toContain(seal);
  const rows = await readFile(join(later ?? "", "since-close.csv"), "utf8");
  expect(rows).toContain("remediation cause: planned");

  const added = await run(
    "period",
    "addendum",
    "february",
    ...HAND_OVER,
    "--out",
    addendum ?? "",
    "--offline",
    "--reason",
    "the cause was found",
  );
  expect(added.code, added.said).toBe(0);
  expect(added.said).toContain("Addendum 1 to february");
  expect((await run("verify", addendum ?? "")).said).toContain(
    "This package is addendum 1 to the package that was handed over, made because: the cause was found. Handed over was the closing of",
  );
  const list = await run("period", "list");
  expect(list.code, list.said).toBe(0);
  expect(list.said).toMatch(
    new RegExp(`february .* closed\n {2}closing .* carol {2}${seal}\n {2}addendum 1 `, "u"),
  );
  expect(list.said).toContain("far  2090-01-01T00:00:00Z to 2091-01-01T00:00:00Z  not over");
});

test(
  "a package that was written and never recorded is named, and counts for nothing",
  { tags: ["long"] },
  async () => {
    const out = join(folder, "stopped");
    const done = await run(
      "period",
      "close",
      "far",
      ...HAND_OVER,
      "--out",
      out,
      "--offline",
      "--incomplete",
      "a trial",
    );
    expect(done.code, done.said).toBe(0);
    // As a process that is killed in between leaves it: the package is there, and the log of another App has no such closing.
    await expect(access(join(out, "manifest.json"))).resolves.toBeUndefined();
    const manifest = await readFile(join(out, "manifest.dsse.json"), "utf8");
    await writeFile(join(out, "manifest.dsse.json"), `${manifest} `);
    const again = await run("period", "close", "2026-Q1", ...HAND_OVER, "--out", out, "--offline");
    expect(again.code, again.said).toBe(2);
    expect(again.said).toContain(
      "was stopped before it was recorded. It counts for nothing. Remove it and run the command again.",
    );
  },
);

test(
  "several periods are exported together, and every name that cannot be one of them is refused at once",
  { tags: ["long"] },
  async () => {
    const out = join(folder, "several");
    const exported = ["export", "--org", "acme", "--out", out, "--offline"];
    const refused = await run(...exported, "--periods", "far,february,nope,far,2026-Q1,");
    expect(refused.code, refused.said).toBe(2);
    for (const problem of [
      "far is named twice.",
      "No period is called nope.",
      "february (2026-02-01T00:00:00Z up to 2026-03-01T00:00:00Z) share days: a day is counted in one period.",
      "--periods has a comma with no name beside it.",
    ])
      expect(refused.said).toContain(problem);
    const both = await run(...exported, "--periods", "february", "--period", "february");
    expect(both).toMatchObject({ code: 2, said: expect.stringContaining("one of the three") });

    const done = await run(...exported, "--periods", "2026-Q2, february");
    expect(done.code, done.said).toBe(0);
    expect(done.said).toContain("None of the periods covers 2026-03-01 to the end of 2026-03-31");
    expect(done.said).toContain("This package rolls up 2 periods: february, 2026-Q2.");
    const periods = await readFile(join(out, "periods.csv"), "utf8");
    expect(periods.split("\r\n").map((line) => line.split(",")[0])).toEqual([
      "period",
      "february",
      "2026-Q2",
      "",
    ]);
    expect((await run("verify", out)).code).toBe(0);

    const one = join(folder, "one");
    const single = await run("export", "--org", "acme", "--out", one, "--offline", "--periods", "2026-Q2");
    expect(single.code, single.said).toBe(0);
    expect(single.said).not.toContain("rolls up");
    expect((await readFile(join(one, "periods.csv"), "utf8")).split("\r\n")).toHaveLength(2);
  },
);
