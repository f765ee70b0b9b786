/** One package of several periods, with each period's own package as the oracle. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterEach, expect, test } from "vitest";

import { readCsv } from "../../src/cli/input/read-csv.ts";
import { TABLE_FORMS } from "../../src/domain/evidence/package.ts";
import type { Period } from "../../src/domain/evidence/tables/population.ts";
import type { PolicyRecord } from "../../src/domain/policy/record.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import { canonical, sha256 } from "../../src/domain/values/digest.ts";
import { addToPeriod, closePeriod } from "../../src/flows/monitoring/close-period.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openPackage } from "../../src/package/folder.ts";
import { verifyPath } from "../../src/package/verify.ts";
import {
  changeEntry,
  deploymentEntry,
  deviationEntry,
  exportTo,
  MAKING,
  smallLog,
} from "../evidence/fixture.ts";
import { sealAgain } from "../independent/liar.ts";
import { recomputeRollUp } from "../independent/recompute.ts";
import { rounds, sample } from "../support/effort.ts";
import { describeLongOnBothStores } from "../support/stores.ts";

const DAY = 86_400_000;
const END = Date.parse("2027-04-03T08:00:00Z");

function quarter(name: string, from: string, to: string): Period {
  return { name, from: Date.parse(`${from}T00:00:00Z`), to: Date.parse(`${to}T00:00:00Z`) };
}

const YEAR = [
  quarter("2026-Q2", "2026-04-01", "2026-07-01"),
  quarter("2026-Q3", "2026-07-01", "2026-10-01"),
  quarter("2026-Q4", "2026-10-01", "2027-01-01"),
  quarter("2027-Q1", "2027-01-01", "2027-04-01"),
] as const;

function together(parts: readonly Period[]): Period {
  const [from, to] = [parts[0]?.from ?? 0, parts.at(-1)?.to ?? 0];
  return { name: `${parts[0]?.name}--${parts.at(-1)?.name}`, from, to, parts };
}

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});
async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "countersign-roll-up-"));
  folders.push(made);
  return made;
}

async function record(ledger: Ledger, entries: readonly Entry[], at: number): Promise<void> {
  if (entries.length > 0) await ledger.record({ entries }, at);
  await ledger.beat(END);
}

type Row = Readonly<Record<string, string>>;

async function rowsOf(place: string, path: string): Promise<readonly Row[]> {
  return readCsv(await readFile(join(place, path), "utf8"));
}

type Counts = Readonly<Record<string, number>>;

interface Population {
  readonly total: number;
  readonly by_verdict: Counts;
}

interface Documents {
  readonly "summary.json": {
    readonly changes: Population;
    readonly deployments: Population;
    readonly coverage_gaps: { readonly total: number; readonly not_backfilled: number };
    readonly controls: Readonly<
      Record<
        string,
        {
          readonly by_outcome: Counts;
          readonly passed: { readonly denominator: number; readonly rate: string | null };
        }
      >
    >;
  };
  readonly "manifest.json": {
    readonly period: { readonly from: string; readonly to: string };
    readonly policy_digests: readonly string[];
    readonly known_limitations: readonly string[];
    readonly closing: {
      readonly says: string;
      readonly rows_that_differ: number | null;
      readonly handed_over: readonly Readonly<Record<string, unknown>>[];
      readonly rolls_up?: { readonly uncovered: readonly Counts[] };
    };
  };
  readonly "completeness.json": {
    readonly complete: boolean;
    readonly branches: readonly { readonly proven: boolean }[];
  };
}

async function documentOf<Path extends keyof Documents>(place: string, path: Path): Promise<Documents[Path]> {
  return JSON.parse(await readFile(join(place, path), "utf8")) as Documents[Path];
}

async function pageOf(place: string): Promise<string> {
  return (await readFile(join(place, "START-HERE.html"), "utf8")).replaceAll(/\s+/gu, " ");
}

/** Closes a period, with a reason where it is not complete. */
async function close(ledger: Ledger, out: string, period: Period, generatedAt: number): Promise<void> {
  for (const reason of [null, "the year ends"]) {
    const writer = await openPackage(out);
    const request = { ...MAKING, ledger, writer, period, generatedAt, reason, by: "carol" };
    if ((await closePeriod(request)).refused === null) return;
  }
  throw new Error(`${period.name} cannot be closed`);
}

