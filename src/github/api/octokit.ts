/**
 * Octokits as Probot makes them, with our manners: paced by GitHub's limits, silent while GitHub requires a wait, retried by
 * our queue alone.
 */

import { Octokit } from "@octokit/rest";
import { LRUCache } from "lru-cache";
import { Probot, ProbotOctokit } from "probot";
import { z } from "zod";
import { atMost } from "../../domain/values/cache-use.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import type { GitHub } from "./requests.ts";
import { costOf } from "./rate-limits.ts";
import type { Pacing } from "./pacing.ts";
import { graphqlErrorsIn, limitOf, untilReset } from "./errors.ts";
import { Unchanged } from "./etag-cache.ts";

/** Describes the `fetch` all calls go through. */
export type Fetch = typeof globalThis.fetch;

/** Describes one request that was sent, for metrics. `installation` is null for the requests of the App itself. */
export interface Sent {
  readonly installation: number | null;
  readonly method: string;
  readonly path: string;
  /** Null: no answer came. */
  readonly status: number | null;
  readonly ms: number;
}

/** Holds what is needed to call GitHub as the App. */
export interface GitHubSettings {
  readonly appId: number;
  readonly privateKey: string;
  readonly secret: string;
  /** The REST API's address, e.g. `https://ghe.example/api/v3`; without it, api.github.com. */
  readonly baseUrl?: string;
  readonly fetch?: Fetch;
  /** Keeps to GitHub's limits; one for all clients of the same App. */
  readonly pacing: Pacing;
  /** What keeps answers with their tags; default: one of its own. */
  readonly unchanged?: Unchanged;
  /** Returns the real time (ms): the waits GitHub requires are real, whatever the App's clock shows. */
  readonly now?: () => number;
  readonly timeoutMs?: number;
  readonly onRequest?: (sent: Sent) => void;
  /** Called with the time that an answer of GitHub's names, and how long that answer was awaited (ms). */
  readonly onDate?: (date: number, ms: number) => void;
  readonly log?: NonNullable<ConstructorParameters<typeof Probot>[0]>["log"];
}

/** Holds the Octokits of the App and of its installations. */
export interface Octokits {
  app(): Promise<GitHub>;
  installation(installationId: number): Promise<GitHub>;
  /** Returns the rights of an installation's token, by GitHub's answer that gave it; null: the token is no App's. */
  rights(installationId: number): Promise<Readonly<Record<string, string>> | null>;
}

/** Makes a Probot whose Octokits have our manners. */
export function makeProbot(settings: GitHubSettings): Probot {
  const manners = new Manners(settings);
  const Base = ProbotOctokit.plugin((octokit, options: Record<string, unknown>) =>
    manners.watchQueries(octokit, installationOf(options)),
  ).defaults((options: Record<string, unknown>) => {
    return {
      ...options,
      request: {
        ...(options["request"] as object | undefined),
        fetch: manners.fetchFor(installationOf(options)),
      },
      // Waiting here would hold a lane for minutes; our queue waits instead.
      retry: { enabled: false },
      // It takes every query for a write, and lets one a second through.
      throttle: { enabled: false },
    };
  });
  return new Probot({
    appId: settings.appId,
    privateKey: settings.privateKey,
    secret: settings.secret,
    Octokit: Base,
    request: { fetch: manners.fetchFor(null) },
    ...(settings.baseUrl === undefined ? {} : { baseUrl: settings.baseUrl }),
    ...(settings.log === undefined ? {} : { log: settings.log }),
  });
}

/** Returns the installation of an Octokit with these options; null: it is the App's own. */
function installationOf(options: Readonly<Record<string, unknown>>): number | null {
  const auth = options["auth"] as { readonly installationId?: unknown } | undefined;
  return typeof auth?.installationId === "number" ? auth.installationId : null;
}

/** Makes an Octokit for a token without an App. It reads as that person, and sends nothing while GitHub requires a wait. */
export function octokitOf(
  token: string,
  settings: Pick<GitHubSettings, "baseUrl" | "fetch" | "now" | "timeoutMs" | "onRequest" | "pacing">,
): GitHub {
  const manners = new Manners(settings);
  const octokit = new Octokit({
    auth: token,
    // A failure is logged once, by the caller.
    log: { debug: quietly, info: quietly, warn: quietly, error: quietly },
    request: { fetch: manners.fetchFor(null) },
    ...(settings.baseUrl === undefined ? {} : { baseUrl: settings.baseUrl }),
  });
  manners.watchQueries(octokit, null);
  return octokit;
}

function quietly(): void {
  return undefined;
}

/** So many waits are kept, a few for each installation that has one. */
const MOST_WAITS = 10_000;

/** Bounds how many installations' Octokits are kept; each renews its token itself. */
const MOST_KEPT = 200;

/** Returns the Octokits of a {@link Probot}, each made once. */
export function octokitsOf(probot: Probot): Octokits {
  const kept = new LRUCache<number | "app", ReturnType<Probot["auth"]>>({ max: MOST_KEPT });
  const of = (asker: number | "app"): ReturnType<Probot["auth"]> => {
    const known = kept.get(asker);
    if (known !== undefined) return known;
    const made = asker === "app" ? probot.auth() : probot.auth(asker);
    kept.set(asker, made);
    made.catch(() => kept.delete(asker));
    return made;
  };
  return {
    app: () => of("app"),
    installation: of,
    async rights(installationId) {
      const octokit = await of(installationId);
      // The token is kept as long as it is good: where it is, nothing is requested.
      return TokenShape.parse(await octokit.auth({ type: "installation" })).permissions;
    },
  };
}

const TokenShape = z.object({ permissions: z.record(z.string(), z.string()).default({}) });

