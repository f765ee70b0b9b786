/** Who is signed in to the pages: what a replica began, any other continues or ends. */

import type { Instant } from "../domain/time/instant.ts";
import type { Store } from "./database/store.ts";

/** Describes a session as it is stored. Whoever reads the database gets neither the cookie nor what is encrypted. */
export interface StoredSession {
  /** SHA-256 of the secret in the cookie. */
  readonly id: string;
  /** Names a person wherever they sign in, such as `github:101`. */
  readonly person: string;
  readonly encrypted: string;
  /** When it was last used, to the minute or so. */
  readonly seenAt: Instant;
  /** When it ends, however much it is used. */
  readonly endsAt: Instant;
}

/** Keeps sessions. Every method throws ExternalError when the database fails. */
export class SessionStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Begins a session, and forgets those that have ended. */
  begin({ id, person, encrypted, seenAt, endsAt }: StoredSession): Promise<void> {
    return this.#store.transact(async (tx) => {
      await tx.deleteFrom("session").where("ends_at", "<=", seenAt).execute();
      await tx
        .insertInto("session")
        .values({ id, person, encrypted, seen_at: seenAt, ends_at: endsAt })
        .execute();
    });
  }

  /** Returns a session; null: there is none, or it was ended. */
  find(id: string): Promise<StoredSession | null> {
    return this.#store.read(async (db) => {
      const row = await db.selectFrom("session").selectAll().where("id", "=", id).executeTakeFirst();
      if (row === undefined) return null;
      const { person, encrypted, seen_at: seenAt, ends_at: endsAt } = row;
      return { id, person, encrypted, seenAt, endsAt };
    });
  }

  /** Notes that a session was used. One that was ended meanwhile stays ended. */
  saw(id: string, at: Instant): Promise<void> {
    return this.#store.transact(async (tx) => {
      await tx
        .updateTable("session")
        .set({ seen_at: at })
        .where("id", "=", id)
        .where("seen_at", "<", at)
        .execute();
    });
  }

  /** Ends a session. */
  end(id: string): Promise<void> {
    return this.#store.transact(async (tx) => {
      await tx.deleteFrom("session").where("id", "=", id).execute();
    });
  }

  /** Ends every session of a person, wherever they signed in. */
  endAll(person: string): Promise<void> {
    return this.#store.transact(async (tx) => {
      await tx.deleteFrom("session").where("person", "=", person).execute();
    });
  }
}
