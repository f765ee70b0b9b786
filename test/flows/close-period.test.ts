/** Closing a period, what comes to light later, and addenda: with the packages themselves as the oracle. */

import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterEach, expect, test } from "vitest";

import { readCsv } from "../../src/cli/input/read-csv.ts";
import { TABLE_FORMS } from "../../src/domain/evidence/package.ts";
import type { Period } from "../../src/domain/evidence/tables/population.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import { taskId } from "../../src/domain/records/task.ts";
import { canonical, sha256 } from "../../src/domain/values/digest.ts";
import {
  addToPeriod,
  closedIn,
  closePeriod,
  type HandOverResult,
} from "../../src/flows/monitoring/close-period.ts";
import { packageHead } from "../../src/flows/monitoring/log-heads.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openPackage } from "../../src/package/folder.ts";
import { verifyPath } from "../../src/package/verify.ts";
import {
  changeEntry,
  deploymentEntry,
  deviationEntry,
  exportTo,
  GENERATED_AT,
  MAKING,
  ORGANIZATION,
  PERIOD,
  smallLog,
} from "../evidence/fixture.ts";
import { sealAgain } from "../independent/liar.ts";
import { recomputeClosing } from "../independent/recompute.ts";
import { rounds } from "../support/effort.ts";
import { describeLongOnBothStores } from "../support/stores.ts";

const DAY = 86_400_000;
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "countersign-close-"));
  folders.push(made);
  return made;
}

async function record(ledger: Ledger, entries: readonly Entry[], at = GENERATED_AT - 60_000): Promise<void> {
  await ledger.record({ entries }, at);
  await ledger.beat(GENERATED_AT + DAY);
}

interface How {
  readonly reason?: string | null;
  readonly generatedAt?: number;
  readonly period?: Period;
}

async function close(ledger: Ledger, out: string, how: How = {}): Promise<HandOverResult> {
  const { reason = null, generatedAt = GENERATED_AT, period = PERIOD } = how;
  const writer = await openPackage(out, { zip: true });
  return closePeriod({ ...MAKING, ledger, writer, period, generatedAt, reason, by: "carol" });
}

async function add(
  ledger: Ledger,
  out: string,
  reason: string,
  generatedAt: number,
): Promise<HandOverResult> {
  const writer = await openPackage(out);
  return addToPeriod({ ...MAKING, ledger, writer, name: PERIOD.name, generatedAt, reason, by: "carol" });
}

type Row = Readonly<Record<string, string>>;

async function rowsOf(place: string, path: string): Promise<readonly Row[]> {
  return readCsv(await readFile(join(place, path), "utf8"));
}

/** What differs between two packages, table by table, read from the files and compared without anything of ours. */
async function differing(before: string, after: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { path, sortedBy } of TABLE_FORMS) {
    // What is about the package itself differs in each; its queries are in tables that are compared.
    if (["since-close.csv", "tool.csv", "ipe.csv"].includes(path)) continue;
    const key = (row: Row): string => sortedBy.map((name) => row[name]).join(";");
    const [then, now] = await Promise.all([rowsOf(before, path), rowsOf(after, path)]);
    const old = new Map(then.map((row) => [key(row), row]));
    for (const row of now) {
      const known = old.get(key(row));
      old.delete(key(row));
      if (known === undefined) found.push(`${path} ${key(row)} added`);
      else {
        const columns = Object.keys(row).filter((name) => row[name] !== known[name]);
        if (columns.length > 0) found.push(`${path} ${key(row)} ${columns.join(" ")}`);
      }
    }
    for (const gone of old.keys()) found.push(`${path} ${gone} removed`);
  }
  return found.toSorted();
}

async function listed(place: string): Promise<readonly string[]> {
  return (await rowsOf(place, "since-close.csv"))
    .map(({ table, row, change, columns }) => `${table} ${row} ${columns === "" ? change : columns}`)
    .toSorted();
}

interface Manifest {
  readonly closing: {
    readonly made_as: string;
    readonly says: string;
    readonly rows_that_differ: number | null;
    readonly handed_over: readonly { readonly seal_sha256: string }[];
    readonly other_closed_periods: readonly { readonly name: string }[];
  };
  readonly known_limitations: readonly string[];
}

