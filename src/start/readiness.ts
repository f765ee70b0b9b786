/** Readiness as pages show it: it reads every change of a span, so it is kept for a while, and makes room for others meanwhile. */

import { setImmediate } from "node:timers/promises";

import type { AuditReadiness } from "../domain/evidence/readiness.ts";
import type { EntryKind } from "../domain/records/entry.ts";
import { MINUTE } from "../domain/time/durations.ts";
import type { Instant } from "../domain/time/instant.ts";
import type { Span } from "../domain/time/span.ts";
import { readiness } from "../flows/monitoring/readiness.ts";
import type { Ledger, StateFilter } from "../ledger/ledger.ts";

type ReadLedger = Pick<Ledger, "head" | "presence" | "states">;

/** So many entries are read before others have their turn. */
const AT_ONCE = 50;

/** What took longer than this (ms) is kept though the log has grown, for a minute. */
const LONG = 1_000;

/** So many spans are kept. */
const MOST = 50;

interface Kept {
  readonly size: number;
  readonly at: Instant;
  readonly found: Promise<AuditReadiness>;
  /** How long it took, and when it was done, by the process's own clock; null: it is under way. */
  done: { readonly took: number; readonly at: number } | null;
}

/** Judges readiness, and keeps the answers. */
export class ReadinessAnswers {
  readonly #ledger: ReadLedger;
  readonly #kept = new Map<string, Kept>();

  constructor(ledger: ReadLedger) {
    this.#ledger = ledger;
  }

  /** Returns an organisation's readiness on a span, as of the last minute where it takes long. */
  async of(organizationId: number, span: Span, at: Instant): Promise<AuditReadiness> {
    const name = `${organizationId} ${span.from} ${span.to === at ? "now" : span.to}`;
    const { size } = await this.#ledger.head();
    const kept = this.#kept.get(name);
    if (kept !== undefined && isFresh(kept, size, at)) return kept.found;
    const began = performance.now();
    const found = readiness(gently(this.#ledger), organizationId, span, at);
    const made: Kept = { size, at, found, done: null };
    if (this.#kept.size >= MOST) this.#kept.clear();
    this.#kept.set(name, made);
    try {
      await found;
      made.done = { took: performance.now() - began, at: performance.now() };
    } catch (error) {
      this.#kept.delete(name);
      throw error;
    }
    return found;
  }
}

function isFresh({ size: then, at: before, done }: Kept, size: number, at: Instant): boolean {
  if (done === null) return true;
  if (done.took > LONG && performance.now() - done.at < MINUTE) return true;
  return then === size && at >= before && at - before < MINUTE;
}

/** Reads the same ledger, and lets deliveries be stored in between. */
function gently(ledger: ReadLedger): Pick<Ledger, "presence" | "states"> {
  return {
    presence: () => ledger.presence(),
    async *states<K extends EntryKind>(kind: K, filter: StateFilter = {}) {
      let read = 0;
      for await (const entry of ledger.states(kind, filter)) {
        yield entry;
        read += 1;
        if (read % AT_ONCE === 0) await setImmediate();
      }
    },
  };
}
