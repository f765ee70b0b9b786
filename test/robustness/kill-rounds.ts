/** A story in rounds, played against the App in a process of its own that dies once in every round it is told to. */

import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { createAdaptorServer } from "@hono/node-server";

import { Double } from "../../src/cli/scenario/harness/double.ts";
import { freePort, startApp, type AppProcess } from "../../src/cli/scenario/harness/processes.ts";
import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import { ControlledDouble } from "../github/control.ts";
import { readStory } from "../support/scenarios.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import type { RawState } from "./rig.ts";

const HOUR = 3_600_000;
const APP_ID = 4711;
const SECRET = "a secret for the dying";

const STORY = readStory(
  `name: two repositories at once
policy: { mode: enforce, approval: { required: 1 } }
people: { ann: { permission: admin }, bob: { permission: write }, cat: { permission: write } }
repositories: { api: {} }
story: []
`,
  "kill rounds",
);

const APP_KEYS = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
});
const SIGNING_KEY = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
}).privateKey;

/** What each repository goes through, over and over: an approved change that is deployed, one approved too early, a push past all rules. */
function stepsOf(repository: string, pull: number, phase: number): readonly DoStep[] {
  const feature = `feature-${pull}`;
  const file = (name: string): Record<string, string> => ({ [`src/${name}-${pull}.ts`]: `${phase}` });
  const made: readonly (readonly DoStep[])[] = [
    [{ do: "open-pull-request", by: "ann", pull, branch: feature, files: file("a") }],
    [{ do: "review", by: "bob", pull, state: "approved" }],
    [{ do: "merge", by: "ann", pull, method: "squash" }],
    [{ do: "deploy", by: "ann", environment: "production", commit: "main" }],
    [
      { do: "open-pull-request", by: "cat", pull: pull + 1, branch: `${feature}-too`, files: file("b") },
      { do: "review", by: "bob", pull: pull + 1, state: "approved" },
    ],
    [{ do: "push", by: "cat", branch: `${feature}-too`, files: file("c") }],
    [{ do: "merge", by: "ann", pull: pull + 1, method: "merge", bypass: true }],
    [{ do: "push", by: "ann", branch: "main", files: file("d"), bypass: true }],
  ];
  return (made[phase] ?? []).map((step) => ({ ...step, repository }));
}

const PHASES = 8;

/** The steps of one round, one set for each repository, each at another point of its life. */
export function roundOf(round: number): readonly DoStep[] {
  return [
    { repository: "web", since: 0 },
    { repository: "api", since: 3 },
  ].flatMap(({ repository, since }) =>
    round < since
      ? []
      : stepsOf(repository, 1 + 2 * Math.floor((round - since) / PHASES), (round - since) % PHASES),
  );
}

/** When in a round the App dies. `write`: a request that changes something on GitHub; `nth` counts within the round. */
export type Death =
  | { readonly at: "before-write" | "after-write" | "request" | "delivery"; readonly nth: number }
  | { readonly at: "moment"; readonly ms: number };

/** How often it died, by what it was doing; `idle`: the moment planned never came, and it died at the end of the round. */
export type Deaths = Record<Death["at"] | "idle", number>;

/** A run after it ended. */
export interface Run {
  readonly outcome: Outcome;
  readonly deaths: Deaths;
  /** Webhooks sent by GitHub. */
  readonly deliveries: number;
  /** Deliveries and actions that did not come to a good end, each in a sentence. */
  readonly unfinished: readonly string[];
  readonly breaches: readonly unknown[];
  /** Checks of ours on a commit that has one already. */
  readonly doubledChecks: number;
  readonly doubledIssues: number;
  readonly logHolds: boolean;
}

/** GitHub over HTTP on an address that stays the same from run to run. */
export class Stagehand {
  readonly #github: ControlledDouble;
  readonly #server: ReturnType<typeof createAdaptorServer>;
  #url = "";
  #app: AppProcess | null = null;
  #death: Death | null = null;
  #counted = 0;
  #isDead = false;
  #deaths: Deaths = none();

