/** Sign-in: the way to a provider and back, the session it begins, and sign-out. */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { parse } from "hono/utils/cookie";
import { html } from "hono/html";
import { z } from "zod";

import { MINUTE } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Html } from "../../pages/html-table.ts";
import type { SessionStore } from "../../ledger/sessions.ts";
import { framed, messagePage } from "../layout.ts";
import { addressOf } from "../page/address.ts";
import type { Refusal, SignedInPerson, Viewer } from "../page/access.ts";
import type { GitHubAccounts, RolesOf } from "./accounts.ts";
import { Encryption } from "./encryption.ts";
import { MinuteLimit } from "./minute-limit.ts";
import { beginPath, callbackPath, SIGN_IN_PATH, SIGN_OUT_PATH } from "./paths.ts";
import { gitHubProvider, type SignInProvider } from "./providers.ts";
import { Sessions } from "./sessions.ts";

/** Holds what sign-in needs. */
export interface SignInTools {
  /** The App's own address, as browsers have it. */
  readonly baseUrl: string;
  /** Encrypts sessions: at least 32 random characters. */
  readonly secret: string;
  readonly sessions: SessionStore;
  readonly github: GitHubAccounts;
  /** For people without a GitHub account; absent: they cannot sign in. */
  readonly openId?: SignInProvider;
  readonly rolesOf: RolesOf;
  readonly clock: { now(): Instant };
}

/** Names what is encrypted for a browser at a provider. */
const ATTEMPT = "sign-in attempt";

/** Nobody takes longer at a provider. */
const LONGEST_ATTEMPT = 10 * MINUTE;

/** Browsers keep no larger cookie (name and value, in bytes). */
const LARGEST_COOKIE = 4_000;

/** So often a minute a provider is asked whom a code was given to, and a page is opened in one session. */
const MOST_EXCHANGES = 120;
const MOST_PAGES = 240;

/** Far above any form here (bytes). */
const FORMS = {
  maxSize: 16 * 1_024,
  onError: (c: Context) =>
    messagePage(c, 413, "Nothing was done", ["This form is larger than any of these pages."]),
};

/** What is kept in the browser while it is at a provider. */
const AttemptSchema = z.object({
  provider: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  to: z.string(),
  until: z.number(),
});

type Attempt = z.infer<typeof AttemptSchema>;

/** What cookies are called, and how browsers keep them. */
interface Cookies {
  readonly session: string;
  readonly attempt: string;
  readonly options: { readonly secure: boolean; readonly httpOnly: true; readonly path: "/" };
}

/**
 * Over TLS their names have browsers take them over TLS only, from this host alone. On this machine without TLS, Safari keeps none
 * that asks for it.
 */
function cookiesAt(isSecure: boolean): Cookies {
  const prefix = isSecure ? "__Host-" : "";
  return {
    session: `${prefix}countersign`,
    attempt: `${prefix}countersign-sign-in`,
    options: { secure: isSecure, httpOnly: true, path: "/" },
  };
}

/** Lets people sign in, and says who asks. */
export class SignIn {
  readonly #tools: SignInTools;
  readonly #encryption: Encryption;
  readonly #sessions: Sessions;
  readonly #providers: readonly SignInProvider[];
  readonly #origin: URL;
  readonly #cookies: Cookies;
  readonly #exchanges = new MinuteLimit(MOST_EXCHANGES);
  readonly #pages = new MinuteLimit(MOST_PAGES);

  constructor(tools: SignInTools) {
    this.#tools = tools;
    const { github, openId } = tools;
    this.#providers = [gitHubProvider(github), ...(openId === undefined ? [] : [openId])];
    this.#encryption = new Encryption(tools.secret);
    this.#sessions = new Sessions(tools.sessions, tools.github, tools.rolesOf, this.#encryption);
    this.#origin = new URL(tools.baseUrl);
    this.#cookies = cookiesAt(this.isSecure);
  }

  /** The App's own address as browsers name it in the forms they send. */
  get origin(): string {
    return this.#origin.origin;
  }

