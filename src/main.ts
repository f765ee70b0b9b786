/** Opens the ledger, starts Probot, the workers and the timetable: the only place that builds real tools. */

import { randomUUID } from "node:crypto";

import { Hono } from "hono";
import { pino, type Logger } from "pino";
import { PinoPretty as pretty } from "pino-pretty";
import countersign from "./app.ts";
import { Arrivals } from "./arrivals.ts";
import { ClockWatch } from "./clock-watch.ts";
import type { Instant } from "./domain/change.ts";
import type { CompletenessRecord } from "./domain/record.ts";
import { logged, Trouble } from "./domain/trouble.ts";
import { recordDowntime } from "./flows/gaps.ts";
import { hear, ignoredNote, type Heard } from "./flows/intake.ts";
import { lostStore } from "./flows/lost-store.ts";
import { recordSignOff, type SignedOff, type TerminalSignOff } from "./flows/monitoring.ts";
import { enterDeviation, type Entered, type EnteredDeviation } from "./flows/enter-deviation.ts";
import {
  emergencyAtTerminal,
  type TerminalEmergency,
  type ToldAtTerminal,
} from "./flows/emergency-at-terminal.ts";
import type { Clock, Tools, Watched } from "./flows/ports.ts";
import { watch } from "./flows/repositories.ts";
import { askToReconcile, reconciled } from "./flows/reconcile.ts";
import { workLane, type Receive } from "./flows/work.ts";
import { carryOut } from "./github/carry-out.ts";
import { facts } from "./github/facts.ts";
import { Lookups } from "./github/lookups.ts";
import { makeProbot, octokitsOf, type Fetch } from "./github/octokit.ts";
import { Pacing, ranked } from "./github/pacing.ts";
import { signal } from "./github/signal.ts";
import { Unchanged } from "./github/unchanged.ts";
import { networkPost, type Post } from "./notifications/post.ts";
import { notificationSender } from "./notifications/send.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { openLedger } from "./ledger/open.ts";
import type { Where } from "./ledger/store.ts";
import { doors, listen, type Listening } from "./server.ts";
import { apiBaseUrl, webBaseUrl, type Settings } from "./settings.ts";
import {
  appointments,
  firstAndLast,
  lastAppointment,
  queueAppointment,
  queueMissed,
  type Recurring,
} from "./timetable.ts";
import { Worker } from "./worker.ts";

