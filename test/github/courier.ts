/** Sends webhooks one after the other, logs each answer, and gets wrong what it was told to get wrong. */

import type { HookDelivery, WebhookFault } from "./model.ts";
import type { World } from "./world.ts";

/** How a webhook reaches the App: `fetch`, or the App's own handler in process. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/** Delivers what lies in the world's outbox. */
export class Courier {
  readonly #world: World;
  readonly #send: Send;
  #line: Promise<void> = Promise.resolve();
  #held: HookDelivery[] = [];

  constructor(world: World, send: Send) {
    this.#world = world;
    this.#send = send;
  }

  /** Delivers all that waits, also what comes up meanwhile; resolves when the outbox is empty and every answer is logged. */
  flush(): Promise<void> {
    this.#line = this.#line.then(() => this.#deliverAll());
    return this.#line;
  }

  async #deliverAll(): Promise<void> {
    const late = this.#held.splice(0);
    while (this.#world.outbox.length > 0 || late.length > 0) {
      const batch = this.#world.outbox.splice(0);
      if (batch.length > 1 && this.#fault("reorder", null) !== undefined) batch.reverse();
      if (batch.length === 0) batch.push(...late.splice(0));
      for (const delivery of batch) await this.#deliver(delivery);
    }
  }

  async #deliver(delivery: HookDelivery): Promise<void> {
    if (this.#fault("drop", delivery.event) !== undefined) return;
    if (this.#fault("delay", delivery.event) !== undefined) {
      this.#held.push(delivery);
      return;
    }
    this.#world.deliveries.push(delivery);
    if (this.#fault("refuse", delivery.event) !== undefined) {
      delivery.status = "failed to connect to host";
      return;
    }
    await this.#attempt(delivery);
    if (this.#fault("duplicate", delivery.event) !== undefined) await this.#attempt(delivery);
  }

  async #attempt(delivery: HookDelivery): Promise<void> {
    const began = this.#world.realNow();
    try {
      const answer = await this.#send(delivery.url, {
        method: "POST",
        headers: delivery.requestHeaders,
        body: delivery.body,
        signal: AbortSignal.timeout(10_000),
      });
      delivery.statusCode = answer.status;
      delivery.status = answer.ok ? "OK" : `Invalid HTTP Response: ${answer.status}`;
      delivery.responseHeaders = Object.fromEntries(answer.headers);
      delivery.responseBody = await answer.text();
    } catch (error) {
      delivery.statusCode = 0;
      delivery.status =
        error instanceof Error && error.name === "TimeoutError" ? "timed out" : "failed to connect to host";
    }
    delivery.duration = (this.#world.realNow() - began) / 1000;
  }

  /** Uses up one of the faults of a kind that concern an event. */
  #fault(kind: WebhookFault["kind"], event: string | null): WebhookFault | undefined {
    for (const fault of this.#world.webhookFaults) {
      if (fault.kind !== kind || fault.remaining <= 0) continue;
      if (fault.event !== null && event !== null && fault.event !== event) continue;
      fault.seen += 1;
      if (fault.seen % fault.every !== 0) continue;
      fault.remaining -= 1;
      return fault;
    }
    return undefined;
  }
}
