/** Law 13: no sentence of a package, a letter or a page covers a day that nobody observed. */

import {
  array,
  assert,
  type Arbitrary,
  boolean,
  constantFrom,
  integer,
  option,
  property,
  record,
} from "fast-check";
import { expect, test } from "vitest";

import type { Bodies, EntryKind, LoggedEntry } from "../../src/domain/records/entry.ts";
import {
  completenessDocument,
  completenessWords,
  type CompletenessDocument,
} from "../../src/domain/evidence/completeness.ts";
import type { EvidenceSource } from "../../src/domain/evidence/tables/population.ts";
import { gapsWords, scopeWords } from "../../src/domain/evidence/start-here.ts";
import { Tally, type SummaryDocument } from "../../src/domain/evidence/summary.ts";
import { draftBridge } from "../../src/domain/drafts/bridge.ts";
import { draftNote } from "../../src/domain/drafts/note.ts";
import type { Records } from "../../src/domain/drafts/draft.ts";
import {
  observedTimeOf,
  type ObservedTime,
  type ObservedTimeFacts,
  type Statement,
} from "../../src/domain/monitoring/observed-time.ts";
import { readinessOf } from "../../src/domain/evidence/readiness.ts";
import { MonthlyTally, monthStatement, seenMonth } from "../../src/domain/monitoring/monthly.ts";
import type { RepositoryRecord } from "../../src/domain/records/repository.ts";
import { ORGANIZATION, WEB } from "../evidence/fixture.ts";
import { rounds } from "../support/effort.ts";
import type { CompletenessRecord, CoverageGapRecord } from "../../src/domain/records/monitoring.ts";
import { monthOf } from "../../src/domain/time/month.ts";

const DAY = 86_400_000;
const BEGIN = Date.parse("2026-07-01T00:00:00Z");
const REF = "refs/heads/main";
const LENGTH = 120;

/** A day of the story. */
const at = (day: number): number => BEGIN + day * DAY;
const day = (): ReturnType<typeof integer> => integer({ min: -10, max: LENGTH });
const span = record({ from: day(), length: integer({ min: 0, max: 40 }) });

const world: Arbitrary<World> = record({
  now: integer({ min: 1, max: LENGTH }),
  installed: integer({ min: -10, max: 20 }),
  beat: option(day(), { nil: null }),
  swept: option(day(), { nil: null }),
  gaps: array(
    record({
      span,
      open: boolean(),
      backfilled: boolean(),
      cause: constantFrom<CoverageGapRecord["cause"]>("app-down", "webhooks-lost"),
    }),
    {
      maxLength: 4,
    },
  ),
  counts: array(record({ span, checked: day(), complete: boolean() }), { maxLength: 4 }),
  period: record({ from: integer({ min: 0, max: 60 }), length: integer({ min: 1, max: 80 }) }),
});

interface Facts extends ObservedTimeFacts {
  readonly period: { readonly name: string; readonly from: number; readonly to: number };
}

interface World {
  readonly now: number;
  readonly installed: number;
  readonly beat: number | null;
  readonly swept: number | null;
  readonly gaps: readonly {
    readonly span: { readonly from: number; readonly length: number };
    readonly open: boolean;
    readonly backfilled: boolean;
    readonly cause: CoverageGapRecord["cause"];
  }[];
  readonly counts: readonly {
    readonly span: { readonly from: number; readonly length: number };
    readonly checked: number;
    readonly complete: boolean;
  }[];
  readonly period: { readonly from: number; readonly length: number };
}

function factsOf({ now, installed, beat, swept, gaps, counts, period }: World): Facts {
  const repository: RepositoryRecord = {
    repository: WEB,
    installationId: 1,
    installedFrom: at(installed),
    removedAt: null,
    inScope: true,
    reason: "",
    productionRefs: [REF],
    archived: false,
  };
  const past = (of: number): number => Math.min(of, now);
  return {
    at: at(now),
    presence: {
      lastBeat: beat === null ? null : at(past(beat)),
      lastSweeps: new Map(swept === null ? [] : [[WEB.id, at(past(swept))]]),
    },
    repositories: [repository],
    gaps: gaps
      .filter((gap) => gap.span.from <= now)
      .map((gap, index) => ({
        id: `gap-${index}`,
        cause: gap.cause,
        scope: "acme",
        from: at(gap.span.from),
        to: gap.open ? null : at(past(gap.span.from + gap.span.length)),
        because: "it was so",
        backfilled: gap.backfilled,
      })),
    completeness: counts.map((each): CompletenessRecord => ({
      repository: WEB,
      ref: REF,
      from: at(each.span.from),
      to: at(each.span.from + each.span.length),
      listings: [],
      readAs: null,
      matched: 0,
      differences: [],
      contiguous: true,
      truncated: false,
      complete: each.complete,
      withoutPullRequest: 0,
      // Half a day off: a count is seldom made at midnight.
      checkedAt: at(past(each.checked)) - DAY / 2,
    })),
    period: { name: "period", from: at(period.from), to: at(period.from + period.length) },
  };
}

