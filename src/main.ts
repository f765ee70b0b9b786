/** Opens the ledger, starts Probot, the workers and the timetable. */

import { watchedRepository, type Repo } from "./flows/context/repo.ts";
import { Hono } from "hono";
import { throughProbot } from "./app.ts";
import { Arrivals } from "./arrivals.ts";
import type { Instant } from "./domain/time/instant.ts";
import type { CompletenessRecord, LogHeadRecord } from "./domain/records/monitoring.ts";
import { taskId, type Task } from "./domain/records/task.ts";
import { ExternalError } from "./domain/values/external-error.ts";
import { knownHeads } from "./flows/monitoring/log-heads.ts";
import { recordSignOff, type SignedOff, type TerminalSignOff } from "./flows/monitoring/monthly-reviews.ts";
import { enterDeviation, type Entered, type EnteredDeviation } from "./flows/deviations/enter-deviation.ts";
import {
  emergencyAtTerminal,
  type TerminalEmergency,
  type TerminalEmergencyResult,
} from "./flows/commands/emergency-at-terminal.ts";
import type { Tools } from "./flows/context/tools.ts";
import { repositoryOnRecord } from "./flows/records/named-repository.ts";
import { askToReconcile, reconciled } from "./flows/completeness/reconcile.ts";
import { workLane } from "./flows/jobs/lane.ts";
import { listenOn, type Listening } from "./listening.ts";
import { routes } from "./server.ts";
import { apiBaseUrl, type Settings } from "./settings.ts";
import { AppCheck } from "./start/app-check.ts";
import { DrivenClock, Driver } from "./start/driven-clock.ts";
import { actTools } from "./start/page-acts.ts";
import { pagesWhenOpened } from "./start/pages.ts";
import { ReadingProgress } from "./start/progress.ts";
import { Schedule } from "./start/schedule.ts";
import { buildTools, type Built, type StartTools } from "./start/tools.ts";
import { Worker } from "./worker.ts";

/** Where a socket listens. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** Describes the running App. */
export interface Countersign {
  /** Answers HTTP requests without a socket. */
  fetch(request: Request): Promise<Response>;
  /** Opens the sockets that the settings name; `monitoring`: the monitors' own. */
  listen(): Promise<Address & { readonly monitoring: Address | null }>;
  /** Resolves when no delivery or action is due any more; where webhooks are polled, also none that GitHub's log holds. */
  settle(): Promise<void>;
  /**
   * Moves a driven clock, doing what is due on the way, oldest first: of the timetable each kind's first and last time, and
   * everything the App had put off until a moment of its own.
   */
  advance(to: Instant): Promise<void>;
  /** Sweeps all repositories, as the timetable does once a day. */
  sweep(): Promise<void>;
  /** Counts a period's updates anew and records the result for each branch; `to` is excluded. */
  reconcile(organization: string, from: Instant, to: Instant): Promise<readonly CompletenessRecord[]>;
  /** Compares every head of the log that GitHub shows with the log, and records what was found. */
  compareHeads(organization: string): Promise<void>;
  /** Posts the log's head on GitHub, once in a round; returns what became of it, or null where the policy names no place for it. */
  postHead(organization: string, why: LogHeadRecord["why"], round: string): Promise<LogHeadRecord | null>;
  /** Signs a control's month off, as at the terminal; returns the result. */
  signOff(organization: string, given: TerminalSignOff): Promise<SignedOff>;
  /** Enters a deviation from an auditor's report, as at the terminal; returns the result. */
  enterDeviation(given: EnteredDeviation): Promise<Entered>;
  /** Advances an emergency, as at the terminal; returns the result. `repository`: `owner/name`. */
  emergency(repository: string, given: TerminalEmergency): Promise<TerminalEmergencyResult>;
  /** Finishes what is under way and closes everything. */
  stop(): Promise<void>;
}

