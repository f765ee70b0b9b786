/** A period is called complete only where each of its changes is on a branch that was counted, and each of its days observed. */

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { completenessDocument } from "../../src/domain/evidence/completeness.ts";
import { sourceOfEntries } from "../../src/domain/evidence/tables/entries.ts";
import { observedTimeOf } from "../../src/domain/monitoring/observed-time.ts";
import type { Bodies, Entry, EntryKind, LoggedEntry } from "../../src/domain/records/entry.ts";
import type { CompletenessRecord, CoverageGapRecord } from "../../src/domain/records/monitoring.ts";
import type { RepositoryRecord } from "../../src/domain/records/repository.ts";
import { changeEntry, ORGANIZATION, WEB } from "../evidence/fixture.ts";
import { rounds } from "../support/effort.ts";

const DAY = 86_400_000;
const BEGIN = Date.parse("2026-07-01T00:00:00Z");
/** The period is of ten days, and made into a package on the twelfth. */
const [LENGTH, MADE] = [10, 12];
const REFS = ["refs/heads/main", "refs/heads/release"] as const;
const at = (day: number): number => BEGIN + day * DAY;

/** Most worlds have little that is wrong, or hardly one would be complete. */
const seldom = <T>(often: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(often) }, { weight: 1, arbitrary: other });

