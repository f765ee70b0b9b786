import { setImmediate } from "node:timers/promises";

import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import type { Change } from "../../src/domain/change/change.ts";
import { listedOf } from "../../src/domain/lists/listed.ts";
import { judgedIn, type Judged } from "../../src/domain/monitoring/judged.ts";
import type { Outcome } from "../../src/domain/values/result.ts";
import type { Entry, LoggedEntry } from "../../src/domain/records/entry.ts";
import { openStore } from "../../src/ledger/database/store.ts";
import type { ListFilter, ListPlace } from "../../src/ledger/list-filter.ts";
import { Lists } from "../../src/ledger/lists.ts";
import { changeEntry, ORGANIZATION } from "../evidence/fixture.ts";
import { rounds } from "../support/effort.ts";
import { describeLongOnBothStores } from "../support/stores.ts";

const START = Date.parse("2026-07-01T00:00:00Z");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** As long as a timer can wait (ms): the test ends first. */
const LONGEST = 2 ** 31 - 1;

/** One change among others: where, when, by whom, with which verdict. */
interface Told {
  readonly n: number;
  readonly day: number;
  readonly hour: number;
  readonly repository: number;
  readonly branch: string;
  readonly verdict: "compliant" | "non-compliant" | "unverifiable";
  readonly pusher: string;
  readonly title: string;
  readonly outcome: Outcome;
}

const told = fc.record<Told>({
  n: fc.integer({ min: 1, max: 30 }),
  day: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.constantFrom(10, 30, 31)),
  hour: fc.constantFrom(0, 0, 7, 23),
  repository: fc.constantFrom(1, 1, 2),
  branch: fc.constantFrom("refs/heads/main", "refs/heads/release/1"),
  verdict: fc.constantFrom("compliant", "non-compliant", "unverifiable"),
  pusher: fc.constantFrom("ann", "Bob", "eve"),
  outcome: fc.constantFrom("pass", "fail", "unverifiable", "unverifiable"),
  title: fc.constantFrom(
    "Raise 100% of it",
    "raise_it",
    "RAISEXIT",
    "nothing!",
    "[a-c]*?",
    "naïve \u{1F600}",
  ),
});

function entryOf({
  n,
  day,
  hour,
  repository,
  branch,
  verdict,
  pusher,
  title,
  outcome,
}: Told): Entry<"change"> {
  const base = changeEntry(n, START + day * DAY + hour * HOUR);
  const { change, assessment } = base.body;
  return {
    ...base,
    repositoryId: repository,
    body: {
      ...base.body,
      change: {
        ...change,
        update: { ...change.update, ref: branch, actor: { id: 5, login: pusher, type: "User" } },
        pullRequests: change.pullRequests.map((pull) => ({ ...pull, title })),
      },
      assessment: {
        ...assessment,
        verdict,
        results: assessment.results.map((result, index) => (index === 0 ? { ...result, outcome } : result)),
      },
    },
  };
}

type Filter = Omit<ListFilter, "organizationId">;

const FILTERED: (keyof Filter)[] = [
  "repositoryIds",
  "place",
  "verdicts",
  "control",
  "person",
  "from",
  "to",
  "words",
];

/** Of one of the changes: a whole id, beginnings of it, less than is looked for, and its end. */
const IDS = ((id: string) => [
  id,
  id.slice(0, 17),
  `${id.slice(0, 15)}${id[15] === "0" ? "1" : "0"}`,
  id.slice(0, 7).toUpperCase(),
  id.slice(0, 4),
  id.slice(0, 3),
  id.slice(-9),
])(changeEntry(3, START).body.change.update.after);

/** Anything to filter by, with anything else. */
const filters = fc
  .tuple(
    fc.record<Required<Filter>>({
      repositoryIds: fc.constantFrom([1], [2], [3], [], [2, 1]),
      place: fc.constantFrom("refs/heads/main", "main"),
      verdicts: fc.subarray(["compliant", "non-compliant", "unverifiable"] as const),
      control: fc.constantFrom("independently-approved", "gate-respected"),
      person: fc.constantFrom("ann", "bob", "EVE", "nobody", "%"),
      from: fc.constantFrom(START, START + 10 * DAY, START + 30 * DAY + 7 * HOUR),
      to: fc.constantFrom(START + 31 * DAY, START + 31 * DAY + 7 * HOUR, START + 60 * DAY),
      words: fc.constantFrom(
        "raise_it",
        "100%",
        "RAISE",
        "!",
        "_",
        "\u{1F600}",
        "#3",
        "[a-c]*?",
        "*",
        "[",
        ...IDS,
      ),
    }),
    fc.oneof(fc.subarray(FILTERED, { maxLength: 3 }), fc.subarray(FILTERED)),
  )
  .map(([all, kept]): Filter => Object.fromEntries(kept.map((name) => [name, all[name]])));

