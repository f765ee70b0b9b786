/** The metrics that Prometheus reads. */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

import type { Instant } from "./domain/time/instant.ts";
import type { CacheUse } from "./domain/values/cache-use.ts";
import { IMPORTANCES } from "./github/api/request-line.ts";
import type { Paced, Pacing } from "./github/api/pacing.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { headsOwners, lastCheck } from "./flows/monitoring/log-heads.ts";
import { VERSION } from "./package/version.ts";

/** So many installations have figures of their own: those that have the least left. */
const MOST_SHOWN = 100;

/** Holds the metrics of one App in a registry of their own. Two Apps in one process do not meet. */
export class Metrics {
  readonly registry = new Registry();
  readonly deliveries = new RouteFigures(this.registry, "Webhook deliveries", {
    received: "countersign_deliveries_received_total",
    stored: "countersign_deliveries_stored_total",
    refused: "countersign_deliveries_refused_total",
  });
  readonly reports = new RouteFigures(this.registry, "Reports of deployments", {
    received: "countersign_reports_received_total",
    stored: "countersign_reports_stored_total",
    refused: "countersign_reports_refused_total",
  });
  readonly seconds = new Histogram({
    name: "countersign_delivery_answer_seconds",
    help: "Time until a delivery was answered.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1, 5, 10],
    registers: [this.registry],
  });
  readonly waiting: Gauge<"what" | "due">;
  readonly dead: Gauge<"what">;
  readonly keyRefused: Gauge;
  readonly entries: Gauge;
  readonly unreadSpans: Gauge;

  /**
   * `isKeyRefused`: whether GitHub's last answer to the App itself refused its key; null: it has not answered. `pacing`: the
   * pacing of requests to GitHub; null: none are sent.
   */
  constructor(
    ledger: Pick<Ledger, "queue" | "head" | "presence" | "states" | "committed" | "recordedVerdicts">,
    clock: { now(): Instant },
    isKeyRefused: () => boolean | null = () => null,
    pacing: Pick<Pacing, "paced" | "left"> | null = null,
    caches: Caches = {},
  ) {
    const registers = [this.registry];
    this.waiting = new Gauge({
      name: "countersign_waiting",
      help: "Deliveries and actions that wait, and how many of them are due.",
      labelNames: ["what", "due"],
      registers,
      async collect() {
        this.reset();
        const waiting = await ledger.queue.waiting(clock.now()).catch(() => null);
        if (waiting === null) return;
        this.set({ what: "deliveries", due: "yes" }, waiting.dueDeliveries);
        this.set({ what: "deliveries", due: "no" }, waiting.deliveries - waiting.dueDeliveries);
        this.set({ what: "actions", due: "yes" }, waiting.dueActions);
        this.set({ what: "actions", due: "no" }, waiting.actions - waiting.dueActions);
      },
    });
    this.dead = new Gauge({
      name: "countersign_dead",
      help: "Deliveries, tasks and actions that were given up; they stay listed and can be replayed.",
      labelNames: ["what"],
      registers,
      async collect() {
        this.reset();
        try {
          const dead = await ledger.queue.dead();
          for (const what of ["deliveries", "tasks", "actions"] as const) this.set({ what }, dead[what]);
        } catch {
          // A figure that cannot be read is left out: the others are still shown.
        }
      },
    });
    this.keyRefused = new Gauge({
      name: "countersign_app_key_refused",
      help: "1 while GitHub refuses the App's private key, 0 while it takes it.",
      registers,
      collect() {
        const refused = isKeyRefused();
        this.set(refused === null ? Number.NaN : Number(refused));
      },
    });
    this.entries = new Gauge({
      name: "countersign_log_entries",
      help: "Entries in the evidence log.",
      registers,
      async collect() {
        const head = await ledger.head().catch(() => null);
        this.set(head === null ? Number.NaN : head.size);
      },
    });
    const commits = new Counter({
      name: "countersign_store_commits_total",
      help: "Transactions that this process committed to its database.",
      registers: [],
      collect() {
        this.reset();
        this.inc(ledger.committed());
      },
    });
    this.registry.registerMetric(commits);
    this.unreadSpans = new Gauge({
      name: "countersign_seconds_since_sweep",
      help: "How long ago the repository swept longest ago was swept; above two days, readiness and packages name it as a gap.",
      registers,
      async collect() {
        const oldest = await sweptLongestAgo(ledger).catch(() => null);
        this.set(oldest === null ? Number.NaN : (clock.now() - oldest) / 1000);
      },
    });
    registerHeads(this.registry, ledger);
    registerVersion(this.registry);
    registerVerdicts(this.registry, ledger);
    if (pacing !== null) registerPacing(this.registry, pacing);
    registerCaches(this.registry, caches);
  }

