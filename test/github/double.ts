/** The GitHub double put together: one world, its interfaces, its courier, and the controls of stories. */

import { z } from "zod";
import { act, type Acted } from "./act.ts";
import type { StepOutput } from "./acts/step.ts";
import { problemsUnlessAlike } from "./conformance/alike.ts";
import { checkWebhook } from "./conformance/webhook.ts";
import { Courier, type Send } from "./courier.ts";
import {
  ConnectionRefused,
  faultAnswer,
  OVER_SECONDARY_LIMIT,
  spoiled,
  spoils,
  unconditional,
} from "./fault-answers.ts";
import { faultFor, FaultSchema, isGraphql, setFault, type FaultWish } from "./faults.ts";
import { graphqlApp } from "./graphql/app.ts";
import type { Instant, RequestRecord } from "./model.ts";
import { isPage, pagesApp } from "./pages.ts";
import { settle } from "./queue.ts";
import { restApp } from "./rest/app.ts";
import { LagSchema } from "./lag.ts";
import { keepVersions, recordVersions, startLag } from "./replica.ts";
import { buildWorld, type Setup } from "./setup.ts";
import { SecondaryLimits } from "./secondary-limits.ts";
import { stateOf } from "./state.ts";
import { redeliver } from "./webhooks.ts";
import { Watch } from "./watch.ts";
import type { World } from "./world.ts";

/** How a double is made. */
export interface DoubleOptions {
  /** How webhooks reach the App; default: `fetch`. */
  readonly deliver?: Send;
  /** Hold every request and answer to GitHub's published descriptions; breaches of kind `schema` tell. Default: false. */
  readonly conformance?: boolean;
  /** Where links in answers point; default: GitHub's own addresses. */
  readonly apiUrl?: string;
  readonly webUrl?: string;
}

/** Names of faults that stories ask for as steps. */
const FAULT_STEPS: readonly string[] = FaultSchema.shape.do.options;

/** One GitHub with one organization, from setup to `close`. */
export class Double {
  readonly world: World;
  readonly #made = new Map<string, StepOutput>();
  readonly #courier: Courier;
  readonly #watch: Watch;
  readonly #limits: SecondaryLimits | null;
  readonly #graphql: { fetch(request: Request): Response | Promise<Response> };
  readonly #pages: { fetch(request: Request): Response | Promise<Response> };
  readonly #rest: { fetch(request: Request): Response | Promise<Response> };

  private constructor(world: World, setup: Setup, options: DoubleOptions) {
    this.world = world;
    const conformance = options.conformance ?? false;
    const send = options.deliver ?? ((url: string, init: RequestInit) => fetch(url, init));
    this.#courier = new Courier(world, conformance ? heldToSchema(world, send) : send);
    this.#watch = new Watch(world);
    this.#limits = setup.secondaryLimits === true ? new SecondaryLimits(() => world.realNow()) : null;
    this.#pages = pagesApp(world);
    this.#rest = restApp(world, { conformance });
    this.#graphql = graphqlApp(world, { conformance });
  }

  /** Builds the world and delivers the installation's webhook. */
  static async start(setup: Setup, options: DoubleOptions = {}): Promise<Double> {
    const world = buildWorld(setup, {
      ...(options.apiUrl === undefined ? {} : { apiUrl: options.apiUrl }),
      ...(options.webUrl === undefined ? {} : { webUrl: options.webUrl }),
    });
    const double = new Double(world, setup, options);
    if (setup.versions === true) keepVersions(world);
    await double.idle();
    return double;
  }