  /** Whether the App's own address is over TLS. */
  get isSecure(): boolean {
    return this.#origin.protocol === "https:";
  }

  /** Adds the pages of sign-in. */
  addTo(app: Hono): void {
    app.get(SIGN_IN_PATH, (c) => this.#within(c, () => this.#offer(c)));
    for (const provider of this.#providers) {
      app.get(beginPath(provider.id), (c) => this.#within(c, () => this.#begin(c, provider)));
      app.get(callbackPath(provider.id), (c) => this.#within(c, () => this.#back(c, provider)));
    }
    app.post(SIGN_OUT_PATH, bodyLimit(FORMS), (c) => this.#within(c, () => this.#end(c)));
  }

  /** Returns who asks for a page. */
  async viewerOf(request: Request): Promise<Viewer | Refusal> {
    const refused = this.#otherHost(request);
    if (refused !== null) return refused;
    const now = this.#tools.clock.now();
    const id = this.#sessionIn(request);
    // Before anything is read: nobody takes the database from deliveries.
    if (id !== null && !this.#pages.take(id, now))
      return { status: 429, sentences: [`At most ${MOST_PAGES} pages are shown in a minute.`] };
    const session = id === null ? null : await this.#sessions.find(id, now);
    if (session === null) return { status: 401, sentences: ["Sign in to read this page."], signIn: true };
    const { id: own, person, sees } = session;
    return { name: greetingOf(person), person, sees, csrfToken: this.#csrfToken(own) };
  }

  /** Returns the token of whoever sent a request, for what they do on GitHub themselves; null: they have none. */
  async tokenOf(request: Request): Promise<string | null> {
    const id = this.#sessionIn(request);
    return id === null ? null : this.#sessions.tokenOf(id);
  }

  /** A name of another's that resolves here is none of ours (DNS rebinding). */
  #otherHost(request: Request): Refusal | null {
    const named = [request.headers.get("host"), new URL(request.url).host];
    if (named.every((host) => host === this.#origin.host)) return null;
    return { status: 403, sentences: [`These pages are at ${this.#origin.origin}.`] };
  }

  async #within(c: Context, work: () => Response | Promise<Response>): Promise<Response> {
    const refused = this.#otherHost(c.req.raw);
    if (refused !== null) return messagePage(c, refused.status, "Nothing is shown here", refused.sentences);
    return work();
  }

  #offer(c: Context): Response {
    const to = this.#localPath(c.req.query("to"));
    return c.html(
      framed({
        title: "Sign in",
        main: html`${this.#providers.map(
          ({ id, name, about }) =>
            html`<p>
                <a class="button" href="${addressOf(beginPath(id), { to })}">Sign in with ${name}</a>
              </p>
              <p>${about}</p>`,
        )}`,
      }),
    );
  }

  async #begin(c: Context, provider: SignInProvider): Promise<Response> {
    const [state, nonce, verifier] = [random(), random(), random()];
    const until = this.#tools.clock.now() + LONGEST_ATTEMPT;
    const to = this.#localPath(c.req.query("to"));
    const address = await provider.addressOf({
      state,
      nonce,
      verifier,
      redirectUrl: this.#redirectUrl(provider),
    });
    const attempt: Attempt = { provider: provider.id, state, nonce, verifier, to, until };
    const whole = await this.#encryption.encrypt(JSON.stringify(attempt), ATTEMPT);
    const { attempt: name, options } = this.#cookies;
    // Without the cookie nobody could sign in: whoever came from a longer address begins at the first page.
    const encrypted =
      name.length + whole.length <= LARGEST_COOKIE
        ? whole
        : await this.#encryption.encrypt(JSON.stringify({ ...attempt, to: "/" }), ATTEMPT);
    // The provider's answer comes from another site.
    setCookie(c, name, encrypted, { ...options, sameSite: "Lax", maxAge: LONGEST_ATTEMPT / 1_000 });
    return c.redirect(address, 303);
  }

  async #back(c: Context, provider: SignInProvider): Promise<Response> {
    const attempt = await this.#attempt(c);
    if (attempt?.provider !== provider.id || !isSame(c.req.query("state") ?? "", attempt.state))
      return this.#refuse(
        c,
        "This answer belongs to no sign-in that was begun in this browser in the last ten minutes.",
      );
    const now = this.#tools.clock.now();
    if (!this.#exchanges.take("all", now))
      return messagePage(c, 429, "Too many people sign in", ["Reload this page in a minute."]);
    const redirectUrl = this.#redirectUrl(provider);
    const identified = await provider.personOf(new URL(c.req.url), { ...attempt, redirectUrl });
    if (typeof identified === "string") return this.#refuse(c, identified);
    deleteCookie(c, this.#cookies.attempt, this.#cookies.options);
    // Whoever knew the session before this sign-in has none afterwards.
    const before = this.#sessionIn(c.req.raw);
    if (before !== null) await this.#sessions.end(before, false);
    const { secret, endsAt } = await this.#sessions.begin(identified, now);
    setCookie(c, this.#cookies.session, secret, {
      ...this.#cookies.options,
      // A link on GitHub leads here signed in; nothing but reading is done by a link.
      sameSite: "Lax",
      maxAge: Math.floor((endsAt - now) / 1_000),
    });
    return c.redirect(attempt.to, 303);
  }

  async #attempt(c: Context): Promise<Attempt | null> {
    const encrypted = getCookie(c, this.#cookies.attempt);
    const text = encrypted === undefined ? null : await this.#encryption.decrypt(encrypted, ATTEMPT);
    const attempt = text === null ? null : AttemptSchema.parse(JSON.parse(text));
    return attempt !== null && this.#tools.clock.now() < attempt.until ? attempt : null;
  }

  async #end(c: Context): Promise<Response> {
    const id = this.#sessionIn(c.req.raw);
    if (id !== null) {
      const { csrf, everywhere } = await c.req.parseBody();
      if (typeof csrf !== "string" || !isSame(csrf, this.#csrfToken(id)))
        return messagePage(c, 403, "Nobody was signed out", [
          "This form is not one of these pages in this session.",
        ]);
      await this.#sessions.end(id, everywhere === "yes");
    }
    deleteCookie(c, this.#cookies.session, this.#cookies.options);
    return c.redirect(SIGN_IN_PATH, 303);
  }

  /** Returns the id of the session a browser names, in force or not; null: it names none that ever was. */
  #sessionIn({ headers }: Request): string | null {
    const { session } = this.#cookies;
    const secret = parse(headers.get("cookie") ?? "", session)[session];
    return secret === undefined ? null : this.#sessions.idOf(secret);
  }

  #csrfToken(id: string): string {
    return this.#encryption.sign(id, "form");
  }

  #redirectUrl({ id }: SignInProvider): string {
    return new URL(callbackPath(id), this.#origin).href;
  }

  /** Returns the path of an address here, with its query; any other address leads to the first page. */
  #localPath(to: string | undefined): string {
    const address = URL.parse(to ?? "/", this.#origin.href);
    if (address?.origin !== this.#origin.origin) return "/";
    // A path that begins with two slashes would lead to another host.
    return `${address.pathname.replace(/^\/+/u, "/")}${address.search}`;
  }

  #refuse(c: Context, because: string): Response {
    const main: Html = html`<p>${because}</p>
      <p><a href="${SIGN_IN_PATH}">Sign in once more</a></p>`;
    return c.html(framed({ title: "Nobody was signed in", main }), 403);
  }
}

/** Returns where to sign in so as to come back to an address. */
export function signInAddress(url: string): string {
  const { pathname, search } = new URL(url);
  return addressOf(SIGN_IN_PATH, { to: `${pathname}${search}` });
}

/** Who has no account on GitHub is named as such, wherever they are named. */
function greetingOf(person: SignedInPerson): string {
  return person.kind === "github" ? person.login : `${person.email ?? person.subject} (no GitHub account)`;
}

function random(): string {
  return randomBytes(32).toString("base64url");
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
