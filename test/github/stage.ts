/** A double to try things on: an App that answers every webhook with 200 and keeps what it got. */

import { generateKeyPairSync } from "node:crypto";
import { Double, type DoubleOptions } from "./double.ts";
import type { Setup } from "./setup.ts";

/** A webhook as it arrived. */
export interface Arrival {
  readonly event: string;
  readonly action: string | null;
  readonly headers: Headers;
  readonly body: string;
  readonly payload: Record<string, unknown>;
}

/** A double with everything its webhooks brought so far. */
export interface Trial {
  readonly double: Double;
  readonly arrivals: Arrival[];
  /** Plays a step that must go well; returns what it made. */
  readonly play: (step: Record<string, unknown>) => Promise<Readonly<Record<string, unknown>>>;
  /** Plays a step that must be refused; returns GitHub's words. */
  readonly refused: (step: Record<string, unknown>) => Promise<string>;
  readonly privateKey: string;
}

const KEYS = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
});

/** Starts a double of a story's head. */
export async function trial(head: Partial<Setup> = {}, options: DoubleOptions = {}): Promise<Trial> {
  const arrivals: Arrival[] = [];
  const setup: Setup = {
    start: "2026-07-06T09:00:00Z",
    app: {
      id: 77,
      publicKey: KEYS.publicKey,
      webhookSecret: "secret",
      webhookUrl: "http://127.0.0.1:1/webhooks",
    },
    ...head,
  };
  const double = await Double.start(setup, {
    deliver: (_url, init) => {
      const headers = new Headers(init.headers);
      const body = typeof init.body === "string" ? init.body : "";
      const payload = JSON.parse(body) as Record<string, unknown>;
      const action = typeof payload["action"] === "string" ? payload["action"] : null;
      arrivals.push({ event: headers.get("x-github-event") ?? "", action, headers, body, payload });
      return Promise.resolve(new Response("ok"));
    },
    ...options,
  });
  return {
    double,
    arrivals,
    privateKey: KEYS.privateKey,
    play: async (step) => {
      const acted = await double.act(step);
      if (!acted.ok) throw new Error("refused" in acted ? `refused: ${acted.refused}` : acted.error);
      return { ...acted.made };
    },
    refused: async (step) => {
      const acted = await double.act(step);
      if (acted.ok || !("refused" in acted)) throw new Error(`not refused: ${JSON.stringify(acted)}`);
      return acted.refused;
    },
  };
}
