/** The pages of control owners: pass rates and monthly reviews are those of the package that the same log exports. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { readinessLines } from "../../src/cli/evidence/readiness.ts";
import { readCsv } from "../../src/cli/input/read-csv.ts";
import type { SummaryDocument } from "../../src/domain/evidence/summary.ts";
import { CONTROL_TITLES } from "../../src/domain/texts/wording.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import {
  CONTROL_NAMES,
  type Assessment,
  type ControlName,
  type Outcome,
  type Result,
  type Verdict,
} from "../../src/domain/values/result.ts";
import { readiness } from "../../src/flows/monitoring/readiness.ts";
import {
  changeEntry,
  deploymentEntry,
  exportTo,
  GENERATED_AT,
  ledgerWith,
  ORGANIZATION,
  PERIOD,
  smallLog,
} from "../evidence/fixture.ts";
import { endOnFailure, rounds, SEED } from "../support/effort.ts";
import { pagesOf, pagesOver, type Ask } from "./browsing.ts";

const DAYS = "from=2026-07-01&to=2026-09-30";
const HOUR = 3_600_000;

const entries = [
  ...smallLog(),
  ...Array.from({ length: 30 }, (_, index) => changeEntry(index + 20, PERIOD.from + index * 70 * HOUR)),
];

type Rows = readonly Readonly<Record<string, string>>[];

let summary: SummaryDocument;
let reviews: Rows;
let controls: Rows;
let ask: Ask;
let close: () => Promise<void>;

beforeAll(async () => {
  const made = await ledgerWith(entries);
  ({ close } = made);
  ({ ask } = pagesOf(made.ledger));
  await exportTo(made.ledger, join(made.folder, "package"));
  const file = (name: string): Promise<string> => readFile(join(made.folder, "package", name), "utf8");
  summary = JSON.parse(await file("summary.json")) as SummaryDocument;
  reviews = readCsv(await file("monitoring.csv"));
  controls = readCsv(await file("controls.csv"));
});

afterAll(() => close());

/** The rows of the first table of a section, each cell by its head. */
function rowsIn(html: string, id: string): Rows {
  const [, section = ""] = new RegExp(`<h2 id="${id}">([^]*?)</section>`, "u").exec(html) ?? [];
  const [, table = ""] = /<table[^>]*>([^]*?)<\/table>/u.exec(section) ?? [];
  const heads = [...table.matchAll(/<th scope="col"[^>]*>([^]*?)<\/th>/gu)].map(([, head = ""]) =>
    textOf(head),
  );
  return [...table.matchAll(/<tr>\s*<th scope="row"[^]*?<\/tr>/gu)].map(([row]) => {
    const cells = [...row.matchAll(/<t[hd][^>]*>([^]*?)<\/t[hd]>/gu)].map(([, cell = ""]) => textOf(cell));
    return Object.fromEntries(heads.map((head, index) => [head, cells[index] ?? ""]));
  });
}

function textOf(html: string): string {
  return html
    .replaceAll(/<[^>]*>/gu, " ")
    .replaceAll("&quot;", '"')
    .replaceAll(/\s+/gu, " ")
    .trim();
}

async function page(path: string): Promise<string> {
  const answer = await ask(path);
  expect(answer.status).toBe(200);
  return answer.text();
}

function named(title: string | undefined): ControlName {
  const found = CONTROL_NAMES.find((name) => CONTROL_TITLES[name] === title);
  if (found === undefined) throw new Error(`no control is called ${title ?? "nothing"}`);
  return found;
}

/** "12 of 13 (92.3%)" as numbers. */
function ratioIn(cell: string | undefined): readonly [passed: number, of: number] {
  const [, passed = "0", of = "0"] = /^(\d+) of (\d+)/u.exec(cell ?? "") ?? [];
  return [Number(passed), Number(of)];
}

