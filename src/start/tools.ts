/** The real tools: GitHub through Probot, paced and cached, the ledger, the clock and the log. */

import { randomUUID } from "node:crypto";

import { pino, type Logger } from "pino";
import { PinoPretty as pretty } from "pino-pretty";
import type { Probot } from "probot";
import { getProxyForUrl } from "proxy-from-env";
import type { Clock, Tools } from "../flows/context/tools.ts";
import { skewOf } from "../domain/time/skew.ts";
import { carryingOut } from "../github/actions/carry-out.ts";
import { facts } from "../github/facts.ts";
import { Lookups } from "../github/api/lookups.ts";
import { makeProbot, octokitsOf, type Fetch } from "../github/api/octokit.ts";
import { Pacing, ranked } from "../github/api/pacing.ts";
import { laneOf, signal } from "../github/webhooks/signal.ts";
import { Unchanged } from "../github/api/etag-cache.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { openLedger } from "../ledger/open.ts";
import type { StoreLocation } from "../ledger/database/store.ts";
import { networkPost, type Post } from "../notifications/post.ts";
import { notificationSender } from "../notifications/send.ts";
import { VERSION } from "../package/version.ts";
import type { Addresses } from "../domain/links/addresses.ts";
import { apiBaseUrl, webBaseUrl, type Settings } from "../settings.ts";
import { canSignIn } from "./sign-in-settings.ts";

/** Describes how the App is started. `serve` hands in the system's clock, rehearsals their own, tests a `fetch` that reaches a double. */
export interface StartTools {
  readonly clock: Clock;
  readonly fetch?: Fetch;
  readonly log?: Logger;
  /** Called when nobody reads the log any more: its reader is gone. */
  readonly onLogUnread?: () => void;
  /** How notifications are posted, where it is not over the network. */
  readonly post?: Post;
  /** How the ledger is opened, where its writes are to fail on purpose. */
  readonly openLedger?: (where: StoreLocation) => Promise<Ledger>;
  /** How long a lane is leased (ms); default: 30 seconds. */
  readonly leaseMs?: number;
  /** The clock GitHub's is compared with; default: `clock`, where it is the system's. */
  readonly wall?: Clock;
  /** `driven`: time stands still but for {@link Countersign.advance}. */
  readonly timetable?: "system" | "driven";
  /** Whether an empty store is meant so, though the App has a past. */
  readonly newStore?: boolean;
  /** `command`: it does one thing beside a serving App, or without one, and notes nothing of who was there. Default: `serve`. */
  readonly role?: "serve" | "command";
}

/** Holds the tools of the flows, and what they are made of that must be shown or ended. */
export interface Built {
  readonly tools: Tools;
  readonly probot: Probot;
  readonly pacing: Pacing;
  /** What requests go through where it is not the network. */
  readonly fetch: Fetch | undefined;
  readonly lookups: Lookups;
  readonly unchanged: Unchanged;
  /** Returns whether GitHub refuses the App's key, by its last answer to the App itself; null: it has not answered. */
  readonly isKeyRefused: () => boolean | null;
}

/** Builds the tools on a clock. `wall`: the clock GitHub's is compared with; null: none. Throws {@link ExternalError} when the store cannot be opened. */
export async function buildTools(
  settings: Settings,
  start: StartTools,
  clock: Clock,
  wall: Clock | null,
): Promise<Built> {
  const log = start.log ?? makeLog(settings, start.onLogUnread);
  let skew: number | null = null;
  let isKeyRefused: boolean | null = null;
  const ledger = await (start.openLedger ?? openLedger)(settings.store);
  const pacing = new Pacing(settings.github.limits, { lease: ledger.shares(randomUUID()) });
  const unchanged = new Unchanged();
  const lookups = new Lookups({ now: () => clock.now() });
  const probot = makeProbot({
    appId: settings.appId,
    privateKey: settings.privateKey,
    secret: settings.webhookSecrets[0],
    baseUrl: apiBaseUrl(settings),
    pacing,
    unchanged,
    // Probot would log a failed delivery whole, with everyone's names and addresses; the worker logs what failed.
    log: pino({ level: "silent" }),
    ...(start.fetch === undefined ? {} : { fetch: start.fetch }),
    onRequest: ({ installation, status }) => {
      // As itself the App is known by its key alone; an installation's token may be refused for other reasons.
      if (installation === null && status !== null && status < 500) isKeyRefused = status === 401;
    },
    onDate: (date, ms) => {
      if (wall !== null) skew = skewOf({ date, receivedAt: wall.now(), ms }) ?? skew;
    },
  });
  const addresses = addressesOf(settings);
  const tools: Tools = {
    appId: settings.appId,
    clock,
    ledger,
    log,
    skew: () => skew,
    version: VERSION,
    ...(settings.pollMs === undefined ? {} : { polls: true }),
    sendNotification: notificationSender({
      variable: settings.receivers.variable,
      addresses,
      post: start.post ?? networkPost({ ...settings.receivers, proxyFor: getProxyForUrl }),
      privateAddresses: settings.receivers.privateAddresses,
    }),
    github: {
      ...facts,
      carryOut: carryingOut(addresses),
      signal,
      laneOf,
      ranked,
      octokits: octokitsOf(probot),
      lookups,
    },
  };
  return { tools, probot, pacing, lookups, unchanged, fetch: start.fetch, isKeyRefused: () => isKeyRefused };
}

/** Returns what links begin with: the dashboard's address is of use only where people can sign in there. */
function addressesOf(settings: Settings): Addresses {
  const { baseUrl } = settings;
  const pages = baseUrl !== null && canSignIn(settings) ? new URL(baseUrl).origin : null;
  return { pages, web: webBaseUrl(settings) };
}

/** Returns the log, as the settings ask for it: lines of JSON for machines, or made pretty for a person at a terminal. */
function makeLog({ logLevel: level, logFormat }: Settings, onUnread?: () => void): Logger {
  const output = pino.destination({ dest: 1, sync: true });
  // Pino would drop every further line without a word.
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") onUnread?.();
  });
  return pino({ level }, logFormat === "pretty" ? pretty({ destination: output, sync: true }) : output);
}