  constructor() {
    const address = (): string => this.#url;
    this.#github = new ControlledDouble({
      get apiUrl() {
        return `${address()}/api/v3`;
      },
      get webUrl() {
        return address();
      },
      deliver: async (url, init) => {
        await this.#pass("delivery");
        return fetch(url, init);
      },
    });
    this.#server = createAdaptorServer({ fetch: (request) => this.#answer(request) });
  }

  /** Opens the double's address. */
  async open(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Closes it, and ends the App where a failure left it running. */
  async close(): Promise<void> {
    await this.#app?.kill();
    this.#server.close();
    await this.#github.close();
  }

  /** Plays `rounds` rounds on a new database; the App dies as planned, in each round there is a death for. */
  async play(rounds: number, where: StoreLocation, deaths: readonly (Death | null)[]): Promise<Run> {
    const double = new Double((request) => this.#github.fetch(request));
    const port = await freePort();
    await double.setup(STORY, {
      id: APP_ID,
      publicKey: APP_KEYS.publicKey,
      webhookSecret: SECRET,
      webhookUrl: `http://127.0.0.1:${port}/api/github/webhooks`,
    });
    this.#deaths = none();
    this.#isDead = false;
    this.#death = null;
    const app = await startApp({ env: this.#environment(port, where), start: STORY.start });
    this.#app = app;
    let now = STORY.start;
    /** Does it until it was done by an App that lived to the end of it. */
    const alive = async (work: () => Promise<void>): Promise<void> => {
      for (;;) {
        if (this.#isDead) {
          await app.restart(now);
          this.#isDead = false;
        }
        try {
          await work();
        } catch (error) {
          if (!this.#isDead) throw error;
        }
        if (!this.#isDead) return;
      }
    };
    const rest = async (): Promise<void> => {
      for (let before = -1, after = await double.marker(); before !== after; after = await double.marker()) {
        before = after;
        await alive(() => app.settle());
        await double.idle();
      }
    };
    const moveTo = async (at: number): Promise<void> => {
      now = at;
      await double.setClock(at);
      await alive(() => app.advance(at));
      await rest();
    };
    for (let round = 0; round < rounds; round += 1) {
      this.#arm(deaths[round] ?? null);
      for (const step of roundOf(round)) {
        const { refused, unplayable } = await double.act(step);
        if (refused !== null || unplayable !== null)
          throw new Error(`round ${round}, ${step.do} in ${step.repository}: ${refused ?? unplayable}`);
      }
      await rest();
      await moveTo(now + HOUR);
      if (deaths[round] !== undefined && this.#death !== null) await this.#die("idle");
      // A quiet hour: what was lost is asked for again before anything is built on it.
      await moveTo(now + HOUR);
    }
    const state = (await (
      await this.#github.fetch(new Request("http://double/_double/state"))
    ).json()) as RawState;
    await app.stop();
    const ledger = await openLedger(where);
    try {
      const queue = await ledger.queue.list({ limit: 10_000 });
      const actions = await ledger.queue.listActions({ limit: 10_000 });
      const checks = state.repositories.flatMap((repository) =>
        repository.checks.filter(({ ours }) => ours).map(({ sha }) => `${repository.id} ${sha}`),
      );
      const issues = state.repositories.flatMap((repository) =>
        repository.issues.map(
          ({ body }) => `${repository.id} ${/countersign-deviation:\S+/u.exec(body)?.[0]}`,
        ),
      );
      return {
        outcome: await outcomeOf(ledger, state),
        deaths: this.#deaths,
        deliveries: state.deliveries.length,
        unfinished: [
          ...queue
            .filter(({ status }) => status !== "done")
            .map(({ event, status, error }) => `${event} ${status}: ${error}`),
          ...actions
            .filter(({ status }) => status === "waiting" || status === "dead")
            .map(({ key, status, error }) => `${key} ${status}: ${error}`),
        ],
        breaches: state.breaches,
        doubledChecks: checks.length - new Set(checks).size,
        doubledIssues: issues.length - new Set(issues).size,
        logHolds: (await ledger.verifyLog()).ok,
      };
    } finally {
      await ledger.close();
    }
  }

  #environment(port: number, where: StoreLocation): Readonly<Record<string, string>> {
    return {
      APP_ID: String(APP_ID),
      PRIVATE_KEY: APP_KEYS.privateKey,
      WEBHOOK_SECRET: SECRET,
      GHE_HOST: new URL(this.#url).host,
      GHE_PROTOCOL: "http",
      HOST: "127.0.0.1",
      PORT: String(port),
      LOG_LEVEL: process.env["LOG_LEVEL"] ?? "fatal",
      COUNTERSIGN_SIGNING_KEY: SIGNING_KEY,
      ...("databaseUrl" in where
        ? { DATABASE_URL: where.databaseUrl }
        : { COUNTERSIGN_DATA_DIR: where.dataDir }),
    };
  }

  #arm(death: Death | null): void {
    this.#death = death;
    this.#counted = 0;
    if (death?.at === "moment") void this.#dieAfter(death);
  }

  async #dieAfter(death: Extract<Death, { readonly at: "moment" }>): Promise<void> {
    await sleep(death.ms);
    if (this.#death === death) await this.#die(death.at);
  }

  /** Something the App may die of has come; whether it did. */
  async #pass(what: Death["at"]): Promise<boolean> {
    const death = this.#death;
    if (death === null || death.at === "moment" || death.at !== what) return false;
    this.#counted += 1;
    if (this.#counted !== death.nth) return false;
    await this.#die(what);
    return true;
  }

  async #die(of: keyof Deaths): Promise<void> {
    this.#death = null;
    this.#isDead = true;
    this.#deaths[of] += 1;
    await this.#app?.kill();
  }

  async #answer(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    const isWrite = request.method !== "GET" && !/graphql$|access_tokens$/u.test(path);
    const died = (await this.#pass("request")) || (isWrite && (await this.#pass("before-write")));
    // Whoever asked is gone: GitHub never saw it.
    if (died) return new Response(null, { status: 500 });
    const answer = await this.#github.fetch(request);
    if (isWrite) await this.#pass("after-write");
    return answer;
  }
}

function none(): Deaths {
  return { "before-write": 0, "after-write": 0, request: 0, delivery: 0, moment: 0, idle: 0 };
}
