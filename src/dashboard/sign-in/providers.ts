/** Whom people sign in with: where a browser is sent, and who came back with an answer. */

import { createHash } from "node:crypto";

import type { SignedInPerson } from "../page/access.ts";
import type { GitHubAccounts, GitHubPerson } from "./accounts.ts";
import type { ProviderId } from "./paths.ts";

/** Holds what one sign-in is known by, from its beginning to its end. Only the browser that began it has this. */
export interface SignInAttempt {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636). */
  readonly verifier: string;
  readonly redirectUrl: string;
}

/** Describes someone whose address a provider has verified. */
type OpenIdPerson = SignedInPerson & { readonly kind: "oidc"; readonly email: string };

/** Describes someone a provider has named, with the token of GitHub's where there is one. */
export type Identified =
  | { readonly kind: "github"; readonly person: GitHubPerson }
  | { readonly kind: "oidc"; readonly person: OpenIdPerson };

/** Describes a provider. Every method throws ExternalError where it gives no answer. */
export interface SignInProvider {
  readonly id: ProviderId;
  /** Names it on the button. */
  readonly name: string;
  /** States whom it is for, and what they see and do. */
  readonly about: string;
  readonly addressOf: (attempt: SignInAttempt) => Promise<string>;
  /** Returns who came back with this address, whose state is right, or one sentence why nobody did. */
  readonly personOf: (address: URL, attempt: SignInAttempt) => Promise<Identified | string>;
}

/** Returns the challenge of PKCE's verifier. */
function challengeOf(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}

/** Returns GitHub as a provider. */
export function gitHubProvider(github: Pick<GitHubAccounts, "addressOf" | "personOf">): SignInProvider {
  return {
    id: "github",
    name: "GitHub",
    about:
      "You see the repositories that GitHub lets you read, and act as yourself. Who leads or audits an organisation by its policy sees all of it.",
    addressOf: ({ state, verifier, redirectUrl }) =>
      Promise.resolve(github.addressOf({ state, challenge: challengeOf(verifier), redirectUrl })),
    async personOf({ searchParams }, { verifier, redirectUrl }) {
      const code = searchParams.get("code") ?? "";
      if (code === "") return "GitHub let nobody sign in.";
      const person = await github.personOf({ code, verifier, redirectUrl });
      if (person === null) return "GitHub does not take this answer: it was used before, or is too old.";
      return { kind: "github", person };
    },
  };
}
