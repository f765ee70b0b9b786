/** A GitHub that answers from a script, for what is easier said than acted out: each request is matched, counted and kept. */

import { generateKeyPairSync } from "node:crypto";
import { Octokit } from "@octokit/rest";
import type { GitHub } from "../../src/github/api/requests.ts";
import type { Fetch } from "../../src/github/api/octokit.ts";

/** One request as it was sent. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly search: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a script gives: a body, or a whole answer. */
export interface Given {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A fetch that answers by `script`, and everything it was asked. Throws what the script throws. */
export function scripted(script: (seen: Seen) => Given): { readonly fetch: Fetch; readonly seen: Seen[] } {
  const seen: Seen[] = [];
  const fetch: Fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const text = typeof init?.body === "string" ? init.body : "{}";
    const one: Seen = {
      method: init?.method ?? "GET",
      path: url.pathname,
      search: url.searchParams,
      headers: Object.fromEntries(new Headers(init?.headers)),
      body: JSON.parse(text) as Record<string, unknown>,
    };
    seen.push(one);
    const { status = 200, headers = {}, body = {} } = script(one);
    const all = { "content-type": "application/json; charset=utf-8", ...headers };
    return new Response(status === 204 || status === 304 ? null : JSON.stringify(body), {
      status,
      headers: all,
    });
  };
  return { fetch, seen };
}

/** An Octokit over a scripted fetch, without plugins. */
export function octokitOver(fetch: Fetch): GitHub {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  return new Octokit({ request: { fetch }, log: quiet });
}

/** A private key for an App that nobody knows. */
export function privateKey(): string {
  const pem = { type: "pkcs1", format: "pem" } as const;
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: pem,
    publicKeyEncoding: pem,
  }).privateKey;
}