test("show of each control and the whole period what START-HERE shows", async () => {
  const rows = rowsIn(await page(`/controls?${DAYS}`), "rates");
  const tested = Object.entries(summary.controls).filter(([, { passed }]) => passed.denominator > 0);
  expect(rows.length).toBe(tested.length);
  expect(rows.length).toBeGreaterThan(2);
  for (const row of rows) {
    const own = summary.controls[named(row["Control"])];
    expect(ratioIn(row["Whole period"])).toEqual([own?.passed.numerator, own?.passed.denominator]);
    expect(Number(row["Waived"])).toBe(own?.by_outcome["waived"] ?? 0);
    expect(Number(row["Unverifiable"])).toBe(own?.by_outcome["unverifiable"] ?? 0);
    const owner = controls.find(({ control }) => control === named(row["Control"]))?.["owner"];
    expect(row["Owner"]).toBe(owner === "" ? "nobody" : owner);
  }
});

/** A change or a deployment of the period; historic ones have results like all others. */
interface Happened {
  readonly isDeployment: boolean;
  readonly isHistoric: boolean;
  readonly hour: number;
  readonly outcomes: readonly Outcome[];
}

const happened = fc.record<Happened>({
  isDeployment: fc.boolean(),
  isHistoric: fc.boolean(),
  hour: fc.integer({ min: 0, max: 91 * 24 }),
  outcomes: fc.array(fc.constantFrom<Outcome>("pass", "fail", "waived", "unverifiable", "not-applicable"), {
    minLength: 3,
    maxLength: 3,
  }),
});

function entryOf({ isDeployment, isHistoric, hour, outcomes }: Happened, index: number): Entry {
  const [n, when] = [index + 100, PERIOD.from + hour * HOUR];
  const judged = ({ results, ...assessment }: Assessment): Assessment => {
    const own = results.map((each, at) => ({ ...each, outcome: outcomes[at] ?? "pass" }));
    return { ...assessment, results: own, verdict: isHistoric ? "historic" : verdictOf(own) };
  };
  if (isDeployment) {
    const entry = deploymentEntry(n, [], when);
    return { ...entry, body: { ...entry.body, assessment: judged(entry.body.assessment) } };
  }
  const entry = changeEntry(n, when);
  return { ...entry, body: { ...entry.body, assessment: judged(entry.body.assessment) } };
}

function verdictOf(results: readonly Result[]): Verdict {
  const has = (outcome: Outcome): boolean => results.some((each) => each.outcome === outcome);
  if (has("fail")) return "non-compliant";
  if (has("unverifiable")) return "unverifiable";
  return has("waived") ? "emergency" : "compliant";
}

test("show of each control what START-HERE and a roll-up show, and what is historic in none of them", async () => {
  const seen = { historic: 0, missed: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(happened, { minLength: 1, maxLength: 12 }), async (all) => {
      const made = await ledgerWith([...smallLog(), ...all.map(entryOf)]);
      try {
        const place = join(made.folder, "package");
        await exportTo(made.ledger, place, { period: { ...PERIOD, parts: [PERIOD] } });
        const file = (name: string): Promise<string> => readFile(join(place, name), "utf8");
        const { controls: tested } = JSON.parse(await file("summary.json")) as SummaryDocument;
        const trend = readCsv(await file("control-trend.csv"));
        const own = pagesOf(made.ledger).ask;
        const rows = rowsIn(await (await own(`/controls?${DAYS}`)).text(), "rates");
        expect(new Set(rows.map((row) => named(row["Control"])))).toEqual(
          new Set(CONTROL_NAMES.filter((name) => (tested[name]?.passed.denominator ?? 0) > 0)),
        );
        for (const row of rows) {
          const name = named(row["Control"]);
          const { by_outcome: counts = {}, passed } = tested[name] ?? {};
          const { fail = 0, waived = 0, unverifiable = 0 } = counts;
          const inTrend = trend.find(({ control }) => control === name);
          expect(ratioIn(row["Whole period"])).toEqual([passed?.numerator, passed?.denominator]);
          expect(ratioIn(`${inTrend?.["passed"]} of ${inTrend?.["tested"]}`)).toEqual(
            ratioIn(row["Whole period"]),
          );
          expect([Number(row["Waived"]), Number(row["Unverifiable"])]).toEqual([waived, unverifiable]);
          const missed = [...(row["Did not pass"] ?? "").matchAll(/\d+/gu)].reduce(
            (sum, [each]) => sum + Number(each),
            0,
          );
          expect(missed, name).toBe(fail + waived + unverifiable);
          seen.missed += missed;
        }
        const left = all.filter(({ isHistoric }) => isHistoric).length;
        seen.historic += left;
        expect(
          readCsv(await file("control-tests.csv")).filter(({ historic }) => historic === "yes").length > 0,
        ).toBe(left > 0);
        expect(textOf(await file("START-HERE.html")).includes("no figure of a control counts")).toBe(
          left > 0,
        );
      } finally {
        await made.close();
      }
    }),
    { numRuns: rounds(3, 40), seed: SEED, endOnFailure },
  );
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
});

