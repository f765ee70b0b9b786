/**
 * The pages that register the App: a browser posts the manifest to GitHub, and GitHub sends it back with a code. Only the browser
 * that opened the printed link can use them: the link's token works once, then a cookie takes its place.
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { Hono, type Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { html, raw } from "hono/html";
import { secureHeaders } from "hono/secure-headers";
import { ExternalError } from "../../domain/values/external-error.ts";
import { UsageError } from "../terminal/answer.ts";
import { manifestOf, newAppUrl, planFrom, type AppPlan, type GivenPlan } from "./app-plan.ts";

/** Holds where the pages are. */
export const SETUP_PATH = "/setup";

const COOKIE = "countersign_setup";

/** Describes what the pages are made for. */
export interface SetupPagesOptions {
  /** The answers so far; what is missing is asked on the page. */
  readonly given: GivenPlan;
  /** The App's own address, where a proxy passes requests on; null: only this machine and plain IP addresses. */
  readonly baseUrl: string | null;
  /**
   * Registers the App by GitHub's code and keeps its secrets; returns where it can be installed. Throws UsageError, and
   * ExternalError: with `retry`, the same code may be tried again.
   */
  readonly register: (code: string, plan: AppPlan) => Promise<RegisteredInBrowser>;
}

/** Names where the App's settings are kept. */
export type KeptIn = "file" | "terminal";

/** The App that the browser registered. */
interface RegisteredInBrowser {
  readonly name: string;
  readonly installUrl: string;
  readonly keptIn: KeptIn;
}

/** Describes the pages, and the token that opens them. */
export interface SetupPages {
  readonly app: Hono;
  readonly token: string;
}

/** Makes the pages. */
export function setupPages(options: SetupPagesOptions): SetupPages {
  const pages = new Pages(options);
  const app = new Hono();
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: [`'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`],
        formAction: ["'self'", options.given.webUrl],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    }),
  );
  app.use(async (c, next) => {
    if (!isOwnHost(c.req.header("host") ?? "", options.baseUrl))
      return c.text("Open the link as it was printed: this server has another name.\n", 421);
    c.header("cache-control", "no-store");
    // The server ends with the last page, and waits for no connection that is kept.
    c.header("connection", "close");
    return next();
  });
  app.get(SETUP_PATH, (c) => pages.start(c));
  app.get(`${SETUP_PATH}/created`, (c) => pages.created(c));
  return { app, token: pages.token };
}

class Pages {
  readonly token = secret();
  readonly #options: SetupPagesOptions;
  #isTokenUsed = false;
  /** The cookie of the browser that used the token. */
  #session: string | null = null;
  /** The state of the form that was shown last, and the App it was for. */
  #asked: { readonly state: string; readonly plan: AppPlan } | null = null;

  constructor(options: SetupPagesOptions) {
    this.#options = options;
  }

