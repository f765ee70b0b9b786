/** A story played for its rows: what there is of every kind at its end, in a form two plays can be compared by. */

import type { Observations } from "../../src/cli/scenario/observations.ts";
import type { Expectation } from "../../src/cli/scenario/format/expectations.ts";
import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import { printScenarioResult } from "../../src/cli/scenario/result.ts";
import type { Harness } from "../../src/cli/scenario/harness/harness.ts";
import { canonical } from "../../src/domain/values/digest.ts";

/** The kinds of row that tell what a story came to. */
const KINDS = [
  "changes",
  "deployments",
  "deviations",
  "remediations",
  "emergencies",
  "retroactive-reviews",
  "coverage-gaps",
  "control-state",
  "monitoring",
  "gate",
  "issues",
  "comments",
  "notifications",
  "complete",
] as const;

/** Rows by kind, each a line of canonical JSON, sorted; after it may follow what is shown and not compared. */
export type Rows = Readonly<Record<string, readonly string[]>>;

/**
 * GitHub counts whatever it makes; something more in between moves the numbers that follow. A deviation is named after its cause, and
 * a gap that was found later may have begun with another delivery.
 */
const NUMBER =
  /(?<=\breply:\d+:)\d+\b|(?<=countersign-comment:)[0-9a-f]{32}\b|(?<=DEV-|EMG-)[0-9a-f]{12}\b/gu;

/** Columns that tell when something was found or said, and not what. */
const LATER: readonly string[] = ["late", "at", "since"];
/** A gap says what was tried by the time it was found: shown where gaps differ, and not compared. */
const OF_A_GAP: readonly string[] = [...LATER, "says"];
/** Ends what is compared of a row; a line of JSON has none. */
const END = "\n";
const TIME =
  /\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z| \d\d:\d\d(?::\d\d)? [A-Z][\w/+-]*(?: \(UTC[+-]\d\d:\d\d\))?)|\b[\d.]+ (?:minute|hour|day)s?\b/gu;

/**
 * Stands for the heads of the log on one issue: how many entries it held depends on what was recorded late or once more, and on a
 * day on which the App was not there none is posted.
 */
const HEAD = "heads of the log";

function isHead(kind: string, { says }: Readonly<Record<string, unknown>>): boolean {
  return kind === "comments" && typeof says === "string" && says.includes("\ncountersign-head ");
}

const NOTHING: Expectation = { kind: "check", rows: [], exactly: false, absent: false };
const LOOK: Scenario["story"][number] = { expect: NOTHING, line: 0 };

function waiting(time: string): Scenario["story"][number] {
  return { do: { do: "wait", for: time }, line: 0 };
}

/**
 * Plays a story without its expectations, and returns its rows. `maybeLate`: what was found or said later, and so is due later, is the
 * same row. `between`: after each step the play is looked at, waits so long, and is looked at again. Throws when a step goes otherwise
 * than written.
 */
export async function rowsOf(
  scenario: Scenario,
  harness: Harness,
  {
    maybeLate = false,
    between,
  }: {
    readonly maybeLate?: boolean;
    readonly between?: {
      readonly wait: string;
      readonly look: (observations: Observations) => Promise<void>;
    };
  } = {},
): Promise<Rows> {
  const line = (kind: string, row: Readonly<Record<string, unknown>>): string => {
    if (!maybeLate) return canonical(leftOut(row, []));
    if (isHead(kind, row)) return canonical({ ...leftOut(row, LATER), says: HEAD });
    const isGap = kind === "coverage-gaps";
    const compared = canonical(leftOut(row, isGap ? OF_A_GAP : LATER))
      .replaceAll(TIME, "(time)")
      .replaceAll(NUMBER, "");
    return isGap ? `${compared}${END}says ${canonical(row["says"] ?? null)}` : compared;
  };
  const rows: Record<string, readonly string[]> = {};
  const played: Scenario = {
    ...scenario,
    story: scenario.story
      .filter((step) => "do" in step)
      .flatMap((step) => (between === undefined ? [step] : [step, LOOK, waiting(between.wait), LOOK])),
    expect: [{ ...NOTHING, kind: "complete", line: 0 }],
  };
  const result = await playScenario(played, harness, {
    onExpectation: async (_, observations: Observations, final) => {
      if (!final) return between?.look(observations);
      for (const kind of KINDS) {
        const seen = await observations.rowsFor(
          { kind, rows: [], exactly: false, absent: false },
          scenario.start,
        );
        if (typeof seen === "string") throw new Error(seen);
        const lines = seen.rows.map((row) => line(kind, row)).toSorted();
        // A message that was sent and not known to be sent is sent again, under the same id: whoever gets it can tell. And a spell in
        // which deliveries were lost may be told in two, where the App was gone in between.
        const maybeTwice = maybeLate && (kind === "notifications" || kind === "coverage-gaps");
        const once = [...new Map(lines.map((each) => [comparedOf(each), each])).values()];
        const heads = new Set(lines.filter((each) => each.includes(HEAD)));
        rows[kind] = maybeTwice ? once : [...heads, ...lines.filter((each) => !heads.has(each))].toSorted();
      }
    },
  });
  const broken = result.failures.filter(({ step, mismatch }) => step !== null && mismatch === null);
  if (broken.length > 0) throw new Error(printScenarioResult({ ...result, failures: broken }));
  return rows;
}

/** Lines about what is in one play and not in the other; none where they came to the same. */
export function differences(one: Rows, other: Rows): readonly string[] {
  return KINDS.flatMap((kind) => {
    const [before, after] = [one[kind] ?? [], other[kind] ?? []];
    const lines = [
      ...missingIn(after, before).map((row) => `- ${kind} ${row}`),
      ...missingIn(before, after).map((row) => `+ ${kind} ${row}`),
    ];
    return lines.length === 0 && before.length !== after.length
      ? [`${kind}: ${before.length} rows, and ${after.length} rows`]
      : lines;
  });
}

function comparedOf(row: string): string {
  return row.split(END)[0] ?? "";
}

/** Returns those of some rows that others lack. */
function missingIn(others: readonly string[], rows: readonly string[]): readonly string[] {
  const there = new Set(others.map(comparedOf));
  return rows.filter((row) => !there.has(comparedOf(row))).map((row) => row.replace(END, " "));
}

function leftOut(row: Readonly<Record<string, unknown>>, without: readonly string[]): object {
  return Object.fromEntries(
    Object.entries(row).filter(([column, value]) => !without.includes(column) && value !== undefined),
  );
}