async function manifestOf(place: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(place, "manifest.json"), "utf8")) as Manifest;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function known(kind: Entry["kind"]): Entry {
  const found = smallLog().find((entry) => entry.kind === kind);
  if (found === undefined) throw new Error(`the small log has no ${kind}`);
  return found;
}

/** Things that come to light after the quarter was closed. */
/** A policy that asks for a heading, first read after the quarter. */
function laterPolicy(n: number): Entry<"policy"> {
  const { body, ...entry } = known("policy") as Entry<"policy">;
  const { organization, repository } = body;
  const effective = { ...body.effective, sections: [`Risk ${n}`] };
  const blob = organization.state === "found" ? organization.blob : null;
  const digest = sha256(canonical({ effective, organization: blob, repository: null }));
  return {
    ...entry,
    subject: digest,
    at: PERIOD.to + n * DAY,
    body: { digest, organization, repository, effective },
  };
}

const LATER: Readonly<Record<string, (n: number) => readonly Entry[]>> = {
  "a change found late": (n) => [changeEntry(n * 10 + 6, PERIOD.from + n * DAY)],
  "a push found late, with its deviation": (n) => [
    changeEntry(n * 10 + 4, PERIOD.from + n * DAY),
    deviationEntry(n * 10 + 4, PERIOD.from + n * DAY),
  ],
  "a deployment of the next quarter": (n) => [deploymentEntry(n, [1, 6], PERIOD.to + n * DAY)],
  "a deployment found late": (n) => [deploymentEntry(n, [3, 4], PERIOD.from + (50 + n) * DAY)],
  "a change assessed again": () => {
    const entry = changeEntry(2, Date.parse("2026-07-20T09:00:00Z"));
    const { assessment } = entry.body;
    return [{ ...entry, body: { ...entry.body, assessment: { ...assessment, verdict: "unverifiable" } } }];
  },
  "a deviation that is closed": () => {
    const entry = deviationEntry(4, Date.parse("2026-08-11T16:20:00Z"));
    return [{ ...entry, body: { ...entry.body, status: "closed" } }];
  },
  "a gap": (n) => {
    const gap = known("coverage-gap") as Entry<"coverage-gap">;
    const from = PERIOD.from + n * DAY;
    return [
      {
        ...gap,
        subject: `gap-${n}`,
        at: from,
        body: { ...gap.body, id: `gap-${n}`, from, to: from + 60_000 },
      },
    ];
  },
  "a gap that was read afterwards no more": () => {
    const gap = known("coverage-gap") as Entry<"coverage-gap">;
    return [{ ...gap, body: { ...gap.body, because: "worse than it seemed" } }];
  },
  "a repository that left before the quarter": () => {
    const entry = known("repository") as Entry<"repository">;
    return [{ ...entry, body: { ...entry.body, removedAt: PERIOD.from - DAY } }];
  },
  "a policy of the next quarter": (n) => [laterPolicy(n)],
  "the lists counted again": (n) => {
    const entry = known("completeness") as Entry<"completeness">;
    return [{ ...entry, body: { ...entry.body, checkedAt: GENERATED_AT + n } }];
  },
};