async function add(ledger: Ledger, out: string, name: string, generatedAt: number): Promise<boolean> {
  const writer = await openPackage(out);
  const request = { ...MAKING, ledger, writer, name, generatedAt, reason: "found later", by: "carol" };
  return (await addToPeriod(request)).refused === null;
}

/** A policy that requires checks too, from the day it is read. */
function laterPolicy(): Entry<"policy"> {
  const old = smallLog().find((entry): entry is Entry<"policy"> => entry.kind === "policy");
  if (old === undefined) throw new Error("the small log has no policy");
  const text = "mode: enforce\napproval: { required: 1 }\nchecks: { required: [build] }\n";
  const blob = createHash("sha1").update(`blob ${text.length}\0${text}`).digest("hex");
  const effective = {
    ...old.body.effective,
    checks: [{ name: "build", app: null }],
  };
  const digest = sha256(canonical({ effective, organization: blob, repository: null }));
  const source = old.body.organization;
  if (source.state !== "found") throw new Error("the small log's policy has no file");
  const body: PolicyRecord = { ...old.body, digest, effective, organization: { ...source, blob, text } };
  return { ...old, subject: digest, at: YEAR[2].from, body };
}

const LATER_POLICY = laterPolicy();

/** A change that the later policy judged. */
function judgedLater(entry: Entry<"change">): Entry<"change"> {
  const { assessment } = entry.body;
  return {
    ...entry,
    body: { ...entry.body, assessment: { ...assessment, policyDigest: LATER_POLICY.body.digest } },
  };
}

interface Happening {
  readonly what: "change" | "push" | "late" | "deployment" | "gap" | "judged later";
  readonly day: number;
  /** Days until what is found is closed; null: never. */
  readonly closedAfter: number | null;
  /** Whether it comes to light when everything was closed. */
  readonly isLate: boolean;
}

const HAPPENING: fc.Arbitrary<Happening> = fc.record({
  what: fc.constantFrom("change", "push", "push", "late", "deployment", "gap", "judged later"),
  day: fc.integer({ min: 0, max: 364 }),
  closedAfter: fc.option(fc.integer({ min: 1, max: 200 })),
  isLate: fc.boolean(),
});

function entriesOf({ what, day, closedAfter }: Happening, index: number): readonly Entry[] {
  const at = YEAR[0].from + day * DAY + 3_600_000;
  const n = 1000 + index * 10;
  if (what === "change") return [changeEntry(n + 1, at)];
  if (what === "judged later") return [judgedLater(changeEntry(n + 1, at))];
  if (what === "late") return [changeEntry(n + 6, at)];
  if (what === "deployment") return [deploymentEntry(n, [2, 4], at)];
  if (what === "gap") {
    const gap = smallLog().find((entry): entry is Entry<"coverage-gap"> => entry.kind === "coverage-gap");
    if (gap === undefined) throw new Error("the small log has no gap");
    const body = {
      ...gap.body,
      id: `gap-${n}`,
      from: at,
      to: at + 40 * DAY,
      backfilled: closedAfter !== null,
    };
    return [{ ...gap, subject: body.id, at, body }];
  }
  const found = deviationEntry(n + 4, at);
  const settled =
    closedAfter === null
      ? []
      : [
          {
            ...found,
            body: {
              ...found.body,
              status: "closed" as const,
              moved: { ...found.body.moved, command: "close" as const, at: at + closedAfter * DAY },
            },
          },
        ];
  return [changeEntry(n + 4, at), found, ...settled];
}

const VERDICTS = ["compliant", "exempted", "emergency", "non-compliant", "unverifiable", "historic"];
const OUTCOMES = {
  passed: "pass",
  failed: "fail",
  waived: "waived",
  unverifiable: "unverifiable",
  not_applicable: "not-applicable",
};

