/** A store some of whose writes fail, or are the last thing their process does. */

import { ExternalError } from "../../../src/domain/values/external-error.ts";
import { Ledger } from "../../../src/ledger/ledger.ts";
import { migrate } from "../../../src/ledger/migrate.ts";
import { openStore, type Store, type StoreLocation } from "../../../src/ledger/database/store.ts";

/**
 * What goes wrong at which writes, counted from when it is armed: the first, and then one in `every`. `fail`: nothing of it is stored;
 * `kill`: all of it is, and the process is gone.
 */
export interface Fault {
  readonly kind: "fail" | "kill";
  readonly first: number;
  readonly every: number;
}

/** Several plays at once keep a process busy: none of them fails for that. */
const PATIENTLY = { readOnly: false, patienceMs: 600_000 } as const;

/** Opens ledgers whose writes are counted, and some of which go wrong as planned. */
export class FailingStore {
  #fault: Fault | null = null;
  #armed = false;
  #writes = 0;
  #happened = 0;
  #isDead = false;
  readonly #places = new Set<string>();
  readonly #planned = new WeakSet<object>();

  /** How many writes there were since it was armed. */
  get writes(): number {
    return this.#writes;
  }

  /** Where the flows wrote, as `path:line` of the project. */
  get places(): ReadonlySet<string> {
    return this.#places;
  }

  /** How many of them went wrong. */
  get happened(): number {
    return this.#happened;
  }

  /** Tells that the process is gone, and must be started again. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Tells of an error that it is one that was planned, whenever its write began. */
  isPlanned(error: unknown): boolean {
    return typeof error === "object" && error !== null && this.#planned.has(error);
  }

  /** Counts from here. */
  arm(fault: Fault | null): void {
    this.#fault = fault;
    this.#armed = true;
    this.#writes = 0;
  }

  /** Opens the ledger of a process; whichever was open before is gone. */
  async open(where: StoreLocation): Promise<Ledger> {
    const store = await openStore(where, PATIENTLY);
    await store.migrate((tx) => migrate(tx, store.kind, Date.now()));
    return this.#failing(store);
  }

  /** Opens the ledger of a command, beside that of the App. */
  async openBeside(where: StoreLocation): Promise<Ledger> {
    return this.#failing(await openStore(where, PATIENTLY));
  }

  #failing(store: Store): Ledger {
    this.#isDead = false;
    let isGone = false;
    const living = <T>(work: () => Promise<T>): Promise<T> =>
      isGone ? Promise.reject(new Error("this process is gone")) : work();
    const failing: Store = {
      kind: store.kind,
      committed: () => store.committed(),
      othersWrote: () => (isGone ? null : store.othersWrote()),
      migrate: (work) => living(() => store.migrate(work)),
      read: (work) => living(() => store.read(work)),
      snapshot: (work) => living(() => store.snapshot(work)),
      transact: (work, lasts) =>
        living(async () => {
          if (!this.#armed) return store.transact(work, lasts);
          this.#writes += 1;
          const place = placeOf(stackHere());
          if (place !== null) this.#places.add(place);
          const isNow = this.#isNow();
          if (isNow) this.#happened += 1;
          if (isNow && this.#fault?.kind === "fail") {
            const planned = new ExternalError("database-unreachable", "The write failed, as planned.");
            this.#planned.add(planned);
            throw planned;
          }
          const done = await store.transact(work, lasts);
          if (isNow) {
            isGone = true;
            this.#isDead = true;
            throw new Error("this process is gone");
          }
          return done;
        }),
      close: () => store.close(),
    };
    return new Ledger(failing);
  }

  #isNow(): boolean {
    if (this.#fault === null) return false;
    const { first, every } = this.#fault;
    return this.#writes >= first && (this.#writes - first) % every === 0;
  }
}

function stackHere(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 60;
  const { stack = "" } = new Error("here");
  Error.stackTraceLimit = stackTraceLimit;
  return stack;
}

/** The innermost place in a flow that a stack goes through, past what commits for it. */
function placeOf(stack: string): string | null {
  const paths = [...stack.matchAll(/\/(src\/flows\/[\w/-]+\.ts:\d+):\d+/gu)].map(([, path = ""]) => path);
  return paths.find((path) => !path.startsWith("src/flows/context/repo.ts:")) ?? null;
}

/** Brings a store to what the next minute would: leases of a dead process have run out, those of its share of GitHub's limits too, and the App was last there just now. */
export async function aMinuteLater(where: StoreLocation, now: number): Promise<void> {
  const store = await openStore(where, PATIENTLY);
  await store.transact(async (tx) => {
    await tx.updateTable("lane").set({ lease_until: 0, owner: null }).execute();
    await tx.updateTable("heartbeat").set({ at: now }).execute();
    await tx.deleteFrom("share").execute();
  });
  await store.close();
}