  /** Adds what prom-client measures of the process: once, by the App that has the process for itself. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }
}

function registerVersion(registry: Registry): void {
  const info = new Gauge({
    name: "countersign_build_info",
    help: "1, with the version that runs.",
    labelNames: ["version"],
    registers: [registry],
  });
  info.set({ version: VERSION }, 1);
}

function registerVerdicts(registry: Registry, ledger: Pick<Ledger, "recordedVerdicts">): void {
  const counter = new Counter({
    name: "countersign_verdicts_total",
    help: "Verdicts that this process recorded; one that changed counts again.",
    labelNames: ["kind", "verdict"],
    registers: [],
    collect() {
      this.reset();
      for (const [kind, counts] of ledger.recordedVerdicts())
        for (const [verdict, count] of counts) this.inc({ kind, verdict }, count);
    },
  });
  registry.registerMetric(counter);
}

/** Lists the use of each cache, by its name. */
export type Caches = Readonly<Record<string, () => CacheUse>>;

/** Registers the metrics of what is kept in memory. */
function registerCaches(registry: Registry, caches: Caches): void {
  const registerOne = (name: string, help: string, of: (use: CacheUse) => number): void => {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ["cache"],
      registers: [],
      collect() {
        for (const [cache, use] of Object.entries(caches)) this.set({ cache }, of(use()));
      },
    });
    registry.registerMetric(gauge);
  };
  registerOne("countersign_cache_entries", "Answers cached in memory.", ({ entries }) => entries);
  registerOne(
    "countersign_cache_bytes",
    "Bytes that the answers cached in memory take, approximately.",
    ({ bytes }) => bytes,
  );
  registerOne(
    "countersign_cache_bound_bytes",
    "Bytes that they may take at most; those unused for an hour are evicted.",
    ({ bound }) => bound,
  );
}

/** Registers the metrics of requests to GitHub and its limits. */
function registerPacing(registry: Registry, pacing: Pick<Pacing, "paced" | "left">): void {
  const registerOne = (name: string, help: string, of: (paced: Paced) => number): void => {
    const counter = new Counter({
      name,
      help,
      labelNames: ["importance"],
      registers: [],
      collect() {
        this.reset();
        for (const importance of IMPORTANCES) this.inc({ importance }, of(pacing.paced[importance]));
      },
    });
    registry.registerMetric(counter);
  };
  const left = new Gauge({
    name: "countersign_github_budget_left",
    help: `What is left of GitHub's limits: of the App (installation empty) and of the ${MOST_SHOWN} installations with the least left.`,
    labelNames: ["installation", "budget"],
    registers: [],
    collect() {
      this.reset();
      for (const { asker, budget, left: amount } of shownOf(pacing.left()))
        this.set({ installation: asker === null ? "" : String(asker), budget }, amount);
    },
  });
  registry.registerMetric(left);
  registerOne("countersign_github_requests_total", "Requests to GitHub.", ({ requests }) => requests);
  registerOne(
    "countersign_github_waits_total",
    "Requests that waited for room in GitHub's limits.",
    ({ waits }) => waits,
  );
  registerOne(
    "countersign_github_waited_seconds_total",
    "How long requests waited for that room in all.",
    ({ waitedMs }) => waitedMs / 1000,
  );
  registerOne(
    "countersign_github_refusals_total",
    "Requests that GitHub refused by a limit.",
    ({ refusals }) => refusals,
  );
}

/** Returns the figures of the App itself and of the installations that are nearest to a limit: labels must not grow without end. */
function shownOf(figures: ReturnType<Pacing["left"]>): ReturnType<Pacing["left"]> {
  const askers = Map.groupBy(figures, ({ asker }) => asker);
  const own = askers.get(null) ?? [];
  askers.delete(null);
  const least = [...askers.values()].toSorted((a, b) => leastOf(a) - leastOf(b));
  return [...own, ...least.slice(0, MOST_SHOWN).flat()];
}

function leastOf(figures: ReturnType<Pacing["left"]>): number {
  return Math.min(...figures.map(({ left }) => left));
}

/** Counts the requests of one route. */
export class RouteFigures {
  readonly received: Counter;
  readonly stored: Counter<"result">;
  readonly refused: Counter<"reason">;

  /** `subject`: the requests, as the help texts call them. */
  constructor(
    registry: Registry,
    subject: string,
    names: { readonly received: string; readonly stored: string; readonly refused: string },
  ) {
    const registers = [registry];
    this.received = new Counter({
      name: names.received,
      help: `${subject} received.`,
      registers,
    });
    this.stored = new Counter({
      name: names.stored,
      help: `${subject} stored; repeated: it was stored before.`,
      labelNames: ["result"],
      registers,
    });
    this.refused = new Counter({
      name: names.refused,
      help: `${subject} not stored.`,
      labelNames: ["reason"],
      registers,
    });
  }
}

/** What the heads of the log on GitHub showed when they were last compared with it. */
function registerHeads(registry: Registry, ledger: Pick<Ledger, "states">): void {
  const gauge = new Gauge({
    name: "countersign_head_differences",
    help: "Differences between the log and its heads on GitHub, as last compared; above none, it was rewritten, cut or a head was removed.",
    labelNames: ["organization"],
    registers: [registry],
    async collect() {
      gauge.reset();
      for (const { id, login } of await headsOwners(ledger).catch(() => [])) {
        const check = await lastCheck(ledger, id).catch(() => null);
        if (check !== null) gauge.set({ organization: login }, check.findings.length);
      }
    },
  });
}

/** Returns when the watched repository that was swept longest ago was swept; null: none ever was. Others are not swept. */
async function sweptLongestAgo(ledger: Pick<Ledger, "presence" | "states">): Promise<Instant | null> {
  const { lastSweeps } = await ledger.presence();
  let oldest: Instant | null = null;
  for await (const { body } of ledger.states("repository", { everyOrganization: true })) {
    const swept = body.removedAt === null ? lastSweeps.get(body.repository.id) : undefined;
    if (swept !== undefined) oldest = Math.min(oldest ?? swept, swept);
  }
  return oldest;
}
