/** A few entries as what tables are made of: for a page about one thing, whose entries were looked up. */

import type { EntryKind, LoggedEntry } from "../../records/entry.ts";
import type { EvidenceFilter, EvidenceSource, LogReader } from "./population.ts";

/** Holds what a source has beside its entries. */
type Surroundings = Pick<EvidenceSource, "organizationId" | "generatedAt" | "observedTime">;

/** Describes all of time, since what is about one thing may have happened whenever. */
const EVER = { name: "ever", from: 0, to: Number.MAX_SAFE_INTEGER } as const;

/** Returns a source of these entries alone, whatever their order. Of each subject the newest is its state. */
export function sourceOfEntries(entries: readonly LoggedEntry[], surroundings: Surroundings): EvidenceSource {
  const bySeq = [...new Map(entries.map((entry) => [entry.seq, entry])).values()].toSorted(
    (a, b) => a.seq - b.seq,
  );
  return {
    ...surroundings,
    period: EVER,
    ...readerOf(bySeq),
    asOf: (size) => readerOf(bySeq.filter(({ seq }) => seq <= size)),
    async *sorted(lines) {
      const all = new Set<string>();
      for await (const line of lines) all.add(line);
      yield* [...all].toSorted(byCodeUnit);
    },
  };
}

function readerOf(bySeq: readonly LoggedEntry[]): LogReader {
  return {
    async *states<K extends EntryKind>(kind: K, { order, ...filter }: EvidenceFilter) {
      const newest = new Map(
        bySeq.filter((entry) => entry.kind === kind).map((each) => [each.subject, each]),
      );
      const states = [...newest.values()].filter((each) => isSelected(each, filter));
      yield* states.toSorted(
        (a, b) => (order === "at" ? a.at - b.at : 0) || byCodeUnit(a.subject, b.subject),
      ) as LoggedEntry<K>[];
    },
    async *log<K extends EntryKind>({
      kinds,
      ...filter
    }: Parameters<LogReader["log"]>[0] & { readonly kinds?: readonly K[] }) {
      for (const entry of bySeq)
        if ((kinds === undefined || kinds.includes(entry.kind as K)) && isSelected(entry, filter))
          yield entry as LoggedEntry<K>;
    },
    history: <K extends EntryKind>(kind: K, organizationId: number) =>
      Promise.resolve(
        bySeq.filter(
          (entry) => entry.kind === kind && isSelected(entry, { organizationId }),
        ) as LoggedEntry<K>[],
      ),
  };
}

function isSelected(
  entry: Pick<LoggedEntry, "organizationId" | "at">,
  { organizationId, from = 0, to = Infinity }: Omit<EvidenceFilter, "order">,
): boolean {
  return entry.organizationId === organizationId && from <= entry.at && entry.at < to;
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
