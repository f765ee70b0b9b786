/** Registers the App with a browser's help: serves the pages until GitHub's answer has come and is saved. */

import { randomBytes } from "node:crypto";
import { serve, type ServerType } from "@hono/node-server";
import { Hono } from "hono";
import { ExternalError } from "../../domain/values/external-error.ts";
import type { Fetch } from "../../github/api/octokit.ts";
import { convertManifestCode, type RegisteredApp } from "../../github/installation/app-manifest.ts";
import { UsageError, type Terminal } from "../terminal/answer.ts";
import type { AppPlan, GivenPlan } from "./app-plan.ts";
import { takenOf, type EnvValues } from "./env-file.ts";
import { SETUP_PATH, setupPages } from "./pages.ts";

/** Describes where and for what the pages are served. */
export interface RegistrationOptions {
  readonly given: GivenPlan;
  readonly apiUrl: string;
  readonly host: string;
  readonly port: number;
  readonly baseUrl: string | null;
  /** The settings so far. */
  readonly env: Terminal["env"];
  /** Saves the settings of the App before the browser shows that it is done. */
  readonly save: (values: EnvValues) => void;
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

/** Serves the pages until the App is registered and its settings are saved. Throws ExternalError `address-unavailable`. */
export async function registerInBrowser(options: RegistrationOptions): Promise<Registration> {
  const { promise, resolve } = Promise.withResolvers<Registration>();
  const { app, token } = setupPages({
    ...options,
    async register(code, plan) {
      const registered = await converted(options, code);
      const values = valuesOf(registered, plan, options.env);
      options.save(values);
      const { name, slug, html_url: htmlUrl } = registered;
      resolve({ plan, name, slug, htmlUrl, values });
      return { name, installUrl: installUrlOf(htmlUrl) };
    },
  });
  const server = await listen(withHealth(app), options);
  const { port } = server.address() as { readonly port: number };
  const host = options.host === "0.0.0.0" || options.host === "::" ? "127.0.0.1" : options.host;
  options.onLink(`http://${host.includes(":") ? `[${host}]` : host}:${port}${SETUP_PATH}?token=${token}`);
  try {
    return await promise;
  } finally {
    await closed(server);
  }
}

/** Returns where an App can be installed, by the address of its page. */
export function installUrlOf(htmlUrl: string): string {
  return `${htmlUrl}/installations/new`;
}

/** GitHub gives no secret that signs dashboard sessions, and sign-in needs one. */
const SESSION_SECRET = "COUNTERSIGN_SESSION_SECRET";

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

function listen(app: Hono, { host, port }: RegistrationOptions): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port, overrideGlobalObjects: false }, () =>
      resolve(server),
    );
    server.once("error", (cause) =>
      reject(
        new ExternalError(
          "address-unavailable",
          `Cannot listen on ${host}:${port}: choose a free port with --port, or end the program that uses it.`,
          { cause },
        ),
      ),
    );
  });
}

async function closed(server: ServerType): Promise<void> {
  const done = new Promise((resolve) => server.close(resolve));
  if ("closeIdleConnections" in server) server.closeIdleConnections();
  await done;
}
