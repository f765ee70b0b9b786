/** No period closes as complete of which a repository, a branch or a day was not counted. */

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterEach, expect, test } from "vitest";

import type { Period } from "../../src/domain/evidence/tables/population.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import type { RepositoryRecord } from "../../src/domain/records/repository.ts";
import { closePeriod } from "../../src/flows/monitoring/close-period.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { openPackage } from "../../src/package/folder.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { changeEntry, GENERATED_AT, MAKING, PERIOD, smallLog, WEB } from "../evidence/fixture.ts";
import { sealAgain } from "../independent/liar.ts";
import { recomputeCompleteness } from "../independent/recompute.ts";
import { firstInEachRun } from "../support/each-run.ts";

const DAY = 86_400_000;
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

interface Closed {
  readonly refused: readonly string[] | null;
  /** What the package says, made with a reason where it was refused without one. */
  readonly complete: boolean;
  readonly branches: readonly string[];
  readonly page: string;
  readonly folder: string;
}

interface Told {
  /** What was recorded, each with when. */
  readonly recorded: readonly (readonly [readonly Entry[], number])[];
  readonly period?: Period;
  readonly generatedAt?: number;
}

/** Closes a period, with a reason where it is refused without; the package must be sound for both readers. */
async function close({ recorded, period = PERIOD, generatedAt = GENERATED_AT }: Told): Promise<Closed> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-whole-"));
  folders.push(folder);
  const ledger = await openLedger({ dataDir: join(folder, "data") });
  try {
    for (const [entries, at] of recorded) await ledger.record({ entries }, at);
    await ledger.beat(generatedAt);
    const making = { ...MAKING, ledger, period, generatedAt, by: "carol" };
    const attempt = await closePeriod({
      ...making,
      writer: await openPackage(join(folder, "whole")),
      reason: null,
    });
    if (attempt.refused !== null) {
      const made = await closePeriod({
        ...making,
        writer: await openPackage(join(folder, "whole")),
        reason: "the auditor asked",
      });
      expect(made.refused).toBeNull();
    }
    const text = (path: string): Promise<string> => readFile(join(folder, "whole", path), "utf8");
    expect((await verifyPath(join(folder, "whole"))).defects).toEqual([]);
    expect(recomputeCompleteness(join(folder, "whole"))).toEqual([]);
    const { complete, branches } = JSON.parse(await text("completeness.json")) as {
      readonly complete: boolean;
      readonly branches: readonly { readonly repository: string; readonly branch: string }[];
    };
    return {
      refused: attempt.refused,
      complete,
      branches: branches.map((each) => `${each.repository} ${each.branch}`),
      page: (await text("START-HERE.html")).replaceAll(/\s+/gu, " "),
      folder: join(folder, "whole"),
    };
  } finally {
    await ledger.close();
  }
}

const EARLY = PERIOD.from - 10 * DAY;
const MAIN = "acme/web refs/heads/main";

const uncounted = smallLog().filter(({ kind }) => kind !== "completeness");

/** The repository web as it was met, and in another way. */
function web(more: Partial<RepositoryRecord>): Entry {
  const met = smallLog().find(({ kind, subject }) => kind === "repository" && subject === "1001");
  if (met?.kind !== "repository") throw new Error("the small log has no repository web");
  return { ...met, body: { ...met.body, ...more } };
}

test("a quarter that was counted, every day of it observed, closes without a reason", async () => {
  const closed = await close({ recorded: [[smallLog(), EARLY]] });
  expect(closed).toMatchObject({ refused: null, complete: true, branches: [MAIN] });
});

const LATER: readonly (readonly [string, Partial<RepositoryRecord>])[] = [
  ["put out of scope", { inScope: false, reason: "no production any more; carol" }],
  ["without a production branch", { productionRefs: [] }],
  ["gone", { removedAt: PERIOD.to + DAY / 4 }],
];

