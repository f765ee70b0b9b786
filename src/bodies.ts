/** The bodies of requests, read within a budget of bytes, because their senders are not proven yet. */

import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";

const MB = 1024 * 1024;

/** Bodies up to so many bytes have a budget of their own: nearly all there are. */
const SMALL = MB;

/** How many bytes of small and of larger bodies are held at once. */
const BUDGET = { small: 32 * MB, large: 64 * MB } as const;

type Size = keyof typeof BUDGET;

/** Names why a body was not read. It was too large, the budget had no room, or its sender hung up or was too slow. */
export type Unread = "too-large" | "too-busy" | "cut-off";

/** Holds a body whose bytes count against the budget until it is released. */
export interface Body {
  readonly chunks: readonly Uint8Array[];
  /** Copies the chunks into one. */
  bytes(): Buffer;
  release(): void;
}

/** Reads bodies, with or without a declared length. One for all routes of a server, because they share its memory. */
export class RequestBodies {
  readonly #held: Record<Size, number> = { small: 0, large: 0 };

  /** Reads a request's body of up to `largest` bytes. Never throws. */
  async read(c: Context, largest: number): Promise<Body | Unread> {
    if (isTooLarge(c, largest)) return "too-large";
    const claim = new Claim(this.#held, isTooLarge(c, SMALL) ? "large" : "small");
    const chunks: Uint8Array[] = [];
    const refuse = (because: Unread): Unread => {
      claim.release();
      return because;
    };
    try {
      for await (const chunk of chunksOf(c)) {
        if (claim.size + chunk.byteLength > largest) return refuse("too-large");
        if (!claim.grow(chunk.byteLength)) return refuse("too-busy");
        chunks.push(chunk);
      }
    } catch {
      // However the stream broke, the rest of the body will not come.
      return refuse("cut-off");
    }
    return { chunks, bytes: () => Buffer.concat(chunks), release: () => claim.release() };
  }
}

/** Returns true where a request declares a body of more than so many bytes. */
export function isTooLarge(c: Context, largest: number): boolean {
  return Number(c.req.header("content-length") ?? 0) > largest;
}

/** What one body takes of the budget. */
class Claim {
  readonly #held: Record<Size, number>;
  #of: Size;
  size = 0;

  constructor(held: Record<Size, number>, of: Size) {
    this.#held = held;
    this.#of = of;
  }

  /** Takes more; false where there is no room. */
  grow(bytes: number): boolean {
    const size = this.size + bytes;
    const of = size > SMALL ? "large" : this.#of;
    const own = of === this.#of ? this.size : 0;
    if (this.#held[of] - own + size > BUDGET[of]) return false;
    this.release();
    this.#held[of] += size;
    this.#of = of;
    this.size = size;
    return true;
  }

  release(): void {
    this.#held[this.#of] -= this.size;
    this.size = 0;
  }
}

/** The chunks of a body as they come: from the socket, or of a request that never had one. */
function chunksOf(c: Context): AsyncIterable<Uint8Array> {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  if (incoming === undefined) return c.req.raw.body ?? noChunks();
  // Who stops reading still wants to answer on the same socket.
  return incoming.iterator({ destroyOnReturn: false });
}

async function* noChunks(): AsyncGenerator<Uint8Array> {
  // A request without a body.
}