/** Holds a period's row, and its rows of each control, to the package of the period alone. */
async function expectOwn(
  place: string,
  rolled: string,
  period: Period,
  closed: string | null,
): Promise<void> {
  const own = join(place, `own-${period.name}`);
  const row = (await rowsOf(rolled, "periods.csv")).find((each) => each["period"] === period.name) ?? {};
  const [summary, manifest, completeness] = [
    await documentOf(own, "summary.json"),
    await documentOf(own, "manifest.json"),
    await documentOf(own, "completeness.json"),
  ];
  const isIn = (at = ""): boolean => Date.parse(at) >= period.from && Date.parse(at) < period.to;
  const deviations = (await rowsOf(own, "deviations.csv")).filter((each) => isIn(each["happened_at"]));
  const settled = deviations.filter((each) => each["status"] === "closed");
  const settledThen = settled.filter((each) => Date.parse(each["status_since"] ?? "") < period.to).length;
  const expected: Record<string, unknown> = {
    deviations: deviations.length,
    deviations_settled: settledThen,
    deviations_open_at_end: deviations.length - settledThen,
    deviations_open_now: deviations.length - settled.length,
    gaps: summary.coverage_gaps.total,
    gaps_not_read: summary.coverage_gaps.not_backfilled,
    branches: completeness.branches.length,
    branches_proven: completeness.branches.filter((each) => each.proven).length,
    complete: completeness.complete ? "yes" : "no",
    policies: manifest.policy_digests.join(" "),
    rows_in_no_addendum: manifest.closing.rows_that_differ ?? "",
    closing_sha256: manifest.closing.handed_over[0]?.seal_sha256 ?? "",
    addenda: manifest.closing.handed_over
      .slice(1)
      .map((each) => ["number", "at", "seal_sha256", "reason"].map((key) => String(each[key])).join(";"))
      .join(" | "),
    rows_since_closing: closed === null ? "" : await rowsThatDiffer(closed, own),
  };
  for (const noun of ["changes", "deployments"] as const) {
    expected[noun] = summary[noun].total;
    for (const verdict of VERDICTS)
      expected[`${noun}_${verdict.replaceAll("-", "_")}`] = summary[noun].by_verdict[verdict] ?? 0;
  }
  const words = (record: Record<string, unknown>): Row =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, String(value)]));
  expect(row, period.name).toMatchObject(words(expected));
  const months = await rowsOf(own, "monitoring.csv");
  for (const each of (await rowsOf(rolled, "control-trend.csv")).filter(
    (one) => one["period"] === period.name,
  )) {
    const control = each["control"] ?? "";
    const of = summary.controls[control];
    const ownMonths = months.filter((month) => month["control"] === control);
    const ofType = (type: string): number =>
      deviations.filter((one) => one["type"] === type && (one["controls"] ?? "").split(" ").includes(control))
        .length;
    expect(each, `${period.name} ${control}`).toMatchObject(
      words({
        ...Object.fromEntries(
          Object.entries(OUTCOMES).map(([name, outcome]) => [name, of?.by_outcome[outcome] ?? 0]),
        ),
        tested: of?.passed.denominator ?? 0,
        rate: of?.passed.rate ?? "",
        deviations_design: ofType("design"),
        deviations_operating: ofType("operating"),
        months_requested: ownMonths.length,
        months_signed_off: ownMonths.filter((month) => month["signed_off_at"] !== "").length,
      }),
    );
  }
}

const ORIGINS = ["log_seq", "log_hash", "checked_at", "evaluated_at", "recorded_at"];

/** Counts rows that differ between two packages in more than when they were recorded, from the files alone. */
async function rowsThatDiffer(before: string, after: string): Promise<number> {
  let count = 0;
  for (const { path, sortedBy } of TABLE_FORMS) {
    if (["since-close.csv", "tool.csv", "ipe.csv"].includes(path)) continue;
    const key = (row: Row): string => sortedBy.map((name) => row[name]).join(";");
    const old = new Map((await rowsOf(before, path)).map((row) => [key(row), row]));
    for (const row of await rowsOf(after, path)) {
      const then = old.get(key(row));
      old.delete(key(row));
      const columns = Object.keys(row).filter((name) => then?.[name] !== row[name]);
      if (columns.some((name) => !ORIGINS.includes(name))) count += 1;
    }
    count += old.size;
  }
  return count;
}