firstInEachRun(LATER, (some, options) => {
  test.each(some)(
    "a repository that is %s after the quarter still belongs to the quarter",
    options,
    async (_, more) => {
      const after = [[web(more)], PERIOD.to + DAY / 2] as const;
      const never = await close({ recorded: [[uncounted, EARLY], after] });
      expect(never.refused?.join(" ")).toContain(`Not proven: ${MAIN}`);
      expect(never).toMatchObject({ complete: false, branches: [MAIN] });
      // The honest twin: it was counted before.
      const counted = await close({ recorded: [[smallLog(), EARLY], after] });
      expect(counted).toMatchObject({ refused: null, complete: true, branches: [MAIN] });
    },
  );
});

test("a branch on which something changed is counted, whatever the repository's versions name", async () => {
  const pushed = changeEntry(8, PERIOD.from + 40 * DAY);
  const change = {
    ...pushed.body.change,
    update: { ...pushed.body.change.update, ref: "refs/heads/release" },
  };
  const elsewhere: Entry = { ...pushed, body: { ...pushed.body, change } };
  const closed = await close({ recorded: [[[...smallLog(), elsewhere], EARLY]] });
  expect(closed.refused?.join(" ")).toContain("Not proven: acme/web refs/heads/release");
  expect(closed).toMatchObject({ complete: false, branches: [MAIN, "acme/web refs/heads/release"] });
});

test(
  "a quarter before the App was installed is not complete, whatever its name",
  { tags: ["long"] },
  async () => {
    const period = { name: "2026-Q1", from: Date.parse("2026-01-01"), to: Date.parse("2026-04-01") };
    for (const entries of [smallLog(), []]) {
      const closed = await close({ recorded: [[entries, EARLY]], period });
      expect(closed.refused?.join(" ")).toContain("Nothing of this period was observed");
      expect(closed.refused?.join(" ")).toContain("No production branch was counted");
      expect(closed).toMatchObject({ complete: false, branches: [] });
      expect(closed.page).not.toContain("nothing to count");
    }
  },
);

test("a quarter of which sixteen days were observed is not complete", async () => {
  const period = { name: "2026-Q2", from: Date.parse("2026-04-01"), to: Date.parse("2026-07-01") };
  const counted = smallLog().map((entry): Entry => {
    if (entry.kind !== "completeness") return entry;
    const subject = `1001:refs/heads/main:${period.from}:${period.to}`;
    return { ...entry, subject, at: period.from, body: { ...entry.body, from: period.from, to: period.to } };
  });
  const closed = await close({ recorded: [[counted, EARLY]], period });
  expect(closed.refused?.join(" ")).toContain("Observed only since 2026-06-15T00:00:00Z");
  expect(closed.complete).toBe(false);
  // What was filled in from GitHub's lists is as good as observed.
  const filled = counted.map((entry) =>
    entry.kind === "repository" ? { ...entry, body: { ...entry.body, backfilledFrom: period.from } } : entry,
  );
  expect(await close({ recorded: [[filled, EARLY]], period })).toMatchObject({
    refused: null,
    complete: true,
  });
});

const MET = PERIOD.from + 30 * DAY;

/** The repository api, counted for the whole quarter, which the App met within it. */
function api(more: Partial<RepositoryRecord>): readonly Entry[] {
  const repository = { ...WEB, id: 1002, name: "api" };
  const count = smallLog().find(({ kind }) => kind === "completeness");
  if (count?.kind !== "completeness") throw new Error("the small log has no count");
  const met = web({ repository, installedFrom: MET, ...more });
  return [
    { ...met, subject: "1002", repositoryId: 1002, at: MET },
    {
      ...count,
      subject: count.subject.replace("1001", "1002"),
      repositoryId: 1002,
      body: { ...count.body, repository, listings: [] },
    },
  ];
}

test(
  "a repository that the App met in the quarter is named, unless it is known to be new",
  { tags: ["long"] },
  async () => {
    // Whatever moves out and in again was there before.
    for (const more of [{}, { movedInAt: MET + 20 * DAY }]) {
      const known = await close({ recorded: [[[...smallLog(), ...api(more)], EARLY]] });
      expect(known.refused?.join(" ")).toContain(
        "acme/api refs/heads/main is observed only since 2026-07-31",
      );
    }
    const ann = { id: 101, login: "ann", type: "User" } as const;
    for (const more of [{ madeBy: ann }, { movedInAt: MET }])
      expect(await close({ recorded: [[[...smallLog(), ...api(more)], EARLY]] })).toMatchObject({
        refused: null,
        complete: true,
      });
  },
);

