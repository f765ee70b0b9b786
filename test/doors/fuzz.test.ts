/** Both doors under requests made up in every way a sender can: no answer but those that are meant, nothing taken and lost. */

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";

import { laneOf } from "../../src/github/webhooks/signal.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { REPORT_PATH } from "../../src/report-route.ts";
import { listenOn } from "../../src/listening.ts";
import { routes, WEBHOOK_PATH } from "../../src/server.ts";
import { endOnFailure, rounds } from "../support/effort.ts";
import { freshDatabase } from "../support/stores.ts";
import { chunked, head, reportHeaders, send, toolsOn, webhookHeaders } from "./rig.ts";

const MB = 1024 * 1024;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** What a body may be: JSON of any shape, what is nearly JSON, and bytes of any kind. */
const bodies: fc.Arbitrary<Buffer> = fc.oneof(
  fc.json().map((text) => Buffer.from(text)),
  fc
    .record({
      action: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
      repository: fc.oneof(fc.json(), fc.constantFrom({ id: 7 }, { id: "7" }, { id: 2 ** 60 }, [])),
      installation: fc.oneof(fc.constant({ id: 1 }), fc.anything({ maxDepth: 2 })),
    })
    .map((shape) => Buffer.from(JSON.stringify(shape) ?? "")),
  fc
    .record({
      id: fc.oneof(fc.string(), fc.constantFrom("b-1", "\u0000", "x".repeat(2_000))),
      repository: fc.constantFrom("acme/web", "acme/none", "", "../x"),
      sha: fc.constantFrom("c".repeat(40), "C", ""),
      environment: fc.oneof(fc.string(), fc.constant("production")),
    })
    .map((shape) => Buffer.from(JSON.stringify(shape))),
  fc
    .constantFrom(
      '{"title":"\\ud800"}',
      '{"title":"\\u0000"}',
      "\ufeff{}",
      '{"__proto__":{"action":1}}',
      "[".repeat(50_000),
      `{"a":${"1".repeat(400)}}`,
      "nul",
      "",
      '{"a":1,"a":2}',
    )
    .map((text) => Buffer.from(text)),
  fc
    .constantFrom("utf16le", "latin1")
    .map((encoding) => Buffer.from('{"title":"grüße"}', encoding as BufferEncoding)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(MB - 20, MB + 1, 3 * MB)
    .map((size) => Buffer.from(JSON.stringify({ text: "x".repeat(size) }))),
);

const oddValue = fc.oneof(
  fc.constantFrom("countersign.sweep", "report:x", "PUSH", "", " ", "a b", "../..", "x".repeat(5_000), "ünï"),
  fc.string({ unit: "grapheme-ascii", maxLength: 30 }).map((text) => text.replaceAll(/[\r\n]/gu, "")),
);

const request = fc.record({
  door: fc.constantFrom(WEBHOOK_PATH, REPORT_PATH),
  body: bodies,
  /** Headers that are not what they should be. */
  changed: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Readonly<Record<string, string | null>>>({}) },
    {
      weight: 2,
      arbitrary: fc.dictionary(
        fc.constantFrom(
          "x-github-event",
          "x-github-delivery",
          "x-hub-signature-256",
          "x-countersign-source",
          "x-countersign-timestamp",
          "x-countersign-signature-256",
          "content-type",
          "content-encoding",
          "expect",
          "connection",
        ),
        fc.oneof(fc.constant(null), oddValue),
        { maxKeys: 2 },
      ),
    },
  ),
  framing: fc.oneof(
    fc.constant({ kind: "length", off: 0 } as const),
    fc.constantFrom(-1, 1, 1_000).map((off) => ({ kind: "length", off }) as const),
    fc.constantFrom(1, 100, 70_000).map((size) => ({ kind: "chunks", size }) as const),
    fc
      .constantFrom("torn", "wrong size", "both", "none", "negative", "huge")
      .map((kind) => ({ kind }) as const),
  ),
  /** Where the sender pauses, and whether it hangs up there. */
  pause: fc.option(fc.record({ at: fc.nat(100), hangsUp: fc.boolean() }), { nil: undefined, freq: 4 }),
});
type Request = typeof request extends fc.Arbitrary<infer Value> ? Value : never;