const version = fc.record({
  day: fc.integer({ min: -3, max: MADE - 1 }),
  inScope: seldom(true, fc.constant(false)),
  refs: seldom<readonly string[]>([REFS[0]], fc.subarray([...REFS])),
});
const repository = fc.record({
  installed: seldom(-4, fc.integer({ min: -4, max: 6 })),
  backfilled: seldom<number | null>(null, fc.integer({ min: -4, max: 3 })),
  moved: fc.option(fc.integer({ min: 0, max: MADE - 1 })),
  versions: fc.array(version, { minLength: 1, maxLength: 3 }),
  counts: fc.array(
    fc.record({
      ref: fc.constantFrom(...REFS),
      from: seldom(0, fc.integer({ min: -2, max: 9 })),
      to: seldom(LENGTH, fc.integer({ min: 1, max: MADE })),
      checked: seldom(MADE - 1, fc.integer({ min: 5, max: MADE })),
      complete: seldom(true, fc.constant(false)),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  changes: fc.array(
    fc.record({
      ref: seldom<string>(REFS[0], fc.constantFrom(...REFS)),
      day: fc.integer({ min: 0, max: LENGTH - 1 }),
    }),
    { maxLength: 3 },
  ),
});
const world = fc.record({
  repositories: fc.array(repository, { maxLength: 2 }),
  gaps: seldom<readonly { from: number; length: number; backfilled: boolean }[]>(
    [],
    fc.array(
      fc.record({
        from: fc.integer({ min: -3, max: MADE }),
        length: fc.integer({ min: 1, max: 4 }),
        backfilled: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
  ),
  beat: seldom(MADE, fc.integer({ min: 4, max: MADE })),
});

type World = typeof world extends fc.Arbitrary<infer Made> ? Made : never;
type Told = World["repositories"][number];

function recordOf(id: number, told: Told, index: number): RepositoryRecord {
  const { inScope, refs } = versionsOf(told)[index] ?? { inScope: true, refs: [] };
  return {
    repository: { ...WEB, id, name: `r${id}` },
    installationId: 1,
    installedFrom: at(told.installed),
    removedAt: null,
    inScope,
    reason: "",
    productionRefs: [...refs],
    archived: false,
    ...(told.backfilled === null ? {} : { backfilledFrom: at(told.backfilled) }),
    ...(told.moved === null ? {} : { movedInAt: at(told.moved) }),
  };
}

function versionsOf({ versions }: Told): Told["versions"] {
  return versions.toSorted((a, b) => a.day - b.day);
}

interface Facts {
  readonly entries: readonly LoggedEntry[];
  readonly repositories: readonly RepositoryRecord[];
  readonly gaps: readonly CoverageGapRecord[];
  readonly completeness: readonly CompletenessRecord[];
}

function factsOf({ repositories, gaps }: World): Facts {
  const entries: LoggedEntry[] = [];
  const log = <K extends EntryKind>(
    kind: K,
    subject: string,
    body: Bodies[K],
    when: number,
    recordedAt: number,
  ) =>
    entries.push({
      seq: entries.length + 1,
      kind,
      subject,
      repositoryId: 0,
      organizationId: ORGANIZATION.id,
      at: when,
      recordedAt,
      previousHash: "",
      hash: "",
      body,
    } as unknown as LoggedEntry);
  const known: CompletenessRecord[] = [];
  const newest: RepositoryRecord[] = [];
  let number = 0;
  for (const [place, told] of repositories.entries()) {
    const id = place + 1;
    for (const [index, { day }] of versionsOf(told).entries())
      log("repository", String(id), recordOf(id, told, index), at(told.installed), at(day));
    const last = recordOf(id, told, told.versions.length - 1);
    newest.push(last);
    for (const { ref, from, to, checked, complete } of told.counts) {
      const span = { from: at(from), to: at(Math.max(from, to)) };
      const rest = {
        listings: [],
        readAs: null,
        matched: 0,
        differences: [],
        contiguous: true,
        truncated: false,
      };
      const body = {
        repository: last.repository,
        ref,
        ...span,
        ...rest,
        complete,
        withoutPullRequest: 0,
        checkedAt: at(checked),
      };
      known.push(body);
      log("completeness", `${id}:${ref}:${span.from}:${span.to}`, body, span.from, at(checked));
    }
    for (const { ref, day } of told.changes) {
      number += 1;
      const entry: Entry<"change"> = changeEntry(number * 10 + 5, at(day) + DAY / 2);
      const { change } = entry.body;
      const moved = { ...change, repository: last.repository, update: { ...change.update, ref } };
      log("change", entry.subject, { ...entry.body, change: moved }, entry.at, entry.at);
    }
  }
  const blind = gaps.map(({ from, length, backfilled }, index): CoverageGapRecord => {
    const id = `gap-${index}`;
    const span = { from: at(from), to: at(from + length) };
    return { id, cause: "app-down", scope: "acme", ...span, because: "it was so", backfilled };
  });
  for (const gap of blind) log("coverage-gap", gap.id, gap, gap.from, gap.from);
  return { entries, repositories: newest, gaps: blind, completeness: known };
}

const period = { name: "ten days", from: at(0), to: at(LENGTH) };

async function documentOf(told: World) {
  const facts = factsOf(told);
  const presence = {
    lastBeat: at(told.beat),
    lastSweeps: new Map(facts.repositories.map((each) => [each.repository.id, at(told.beat)])),
  };
  const observedTime = observedTimeOf({ at: at(MADE), presence, ...facts });
  const source = sourceOfEntries(facts.entries, {
    organizationId: ORGANIZATION.id,
    generatedAt: at(MADE),
    observedTime,
  });
  return completenessDocument({ ...source, period });
}

/** Whether a branch was in scope on a day, by the version that was the newest then: the first holds for what was before it. */
function wasInScope(told: Told, ref: string, day: number): boolean {
  const versions = versionsOf(told);
  const then = versions.findLast((each) => each.day <= day) ?? versions[0];
  return then?.inScope === true && then.refs.includes(ref);
}

function wasCounted({ counts }: Told, ref: string, day: number): boolean {
  return counts.some(
    (each) => each.complete && each.ref === ref && each.from <= day && day < Math.min(each.to, each.checked),
  );
}

test("what is called complete was observed on every day, and counted on every day it was in scope", async () => {
  let complete = 0;
  await fc.assert(
    fc.asyncProperty(world, async (told) => {
      const document = await documentOf(told);
      const rows = new Map(document.branches.map((row) => [`${row.repository_id} ${row.branch}`, row]));
      for (const [place, { changes }] of told.repositories.entries())
        for (const { ref } of changes) expect(rows.has(`${place + 1} ${ref}`)).toBe(true);
      if (!document.complete) return;
      complete += 1;
      expect(rows.size).toBeGreaterThan(0);
      expect(told.beat).toBeGreaterThanOrEqual(LENGTH);
      for (const { from, length, backfilled } of told.gaps)
        expect(backfilled || from >= LENGTH || from + length <= 0).toBe(true);
      for (const [place, repository] of told.repositories.entries()) {
        for (const { ref, day } of repository.changes) {
          expect(rows.get(`${place + 1} ${ref}`)).toMatchObject({ proven: true });
          expect(wasCounted(repository, ref, day)).toBe(true);
        }
        const isRead = REFS.some((ref) => rows.has(`${place + 1} ${ref}`));
        const recorded = Math.min(repository.installed, repository.backfilled ?? Infinity);
        // What was not there before it was met had nothing to observe.
        const isNew = repository.moved === repository.installed;
        if (isRead) expect(isNew || recorded <= 0).toBe(true);
        for (const ref of REFS)
          for (let day = isNew ? Math.max(0, recorded) : 0; day < LENGTH; day += 1)
            if (wasInScope(repository, ref, day)) expect(wasCounted(repository, ref, day)).toBe(true);
      }
    }),
    { numRuns: rounds(400, 8_000) },
  );
  // Else the law would hold of programs that call nothing complete.
  expect(complete).toBeGreaterThan(10);
});
