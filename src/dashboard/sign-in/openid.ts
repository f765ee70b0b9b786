/** Sign-in by OpenID Connect, for people without a GitHub account: the authorization code flow, with PKCE and nonce. */

import * as openid from "openid-client";

import { HOUR } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import type { Identified, SignInAttempt, SignInProvider } from "./providers.ts";

/** Holds what the App is registered with at the provider. */
export interface OpenIdSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clock: { now(): Instant };
}

/** The provider describes itself, and is asked again after so long. */
const KEPT = HOUR;

/** It answers within so long (s), or is down. */
const TIMEOUT = 10;

/** Asks a provider who someone is. */
export class OpenIdProvider implements SignInProvider {
  readonly id = "openid";
  readonly name = "an address your company's provider knows";
  readonly about =
    "Without a GitHub account: for auditors whose address the policy names. They read all of the organisation and download its packages until their last day, and change and approve nothing.";
  readonly #settings: OpenIdSettings;
  #known: { readonly found: Promise<openid.Configuration>; readonly until: Instant } | null = null;

  constructor(settings: OpenIdSettings) {
    this.#settings = settings;
  }

  /** Returns the address of the provider's page. */
  async addressOf({ state, nonce, verifier, redirectUrl }: SignInAttempt): Promise<string> {
    const { href } = openid.buildAuthorizationUrl(await this.#configuration(), {
      redirect_uri: redirectUrl,
      scope: "openid email",
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    return href;
  }

  /** Returns who came back, by an address that the provider has verified, or one sentence why nobody did. */
  async personOf(
    address: URL,
    { state, nonce, verifier, redirectUrl }: SignInAttempt,
  ): Promise<Identified | string> {
    const provider = await this.#configuration();
    // What the proxy before this App makes of the address is not what the provider sent the browser to.
    const back = new URL(redirectUrl);
    back.search = address.search;
    try {
      const tokens = await openid.authorizationCodeGrant(provider, back, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) return REFUSED;
      const { iss: issuer, sub: subject } = claims;
      const { email, email_verified: isVerified } =
        typeof claims["email"] === "string" || provider.serverMetadata().userinfo_endpoint === undefined
          ? claims
          : await openid.fetchUserInfo(provider, tokens.access_token, subject);
      if (typeof email !== "string") return "The provider gives no address of yours.";
      if (isVerified !== true) return "The provider has not verified your address (email_verified).";
      return { kind: "oidc", person: { kind: "oidc", issuer, subject, email } };
    } catch (error) {
      if (error instanceof openid.AuthorizationResponseError) return "The provider let nobody sign in.";
      if (isOfAnswer(error)) return REFUSED;
      throw this.#unreachable(error);
    }
  }

  #configuration(): Promise<openid.Configuration> {
    const now = this.#settings.clock.now();
    if (this.#known !== null && now < this.#known.until) return this.#known.found;
    const found = this.#discover();
    const known = { found, until: now + KEPT };
    this.#known = known;
    found.catch(() => {
      if (this.#known === known) this.#known = null;
    });
    return found;
  }

  async #discover(): Promise<openid.Configuration> {
    const { issuer, clientId, clientSecret, clock } = this.#settings;
    const url = new URL(issuer);
    try {
      return await openid.discovery(
        url,
        clientId,
        // The clock of this App is the one that sessions end by.
        { client_secret: clientSecret, [openid.clockSkew]: Math.round((clock.now() - Date.now()) / 1_000) },
        undefined,
        {
          timeout: TIMEOUT,
          // The token's signature is checked too, not only the connection it came by.
          execute: [
            openid.enableNonRepudiationChecks,
            ...(url.protocol === "http:" ? [openid.allowInsecureRequests] : []),
          ],
        },
      );
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  /** What failed holds the App's secret or someone's code: only its name goes on. */
  #unreachable(error: unknown): ExternalError {
    const { code } = error as { readonly code?: unknown };
    const why = typeof code === "string" ? ` (${code})` : "";
    return new ExternalError(
      "provider-unreachable",
      `The OpenID provider ${this.#settings.issuer} does not answer as it should${why}. Try again later; signing in with GitHub does not need it.`,
      { retry: true },
    );
  }
}

const REFUSED =
  "The provider's answer is not taken: it was used before, is too old, or is not for this sign-in.";

/** Errors that concern one answer alone, not the provider or the App's registration. */
const OF_ANSWER: ReadonlySet<unknown> = new Set([
  "OAUTH_INVALID_RESPONSE",
  "OAUTH_JWT_CLAIM_COMPARISON_FAILED",
  "OAUTH_JWT_TIMESTAMP_CHECK_FAILED",
  "OAUTH_JWT_USERINFO_EXPECTED",
]);

function isOfAnswer(error: unknown): boolean {
  if (error instanceof openid.ResponseBodyError) return error.error === "invalid_grant";
  return OF_ANSWER.has((error as { readonly code?: unknown }).code);
}
