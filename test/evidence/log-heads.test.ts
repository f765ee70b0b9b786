/** The heads of the log in a package: what it lists of them, what it says first, and what its check finds. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { headToPost } from "../../src/domain/monitoring/log-heads.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import { headSubject, type HeadFinding, type LogHeadRecord } from "../../src/domain/records/monitoring.ts";
import { DAY } from "../../src/domain/time/durations.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { readCsv } from "../../src/cli/input/read-csv.ts";
import { exportTo, GENERATED_AT, ledgerWith, ORGANIZATION, smallLog } from "./fixture.ts";

const URL = "https://github.com/acme/change-control/issues/1#issuecomment-11";
const ASKED_AT = GENERATED_AT - 3_600_000;

function headOf(head: { readonly size: number; readonly hash: string }): LogHeadRecord {
  const wanted = {
    ...head,
    number: 1,
    why: "daily" as const,
    round: "day:2026-10-02",
    askedAt: ASKED_AT,
    before: null,
    repository: "acme/change-control",
    issue: 1,
    findings: [],
  };
  const { record } = headToPost(wanted, { organization: ORGANIZATION, installationId: 1, appId: 4711 });
  const by = { id: 8001, login: "countersign[bot]" };
  return { ...record, posted: { issue: 1, comment: 11, url: URL, createdAt: ASKED_AT, by } };
}

const PLACE = { repositoryId: 0, organizationId: ORGANIZATION.id, at: ASKED_AT } as const;

function checkOf(findings: readonly HeadFinding[], at: number | null): Entry<"head-check"> {
  const body = {
    at: at ?? ASKED_AT + 1,
    repository: "acme/change-control",
    shown: 1,
    read: at === null ? [] : [{ place: "acme/change-control#1", at }],
    because: null,
    findings,
  };
  return { ...PLACE, kind: "head-check", subject: String(ORGANIZATION.id), body };
}

interface Made {
  readonly out: string;
  readonly limitations: readonly string[];
  readonly page: string;
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** A package of a small log and a head of it. `hash`: if not the log's own. */
async function packageWith(
  hash?: string,
  findings: readonly HeadFinding[] = [],
  {
    askedAt = ASKED_AT,
    comparedAt = ASKED_AT + 1,
  }: { readonly askedAt?: number; readonly comparedAt?: number | null } = {},
): Promise<Made> {
  const { folder, close, ledger } = await ledgerWith(smallLog());
  onTestFinished(() => close());
  const head = await ledger.head();
  const body = { ...headOf({ size: head.size, hash: hash ?? head.hash }), askedAt };
  const entry = { ...PLACE, kind: "log-head", subject: headSubject(ORGANIZATION.id, 1), body } as const;
  await ledger.record({ entries: [entry] }, ASKED_AT);
  await ledger.record({ entries: [checkOf(findings, comparedAt)] }, ASKED_AT + 1);
  const out = join(folder, "package");
  await exportTo(ledger, out);
  const manifest = JSON.parse(await readFile(join(out, "manifest.json"), "utf8")) as {
    readonly known_limitations: readonly string[];
  };
  return {
    out,
    limitations: manifest.known_limitations,
    page: await readFile(join(out, "START-HERE.html"), "utf8"),
    rows: readCsv(await readFile(join(out, "log/heads.csv"), "utf8")),
  };
}

test("a package lists the heads with their addresses, and its check finds nothing wrong with them", async () => {
  const { out, limitations, page, rows } = await packageWith();
  expect(rows).toMatchObject([{ number: "1", state: "posted", url: URL, author: "countersign[bot]#8001" }]);
  expect(page).toContain(URL);
  expect(limitations.some((sentence) => sentence.includes("No head of the evidence log"))).toBe(false);
  expect((await verifyPath(out)).defects).toEqual([]);
});

test("a package without a head says that nothing outside the database would show a rewritten log", async () => {
  const { folder, close, ledger } = await ledgerWith(smallLog());
  onTestFinished(() => close());
  const out = join(folder, "package");
  await exportTo(ledger, out);
  expect(await readFile(join(out, "START-HERE.html"), "utf8")).toContain(
    "There is no anchor of this log outside its database.",
  );
  expect((await verifyPath(out)).defects).toEqual([]);
});

test("a head that does not agree comes before every other limitation, and the package that says so is sound", async () => {
  const hash = "a".repeat(64);
  const finding: HeadFinding = {
    code: "contradicts",
    number: 1,
    size: 1,
    hash,
    place: "acme/change-control#1",
    comment: 11,
    url: URL,
    says: "Head 1 names another hash of entry 1 than the log has now.",
  };
  const { out, limitations, rows } = await packageWith(hash, [finding]);
  expect(limitations[0]).toContain("The evidence log and its heads on GitHub do not agree: Head 1 names");
  expect(rows).toMatchObject([{ number: "1", state: "contradicts", says: finding.says }]);
  expect((await verifyPath(out)).defects).toEqual([]);
});

test("a head that the package calls sound and its own log contradicts is a defect", async () => {
  const { out } = await packageWith("b".repeat(64));
  expect((await verifyPath(out)).defects).toMatchObject([
    {
      file: "log/heads.csv",
      code: "cell-not-as-logged",
      problem: expect.stringContaining("is not the log's") as string,
    },
  ]);
});

test.each([
  ["a day and more", DAY + 1, 1],
  ["a day", DAY, 0],
])(
  "a head that GitHub dates %s after it was asked for is said to be late, or is not",
  async (_, late, times) => {
    const { limitations } = await packageWith(undefined, [], { askedAt: ASKED_AT - late });
    expect(limitations.filter((each) => each.includes("GitHub dates 1 of 1 heads"))).toHaveLength(times);
  },
);

test.each([
  ["within the hour", ASKED_AT, null],
  [
    "earlier",
    ASKED_AT - 1,
    "compared with GitHub over an hour before this package. Compared with GitHub: 1 of 1",
  ],
  ["never", null, "Not every head of the log was compared with GitHub. Compared with GitHub: 0 of 1"],
])("a package says when its heads were compared %s", async (_, comparedAt, says) => {
  const { limitations } = await packageWith(undefined, [], { comparedAt });
  const said = limitations.filter((each) => /compared with GitHub/u.test(each));
  expect(said).toEqual(says === null ? [] : [expect.stringContaining(says)]);
});
