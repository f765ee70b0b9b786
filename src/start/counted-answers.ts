/** What pages show of a whole span: it takes a look at everything in it, so it is kept for a while, and makes room for others. */

import { setImmediate } from "node:timers/promises";

import type { Counted } from "../dashboard/page/organization.ts";
import type { Judged } from "../domain/monitoring/judged.ts";
import type { EntryKind } from "../domain/records/entry.ts";
import { MINUTE } from "../domain/time/durations.ts";
import type { Instant } from "../domain/time/instant.ts";
import { openPointsOf } from "../flows/monitoring/close-period.ts";
import { reviewsNow } from "../flows/monitoring/monthly-reviews.ts";
import { organizationPolicy } from "../flows/policy/in-force.ts";
import { readiness } from "../flows/monitoring/readiness.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { StateFilter } from "../ledger/states.ts";

type ReadLedger = Pick<Ledger, "head" | "history" | "lists" | "log" | "presence" | "states">;

/** So many entries are read before others have their turn. */
const AT_ONCE = 50;

/** What took longer than this (ms) is kept though the log has grown, for a minute. */
const LONG = 1_000;

/** So many answers are kept. */
const MOST = 50;

interface Kept<Answer> {
  readonly size: number;
  readonly at: Instant;
  readonly found: Promise<Answer>;
  /** How long it took, and when it was done, by the process's own clock; null: it is under way. */
  done: { readonly took: number; readonly at: number } | null;
}

/** Counts what pages show of a whole span, and keeps the answers. Where it takes long, they are as of the last minute. */
export class CountedAnswers implements Counted {
  readonly #ledger: ReadLedger;
  readonly #spans = new Map<string, Kept<Awaited<ReturnType<Counted["readiness"]>>>>();
  readonly #open = new Map<string, Kept<readonly string[]>>();
  readonly #reviews = new Map<string, Kept<Awaited<ReturnType<Counted["monthlyReviews"]>>>>();

  constructor(ledger: ReadLedger) {
    this.#ledger = ledger;
  }

  readonly readiness: Counted["readiness"] = (organizationId, span, at) => {
    const name = `${organizationId} ${span.from} ${span.to === at ? "now" : span.to}`;
    return this.#kept(this.#spans, name, at, (ledger) =>
      readiness(ledger, organizationId, span, at, this.#judged(organizationId)),
    );
  };

  readonly openPoints: Counted["openPoints"] = (organizationId, period, at) => {
    const name = JSON.stringify([organizationId, period.name, period.from, period.to]);
    return this.#kept(this.#open, name, at, (ledger) => openPointsOf(ledger, { organizationId, period, at }));
  };

  readonly monthlyReviews: Counted["monthlyReviews"] = (organizationId, at) =>
    this.#kept(this.#reviews, String(organizationId), at, async (ledger) => {
      const policy = await organizationPolicy({ ledger }, organizationId);
      const counting = { isServing: true, judged: this.#judged(organizationId) };
      const known = await reviewsNow(ledger, organizationId, at, counting);
      return { ...known, policy: policy?.effective ?? null };
    });

  #judged(organizationId: number): Judged {
    return this.#ledger.lists.judged(organizationId);
  }

  async #kept<Answer>(
    all: Map<string, Kept<Answer>>,
    name: string,
    at: Instant,
    find: (ledger: ReturnType<typeof gently>) => Promise<Answer>,
  ): Promise<Answer> {
    const { size } = await this.#ledger.head();
    const kept = all.get(name);
    if (kept !== undefined && isFresh(kept, size, at)) return kept.found;
    const began = performance.now();
    const found = find(gently(this.#ledger));
    const made: Kept<Answer> = { size, at, found, done: null };
    if (all.size >= MOST) all.clear();
    all.set(name, made);
    try {
      await found;
      made.done = { took: performance.now() - began, at: performance.now() };
    } catch (error) {
      all.delete(name);
      throw error;
    }
    return found;
  }
}

function isFresh(
  { size: then, at: before, done }: Omit<Kept<unknown>, "found">,
  size: number,
  at: Instant,
): boolean {
  if (done === null) return true;
  if (done.took > LONG && performance.now() - done.at < MINUTE) return true;
  return then === size && at >= before && at - before < MINUTE;
}

/** Reads the same ledger, and lets deliveries be stored in between. */
function gently(ledger: ReadLedger): Pick<Ledger, "history" | "log" | "presence" | "states"> {
  return {
    history: (about) => ledger.history(about),
    log: (filter) => ledger.log(filter),
    presence: () => ledger.presence(),
    async *states<K extends EntryKind>(kind: K, filter: StateFilter) {
      let read = 0;
      for await (const entry of ledger.states(kind, filter)) {
        yield entry;
        read += 1;
        if (read % AT_ONCE === 0) await setImmediate();
      }
    },
  };
}
