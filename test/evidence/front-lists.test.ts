import * as fc from "fast-check";
import { expect, test } from "vitest";

import { firstDeviations } from "../../src/domain/evidence/front-lists.ts";
import type { EvidenceSource } from "../../src/domain/evidence/tables/population.ts";
import type { DeviationRecord } from "../../src/domain/records/deviation.ts";
import type { EntryKind, LoggedEntry } from "../../src/domain/records/entry.ts";
import { deviation, START } from "../support/deviations.ts";

const PERIOD = { name: "2026-Q3", from: Date.UTC(2026, 6), to: Date.UTC(2026, 9) };

/** A log that holds these deviations and nothing else. */
function logOf(all: readonly DeviationRecord[]): EvidenceSource {
  const entries = all
    .map((body, index) => ({
      kind: "deviation" as const,
      subject: body.id,
      repositoryId: 5,
      organizationId: 1,
      at: body.happenedAt,
      seq: index + 1,
      recordedAt: body.happenedAt,
      previousHash: "",
      hash: "",
      body,
    }))
    .toSorted((a, b) => (a.subject < b.subject ? -1 : 1));
  return {
    organizationId: 1,
    period: PERIOD,
    generatedAt: PERIOD.to,
    observedTime: { since: null, until: PERIOD.to, gaps: [], unseen: [] },
    async *states<K extends EntryKind>(kind: K): AsyncIterable<LoggedEntry<K>> {
      for (const entry of entries) if (entry.kind === kind) yield entry as unknown as LoggedEntry<K>;
    },
    async *log() {},
    history: () => Promise.resolve([]),
    asOf: () => {
      throw new Error("no period is closed here");
    },
    async *sorted(lines) {
      const all: string[] = [];
      for await (const line of lines) all.push(line);
      yield* all.toSorted();
    },
  };
}

const SEVERITY = ["critical", "high", "medium", "low", "observation"] as const;
const SETTLED = ["closed", "not-an-exception"];
const DEVIATIONS = fc.array(
  fc.record({
    status: fc.constantFrom("open", "in-remediation", "done", "effective", "closed", "not-an-exception"),
    severity: fc.constantFrom(...SEVERITY),
    happenedAt: fc.integer({ min: START, max: PERIOD.to - 1 }),
  }),
  { maxLength: 240 },
);

test("the first page lists fifty deviations at most, and none while a graver or unsettled one is left out", async () => {
  await fc.assert(
    fc.asyncProperty(DEVIATIONS, async (made) => {
      const all = made.map((each, index) => deviation({ ...each, id: `DEV-${index}` }));
      const { items, total } = await firstDeviations(logOf(all));
      expect(total).toBe(all.length);
      expect(items).toHaveLength(Math.min(50, all.length));
      const shown = new Set(items.map((each) => each.deviation.id));
      expect(shown.size).toBe(items.length);
      const weight = ({ status, severity }: DeviationRecord): number =>
        (SETTLED.includes(status) ? 0 : 10) + (SEVERITY.length - SEVERITY.indexOf(severity));
      const least = Math.min(...items.map((each) => weight(each.deviation)));
      for (const each of all) if (!shown.has(each.id)) expect(weight(each)).toBeLessThanOrEqual(least);
      expect(items.map((each) => weight(each.deviation))).toEqual(
        items.map((each) => weight(each.deviation)).toSorted((a, b) => b - a),
      );
    }),
  );
});
