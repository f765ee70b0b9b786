/** People who sign in with GitHub: the way to its page, the code it gives, and what each of them may read. */

import { deleteToken, exchangeWebFlowCode, getWebFlowAuthorizationUrl } from "@octokit/oauth-methods";
import { request } from "@octokit/request";
import { z } from "zod";

import { ExternalError } from "../../domain/values/external-error.ts";
import { toExternalError } from "../api/errors.ts";
import { octokitOf, type Fetch } from "../api/octokit.ts";
import type { Listing } from "../api/partial-list.ts";
import type { Pacing } from "../api/pacing.ts";
import { ask, askAllPages, unlessRefused, type GitHub } from "../api/requests.ts";

/** Holds what the App signs people in with. */
export interface OAuthSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly apiUrl: string;
  readonly fetch?: Fetch;
  /** Returns what paces the requests of one reading: each token has limits of its own. */
  readonly pacing: () => Pacing;
}

/** Describes someone GitHub has named. `tokenEndsAt`: when their token ends (ms); null: GitHub does not say. */
export interface SignedIn {
  readonly id: number;
  readonly login: string;
  readonly token: string;
  readonly tokenEndsAt: number | null;
}

/** Describes what a person may read of one organisation. */
export interface ReadableRepositories {
  readonly organization: { readonly id: number; readonly login: string };
  readonly repositories: ReadonlySet<number>;
}

/** What is sent, and where GitHub's answer is to go. */
interface Way {
  readonly redirectUrl: string;
}

const UserShape = z.object({ id: z.int(), login: z.string() });
const InstallationsShape = z.object({
  installations: z.array(z.object({ id: z.int(), account: UserShape.nullable() })),
});
const RepositoriesShape = z.object({ repositories: z.array(z.object({ id: z.int() })) });

/** Answers of GitHub that concern the code alone: it is used, too old, or another browser's. */
const OF_CODE = ["bad_verification_code", "invalid_grant"];

/** Asks GitHub about people who sign in. Every method throws ExternalError where GitHub gives no answer. */
export class GitHubSignIn {
  readonly #settings: OAuthSettings;
  readonly #request: typeof request;

  constructor(settings: OAuthSettings) {
    this.#settings = settings;
    const { apiUrl: baseUrl, fetch } = settings;
    this.#request = request.defaults({ baseUrl, ...(fetch === undefined ? {} : { request: { fetch } }) });
  }

  /** Returns the address of GitHub's page, with PKCE (RFC 7636). */
  addressOf({
    state,
    challenge,
    redirectUrl,
  }: Way & { readonly state: string; readonly challenge: string }): string {
    const { url } = getWebFlowAuthorizationUrl({
      clientType: "github-app",
      clientId: this.#settings.clientId,
      redirectUrl,
      state,
      allowSignup: false,
      request: this.#request,
    });
    const address = new URL(url);
    address.searchParams.set("code_challenge", challenge);
    address.searchParams.set("code_challenge_method", "S256");
    return address.href;
  }

  /** Returns whom a code was given to; null: GitHub does not take the code. */
  async personOf({
    code,
    verifier,
    redirectUrl,
  }: Way & { readonly code: string; readonly verifier: string }): Promise<SignedIn | null> {
    const { clientId, clientSecret } = this.#settings;
    try {
      const { authentication } = await exchangeWebFlowCode({
        clientType: "github-app",
        clientId,
        clientSecret,
        code,
        redirectUrl,
        // It has no place for the verifier.
        request: this.#request.defaults({ code_verifier: verifier }),
      });
      const { token } = authentication;
      const endsAt = "expiresAt" in authentication ? Date.parse(authentication.expiresAt) : null;
      const { data } = await ask(this.#as(token), "GET /user", {}, UserShape);
      return { ...data, token, tokenEndsAt: endsAt };
    } catch (error) {
      if (error instanceof ExternalError) throw error;
      const answer = (error as { readonly response?: { readonly data?: { readonly error?: unknown } } })
        .response;
      if (OF_CODE.includes(String(answer?.data?.error))) return null;
      throw withoutRequest(error);
    }
  }

  /** Returns the repositories with the App that a token may read, by organisation; null: GitHub does not take the token. */
  accessOf(token: string): Promise<readonly ReadableRepositories[] | null> {
    const github = this.#as(token);
    return unlessRefused(async () => {
      const installed = await askAllPages(github, "GET /user/installations", {}, InstallationsShape);
      const found: ReadableRepositories[] = [];
      for (const { id, account } of readIn(installed).flatMap(({ installations }) => installations))
        if (account !== null)
          found.push({ organization: account, repositories: await repositoriesOf(github, id) });
      return found;
    }, [401]);
  }

  /** Has GitHub revoke a token. */
  async revoke(token: string): Promise<void> {
    const { clientId, clientSecret } = this.#settings;
    const given = {
      clientType: "github-app",
      clientId,
      clientSecret,
      token,
      request: this.#request,
    } as const;
    await deleteToken(given).catch((error: unknown) => {
      throw withoutRequest(error);
    });
  }

  #as(token: string): GitHub {
    const { apiUrl: baseUrl, fetch, pacing } = this.#settings;
    return octokitOf(token, { baseUrl, pacing: pacing(), ...(fetch === undefined ? {} : { fetch }) });
  }
}

/** The failed request holds the App's secret and someone's code or token: nothing of it goes on. */
function withoutRequest(error: unknown): ExternalError {
  const { code, message, retry, waitMs } = toExternalError(error);
  return new ExternalError(code, message, { retry, ...(waitMs === null ? {} : { waitMs }) });
}

/** What lies beyond what was read is shown to nobody. */
function readIn<Page>(list: Listing<Page>): readonly Page[] {
  return list.isWhole ? list.entries : list.seen;
}

/** Returns which repositories of an installation a person may read. One that was left meanwhile has none. */
async function repositoriesOf(github: GitHub, installation: number): Promise<ReadonlySet<number>> {
  const route = "GET /user/installations/{installation_id}/repositories";
  const pages = await unlessRefused(
    () => askAllPages(github, route, { installation_id: installation }, RepositoriesShape),
    [403, 404],
  );
  const read = pages === null ? [] : readIn(pages);
  return new Set(read.flatMap(({ repositories }) => repositories.map(({ id }) => id)));
}