function isSelected({ repositoryId, at, body }: Entry<"change">, filter: Filter): boolean {
  const { place, verdict, words, marks } = listedOf("change", body);
  const { from = 0, to = Infinity } = filter;
  return (
    (filter.repositoryIds ?? [repositoryId]).includes(repositoryId) &&
    place === (filter.place ?? place) &&
    (filter.verdicts ?? [verdict]).includes(verdict) &&
    at >= from &&
    at < to &&
    (filter.control === undefined || marks.includes(`control ${filter.control}`)) &&
    (filter.person === undefined || marks.includes(`person ${filter.person.toLowerCase()}`)) &&
    (words.includes((filter.words ?? "").toLowerCase()) || beginsOne(idsOf(body.change), filter.words ?? ""))
  );
}

/** Whole ones: lists keep less of them. */
function idsOf({ id, update, pullRequests }: Change): readonly string[] {
  return [update.before, update.after, id, ...pullRequests.map(({ head }) => head.sha)];
}

function beginsOne(ids: readonly string[], words: string): boolean {
  return /^[0-9a-f]{4,}$/iu.test(words) && ids.some((id) => id.startsWith(words.toLowerCase()));
}

/** What was judged between two days, and of which a control could not be tested. */
async function counted(judged: Judged): Promise<unknown> {
  const found: string[] = [];
  const counts = await judged.counts("change", { from: START + 10 * DAY, to: START + 60 * DAY }, (entry) =>
    found.push(`${entry.at} ${entry.subject}`),
  );
  expect(found).not.toEqual([]);
  return { found, counts: counts.map((each) => JSON.stringify(each)).toSorted() };
}

