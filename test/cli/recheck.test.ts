import { afterEach, describe, expect, test } from "vitest";

import type { Answer } from "../../src/cli/terminal/answer.ts";
import { requestRecheck } from "../../src/cli/server/recheck.ts";
import { trial, type Trial } from "../github/stage.ts";
import { run } from "./run.ts";

const POLICY = { mode: "enforce", approval: { required: 1 } };
const PEOPLE = { ann: { permission: "write" }, bob: { permission: "write" } } as const;

const open: Trial[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.double.close();
});

/** A pull request that waits for its approval, with the App's server down: nobody has said anything on it. */
async function waiting(policy: Record<string, unknown> = POLICY): Promise<Trial> {
  const harness = await trial({ policy, people: PEOPLE });
  open.push(harness);
  await harness.play({
    do: "open-pull-request",
    by: "ann",
    pull: 1,
    branch: "feature",
    files: { "a.ts": "1" },
  });
  return harness;
}

/** Runs the command against the double, in process; `env` as on a laptop: the App's id and key, nothing else. */
function recheckOn(harness: Trial, pull: string, post = false): Promise<Answer> {
  const env = { APP_ID: "77", PRIVATE_KEY: harness.privateKey, GITHUB_API_URL: "http://github.test/api/v3" };
  const terminal = { print: () => undefined, printError: () => undefined, env, interactive: false };
  return requestRecheck(terminal, pull, post, {
    now: () => harness.double.world.now(),
    fetch: (input, init) => harness.double.fetch(new Request(input, init)),
  });
}

function checksOn(
  harness: Trial,
): readonly { readonly status: string; readonly conclusion: string | null }[] {
  const found = harness.double.world.repository("acme", "web");
  const repository = found?.repository;
  const head = repository === undefined ? undefined : [...repository.pulls.values()][0];
  if (repository === undefined || head === undefined) throw new Error("there is no pull request");
  return repository.checkRuns.map(({ status, conclusion }) => ({ status, conclusion: conclusion ?? null }));
}

describe("recheck", () => {
  test("says what the check run would say, and writes nothing", async () => {
    const harness = await waiting();
    const { code, lines } = await recheckOn(harness, "acme/web#1");
    expect(code).toBe(1);
    expect(lines.join("\n")).toContain("waiting: Waiting for 1 approval from anyone with write permission");
    expect(lines.join("\n")).toContain("Not written");
    expect(checksOn(harness)).toEqual([]);
  });

  test("with --post writes the check run, and the approved pull request can be merged", async () => {
    const harness = await waiting();
    await harness.play({ do: "review", by: "bob", pull: 1, state: "approved" });
    await harness.refused({ do: "merge", by: "ann", pull: 1, method: "squash" });
    const { code, lines } = await recheckOn(harness, "acme/web#1", true);
    expect(code, lines.join("\n")).toBe(0);
    expect(lines.join("\n")).toContain("success: Approved by bob");
    expect(checksOn(harness)).toEqual([{ status: "completed", conclusion: "success" }]);
    await harness.play({ do: "merge", by: "ann", pull: 1, method: "squash" });
  });

  test("run twice writes one check run, and brings it up to date", async () => {
    const harness = await waiting();
    await recheckOn(harness, "acme/web#1", true);
    expect(checksOn(harness)).toEqual([{ status: "in_progress", conclusion: null }]);
    await harness.play({ do: "review", by: "bob", pull: 1, state: "approved" });
    await recheckOn(harness, "acme/web#1", true);
    expect(checksOn(harness)).toEqual([{ status: "completed", conclusion: "success" }]);
  });

  test("never lets a commit pass that is also the head of a pull request which may not be merged", async () => {
    const harness = await waiting({ mode: "enforce", production: { branches: ["main", "release"] } });
    await harness.play({ do: "create-branch", branch: "release", from: "main", bypass: true });
    await harness.play({ do: "open-pull-request", by: "ann", pull: 2, branch: "feature", base: "release" });
    await harness.play({ do: "review", by: "bob", pull: 1, state: "approved" });
    const { code, lines } = await recheckOn(harness, "acme/web#1", true);
    expect(code, lines.join("\n")).toBe(1);
    expect(lines.join("\n")).toContain("It shows #2.");
    expect(checksOn(harness)).toEqual([{ status: "in_progress", conclusion: null }]);
    await harness.refused({ do: "merge", by: "ann", pull: 2, method: "squash" });
  });

  test("answers 0 where the policy only observes", async () => {
    const { code, lines } = await recheckOn(await waiting({ mode: "observe" }), "acme/web#1");
    expect(code).toBe(0);
    expect(lines.join("\n")).toContain("Not blocked, but would be in enforce mode");
  });

  test.each([
    ["elsewhere/web#1", "The App is not installed on elsewhere."],
    ["acme/nothing#1", "does not cover acme/nothing"],
    ["acme/web", "write OWNER/REPO#N"],
  ])("says why it cannot judge %s", async (pull, says) => {
    const harness = await waiting();
    await expect(recheckOn(harness, pull)).rejects.toThrow(says);
  });

  test("judges only what is open", async () => {
    const harness = await waiting();
    await harness.play({ do: "close", by: "ann", pull: 1 });
    await expect(recheckOn(harness, "acme/web#1")).rejects.toThrow("is not open");
  });

  test("needs the App's id and key, and no other setting", async () => {
    const { code, said } = await run(["recheck", "acme/web#1"], { DATABASE_URL: "postgres://nowhere/x" });
    expect(code).toBe(2);
    expect(said).toContain("APP_ID");
    expect(said).toContain("PRIVATE_KEY");
    expect(said).not.toMatch(/WEBHOOK_SECRET|DATABASE|SIGNING/u);
  });
});