test("name controls by their titles wherever readiness is shown, with their names beside them once at the terminal", async () => {
  const outcomes = ["pass", "fail", "unverifiable"] as const;
  const all = outcomes.map((outcome, index) => {
    const entry = changeEntry(200 + index, PERIOD.from + index * HOUR);
    const [result] = entry.body.assessment.results;
    const results = CONTROL_NAMES.flatMap((control) =>
      result === undefined ? [] : [{ ...result, control, outcome, reasons: ["made up"] }],
    );
    const verdict = verdictOf(results);
    return { ...entry, body: { ...entry.body, assessment: { ...entry.body.assessment, results, verdict } } };
  });
  const { ask: own, ledger } = await pagesOver([...smallLog(), ...all]);
  const found = await readiness(ledger, ORGANIZATION.id, PERIOD, GENERATED_AT);
  const lines = readinessLines(found, ORGANIZATION.login, 90).join("\n");
  const [, shown = ""] =
    /<h2 id="situation">([^]*?)<\/section>/u.exec(await (await own(`/?${DAYS}`)).text()) ?? [];
  for (const name of CONTROL_NAMES) {
    expect(lines).toContain(`  ${CONTROL_TITLES[name]} (${name}): `);
    expect(lines.replace(`(${name})`, "")).not.toContain(name);
    expect(textOf(shown)).not.toContain(name);
    for (const text of [lines, textOf(shown)])
      expect(text).toMatch(new RegExp(`${CONTROL_TITLES[name]} failed on \\d`, "iu"));
  }
  expect(JSON.stringify(found.controls.map(({ control }) => control))).toBe(JSON.stringify(CONTROL_NAMES));
});

test("show of each month what monitoring.csv counts, and months that come to the whole", async () => {
  const rows = rowsIn(await page(`/controls?${DAYS}`), "rates");
  const months = ["2026-07", "2026-08", "2026-09"];
  let compared = 0;
  for (const row of rows) {
    const parts = months.map((month) => ratioIn(row[month]));
    const whole = [0, 1].map((which) => parts.reduce((sum, part) => sum + (part[which] ?? 0), 0));
    expect(whole).toEqual(ratioIn(row["Whole period"]));
    for (const month of months) {
      const own = reviews.find(
        (each) => each["control"] === named(row["Control"]) && each["month"] === month,
      );
      if (own === undefined) continue;
      expect(ratioIn(row[month])[1]).toBe(Number(own["population_now"]));
      compared += 1;
    }
  }
  expect(compared).toBe(3);
});

test("count a month only as far as it lies in the days that were chosen", async () => {
  const [row] = rowsIn(await page("/controls?from=2026-08-01&to=2026-08-11"), "rates");
  expect(Object.keys(row ?? {}).filter((head) => /^\d{4}-\d\d$/u.test(head))).toEqual(["2026-08"]);
  expect(row?.["2026-08"]).toBe(row?.["Whole period"]);
});