/** Whether somebody looked at a moment, worked out another way: every fact that could have kept anybody from it, one by one. */
function wasWatched({ at: now, presence, repositories, gaps, completeness }: Facts, moment: number): boolean {
  const [repository] = repositories;
  const { lastBeat, lastSweeps } = presence;
  const looked = Math.max(
    repository?.installedFrom ?? 0,
    lastSweeps.get(WEB.id) ?? 0,
    ...completeness.map(({ checkedAt }) => checkedAt),
  );
  if (moment < (repository?.installedFrom ?? 0) || moment >= now) return false;
  const isThere = lastBeat !== null && now - lastBeat < DAY / 2;
  if (!isThere && moment >= (lastBeat ?? looked)) return false;
  // A sweep a day, and one may fail.
  if (isThere && now - looked > 3 * DAY && moment >= looked) return false;
  return gaps.every(({ from, to, backfilled }) => {
    const isIn = moment >= from && (to === null || moment < to);
    return !isIn || (backfilled && looked >= (to ?? now));
  });
}

function wasCounted({ completeness }: Facts, moment: number): boolean {
  return completeness.some(
    ({ complete, from, to, checkedAt }) => complete && moment >= from && moment < to && moment < checkedAt,
  );
}

let seq = 0;
function entry<K extends EntryKind>(kind: K, subject: string, when: number, body: Bodies[K]): LoggedEntry<K> {
  seq += 1;
  const made = {
    seq,
    kind,
    subject,
    repositoryId: 1,
    organizationId: ORGANIZATION.id,
    at: when,
    recordedAt: when,
  };
  return { ...made, previousHash: "", hash: "", body };
}

/** What such a world left in the log. */
function entriesOf(facts: Facts): readonly LoggedEntry[] {
  return [
    ...facts.repositories.map((body) =>
      entry("repository", String(body.repository.id), body.installedFrom, body),
    ),
    ...facts.gaps.map((body) => entry("coverage-gap", body.id, body.from, body)),
    ...facts.completeness.map((body, index) =>
      entry("completeness", `${WEB.id}:${REF}:${index}`, body.from, body),
    ),
  ];
}

function sourceOf(
  entries: readonly LoggedEntry[],
  { period, at: now }: Facts,
  observedTime: ObservedTime,
): EvidenceSource {
  async function* of<K extends EntryKind>(kind: K): AsyncIterable<LoggedEntry<K>> {
    for (const each of entries) if (each.kind === kind) yield each as unknown as LoggedEntry<K>;
  }
  return {
    organizationId: ORGANIZATION.id,
    period,
    generatedAt: now,
    observedTime,
    states: (kind) => of(kind),
    log: async function* () {},
    history: <K extends EntryKind>(kind: K) =>
      Promise.resolve(entries.filter((each) => each.kind === kind) as unknown as readonly LoggedEntry<K>[]),
    asOf: () => {
      throw new Error("no period is closed here");
    },
    sorted: async function* (lines) {
      const all: string[] = [];
      for await (const line of lines) all.push(line);
      yield* [...new Set(all)].toSorted();
    },
  };
}