describeLongOnBothStores("a closed period", (open) => {
  test(
    "that nothing came after gives a later export in which no row differs",
    { tags: ["long"] },
    async () => {
      const { ledger } = await open();
      await record(ledger, smallLog());
      const place = await folder();
      const closed = await close(ledger, join(place, "closed"));
      expect(closed.refused).toBeNull();
      await exportTo(ledger, join(place, "later"), { generatedAt: GENERATED_AT + 3_600_000 });
      expect(await listed(join(place, "later"))).toEqual([]);
      const { closing, known_limitations: first } = await manifestOf(join(place, "later"));
      expect(closing.rows_that_differ).toBe(0);
      expect(first[0]).toBe("This package is not the one that was handed over.");
      expect(closing.says).toContain("No row differs from it");
      for (const name of ["closed", "later", "closed.zip"])
        expect((await verifyPath(join(place, name))).defects).toEqual([]);
      expect(recomputeClosing(join(place, "later"))).toEqual([]);
      const again = await add(ledger, join(place, "none"), "to be sure", GENERATED_AT + 3_600_000);
      expect(again.refused).toEqual([expect.stringContaining("there is nothing to add")]);
      expect(await isThere(join(place, "none"))).toBe(false);
    },
  );

  test("lists every row that later events changed, and no other", { tags: ["long"] }, async () => {
    const { ledger } = await open();
    await record(ledger, smallLog());
    const place = await folder();
    await close(ledger, join(place, "closed"));
    const names = Object.keys(LATER);
    let round = 0;
    let last = join(place, "closed");
    await fc.assert(
      fc.asyncProperty(fc.subarray(names, { minLength: 1 }), async (chosen) => {
        round += 1;
        const at = GENERATED_AT + round * 60_000;
        for (const name of chosen) await record(ledger, LATER[name]?.(20 + round) ?? [], at);
        const [out, same] = [join(place, `${round}`), join(place, `${round}-same`)];
        await exportTo(ledger, out, { generatedAt: at });
        expect(await listed(out)).toEqual(await differing(last, out));
        expect((await verifyPath(out)).defects).toEqual([]);
        expect(recomputeClosing(out)).toEqual([]);
        await exportTo(ledger, same, { generatedAt: at });
        expect(await readFile(join(same, "manifest.dsse.json"))).toEqual(
          await readFile(join(out, "manifest.dsse.json")),
        );
        // Every other time what differs is handed over, and the next is compared with that.
        if (round % 2 === 1) return;
        const addendum = join(place, `${round}-addendum`);
        const added = await add(ledger, addendum, `round ${round}`, at);
        const isMore = (await rowsOf(out, "since-close.csv")).some(
          ({ change }) => change !== "recorded-again",
        );
        expect(added.refused === null).toBe(isMore);
        if (added.refused !== null) return;
        expect((await verifyPath(addendum)).defects).toEqual([]);
        last = addendum;
      }),
      { numRuns: rounds(4, 60), endOnFailure: true },
    );
  });

  test("is not said to require what only a policy of the next quarter does", { tags: ["long"] }, async () => {
    const { ledger } = await open();
    await record(ledger, smallLog());
    const place = await folder();
    await close(ledger, join(place, "closed"));
    const out = join(place, "later");
    await record(ledger, [laterPolicy(1)], GENERATED_AT + 60_000);
    await exportTo(ledger, out, { generatedAt: GENERATED_AT + 120_000 });
    expect(await listed(out)).toEqual([`policies/index.csv ${laterPolicy(1).subject} added`]);
    expect((await verifyPath(out)).defects).toEqual([]);
    expect(recomputeClosing(out)).toEqual([]);
  });

  test(
    "keeps every package that was handed over, and compares with the newest",
    { tags: ["long"] },
    async () => {
      const { ledger } = await open();
      await record(ledger, smallLog());
      const place = await folder();
      await close(ledger, join(place, "closed"));
      await record(ledger, LATER["a change found late"]?.(3) ?? [], GENERATED_AT + DAY);
      const added = await add(ledger, join(place, "one"), "a change was found late", GENERATED_AT + DAY);
      expect(added.refused).toBeNull();
      const { closing, known_limitations: first } = await manifestOf(join(place, "one"));
      expect(closing).toMatchObject({
        made_as: "addendum",
        rows_that_differ: (await rowsOf(join(place, "one"), "since-close.csv")).length,
      });
      expect(first[0]).toBe(
        "This package is addendum 1 to the package that was handed over, made because: a change was found late.",
      );
      const page = (await readFile(join(place, "one", "START-HERE.html"), "utf8")).replaceAll(/\s+/gu, " ");
      expect(page).toMatch(/The \d+ rows that differ\. since-close\.csv has each row/u);
      const [row] = await rowsOf(join(place, "one"), "since-close.csv");
      expect(row).toMatchObject({ table: "changes.csv", change: "added" });
      expect(row?.["why"]).toMatch(
        /^\d+;[0-9a-f]{64};2026-10-03T08:00:00Z;change found late, by a sweep or backfill$/u,
      );
      await exportTo(ledger, join(place, "later"), { generatedAt: GENERATED_AT + DAY });
      const later = await manifestOf(join(place, "later"));
      expect(later.closing.handed_over).toHaveLength(2);
      expect(later.closing.rows_that_differ).toBe(0);
      const [record0] = await closedIn(ledger, ORGANIZATION.id);
      expect(record0?.handedOver.map(({ as, by }) => [as, by])).toEqual([
        ["close", "carol"],
        ["addendum", "carol"],
      ]);
      expect(await readdir(place)).toContain("closed.zip");
    },
  );

  test(
    "cannot be closed twice, under another name, with other dates, or in part",
    { tags: ["long"] },
    async () => {
      const { ledger } = await open();
      await record(ledger, smallLog());
      const place = await folder();
      const closed = await close(ledger, join(place, "closed"));
      const seal = closed.refused === null ? closed.record.handedOver[0]?.seal : "";
      const attempts: readonly (readonly [Period, string])[] = [
        [
          PERIOD,
          `2026-Q3 was closed on 2026-10-02T08:00:00Z by carol (SHA-256 of manifest.dsse.json: ${seal})`,
        ],
        [{ ...PERIOD, name: "third" }, "as 2026-Q3"],
        [{ ...PERIOD, to: PERIOD.to - 1 }, "A period 2026-Q3 with other dates"],
        [{ name: "summer", from: PERIOD.from - DAY, to: PERIOD.from + 1 }, "shares days with 2026-Q3"],
      ];
      for (const [period, says] of attempts) {
        const again = await close(ledger, join(place, "again"), { period, reason: "all the same" });
        expect(again.refused).toEqual([expect.stringContaining(says)]);
      }
      const before = { name: "2026-Q2", from: Date.parse("2026-04-01T00:00:00Z"), to: PERIOD.from };
      expect(
        (await close(ledger, join(place, "before"), { period: before, reason: "before we watched" })).refused,
      ).toBeNull();
      expect((await readdir(place)).toSorted()).toEqual(["before", "before.zip", "closed", "closed.zip"]);
    },
  );

  test("is refused before its end and while a branch is not proven, unless a reason is given, which then comes first", async () => {
    const { ledger } = await open();
    await record(
      ledger,
      smallLog().filter(({ kind }) => kind !== "completeness"),
    );
    const place = await folder();
    const refused = await close(ledger, join(place, "early"), { generatedAt: PERIOD.to - DAY });
    expect(refused.refused?.slice(0, 3)).toEqual([
      "2026-Q3 is not over: it ends on 2026-10-01T00:00:00Z.",
      "Not observed, and not read afterwards: 2026-07-01 to the end of 2026-09-29.",
      "Not proven: acme/web refs/heads/main, 2026-07-01T00:00:00Z to 2026-09-30T00:00:00Z.",
    ]);
    expect(await readdir(place)).toEqual([]);
    const closed = await close(ledger, join(place, "closed"), { reason: "the auditor comes on Monday" });
    expect(closed.refused).toBeNull();
    const { known_limitations: first } = await manifestOf(join(place, "closed"));
    expect(first[0]).toBe("This package was closed before it was complete: the auditor comes on Monday.");
    await exportTo(ledger, join(place, "later"), {});
    expect((await manifestOf(join(place, "later"))).known_limitations[0]).toBe(
      "The period was closed before it was complete: the auditor comes on Monday.",
    );
    expect((await verifyPath(join(place, "closed"))).defects).toEqual([]);
  });

  test("with a reason is refused where nothing is incomplete", async () => {
    const { ledger } = await open();
    await record(ledger, smallLog());
    const closed = await close(ledger, join(await folder(), "closed"), { reason: "to be safe" });
    expect(closed.refused).toEqual(["2026-Q3 is over and proven complete: close it without --incomplete."]);
  });

  test("that cannot be recorded leaves no package", async () => {
    const { ledger } = await open();
    await record(ledger, smallLog());
    const place = await folder();
    ledger.recordIf = () => Promise.reject(new Error("the database went away"));
    await expect(close(ledger, join(place, "closed"))).rejects.toThrow("the database went away");
    expect(await readdir(place)).toEqual([]);
    expect(await closedIn(ledger, ORGANIZATION.id)).toEqual([]);
  });

  test("stores the posting of its head with it, and where it is refused neither", async () => {
    const { ledger } = await open();
    await record(ledger, smallLog());
    const place = await folder();
    const heads = async () => {
      const waiting = await ledger.queue.list({ status: "waiting", limit: 10 });
      return waiting.filter(({ event }) => event === "countersign.post-head").map(({ id }) => id);
    };
    await close(ledger, join(place, "refused"), { reason: "to be safe" });
    expect(await heads()).toEqual([]);
    const closed = await close(ledger, join(place, "closed"));
    const { seal } = closed.refused === null ? closed.exported : { seal: "" };
    const stored = packageHead(ORGANIZATION.id, "close", seal, 0);
    expect(await heads()).toEqual([taskId(stored)]);
    await close(ledger, join(place, "again"));
    expect(await heads()).toHaveLength(1);
  });

  test("that someone else closes meanwhile is closed once", { tags: ["long"] }, async () => {
    const { ledger, again } = await open();
    await record(ledger, smallLog());
    const place = await folder();
    const results = await Promise.all([
      close(ledger, join(place, "one")),
      close(await again(), join(place, "two")),
    ]);
    const refused = results.flatMap(({ refused: each }) => each ?? []);
    expect(refused).toEqual([expect.stringMatching(/were closed by someone else meanwhile|was closed on/u)]);
    expect((await readdir(place)).length).toBe(2);
    const [closed] = await closedIn(ledger, ORGANIZATION.id);
    expect(closed?.handedOver).toHaveLength(1);
  });

  test("is named by exports that share days with it", { tags: ["long"] }, async () => {
    const { ledger } = await open();
    await record(ledger, smallLog());
    const place = await folder();
    await close(ledger, join(place, "closed"));
    const shifted = { name: "shifted", from: PERIOD.from + 1, to: PERIOD.to };
    await exportTo(ledger, join(place, "shifted"), { period: shifted });
    const { closing, known_limitations: first } = await manifestOf(join(place, "shifted"));
    expect(closing.other_closed_periods.map(({ name }) => name)).toEqual(["2026-Q3"]);
    expect(first.join()).toContain("Days of this period belong to the closed period 2026-Q3");
    expect((await verifyPath(join(place, "shifted"))).defects).toEqual([]);
  });

  test("cannot be hidden in a package whose log has it", { tags: ["long"] }, async () => {
    const { ledger } = await open();
    await record(ledger, smallLog());
    const place = await folder();
    await close(ledger, join(place, "closed"));
    await record(ledger, LATER["a change found late"]?.(3) ?? [], GENERATED_AT + DAY);
    const lies: Readonly<Record<string, (at: string) => Promise<void>>> = {
      "it was never closed": (at) =>
        edit(at, "manifest.json", (text) => {
          const manifest = JSON.parse(text) as { closing: Manifest["closing"] };
          const closing = { ...manifest.closing, handed_over: [], says: "", rows_that_differ: null };
          return text.replace(JSON.stringify(manifest.closing), JSON.stringify(closing));
        }),
      "a row does not differ": (at) =>
        edit(at, "since-close.csv", (text) => {
          const lines = text.split("\r\n");
          return [...lines.slice(0, 1), ...lines.slice(2)].join("\r\n");
        }),
      "it was made before": (at) =>
        edit(at, "manifest.json", (text) => text.replace('"made_as":"export"', '"made_as":"close"')),
      "another entry made it differ": (at) =>
        edit(at, "since-close.csv", (text) =>
          text.replace("found late, by a sweep", "seen at once, by nobody"),
        ),
    };
    for (const [name, lie] of Object.entries(lies)) {
      const at = join(place, name.replaceAll(" ", "-"));
      await exportTo(ledger, at, { generatedAt: GENERATED_AT + DAY });
      expect((await verifyPath(at)).defects, name).toEqual([]);
      await lie(at);
      await sealAgain(at);
      const { defects } = await verifyPath(at);
      expect(
        defects.map(({ code }) => code),
        name,
      ).toEqual(expect.arrayContaining([expect.stringMatching(/as-logged|left-out|counts/u)]));
      expect(recomputeClosing(at), name).not.toEqual([]);
    }
  });
});

async function edit(place: string, path: string, change: (text: string) => string): Promise<void> {
  const before = await readFile(join(place, path), "utf8");
  const after = change(before);
  if (after === before) throw new Error(`the lie changes nothing in ${path}`);
  await writeFile(join(place, path), after);
}