/** Sends requests when their turn comes, counts them, and sends none while GitHub requires a wait. */
class Manners {
  readonly #fetch: Fetch;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  readonly #onRequest: ((sent: Sent) => void) | undefined;
  readonly #onDate: ((date: number, ms: number) => void) | undefined;
  readonly #pacing: Pacing;
  readonly #unchanged: Unchanged;
  /** Holds until when a resource of an installation (or all of them: `*`) must not be requested. */
  readonly #waits = new LRUCache<string, number>(atMost(MOST_WAITS));

  constructor(
    settings: Pick<
      GitHubSettings,
      "fetch" | "now" | "timeoutMs" | "onRequest" | "onDate" | "pacing" | "unchanged"
    >,
  ) {
    this.#unchanged = settings.unchanged ?? new Unchanged();
    this.#fetch = settings.fetch ?? globalThis.fetch;
    this.#now = settings.now ?? Date.now;
    this.#timeoutMs = settings.timeoutMs ?? 30_000;
    this.#onRequest = settings.onRequest;
    this.#onDate = settings.onDate;
    this.#pacing = settings.pacing;
  }

  /** Applies limits that are named in the answer to a query, which succeeded as a request. */
  watchQueries(octokit: Pick<Octokit, "hook">, asker: number | null): void {
    octokit.hook.after("request", ({ data, headers }) => {
      const errors = graphqlErrorsIn(data);
      if (errors.length === 0) return;
      const words = errors.map(({ message }) => message).join("\n");
      const wait = limitOf(null, headers, this.#now(), words, errors);
      if (wait === null) return;
      const isPrimary = headers["x-ratelimit-remaining"] === "0" || errors.some(({ type }) => type !== null);
      this.#pacing.refused(asker, isPrimary ? "primary" : "secondary");
      this.#waits.set(`${asker}:${isPrimary ? "graphql" : "*"}`, this.#now() + wait);
    });
  }

  fetchFor(asker: number | null): Fetch {
    return async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      // The App itself requests the token of an installation.
      const installation = url.pathname.endsWith("/access_tokens") ? null : asker;
      const resource = resourceOf(url.pathname);
      const method = init?.method ?? "GET";
      // A request that GitHub's wait postpones need not wait for its turn as well, and the wait may have begun meanwhile.
      this.#refuseWhileLimited(installation, resource);
      const turn = await this.#pacing.turn(installation, costOf(method, url.pathname, init?.body));
      try {
        this.#refuseWhileLimited(installation, resource);
      } catch (error) {
        turn.unsent();
        throw error;
      }
      const started = this.#now();
      const sent = { installation, method, path: url.pathname };
      try {
        const send = async (headers?: Headers): Promise<Response> => {
          const sentAt = performance.now();
          const answer = await this.#fetch(input, {
            signal: AbortSignal.timeout(this.#timeoutMs),
            ...definedOf(init),
            ...(headers === undefined ? {} : { headers }),
          });
          const date = Date.parse(answer.headers.get("date") ?? "");
          if (Number.isFinite(date)) this.#onDate?.(date, performance.now() - sentAt);
          return answer;
        };
        const isAskedAgain = method === "GET" && !(input instanceof Request);
        const response = isAskedAgain
          ? await this.#unchanged.get(String(asker), url.href, new Headers(init?.headers), send)
          : await send();
        await this.#watchLimits(installation, resource, response);
        this.#onRequest?.({ ...sent, status: response.status, ms: this.#now() - started });
        return response;
      } catch (error) {
        this.#onRequest?.({ ...sent, status: null, ms: this.#now() - started });
        throw error;
      } finally {
        turn.end();
      }
    };
  }

  #refuseWhileLimited(installation: number | null, resource: string): void {
    const until = Math.max(
      this.#waits.get(`${installation}:*`) ?? 0,
      this.#waits.get(`${installation}:${resource}`) ?? 0,
    );
    const waitMs = until - this.#now();
    if (waitMs > 0) {
      throw new ExternalError("github-limited", "GitHub asked us to slow down, and the time is not over.", {
        waitMs,
      });
    }
  }

  async #watchLimits(installation: number | null, resource: string, response: Response): Promise<void> {
    const headers = Object.fromEntries(response.headers);
    // A secondary limit may be named in words alone.
    const inWords = response.status === 403 || response.status === 422;
    const words = inWords ? await response.clone().text() : "";
    const asked = limitOf(response.status, headers, this.#now(), words);
    const isExhausted =
      headers["x-ratelimit-remaining"] === "0" && headers["x-ratelimit-reset"] !== undefined;
    const until = this.#now() + (asked ?? (isExhausted ? untilReset(headers, this.#now()) : 0));
    const isPrimary = isExhausted && headers["retry-after"] === undefined;
    // A server that is out of service for a while refuses no request for being too much.
    if (asked !== null && response.status !== 503)
      this.#pacing.refused(installation, isPrimary ? "primary" : "secondary");
    if (asked !== null && !isPrimary) {
      this.#waits.set(`${installation}:*`, until);
    } else if (isExhausted) {
      // GitHub names the limit that is used up; it need not be the one we would have guessed.
      for (const name of [resource, headers["x-ratelimit-resource"] ?? resource])
        this.#waits.set(`${installation}:${name}`, until);
    }
  }
}

/** The limits GitHub counts apart, by path. */
function resourceOf(path: string): string {
  if (path.endsWith("/graphql")) return "graphql";
  return /\/search\//u.test(path) ? "search" : "core";
}

/** `init` without what is undefined: Octokit passes `signal: undefined`. */
function definedOf(init: RequestInit | undefined): RequestInit {
  return Object.fromEntries(Object.entries(init ?? {}).filter(([, value]) => value !== undefined));
}