/** Everything that is said of such a world. */
async function statementsOf(facts: Facts): Promise<readonly Statement[]> {
  const { period, at: now } = facts;
  const observedTime = observedTimeOf(facts);
  const entries = entriesOf(facts);
  const completeness = await completenessDocument(sourceOf(entries, facts, observedTime));
  const organization = ORGANIZATION;
  const summary = new Tally().summary();
  const gaps = observedTime.gaps.filter(
    ({ from, to }) => from < period.to && (to === null || to > period.from),
  ).length;
  const records: Records = {
    organization: "acme",
    at: now,
    entries,
    observedTime,
    months: [],
    writers: new Map(),
    named: [],
  };
  const counted = { ...period, changes: 3, deployments: 1 };
  const since = {
    name: "since",
    from: period.to,
    to: Math.max(period.to, now - (now % DAY)),
    changes: 0,
    deployments: 0,
  };
  const drafts = [draftNote(records, counted), draftBridge(records, counted, since)];
  const ready = readinessOf({
    at: now,
    from: now - 30 * DAY,
    to: now,
    policy: null,
    policies: [],
    tally: new MonthlyTally(),
    tallies: new Map(),
    unverifiable: [],
    repositories: facts.repositories,
    settings: [],
    deviations: [],
    remediations: [],
    months: [],
    observedTime,
    completeness: facts.completeness,
    reviews: [],
    period,
  });
  const quiet = new MonthlyTally().figures("independently-approved");
  const months = [...new Set([BEGIN, period.from, period.to - 1, now].map(monthOf))].map((month) =>
    monthStatement(quiet, seenMonth(observedTime, month, now)),
  );
  return [
    ...months,
    ...gapsWords(observedTime, { period, generatedAt: now, gaps, unread: gaps }),
    ...completenessWords(completeness),
    ...scopeWords({ organization, period, generatedAt: now, completeness, summary }),
    ...drafts.flatMap((made) => (made.ok ? made.statements : [])),
    ...ready.statements,
  ];
}

/** Worlds drawn for one law. */
function drawn(): readonly Facts[] {
  const worlds: Facts[] = [];
  assert(
    property(world, (given) => {
      worlds.push(factsOf(given));
    }),
    { numRuns: rounds(200, 4_000) },
  );
  return worlds;
}

test("no branch is proven complete that nobody counted", async () => {
  let proven = 0;
  for (const facts of drawn()) {
    const { branches } = await completenessDocument(sourceOf(entriesOf(facts), facts, observedTimeOf(facts)));
    for (const branch of branches.filter((each) => each.proven)) {
      proven += 1;
      expect(
        facts.completeness.some(({ complete }) => complete),
        JSON.stringify(branch),
      ).toBe(true);
      expect(branch.from < branch.to).toBe(true);
    }
  }
  expect(proven).toBeGreaterThan(0);
});

test("no sentence speaks for a moment that nobody observed", async () => {
  let spoken = 0;
  for (const facts of drawn())
    for (const { says, rests, covers } of await statementsOf(facts))
      for (const { from, to } of covers)
        for (let moment = from; moment < to; moment += DAY / 4) {
          spoken += 1;
          const isObserved = rests === "watch" ? wasWatched(facts, moment) : wasCounted(facts, moment);
          expect(isObserved, `${says} (${new Date(moment).toISOString()}) ${JSON.stringify(facts)}`).toBe(
            true,
          );
        }
  // Else the law would hold of programs that say nothing.
  expect(spoken).toBeGreaterThan(1_000);
});

test("no sentence about every update begins before one was counted", () => {
  const branch = (from: string): CompletenessDocument["branches"][number] => ({
    repository_id: 1,
    repository: "acme/web",
    branch: "refs/heads/main",
    begins: "period",
    from,
    to: "2026-10-01T00:00:00Z",
    unproven: [],
    proven: true,
    updates: 1,
    updates_matched: 1,
    without_pull_request: 0,
    differences: 0,
    unexplained: 0,
    checks: 1,
  });
  const period = { name: "Q3", from: Date.parse("2026-07-01"), to: Date.parse("2026-10-01") };
  const summary = { changes: { total: 1, deployed: 0 }, deployments: { total: 0 } } as SummaryDocument;
  const saying = (...begins: readonly string[]): string | undefined =>
    scopeWords({
      organization: { id: 9001, login: "acme" },
      period,
      generatedAt: period.to,
      completeness: {
        period: { name: "Q3", from: "2026-07-01T00:00:00Z", to: "2026-10-01T00:00:00Z" },
        complete: true,
        branches: begins.map(branch),
      },
      summary,
    })[0]?.says;
  expect(saying("2026-07-01T00:00:00Z")).toContain("from 2026-07-01T00:00:00Z up to");
  expect(saying("2026-08-19T23:59:00Z")).toContain("from 2026-08-19T23:59:00Z up to");
  expect(saying("2026-08-19T23:59:00Z", "2026-09-01T00:00:00Z")).toContain(
    "from 2026-08-19T23:59:00Z (1 of them from later on, as Completeness says) up to",
  );
});