test("lead from what did not pass to its rows", async () => {
  const html = await page(`/controls?${DAYS}`);
  const links = [...html.matchAll(/<a href="(\/(?:changes|deployments)\?control[^"]+)">(\d+) /gu)];
  expect(links.length).toBeGreaterThanOrEqual(2);
  for (const [, href = "", count] of links) {
    const file = await (await ask(href.replaceAll("&amp;", "&").replace("?", ".csv?"))).text();
    expect(file.trim().split("\r\n").length - 1, href).toBe(Number(count));
  }
});

test("say what each control asks in the words of controls.csv, and which none requires", async () => {
  const text = textOf(await page(`/controls?${DAYS}`)).replaceAll(/&#39;|&amp;/gu, "'");
  for (const { control = "", objective = "", test: how = "" } of controls)
    for (const words of [control, objective, how]) expect(text).toContain(words.replaceAll("&", "'"));
  expect(text).toMatch(/No policy in force requires these[^]*checks\.required/u);
});

test("show of each month what is due, missing or changed, and who signed it off with which comment", async () => {
  const html = await page("/months");
  const status = (row: Readonly<Record<string, string>>): string => row["status"] ?? "";
  const open = reviews.filter((row) => ["due", "missing", "changed"].includes(status(row)));
  const rows = rowsIn(html, "open");
  expect(new Set(rows.map((row) => row["Month"]))).toEqual(new Set(open.map(({ month }) => month)));
  expect(rows.length).toBe(open.length);
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(row["Due (UTC)"]).toMatch(/missing|changed/u);
  const signed = rowsIn(html, "signed-off");
  expect(signed.length).toBe(reviews.filter((row) => row["signed_off_at"] !== "").length);
  for (const row of signed) {
    expect(row["Comment"]).toContain("=looked at each");
    const own = reviews.find(({ month }) => month === row["Month"]);
    expect(row["Clean"]).toBe(own?.["clean_now"]);
    expect(row["What it came to, as known now"]).toContain(`of ${own?.["population_now"]} passed`);
  }
  expect(html).toContain("/countersign approve independently-approved: &lt;what you saw&gt;");
});

test("show of months what one owner or one control has", async () => {
  for (const [query, count] of [
    ["owner=@CAROL", 2],
    ["owner=dave", 0],
    ["control=independently-approved", 2],
    ["control=checks-passed", 0],
    ["owner=%3Cscript%3E&control=__proto__", 0],
  ] as const) {
    const html = await page(`/months?${query}`);
    expect(rowsIn(html, "signed-off").length, query).toBe(count);
    expect(html).not.toContain("<script");
  }
});

test("count clean months in a row as a remediation does: none where the newest is not as it was signed off", async () => {
  const rows = rowsIn(await page("/months"), "clean");
  expect(rows.map((row) => Object.values(row).at(-1))).toEqual(["0"]);
  // July as carol saw it, with nothing else on record of it.
  const { ask: other } = await pagesOver(
    smallLog().filter(({ kind, subject }) => kind !== "monthly-review" || subject.endsWith("2026-07")),
    { now: GENERATED_AT },
  );
  expect(
    rowsIn(await (await other("/months")).text(), "clean").map((row) => Object.values(row).at(-1)),
  ).toEqual(["1"]);
});

test.each([
  ["carol", /No issue asks for it\. An operator/u],
  [null, /No issue asks for it, as the policy names no owner of the control\. An operator/u],
])("say of a month that no issue asks for only what is known of why: owner %s", async (owner, says) => {
  const unasked = smallLog().map((entry) =>
    entry.kind === "monthly-review" ? { ...entry, body: { ...entry.body, owner, issueIn: null } } : entry,
  );
  const { ask: other } = await pagesOver(unasked);
  expect(textOf(await (await other("/months")).text())).toMatch(says);
});
