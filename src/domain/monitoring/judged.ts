/** What was judged in a span, counted: by reading every entry of it, or by a database that counts them itself. */

import type { Instant } from "../time/instant.ts";
import type { Span } from "../time/span.ts";
import type { EntryKind, LoggedEntry } from "../records/entry.ts";
import type { ControlName, Outcome, Verdict } from "../values/result.ts";
import { monthOf } from "../time/month.ts";

/** Names the kinds of entries that are judged when they have happened. */
type JudgedKind = "change" | "deployment";

/** Counts what of one month has one verdict and of which each control came to the same. */
export interface JudgedCount {
  /** YYYY-MM, UTC. */
  readonly month: string;
  readonly verdict: Verdict;
  readonly results: readonly { readonly control: ControlName; readonly outcome: Outcome }[];
  readonly count: number;
}

/** Counts what was judged in one organisation. */
export interface Judged {
  /** Counts a span's, month by month. `found`: is handed, in order of time, each of which a control could not be tested. */
  readonly counts: <K extends JudgedKind>(
    kind: K,
    span: Span,
    found?: (entry: LoggedEntry<K>) => void,
  ) => Promise<readonly JudgedCount[]>;
}

/** Describes the reader of the newest states. */
export interface States {
  states<K extends EntryKind>(
    kind: K,
    filter: {
      readonly organizationId: number;
      readonly from?: Instant;
      readonly to?: Instant;
      readonly order: "subject" | "at";
    },
  ): AsyncIterable<LoggedEntry<K>>;
}

/** Counts by reading every entry. */
export function judgedIn(source: States, organizationId: number): Judged {
  return {
    async counts(kind, { from, to }, found) {
      const counts = new Map<string, JudgedCount>();
      for await (const entry of source.states(kind, { organizationId, from, to, order: "at" })) {
        const { verdict, results } = entry.body.assessment;
        const came = results.map(({ control, outcome }) => ({ control, outcome }));
        const month = monthOf(entry.at);
        const key = JSON.stringify([month, verdict, came]);
        counts.set(key, { month, verdict, results: came, count: (counts.get(key)?.count ?? 0) + 1 });
        if (results.some(({ outcome }) => outcome === "unverifiable")) found?.(entry);
      }
      return [...counts.values()];
    },
  };
}