/** Starts the App. Throws ExternalError when the store cannot be opened. */
export async function startCountersign(settings: Settings, start: StartTools): Promise<Countersign> {
  const driven = start.timetable === "driven" ? new DrivenClock(start.clock.now()) : null;
  const isServing = start.role !== "command";
  // A story's App is registered as the story says, and nobody watches its log.
  const isWatched = isServing && driven === null;
  const built = await buildTools(
    settings,
    start,
    driven ?? start.clock,
    start.wall ?? (driven === null ? start.clock : null),
  );
  const { tools, pacing } = built;
  const arrivals = new Arrivals(settings.appId);
  const receive = await throughProbot(built.probot, tools, arrivals);
  const worker = new Worker({
    ledger: tools.ledger,
    clock: tools.clock,
    log: tools.log,
    work: (lease) => workLane(tools, lease, receive),
    ...(start.leaseMs === undefined ? {} : { leaseMs: start.leaseMs }),
  });
  const schedule = new Schedule(tools, worker, {
    isServing,
    isDriven: driven !== null,
    pollMs: settings.pollMs ?? null,
  });
  const check = new AppCheck({
    octokits: tools.github.octokits,
    log: tools.log,
    expected: { ...settings, apiUrl: apiBaseUrl(settings), skew: tools.skew },
    // Nothing need reach an App that reads GitHub's log instead.
    baseUrl: settings.pollMs === undefined ? settings.baseUrl : null,
  });
  const progress = new ReadingProgress(tools.ledger, tools.log);
  const served = routesOf(settings, built, {
    arrivals,
    worker,
    schedule,
    check,
    isProcessMeasured: isWatched,
  });
  if (isWatched) await askFirst(check, progress, built);
  await schedule.begin(start.newStore === true);
  const driver = new Driver(tools.clock, tools.ledger, worker);
  const sockets = new Sockets(settings, served);
  return {
    fetch: async (request) => served.app.fetch(request),
    async listen() {
      const address = await sockets.open();
      if (schedule.held === null && check.reason === null)
        tools.log.info(
          { host: address.host, port: address.port },
          "Ready: deliveries are stored and worked on",
        );
      return address;
    },
    async settle() {
      await schedule.poll();
      await worker.settle();
    },
    async advance(to) {
      if (driven === null) throw new Error("a clock that runs by itself is not driven");
      await driver.advance(driven, to);
      if (isServing) await tools.ledger.beat(driven.now());
      await worker.settle();
    },
    sweep: () => driver.doNow("census"),
    reconcile: (organization, from, to) =>
      reconcileNow(tools, worker, organization, { from, to, request: driver.request() }),
    ...logHeads(tools, worker, driver),
    async signOff(organization, given) {
      return recordSignOff(tools, await idOf(tools, organization), given);
    },
    async enterDeviation(given) {
      const entered = await enterDeviation(tools, given);
      await worker.settle();
      return entered;
    },
    async emergency(called, given) {
      const repo = await watchedCalled(tools, called);
      const reply = await emergencyAtTerminal(repo, given);
      await worker.settle();
      return reply;
    },
    async stop() {
      schedule.end();
      check.end();
      progress.end();
      pacing.stop();
      await sockets.close();
      await worker.stop();
      // What cannot be given back is free when its lease has ended.
      await pacing.end().catch(() => undefined);
      await tools.ledger.close();
    },
  };
}

/** Asks GitHub about the App before anything begins; what is refused ends the start, and leaves nothing open. */
async function askFirst(check: AppCheck, progress: ReadingProgress, { tools, pacing }: Built): Promise<void> {
  try {
    await check.begin();
  } catch (error) {
    check.end();
    pacing.stop();
    await tools.ledger.close();
    throw error;
  }
  progress.begin();
}

interface Routes {
  readonly app: Hono;
  /** The monitors' own, where the settings give them a socket. */
  readonly monitors: Hono | null;
}

function routesOf(
  settings: Settings,
  { tools, pacing, lookups, unchanged, fetch, isKeyRefused }: Built,
  {
    arrivals,
    worker,
    schedule,
    check,
    isProcessMeasured,
  }: {
    readonly arrivals: Arrivals;
    readonly worker: Worker;
    readonly schedule: Schedule;
    readonly check: AppCheck;
    readonly isProcessMeasured: boolean;
  },
): Routes {
  const { ledger, clock, log } = tools;
  const monitors = settings.monitoring === undefined ? null : new Hono();
  const app = routes(
    {
      ledger,
      webhookSecrets: settings.webhookSecrets,
      sources: settings.deploymentSources,
      meaningOf: (...arrived) => arrivals.meaningOf(...arrived),
      clock,
      log,
      wake: () => worker.wake(),
      missed: () => schedule.missed(),
      isKeyRefused,
      held: () => schedule.held,
      unready: () => check.reason,
      isProcessMeasured,
      pacing,
      caches: {
        lookups: () => lookups.use(),
        unchanged: () => unchanged.use(),
        newest: () => ledger.use().newest,
        entries: () => ledger.use().entries,
        arrivals: () => arrivals.use(),
      },
      pages: pagesWhenOpened(settings, {
        ledger,
        clock,
        log,
        github: tools.github,
        acts: actTools(settings, tools, fetch, () => worker.wake()),
        ...(fetch === undefined ? {} : { fetch }),
      }),
    },
    monitors,
  );
  return { app, monitors };
}

