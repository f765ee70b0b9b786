/** One or more Apps in this process on one database, and the GitHub double that talks to all of them. */

import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { Logger } from "pino";

import { Double } from "../../src/cli/scenario/harness/double.ts";
import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import type { Instant } from "../../src/domain/time/instant.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import type { Countersign } from "../../src/main.ts";
import { ControlledDouble } from "../github/control.ts";
import { API_URL, appCredentials, registeredApp, startApp } from "../support/app.ts";

/** How a rig is set up. `apps`: how many Apps share the database; default: one. `answered`: told the status of every webhook's answer. */
export interface RigOptions {
  readonly apps?: number;
  readonly leaseMs?: number;
  /** How long GitHub takes for each answer (ms, real time). */
  readonly latencyMs?: number;
  readonly log?: Logger;
  readonly answered?: (status: number) => void;
}

/** Apps and double, set up for a story; the clock moves by `moveTo` alone. */
export interface Rig {
  readonly github: ControlledDouble;
  readonly double: Double;
  readonly ledger: Ledger;
  /** Posts to the first App's doors, signed unless `signature` is given. */
  post(webhook: {
    readonly event: string;
    readonly id: string;
    readonly body: RequestInit["body"] & {};
    readonly signature?: string;
    readonly headers?: Readonly<Record<string, string>>;
  }): Promise<Response>;
  /** Resolves when no App has anything due and no webhook is on its way. */
  settle(): Promise<void>;
  /** Moves GitHub's clock and every App's, each running its timetable. */
  moveTo(at: Instant): Promise<void>;
  /** The double's whole account of what happened. */
  state(): Promise<RawState>;
  /** Asks the double to send a delivery of its log again. */
  redeliver(id: string): Promise<void>;
  fault(wish: Readonly<Record<string, unknown>>): Promise<void>;
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/** What is read of the double's account here. */
export interface RawState {
  readonly organizations: readonly { readonly id: number; readonly login: string }[];
  readonly installations: readonly { readonly id: number; readonly appId: number }[];
  readonly repositories: readonly {
    readonly id: number;
    readonly name: string;
    readonly fullName: string;
    readonly pulls: readonly { readonly number: number; readonly state: string }[];
    readonly checks: readonly {
      readonly id: number;
      readonly sha: string;
      readonly ours: boolean;
      readonly status: string;
      readonly conclusion: string | null;
      readonly title: string;
      readonly summary: string;
      readonly text: string;
    }[];
    readonly issues: readonly {
      readonly number: number;
      readonly title: string;
      readonly body: string;
      readonly state: string;
    }[];
    readonly activity: readonly {
      readonly ref: string;
      readonly before: string;
      readonly after: string;
      readonly at: number;
    }[];
  }[];
  readonly deliveries: readonly {
    readonly id: string;
    readonly guid: string;
    readonly event: string;
    readonly status: string;
    readonly statusCode: number;
  }[];
  readonly breaches: readonly unknown[];
}

/** Sets the double up for a story and starts the Apps on a database that is there. */
export async function openRig(
  scenario: Scenario,
  where: StoreLocation,
  options: RigOptions = {},
): Promise<Rig> {
  const apps: Countersign[] = [];
  let turn = 0;
  const github = new ControlledDouble({
    apiUrl: API_URL,
    webUrl: "http://github.test",
    deliver: async (url, init) => {
      // Each App is the first to hear of something in its turn.
      turn += 1;
      const inTurn = apps
        .map((_, index) => apps[(index + turn) % apps.length])
        .filter((app) => app !== undefined);
      const answers = await Promise.all(inTurn.map((app) => app.fetch(new Request(url, init))));
      for (const { status } of answers) options.answered?.(status);
      const [first] = answers;
      if (first === undefined) throw new TypeError("fetch failed");
      return first;
    },
  });
  const double = new Double((request) => github.fetch(request));
  await double.setup(scenario, registeredApp);
  for (let count = 0; count < (options.apps ?? 1); count += 1) {
    apps.push(
      await startApp(where, scenario.start, {
        fetch: async (input: string | URL | Request, init?: RequestInit) => {
          if (options.latencyMs !== undefined) await sleep(options.latencyMs);
          return github.fetch(new Request(input, init));
        },
        ...(options.log === undefined ? {} : { log: options.log }),
        ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
      }),
    );
  }
  const [first] = apps;
  if (first === undefined) throw new Error("a rig has at least one App");
  await Promise.all(apps.map((app) => app.sweep()));
  const ledger = await openLedger(where);
  const control = async (path: string, body?: unknown): Promise<unknown> => {
    const answer = await github.fetch(
      new Request(`http://double/_double/${path}`, {
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
        headers: { "content-type": "application/json" },
      }),
    );
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer.json();
  };
  const settle = async (): Promise<void> => {
    for (let before = -1, after = await double.marker(); before !== after; after = await double.marker()) {
      before = after;
      await Promise.all(apps.map((app) => app.settle()));
      await double.idle();
    }
  };
  return {
    github,
    double,
    ledger,
    post: ({ event, id, body, signature, headers }) => {
      const signed =
        signature ??
        `sha256=${createHmac("sha256", appCredentials.secret)
          .update(body as string)
          .digest("hex")}`;
      return first.fetch(
        new Request(registeredApp.webhookUrl, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            "x-github-event": event,
            "x-github-delivery": id,
            "x-hub-signature-256": signed,
            ...headers,
          },
          body,
          duplex: "half",
        }),
      );
    },
    settle,
    async moveTo(at) {
      await double.setClock(at);
      await Promise.all(apps.map((app) => app.advance(at)));
      await settle();
    },
    state: async () => (await control("state")) as RawState,
    redeliver: async (id) => {
      await control("redeliver", { id });
    },
    fault: async (wish) => {
      await control("faults", wish);
    },
    async sweep() {
      await Promise.all(apps.map((app) => app.sweep()));
      await settle();
    },
    async close() {
      await ledger.close();
      for (const app of apps) await app.stop();
      await github.close();
    },
  };
}
