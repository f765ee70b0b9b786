/** Laws of all pages: a count is that of the list it leads to, and a form keeps what the address has. */

import { describe, expect, test } from "vitest";

import { plannedRemediation } from "../../src/domain/deviation/remediation.ts";
import { remediationEntry } from "../../src/domain/deviation/decide.ts";
import type { EmergencyRecord, RetroactiveReviewRecord } from "../../src/domain/records/emergency.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import { PAGES } from "../../src/dashboard/page-list.ts";
import {
  changeEntry,
  deviationEntry,
  GENERATED_AT,
  ORGANIZATION,
  PERIOD,
  POLICY_DIGEST,
  smallLog,
  WEB,
} from "../evidence/fixture.ts";
import { pagesOver, type Ask } from "./browsing.ts";
import { firstInEachRun } from "../support/each-run.ts";

const DAY = 24 * 3_600_000;
const ANN = { id: 101, login: "ann", type: "User" } as const;
const BOB = { id: 102, login: "bob", type: "User" } as const;
const of = { repositoryId: WEB.id, organizationId: ORGANIZATION.id };

/** An emergency that was used on the `n`th day, and the review owed for it: decided (`late` or not), or due. */
function emergency(n: number, at: number, decided: "no" | "in time" | "late"): readonly Entry[] {
  const subject = `${WEB.id}/pull/${n}/EMG-${String(n).padStart(12, "0")}`;
  const by = { by: ANN, at, via: "comment" } as const;
  const record: EmergencyRecord = {
    id: subject.split("/").at(-1) ?? "",
    repository: WEB,
    pull: n,
    deployment: null,
    status: "used",
    reason: "the shop is down",
    opened: by,
    declared: by,
    asked: null,
    authorised: null,
    confirmed: null,
    ended: null,
    used: { at, subjects: [] },
    waives: [],
    policyDigest: POLICY_DIGEST,
    steps: [{ at, act: "open", by: ANN, from: null, to: "used" }],
  };
  const dueAt = at + 2 * DAY;
  const decision = {
    by: BOB,
    at: decided === "late" ? dueAt + DAY : at + DAY,
    via: "comment",
    note: "",
  } as const;
  const review: RetroactiveReviewRecord = {
    emergency: record.id,
    repository: WEB,
    pull: n,
    subjects: [],
    shipped: "a".repeat(40),
    status: decided === "no" ? "due" : "approved",
    openedAt: at,
    dueAt,
    within: { count: 2, unit: "days" },
    policyDigest: POLICY_DIGEST,
    decision: decided === "no" ? null : decision,
    revertBy: null,
    remindedAt: [],
    escalatedAt: [],
  };
  return [
    { kind: "emergency", subject, ...of, at, body: record },
    { kind: "retroactive-review", subject, ...of, at, body: review },
  ];
}

/** A deviation of the `n`th change, as it is now; `due`: its target date. */
function deviation(
  n: number,
  at: number,
  {
    status,
    severity,
    due,
  }: { status?: "closed" | "not-an-exception"; severity?: "observation"; due?: string },
): readonly Entry[] {
  const opened = deviationEntry(n, at);
  const body = {
    ...opened.body,
    ...(status === undefined ? {} : { status }),
    ...(severity === undefined ? {} : { severity }),
  };
  const moved = { command: "due", by: ANN, role: "other", via: "comment", at, text: "" } as const;
  const planned = { ...plannedRemediation(body, moved), due: due ?? null };
  return [{ ...opened, body }, ...(due === undefined ? [] : [remediationEntry(planned)])];
}

/** More of everything than is shown at once, before the period, in it, and after it. */
const ENTRIES: readonly Entry[] = [
  ...smallLog(),
  ...Array.from({ length: 130 }, (_, n) => changeEntry(n + 20, PERIOD.from + n * 12 * 3_600_000)),
  ...Array.from({ length: 261 }, (_, n) =>
    emergency(n + 1, PERIOD.from - 5 * DAY + n * 8 * 3_600_000, "no"),
  ).flat(),
  ...Array.from({ length: 30 }, (_, n) =>
    emergency(n + 1_000, PERIOD.from - 10 * DAY + n * DAY, n % 2 === 0 ? "late" : "in time"),
  ).flat(),
  ...Array.from({ length: 230 }, (_, n) =>
    deviation(n + 1_000, PERIOD.from - 3 * DAY + n * 9 * 3_600_000, {
      due: n % 3 === 0 ? "2026-09-15" : "2026-12-01",
    }),
  ).flat(),
  ...deviation(2_000, PERIOD.from + DAY, { severity: "observation" }),
  ...deviation(2_001, PERIOD.from + DAY, { status: "closed", due: "2026-07-05" }),
  ...deviation(2_002, PERIOD.from + DAY, { status: "not-an-exception" }),
];

function decoded(text: string): string {
  return text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");
}

