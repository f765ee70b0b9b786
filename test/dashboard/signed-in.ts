/** The pages behind sign-in, a GitHub that answers as it is told, and browsers that keep cookies as browsers do. */

import { onTestFinished } from "vitest";

import { dashboard } from "../../src/dashboard/app.ts";
import type { OrganizationRole, GitHubAccess } from "../../src/dashboard/page/access.ts";
import type { ActTools, DashboardPage } from "../../src/dashboard/page/page.ts";
import type { GitHubAccounts } from "../../src/dashboard/sign-in/accounts.ts";
import type { SignInProvider } from "../../src/dashboard/sign-in/providers.ts";
import { SignIn } from "../../src/dashboard/sign-in/sign-in.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import { csvText } from "../../src/package/csv.ts";
import { CountedAnswers } from "../../src/start/counted-answers.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { GENERATED_AT, ledgerWith, ORGANIZATION, WEB } from "../evidence/fixture.ts";
import { NO_ACTS } from "./browsing.ts";

export const BASE_URL = "https://countersign.example";

/** Someone with an account. */
export interface Account {
  readonly id: number;
  readonly login: string;
}

export const ANN: Account = { id: 101, login: "ann" };
export const BOB: Account = { id: 102, login: "bob" };

/** GitHub, as far as sign-in asks it. */
export class StagedGitHub implements GitHubAccounts {
  readonly access = new Map<number, readonly GitHubAccess[]>();
  readonly revoked: string[] = [];
  /** Whether it answers at all. */
  isDown = false;
  tokenEndsAt: number | null = null;
  asked = 0;
  readonly #codes = new Map<string, { readonly account: Account; readonly challenge: string }>();
  readonly #tokens = new Map<string, Account>();
  #count = 0;

  addressOf({ state, challenge, redirectUrl }: Parameters<GitHubAccounts["addressOf"]>[0]): string {
    const query = { state, code_challenge: challenge, redirect_uri: redirectUrl };
    return `https://github.example/login/oauth/authorize?${new URLSearchParams(query).toString()}`;
  }

  /** Someone says yes on GitHub's page; returns the address the browser is sent back to. */
  agree(address: string, account: Account): string {
    const { searchParams } = new URL(address);
    this.#count += 1;
    const code = `code ${this.#count}`;
    this.#codes.set(code, { account, challenge: searchParams.get("code_challenge") ?? "" });
    const back = new URL(searchParams.get("redirect_uri") ?? "");
    back.search = new URLSearchParams({ code, state: searchParams.get("state") ?? "" }).toString();
    return back.href;
  }

  async personOf({
    code,
    verifier,
  }: Parameters<GitHubAccounts["personOf"]>[0]): ReturnType<GitHubAccounts["personOf"]> {
    this.#answer();
    const given = this.#codes.get(code);
    this.#codes.delete(code);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    if (given?.challenge !== Buffer.from(digest).toString("base64url")) return null;
    this.#count += 1;
    const token = `ghu_secret_${this.#count}`;
    this.#tokens.set(token, given.account);
    return { ...given.account, token, tokenEndsAt: this.tokenEndsAt };
  }

  async accessOf(token: string): Promise<readonly GitHubAccess[] | null> {
    this.#answer();
    const account = this.#tokens.get(token);
    return account === undefined ? null : (this.access.get(account.id) ?? []);
  }

  async revoke(token: string): Promise<void> {
    this.#answer();
    this.revoked.push(token);
    this.#tokens.delete(token);
  }

  /** Revokes every token. */
  revokeAll(): void {
    this.#tokens.clear();
  }

  #answer(): void {
    this.asked += 1;
    if (this.isDown)
      throw new ExternalError("github-unreachable", "GitHub cannot be reached.", { retry: true });
  }
}

