/** The ledger: decisions recorded in one transaction, states and log read back in pages. */

import { sql } from "kysely";
import type { Kysely, Transaction } from "kysely";

import { FIRST_LINK, linkHash } from "../domain/records/chain.ts";
import type { Verdict } from "../domain/values/result.ts";
import type { CacheUse } from "../domain/values/cache-use.ts";
import { ExternalError } from "../domain/values/external-error.ts";
import type { Instant } from "../domain/time/instant.ts";
import { canonical } from "../domain/values/digest.ts";
import {
  BODIES,
  type Decision,
  type Entry,
  type EntryKind,
  type LoggedEntry,
} from "../domain/records/entry.ts";
import { checkBody, raised } from "../domain/records/stored.ts";
import type { Presence } from "../domain/monitoring/observed-time.ts";
import type { Claim, Share } from "../domain/values/quota-share.ts";
import { taskEvent, taskLane } from "../domain/records/task.ts";
import { storeActions } from "./queue/actions.ts";
import { storeTasks } from "./queue/deliveries.ts";
import type { Lease } from "./queue/lanes.ts";
import { LeaseClock } from "./queue/lease-clock.ts";
import { holdLane, laneOfAction, lockLanes } from "./queue/lanes.ts";
import { historyOf, newestOfEach, type HistoryAsked } from "./history.ts";
import { Lists } from "./lists.ts";
import { SessionStore } from "./sessions.ts";
import { FormStore, putForm, type StoredForm } from "./forms.ts";
import { checkLog, entriesAt, readEntry, readLog } from "./log.ts";
import type { LogCheck, LogFilter, LogRow } from "./log.ts";
import { Newest, ReadEntries, type NewestAnswer } from "./newest.ts";
import { prepared } from "./database/prepared-statements.ts";
import { Queue } from "./queue/queue.ts";
import type { Tables } from "./database/schema.ts";
import { leaseShares } from "./queue/rate-shares.ts";
import {
  newestOf,
  PAGE,
  pageAsOf,
  placesOfPage,
  statePage,
  upsertStates,
  type StateFilter,
  type StatePage,
} from "./states.ts";
import { storable } from "./database/storable.ts";
import type { Readable, Store } from "./database/store.ts";
import { takeTurn } from "./database/turns.ts";

/**
 * Selects when each repository was last swept. Queried at every scrape, so each is one look into an index of ended sweeps,
 * however many deliveries are kept; the index is used only where the query contains its condition word for word.
 */
export function lastSweeps(db: Kysely<Tables>) {
  return db
    .selectFrom("state")
    .select((eb) => [
      "state.subject",
      eb
        .selectFrom("delivery")
        .select((of) => of.fn.max("delivery.received_at").as("at"))
        .where("delivery.lane", "=", sql<string>`'repository:' || ${eb.ref("state.subject")}`)
        .where("delivery.event", "=", sql.lit(taskEvent("sweep")))
        .where("delivery.status", "=", sql.lit("done"))
        .as("at"),
    ])
    .where("state.kind", "=", sql.lit("repository"));
}

/**
 * Reads one database: the evidence log, its newest states, and when an App last worked on it. Every method throws
 * ExternalError when the database fails.
 */
export class LedgerReader {
  readonly #readable: Readable;
  readonly #newest: Newest;
  readonly #entries: ReadEntries | null;

  /** `newest`: the cache of newest entries, where it can be known when they are outdated; `entries`: that of single ones. */
  constructor(readable: Readable, newest = new Newest(() => null), entries: ReadEntries | null = null) {
    this.#readable = readable;
    this.#newest = newest;
    this.#entries = entries;
  }