/** The sockets the settings name. */
class Sockets {
  readonly #settings: Settings;
  readonly #routes: Routes;
  readonly #listening: Listening[] = [];

  constructor(settings: Settings, served: Routes) {
    this.#settings = settings;
    this.#routes = served;
  }

  async open(): ReturnType<Countersign["listen"]> {
    const { app, monitors } = this.#routes;
    const { monitoring: inner } = this.#settings;
    const monitoring = monitors === null || inner === undefined ? null : await this.#listen(monitors, inner);
    return { ...(await this.#listen(app, this.#settings)), monitoring };
  }

  async close(): Promise<void> {
    await Promise.all(this.#listening.map((each) => each.close()));
  }

  async #listen(to: Hono, { host, port }: Address): Promise<Address> {
    const socket = await listenOn(to, host, port);
    this.#listening.push(socket);
    return { host, port: socket.port };
  }
}

function logHeads(
  tools: Tools,
  worker: Worker,
  driver: Driver,
): Pick<Countersign, "compareHeads" | "postHead"> {
  const { clock } = tools;
  return {
    async compareHeads(organization) {
      const organizationId = await idOf(tools, organization);
      await doTask(tools, worker, {
        kind: "compare-heads",
        organizationId,
        round: driver.request(),
        dueAt: clock.now(),
      });
    },
    async postHead(organization, why, round) {
      const organizationId = await idOf(tools, organization);
      await doTask(tools, worker, { kind: "post-head", organizationId, why, round, dueAt: clock.now() });
      return (await knownHeads(tools.ledger, organizationId)).find((each) => each.round === round) ?? null;
    },
  };
}

/** Runs one task now. Throws {@link ExternalError} where it could not be done yet; it stays queued. */
async function doTask(tools: Tools, worker: Worker, task: Task): Promise<void> {
  await tools.ledger.record({ tasks: [task] }, task.dueAt);
  await worker.settle();
  for (const status of ["waiting", "dead"] as const) {
    const left = await tools.ledger.queue.list({ status, limit: 10_000 });
    const failed = left.find(({ id }) => id === taskId(task));
    if (failed !== undefined)
      throw new ExternalError(
        "github-unreachable",
        `GitHub could not be asked: ${failed.error ?? "not yet done"}`,
      );
  }
}

async function reconcileNow(
  tools: Tools,
  worker: Worker,
  organization: string,
  { from, to, request }: { readonly from: Instant; readonly to: Instant; readonly request: string },
): Promise<readonly CompletenessRecord[]> {
  const id = await idOf(tools, organization);
  const ids = new Set(await askToReconcile(tools, id, { from, to }, request));
  await worker.settle();
  for (const status of ["waiting", "dead"] as const) {
    const left = await tools.ledger.queue.list({ status, limit: 10_000 });
    const failed = left.filter((task) => ids.has(task.id));
    if (failed.length === 0) continue;
    throw new ExternalError(
      "github-unreachable",
      `GitHub could not be asked about ${failed.length} of ${ids.size} repositories of ${organization}: ${failed[0]?.error ?? "not yet done"}`,
    );
  }
  return reconciled(tools, id, { from, to });
}

async function watchedCalled(tools: Tools, called: string): Promise<Repo> {
  const found = await repositoryOnRecord(tools, called);
  const repo = found === null ? null : await watchedRepository(tools, found.repository.id, undefined);
  if (repo !== null) return repo;
  throw new ExternalError("settings-wrong", `${called} is not known here: is the App installed there?`);
}

async function idOf(tools: Tools, login: string): Promise<number> {
  for await (const entry of tools.ledger.states("repository", { everyOrganization: true })) {
    const { repository } = entry.body;
    if (repository.owner.toLowerCase() === login.toLowerCase()) return repository.ownerId;
  }
  throw new ExternalError(
    "settings-wrong",
    `No repository of ${login} is known here: is the App installed there?`,
  );
}
