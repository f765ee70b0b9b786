/** Answers kept with the tag GitHub gave them, so that it need not send, and does not count, what has not changed. */

import { LRUCache } from "lru-cache";

import { useOf, type CacheUse } from "../../domain/values/cache-use.ts";
import { HOUR } from "../../domain/time/durations.ts";

interface Kept {
  readonly tag: string;
  readonly body: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** So much text is kept of one answer, and of all (characters); an answer takes so much beside its text. */
const MOST_OF_ONE = 200_000;
const MOST_OF_ALL = 16_000_000;
const EACH = 2_000;
/** GitHub's tags hold for one token, and a token for an hour (ms). */
const TAGS_HOLD = HOUR;

/**
 * Requests again with the tag of the answer before, and returns that answer again where it still holds (304). GitHub's tags
 * hold for one token, and a token for an hour: this helps while much is read in a short time, not from day to day.
 */
export class Unchanged {
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: MOST_OF_ALL,
    maxEntrySize: MOST_OF_ONE,
    // An answer without a body takes room as well.
    sizeCalculation: ({ body }) => EACH + body.length,
    ttl: TAGS_HOLD,
    updateAgeOnGet: true,
  });

  /** Returns how much is kept. */
  use(): CacheUse {
    return useOf(this.#kept);
  }

  /** Sends a GET through `send`. `asker`: whose eyes it is seen with; answers are never shared between askers. */
  async get(
    asker: string,
    url: string,
    headers: Headers,
    send: (headers: Headers) => Promise<Response>,
  ): Promise<Response> {
    const key = [asker, headers.get("accept") ?? "", url].join("\n");
    const known = this.#kept.get(key);
    const asked = new Headers(headers);
    if (known !== undefined) asked.set("if-none-match", known.tag);
    const response = await send(asked);
    if (response.status === 304 && known !== undefined) {
      const merged = new Headers(known.headers.map(([name, value]): [string, string] => [name, value]));
      for (const [name, value] of response.headers) merged.set(name, value);
      return new Response(known.body, { status: 200, headers: merged });
    }
    const tag = response.headers.get("etag");
    if (response.status !== 200 || tag === null) return response;
    const body = await response.clone().text();
    this.#kept.set(key, { tag, body, headers: [...response.headers] });
    return response;
  }
}
