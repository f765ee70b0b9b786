/** Pacing by GitHub's limits: bursts up to a budget, the important first, and nothing that turns it off. */

import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import {
  costOf,
  DOCUMENTED,
  limits,
  REHEARSED,
  UNLIMITED,
  type Limits,
} from "../../src/github/api/rate-limits.ts";
import { makeProbot, octokitsOf } from "../../src/github/api/octokit.ts";
import { IMPORTANCES, type Importance } from "../../src/github/api/request-line.ts";
import { Pacing, ranked } from "../../src/github/api/pacing.ts";
import { readSettings } from "../../src/settings.ts";
import { trial } from "../github/stage.ts";
import { privateKey, scripted, type Given, type Seen } from "./scripted.ts";

const KEY = privateKey();
const MINUTE = 60_000;
const READ = costOf("GET", "/meta", undefined);
const CHECK = costOf("POST", "/repos/acme/web/check-runs", "{}");
const COMMENT = costOf("POST", "/repos/acme/web/issues/7/comments", "{}");

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Octokits as the App makes them, with the limits of github.com unless told. */
function connect(script: (seen: Seen) => Given = () => ({ body: { id: 1, data: {} } }), most = DOCUMENTED) {
  const { fetch, seen } = scripted((one) =>
    one.path.endsWith("/access_tokens")
      ? { status: 201, body: { token: "t", expires_at: "2999-01-01T00:00:00Z", permissions: {} } }
      : script(one),
  );
  const pacing = new Pacing(most);
  const now = () => performance.now();
  const probot = makeProbot({ appId: 7, privateKey: KEY, secret: "s", fetch, pacing, now });
  return { octokits: octokitsOf(probot), pacing, seen };
}