  /** Returns the newest entry of one subject. */
  async state<K extends EntryKind>(kind: K, subject: string): Promise<LoggedEntry<K> | undefined> {
    const { entries } = await this.#newest.answer(kind, `= ${subject}`, async () => {
      const rows = await this.#readable.read((db) => newestOf(db, { kind, subject }));
      return readPage<K>(rows);
    });
    return entries[0];
  }

  /** Reads the newest entry of every subject of a kind, in pages; what changes meanwhile may be read old or new, and no writer waits. */
  async *states<K extends EntryKind>(kind: K, filter: StateFilter): AsyncIterable<LoggedEntry<K>> {
    const page = (after?: LoggedEntry<K>): Promise<NewestAnswer<K>> => this.#page({ kind, filter, after });
    let { entries, isWhole } = await this.#newest.answer(kind, JSON.stringify(filter), page);
    yield* entries;
    while (!isWhole) {
      ({ entries, isWhole } = await page(entries.at(-1)));
      yield* entries;
    }
  }

  async #page<K extends EntryKind>(page: StatePage & { readonly kind: K }): Promise<NewestAnswer<K>> {
    const entries = this.#entries;
    if (entries === null || !entries.keeps(page.kind))
      return readPage<K>(await this.#readable.read((db) => statePage(db, page)));
    const places = await this.#readable.read((db) => placesOfPage(db, page));
    const found = await entries.at(page.kind, places, (seqs) =>
      this.#readable.read((db) => entriesAt(db, seqs)),
    );
    return { ...found, isWhole: places.length < PAGE };
  }

  /** Reads the log as it was when it held so many entries: the states of then, and nothing recorded since. No cache is used. */
  asOf(size: number): Pick<LedgerReader, "states" | "log" | "history"> {
    const readable = this.#readable;
    return {
      async *states<K extends EntryKind>(kind: K, filter: StateFilter) {
        if (filter.order === "at") throw new Error("states as of a place in the log come by subject");
        let after: string | undefined;
        for (;;) {
          const last = after;
          const rows = await readable.read((db) => pageAsOf(db, { kind, size, after: last }, filter));
          for (const row of rows) yield readEntry<K>(row);
          after = rows.at(-1)?.subject;
          if (rows.length < PAGE) return;
        }
      },
      log: (filter) => readLog(readable, { ...filter, untilSeq: size }),
      history: async (about) => (await historyOf(readable, about)).filter(({ seq }) => seq <= size),
    };
  }

  /** Lists the subjects of these kinds, by the list of states alone: also those the log itself has lost. */
  named(
    kinds: readonly EntryKind[],
    organizationId: number,
  ): Promise<readonly { readonly kind: EntryKind; readonly subject: string; readonly seq: number }[]> {
    return this.#readable.read(async (db) => {
      const rows = await db
        .selectFrom("state")
        .select(["kind", "subject", "seq"])
        .where("kind", "in", kinds)
        .where("organization_id", "=", organizationId)
        .orderBy("seq")
        .execute();
      return rows.map(({ kind, subject, seq }) => ({ kind: kind as EntryKind, subject, seq }));
    });
  }

  /** Reads every entry, oldest first, in pages. */
  log<K extends EntryKind = EntryKind>(filter: LogFilter<K>): AsyncIterable<LoggedEntry<K>> {
    return readLog(this.#readable, filter);
  }

  /** Reads every entry of some subjects, oldest first. */
  history<K extends EntryKind>(about: HistoryAsked<K>): Promise<readonly LoggedEntry<K>[]> {
    return historyOf(this.#readable, about);
  }

  /** Reads the newest entry of each of some subjects, by subject. */
  newestOf<K extends EntryKind>(kind: K, subjects: readonly string[]): Promise<readonly LoggedEntry<K>[]> {
    return newestOfEach(this.#readable, kind, subjects);
  }

  /** Returns the length of the log, and its last hash. */
  head(): Promise<{ readonly size: number; readonly hash: string }> {
    return this.#readable.read((db) =>
      db.selectFrom("log_head").select(["size", "hash"]).where("id", "=", 1).executeTakeFirstOrThrow(),
    );
  }

  /** Returns the hashes of these entries by their numbers, as far as the log has them; 0 has what the first one is linked to. */
  async hashesAt(sizes: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const found = new Map([[0, FIRST_LINK]]);
    for (const part of parts([...new Set(sizes)], PAGE)) {
      const rows = await this.#readable.read((db) =>
        db.selectFrom("log").select(["seq", "hash"]).where("seq", "in", part).execute(),
      );
      for (const { seq, hash } of rows) found.set(seq, hash);
    }
    return found;
  }

  /** Computes every link again and compares head and states with the log; names the first entry that does not fit. */
  verifyLog(): Promise<LogCheck> {
    return checkLog(this.#readable);
  }

  /** Returns when an App last worked on this database, and when each repository was last swept. */
  async presence(): Promise<Presence> {
    const lastBeat = await this.lastBeat();
    const rows = await this.#readable.read((db) => lastSweeps(db).execute());
    const sweeps = rows.flatMap(({ subject, at }) => (at === null ? [] : [[Number(subject), at] as const]));
    return { lastBeat, lastSweeps: new Map(sweeps) };
  }

  /** Returns when an App last worked on this database; null: never. */
  lastBeat(): Promise<Instant | null> {
    return this.#readable.read(async (db) => {
      const row = await db.selectFrom("heartbeat").select("at").where("id", "=", 1).executeTakeFirst();
      return row?.at ?? null;
    });
  }
}