  /** Plays one step of a story; resolves when its webhooks were answered, or failed and were logged. */
  async act(step: unknown): Promise<Acted> {
    if (isLag(step)) return this.lag(step);
    const fault = FaultSchema.safeParse(step);
    if (fault.success) {
      this.fault(fault.data);
      return { ok: true, made: {} };
    }
    if (isFaultStep(step)) return { ok: false, error: fault.error.message };
    const acted = act(this.world, this.#made, step);
    recordVersions(this.world);
    await this.idle();
    return acted;
  }

  /** Moves the double's clock, forward only. */
  setClock(now: Instant): void {
    this.world.setClock(now);
    // A merge queue waits only so long for more.
    settle(this.world);
    recordVersions(this.world);
    void this.#courier.flush();
  }

  /** Starts getting something wrong, or stops. */
  fault(wish: FaultWish): void {
    setFault(this.world, wish);
  }

  /** Answers of a kind are older than the state from now on. */
  lag(wish: unknown): Acted {
    const parsed = LagSchema.safeParse(wish);
    if (!parsed.success) return { ok: false, error: z.prettifyError(parsed.error) };
    const error = startLag(this.world, parsed.data);
    return error === null ? { ok: true, made: {} } : { ok: false, error };
  }

  /** Delivers an old webhook again: same id, same body. Resolves when it was answered. */
  async redeliver(deliveryId: string): Promise<boolean> {
    const old = this.world.deliveries.find((one) => String(one.id) === deliveryId);
    if (old === undefined) return false;
    redeliver(this.world, old);
    await this.idle();
    return true;
  }

  /** Resolves when no webhook waits any more. */
  idle(): Promise<void> {
    return this.#courier.flush();
  }

  /** Everything that happened, as JSON values. */
  state(): Record<string, unknown> {
    return stateOf(this.world);
  }

  /** The requests answered after the one numbered `since`. */
  requestsSince(since: number): readonly RequestRecord[] {
    return this.world.requests.slice(since);
  }

  /** Answers a request to GitHub's API. Rejects like `fetch` when told to refuse connections. */
  async fetch(request: Request): Promise<Response> {
    const { method } = request;
    const path = new URL(request.url).pathname;
    const as = this.#asker(request);
    this.#watch.seen(method, path, as);
    const text = isGraphql(path) ? await request.clone().text() : "";
    const asked: Asked = { method, path, as, query: /query (\w+)/u.exec(text)?.[1] };
    if (this.#limits === null) return this.#answered(request, asked);
    const over = this.#limits.enter(as, method, path, text);
    try {
      if (over === null) return await this.#answered(request, asked);
      this.#watch.over(over, OVER_SECONDARY_LIMIT, method, path, as);
      this.#record(asked, 403);
      return faultAnswer(this.world, OVER_SECONDARY_LIMIT, path);
    } finally {
      this.#limits.leave(as);
    }
  }

  /** The answer to a request that is over no limit, or the fault it meets. */
  async #answered(request: Request, asked: Asked): Promise<Response> {
    const { method, path, as } = asked;
    const fault = faultFor(this.world, method, path);
    try {
      if (fault?.afterEffect === true) await this.#answer(request, path);
      const response =
        fault === undefined
          ? await this.#answer(request, path)
          : spoils(fault)
            ? await spoiled(await this.#answer(unconditional(request), path), fault)
            : faultAnswer(this.world, fault, path);
      if (fault !== undefined) this.#watch.limited(fault, path, as);
      this.#record(asked, response.status);
      return response;
    } catch (error) {
      if (!(error instanceof ConnectionRefused)) throw error;
      this.#record(asked, 0);
      throw new TypeError("fetch failed", { cause: error });
    }
  }

  async #answer(request: Request, path: string): Promise<Response> {
    const interfaces = isGraphql(path) ? this.#graphql : isPage(path) ? this.#pages : this.#rest;
    const response = await interfaces.fetch(request);
    if (request.method !== "GET") {
      settle(this.world);
      recordVersions(this.world);
      // GitHub does not wait for webhooks before it answers.
      void this.#courier.flush();
    }
    return response;
  }

  /** Whose credentials a request carries. */
  #asker(request: Request): string {
    const [scheme = "", credentials = ""] = (request.headers.get("authorization") ?? "").split(" ");
    const token = this.world.tokens.get(credentials);
    if (token?.installationId != null) return `installation:${token.installationId}`;
    if (token !== undefined) return `user:${this.world.account(token.accountId).login}`;
    return scheme.toLowerCase() === "bearer" && credentials.split(".").length === 3 ? "app" : "nobody";
  }

  #record(asked: Asked, status: number): void {
    const seq = this.world.requests.length + 1;
    this.world.requests.push({ seq, ...asked, status, at: this.world.realNow() });
  }

  /** Removes the repositories. */
  async close(): Promise<void> {
    await this.idle();
    this.world.close();
  }
}

type Asked = Pick<RequestRecord, "method" | "path" | "as" | "query">;

/** Sends a webhook once it was held to GitHub's description of its event. */
function heldToSchema(world: World, send: Send): Send {
  return (url, init) => {
    const headers = new Headers(init.headers);
    const event = headers.get("x-github-event") ?? "";
    if (world.oddDeliveries.has(headers.get("x-github-delivery") ?? "")) return send(url, init);
    const text = typeof init.body === "string" ? init.body : "null";
    const problems = problemsUnlessAlike(event, text, () =>
      checkWebhook(event, actionIn(text), JSON.parse(text)),
    );
    for (const detail of problems) {
      const request = ["webhook", event, actionIn(text) ?? ""].join(" ").trim();
      world.breaches.push({ kind: "schema", request, detail });
    }
    return send(url, init);
  };
}

function actionIn(text: string): string | null {
  const payload: unknown = JSON.parse(text);
  const hasAction = typeof payload === "object" && payload !== null && "action" in payload;
  return hasAction ? String(payload.action) : null;
}

function isLag(step: unknown): boolean {
  return typeof step === "object" && step !== null && "do" in step && step.do === "lag";
}

function isFaultStep(step: unknown): boolean {
  return typeof step === "object" && step !== null && "do" in step && FAULT_STEPS.includes(String(step.do));
}
