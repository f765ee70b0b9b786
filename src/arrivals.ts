/** Deliveries as they arrive: each is read once, and what it means is kept until it is worked on. */

import { LRUCache } from "lru-cache";

import { useOf, type CacheUse } from "./domain/values/cache-use.ts";
import { ignoredNote } from "./flows/jobs/intake.ts";
import { laneOf, signal } from "./github/webhooks/signal.ts";
import type { DeliveryMetadata, Signal } from "./github/webhooks/subject.ts";
import { MINUTE } from "./domain/time/durations.ts";

/** So many bytes of bodies are kept, read as they are; the rest is read again when it is worked on. */
const MOST_BYTES = 2 * 1024 * 1024;

/** What nobody worked on by then is let go (ms): another replica did, or it waits. */
const KEPT_FOR = MINUTE;

/** What a door makes of a delivery. `ignored`: what it is noted as where it asks for nothing; null: it asks for something. */
export interface Meaning {
  readonly lane: string;
  readonly ignored: string | null;
  /** Keeps what was read for whoever works on it; called once it is stored. */
  readonly keep?: () => void;
}

/** A delivery that was read. */
export interface Arrived {
  readonly payload: unknown;
  readonly signal: Signal;
}

/** Reads deliveries at the door, and hands them to whoever works on them. */
export class Arrivals {
  readonly #appId: number;
  readonly #kept = new LRUCache<string, Arrived & { readonly bytes: number }>({
    maxSize: MOST_BYTES,
    sizeCalculation: ({ bytes }) => bytes,
    ttl: KEPT_FOR,
  });

  constructor(appId: number) {
    this.#appId = appId;
  }

  /** Returns how much is kept. */
  use(): CacheUse {
    return useOf(this.#kept);
  }

  /** What a delivery of so many bytes means by itself alone. Never throws, whatever the payload. */
  meaningOf(
    event: string,
    payload: unknown,
    arrival: Omit<DeliveryMetadata, "appId">,
    bytes: number,
  ): Meaning {
    const meaning = signal(event, payload, { ...arrival, appId: this.#appId });
    return {
      lane: laneOf(event, payload),
      ignored: meaning.kind === "ignored" ? ignoredNote(meaning.because) : null,
      keep: () => this.#kept.set(arrival.delivery, { payload, signal: meaning, bytes }),
    };
  }

  /** A delivery that was kept as it arrived, once; null: it is to be read. */
  take(id: string): Arrived | null {
    const arrived = this.#kept.get(id) ?? null;
    this.#kept.delete(id);
    return arrived;
  }
}
