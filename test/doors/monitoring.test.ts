/** Where monitors ask: at the same address, or at one of their own. */

import { Hono } from "hono";
import { describe, expect, test } from "vitest";

import { freePort } from "../../src/cli/scenario/harness/processes.ts";
import { costOf, DOCUMENTED } from "../../src/github/api/rate-limits.ts";
import { Pacing, ranked } from "../../src/github/api/pacing.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { routes, WEBHOOK_PATH } from "../../src/server.ts";
import { VERSION } from "../../src/package/version.ts";
import { readSettings } from "../../src/settings.ts";
import { smallLog } from "../evidence/fixture.ts";
import { openServed } from "../robustness/served.ts";
import { startApp } from "../support/app.ts";
import { freshDatabase } from "../support/stores.ts";
import { memory, toolsOn, webhookHeaders } from "./rig.ts";
import { claimed } from "../support/claimed.ts";
import { failed } from "../support/ends.ts";

describe("an address of its own for monitors", () => {
  test("answers them, and the open door no longer does", async () => {
    const database = await freshDatabase("sqlite");
    const ledger = await openLedger(database.where);
    const inner = new Hono();
    const app = routes(toolsOn(ledger), inner);
    for (const path of ["/readyz", "/metrics"]) {
      expect((await inner.request(path)).status).toBe(200);
      expect((await app.request(path)).status).toBe(404);
    }
    const body = "{}";
    const delivery = { method: "POST", headers: webhookHeaders(body), body };
    expect((await app.request(WEBHOOK_PATH, delivery)).status).toBe(202);
    expect((await inner.request(WEBHOOK_PATH, delivery)).status).toBe(404);
    expect((await app.request("/healthz")).status).toBe(200);
    await ledger.close();
    await database.remove();
  });

  test("is a socket of its own where the App is served", { tags: ["long"] }, async () => {
    const database = await freshDatabase("sqlite");
    const inner = `127.0.0.1:${await freePort()}`;
    const served = await openServed(database.where, database.where, {
      COUNTERSIGN_MONITORING_ADDRESS: inner,
    });
    const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;
    for (const path of ["/readyz", "/metrics"]) expect(await statusOf(`http://${inner}${path}`)).toBe(200);
    for (const path of ["/readyz", "/metrics"]) expect(await statusOf(served.url + path)).toBe(404);
    expect(await statusOf(`${served.url}/healthz`)).toBe(200);
    const post = { method: "POST", body: "{}" };
    expect((await fetch(`http://${inner}${WEBHOOK_PATH}`, post)).status).toBe(404);
    expect((await fetch(served.url + WEBHOOK_PATH, post)).status).toBeGreaterThanOrEqual(400);
    expect((await fetch(served.url + WEBHOOK_PATH, post)).status).not.toBe(404);
    expect(served.lines.join("\n")).toContain(`answers monitors on http://${inner}`);
    expect(await served.end("SIGTERM")).toBe(0);
    await served.close();
    await database.remove();
  });

  test.each([
    ["127.0.0.1:9090", { host: "127.0.0.1", port: 9090 }],
    ["metrics.internal:80", { host: "metrics.internal", port: 80 }],
    ["[::1]:9090", { host: "::1", port: 9090 }],
    ["9090", null],
    ["127.0.0.1:99999", null],
    ["http://127.0.0.1:9090", null],
  ])("is written HOST:PORT: %s", (text, meant) => {
    const read = readSettings({ COUNTERSIGN_MONITORING_ADDRESS: text });
    const problems = read.ok ? [] : read.problems.filter((each) => each.startsWith("COUNTERSIGN_MONITORING"));
    expect(problems.length).toBe(meant === null ? 1 : 0);
  });
});

