import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ExternalError } from "../../src/domain/values/external-error.ts";
import { REPORT_PATH } from "../../src/report-route.ts";
import { routes, WEBHOOK_PATH } from "../../src/server.ts";
import { memory, toolsOn, webhookHeaders } from "./rig.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

interface Line {
  readonly level: string;
  readonly fields: { readonly route: string; readonly reason: string; readonly count: number };
  readonly says: string;
}

function open(more: Parameters<typeof toolsOn>[1] = {}) {
  const lines: Line[] = [];
  const write = (level: string) => (fields: unknown, says: unknown) =>
    lines.push({ level, fields: fields as Line["fields"], says: String(says) });
  const log = { warn: write("warn"), error: write("error") } as unknown as NonNullable<typeof more.log>;
  const app = routes(toolsOn(memory().ledger, { ...more, log }));
  const post = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (await app.request(WEBHOOK_PATH, { method: "POST", body: "{}", headers })).status;
  return { lines, app, post };
}

const unsigned = { ...webhookHeaders("{}"), "x-hub-signature-256": "sha256=0" };

test("refusals are told at once, then once a minute for each reason with their number, in a plain sentence", async () => {
  const { lines, post } = open();
  await post(unsigned);
  const first = {
    level: "warn",
    says: "Requests to webhooks were refused: The signature does not match any configured webhook secret.",
    fields: { route: "webhooks", reason: "wrong-signature", count: 1 },
  };
  expect(lines).toEqual([first]);
  for (let count = 0; count < 500; count += 1) await post(unsigned);
  await post({});
  await post({});
  expect(lines.map(({ fields }) => [fields.reason, fields.count])).toEqual([
    ["wrong-signature", 1],
    ["missing-headers", 1],
  ]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lines.slice(2).map(({ fields }) => [fields.reason, fields.count])).toEqual([
    ["wrong-signature", 500],
    ["missing-headers", 1],
  ]);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(lines).toHaveLength(4);
  await post(unsigned);
  expect(lines.at(-1)).toEqual(first);
});

test("what cannot be stored is told by its documented code, without a trace for each", async () => {
  const full = new ExternalError("disk-full", "The store at /data is full.");
  const { ledger } = memory();
  const { lines, post } = open({
    ledger: { ...ledger, queue: { store: () => Promise.reject(full) } as unknown as typeof ledger.queue },
  });
  for (let count = 0; count < 20; count += 1) expect(await post(webhookHeaders("{}"))).toBe(503);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lines.map(({ level, says }) => [level, says])).toEqual([
    ["error", "Requests to webhooks were refused: The store at /data is full."],
    ["error", "Requests to webhooks were refused: The store at /data is full."],
  ]);
  expect(lines[1]?.fields).toEqual({
    route: "webhooks",
    reason: "store-failed",
    count: 19,
    code: "disk-full",
  });
});

test("both doors count what they refuse", async () => {
  const { app, post } = open();
  await post(unsigned);
  await post({ ...webhookHeaders("{}"), "x-github-event": "countersign.census" });
  await app.request(REPORT_PATH, { method: "POST", body: "{}" });
  const told = await (await app.request("/metrics")).text();
  expect(told).toContain(`countersign_deliveries_refused_total{reason="wrong-signature"} 1`);
  expect(told).toContain(`countersign_deliveries_refused_total{reason="wrong-headers"} 1`);
  expect(told).toContain(`countersign_reports_refused_total{reason="missing-headers"} 1`);
});