  start(c: Context): Response | Promise<Response> {
    const token = c.req.query("token");
    if (token !== undefined) {
      if (this.#isTokenUsed || !isSame(token, this.token))
        return this.#refuse(
          c,
          "This link was used already, or is not the one that was printed last. Start the setup again for a new one.",
        );
      this.#isTokenUsed = true;
      this.#session = secret();
      const secure = this.#origin(c).startsWith("https:");
      setCookie(c, COOKIE, this.#session, { path: SETUP_PATH, httpOnly: true, sameSite: "Lax", secure });
      return c.redirect(SETUP_PATH, 303);
    }
    if (!this.#isOwnBrowser(c))
      return this.#refuse(c, "Open the link that the terminal or the log shows, in one browser.");
    const { given } = this.#options;
    const organization = given.organization ?? c.req.query("organization");
    const publicUrl = given.publicUrl ?? c.req.query("url");
    if (organization === undefined || publicUrl === undefined) return c.html(questions(given, null));
    try {
      const plan = planFrom({ ...given, organization, publicUrl });
      const state = secret();
      this.#asked = { state, plan };
      return c.html(confirmation(plan, state, `${this.#origin(c)}${SETUP_PATH}/created`));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return c.html(questions(given, error.message), 400);
    }
  }

  async created(c: Context): Promise<Response> {
    if (!this.#isOwnBrowser(c))
      return this.#refuse(
        c,
        "Open the link that the terminal or the log shows, in the browser that registers the App.",
      );
    const asked = this.#asked;
    const { code = "", state = "" } = c.req.query();
    if (asked === null || !isSame(state, asked.state))
      return this.#refuse(c, "This answer belongs to no form of this setup, or to an earlier one.", true);
    try {
      if (code === "") throw new UsageError("GitHub sent no code.");
      return await c.html(done(await this.#options.register(code, asked.plan), asked.plan));
    } catch (error) {
      if (!(error instanceof ExternalError || error instanceof UsageError)) throw error;
      if (error instanceof ExternalError && error.retry)
        return c.html(
          unfinished(
            error.message,
            `${SETUP_PATH}/created?${new URLSearchParams({ code, state }).toString()}`,
          ),
          503,
        );
      this.#asked = null;
      return this.#refuse(c, error.message, true);
    }
  }

  #isOwnBrowser(c: Context): boolean {
    const cookie = getCookie(c, COOKIE);
    return this.#session !== null && cookie !== undefined && isSame(cookie, this.#session);
  }

  /** The address as the browser has it. */
  #origin(c: Context): string {
    const host = c.req.header("host") ?? "";
    const base = this.#options.baseUrl === null ? null : URL.parse(this.#options.baseUrl);
    return base !== null && base.host === host ? base.origin : `http://${host}`;
  }

  #refuse(c: Context, because: string, canRetry = false): Response | Promise<Response> {
    const again = canRetry ? html`<p><a href="${SETUP_PATH}">Try again</a></p>` : html``;
    return c.html(
      page(
        "The App was not registered",
        html`<p>${because}</p>
          ${again}`,
      ),
      403,
    );
  }
}

/** A name that a page of a stranger cannot have made point here: an IP address, localhost, or the App's own. */
function isOwnHost(host: string, baseUrl: string | null): boolean {
  const url = URL.parse(`http://${host}`);
  if (url === null || url.host !== host.toLowerCase().replace(/:80$/u, "")) return false;
  const name = url.hostname.replace(/^\[(.*)\]$/u, "$1");
  return isIP(name) !== 0 || name === "localhost" || (baseUrl !== null && URL.parse(baseUrl)?.host === host);
}

function secret(): string {
  return randomBytes(32).toString("hex");
}

/** Compares digests, which have one length, in constant time. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

type Html = ReturnType<typeof html>;

const STYLE = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 3em auto; padding: 0 1em }
label { display: block; margin: 1em 0 } input { width: 100%; font: inherit; box-sizing: border-box }
button { font: inherit; padding: 0.4em 1em } .problem { color: #b00 }`;

function page(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        ${raw(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html>`;
}

/** Asks only for what nobody has answered yet. */
function questions(given: GivenPlan, problem: string | null): Html {
  const organization = html`<label>Organisation on GitHub <input name="organization" required /></label>`;
  const address = html`<label>
    Address at which GitHub reaches Countersign
    <input name="url" type="url" required placeholder="https://countersign.example.com" />
  </label>`;
  return page(
    "Register the App",
    html`${problem === null ? "" : html`<p class="problem">${problem}</p>`}
      <form action="${SETUP_PATH}">
        ${given.organization === undefined ? organization : ""}
        ${given.publicUrl === undefined ? address : ""}
        <button>Continue</button>
      </form>`,
  );
}

function confirmation(plan: AppPlan, state: string, redirectUrl: string): Html {
  const manifest = JSON.stringify(manifestOf(plan, redirectUrl));
  return page(
    "Register the App",
    html`<p>
        GitHub will register <b>${plan.name}</b> for <b>${plan.organization}</b> and send its webhooks to
        <b>${plan.publicUrl}</b>.
      </p>
      <p>
        It reads code, reviews and settings, and writes check runs and issues. GitHub lists every permission
        before you confirm.
      </p>
      <form action="${newAppUrl(plan)}?state=${state}" method="post">
        <input type="hidden" name="manifest" value="${manifest}" />
        <button id="register">Register on GitHub</button>
      </form>`,
  );
}

/** The App is registered by now, and its key is still to be had. */
function unfinished(because: string, again: string): Html {
  return page(
    "The setup is not finished",
    html`<p>${because}</p>
      <p>
        The App is not lost. <a href="${again}">Try again</a> within the hour, and keep the setup running.
      </p>`,
  );
}

const KEPT: Readonly<Record<KeptIn, string>> = {
  file: "Its settings are saved. Nothing has to be copied.",
  terminal: "The terminal prints its settings: keep them, they are nowhere else.",
};

function done({ name, installUrl, keptIn }: RegisteredInBrowser, { organization }: AppPlan): Html {
  return page(
    `${name} is registered`,
    html`<p>${KEPT[keptIn]}</p>
      <p>
        <a id="install" href="${installUrl}">Install it on ${organization}</a>, on all repositories. Then
        return to the terminal.
      </p>`,
  );
}