describe("monitors are told", () => {
  test("what was given up, webhooks apart from tasks", async () => {
    const database = await freshDatabase("sqlite");
    const ledger = await openLedger(database.where);
    await ledger.queue.store({
      id: "a",
      event: "push",
      action: null,
      lane: "l",
      receivedAt: 0,
      body: Buffer.from("{}"),
    });
    await ledger.queue.enqueue([{ kind: "rejudge", repositoryId: 7, dueAt: 0 }], 0);
    for (const { lane } of await ledger.queue.list({ limit: 10 })) {
      const [taken = ""] = await claimed(ledger.queue, "owner", 10, 1_000, 1);
      for (const each of await ledger.queue.deliveries(taken, 10, 10))
        await ledger.queue.end("owner", taken, failed(each, { as: "never", error: "a bug" }), 10);
      expect(lane).toBeDefined();
    }
    const text = await (await routes(toolsOn(ledger)).request("/metrics")).text();
    expect(text).toContain('countersign_dead{what="deliveries"} 1');
    expect(text).toContain('countersign_dead{what="tasks"} 1');
    expect(text).toContain('countersign_dead{what="actions"} 0');
    await ledger.close();
    await database.remove();
  });

  test.each([
    [401, "1"],
    [200, "0"],
    [502, "Nan"],
  ])("whether GitHub refuses the App's key: an answer %i makes it %s", async (status, figure) => {
    const database = await freshDatabase("sqlite");
    const app = await startApp(database.where, 0, {
      fetch: () => Promise.resolve(Response.json(status === 200 ? [] : { message: "no" }, { status })),
    });
    await app.sweep();
    const text = await (await app.fetch(new Request("http://localhost/metrics"))).text();
    expect(text).toContain(`countersign_app_key_refused ${figure}`);
    await app.stop();
    await database.remove();
  });

  test("which version runs, and what it has recorded, by kind and verdict", async () => {
    const database = await freshDatabase("sqlite");
    const ledger = await openLedger(database.where);
    const changes = smallLog().filter(({ kind }) => kind === "change" || kind === "repository");
    await ledger.record({ entries: changes }, 0);
    await ledger.record({ entries: changes }, 0);
    const text = await (await routes(toolsOn(ledger)).request("/metrics")).text();
    expect(text).toContain(`countersign_build_info{version="${VERSION}"} 1`);
    const counted = [
      ...text.matchAll(/^countersign_verdicts_total\{kind="change",verdict="[a-z-]+"\} (\d+)$/gmu),
    ];
    const sum = counted.reduce((all, match) => all + Number(match[1]), 0);
    expect(sum).toBe(changes.filter(({ kind }) => kind === "change").length);
    expect(text).not.toContain("process_resident_memory_bytes");
    await ledger.close();
    await database.remove();
  });

  test("what an App that serves takes of its process", async () => {
    const database = await freshDatabase("sqlite");
    const app = await startApp(database.where, 0, {
      timetable: "system",
      fetch: () => Promise.resolve(Response.json([])),
    });
    const text = await (await app.fetch(new Request("http://localhost/metrics"))).text();
    for (const name of [
      "process_resident_memory_bytes",
      "process_cpu_seconds_total",
      "nodejs_eventloop_lag_p99_seconds",
    ])
      expect(text).toMatch(new RegExp(`^${name} `, "mu"));
    await app.stop();
    await database.remove();
  });

  test("of many installations those that have the least left", async () => {
    const pacing = new Pacing(DOCUMENTED);
    const check = costOf("POST", "/repos/acme/web/check-runs", "{}");
    for (let installation = 1; installation <= 150; installation += 1)
      for (let turn = 0; turn < (installation > 50 ? 2 : 1); turn += 1)
        (await pacing.turn(installation, check)).end();
    const { ledger } = memory();
    const text = await (await routes({ ...toolsOn(ledger), pacing }).request("/metrics")).text();
    const shown = [
      ...text.matchAll(/^countersign_github_budget_left\{installation="(\d+)",budget="rest"\}/gmu),
    ];
    expect(shown.map((match) => Number(match[1])).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 51),
    );
  });

  test("what is left of GitHub's limits, and what waited for them, by importance", async () => {
    const database = await freshDatabase("sqlite");
    const ledger = await openLedger(database.where);
    const pacing = new Pacing(DOCUMENTED);
    const check = costOf("POST", "/repos/acme/web/check-runs", "{}");
    (await pacing.turn(9, check)).end();
    (await ranked("sweep", () => pacing.turn(null, check))).unsent();
    pacing.refused(9, "secondary");
    const text = await (await routes({ ...toolsOn(ledger), pacing }).request("/metrics")).text();
    for (const line of [
      'countersign_github_budget_left{installation="9",budget="rest"} 895',
      'countersign_github_budget_left{installation="",budget="rest"} 900',
      'countersign_github_budget_left{installation="9",budget="content"} 80',
      'countersign_github_requests_total{importance="check"} 1',
      'countersign_github_requests_total{importance="sweep"} 1',
      'countersign_github_waits_total{importance="emergency"} 0',
      'countersign_github_waited_seconds_total{importance="check"} 0',
      'countersign_github_refusals_total{importance="check"} 1',
    ])
      expect(text).toContain(line);
    await ledger.close();
    await database.remove();
  });
});