/** Names the newest entry of a subject; `seq` null: there is none. */
export interface NewestEntry {
  readonly kind: EntryKind;
  readonly subject: string;
  readonly seq: number | null;
}

/** Names the entries that something was decided on: it is recorded only while each is the newest of its subject. */
interface DecidedOn {
  readonly decidedOn?: readonly NewestEntry[];
}

/** No writer comes between this and the rest of the transaction. */
async function isOutdated(tx: Transaction<Tables>, decidedOn: readonly NewestEntry[]): Promise<boolean> {
  await headToWrite(tx, {});
  const now = new LedgerReader({ read: (work) => work(tx) });
  for (const { kind, subject, seq } of decidedOn)
    if (((await now.state(kind, subject))?.seq ?? null) !== seq) return true;
  return false;
}

/** Holds the evidence log and the queue of one database. Every method throws ExternalError when the database fails. */
export class Ledger extends LedgerReader {
  readonly queue: Queue;
  readonly lists: Lists;
  readonly sessions: SessionStore;
  readonly forms: FormStore;
  readonly #store: Store;
  readonly #newest: Newest;
  readonly #entries: ReadEntries;
  /** Counts the verdicts this process recorded, by kind of entry and by verdict. */
  readonly #verdicts = new Map<EntryKind, Map<Verdict, number>>();

  constructor(store: Store) {
    const newest = new Newest(() => store.othersWrote());
    const entries = new ReadEntries();
    super(store, newest, entries);
    this.#newest = newest;
    this.#entries = entries;
    this.#store = store;
    this.queue = new Queue(store);
    this.lists = new Lists(store);
    this.sessions = new SessionStore(store);
    this.forms = new FormStore(store);
  }

  /** Names the store, for `doctor` and the package's `tool.csv`. */
  get kind(): Store["kind"] {
    return this.#store.kind;
  }

  /** Returns how much is kept of what was read: of answers, and of single entries. */
  use(): { readonly newest: CacheUse; readonly entries: CacheUse } {
    return { newest: this.#newest.use(), entries: this.#entries.use() };
  }

  /** Returns how many transactions this process has committed. */
  committed(): number {
    return this.#store.committed();
  }

  /** Returns how many verdicts this process has recorded, by kind of entry and by verdict. */
  recordedVerdicts(): ReadonlyMap<EntryKind, ReadonlyMap<Verdict, number>> {
    return this.#verdicts;
  }

  #countVerdicts(logged: readonly LoggedEntry[]): void {
    for (const { kind, body } of logged) {
      if (!("assessment" in body)) continue;
      const counts = this.#verdicts.get(kind) ?? new Map<Verdict, number>();
      this.#verdicts.set(kind, counts);
      counts.set(body.assessment.verdict, (counts.get(body.assessment.verdict) ?? 0) + 1);
    }
  }

