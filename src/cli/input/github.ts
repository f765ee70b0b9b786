/** The App at GitHub, as every command reaches it, and how far GitHub's clock is from this machine's. */

import { pino } from "pino";
import type { Instant } from "../../domain/time/instant.ts";
import { skewOf } from "../../domain/time/skew.ts";
import { makeProbot, octokitsOf, type Fetch, type Octokits } from "../../github/api/octokit.ts";
import { Pacing } from "../../github/api/pacing.ts";
import type { Importance } from "../../github/api/request-line.ts";
import { apiBaseUrl, type Settings } from "../../settings.ts";

/** Holds the App's clients of GitHub. */
export interface AppOnGitHub {
  readonly octokits: Octokits;
  /** Returns how far GitHub's clock is ahead of ours (ms; behind: negative), by its last answer; null: no answer shows it. */
  readonly skew: () => number | null;
}

/** Describes how GitHub is reached, where not as usual. */
export interface ReachOptions {
  readonly fetch?: Fetch | undefined;
  readonly now?: () => Instant;
  /** What requests give way to; default: they are as important as a check. */
  readonly importance?: Importance;
}

/** Returns the App at GitHub by its settings. */
export function appOnGitHub(
  settings: Pick<Settings, "appId" | "privateKey" | "webhookSecrets" | "github">,
  { fetch = globalThis.fetch, now = Date.now, importance }: ReachOptions = {},
): AppOnGitHub {
  let skew: number | null = null;
  const timed: Fetch = async (input, init) => {
    const sent = now();
    const response = await fetch(input, init);
    const date = Date.parse(response.headers.get("date") ?? "");
    const receivedAt = now();
    if (Number.isFinite(date)) skew = skewOf({ date, receivedAt, ms: receivedAt - sent }) ?? skew;
    return response;
  };
  const probot = makeProbot({
    appId: settings.appId,
    privateKey: settings.privateKey,
    secret: settings.webhookSecrets[0],
    baseUrl: apiBaseUrl(settings),
    pacing: new Pacing(settings.github.limits, importance === undefined ? {} : { usual: importance }),
    // A command prints its own lines.
    log: pino({ level: "silent" }),
    fetch: timed,
  });
  return { octokits: octokitsOf(probot), skew: () => skew };
}
