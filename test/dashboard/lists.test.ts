/** The lists of changes and deployments: what filters select, page by page and as a file, and what is refused. */

import { expect, test } from "vitest";
import type { Entry } from "../../src/domain/records/entry.ts";
import { readCsv } from "../../src/cli/input/read-csv.ts";
import { changeEntry, deploymentEntry, PERIOD, smallLog } from "../evidence/fixture.ts";
import { pagesOver, type Ask } from "./browsing.ts";

const HOUR = 3_600_000;

/** So many changes, an hour apart; every tenth fails. */
function changes(count: number): readonly Entry<"change">[] {
  return Array.from({ length: count }, (_, index) => changeEntry(index + 1, PERIOD.from + index * HOUR));
}

/** The numbers of the pull requests on a page, in its order. */
async function numbersOn(ask: Ask, path: string): Promise<readonly number[]> {
  const text = await (await ask(path)).text();
  return [...text.matchAll(/>web#(\d+)<\/a>/gu)].map((match) => Number(match[1]));
}

/** The address behind a link of a page; null: the page has none of that name. */
function linkOn(text: string, rel: "next" | "prev"): string | null {
  const [, href] = new RegExp(`<a href="([^"]+)" rel="${rel}">`, "u").exec(text) ?? [];
  return href?.replaceAll("&amp;", "&") ?? null;
}

async function csvOf(ask: Ask, path: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const answer = await ask(path);
  expect(answer.status).toBe(200);
  return readCsv(await answer.text());
}

test("show what each filter selects, alone and together, and the same rows as a file", async () => {
  const { ask } = await pagesOver([...smallLog(), ...changes(45)]);
  const all = await csvOf(ask, "/changes.csv");
  const count = (holds: (row: Readonly<Record<string, string>>) => boolean): number =>
    all.filter(holds).length;
  const day = (row: Readonly<Record<string, string>>): string => row["updated_at"]?.slice(0, 10) ?? "";
  for (const [query, holds] of [
    ["verdict=non-compliant", (row) => row["verdict"] === "non-compliant"],
    [
      "control=independently-approved",
      (row) => row["controls_not_passed"]?.includes("independently-approved;") === true,
    ],
    ["person=eve", (row) => row["updated_by"]?.startsWith("eve#") === true],
    ["person=@EVE", (row) => row["updated_by"]?.startsWith("eve#") === true],
    ["repository=web", (row) => row["repository"] === "acme/web"],
    ["repository=ACME/Web&place=main", (row) => row["branch"] === "refs/heads/main"],
    ["repository=sandbox", () => false],
    ["place=refs/heads/other", () => false],
    ["from=2026-07-02&to=2026-07-02", (row) => day(row) === "2026-07-02"],
    ["words=change+NUMBER+7", (row) => row["pull_request_title"] === "Change number 7"],
    ["words=%25", () => false],
    ["words=%3CSCRIPT", (row) => row["pull_request_title"]?.includes("<script>") === true],
    ["verdict=compliant&person=eve", () => false],
  ] as readonly (readonly [string, (row: Readonly<Record<string, string>>) => boolean])[]) {
    const rows = await csvOf(ask, `/changes.csv?${query}`);
    expect(rows.length, query).toBe(count(holds));
    expect(
      rows.filter((row) => !holds(row)),
      query,
    ).toEqual([]);
    const shown = (await (await ask(`/changes?${query}`)).text()).split('<th scope="row"').length - 1;
    expect(shown, query).toBe(Math.min(rows.length, 50));
  }
});

test("are read on and back, newest or oldest first, with every row once", async () => {
  const { ask } = await pagesOver(changes(120));
  const expected = Array.from({ length: 120 }, (_, index) => index + 1).filter((n) => n % 10 !== 4);
  for (const [order, wanted] of [
    ["newest", expected.toReversed()],
    ["oldest", expected],
  ] as const) {
    const seen: string[] = [];
    for (let path: string | null = `/changes?order=${order}&repository=`; path !== null;) {
      seen.push(path);
      path = linkOn(await (await ask(path)).text(), "next");
    }
    const pages = await Promise.all(seen.map((path) => numbersOn(ask, path)));
    expect(pages.flat()).toEqual(wanted);
    let back: string | null = seen.at(-1) ?? null;
    for (const page of pages.toReversed()) {
      expect(await numbersOn(ask, back ?? "")).toEqual(page);
      back = linkOn(await (await ask(back ?? "")).text(), "prev");
    }
    expect(back).toBeNull();
  }
});

test("find a commit by its beginning alone, and where nothing is found say how words are", async () => {
  const { ask } = await pagesOver(changes(45));
  const all = await csvOf(ask, "/changes.csv");
  const commit = all[7]?.["after_sha"] ?? "";
  expect(commit).toMatch(/^[0-9a-f]{40}$/u);
  const found = async (words: string): Promise<readonly (string | undefined)[]> =>
    (await csvOf(ask, `/changes.csv?words=${words}`)).map((row) => row["change_id"]);
  // It is where the next change begins.
  expect(await found(commit)).toHaveLength(2);
  expect(await found(commit.slice(0, 8).toUpperCase())).toEqual(await found(commit));
  expect(await found(commit.slice(0, 3))).toEqual([]);
  expect(await found(commit.slice(1, 12))).toEqual([]);
  const hint = "Words are found as typed";
  expect(await (await ask(`/changes?words=${commit.slice(1, 12)}`)).text()).toContain(hint);
  expect(await (await ask("/changes?person=nobody")).text()).not.toContain(hint);
});

test("show the deployments the same way", async () => {
  const { ask } = await pagesOver([...changes(3), ...smallLog()]);
  const rows = await csvOf(ask, "/deployments.csv");
  expect(rows.length).toBeGreaterThan(1);
  expect(await csvOf(ask, "/deployments.csv?place=production")).toEqual(rows);
  expect(await csvOf(ask, "/deployments.csv?place=staging")).toEqual([]);
  expect((await ask("/deployments?verdict=compliant")).status).toBe(200);
  expect(deploymentEntry(1, [], 0).kind).toBe("deployment");
});

/** What someone may call a branch, a title, an environment or themselves. */
const HOSTILE = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  "</textarea></title><svg onload=alert(1)>",
  "&lt;b&gt; \u202e\u0007 ${7*7} {{7*7}}",
] as const;

const FORMULAS = [
  "=1+1",
  "+1",
  "-1+1",
  "@SUM(A1)",
  "\t=1",
  "\r=1",
  '=HYPERLINK("http://x.invalid","x")',
] as const;

test("have no tag, attribute or formula that comes from a title, a branch, a login or an address", async () => {
  const bad = [...HOSTILE, ...FORMULAS];
  const { ask } = await pagesOver(
    bad.map((text, index) => {
      const entry = changeEntry(index + 5, PERIOD.from + index * HOUR);
      const { change } = entry.body;
      const actor = { id: 7, login: text, type: "User" } as const;
      const pulls = change.pullRequests.map((pull) => ({
        ...pull,
        title: text,
        author: actor,
        url: `javascript:alert(${index})`,
      }));
      const update = { ...change.update, ref: `refs/heads/${text}`, actor };
      const repository = { ...change.repository, name: text };
      return {
        ...entry,
        body: { ...entry.body, change: { ...change, repository, update, pullRequests: pulls } },
      };
    }),
  );
  const clean = await (await ask("/changes?words=no-such-words")).text();
  const tags = (text: string): ReadonlySet<string> =>
    new Set([...text.matchAll(/<([a-z!/][^\s>]*)/giu)].map((match) => match[1] ?? ""));
  const page = await (await ask("/changes")).text();
  const allowed = new Set([
    ...tags(clean),
    ..."table thead tbody tr th td time span ul li b p code div nav"
      .split(" ")
      .flatMap((name) => [name, `/${name}`]),
  ]);
  expect([...tags(page)].filter((name) => !allowed.has(name))).toEqual([]);
  expect(page).not.toMatch(/<[^>]*\son[a-z]+\s*=|href="javascript|(?![\n\t])[\p{Cc}\p{Cf}]/iu);
  for (const text of bad) {
    const echoed = await ask(
      `/changes?${new URLSearchParams({ words: text, person: text, repository: text }).toString()}`,
    );
    if (echoed.status === 200)
      expect(
        [...tags(await echoed.text())].filter((name) => !allowed.has(name)),
        text,
      ).toEqual([]);
    else expect(echoed.status, text).toBe(400);
  }
  const file = await (await ask("/changes.csv")).text();
  for (const line of readCsv(file))
    for (const cell of Object.values(line)) expect(cell).not.toMatch(/^[=+\-@\t\r]/u);
});

test.each([
  ["verdict=good", "verdict"],
  ["control=none-such", "control"],
  ["from=2026-02-30", "from"],
  ["from=yesterday", "from"],
  ["to=2026-13-01", "to"],
  ["order=random", "order"],
  ["after=x", "after"],
  ["after=99999999999999999~x", "after"],
  ["before=~", "before"],
  ["person=a&person=b", "person"],
  [`words=${"x".repeat(201)}`, "words"],
  ["words=%00", "words"],
  ["person=a%0d%0aSet-Cookie:%20a=b", "person"],
  ["repository=a%0d%0a%0d%0a%3Cb%3E", "repository"],
  ["place=%1b%5b2J", "place"],
])("refuse %s with a sentence that names the filter", async (query, name) => {
  const { ask, logged } = await pagesOver(changes(2));
  for (const path of ["/changes", "/changes.csv", "/deployments"]) {
    const answer = await ask(`${path}?${query}`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(`The filter ${name} `);
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(answer.headers.get("content-disposition")).toBeNull();
  }
  expect(logged).toEqual([]);
});

test("refuse an address that is too long, take one that asks for nothing known, and answer 404 elsewhere", async () => {
  const { ask } = await pagesOver(changes(2));
  expect((await ask(`/changes?x=${"y".repeat(5_000)}`)).status).toBe(414);
  expect((await ask("/changes?utm=1&limit=10000&__proto__=1&words=%ff")).status).toBe(200);
  for (const path of [
    "/changes/",
    "/Changes",
    "/..%2f..%2fetc%2fpasswd",
    "/.env",
    "/changes.json",
    "/%00",
    "/%E0%A4%A",
  ])
    expect((await ask(path)).status, path).toBe(404);
});

test("never send more rows than a page or a file holds, and say how many are selected", async () => {
  const { ask, ledger } = await pagesOver(changes(60));
  const page = await (await ask("/changes?limit=10001&rows=10001")).text();
  expect(page.split('<th scope="row"').length - 1).toBe(50);
  let count = 10_000;
  ledger.lists.months = () => Promise.resolve([{ month: "2026-07", verdict: "compliant", count }]);
  expect((await ask("/changes.csv")).status).toBe(200);
  count += 1;
  const refused = await ask("/changes.csv");
  expect([refused.status, await refused.text()]).toEqual([
    400,
    expect.stringContaining("10001 rows are selected"),
  ]);
});

test("send so many files at once, however slowly they are read, and pages meanwhile", async () => {
  const { ask } = await pagesOver(changes(450));
  const slow = [await ask("/changes.csv"), await ask("/changes.csv")];
  expect((await ask("/changes.csv")).status).toBe(503);
  expect((await ask("/changes.csv", { method: "HEAD" })).status).toBe(200);
  expect((await ask("/changes")).status).toBe(200);
  await slow[0]?.body?.cancel();
  const next = await ask("/changes.csv");
  expect(readCsv(await next.text())).toHaveLength(450);
  expect(readCsv((await slow[1]?.text()) ?? "")).toHaveLength(450);
  expect((await ask("/changes.csv")).status).toBe(200);
});

test("are made a few at a time: whoever comes when many wait is sent away", async () => {
  const { ask } = await pagesOver(changes(60));
  const answers = await Promise.all(Array.from({ length: 60 }, () => ask("/changes")));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(20);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(22);
  expect((await ask("/changes")).status).toBe(200);
});
