/** An independent program recomputes packages: it finds nothing in true ones, and each lie that was planted in one and sealed again. */

import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { canonical } from "../../src/domain/values/digest.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { rounds, sample } from "../support/effort.ts";
import {
  changeEntry,
  deploymentEntry,
  deviationEntry,
  exportTo,
  GENERATED_AT,
  ledgerWith,
  PERIOD,
  POLICY_DIGEST as POLICY,
  smallLog,
} from "../evidence/fixture.ts";
import { sealAgain } from "./liar.ts";
import { recompute } from "./recompute.ts";
import { witnessed } from "./witnessed.ts";

const CHANGES = rounds(90, 2_000);
const DAY = 86_400_000;

/** A quarter with every kind of trouble: pushes, what cannot be told, waived, historic and only observed, late, with gaps and deviations. */
function troubled(): readonly Entry[] {
  const step = Math.floor((80 * DAY) / CHANGES);
  const entries: Entry[] = [];
  for (let n = 100; n < 100 + CHANGES; n += 1) {
    const when = PERIOD.from + 3 * DAY + (n - 100) * step;
    const entry = changeEntry(n, when);
    const { body } = entry;
    const told = (outcome: "unverifiable" | "waived", verdict: "unverifiable" | "emergency"): Entry => ({
      ...entry,
      body: {
        ...body,
        class: verdict === "emergency" ? "emergency" : "normal",
        assessment: {
          ...body.assessment,
          verdict,
          results: body.assessment.results.map((each) =>
            each.control === "independently-approved" ? { ...each, outcome, cause: "made-up" } : each,
          ),
        },
      },
    });
    const kind = n % 25;
    if (kind === 1) entries.push(told("unverifiable", "unverifiable"));
    else if (kind === 2) entries.push(told("waived", "emergency"));
    else if (kind === 3)
      entries.push({
        ...entry,
        body: { ...body, assessment: { ...body.assessment, verdict: "historic" } },
      });
    else if (n % 50 === 14) entries.push({ ...entry, body: { ...body, mode: "observe" } });
    else {
      entries.push(entry);
      if (n % 10 === 4) entries.push(deviationEntry(n, when));
    }
    if (n % 20 === 19) entries.push(deploymentEntry(n, [n - 2, n - 1, n], when + 1_000));
  }
  return witnessed([...smallLog(), ...entries]);
}

let folder: string;
let close: () => Promise<void>;
let quarter: string;

beforeAll(async () => {
  const made = await ledgerWith(troubled());
  ({ folder, close } = made);
  quarter = join(folder, "quarter");
  await exportTo(made.ledger, quarter);
});

afterAll(() => close());

/** Changes a copy of the quarter, seals it again as its maker could, and answers what the program finds. */
async function lied(change: (place: string) => Promise<void>): Promise<readonly string[]> {
  const place = join(folder, "lied");
  await rm(place, { recursive: true, force: true });
  await mkdir(place);
  await cp(quarter, place, { recursive: true });
  await change(place);
  await sealAgain(place);
  return recompute(place);
}

async function edit(place: string, path: string, change: (text: string) => string): Promise<void> {
  const before = await readFile(join(place, path), "utf8");
  const after = change(before);
  if (after === before) throw new Error(`the lie changes nothing in ${path}`);
  await writeFile(join(place, path), after);
}

/** Changes the first row that holds all of these words. */
function row(words: readonly string[], change: (line: string) => string | null): (text: string) => string {
  return (text) => {
    const lines = text.split("\n");
    const index = lines.findIndex((line) => words.every((word) => line.includes(word)));
    const line = lines[index];
    if (line === undefined) throw new Error(`no row holds ${words.join(", ")}`);
    const after = change(line);
    lines.splice(index, 1, ...(after === null ? [] : [after]));
    return lines.join("\n");
  };
}

const csv =
  (path: string, words: readonly string[], from: string | RegExp, to: string) =>
  (place: string): Promise<void> =>
    edit(
      place,
      path,
      row(words, (line) => line.replace(from, to)),
    );
const without =
  (path: string, ...words: readonly string[]) =>
  (place: string): Promise<void> =>
    edit(
      place,
      path,
      row(words, () => null),
    );
const json =
  (path: string, from: string | RegExp, to: string) =>
  (place: string): Promise<void> =>
    edit(place, path, (text) => text.replace(from, to));
const all =
  (...lies: readonly ((place: string) => Promise<void>)[]) =>
  async (place: string): Promise<void> => {
    for (const lie of lies) await lie(place);
  };