/** The bytes of a request, and the id under which it is stored if it is. */
function wire({ door, body, changed, framing }: Request): {
  readonly bytes: Buffer;
  readonly id: string | null;
} {
  const id = randomUUID();
  const given = door === WEBHOOK_PATH ? webhookHeaders(body, id) : reportHeaders(body.toString());
  const headers = new Map<string, string>(Object.entries(given));
  for (const [name, value] of Object.entries(changed)) {
    if (value === null) headers.delete(name);
    else headers.set(name, Buffer.from(value).toString("latin1"));
  }
  let content: Buffer = body;
  switch (framing.kind) {
    case "length":
      headers.set("content-length", String(Math.max(0, body.length + framing.off)));
      break;
    case "chunks":
      headers.set("transfer-encoding", "chunked");
      content = chunked(body, framing.size);
      break;
    case "torn":
      headers.set("transfer-encoding", "chunked");
      content = chunked(body, 100).subarray(0, -3);
      break;
    case "wrong size":
      headers.set("transfer-encoding", "chunked");
      content = Buffer.concat([Buffer.from("zz\r\n"), body]);
      break;
    case "both":
      headers.set("content-length", String(body.length));
      headers.set("transfer-encoding", "chunked");
      break;
    case "none":
      break;
    case "negative":
      headers.set("content-length", "-1");
      break;
    case "huge":
      headers.set("content-length", "99999999999999999999");
  }
  const stored = headers.get("x-github-delivery") === id ? id : null;
  return {
    bytes: Buffer.concat([Buffer.from(head(door, Object.fromEntries(headers)), "latin1"), content]),
    id: door === WEBHOOK_PATH ? stored : null,
  };
}

/** Nothing else is ever answered; 0: the connection was closed. */
const MEANT = [0, 100, 200, 202, 400, 401, 404, 408, 409, 411, 413, 417, 422, 431, 503];

describe("the doors, whatever is sent", () => {
  test("answer what is meant, keep what they take, and hold nothing afterwards", async () => {
    const database = await freshDatabase("sqlite");
    closing.push(() => database.remove());
    const ledger = await openLedger(database.where);
    closing.push(() => ledger.close());
    const app = routes(
      toolsOn(ledger, { meaningOf: (event, payload) => ({ lane: laneOf(event, payload), ignored: null }) }),
    );
    const listening = await listenOn(app, "127.0.0.1", 0, { patience: 400 });
    closing.push(() => listening.close());
    const ask = async (given: Request): Promise<{ readonly status: number; readonly id: string | null }> => {
      const { bytes, id } = wire(given);
      const cut =
        given.pause === undefined ? bytes.length : Math.floor((bytes.length * given.pause.at) / 100);
      const { socket, status } = send(listening.port, bytes.subarray(0, cut));
      if (given.pause?.hangsUp === true) {
        await sleep(5);
        socket.destroy();
      } else if (given.pause !== undefined) {
        await sleep(20);
        socket.write(bytes.subarray(cut));
      }
      // A body that is never completed is waited for as long as the door is patient.
      const answered = await status;
      socket.destroy();
      return { status: answered, id };
    };
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 4, maxLength: 12 }), async (all) => {
        const answers = await Promise.all(all.map(ask));
        for (const [index, { status, id }] of answers.entries()) {
          expect(MEANT, JSON.stringify({ ...all[index], body: all[index]?.body.length })).toContain(status);
          if (status !== 202 || id === null) continue;
          const kept = await ledger.queue.bodyOf(id);
          expect(Buffer.from(kept ?? []).equals(all[index]?.body ?? Buffer.alloc(0))).toBe(true);
        }
      }),
      { numRuns: rounds(6, 400), endOnFailure },
    );
    // Whatever was begun and cut off has been given back: the largest body is still taken, four times at once.
    const patient = await listenOn(app, "127.0.0.1", 0);
    closing.push(() => patient.close());
    const large = Buffer.from(JSON.stringify({ text: "x".repeat(12 * MB) }));
    const fourAtOnce = (): Promise<readonly number[]> =>
      Promise.all(
        [1, 2, 3, 4].map(async (each) => {
          const { status, socket } = send(
            patient.port,
            head(WEBHOOK_PATH, {
              ...webhookHeaders(large, `large-${each}`),
              "content-length": String(large.length),
            }),
            large,
          );
          const answered = await status;
          socket.destroy();
          return answered;
        }),
      );
    await expect.poll(fourAtOnce).toEqual([202, 202, 202, 202]);
  });
});