async function expectSums(rolled: string, isWithoutHole: boolean): Promise<void> {
  const [rows, summary, manifest] = [
    await rowsOf(rolled, "periods.csv"),
    await documentOf(rolled, "summary.json"),
    await documentOf(rolled, "manifest.json"),
  ];
  const sum = (name: string): number => rows.reduce((total, row) => total + Number(row[name]), 0);
  const between = (name: string): number =>
    (manifest.closing.rolls_up?.uncovered ?? []).reduce((total, each) => total + (each[name] ?? 0), 0);
  expect(sum("changes") + between("changes")).toBe(summary.changes.total);
  expect(sum("deployments") + between("deployments")).toBe(summary.deployments.total);
  if (!isWithoutHole) return;
  expect(manifest.closing.rolls_up?.uncovered).toEqual([]);
  for (const noun of ["changes", "deployments"] as const)
    for (const verdict of VERDICTS)
      expect(sum(`${noun}_${verdict.replaceAll("-", "_")}`)).toBe(summary[noun].by_verdict[verdict] ?? 0);
  expect(sum("deviations")).toBe(
    (await rowsOf(rolled, "deviations.csv")).filter(
      ({ happened_at: at = "" }) => at >= manifest.period.from && at < manifest.period.to,
    ).length,
  );
  const trend = await rowsOf(rolled, "control-trend.csv");
  for (const [control, of] of Object.entries(summary.controls))
    for (const [name, outcome] of Object.entries(OUTCOMES))
      expect(
        trend
          .filter((row) => row["control"] === control)
          .reduce((total, row) => total + Number(row[name]), 0),
      ).toBe(of.by_outcome[outcome] ?? 0);
}

