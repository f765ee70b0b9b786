/** The tools the flows are handed: the type of each is the type of the real thing. */

import type { Logger } from "pino";
import type { CarryOut } from "../../github/actions/carry-out.ts";
import type { facts } from "../../github/facts.ts";
import type { Lookups } from "../../github/api/lookups.ts";
import type { Octokits } from "../../github/api/octokit.ts";
import type { ranked } from "../../github/api/pacing.ts";
import type { laneOf, signal } from "../../github/webhooks/signal.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { SendNotification } from "../../notifications/send.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Returns the time; `serve` hands in the system's clock, scenarios their own. */
export interface Clock {
  now(): Instant;
}

/** Everything that reads from GitHub or writes to it. */
type GitHubRoom = typeof facts & {
  readonly carryOut: CarryOut;
  readonly signal: typeof signal;
  readonly laneOf: typeof laneOf;
  readonly ranked: typeof ranked;
  readonly octokits: Octokits;
  readonly lookups: Lookups;
};

/** Holds what every flow works with. */
export interface Tools {
  readonly appId: number;
  readonly clock: Clock;
  readonly github: GitHubRoom;
  readonly ledger: Ledger;
  readonly log: Logger;
  /** How far GitHub's clock is ahead of ours (ms), by its last answer; null: it has not answered yet. */
  readonly skew: () => number | null;
  /** The version of this program, by which what it reads is recorded. */
  readonly version: string;
  /** GitHub cannot reach the App: it reads webhooks from GitHub's log of deliveries. */
  readonly polls?: true;
  /** There was no App to block anything: what the policy requires of the gate is not required. */
  readonly withoutGate?: true;
  /** A past is filled in: nothing is written on GitHub about it, and these branches, followed no further, are those of production. */
  readonly past?: { readonly refs: readonly string[] };
  /** Sends messages outside GitHub. */
  readonly sendNotification: SendNotification;
}
