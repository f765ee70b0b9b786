/** Registers the App with a browser's help: serves the pages until GitHub's answer has come and is saved. */

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { Hono } from "hono";
import { ExternalError } from "../../domain/values/external-error.ts";
import type { Fetch } from "../../github/api/octokit.ts";
import { convertManifestCode, type RegisteredApp } from "../../github/installation/app-manifest.ts";
import { listenOn } from "../../listening.ts";
import { readSettings, type Settings } from "../../settings.ts";
import { UsageError, type Terminal } from "../terminal/answer.ts";
import type { AppPlan, GivenPlan } from "./app-plan.ts";
import { takenOf, type EnvValues } from "./env-file.ts";
import { SETUP_PATH, setupPages, type KeptIn } from "./pages.ts";

/** Describes where and for what the pages are served. */
export interface RegistrationOptions {
  readonly given: GivenPlan;
  readonly apiUrl: string;
  readonly host: string;
  readonly port: number;
  readonly baseUrl: string | null;
  /** The settings so far. */
  readonly env: Terminal["env"];
  /** What helps where the address cannot be had. */
  readonly cure?: string;
  /** Saves the settings of the App before the browser shows that it is done. Throws ExternalError where it may be tried again. */
  readonly save: (values: EnvValues) => KeptIn;
  /** Ends the pages without an App. */
  readonly ended: AbortSignal;
  /** Called with the link to open. */
  readonly onLink: (link: string) => void;
  readonly fetch?: Fetch | undefined;
}

/** Describes the App that was registered, without its secrets. */
export interface Registration {
  readonly plan: AppPlan;
  readonly name: string;
  readonly slug: string;
  readonly htmlUrl: string;
  readonly values: EnvValues;
}

/**
 * Serves the pages until the App is registered and its settings are saved; null: `ended` came first. Throws ExternalError
 * `address-unavailable`.
 */
export async function registerInBrowser(options: RegistrationOptions): Promise<Registration | null> {
  const { host, port, cure, ended } = options;
  const { promise, resolve } = Promise.withResolvers<Registration | null>();
  const exchange = new Exchange(options);
  const { app, token } = setupPages({
    ...options,
    async register(code, plan) {
      const registration = await exchange.registration(code, plan);
      const keptIn = options.save(registration.values);
      resolve(registration);
      return { name: registration.name, installUrl: installUrlOf(registration.htmlUrl), keptIn };
    },
  });
  const server = await listenOn(withHealth(app), host, port, cure === undefined ? {} : { cure });
  ended.addEventListener("abort", () => resolve(null));
  if (ended.aborted) resolve(null);
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  options.onLink(
    `http://${shown.includes(":") ? `[${shown}]` : shown}:${server.port}${SETUP_PATH}?token=${token}`,
  );
  try {
    return await promise;
  } finally {
    // A key that GitHub is about to hand over is still saved.
    await server.close();
  }
}

/** Exchanges each code until GitHub has answered, and keeps the answer: GitHub gives it only once. */
class Exchange {
  readonly #options: RegistrationOptions;
  readonly #registrations = new Map<string, Promise<Registration>>();

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  async registration(code: string, plan: AppPlan): Promise<Registration> {
    const known = this.#registrations.get(code);
    if (known !== undefined) return known;
    const asked = this.#ask(code, plan);
    this.#registrations.set(code, asked);
    try {
      return await asked;
    } catch (error) {
      this.#registrations.delete(code);
      throw error;
    }
  }

  async #ask(code: string, plan: AppPlan): Promise<Registration> {
    const registered = await converted(this.#options, code);
    const { name, slug, html_url: htmlUrl } = registered;
    return { plan, name, slug, htmlUrl, values: valuesOf(registered, plan, this.#options.env) };
  }
}

/** Returns where an App can be installed, by the address of its page. */
export function installUrlOf(htmlUrl: string): string {
  return `${htmlUrl}/installations/new`;
}

/** GitHub gives no secret that signs dashboard sessions, and sign-in needs one. */
const SESSION_SECRET = "COUNTERSIGN_SESSION_SECRET";

/** Returns the settings of an App that GitHub registered. */
function valuesOf(app: RegisteredApp, plan: AppPlan, env: Terminal["env"]): EnvValues {
  const isSet = takenOf([SESSION_SECRET], env).length > 0;
  return {
    APP_ID: String(app.id),
    PRIVATE_KEY: app.pem,
    WEBHOOK_SECRET: app.webhook_secret,
    GITHUB_CLIENT_ID: app.client_id,
    GITHUB_CLIENT_SECRET: app.client_secret,
    ...(isSet ? {} : { [SESSION_SECRET]: randomBytes(32).toString("hex") }),
    COUNTERSIGN_BASE_URL: plan.publicUrl,
  };
}

async function converted({ apiUrl, fetch }: RegistrationOptions, code: string): Promise<RegisteredApp> {
  try {
    return await convertManifestCode(apiUrl, code, fetch);
  } catch (error) {
    if (!(error instanceof ExternalError) || !error.gone) throw error;
    throw new UsageError(
      "GitHub does not accept the code: it works once and for one hour. Try again, and delete the App that was left over under the organisation's GitHub Apps.",
    );
  }
}

/**
 * Reads the settings as they will be when GitHub has registered the App, with a key of nobody's. Throws UsageError with every
 * problem, so that no App is registered that could not start.
 */
export function settingsToBe(env: Terminal["env"], plan: AppPlan): Settings {
  const { privateKey: pem } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const text = "of-an-app-to-be";
  const app = { id: 1, slug: text, name: text, html_url: text, pem, client_id: text, client_secret: text };
  const values = valuesOf({ ...app, webhook_secret: text }, plan, env);
  const read = readSettings({ ...env, ...values, PRIVATE_KEY_PATH: undefined });
  if (read.ok) return read.settings;
  throw new UsageError(
    ["nothing was registered, because the App could not start with these settings:", ...read.problems].join(
      "\n  ",
    ),
  );
}

/** Probes find a process that lives and is not ready, and GitHub one that wants its webhooks later. */
function withHealth(pages: Hono): Hono {
  const app = new Hono();
  const reason = "The App is not registered yet: open the link in the log.";
  app.get("/healthz", (c) => c.json({ alive: true }));
  app.get("/readyz", (c) => c.json({ ready: false, reason }, 503));
  app.post("/api/*", (c) => c.json({ error: reason }, 503));
  app.route("/", pages);
  return app;
}