describeLongOnBothStores("a package of several periods", (open) => {
  test(
    "gives for each the figures of its own package, which add up to its own",
    { tags: ["long"] },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(HAPPENING, { minLength: 1, maxLength: 14 }),
          fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
          fc.boolean(),
          fc.constantFrom([0, 1, 2, 3], [1, 2], [0, 2, 3], [0, 3]),
          async (happenings, isClosed, isAdded, chosen) => {
            const { ledger } = await open();
            const place = await folder();
            const late = happenings.flatMap((each, index) => (each.isLate ? entriesOf(each, index) : []));
            const inTime = happenings.flatMap((each, index) => (each.isLate ? [] : entriesOf(each, index)));
            await record(ledger, [...smallLog(), LATER_POLICY, ...inTime], YEAR[3].to);
            const closed = new Map<string, string>();
            for (const [index, period] of YEAR.entries()) {
              if (isClosed[index] !== true) continue;
              closed.set(period.name, join(place, `closed-${period.name}`));
              await close(ledger, join(place, `closed-${period.name}`), period, END - 2 * DAY);
            }
            await record(ledger, late, END - DAY);
            for (const name of isAdded ? closed.keys() : [])
              await add(ledger, join(place, `added-${name}`), name, END - DAY + 1);
            const parts = chosen.map((index) => YEAR[index]);
            const rolled = join(place, "rolled");
            await exportTo(ledger, rolled, { period: together(parts), generatedAt: END });
            expect((await verifyPath(rolled)).defects).toEqual([]);
            expect(recomputeRollUp(rolled)).toEqual([]);
            for (const period of parts) {
              await exportTo(ledger, join(place, `own-${period.name}`), { period, generatedAt: END });
              await expectOwn(place, rolled, period, closed.get(period.name) ?? null);
            }
            await expectSums(
              rolled,
              parts.every((part, index) => index === 0 || part.from === parts[index - 1]?.to),
            );
          },
        ),
        { numRuns: rounds(2, 40), endOnFailure: true },
      );
    },
  );

  test(
    "says first what no period covers, and which are not over or not closed",
    { tags: ["long"] },
    async () => {
      const { ledger } = await open();
      const between = changeEntry(1001, YEAR[2].from + DAY);
      await record(ledger, [...smallLog(), between], YEAR[2].to);
      const place = await folder();
      await close(ledger, join(place, "closed"), YEAR[1], YEAR[3].from);
      const out = join(place, "rolled");
      await exportTo(ledger, out, { period: together([YEAR[1], YEAR[3]]), generatedAt: YEAR[3].to - DAY });
      const { known_limitations: first, closing } = await documentOf(out, "manifest.json");
      expect(first.slice(0, 4)).toEqual([
        "None of the periods covers 2026-10-01 to the end of 2026-12-31: 2 changes and 0 deployments of that time are in the tables of this package, and in no period's figures.",
        "This package rolls up 2 periods: 2026-Q3, 2027-Q1. It is not one of the packages handed over for them.",
        "Not over when this was generated: 2027-Q1. What happens until then is not in its figures.",
        "Not closed, so that no package of it was handed over: 2027-Q1.",
      ]);
      expect(closing.says).toContain("Of 2026-Q3, no row differs from the package that closed it.");
      expect(closing.says).not.toContain("Days of this period belong to the closed period");
      const page = await pageOf(out);
      for (const each of first.slice(0, 4)) expect(page).toContain(each.replaceAll("'", "&#39;"));
      expect(
        (await rowsOf(out, "periods.csv")).map((row) => [row["period"], row["ended"], row["changes"]]),
      ).toEqual([
        ["2026-Q3", "yes", "6"],
        ["2027-Q1", "no", "0"],
      ]);
      expect((await verifyPath(out)).defects).toEqual([]);
    },
  );

  test("says what changed between its periods, and shows how each control did in each", async () => {
    const { ledger } = await open();
    await record(
      ledger,
      [...smallLog(), LATER_POLICY, judgedLater(changeEntry(1001, YEAR[2].from + DAY))],
      YEAR[2].to,
    );
    const out = join(await folder(), "rolled");
    await exportTo(ledger, out, { period: together([YEAR[1], YEAR[2]]), generatedAt: YEAR[3].from + DAY });
    const page = await pageOf(out);
    expect(page).toContain("Controls required first: checks-passed.");
    expect(page).toContain(`Policies that judged something first: ${LATER_POLICY.body.digest.slice(0, 12)}`);
    const trend = await rowsOf(out, "control-trend.csv");
    const of = (control: string): readonly Row[] => trend.filter((row) => row["control"] === control);
    expect(of("checks-passed").map((row) => [row["required"], row["setting_changed"]])).toEqual([
      ["no", ""],
      ["yes", "yes"],
    ]);
    expect(
      of("independently-approved").map((row) => [row["rate"], row["rate_before"], row["change"]]),
    ).toEqual([
      ["0.8333", "", ""],
      ["1.0000", "0.8333", "higher"],
    ]);
  });

  test("does not verify where its periods overlap or leave its ends out", { tags: ["long"] }, async () => {
    const { ledger } = await open();
    await record(ledger, smallLog(), YEAR[2].from);
    const place = await folder();
    const whole = together([YEAR[0], YEAR[1]]);
    const lies: readonly (readonly Period[])[] = [
      [YEAR[0], { ...YEAR[1], from: YEAR[1].from - DAY }],
      [YEAR[0], { ...YEAR[1], to: YEAR[1].to - DAY }],
    ];
    for (const [index, parts] of lies.entries()) {
      const out = join(place, String(index));
      await exportTo(ledger, out, { period: { ...whole, parts }, generatedAt: YEAR[3].from });
      const { defects } = await verifyPath(out);
      expect(defects.map(({ file, code }) => [file, code])).toEqual([["periods.csv", "counts-disagree"]]);
    }
  });

  test("cannot be forged in any cell of its two tables", { tags: ["long"] }, async () => {
    const { ledger } = await open();
    await record(ledger, smallLog(), YEAR[2].from);
    const place = await folder();
    await close(ledger, join(place, "closed"), YEAR[1], YEAR[3].from);
    const late = changeEntry(1006, YEAR[1].from + DAY);
    await record(ledger, [late], YEAR[3].from + DAY);
    const out = join(place, "rolled");
    await exportTo(ledger, out, { period: together([YEAR[0], YEAR[1]]), generatedAt: YEAR[3].from + DAY });
    expect((await verifyPath(out)).defects).toEqual([]);
    for (const path of ["periods.csv", "control-trend.csv"]) {
      const honest = await readFile(join(out, path), "utf8");
      const lines = honest.split("\r\n");
      const columns = lines[0]?.split(",") ?? [];
      for (const [place_, name] of sample([...columns.entries()], 4)) {
        const cells = (lines[2] ?? "").split(",");
        cells[place_] = /^[0-9]+$/u.test(cells[place_] ?? "")
          ? String(Number(cells[place_]) + 1)
          : `${cells[place_]}x`;
        await writeFile(
          join(out, path),
          [...lines.slice(0, 2), cells.join(","), ...lines.slice(3)].join("\r\n"),
        );
        await sealAgain(out);
        expect((await verifyPath(out)).defects, `${path} ${name}`).not.toEqual([]);
      }
      await writeFile(join(out, path), [...lines.slice(0, 2), ...lines.slice(3)].join("\r\n"));
      await sealAgain(out);
      expect((await verifyPath(out)).defects, `${path} without a row`).not.toEqual([]);
      await writeFile(join(out, path), honest);
      await sealAgain(out);
    }
    expect((await verifyPath(out)).defects).toEqual([]);
  });
});