/** A browser with its own cookies. It follows no redirect. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #fetch: (request: Request) => Promise<Response>;
  readonly #baseUrl: string;

  constructor(fetch: (request: Request) => Promise<Response>, baseUrl = BASE_URL) {
    this.#fetch = fetch;
    this.#baseUrl = baseUrl;
  }

  async open(
    address: string,
    { host = new URL(this.#baseUrl).host, ...init }: RequestInit & { readonly host?: string } = {},
  ): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = {
      host,
      ...(cookie === "" ? {} : { cookie }),
      ...(init.headers as Record<string, string>),
    };
    const answer = await this.#fetch(new Request(new URL(address, this.#baseUrl), { ...init, headers }));
    for (const set of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/u.exec(set) ?? [];
      if (/max-age=0(?:;|$)/iu.test(set) || value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  /** Sends a form, as a browser does from a page at this address. */
  send(
    address: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = { origin: this.#baseUrl },
  ): Promise<Response> {
    return this.open(address, { method: "POST", body: new URLSearchParams(fields), headers });
  }

  /** Opens a page and returns the forms on it, each with all it would send as it is. */
  async forms(address: string): Promise<readonly Readonly<Record<string, string>>[]> {
    return formsIn(await (await this.open(address)).text());
  }
}

/** The forms of a page that name an act. */
export function formsIn(page: string): readonly Readonly<Record<string, string>>[] {
  return [...page.matchAll(/<form class="act"[^]*?<\/form>/gu)].map(([form]) =>
    Object.fromEntries(
      [...form.matchAll(/<(?:input|textarea|select)[^>]*>/gu)].map(([field]) => [
        /name="([^"]*)"/u.exec(field)?.[1] ?? "",
        /value="([^"]*)"/u.exec(field)?.[1] ?? "",
      ]),
    ),
  );
}

/** The pages over these entries, behind sign-in. */
export async function pagesBehindSignIn(
  entries: readonly Entry[],
  pages?: (ledger: Ledger) => readonly DashboardPage[],
  openId?: (clock: { now(): number }) => SignInProvider,
  acts: Partial<ActTools> = {},
): Promise<{
  readonly github: StagedGitHub;
  /** By GitHub's id, or by address. */
  readonly roles: Map<number | string, readonly OrganizationRole[]>;
  readonly ledger: Ledger;
  readonly clock: { at: number; now(): number };
  readonly browser: () => Browser;
  /** Goes to GitHub and comes back; returns the last answer. */
  readonly signIn: (browser: Browser, account: Account, to?: string) => Promise<Response>;
}> {
  const { ledger, close } = await ledgerWith(entries);
  onTestFinished(close);
  const github = new StagedGitHub();
  const sees = [{ organization: ORGANIZATION, repositories: new Set([WEB.id]) }];
  for (const { id } of [ANN, BOB]) github.access.set(id, sees);
  const roles = new Map<number | string, readonly OrganizationRole[]>();
  const clock = { at: GENERATED_AT, now: () => clock.at };
  const signIn = new SignIn({
    baseUrl: BASE_URL,
    secret: "a secret of at least 32 characters",
    sessions: ledger.sessions,
    github,
    rolesOf: (person) =>
      Promise.resolve(roles.get("githubId" in person ? person.githubId : person.email) ?? []),
    ...(openId === undefined ? {} : { openId: openId(clock) }),
    clock,
  });
  const tools = {
    ledger,
    clock,
    log: { error: () => undefined },
    appId: 4711,
    apiUrl: "https://api.github.com",
    csv: csvText,
    counted: new CountedAnswers(ledger),
    acts: { ...NO_ACTS, ...acts },
    viewerOf: (request: Request) => signIn.viewerOf(request),
    callerOf: () => ({ address: null, httpVersion: null }),
    signIn,
  };
  const app = dashboard(tools, pages?.(ledger));
  return {
    github,
    roles,
    ledger,
    clock,
    browser: () => new Browser(async (request) => app.fetch(request)),
    async signIn(browser, account, to = "/changes") {
      const away = await browser.open(`/sign-in/github?${new URLSearchParams({ to }).toString()}`);
      return browser.open(github.agree(away.headers.get("location") ?? "", account));
    },
  };
}
