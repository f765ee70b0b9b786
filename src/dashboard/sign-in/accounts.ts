/** What GitHub answers about people who sign in. It is asked with the token that each of them gave. */

import type { AccessPerson } from "../../domain/policy/access-now.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { OrganizationRole, GitHubAccess } from "../page/access.ts";

/** Describes someone who signed in with GitHub. */
export interface GitHubPerson {
  readonly id: number;
  readonly login: string;
  readonly token: string;
  /** When GitHub no longer takes the token; null: it does not say. */
  readonly tokenEndsAt: Instant | null;
}

/** Returns what the policies make of someone beside what GitHub lets them read. Throws ExternalError where the database fails. */
export type RolesOf = (person: AccessPerson, now: Instant) => Promise<readonly OrganizationRole[]>;

/** Asks GitHub. Every method throws ExternalError where it gives no answer. */
export interface GitHubAccounts {
  /** Returns where a browser goes to sign in. `challenge`: of PKCE, by SHA-256. */
  readonly addressOf: (asked: {
    readonly state: string;
    readonly challenge: string;
    readonly redirectUrl: string;
  }) => string;
  /** Returns whom a code was given to; null: GitHub refuses the code. */
  readonly personOf: (given: {
    readonly code: string;
    readonly verifier: string;
    readonly redirectUrl: string;
  }) => Promise<GitHubPerson | null>;
  /** Returns the repositories with the App that a person may read, by organisation; null: GitHub refuses the token. */
  readonly accessOf: (token: string) => Promise<readonly GitHubAccess[] | null>;
  /** Has GitHub revoke a token. */
  readonly revoke: (token: string) => Promise<void>;
}
