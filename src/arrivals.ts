/** Deliveries as they arrive: each is read once, and what it means is kept until it is worked on. */

import { LRUCache } from "lru-cache";

import { useOf, type CacheUse } from "./domain/values/cache-use.ts";
import { ignoredNote } from "./flows/jobs/intake.ts";
import { laneOf, signal } from "./github/webhooks/signal.ts";
import type { DeliveryMetadata, Signal } from "./github/webhooks/subject.ts";
import { MINUTE } from "./domain/time/durations.ts";

/** So many bytes of bodies are kept, read as they are; the rest is read again when it is worked on. */
const MOST_BYTES = 2 * 1024 * 1024;

/** Drops what no worker of this replica took by then (ms): another replica worked on it, or it waits. */
const KEPT_FOR = MINUTE;

/** Describes a delivery as it arrives. `ignored`: the note it is stored with where nothing is to be done; null: something is. */
export interface Meaning {
  readonly lane: string;
  readonly ignored: string | null;
  /** Keeps what was read for the worker; called once it is stored. */
  readonly keep?: () => void;
}

/** Holds a delivery that was read. */
export interface Arrived {
  readonly payload: unknown;
  readonly signal: Signal;
}

/** Reads deliveries as they arrive, and hands them to the worker. */
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

  /** Returns the meaning of a delivery of so many bytes, by itself alone. Never throws, whatever the payload. */
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

  /** Returns a delivery that was kept as it arrived, once; null: it is to be read. */
  take(id: string): Arrived | null {
    const arrived = this.#kept.get(id) ?? null;
    this.#kept.delete(id);
    return arrived;
  }
}