  /**
   * Records a decision in one transaction and returns the entries that were new. An entry equal to its subject's state, and an
   * action equal to the newest of its key, is not stored again, so recording twice records nothing; a task recorded twice is
   * one until it may have been begun. With `lease`, refuses (LeaseLost) when the lane is not held by the lease's clock, or at
   * `at` where it has none. Throws {@link ExternalError} `database-busy` where it was decided on what is no longer the newest.
   */
  async record(
    { entries = [], actions = [], tasks = [], decidedOn = [] }: Partial<Decision> & DecidedOn,
    at: Instant,
    lease?: Lease,
  ): Promise<readonly LoggedEntry[]> {
    if (entries.length + actions.length + tasks.length === 0) return [];
    try {
      const recorded = await this.#store.transact(async (tx) => {
        const lanes = [...actions.map(laneOfAction), ...tasks.map(taskLane)];
        await lockLanes(tx, this.#store.kind, lease === undefined ? lanes : [lease.lane, ...lanes]);
        if (lease !== undefined) await holdLane(tx, lease, lease.now?.() ?? at);
        if (decidedOn.length > 0 && (await isOutdated(tx, decidedOn)))
          throw new ExternalError("database-busy", "Someone else wrote meanwhile: it is decided anew.", {
            retry: true,
          });
        return this.#write(tx, { entries, actions, tasks }, at, lease?.untried);
      });
      this.#countVerdicts(recorded);
      return recorded;
    } finally {
      // Also where it failed: that it did may be all that failed.
      this.#newest.wrote(new Set(entries.map(({ kind }) => kind)));
    }
  }

  /**
   * Records a decision with the form it answers, in one transaction: nothing where that form is there already, or where one of
   * the entries it was decided on is no longer the newest of its subject.
   */
  async recordForm(
    { entries = [], actions = [], tasks = [] }: Partial<Decision>,
    form: StoredForm,
    decidedOn: readonly NewestEntry[],
  ): Promise<"recorded" | "known" | "outdated"> {
    const at = form.begunAt;
    try {
      return await this.#store.transact(async (tx) => {
        await lockLanes(tx, this.#store.kind, [...actions.map(laneOfAction), ...tasks.map(taskLane)]);
        if (await isOutdated(tx, decidedOn)) return "outdated";
        if (!(await putForm(tx, form))) return "known";
        await this.#write(tx, { entries, actions, tasks }, at);
        return "recorded";
      });
    } finally {
      this.#newest.wrote(new Set(entries.map(({ kind }) => kind)));
    }
  }

  /** Records a decision if `holds` is true of the states as they are then, with no writer in between; returns whether it did. */
  async recordIf(
    { entries = [], actions = [], tasks = [] }: Partial<Decision>,
    at: Instant,
    holds: (now: LedgerReader) => Promise<boolean>,
  ): Promise<boolean> {
    try {
      return await this.#store.transact(async (tx) => {
        await lockLanes(tx, this.#store.kind, [...actions.map(laneOfAction), ...tasks.map(taskLane)]);
        await headToWrite(tx, {});
        if (!(await holds(new LedgerReader({ read: (work) => work(tx) })))) return false;
        await this.#write(tx, { entries, actions, tasks }, at);
        return true;
      });
    } finally {
      this.#newest.wrote(new Set(entries.map(({ kind }) => kind)));
    }
  }

  /** Reads everything as of one place in the log, however long it takes; writers do not wait. */
  snapshot<T>(work: (moment: LedgerReader) => Promise<T>): Promise<T> {
    return this.#store.snapshot((moment) => work(new LedgerReader(moment)));
  }

  /** Notes that a serving App works on this database, by the database's clock; however many do, the latest counts. */
  beat(at: Instant): Promise<void> {
    return this.#store.transact(async (tx) => {
      await tx
        .insertInto("heartbeat")
        .values({ id: 1, at })
        .onConflict((conflict) => conflict.column("id").doUpdateSet({ at }))
        .execute();
    });
  }

  /** The database server's time; null: the embedded store has none but this machine's. */
  async time(): Promise<Instant | null> {
    return this.#store.kind === "sqlite" ? null : this.#serverTime();
  }

  /** The clock that leases of this database run by, as one process reads it. */
  leaseClock(): LeaseClock {
    return new LeaseClock(this.#store.kind === "sqlite" ? null : () => this.#serverTime());
  }

  /**
   * Leases shares of what all replicas on this database together may use so much of, each until its lease ends or is leased anew;
   * null: the embedded store has one process, which needs no share. `replica` names who leases.
   */
  shares(
    replica: string,
  ): ((claims: readonly Claim[], leaseMs: number) => Promise<ReadonlyMap<string, Share>>) | null {
    if (this.#store.kind === "sqlite") return null;
    return (claims, leaseMs) =>
      this.#store.transact(async (tx) => {
        // One after the other: what is free is counted and taken at once.
        await takeTurn(tx, "leaseShares");
        return leaseShares(tx, replica, claims, await timeOn(tx), leaseMs);
      });
  }

  #serverTime(): Promise<Instant> {
    return this.#store.read(timeOn);
  }

  /** Stores so many bytes as any delivery is stored, and drops those of the last trial: whether anything can be stored is tried, not guessed. */
  tryToStore(body: Uint8Array): Promise<void> {
    return this.#store.transact(async (tx) => {
      // New before old: what is only written over would need no room.
      const { id } = await tx.insertInto("trial").values({ body }).returning("id").executeTakeFirstOrThrow();
      await tx.deleteFrom("trial").where("id", "<", id).execute();
    });
  }

  /** Finishes what is being stored and closes the database. */
  async close(): Promise<void> {
    await this.queue.settle();
    await this.#store.close();
  }

  /** Writes a decision within a transaction that holds its lanes; returns the entries that were new. */
  async #write(
    tx: Transaction<Tables>,
    { entries, actions, tasks }: Decision,
    at: Instant,
    untried?: Set<string>,
  ): Promise<readonly LoggedEntry[]> {
    const logged = await this.#append(tx, entries, at);
    await storeActions(tx, actions, at, untried);
    await storeTasks(tx, tasks, at);
    return logged;
  }

  async #append(
    tx: Transaction<Tables>,
    entries: readonly Entry[],
    at: Instant,
  ): Promise<readonly LoggedEntry[]> {
    if (entries.length === 0) return [];
    // One writer at a time: the states read below are the newest, and the chain gets no fork.
    const [head] = await headToWrite(tx, {});
    if (head === undefined) throw new Error("the head of the log is missing");
    let { size, hash } = head;

    // The link is made over what is stored.
    const storables = entries.map((entry) => ({ ...entry, subject: storable(entry.subject) }));
    const bodies = await currentBodies(tx, storables);
    const newest = new Map<string, LoggedEntry>();
    const logged: LoggedEntry[] = [];
    const rows: LogRow[] = [];
    for (const entry of storables) {
      checkBody(entry.kind, entry.subject, entry.body);
      const body = canonical(entry.body);
      const name = stateName(entry.kind, entry.subject);
      if (bodies.get(name) === body) continue;
      bodies.set(name, body);
      size += 1;
      const { version } = BODIES[entry.kind];
      const numbered = { ...entry, seq: size, recordedAt: at };
      const link = { previousHash: hash, hash: linkHash(hash, { ...numbered, version }, body) };
      hash = link.hash;
      const done: LoggedEntry = { ...numbered, ...link };
      logged.push(done);
      newest.set(name, done);
      rows.push(writeEntry(done, version, body));
    }
    if (rows.length === 0) return [];

    for (const part of parts(rows, PAGE)) await insertEntries(tx, { rows: part });
    for (const part of parts([...newest.values()], PAGE)) await upsertStates(tx, part);
    await moveHead(tx, { size, hash });
    return logged;
  }
}