describeLongOnBothStores("the lists of changes", (open) => {
  test("show what a filter selects of the newest entries, in the order of time, page by page, however they were recorded", async () => {
    const seen = { some: 0, none: 0 };
    const { ledger, where } = await open();
    const store = await openStore(where, { readOnly: false });
    onTestFinished(() => store.close());
    // However many days are read at once.
    const read = [ledger.lists, new Lists(store, { days: 1 })];
    const newest = new Map<string, Entry<"change">>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(told, { minLength: 1, maxLength: 8 }),
        filters,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom("newest", "oldest"),
        async (more, filter, limit, order) => {
          for (const each of more) {
            const entry = entryOf(each);
            newest.set(entry.subject, entry);
            await ledger.record({ entries: [entry] }, START);
          }
          const wanted = [...newest.values()]
            .filter((entry) => isSelected(entry, filter))
            .toSorted((a, b) => b.at - a.at || (a.subject < b.subject ? 1 : -1));
          if (order === "oldest") wanted.reverse();
          seen[wanted.length > 0 ? "some" : "none"] += 1;
          const whole = { organizationId: ORGANIZATION.id, ...filter };
          for (const lists of read) {
            const found: string[] = [];
            for (let after: ListPlace | undefined; ;) {
              const page: readonly LoggedEntry<"change">[] = await lists.page("change", whole, {
                order,
                after,
                limit,
              });
              found.push(...page.map(({ subject }) => subject));
              for (const { subject, body } of page) expect(body).toEqual(newest.get(subject)?.body);
              if (page.length < limit) break;
              after = page.at(-1);
            }
            expect(found).toEqual(wanted.map(({ subject }) => subject));
          }
          const counts = Map.groupBy(
            wanted,
            ({ at, body }) => `${new Date(at).toISOString().slice(0, 7)} ${body.assessment.verdict}`,
          );
          const missed = wanted.flatMap(({ body }) =>
            listedOf("change", body).marks.filter((mark) => mark.startsWith("control ")),
          );
          const times = Map.groupBy(missed, (mark) => mark.slice("control ".length));
          for (const lists of read) {
            const months = await lists.months("change", whole);
            expect(months.map(({ month, verdict, count }) => [`${month} ${verdict}`, count])).toEqual(
              [...counts.keys()].toSorted().map((name) => [name, counts.get(name)?.length]),
            );
            expect(await lists.controls("change", whole)).toEqual(
              new Map([...times].map(([control, of]) => [control, of.length])),
            );
          }
        },
      ),
      { numRuns: rounds(40, 400) },
    );
    expect(await counted(ledger.lists.judged(ORGANIZATION.id))).toEqual(
      await counted(judgedIn(ledger, ORGANIZATION.id)),
    );
    expect(Math.min(seen.some, seen.none)).toBeGreaterThan(2);
  });

  test("are made again from the log by a version that lists otherwise, and by two processes at once", async () => {
    const { ledger, again, sql } = await open();
    for (let n = 1; n <= 12; n += 1)
      await ledger.record({ entries: [changeEntry(n, START + n * DAY)] }, START);
    const filter = { organizationId: ORGANIZATION.id };
    const before = await ledger.lists.page("change", filter, { limit: 100 });
    expect(before).toHaveLength(12);
    await sql(
      "update listing set version = 0",
      "delete from listed",
      "update listed_mark set mark = mark || 'x'",
    );
    const other = await again();
    const both = await Promise.all(
      [ledger, other].map(({ lists }) => lists.page("change", filter, { limit: 100 })),
    );
    expect(both).toEqual([before, before]);
    const eve = await ledger.lists.page("change", { ...filter, person: "eve" }, { limit: 100 });
    expect(eve.map(({ body }) => body.change.update.kind)).toEqual(["push"]);
  });

  test("that a newer version made are left as they are, and are no answer, not even to what was begun before", async () => {
    const { ledger, where, sql } = await open();
    const store = await openStore(where, { readOnly: false });
    onTestFinished(() => store.close());
    for (let n = 1; n <= 12; n += 1)
      await ledger.record({ entries: [changeEntry(n, START + n * DAY)] }, START);
    const filter = { organizationId: ORGANIZATION.id };
    const before = await ledger.lists.page("change", filter, { limit: 100 });
    // Its own process begins with them when this one has looked how far they are.
    let looks = 0;
    const overtaken = new Lists({
      ...store,
      read: async (work) => {
        looks += 1;
        if (looks === 2) await sql("update listing set version = version + 1", "delete from listed_day");
        return store.read(work);
      },
    });
    const newer = { code: "database-version", message: expect.stringContaining("Start that version.") };
    await expect(overtaken.page("change", filter, { limit: 100 })).rejects.toMatchObject(newer);
    const { lists } = ledger;
    await ledger.record({ entries: [changeEntry(13, START)] }, START);
    await expect(lists.page("change", filter, { limit: 100 })).rejects.toMatchObject(newer);
    await expect(lists.months("change", filter)).rejects.toMatchObject(newer);
    await expect(lists.naming("change", ORGANIZATION.id, ["1#1"])).rejects.toMatchObject(newer);
    await expect(lists.catchUp()).rejects.toMatchObject(newer);
    const rows = await store.read((db) => db.selectFrom("listed").select("subject").execute());
    expect(rows).toHaveLength(12);
    // Whoever goes back for good has them made again.
    await sql("update listing set version = 0");
    expect(await lists.page("change", filter, { limit: 100 })).toHaveLength(before.length + 1);
  });

  test(
    "let others have their turn while a long log is listed for the first time",
    { tags: ["long"] },
    async () => {
      const { ledger, where } = await open();
      const store = await openStore(where, { readOnly: false });
      onTestFinished(() => store.close());
      const entries = Array.from({ length: 1_000 }, (_, n) => changeEntry(n + 1, START + n));
      await ledger.record({ entries }, START);
      let turns = 0;
      const ended = new AbortController();
      const others = (async () => {
        while (!ended.signal.aborted) {
          await setImmediate();
          turns += 1;
        }
      })();
      const patient = new Lists(store, { patience: LONGEST });
      await patient.page("change", { organizationId: ORGANIZATION.id }, { limit: 1 });
      ended.abort();
      await others;
      expect(turns).toBeGreaterThanOrEqual(5);
    },
  );

  test("that take long to be made are not waited for, and a page says how far they are", async () => {
    const { ledger, where } = await open();
    const store = await openStore(where, { readOnly: false });
    onTestFinished(() => store.close());
    const entries = Array.from({ length: 2_000 }, (_, n) => changeEntry(n + 1, START + n));
    await ledger.record({ entries }, START);
    const filter = { organizationId: ORGANIZATION.id };
    const impatient = new Lists(store, { patience: 0 });
    await expect(impatient.page("change", filter, { limit: 10 })).rejects.toThrow(
      /^The lists are being made from the log: \d+% of its 2000 entries are read\./u,
    );
    await impatient.catchUp();
    expect(await impatient.page("change", filter, { limit: 10 })).toHaveLength(10);
  });

  test("hold nothing of another organisation", async () => {
    const { ledger } = await open();
    await ledger.record({ entries: [changeEntry(1, START)] }, START);
    const others = { organizationId: ORGANIZATION.id + 1 };
    expect(await ledger.lists.page("change", others, { limit: 10 })).toEqual([]);
    expect(await ledger.lists.months("change", others)).toEqual([]);
  });
});