/** Asks `times` for a turn as one installation, and ends each at once; `sent` grows as they are let through. */
function ask(
  pacing: Pacing,
  times: number,
  cost = READ,
  importance: Importance = "check",
): { sent: number; readonly done: Promise<unknown> } {
  const asked = { sent: 0, done: Promise.resolve<unknown>(undefined) };
  asked.done = Promise.allSettled(
    Array.from({ length: times }, async () => {
      const turn = await ranked(importance, () => pacing.turn(9, cost));
      asked.sent += 1;
      turn.end();
    }),
  );
  return asked;
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

describe("a burst", () => {
  test("twenty reviews at once wait for nothing", async () => {
    const { octokits, pacing, seen } = connect();
    const github = await octokits.installation(9);
    await Promise.all(
      Array.from({ length: 20 }, async (_, head) => {
        await github.graphql("query { viewer { login } }");
        await github.graphql("query { viewer { id } }");
        const made = { owner: "acme", repo: "web", name: "countersign", head_sha: String(head) };
        await github.request("POST /repos/{owner}/{repo}/check-runs", made);
      }),
    );
    expect(seen.filter(({ path }) => !path.endsWith("/access_tokens"))).toHaveLength(60);
    expect(pacing.paced.check.waits).toBe(0);
  });

  test("goes up to the budget, and what is more waits for it to fill", async () => {
    const pacing = new Pacing({ ...DOCUMENTED, "at-once": 1_000 });
    const asked = ask(pacing, 200, CHECK);
    await pass(0);
    expect(asked.sent).toBe(180);
    await pass(MINUTE - 1);
    expect(asked.sent).toBe(180);
    await pass(1);
    expect(asked.sent).toBe(200);
    expect(pacing.paced.check.waits).toBe(20);
    expect(Math.round(pacing.paced.check.waitedMs / 1_000)).toBe(20 * 60);
  });

  test("has no more than a hundred requests under way, of all kinds", async () => {
    const { octokits, pacing } = connect();
    await octokits.installation(9);
    const turns = await Promise.all(Array.from({ length: 99 }, () => pacing.turn(9, READ)));
    await pacing.turn(9, costOf("POST", "/graphql", '{"query":"{ viewer { login } }"}'));
    let isSent = false;
    void pacing.turn(9, READ).then(() => (isSent = true));
    await pass(0);
    expect(isSent).toBe(false);
    turns[0]?.end();
    await pass(0);
    expect(isSent).toBe(true);
  });

  test("of one installation holds nobody of another", async () => {
    const pacing = new Pacing(DOCUMENTED);
    await ask(pacing, 180, CHECK).done;
    const { waits } = pacing.paced.check;
    (await pacing.turn(10, CHECK)).end();
    expect(pacing.paced.check.waits).toBe(waits);
  });

  test("has no bounds on a server without limits", async () => {
    const pacing = new Pacing(UNLIMITED);
    await ask(pacing, 5_000, COMMENT, "sweep").done;
    expect(pacing.paced.sweep.waits).toBe(0);
    expect(pacing.left()).toEqual([]);
  });
});

describe("what is created", () => {
  test("is counted apart: comments wait, a check does not", async () => {
    const pacing = new Pacing(DOCUMENTED);
    const comments = ask(pacing, 90, COMMENT, "message");
    const checks = ask(pacing, 90, CHECK);
    await pass(0);
    expect([comments.sent, checks.sent]).toEqual([80, 90]);
    await pass(MINUTE);
    expect(comments.sent).toBe(90);
  });

  test("goes back to the queue where the hour's budget is used up", async () => {
    const pacing = new Pacing({ ...DOCUMENTED, content: 1_000, rest: 10_000 });
    await ask(pacing, 500, COMMENT, "message").done;
    const refused: unknown = await pacing.turn(9, COMMENT).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ExternalError);
    expect(refused).toMatchObject({ code: "github-limited", retry: true, waitMs: 60 * MINUTE });
  });

  test("is what GitHub's own description says triggers notifications, in all we write", () => {
    const { paths } = JSON.parse(
      readFileSync("node_modules/@octokit/openapi/generated/api.github.com.json", "utf8"),
    ) as { readonly paths: Record<string, Record<string, { "x-github"?: { triggersNotification?: true } }>> };
    const written = new Set(
      sources().flatMap((text) => text.match(/(?:POST|PATCH|PUT|DELETE) \/[^"`$]+(?=["`])/gu) ?? []),
    );
    written.add("POST /repos/{owner}/{repo}/issues/{issue_number}/comments");
    written.add("PATCH /repos/{owner}/{repo}/issues/{issue_number}");
    expect(written.size).toBeGreaterThan(7);
    for (const route of written) {
      const [method = "", path = ""] = route.split(" ");
      const documented = paths[path]?.[method.toLowerCase()]?.["x-github"]?.triggersNotification ?? false;
      const creates = costOf(method, path.replace(/\{[a-z]+_(?:number|id)\}/gu, "7"), "{}").of.has("content");
      expect([route, creates]).toEqual([route, documented]);
    }
  });
});

describe("importance", () => {
  test("leaves sweeps half of a budget, so that a check never waits for a census", async () => {
    const pacing = new Pacing(DOCUMENTED);
    const census = ask(pacing, 900, READ, "sweep");
    await pass(0);
    expect(census.sent).toBe(450);
    const checks = ask(pacing, 90, CHECK);
    await pass(0);
    expect(checks.sent).toBe(90);
    expect(pacing.paced.check.waits).toBe(0);
    await pass(2 * MINUTE);
    expect(census.sent).toBe(900);
  });

  test("decides who goes first when a budget fills again", async () => {
    const pacing = new Pacing({ ...DOCUMENTED, rest: 10 });
    await ask(pacing, 2, CHECK).done;
    const order: Importance[] = [];
    const inTurn = async (importance: Importance): Promise<void> => {
      const turn = await ranked(importance, () => pacing.turn(9, CHECK));
      order.push(importance);
      turn.end();
    };
    for (const importance of [...IMPORTANCES].reverse()) void inTurn(importance);
    await pass(MINUTE);
    expect(order).toEqual(["emergency", "check"]);
    await pass(MINUTE);
    expect(order).toEqual(["emergency", "check", "message", "sweep"]);
  });

  test("keeps what a more important request lacks for it, however much less another one needs", async () => {
    const pacing = new Pacing({ ...DOCUMENTED, rest: 10 });
    for (let each = 0; each < 10; each += 1) {
      await ask(pacing, 1, READ).done;
      await pass(1_000);
    }
    const check = ask(pacing, 1, CHECK, "emergency");
    const reads = ask(pacing, 5, READ);
    await pass(54_000);
    expect([check.sent, reads.sent]).toEqual([1, 0]);
    await pass(5_000);
    expect(reads.sent).toBe(5);
  });
});

describe("a refusal by a secondary limit", () => {
  const REFUSED = {
    status: 403,
    headers: { "retry-after": "1" },
    body: { message: "You have exceeded a secondary rate limit" },
  };
  const IN_A_QUERY = { body: { errors: [{ message: "You have exceeded a secondary rate limit" }] } };

  test.each([
    ["of a request", REFUSED, 1_000],
    ["told in the answer to a query", IN_A_QUERY, MINUTE],
  ])("%s slows writes down to one a second for ten minutes, and no reading", async (_, refusal, wait) => {
    let isRefusing = true;
    const { octokits, pacing, seen } = connect(({ path }) =>
      isRefusing && path === "/graphql" ? refusal : { body: { id: 1, data: {} } },
    );
    const github = await octokits.installation(9);
    await expect(github.graphql("{ viewer { login } }")).rejects.toThrow(/secondary/u);
    expect(pacing.paced.check.refusals).toBe(1);
    isRefusing = false;
    await pass(wait);
    seen.length = 0;
    const write = () =>
      github.request("POST /repos/{owner}/{repo}/check-runs", {
        owner: "a",
        repo: "b",
        name: "c",
        head_sha: "d",
      });
    const writing = Promise.all([write(), write(), write()]);
    await github.graphql("{ viewer { login } }");
    const writes = () => seen.filter(({ path }) => path.endsWith("/check-runs")).length;
    await pass(0);
    expect([writes(), seen.length]).toEqual([1, 2]);
    await pass(1_000);
    expect(writes()).toBe(2);
    await pass(1_000);
    expect(writes()).toBe(3);
    await writing;
    await pass(10 * MINUTE);
    await Promise.all([write(), write(), write()]);
    expect(writes()).toBe(6);
  });

  test("by the hour's limit slows nothing down afterwards", async () => {
    let isRefusing = true;
    const exhausted = {
      status: 403,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1", "x-ratelimit-resource": "core" },
      body: { message: "API rate limit exceeded" },
    };
    const { octokits, pacing } = connect(() => (isRefusing ? exhausted : { body: { id: 1 } }));
    const github = await octokits.installation(9);
    await expect(github.request("GET /meta")).rejects.toThrow(/rate limit/u);
    isRefusing = false;
    await pass(5_000);
    const made = { owner: "a", repo: "b", name: "c", head_sha: "d" };
    await Promise.all([1, 2, 3].map(() => github.request("POST /repos/{owner}/{repo}/check-runs", made)));
    expect([pacing.paced.check.refusals, pacing.paced.check.waits]).toEqual([1, 0]);
  });
});

test("an App that stops waits for no budget: what waits is refused, to be done later", async () => {
  const pacing = new Pacing({ ...DOCUMENTED, rest: 10 });
  await ask(pacing, 2, CHECK).done;
  const waiting = pacing.turn(9, READ).catch((error: unknown) => error);
  pacing.stop();
  expect(await waiting).toMatchObject({ code: "github-limited", waitMs: 0 });
  await expect(pacing.turn(9, READ)).rejects.toMatchObject({ code: "github-limited" });
  (await pacing.turn(10, READ)).end();
});

test("law: whatever is asked for when, no minute has more than the limit, and sweeps no more than half of it", async () => {
  const most: Limits = { ...limits(() => 40), "at-once": 10 };
  const kinds = [READ, CHECK, COMMENT];
  const Asked = fc.record({
    importance: fc.constantFrom(...IMPORTANCES),
    cost: fc.constantFrom(...kinds),
    gap: fc.integer({ min: 0, max: 4_000 }),
    lasts: fc.integer({ min: 0, max: 3_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(Asked, { maxLength: 80 }), async (all) => {
      const pacing = new Pacing(most);
      const sent: { at: number; end: number; points: number; isSweep: boolean }[] = [];
      const ask = async ({ importance, cost, lasts }: (typeof all)[number]): Promise<void> => {
        const turn = await ranked(importance, () => pacing.turn(9, cost)).catch(() => null);
        if (turn === null) return;
        const at = performance.now();
        const points = cost.of.get("rest") ?? 0;
        sent.push({ at, end: at + lasts, points, isSweep: importance === "sweep" });
        setTimeout(() => turn.end(), lasts);
      };
      const asked: Promise<void>[] = [];
      for (const each of all) {
        await pass(each.gap);
        asked.push(ask(each));
      }
      await pass(5 * MINUTE);
      await Promise.all(asked);
      // GitHub may have counted each at any time between its start and its end.
      for (const { at } of sent) {
        const counted = sent.filter((each) => each.at <= at && each.end + MINUTE > at);
        const of = (some: typeof sent) => some.reduce((sum, { points }) => sum + points, 0);
        expect(of(counted)).toBeLessThanOrEqual(40);
        expect(of(counted.filter(({ isSweep }) => isSweep))).toBeLessThanOrEqual(20);
        expect(sent.filter((each) => each.at <= at && each.end > at).length).toBeLessThanOrEqual(10);
      }
    }),
  );
});

describe("a double that counts as GitHub does", () => {
  test.each([
    ["refuses nothing of what is paced by its limits", DOCUMENTED, 0],
    // Nothing but the limits differs: this shows that it counts.
    ["refuses what is not", REHEARSED, 1],
  ])("%s", async (_, most, refused) => {
    const { double, privateKey: key } = await trial({ secondaryLimits: true });
    const fetch = (input: string | URL | Request, init?: RequestInit) =>
      double.fetch(new Request(input, init));
    const pacing = new Pacing(most);
    const probot = makeProbot({ appId: 77, privateKey: key, secret: "s", fetch, pacing });
    const [installation] = double.world.installations.keys();
    const github = await octokitsOf(probot).installation(installation ?? 0);
    // Its token is made before time goes on: making it takes the machine a while, and it lasts an hour.
    await github.request("GET /meta");
    const route = "POST /repos/{owner}/{repo}/issues";
    const answered: number[] = [];
    const asked = Array.from({ length: 300 }, async (_each, index) => {
      const made = { owner: "acme", repo: "web", title: String(index) };
      await (index % 3 === 0 ? github.request(route, made) : github.request("GET /meta")).catch(() => null);
      answered.push(index);
    });
    while (answered.length < 300) {
      for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      await pass(1_000);
    }
    await Promise.all(asked);
    expect(Math.min(1, double.world.breaches.length)).toBe(refused);
    const made = double.world.requests.filter(
      ({ path, status }) => path.endsWith("/issues") && status === 201,
    );
    expect(made.length === 100).toBe(refused === 0);
    await double.close();
  });
});

/** Every source file's text. */
function sources(): readonly string[] {
  return readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(`src/${file}`, "utf8"));
}

describe("nothing turns pacing off", () => {
  const BASE = { APP_ID: "1", PRIVATE_KEY: KEY, WEBHOOK_SECRET: "hush" };
  const limitsOf = (env: Readonly<Record<string, string>>): Limits => {
    const read = readSettings({ ...BASE, ...env });
    if (!read.ok) throw new Error(read.problems.join("\n"));
    return read.settings.github.limits;
  };

  test("no source makes an Octokit without it, or with other limits than the settings'", () => {
    const made = sources().flatMap((text) => text.match(/new Pacing\([^)]*\)/gu) ?? []);
    // The App, commands that ask as the App, `audit` with a token, and sign-in and comments with the token of each person.
    expect(made).toHaveLength(5);
    for (const each of made) expect(each).toMatch(/^new Pacing\((?:settings\.)?github\.limits\b/u);
    const makers = sources().filter((text) => /new (?:Probot|Octokit|ProbotOctokit)\(/u.test(text));
    // Registering an App is one request, made before there is an App whose limits could be used up.
    const registering = (text: string): boolean => text.includes("POST /app-manifests/{code}/conversions");
    expect(makers.filter(registering)).toHaveLength(1);
    expect(makers.filter((text) => !registering(text))).toHaveLength(1);
    expect(sources().filter((text) => /pacing\??: (?:boolean|true|false)/u.test(text))).toEqual([]);
  });

  test("github.com has the documented limits, also where its Enterprise Cloud is meant", () => {
    expect(limitsOf({})).toEqual(DOCUMENTED);
    expect(limitsOf({ GITHUB_API_URL: "https://api.acme.ghe.com" })).toEqual(DOCUMENTED);
    expect(() => limitsOf({ GHE_HOST: "acme.ghe.com" })).toThrow("data-residency tenant");
  });

  test("a server of one's own has none, unless somebody sets them", () => {
    expect(limitsOf({ GHE_HOST: "ghe.example.com" })).toEqual(UNLIMITED);
    expect(
      limitsOf({ GHE_HOST: "ghe.example.com", COUNTERSIGN_GITHUB_LIMITS: "rest=300, content=20" }),
    ).toEqual({
      ...UNLIMITED,
      rest: 300,
      content: 20,
    });
  });

  test.each(["off", "none", "rest=0", "rest=9", "rest=Infinity", "all=100", "rest=100;content=80"])(
    "%s is no limit",
    (given) => {
      expect(() => limitsOf({ COUNTERSIGN_GITHUB_LIMITS: given })).toThrow(
        /COUNTERSIGN_GITHUB_LIMITS is no list/u,
      );
    },
  );
});
