/** Sessions of people who signed in with GitHub: begun with a new secret each, ended by time, by sign-out, or by GitHub. */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

import { z } from "zod";

import { HOUR, MINUTE } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { SessionStore } from "../../ledger/sessions.ts";
import type { Access, OrganizationRole, GitHubAccess, SignedInPerson } from "../page/access.ts";
import type { GitHubAccounts, GitHubPerson, RolesOf } from "./accounts.ts";
import type { Encryption } from "./encryption.ts";

/** A session ends when it was not used for so long, and at the latest so long after it began. */
const IDLE = HOUR;
const LONGEST = 12 * HOUR;

/** That a session is used is noted so often. */
const NOTED = MINUTE;

/** GitHub is asked so often what someone may read: what it took away is no longer shown after that. */
const ASKED = 4 * MINUTE;

/** So many answers of GitHub are kept in memory. */
const MOST_KEPT = 1_000;

const TokenSchema = z.object({ login: z.string(), token: z.string() });

/** Describes a session that is in force. */
export interface Session {
  readonly id: string;
  readonly person: SignedInPerson & { readonly kind: "github" };
  readonly sees: readonly Access[];
}

interface Kept {
  readonly at: Instant;
  readonly sees: Promise<readonly GitHubAccess[] | null>;
}

/** Begins, finds and ends sessions. Every method throws ExternalError where the database or GitHub gives no answer. */
export class Sessions {
  readonly #store: Pick<SessionStore, "begin" | "find" | "saw" | "end" | "endAll">;
  readonly #github: Pick<GitHubAccounts, "accessOf" | "revoke">;
  readonly #rolesOf: RolesOf;
  readonly #encryption: Encryption;
  readonly #kept = new Map<string, Kept>();

  constructor(
    store: Pick<SessionStore, "begin" | "find" | "saw" | "end" | "endAll">,
    github: Pick<GitHubAccounts, "accessOf" | "revoke">,
    rolesOf: RolesOf,
    encryption: Encryption,
  ) {
    this.#store = store;
    this.#github = github;
    this.#rolesOf = rolesOf;
    this.#encryption = encryption;
  }

  /** Begins a session and returns its secret, which only the cookie holds, with when it ends at the latest. */
  async begin(
    { id: githubId, login, token, tokenEndsAt }: GitHubPerson,
    now: Instant,
  ): Promise<{ readonly secret: string; readonly endsAt: Instant }> {
    const random = randomBytes(32).toString("base64url");
    const secret = `${random}.${this.#encryption.sign(random, SECRET)}`;
    const id = digestOf(secret);
    const endsAt = Math.min(now + LONGEST, tokenEndsAt ?? Infinity);
    const encrypted = this.#encryption.encrypt(JSON.stringify({ login, token }), purposeOf(id));
    await this.#store.begin({ id, person: nameOf(githubId), encrypted, seenAt: now, endsAt });
    return { secret, endsAt };
  }

  /** Returns the id of a secret's session, in force or not; null: no session ever had it. The database is not asked. */
  idOf(secret: string): string | null {
    const [random = "", signature = ""] = secret.split(".");
    const [given, own] = [Buffer.from(signature), Buffer.from(this.#encryption.sign(random, SECRET))];
    return given.length === own.length && timingSafeEqual(given, own) ? digestOf(secret) : null;
  }

  /** Returns a session; null: it is not in force. */
  async find(id: string, now: Instant): Promise<Session | null> {
    const stored = await this.#store.find(id);
    if (stored === null) return null;
    const content = this.#decrypted(id, stored.encrypted);
    if (content === null || now >= stored.endsAt || now >= stored.seenAt + IDLE) {
      await this.#store.end(id);
      return null;
    }
    const readable = await this.#accessOf(id, content.token, now);
    if (readable === null) {
      await this.#store.end(id);
      return null;
    }
    const person = { kind: "github", id: idIn(stored.person), login: content.login } as const;
    const roles = await this.#rolesOf({ githubId: person.id }, now);
    if (now >= stored.seenAt + NOTED) await this.#store.saw(id, now);
    return { id, person, sees: together(readable, roles) };
  }

  /** Ends a session and has GitHub revoke its token; with `everywhere`, every session of the same person. */
  async end(id: string, everywhere: boolean): Promise<void> {
    const stored = await this.#store.find(id);
    if (stored === null) return;
    if (everywhere) await this.#store.endAll(stored.person);
    else await this.#store.end(id);
    this.#kept.delete(id);
    const content = this.#decrypted(id, stored.encrypted);
    // The session is over whatever GitHub answers.
    if (content !== null) await this.#github.revoke(content.token).catch(() => undefined);
  }

  #decrypted(id: string, encrypted: string): z.infer<typeof TokenSchema> | null {
    const text = this.#encryption.decrypt(encrypted, purposeOf(id));
    return text === null ? null : TokenSchema.parse(JSON.parse(text));
  }

  async #accessOf(id: string, token: string, now: Instant): Promise<readonly GitHubAccess[] | null> {
    const known = this.#kept.get(id);
    if (known !== undefined && now < known.at + ASKED) return known.sees;
    const kept: Kept = { at: now, sees: this.#github.accessOf(token) };
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    try {
      return await kept.sees;
    } catch (error) {
      if (this.#kept.get(id) === kept) this.#kept.delete(id);
      throw error;
    }
  }
}

/** Who leads or audits an organisation sees all of it; of the others, everyone sees what GitHub lets them read. */
function together(readable: readonly GitHubAccess[], roles: readonly OrganizationRole[]): readonly Access[] {
  const led = new Set(roles.map(({ organization }) => organization.id));
  return [
    ...roles.map(({ organization, role }): Access => ({ organization, repositories: "all", role })),
    ...readable
      .filter(({ organization }) => !led.has(organization.id))
      .map((each): Access => ({ ...each, role: "member" })),
  ];
}

function nameOf(personId: number): string {
  return `github:${personId}`;
}

function idIn(name: string): number {
  return Number(name.slice("github:".length));
}

/** What a session's secret is signed for. */
const SECRET = "session";

function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function purposeOf(id: string): string {
  return `session ${id}`;
}