async function currentBodies(
  tx: Transaction<Tables>,
  entries: readonly Entry[],
): Promise<Map<string, string>> {
  const bodies = new Map<string, string>();
  for (const [kind, ofKind] of Map.groupBy(entries, (entry) => entry.kind))
    for (const part of parts([...new Set(ofKind.map((entry) => entry.subject))], PAGE)) {
      const rows = await bodiesOf(tx, { kind, subjects: part });
      for (const { seq, subject, version, body } of rows) {
        const isOfToday = version === BODIES[kind].version;
        const now = isOfToday ? body : canonical(raised({ seq, kind, version }, JSON.parse(body)).body);
        bodies.set(stateName(kind, subject), now);
      }
    }
  return bodies;
}

const headToWrite = prepared((db, _: object, __, store) => {
  const head = db.selectFrom("log_head").select(["size", "hash"]).where("id", "=", 1);
  return store === "postgres" ? head.forUpdate() : head;
});

const moveHead = prepared((db, { size, hash }: { size: number; hash: string }) =>
  db.updateTable("log_head").set({ size, hash }).where("id", "=", 1),
);

const bodiesOf = prepared((db, { kind, subjects }: { kind: string; subjects: readonly string[] }) =>
  db
    .selectFrom("state")
    .innerJoin("log", "log.seq", "state.seq")
    .select(["log.seq", "state.subject", "log.version", "log.body"])
    .where("state.kind", "=", kind)
    .where("state.subject", "in", subjects),
);

const insertEntries = prepared((db, { rows }: { rows: readonly LogRow[] }) =>
  db.insertInto("log").values(rows),
);

function readPage<K extends EntryKind>(rows: readonly LogRow[]): NewestAnswer<K> {
  return {
    entries: rows.map((row) => readEntry<K>(row)),
    size: rows.reduce((sum, row) => sum + row.body.length, 0),
    isWhole: rows.length < PAGE,
  };
}

function writeEntry(entry: LoggedEntry, version: number, body: string): LogRow {
  return {
    seq: entry.seq,
    kind: entry.kind,
    subject: entry.subject,
    repository_id: entry.repositoryId,
    organization_id: entry.organizationId,
    at: entry.at,
    recorded_at: entry.recordedAt,
    previous_hash: entry.previousHash,
    hash: entry.hash,
    version,
    body,
  };
}

function stateName(kind: string, subject: string): string {
  return `${kind} ${subject}`;
}

function* parts<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < all.length; start += size) yield all.slice(start, start + size);
}

/** Reads the server's time. */
async function timeOn(db: Kysely<Tables>): Promise<Instant> {
  const query = sql<number>`floor(extract(epoch from clock_timestamp()) * 1000)::bigint`.as("now");
  return (await db.selectNoFrom(query).executeTakeFirstOrThrow()).now;
}
