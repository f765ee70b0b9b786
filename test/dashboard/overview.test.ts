/** The overview of a period: its figures are those of the package that the same log exports. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SummaryDocument } from "../../src/domain/evidence/summary.ts";
import {
  changeEntry,
  exportTo,
  GENERATED_AT,
  ledgerWith,
  ORGANIZATION,
  PERIOD,
  smallLog,
  WEB,
} from "../evidence/fixture.ts";
import { pagesOver, type Ask } from "./browsing.ts";

const DAYS = "from=2026-07-01&to=2026-09-30";

/** A page as people read it: no tags, one line for each row. */
async function textOf(ask: Ask, path: string): Promise<string> {
  const text = await (await ask(path)).text();
  return text
    .replaceAll(/<(?:script|style)[^]*?<\/(?:script|style)>/gu, "")
    .replaceAll(/<\/tr>|<\/p>|<\/li>/gu, "\n")
    .replaceAll(/<\/(?:td|th)>/gu, " | ")
    .replaceAll(/<[^>]+>/gu, "")
    .split("\n")
    .map((line) => line.replaceAll(/\s+/gu, " ").trim())
    .join("\n");
}

/** The number in the row of a table that begins with these words. */
function figure(text: string, words: string): number {
  const [, found] = new RegExp(`^${words} \\| (\\d+)`, "mu").exec(text) ?? [];
  return Number(found ?? Number.NaN);
}

const entries = [
  ...smallLog(),
  ...Array.from({ length: 30 }, (_, index) => changeEntry(index + 20, PERIOD.from + index * 70 * 3_600_000)),
];

test("shows the figures of the package that the same log exports", async () => {
  const made = await ledgerWith(entries);
  await exportTo(made.ledger, join(made.folder, "package"));
  const file = await readFile(join(made.folder, "package", "summary.json"), "utf8");
  await made.close();
  const summary = JSON.parse(file) as SummaryDocument;
  const { ask } = await pagesOver(entries);
  const text = await textOf(ask, `/?${DAYS}`);
  const { changes, deployments, deviations, emergencies, months } = summary;

  for (const [verdict, words] of [
    ["compliant", "compliant"],
    ["non-compliant", "non-compliant"],
  ] as const) {
    const [, ofChanges = "", ofDeployments = ""] =
      new RegExp(`^${words} \\| ([^|]+) \\| ([^|]+) \\|`, "mu").exec(text) ?? [];
    expect(parseInt(ofChanges), words).toBe(changes.by_verdict[verdict] ?? 0);
    expect(parseInt(ofDeployments), words).toBe(deployments.by_verdict[verdict] ?? 0);
  }
  expect(text.replaceAll(/\s+/gu, " ")).toContain(
    `${changes.total} changes and ${deployments.total} deployments are`,
  );
  expect(figure(text, "Deviations of the period")).toBe(deviations.total);
  expect(figure(text, "Emergencies of the period")).toBe(emergencies.total);
  expect(figure(text, "Reviews of the period")).toBe(
    Object.values(emergencies.reviews_by_status).reduce((sum, count) => sum + count, 0),
  );
  expect(figure(text, "of these late or overdue")).toBe(emergencies.reviews_late_or_overdue);
  expect(text).toContain(`${summary.coverage_gaps.total} gap`);
  for (const { month, changes: count, by_verdict } of months)
    expect(text).toMatch(
      new RegExp(`^${month} \\| \\d+ of \\d+ \\| ${count} \\| ${by_verdict["compliant"] ?? 0} \\|`, "mu"),
    );
});

test("leads from each figure to the rows it counts", async () => {
  const { ask } = await pagesOver(entries);
  const page = await (await ask(`/?${DAYS}`)).text();
  const links = [...page.matchAll(/<a href="(\/(?:changes|deployments)\?verdict[^"]+)">(\d+)/gu)];
  expect(links.length).toBeGreaterThanOrEqual(3);
  for (const [, href = "", count] of links) {
    const file = await ask(href.replaceAll("&amp;", "&").replace("?", ".csv?"));
    const rows = (await file.text()).trim().split("\r\n").length - 1;
    expect(rows, href).toBe(Number(count));
  }
});

test("shows the running period by its name where none is chosen, and refuses what is none", async () => {
  const { ask } = await pagesOver(entries, { now: Date.parse("2026-09-10T12:00:00Z") });
  expect(await textOf(ask, "/")).toMatch(/Overview of 2026-Q3[^]*2026-07-01T00:00:00Z up to[^]*days left/u);
  for (const query of ["from=2026-08-01&to=2026-07-01", "from=2027-01-01", "from=1970-01-01", "from=x"])
    expect((await ask(`/?${query}`)).status, query).toBe(400);
});

test("shows reasons and controls to those who see the organisation, and only their figures to others", async () => {
  const { ask } = await pagesOver(entries);
  const whole = await textOf(ask, `/?${DAYS}`);
  expect(whole).toMatch(
    /How it stands[^]*against beginning an audit now[^]*Controls[^]*independent approval/u,
  );
  const viewer = {
    name: "dev",
    person: null,
    sees: [{ organization: ORGANIZATION, repositories: new Set([WEB.id]), role: "member" as const }],
  };
  const part = await pagesOver(entries, { viewer });
  const own = await textOf(part.ask, `/?${DAYS}`);
  expect(own).not.toMatch(/speaks? against|Nobody is named|independent approval/u);
  expect(own).toMatch(/How it stands\s+Not shown to you/u);
  expect(own).toMatch(/\d+ changes\s+and/u);
  const none = {
    name: "guest",
    person: null,
    sees: [{ organization: ORGANIZATION, repositories: new Set<number>(), role: "member" as const }],
  };
  const nothing = await textOf((await pagesOver(entries, { viewer: none })).ask, `/?${DAYS}`);
  expect(nothing).toMatch(/0 changes\s+and\s+0 deployments/u);
  expect(figure(nothing, "Deviations of the period")).toBe(0);
});

test("is judged anew when the log has grown", async () => {
  const { ask, ledger } = await pagesOver(entries);
  const path = "/";
  const before = await textOf(ask, path);
  const fresh = changeEntry(94, GENERATED_AT - 3_600_000);
  await ledger.record({ entries: [fresh] }, GENERATED_AT);
  const after = await textOf(ask, path);
  expect(before).not.toBe(after);
  expect(after).toMatch(/Independent approval failed on 1 of 2/u);
});