test(
  "a span that the App could not see, and that nobody read afterwards, is named",
  { tags: ["long"] },
  async () => {
    const blind = smallLog().map((entry): Entry => {
      return entry.kind === "coverage-gap" ? { ...entry, body: { ...entry.body, backfilled: false } } : entry;
    });
    const closed = await close({ recorded: [[blind, EARLY]] });
    expect(closed.refused?.join(" ")).toContain(
      "Not observed, and not read afterwards: 2026-08-02T10:00:00Z",
    );
    expect(closed.complete).toBe(false);
  },
);

test("a count made before the quarter ended does not speak for its last minutes", async () => {
  const [early, at] = [PERIOD.to - 20 * 60_000, PERIOD.to + 20 * 60_000];
  const counted = smallLog().map((entry): Entry => {
    return entry.kind === "completeness"
      ? { ...entry, body: { ...entry.body, checkedAt: early, listings: [] } }
      : entry;
  });
  const closed = await close({ recorded: [[counted, EARLY]], generatedAt: at });
  expect(closed.refused?.join(" ")).toContain(
    `Not proven: ${MAIN}, 2026-09-30T23:40:00Z to 2026-10-01T00:00:00Z`,
  );
});

/** What verify.sh finds; none: nothing. */
async function shellDefects(folder: string): Promise<readonly string[]> {
  const ran = promisify(execFile)("sh", [join(folder, "verify.sh"), folder]);
  const { stdout } = await ran.catch((error: unknown) => error as { readonly stdout: string });
  return stdout.split("\n").filter((line) => line.startsWith("DEFECT"));
}

test(
  "whoever calls such a package complete is found out by each verifier, though it is sealed again",
  { tags: ["long"] },
  async () => {
    const early = { name: "2026-Q2", from: Date.parse("2026-04-01"), to: Date.parse("2026-07-01") };
    const blind = smallLog().map((entry): Entry => {
      return entry.kind === "coverage-gap" ? { ...entry, body: { ...entry.body, backfilled: false } } : entry;
    });
    const lies: Readonly<Record<string, Told>> = {
      "no branch was counted": { recorded: [[[], EARLY]] },
      "a branch is not proven": { recorded: [[uncounted, EARLY]] },
      "a branch was observed later": { recorded: [[[...smallLog(), ...api({})], EARLY]] },
      "not all of it was observed": { recorded: [[smallLog(), EARLY]], period: early },
      "2026-08-02T10:00:00 to 2026-08-02T10:25:00 was not observed": { recorded: [[blind, EARLY]] },
    };
    for (const [found, told] of Object.entries(lies)) {
      const { folder } = await close(told);
      expect(await shellDefects(folder), found).toEqual([]);
      const path = join(folder, "completeness.json");
      const text = await readFile(path, "utf8");
      await writeFile(path, text.replace('"complete":false', '"complete":true'));
      await sealAgain(folder);
      const { defects } = await verifyPath(folder);
      expect(
        defects.filter(({ code }) => code === "counts-disagree").map(({ problem }) => problem),
        found,
      ).toEqual(expect.arrayContaining([expect.stringContaining("calls the period complete, though:")]));
      expect(recomputeCompleteness(folder), found).toContain("completeness.json: complete is not so");
      expect((await shellDefects(folder)).join(" "), found).toContain(
        `calls the period complete, and ${found}`,
      );
    }
  },
);

test(
  "a package that leaves out the branch of a change is found out, though it is sealed again",
  { tags: ["long"] },
  async () => {
    const { folder } = await close({ recorded: [[smallLog(), EARLY]] });
    const path = join(folder, "completeness.json");
    const document = JSON.parse(await readFile(path, "utf8")) as Readonly<Record<string, unknown>>;
    await writeFile(path, `${JSON.stringify({ ...document, branches: [] })}\n`);
    await sealAgain(folder);
    expect((await verifyPath(folder)).defects.map(({ problem }) => problem)).toContain(
      "does not name refs/heads/main of repository 1001, on which changes.csv has changes",
    );
    expect(recomputeCompleteness(folder)).toContain(
      "completeness.json: not the production branches that were in scope in the period",
    );
  },
);