const LIES: Readonly<Record<string, (place: string) => Promise<void>>> = {
  "a direct push was compliant": csv("changes.csv", [",non-compliant,"], ",non-compliant,", ",compliant,"),
  "a direct push never happened": all(
    without("changes.csv", ",non-compliant,"),
    json("manifest.json", /"changes":(\d+)/u, '"changes":1'),
  ),
  "a push was a pull request": csv("changes.csv", [",push,"], ",push,", ",pull-request,"),
  "a failed test passed": csv("control-tests.csv", [",fail,"], ",fail,", ",pass,"),
  "a failed test was not made": without("control-tests.csv", ",fail,"),
  "what could not be told passed": csv("control-tests.csv", [",unverifiable,"], ",unverifiable,", ",pass,"),
  "a test failed for a kinder reason": csv(
    "control-tests.csv",
    ["no-pull-request"],
    "no-pull-request",
    "requested",
  ),
  "a deviation was not there": without("deviations.csv", "direct-push", ",open,"),
  "a deviation is closed": csv("deviations.csv", [",open,"], ",open,", ",closed,"),
  "a deviation weighs little": csv("deviations.csv", [",high,"], ",high,", ",low,"),
  "a deviation was found at once": csv("deviations.csv", [",4,"], ",4,", ",0,"),
  "somebody else deviated": csv("deviations.csv", ["eve#103"], "eve#103", "ann#101"),
  "a control failed less often": csv(
    "deviations.csv",
    [",open,"],
    /(independently-approved),\d+,(\d+),eve/u,
    "$1,1,$2,eve",
  ),
  "a change has no deviation": csv(
    "changes.csv",
    [",non-compliant,", ",enforce,"],
    /(merged-by-pull-request,[^,]*,[^,]*),[0-9a-f]{64},/u,
    "$1,,",
  ),
  "only observed": csv("changes.csv", [",non-compliant,", ",enforce,"], ",enforce,", ",observe,"),
  "somebody approved it": csv(
    "changes.csv",
    ["ann#101;write", ";own-work"],
    /bob#102;write/u,
    "cat#104;write",
  ),
  "somebody else wrote it": csv("changes.csv", ["ann#101"], "ann#101", "cat#104"),
  "it was seen when it happened": csv(
    "changes.csv",
    [",yes,read-later"],
    ",yes,read-later",
    ",no,read-later",
  ),
  "another policy judged it": csv(
    "changes.csv",
    [",compliant,"],
    POLICY,
    POLICY.replace(/^./u, (digit) => (digit === "0" ? "1" : "0")),
  ),
  "it happened a day earlier": csv("changes.csv", ["2026-08-01T"], "2026-08-01T", "2026-07-31T"),
  "it was made a day earlier": csv(
    "changes.csv",
    [",compliant,", "2026-09-01T"],
    /2026-09-01T/gu,
    "2026-08-31T",
  ),
  "another commit was deployed": csv(
    "deployments.csv",
    [",production,"],
    /,[0-9a-f]{40},main,/u,
    `,${"0".repeat(40)},main,`,
  ),
  "a rate is better": json(
    "summary.json",
    /"numerator":(\d+),"rate":"0\.\d+"/u,
    '"numerator":$1,"rate":"0.9999"',
  ),
  "what counts is historic": csv("control-tests.csv", [",fail,", ",no,"], ",no,", ",yes,"),
  "what is historic counts": csv("control-tests.csv", [",yes,"], ",yes,", ",no,"),
  "nothing historic was left out": json(
    "START-HERE.html",
    /<p>\s*\d+ changes?\s+and\s+\d+ deployments?\s+happened[^<]*<\/p>/u,
    "",
  ),
  "fewer were non-compliant": json("summary.json", /"non-compliant":\d+/u, '"non-compliant":1'),
  "nothing was late": json("summary.json", /"late":\d+/u, '"late":0'),
  "a count was complete": csv("completeness.csv", [",yes,no,yes,"], ",yes,no,yes,", ",no,no,yes,"),
  "more is proven": json("completeness.json", /"updates_matched":\d+/u, '"updates_matched":99999'),
  "nothing came without a pull request": json(
    "completeness.json",
    /"without_pull_request":\d+/u,
    '"without_pull_request":0',
  ),
  "there was no gap": without("coverage-gaps.csv", "gap-1"),
  "a gap was short": csv("coverage-gaps.csv", ["gap-1"], "10:25:00Z", "10:05:00Z"),
  "a gap was not read afterwards, and was": csv("coverage-gaps.csv", ["gap-1"], ",yes,", ",no,"),
  "an entry says otherwise": json(
    "log/entries.jsonl",
    '"comment":"=looked at each"',
    '"comment":"=looked at all"',
  ),
  "an entry says otherwise, with its hash": async (place) =>
    edit(
      place,
      "log/entries.jsonl",
      row(['"kind":"deviation"'], (line) => {
        const { hash: _, previousHash, ...rest } = JSON.parse(line) as Record<string, unknown>;
        const body = { ...(rest["body"] as object), severity: "low" };
        const changed = { ...rest, body };
        const hash = createHash("sha256")
          .update(`${String(previousHash)}\n${canonical(changed)}`)
          .digest("hex");
        return canonical({ ...changed, previousHash, hash });
      }),
    ),
  "an entry is gone": all(
    without("log/entries.jsonl", '"kind":"deviation"'),
    json("log/head.json", /"entries":\d+/u, '"entries":1'),
  ),
  "the log is shorter": json("log/head.json", /"size":\d+/u, '"size":3'),
  "the branch went on where it was not": csv("ref-updates.csv", [",yes,"], ",yes,", ",no,"),
  "a limitation is kept quiet": all(
    json("manifest.json", /"The policy does not require[^"]*",/u, ""),
    json("START-HERE.html", /<li>The policy does not require[\s\S]*?<\/li>/u, "<li></li>"),
  ),
  "the first page is kinder": json(
    "START-HERE.html",
    /<li>The policy does not require[\s\S]*?<\/li>/u,
    "<li></li>",
  ),
  "the first page knows no gap": json(
    "START-HERE.html",
    /\d+ spans? in which the App could not see;[^<]*<\/p>/u,
    "None is known.</p>",
  ),
  "somebody else signed": csv("monitoring.csv", ["2026-08-05T"], /carol#33,2026-08-05/u, "dan#34,2026-08-05"),
  "somebody else was asked": csv("monitoring.csv", ["2026-08-05T"], "carol#33", "dan#34"),
  "a month was clean": csv("monitoring.csv", ["2026-08"], /,no\r?$/u, ",yes"),
  "a month had no failure": csv(
    "monitoring.csv",
    ["approved:2026-08"],
    /,(\d+),\d+,(\d+),no(?=\r?$)/u,
    ",$1,0,$2,no",
  ),
  "a month that changed did not": csv("monitoring.csv", [",changed,"], ",changed,", ",signed-off,"),
  "somebody else owns a control": csv("controls.csv", ["independently-approved"], /,(\d+),1,/u, ",$1,2,"),
};

describe("the independent program", () => {
  test("finds nothing in a quarter with every kind of trouble, nor does verify", async () => {
    expect(await recompute(quarter)).toEqual([]);
    expect((await verifyPath(quarter)).defects).toEqual([]);
  });

  test("finds nothing in what an App that was switched off left behind", { tags: ["long"] }, async () => {
    const made = await ledgerWith(
      witnessed(smallLog().filter(({ at, kind }) => kind === "completeness" || at < PERIOD.from + 40 * DAY)),
    );
    try {
      await made.ledger.beat(PERIOD.from + 40 * DAY);
      const place = join(made.folder, "off");
      await exportTo(made.ledger, place);
      expect(await recompute(place)).toEqual([]);
      expect((await verifyPath(place)).defects).toEqual([]);
      const page = await readFile(join(place, "START-HERE.html"), "utf8");
      expect(page).toContain("Nobody observed 2026-08-10 to the end of 2026-09-30");
      expect(page).not.toContain("None is known");
      expect(await readFile(join(place, "coverage-gaps.csv"), "utf8")).toContain(
        "no App has been running since 2026-08-10",
      );
      // Nor may what says so be taken out of the one file that the log does not give.
      await edit(place, "observed.json", (text) => text.replace(/"unseen":\[[^\]]*\]/u, '"unseen":[]'));
      await sealAgain(place);
      expect((await verifyPath(place)).defects.map(({ file }) => file)).toContain("observed.json");
    } finally {
      await made.close();
    }
  });

  test("finds nothing in a copy that was sealed again unchanged", async () => {
    expect(await lied(() => Promise.resolve())).toEqual([]);
  });

  test("knows more than thirty lies", () => {
    expect(Object.keys(LIES).length).toBeGreaterThanOrEqual(30);
    expect(GENERATED_AT).toBeGreaterThan(PERIOD.to);
  });

  test.each(sample(Object.entries(LIES), 10))("finds the lie that %s", { tags: ["long"] }, async (_, lie) => {
    expect(await lied(lie)).not.toEqual([]);
  });
});
