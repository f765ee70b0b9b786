/** Forms that people sent from the pages: what was begun, and what came of it, so that one sent twice is done once. */

import type { Transaction } from "kysely";

import { DAY } from "../domain/time/durations.ts";
import type { Instant } from "../domain/time/instant.ts";
import type { Tables } from "./database/schema.ts";
import type { Store } from "./database/store.ts";

/** A session, and with it the right to send its forms again, is over long before that. */
const KEPT = 2 * DAY;

/** Describes a form as it was sent. `answer`: what came of it; null: that is not known yet. */
export interface StoredForm {
  readonly id: string;
  readonly begunAt: Instant;
  readonly answer: string | null;
}

/** Keeps forms. Every method throws ExternalError when the database fails. */
export class FormStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns a form; null: it was never begun, or too long ago. */
  find(id: string): Promise<StoredForm | null> {
    return this.#store.read(async (db) => {
      const row = await db.selectFrom("form").selectAll().where("id", "=", id).executeTakeFirst();
      return row === undefined ? null : { id, begunAt: row.begun_at, answer: row.answer };
    });
  }

  /** Notes that a form is being done; returns whether it is the first time. Forgets those of days ago. */
  begin(id: string, at: Instant): Promise<boolean> {
    return this.#store.transact((tx) => putForm(tx, { id, begunAt: at, answer: null }));
  }

  /** Notes that a form is being done again; returns false where its answer is known, or where it was being done after `before`. */
  again(id: string, at: Instant, before: Instant): Promise<boolean> {
    return this.#store.transact(async (tx) => {
      const taken = await tx
        .updateTable("form")
        .set({ tried_at: at })
        .where("id", "=", id)
        .where("answer", "is", null)
        .where("tried_at", "<=", before)
        .returning("id")
        .executeTakeFirst();
      return taken !== undefined;
    });
  }

  /** Notes what came of a form that was begun. */
  answer(id: string, answer: string): Promise<void> {
    return this.#store.transact(async (tx) => {
      await tx.updateTable("form").set({ answer }).where("id", "=", id).execute();
    });
  }

  /** Forgets a form that came to nothing: it may be sent again. */
  forget(id: string): Promise<void> {
    return this.#store.transact(async (tx) => {
      await tx.deleteFrom("form").where("id", "=", id).where("answer", "is", null).execute();
    });
  }
}

/** Stores a form that is not there yet; returns whether it was not. */
export async function putForm(
  tx: Transaction<Tables>,
  { id, begunAt, answer }: StoredForm,
): Promise<boolean> {
  await tx
    .deleteFrom("form")
    .where("begun_at", "<", begunAt - KEPT)
    .execute();
  const stored = await tx
    .insertInto("form")
    .values({ id, begun_at: begunAt, tried_at: begunAt, answer })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning("id")
    .executeTakeFirst();
  return stored !== undefined;
}