/** How the App is started: `serve` hands in the system's clock, rehearsals their own, tests a `fetch` that reaches a double. */
export interface StartTools {
  readonly clock: Clock;
  readonly fetch?: Fetch;
  readonly log?: Logger;
  /** How notifications are posted, where it is not over the network. */
  readonly post?: Post;
  /** How the ledger is opened, where its writes are to fail on purpose. */
  readonly openLedger?: (where: Where) => Promise<Ledger>;
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

/** Where a socket listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The running App. */
export interface Countersign {
  /** Its HTTP doors without a socket. */
  fetch(request: Request): Promise<Response>;
  /** Opens the sockets that the settings name; `monitoring`: the monitors' own. */
  listen(): Promise<Address & { readonly monitoring: Address | null }>;
  /** Resolves when no delivery or action is due any more. */
  settle(): Promise<void>;
  /**
   * Moves a driven clock, doing what is due on the way, oldest first: of the timetable each kind's first and last time, and
   * everything the App had put off until a moment of its own.
   */
  advance(to: Instant): Promise<void>;
  /** Looks at everything again, as the timetable does once a day. */
  sweep(): Promise<void>;
  /** Counts a period's updates anew and records what each branch came to; `to` is excluded. */
  reconcile(organization: string, from: Instant, to: Instant): Promise<readonly CompletenessRecord[]>;
  /** Signs a control's month off, as at the terminal; answers what came of it. */
  signOff(organization: string, given: TerminalSignOff): Promise<SignedOff>;
  /** Enters a deviation from an auditor's report, as at the terminal; answers what came of it. */
  enterDeviation(given: EnteredDeviation): Promise<Entered>;
  /** Leads an emergency on, as at the terminal; answers what came of it. `repository`: `owner/name`. */
  emergency(repository: string, given: TerminalEmergency): Promise<ToldAtTerminal>;
  /** Finishes what is under way and closes everything. */
  stop(): Promise<void>;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** So often the App notes that it is there. */
const BEAT = MINUTE / 4;

/** Starts the App. Throws Trouble when the store cannot be opened. */
export async function startCountersign(settings: Settings, start: StartTools): Promise<Countersign> {
  const log = start.log ?? makeLog(settings);
  const isDriven = start.timetable === "driven";
  let now = start.clock.now();
  const clock: Clock = isDriven ? { now: () => now } : start.clock;
  const wall = start.wall ?? (isDriven ? null : start.clock);
  let skew: number | null = null;
  const ledger = await (start.openLedger ?? openLedger)(settings.store);
  let isKeyRefused: boolean | null = null;
  const baseUrl = apiBaseUrl(settings);
  const pacing = new Pacing(settings.github.limits, { lease: ledger.shares(randomUUID()) });
  const unchanged = new Unchanged();
  const lookups = new Lookups({ now: () => clock.now() });
  const probot = makeProbot({
    appId: settings.appId,
    privateKey: settings.privateKey,
    secret: settings.webhookSecrets[0],
    baseUrl,
    pacing,
    unchanged,
    // Probot would log a failed delivery whole, with everyone's names and addresses; the worker says what failed.
    log: pino({ level: "silent" }),
    ...(start.fetch === undefined ? {} : { fetch: start.fetch }),
    onRequest: ({ installation, status }) => {
      // As itself the App is known by its key alone; an installation's token may be refused for other reasons.
      if (installation === null && status !== null && status < 500) isKeyRefused = status === 401;
    },
    onDate: (date) => {
      // A date in whole seconds is half a second late on average.
      if (wall !== null) skew = date + 500 - wall.now();
    },
  });
  const tools: Tools = {
    appId: settings.appId,
    clock,
    ledger,
    log,
    skew: () => skew,
    sendNotification: notificationSender({
      variable: settings.receivers.variable,
      webUrl: webBaseUrl(settings),
      post: start.post ?? networkPost(settings.receivers),
      privateAddresses: settings.receivers.privateAddresses,
    }),
    github: {
      ...facts,
      carryOut,
      signal,
      ranked,
      octokits: octokitsOf(probot),
      lookups,
    },
  };
  const worker = new Worker({
    ledger,
    clock,
    log,
    work: (lease) => workLane(tools, lease, receive),
    ...(start.leaseMs === undefined ? {} : { leaseMs: start.leaseMs }),
  });

  const arrivals = new Arrivals(settings.appId);
  /** What Probot's handler heard of the deliveries it is working on. */
  const heard = new Map<string, (received: { event: string; payload: unknown }) => Promise<void>>();
  await probot.load(countersign(async ({ id, event, payload }) => heard.get(id)?.({ event, payload })));
  const receive: Receive = async (delivery, lease) => {
    let meaning: Heard = {
      note: ignoredNote("Probot handed it to nobody"),
      subjects: [],
      installationId: null,
    };
    const arrived = arrivals.take(delivery.id);
    heard.set(delivery.id, async ({ event, payload }) => {
      const { id, receivedAt } = delivery;
      meaning = await hear(tools, { id, event, payload, receivedAt }, lease, arrived?.signal);
    });
    try {
      const payload = arrived?.payload ?? (JSON.parse(new TextDecoder().decode(delivery.body)) as unknown);
      await probot.receive({ id: delivery.id, name: delivery.event, payload } as Parameters<
        typeof probot.receive
      >[0]);
      return meaning;
    } catch (error) {
      throw firstOf(error);
    } finally {
      heard.delete(delivery.id);
    }
  };

  /** Why the App may not begin; null: it may, or has begun. */
  let held: string | null = null;
  /** Since when deliveries were turned away that GitHub may have sent, and nobody has asked for again. */
  let missedSince: Instant | null = null;
  const monitors = settings.monitoring === undefined ? null : new Hono();
  const app = doors(
    {
      ledger,
      webhookSecrets: settings.webhookSecrets,
      sources: settings.deploymentSources,
      meaningOf: (...arrived) => arrivals.meaningOf(...arrived),
      clock,
      log,
      wake: () => worker.wake(),
      missed: () => (missedSince ??= clock.now()),
      isKeyRefused: () => isKeyRefused,
      held: () => held,
      pacing,
      caches: {
        lookups: () => lookups.use(),
        unchanged: () => unchanged.use(),
        newest: () => ledger.use(),
        arrivals: () => arrivals.use(),
      },
    },
    monitors,
  );
  const isServing = start.role !== "command";
  /** The database's clock, where it has one: those of the machines that share it differ. */
  const storeNow = async (): Promise<Instant> => (isDriven ? now : ((await ledger.time()) ?? clock.now()));
  const last = await ledger.lastBeat();
  let beatAt = performance.now();
  /** Whoever serves says so four times a minute. Where nobody did for longer than `atMost` at least (ms), nobody was there. */
  const beat = async (atMost = Number.POSITIVE_INFINITY): Promise<void> => {
    const at = await storeNow();
    const before = await ledger.lastBeat();
    if (before !== null && Math.min(at - before, atMost) > MINUTE) await recordDowntime(tools, before, at);
    await ledger.beat(at);
    beatAt = performance.now();
  };
  const listening: Listening[] = [];
  let ended = (): void => undefined;
  const begin = async (): Promise<void> => {
    if (isServing) {
      await beat();
      // The first of a month may have passed while nobody was there.
      const monthly = lastAppointment("monthly", clock.now());
      if (monthly !== undefined) await queueAppointment(ledger, monthly);
    }

    if (!isDriven) {
      // On arrival, and once a minute, everything the timetable had due since is queued; replicas queue the same things once.
      let done = clock.now() - MINUTE;
      await queueAppointment(ledger, { kind: "redeliver", at: clock.now() });
      await queueAppointment(ledger, { kind: "census", at: clock.now() });
      const tick = async (): Promise<void> => {
        const until = clock.now();
        for (const each of appointments(done, until)) await queueAppointment(ledger, each);
        done = until;
        worker.wake();
      };
      let lookedAt = Number.NEGATIVE_INFINITY;
      const clockWatch = new ClockWatch(clock, ledger.queue, last === null ? null : last + BEAT);
      await clockWatch.look();
      /** Asks for what was turned away as soon as something can be stored again, at most once a minute. */
      const lookForMissed = async (): Promise<void> => {
        if (missedSince === null || performance.now() - lookedAt < MINUTE) return;
        const since = missedSince;
        await queueMissed(ledger, Math.min(since, clock.now()), clock.now());
        lookedAt = performance.now();
        if (missedSince === since) missedSince = null;
        worker.wake();
      };
      // While nothing can be stored this fails too, and is tried again.
      const looking = setInterval(() => void lookForMissed().catch(() => undefined), MINUTE / 12);
      const watching = setInterval(() => void clockWatch.look().catch(() => undefined), SECOND);
      const ticking = setInterval(() => {
        tick().catch((error: unknown) =>
          log.error(logged(error), "The timetable could not be queued; it is tried again in a minute"),
        );
      }, MINUTE);
      const beating = setInterval(() => {
        // A clock that is set forward is no absence: the time that went by in this process counts as well.
        beat(performance.now() - beatAt).catch((error: unknown) => {
          log.warn(logged(error), "The heartbeat could not be noted; a gap will be recorded if this lasts");
        });
      }, BEAT);
      ended = () => {
        clearInterval(ticking);
        clearInterval(looking);
        clearInterval(watching);
        clearInterval(beating);
      };
      worker.start();
    }
  };
  // A story begins where it begins: its store is its own.
  if (isServing && !isDriven && start.newStore !== true) held = await lostStore(tools);
  if (held === null) await begin();
  else {
    log.error({ reason: held }, "The App does not begin");
    const askAgain = async (): Promise<void> => {
      const reason = await lostStore(tools);
      if (reason === null) await begin();
      // Ready no earlier than it has begun.
      held = reason;
    };
    let isAsking = false;
    const asking = setInterval(() => {
      if (isAsking) return;
      if (held === null) return clearInterval(asking);
      isAsking = true;
      // What fails is asked again, and until then nothing begins.
      void askAgain()
        .catch(() => undefined)
        .finally(() => (isAsking = false));
    }, MINUTE / 4);
    asking.unref();
    ended = () => clearInterval(asking);
  }

  /** Up to when a driven clock's appointments were kept: one that failed is kept when the clock is driven again. */
  let kept = now;
  let asked = 0;
  async function doNow(kind: Recurring): Promise<void> {
    // Asked for twice at one moment, it is done twice: something may have happened in between.
    asked += 1;
    const at = clock.now();
    await queueAppointment(ledger, { kind, at }, `${at}:${process.pid}:${asked}`);
    await worker.settle();
  }

  /** Does at its own moment what the App itself put off until then: what expires, is due, or must be looked at again. */
  async function passUntil(to: Instant): Promise<void> {
    for (;;) {
      const next = await ledger.queue.nextTask(now, to);
      if (next === null) return;
      now = next;
      await worker.settle();
    }
  }

  return {
    fetch: async (request) => app.fetch(request),
    async listen() {
      const open = async (to: Hono, { host, port }: Address): Promise<Address> => {
        const door = await listen(to, host, port);
        listening.push(door);
        return { host, port: door.port };
      };
      const { monitoring: inner } = settings;
      const monitoring = monitors === null || inner === undefined ? null : await open(monitors, inner);
      return { ...(await open(app, settings)), monitoring };
    },
    settle: () => worker.settle(),
    async advance(to) {
      for (const each of firstAndLast(kept, to)) {
        await passUntil(each.at);
        now = Math.max(now, each.at);
        await doNow(each.kind);
        kept = each.at;
      }
      await passUntil(to);
      now = Math.max(now, to);
      kept = now;
      if (isServing) await ledger.beat(now);
      await worker.settle();
    },
    sweep: () => doNow("census"),
    async reconcile(organization, from, to) {
      const id = await organizationId(tools, organization);
      asked += 1;
      const request = `${clock.now()}:${process.pid}:${asked}`;
      const ids = new Set(await askToReconcile(tools, id, { from, to }, request));
      await worker.settle();
      for (const status of ["waiting", "dead"] as const) {
        const left = await ledger.queue.list({ status, limit: 10_000 });
        const failed = left.filter((task) => ids.has(task.id));
        if (failed.length === 0) continue;
        throw new Trouble(
          "github-unreachable",
          `GitHub could not be asked about ${failed.length} of ${ids.size} repositories of ${organization}: ${failed[0]?.error ?? "not yet done"}`,
        );
      }
      return reconciled(tools, id, { from, to });
    },
    async signOff(organization, given) {
      return recordSignOff(tools, await organizationId(tools, organization), given);
    },
    async enterDeviation(given) {
      const entered = await enterDeviation(tools, given);
      await worker.settle();
      return entered;
    },
    async emergency(called, given) {
      const watched = await watchedCalled(tools, called);
      const told = await emergencyAtTerminal(tools, watched, given);
      await worker.settle();
      return told;
    },
    async stop() {
      ended();
      pacing.stop();
      await Promise.all(listening.map((each) => each.close()));
      await worker.stop();
      // What cannot be given back is free when its lease has ended.
      await pacing.end().catch(() => undefined);
      await ledger.close();
    },
  };
}

/** The log, as the settings ask for it: lines of JSON for machines, or made pretty for a person at a terminal. */
function makeLog({ logLevel: level, logFormat }: Settings): Logger {
  return logFormat === "pretty" ? pino({ level }, pretty({ sync: true })) : pino({ level });
}

/** Probot bundles what its handlers throw, and hangs the whole payload on it, which must not reach the log. */
function firstOf(error: unknown): unknown {
  const first: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  if (first instanceof Error) Reflect.deleteProperty(first, "event");
  return first;
}

async function watchedCalled(tools: Tools, called: string): Promise<Watched> {
  for await (const entry of tools.ledger.states("repository")) {
    const { repository } = entry.body;
    if (`${repository.owner}/${repository.name}`.toLowerCase() !== called.toLowerCase()) continue;
    const watched = await watch(tools, repository.id, undefined);
    if (watched !== null) return watched;
  }
  throw new Trouble("settings-wrong", `${called} is not known here: is the App installed there?`);
}

async function organizationId(tools: Tools, login: string): Promise<number> {
  for await (const entry of tools.ledger.states("repository")) {
    const { repository } = entry.body;
    if (repository.owner.toLowerCase() === login.toLowerCase()) return repository.ownerId;
  }
  throw new Trouble("settings-wrong", `No repository of ${login} is known here: is the App installed there?`);
}
