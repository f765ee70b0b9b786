/** A real OpenID provider on this machine, and someone's browser on its pages. */

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

import { Provider, type Configuration } from "oidc-provider";

import { withTheTest, type Ending } from "../support/ending.ts";

/** Someone the provider knows. */
export interface Known {
  readonly subject: string;
  readonly email?: string;
  readonly isVerified?: unknown;
}

/** A provider, and what is done at it. */
export interface OpenIdStage {
  readonly issuer: string;
  /** Someone signs in on its page and agrees; returns the address the browser is sent back to. */
  agree(address: string, known: Known): Promise<string>;
  /** Whoever signs in on its page from now on is this person. */
  signsIn(known: Known): void;
  /** The provider itself. */
  readonly real: RequestListener;
  /** What its token endpoint answered so far. */
  readonly tokens: readonly string[];
  /** Where browsers were sent so far. */
  readonly asked: readonly string[];
  /** Answers in the provider's place from now on; null: the provider answers again. */
  instead(answer: RequestListener | null): void;
}

export const CLIENT = { clientId: "countersign", clientSecret: "the App's secret at the provider" } as const;

/** Starts a provider that sends browsers back to an address. */
export async function startOpenId(
  redirectUri: string,
  more: Configuration = {},
  ending: Ending = withTheTest,
): Promise<OpenIdStage> {
  const people = new Map<string, Known>();
  let inItsPlace: RequestListener | null = null;
  let answer: RequestListener = (_, response) => response.end();
  const server = createServer((request, response) => {
    (inItsPlace ?? answer)(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  ending(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  );
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, redirect_uris: [redirectUri] },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ["a key for the provider's cookies"] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => {
        const known = people.get(id);
        return {
          sub: id,
          ...(known?.email === undefined ? {} : { email: known.email, email_verified: known.isVerified }),
        };
      },
    }),
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 3_600 },
    interactions: { url: (_context, { uid }) => `/as/${uid}` },
    loadExistingGrant: async ({ oidc }) => {
      const grant = new provider.Grant({
        clientId: oidc.client?.clientId ?? "",
        accountId: oidc.session?.accountId ?? "",
      });
      grant.addOIDCScope("openid email");
      await grant.save();
      return grant;
    },
    ...more,
  });
  let signingIn = "";
  const [tokens, asked]: [string[], string[]] = [[], []];
  provider.use(async (context, next) => {
    await next();
    if (context.path === "/token" && context.status === 200) tokens.push(JSON.stringify(context.body));
    // The clock of a browser is not the test's: a cookie ends with it.
    const set = [context.response.headers["set-cookie"] ?? []].flat().map(String);
    if (set.length > 0)
      context.set(
        "set-cookie",
        set.map((cookie) => cookie.replace(/; expires=[^;]+/iu, "")),
      );
  });
  const callback = provider.callback();
  answer = (request, response) => {
    if (request.url?.startsWith("/as/") !== true) {
      void callback(request, response);
      return;
    }
    void provider.interactionFinished(request, response, { login: { accountId: signingIn } });
  };
  const signsIn = (known: Known): void => {
    people.set(known.subject, known);
    signingIn = known.subject;
  };
  return {
    issuer,
    signsIn,
    tokens,
    asked,
    real: (request, response) => {
      answer(request, response);
    },
    instead(other) {
      inItsPlace = other;
    },
    async agree(address, known) {
      signsIn(known);
      asked.push(address);
      const cookies = new Map<string, string>();
      let at = address;
      for (let step = 0; step < 10; step += 1) {
        if (!at.startsWith(issuer)) return at;
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
        const page = await fetch(at, { redirect: "manual", headers: { cookie } });
        for (const set of page.headers.getSetCookie()) {
          const [, name = "", value = ""] = /^([^=]+)=([^;]*)/u.exec(set) ?? [];
          cookies.set(name, value);
        }
        const location = page.headers.get("location");
        if (location === null) throw new Error(`the provider stopped: ${page.status} ${await page.text()}`);
        at = new URL(location, at).href;
      }
      throw new Error("the provider leads in a circle");
    },
  };
}
