import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, describe, expect, test } from "vitest";

import type { Answer } from "../../src/cli/terminal/answer.ts";
import { audit } from "../../src/cli/evidence/audit.ts";
import { backfill } from "../../src/cli/evidence/backfill.ts";
import { readCsv } from "../../src/cli/input/read-csv.ts";
import { reconcile } from "../../src/cli/evidence/reconcile.ts";
import { verify } from "../../src/cli/verify.ts";
import { trial, type Trial } from "../github/stage.ts";
import { grantToken, howOf, terminalOf, TOKEN, type Wish } from "../support/auditor.ts";

const START = Date.parse("2026-07-06T09:00:00Z");
const HOUR = 3_600_000;

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "countersign-past-"));
  open.push(() => Promise.resolve(rmSync(made, { recursive: true, force: true })));
  return made;
}

/** An organisation's morning that no App recorded: two pull requests, approved or not, and a push. `more`: as many approved ones again. */
async function played(more: number): Promise<Trial> {
  const harness = await trial({
    policy: { mode: "enforce", approval: { required: 1 } },
    people: { ann: { permission: "admin" }, bob: { permission: "write" } },
    repositories: { web: { ruleset: false } },
  });
  const { world } = harness.double;
  let at = START;
  const later = async (step: Record<string, unknown>): Promise<void> => {
    at += 60_000;
    world.setClock(at);
    await harness.play(step);
  };
  const files = (name: string): Record<string, string> => ({ [`${name}.ts`]: "1" });
  await later({ do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: files("one") });
  await later({ do: "review", by: "bob", pull: 1, state: "approved" });
  await later({ do: "merge", by: "ann", pull: 1, method: "squash" });
  await later({ do: "open-pull-request", by: "ann", pull: 2, branch: "two", files: files("two") });
  await later({ do: "merge", by: "ann", pull: 2, method: "merge" });
  await later({ do: "push", by: "ann", branch: "main", files: files("three"), bypass: true });
  for (let pull = 3; pull < 3 + more; pull += 1) {
    await later({ do: "open-pull-request", by: "ann", pull, branch: `b${pull}`, files: files(`p${pull}`) });
    await later({ do: "review", by: "bob", pull, state: "approved" });
    await later({ do: "merge", by: "ann", pull, method: "squash" });
  }
  world.setClock(START + 24 * HOUR);
  grantToken(harness);
  return harness;
}

/** Such a morning of the test's own. */
async function morning(): Promise<Trial> {
  const harness = await played(0);
  open.push(() => harness.double.close());
  return harness;
}

/** One with 143 updates, played once: whoever asks for the past changes nothing of it. */
let long: Promise<Trial> | null = null;
afterAll(async () => (await long)?.double.close());
function longMorning(): Promise<Trial> {
  long ??= played(140);
  return long;
}

const SPAN = { from: START, to: START + 24 * HOUR };

