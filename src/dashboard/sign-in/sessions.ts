/** Sessions of people who signed in: begun with a new secret each, ended by time, by sign-out, or by GitHub. */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

import { z } from "zod";

import { HOUR, MINUTE } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { SessionStore } from "../../ledger/sessions.ts";
import type { Access, OrganizationRole, GitHubAccess, SignedInPerson } from "../page/access.ts";
import type { GitHubAccounts, RolesOf } from "./accounts.ts";
import type { Encryption } from "./encryption.ts";
import type { Identified } from "./providers.ts";

/** A session ends when it was not used for so long, and at the latest so long after it began. */
const IDLE = HOUR;
const LONGEST = 12 * HOUR;

/** That a session is used is noted so often. */
const NOTED = MINUTE;

/** GitHub is asked so often what someone may read: what it took away is no longer shown after that. */
const ASKED = 4 * MINUTE;

/** So many answers of GitHub are kept in memory. */
const MOST_KEPT = 1_000;

const ContentSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("github"), id: z.int(), login: z.string(), token: z.string() }),
  z.object({ kind: z.literal("oidc"), issuer: z.string(), subject: z.string(), email: z.string() }),
]);

/** Holds what is encrypted of a session. */
type Content = z.infer<typeof ContentSchema>;

/** Describes a session that is in force. */
export interface Session {
  readonly id: string;
  readonly person: SignedInPerson;
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
    identified: Identified,
    now: Instant,
  ): Promise<{ readonly secret: string; readonly endsAt: Instant }> {
    const random = randomBytes(32).toString("base64url");
    const secret = `${random}.${this.#encryption.sign(random, SECRET)}`;
    const id = digestOf(secret);
    const { content, tokenEndsAt } = contentOf(identified);
    const endsAt = Math.min(now + LONGEST, tokenEndsAt ?? Infinity);
    const encrypted = await this.#encryption.encrypt(JSON.stringify(content), purposeOf(id));
    await this.#store.begin({ id, person: nameOf(content), encrypted, seenAt: now, endsAt });
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
    const content = await this.#decrypted(id, stored.encrypted);
    const isOver = content === null || now >= stored.endsAt || now >= stored.seenAt + IDLE;
    const sees = isOver ? null : await this.#seenBy(id, content, now);
    if (content === null || sees === null) {
      await this.#store.end(id);
      return null;
    }
    if (now >= stored.seenAt + NOTED) await this.#store.saw(id, now);
    return { id, person: personIn(content), sees };
  }

  /** Returns the token of whoever signed in with GitHub; null: they did not, or the session is over. */
  async tokenOf(id: string): Promise<string | null> {
    const stored = await this.#store.find(id);
    const content = stored === null ? null : await this.#decrypted(id, stored.encrypted);
    return content?.kind === "github" ? content.token : null;
  }

  /** Ends a session and has GitHub revoke its token; with `everywhere`, every session of the same person. */
  async end(id: string, everywhere: boolean): Promise<void> {
    const stored = await this.#store.find(id);
    if (stored === null) return;
    if (everywhere) await this.#store.endAll(stored.person);
    else await this.#store.end(id);
    this.#kept.delete(id);
    const content = await this.#decrypted(id, stored.encrypted);
    // The session is over whatever GitHub answers.
    if (content?.kind === "github") await this.#github.revoke(content.token).catch(() => undefined);
  }

  async #decrypted(id: string, encrypted: string): Promise<Content | null> {
    const text = await this.#encryption.decrypt(encrypted, purposeOf(id));
    return text === null ? null : ContentSchema.parse(JSON.parse(text));
  }

  /** What someone may see now; null: GitHub does not take their token any more. */
  async #seenBy(id: string, content: Content, now: Instant): Promise<readonly Access[] | null> {
    // Without an account there is only what the policies give.
    if (content.kind === "oidc") return together([], await this.#rolesOf({ email: content.email }, now));
    const readable = await this.#accessOf(id, content.token, now);
    return readable === null ? null : together(readable, await this.#rolesOf({ githubId: content.id }, now));
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

function contentOf(identified: Identified): {
  readonly content: Content;
  readonly tokenEndsAt: Instant | null;
} {
  if (identified.kind === "oidc") return { content: identified.person, tokenEndsAt: null };
  const { tokenEndsAt, ...person } = identified.person;
  return { content: { kind: "github", ...person }, tokenEndsAt };
}

function personIn(content: Content): SignedInPerson {
  if (content.kind === "oidc") return content;
  return { kind: "github", id: content.id, login: content.login };
}

/** Names a person wherever they sign in. */
function nameOf(content: Content): string {
  return content.kind === "github" ? `github:${content.id}` : `oidc:${content.issuer}#${content.subject}`;
}

/** What a session's secret is signed for. */
const SECRET = "session";

function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function purposeOf(id: string): string {
  return `session ${id}`;
}