/** The rows of all tables of a list, its further pages included. */
async function rowsOf(ask: Ask, path: string): Promise<number> {
  let rows = 0;
  for (let next: string | undefined = path; next !== undefined;) {
    const answer = await ask(next);
    expect(answer.status, next).toBe(200);
    const html = await answer.text();
    rows += [...html.matchAll(/<th scope="row"/gu)].length;
    next = /<a href="([^"]*)" rel="next"/u.exec(html)?.[1];
    if (next !== undefined) next = decoded(next);
  }
  return rows;
}

describe("each count of the overview", () => {
  firstInEachRun(
    ["/?from=2026-07-01&to=2026-09-30", "/?from=2026-07-10&to=2026-07-20", "/"],
    (some, options) => {
      test.each(some)("is the number of rows of the list it leads to: %s", options, async (path) => {
        const { ask } = await pagesOver(ENTRIES);
        const html = await (await ask(path)).text();
        const tables = [...html.matchAll(/<div class="counts">[^]*?<\/div>/gu)]
          .map(([table]) => table)
          .join("");
        const rows = tables.split("</tr>");
        const counts = rows.flatMap((row): (readonly [string, number])[] => {
          const inCells = [...row.matchAll(/<a href="([^"]*)">(\d+)[^<]*<\/a>/gu)];
          if (inCells.length > 0)
            return inCells.map(([, href = "", count]) => [decoded(href), Number(count)] as const);
          const [, href] = /<a href="([^"]*)"/u.exec(row) ?? [];
          const [, count] = />\s*(\d+)\s*<\/td>/u.exec(row) ?? [];
          return href === undefined ? [] : [[decoded(href), Number(count)]];
        });
        expect(counts.length).toBeGreaterThanOrEqual(8);
        for (const [href, count] of counts) expect([href, await rowsOf(ask, href)]).toEqual([href, count]);
      });
    },
  );
});

test("the reviews are listed oldest due first, and counted apart from what one page shows", async () => {
  const { ask } = await pagesOver(ENTRIES);
  const html = await (await ask("/reviews")).text();
  expect(html.replaceAll(/\s+/gu, " ")).toContain("261 due, 261 of them overdue.");
  const due = [...html.matchAll(/due <time datetime="([^"]*)"/gu)].map(([, at]) => at);
  expect(due.length).toBe(200);
  expect(due).toEqual(due.toSorted((a = "", b = "") => (a < b ? -1 : 1)));
  expect(due[0]).toBe(new Date(PERIOD.from - 3 * DAY).toISOString().replace(".000Z", "Z"));
});

firstInEachRun(["/reviews", "/emergencies", "/months"], (some, options) => {
  test.each(some)(
    "what came of a form is shown once: nothing on %s leads on with its name",
    options,
    async (path) => {
      const { ask } = await pagesOver(ENTRIES);
      const html = await (await ask(`${path}?answer=aaaaaaaaaaaaaaaaaaaaaa`)).text();
      expect(html).toContain('<form class="filters"');
      expect(html).not.toContain("answer");
    },
  );
});

test("deviations are filtered by what is due before a day", async () => {
  const { ask } = await pagesOver(ENTRIES);
  expect(await rowsOf(ask, "/deviations?due-before=2026-09-16")).toBe(78);
  expect(await rowsOf(ask, "/deviations?due-before=2026-09-15")).toBe(1);
  expect(await rowsOf(ask, "/deviations?due=overdue&due-before=2026-12-31")).toBe(78);
});

describe("each form of each page", () => {
  const organizations = [ORGANIZATION, { id: 501, login: "globex" }];
  /** What an address may have that a form is not about. */
  const KEPT = { org: "acme", from: "2026-07-02", to: "2026-08-30" };
  const paths = PAGES.flatMap(({ path }) => (path.includes(":") || path.endsWith(".csv") ? [] : [path]));

  test.each(paths)(
    "keeps the organisation and the period, unless they are its own fields: %s",
    async (path) => {
      const { ask } = await pagesOver(smallLog(), { organizations, now: GENERATED_AT });
      const answer = await ask(`${path}?${new URLSearchParams(KEPT).toString()}`);
      const html = await answer.text();
      expect(answer.status).toBe(200);
      for (const [, attributes = "", inner = ""] of html.matchAll(/<form([^>]*)>([^]*?)<\/form>/gu)) {
        const action = decoded(/action="([^"]*)"/u.exec(attributes)?.[1] ?? "");
        const fields = [...inner.matchAll(/name="([^"]*)"/gu)].map(([, name]) => name);
        const sent = new Set([...fields, ...new URL(action, "http://page").searchParams.keys()]);
        // The query of an address that a form is sent to by GET is replaced by the form's fields.
        const kept = attributes.includes('method="get"') ? new Set(fields) : sent;
        for (const name of Object.keys(KEPT)) expect([...kept], `${action} ${name}`).toContain(name);
      }
    },
  );
});