describe("audit", () => {
  test("lists, judges, proves and exports a past period with nothing but a token", async () => {
    const harness = await morning();
    const wish = { env: { GITHUB_TOKEN: TOKEN } };
    const out = join(folder(), "evidence");
    const answer = await audit(terminalOf(wish), "acme/web", { ...SPAN, out }, howOf(harness, wish));
    const said = answer.lines.join("\n");
    expect(said).toContain("acme/web refs/heads/main: complete. 3 updates matched");
    expect(said).toContain("activity 3, git-first-parent 3, merged-pull-requests 2, deliveries 0, ledger 3");
    expect(answer.code).toBe(0);
    const changes = readCsv(readFileSync(join(out, "changes.csv"), "utf8"));
    const rows = changes
      .toSorted((a, b) => ((a["merged_at"] ?? "") < (b["merged_at"] ?? "") ? -1 : 1))
      .map((row) => [row["pull_request"], row["update"], row["verdict"]]);
    expect(new Set(rows.map(String))).toEqual(
      new Set(["1,pull-request,compliant", "2,pull-request,non-compliant", ",push,non-compliant"]),
    );
    // Past permissions cannot be read any more: they were read today, and every row is marked so.
    expect(changes.map((row) => row["assurance"])).toEqual(["read-later", "read-later", "read-later"]);
    const [approved] = changes.filter((row) => row["verdict"] === "compliant");
    expect(approved?.["approvals_counted"]).toMatch(/^bob#\d+;write;.*;read-later$/u);
    expect(said).toContain("were read today: they are marked read-later");
    expect((await verify(out, undefined)).code).toBe(0);
  });

  test(
    "broken off and started again with the same words, asks only for what is missing, and leaves nothing but the package",
    { tags: ["long"] },
    async () => {
      const harness = await longMorning();
      const place = folder();
      const out = join(place, "evidence");
      let queries = 0;
      const broken: Wish = {
        env: { GITHUB_TOKEN: TOKEN },
        onRequest: (request) => {
          if (!request.url.endsWith("/graphql")) return;
          queries += 1;
          if (queries > 3) throw new TypeError("killed");
        },
      };
      const options = { ...SPAN, out };
      await expect(audit(terminalOf(broken), "acme/web", options, howOf(harness, broken))).rejects.toThrow();
      expect(readdirSync(place)).toHaveLength(1);
      const asked: string[] = [];
      const wish: Wish = {
        env: { GITHUB_TOKEN: TOKEN },
        onRequest: (request) => void asked.push(new URL(request.url).pathname),
      };
      const answer = await audit(terminalOf(wish), "acme/web", options, howOf(harness, wish));
      expect(answer.code, answer.lines.join("\n")).toBe(0);
      expect(answer.data).toMatchObject({ updates: 143, complete: true, populations: { changes: 143 } });
      // The policy, the 18 updates left and their pull requests; then the merged pull requests, page by page, to count them.
      expect(asked.filter((path) => path.endsWith("/graphql")).length).toBeLessThanOrEqual(3 + 3);
      expect(readdirSync(place)).toEqual(["evidence"]);
    },
  );

  test("judges under the policy it is given, and by the App it is told of", async () => {
    const harness = await morning();
    const place = folder();
    const policy = join(place, "policy.yml");
    const { writeFileSync } = await import("node:fs");
    writeFileSync(policy, "mode: enforce\napproval: { required: 2 }\n");
    const wish = { env: { GITHUB_TOKEN: TOKEN } };
    const out = join(place, "evidence");
    await audit(terminalOf(wish), "acme/web", { ...SPAN, out, policy, appId: 77 }, howOf(harness, wish));
    const tests = readCsv(readFileSync(join(out, "control-tests.csv"), "utf8"));
    const outcomes = tests.map((row) => `${row["control"]} ${row["outcome"]} ${row["cause"]}`);
    expect(outcomes).not.toContain("independently-approved pass satisfied");
    expect(outcomes.filter((each) => each === "gate-respected fail bypassed")).toHaveLength(3);
  });

  test("covers every repository of an organisation", async () => {
    const harness = await morning();
    const wish = { env: { GITHUB_TOKEN: TOKEN } };
    const out = join(folder(), "evidence");
    const answer = await audit(terminalOf(wish), "acme", { ...SPAN, out }, howOf(harness, wish));
    expect(answer.lines.join("\n")).toContain("acme/.github refs/heads/main: complete");
    expect(readCsv(readFileSync(join(out, "scope.csv"), "utf8"))).toHaveLength(2);
  });

  test("without a token, or for what the token cannot see, says what to do", async () => {
    const harness = await morning();
    const nobody = { env: {} };
    await expect(audit(terminalOf(nobody), "acme", SPAN, howOf(harness, nobody))).rejects.toThrow(
      /Set GITHUB_TOKEN/u,
    );
    const wish = { env: { GITHUB_TOKEN: TOKEN } };
    const out = join(folder(), "evidence");
    await expect(
      audit(terminalOf(wish), "acme/nothing", { ...SPAN, out }, howOf(harness, wish)),
    ).rejects.toThrow(/no repository acme\/nothing/u);
  });
});

describe("backfill and reconcile", () => {
  function appEnv(harness: Trial, dataDir: string): Record<string, string> {
    return {
      APP_ID: "77",
      PRIVATE_KEY: harness.privateKey,
      WEBHOOK_SECRET: "secret",
      COUNTERSIGN_DATA_DIR: dataDir,
    };
  }

  test("fill the log for a past period, and prove it complete", async () => {
    const harness = await morning();
    const wish = { env: appEnv(harness, folder()) };
    const options = { repo: "acme/web", ...SPAN };
    const filled = await backfill(terminalOf(wish), options, howOf(harness, wish));
    expect(filled.lines.join("\n")).toMatch(
      /Changes since 2026-07-07T08:\d\d:\d\dZ are left to the running App/u,
    );
    const early = { ...options, to: START + 12 * HOUR };
    const before = await backfill(terminalOf(wish), early, howOf(harness, wish));
    expect(before.lines.join("\n")).not.toContain("is left to the App");
    expect([filled.code, filled.data]).toMatchObject([
      0,
      { repositories: [{ updates: 3, known: 0, truncated: false }] },
    ]);
    const proven = await reconcile(terminalOf(wish), options, howOf(harness, wish));
    expect(proven.code, proven.lines.join("\n")).toBe(0);
    expect(proven.lines[0]).toContain("acme/web refs/heads/main: complete");
  });

  test.each([
    ["a secondary limit", "secondary-limit", "activity"],
    ["an hour's requests that are used up", "rate-limit", "graphql"],
  ] as const)("wait as long as GitHub asks: %s", { tags: ["long"] }, async (_, kind, match) => {
    const harness = await morning();
    harness.double.fault({ do: "github-fails", kind, count: 1, match, "retry-after": 1 });
    const wish = { env: appEnv(harness, folder()) };
    const waited: number[] = [];
    const how = {
      ...howOf(harness, wish),
      sleep: async (ms: number) => {
        waited.push(ms);
        const { setTimeout } = await import("node:timers/promises");
        await setTimeout(ms);
      },
    };
    const said: string[] = [];
    const terminal = {
      ...terminalOf(wish),
      interactive: true,
      printError: (...texts: readonly string[]) => void said.push(...texts),
    };
    const filled = await backfill(terminal, { org: "acme", ...SPAN }, how);
    expect(filled.code).toBe(0);
    expect(waited).toHaveLength(1);
    expect(said.join("\n")).toMatch(/GitHub asks us to slow down\. Waiting [123] s\./u);
    expect(said.join("\n")).toContain("acme/web: 3 of 3 updates");
    expect(harness.double.world.breaches).toEqual([]);
  });

  test(
    "ask for half as much at once where GitHub could not answer, and lack nothing",
    { tags: ["long"] },
    async () => {
      const harness = await longMorning();
      const sizes: number[] = [];
      const pending: Promise<void>[] = [];
      const wish: Wish = {
        env: appEnv(harness, folder()),
        onRequest: (request) => {
          if (!request.url.endsWith("/graphql")) return;
          const read = async (): Promise<void> => {
            const { variables } = (await request.clone().json()) as { variables: Record<string, unknown> };
            sizes.push(Object.keys(variables).filter((name) => /^sha\d/u.test(name)).length);
          };
          pending.push(read());
          // The first question is about the policy; the one after it is the first for many things.
          if (pending.length === 2)
            harness.double.fault({ do: "github-fails", kind: "server-error", count: 1, match: "graphql" });
        },
      };
      const options = { repo: "acme/web", ...SPAN };
      const filled = await backfill(terminalOf(wish), options, howOf(harness, wish));
      await Promise.all(pending);
      expect(filled.data).toMatchObject({ repositories: [{ updates: 143, known: 0 }] });
      expect(sizes.slice(1, 4)).toEqual([125, 63, 62]);
      const proven = await reconcile(terminalOf(wish), options, howOf(harness, wish));
      expect(proven.code, proven.lines.join("\n")).toBe(0);
    },
  );

  test.each(["went-wrong", "missing-node"] as const)(
    "go on where one pull request cannot be read (%s), and prove the period complete",
    async (kind) => {
      const harness = await morning();
      harness.double.fault({ do: "github-fails", kind, pull: 1 });
      const wish = { env: appEnv(harness, folder()) };
      const options = { repo: "acme/web", ...SPAN };
      const filled = await backfill(terminalOf(wish), options, howOf(harness, wish));
      expect(filled.data).toMatchObject({ repositories: [{ updates: 3, known: 0 }] });
      const proven = await reconcile(terminalOf(wish), options, howOf(harness, wish));
      expect(proven.code, proven.lines.join("\n")).toBe(0);
    },
  );

  test.each([
    ["not at all", "server-error", 3],
    ["in no way that can be read", "cut-json", 1],
  ] as const)(
    "name a branch whose listings GitHub answers %s, and count the others",
    async (_, kind, code) => {
      const harness = await morning();
      const wish = { env: appEnv(harness, folder()) };
      const options = { org: "acme", ...SPAN };
      await backfill(terminalOf(wish), options, howOf(harness, wish));
      harness.double.fault({ do: "github-fails", kind, match: "GET .*/repos/acme/web/activity" });
      const proven = await reconcile(terminalOf(wish), options, howOf(harness, wish));
      expect(proven.code).toBe(code);
      expect(proven.lines.join("\n")).toMatch(/acme\/web refs\/heads\/main: NOT counted\. GitHub/u);
      expect(proven.lines.join("\n")).toContain("acme/.github refs/heads/main: complete");
    },
  );

  test(
    "broken off in the middle and run again, ask only for what is missing",
    { tags: ["long"] },
    async () => {
      const harness = await longMorning();
      const dataDir = folder();
      let batches = 0;
      const broken: Wish = {
        env: appEnv(harness, dataDir),
        onRequest: (request) => {
          if (!request.url.endsWith("/graphql")) return;
          batches += 1;
          if (batches > 3) throw new TypeError("killed");
        },
      };
      const options = { repo: "acme/web", ...SPAN };
      await expect(backfill(terminalOf(broken), options, howOf(harness, broken))).rejects.toThrow();
      const asked: string[] = [];
      const wish: Wish = {
        env: appEnv(harness, dataDir),
        onRequest: (request) => void asked.push(new URL(request.url).pathname),
      };
      const again = await backfill(terminalOf(wish), options, howOf(harness, wish));
      const { repositories } = again.data as {
        repositories: readonly { readonly updates: number; readonly known: number }[];
      };
      expect(repositories[0]?.updates).toBe(143);
      expect(repositories[0]?.known).toBe(125);
      expect(asked.filter((path) => path.endsWith("/graphql")).length).toBeLessThanOrEqual(3);
      const proven: Answer = await reconcile(terminalOf(wish), options, howOf(harness, wish));
      expect(proven.code, proven.lines.join("\n")).toBe(0);
      expect(existsSync(join(dataDir, "countersign.sqlite"))).toBe(true);
    },
  );

  test("a period that ends before it begins, or no repository, is wrong use", async () => {
    const harness = await morning();
    const wish = { env: appEnv(harness, folder()) };
    await expect(
      backfill(terminalOf(wish), { repo: "acme/web", from: START, to: START }, howOf(harness, wish)),
    ).rejects.toThrow(/--to must be later than --from/u);
    await expect(reconcile(terminalOf(wish), { ...SPAN }, howOf(harness, wish))).rejects.toThrow(
      /--org acme/u,
    );
  });
});
