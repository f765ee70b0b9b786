import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Answer } from "../../src/cli/terminal/answer.ts";
import { readsGitHub, tryOnGitHub } from "../../src/cli/policy/try-on-github.ts";
import { trial, type Trial } from "../github/stage.ts";

const START = Date.parse("2026-07-06T09:00:00Z");
const SPAN = { from: START, to: START + 24 * 3_600_000 };
const TOKEN = "ghp_of_an_administrator";
const REPOSITORY = { repositories: ["acme/web"] };
const folder = mkdtempSync(join(tmpdir(), "countersign-try-"));
let harness: Trial;

/** A morning no App recorded: approved by bob, approved by rita of the team dba, approved by nobody. */
beforeAll(async () => {
  harness = await trial({
    policy: { mode: "enforce", approval: { required: 1 } },
    people: {
      ann: { permission: "admin" },
      bob: { permission: "write" },
      rita: { permission: "write", teams: ["dba"] },
    },
    repositories: { web: { ruleset: false } },
  });
  const { world } = harness.double;
  let at = START;
  const later = async (step: Record<string, unknown>): Promise<void> => {
    at += 60_000;
    world.setClock(at);
    await harness.play(step);
  };
  for (const [index, by] of ["bob", "rita", null].entries()) {
    const pull = index + 1;
    const files = { [`db/${pull}.sql`]: "1" };
    await later({ do: "open-pull-request", by: "ann", pull, branch: `b${pull}`, files });
    if (by !== null) await later({ do: "review", by, pull, state: "approved" });
    await later({ do: "merge", by: "ann", pull, method: "squash" });
  }
  world.setClock(SPAN.to);
  world.tokens.set(TOKEN, {
    token: TOKEN,
    kind: "user",
    installationId: null,
    accountId: world.accountByLogin("ann")?.id ?? 0,
    permissions: {},
    repositoryIds: null,
    expiresAt: Number.MAX_SAFE_INTEGER,
  });
});
afterAll(async () => {
  await harness.double.close();
  rmSync(folder, { recursive: true, force: true });
});

async function attempt(policy: string, of = REPOSITORY): Promise<Answer & { readonly printed: string }> {
  const file = join(folder, "new.yml");
  writeFileSync(file, policy);
  const terminal = {
    print: () => undefined,
    printError: () => undefined,
    input: () => Promise.resolve(""),
    env: { GITHUB_API_URL: "http://github.test/api/v3", GITHUB_TOKEN: TOKEN },
    interactive: false,
  };
  const how = {
    now: () => harness.double.world.now(),
    sleep: () => Promise.resolve(),
    fetch: (input: string | URL | Request, init?: RequestInit) =>
      harness.double.fetch(new Request(input, init)),
  };
  const answer = await tryOnGitHub(terminal, { file, ...SPAN, ...of }, how);
  return { ...answer, printed: answer.lines.join("\n") };
}

describe("policy try with a token and no log", () => {
  test("reads the period from GitHub and names what would have been refused, beside the verdict under GitHub's own policy", async () => {
    const { code, printed } = await attempt("approval: { required: 1, from: { teams: [acme/dba] } }\n");
    expect(code).toBe(1);
    expect(printed).toMatch(/^acme\/web#1 +compliant +refused +independently-approved/mu);
    expect(printed).toMatch(/^acme\/web#2 +compliant +passes$/mu);
    expect(printed).toMatch(/^acme\/web#3 +non-compliant +refused +independently-approved/mu);
    expect(printed).toContain("3 changes: 1 would pass, 2 would have been refused, 0 are unverifiable.");
    expect(printed).toContain("Read from GitHub and not kept.");
  });

  test("asks GitHub what only the tried file asks: paths, and the teams of a rule", async () => {
    const rule =
      "rules: [{ name: db, when: { paths: ['db/**'] }, approval: { from: { teams: [acme/dba] } } }]\n";
    const { printed } = await attempt(rule);
    expect(printed).toContain("3 changes: 1 would pass, 2 would have been refused, 0 are unverifiable.");
  });

  test("passes nothing by a team nobody knows, and names the one that was meant", async () => {
    const { printed } = await attempt(
      "rules: [{ name: web, when: { paths: ['web/**'] }, approval: { from: { teams: [acme/dbas] } } }]\n",
    );
    expect(printed).toContain("team acme/dbas does not exist; did you mean acme/dba?");
    expect(printed).toContain("3 changes: 0 would pass, 1 would have been refused, 2 are unverifiable.");
  });

  test("refuses a repository the token does not see", async () => {
    await expect(attempt("mode: observe\n", { repositories: ["acme/nothing"] })).rejects.toThrow(
      /no repository acme\/nothing/u,
    );
  });

  test("is asked for by a repository and a token, where no log is named", () => {
    const of = { file: "new.yml", ...SPAN, ...REPOSITORY };
    const asks = (env: Readonly<Record<string, string>>, more = {}) =>
      readsGitHub({ env }, { ...of, ...more });
    expect(asks({ GITHUB_TOKEN: TOKEN })).toBe(true);
    expect(asks({ GITHUB_TOKEN: TOKEN }, { repositories: [] })).toBe(false);
    expect(asks({ GITHUB_TOKEN: TOKEN, COUNTERSIGN_DATA_DIR: "data" })).toBe(false);
    expect(asks({})).toBe(false);
  });
});
