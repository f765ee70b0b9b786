/** Law 10: a stale answer of GitHub's never makes a verdict better or a check green; once it has caught up, the rows are the same. */

import { describe, expect, test } from "vitest";

import type { Scenario } from "../../src/cli/scenario/format.ts";
import type { Sights } from "../../src/cli/scenario/sights.ts";
import { canonical } from "../../src/domain/digest.ts";
import { LAG_KINDS } from "../github/lag.ts";
import { sample, SEED } from "../support/effort.ts";
import { differences, rowsOf, type Rows } from "../support/rows.ts";
import { scenarios } from "../support/scenarios.ts";
import { openStage } from "../support/stage.ts";

/** What lags lags so long (s), and between two steps GitHub has caught up. */
const LAG = 240;
const WAIT = "11m";

/** Webhooks that do not arrive, and a GitHub or an App that does not answer, are no matter of lag. */
const OTHER_WEATHER: ReadonlySet<string> = new Set([
  "lag",
  "outage",
  "reorder-webhooks",
  "duplicate-webhooks",
  "github-fails",
  "github-says",
  "kill",
  "skew-clock",
  "tamper-log",
]);
/** `LAG="story's name:reviews"`: one play alone, to look at. */
const ONE = /^(.+):([a-z-]+)$/u.exec(process.env["LAG"] ?? "");
/** So many plays of a sample take half a minute. */
const SAMPLED = 6;

describe("under lag", () => {
  test("no check is green and no verdict compliant that would not be so without, and the rows are the same in the end", async () => {
    const stories = scenarios().filter(({ name, story }) =>
      ONE === null
        ? story.every((step) => "expect" in step || !OTHER_WEATHER.has(step.do.do))
        : name === ONE[1],
    );
    const kinds = ONE === null ? LAG_KINDS : LAG_KINDS.filter((kind) => kind === ONE[2]);
    const plays = stories.flatMap((story) => kinds.map((kind) => ({ story, kind })));
    const wrong: string[] = [];
    let played = 0;
    let left = 0;
    const calm = new Map<Scenario, Play | null>();
    for (const { story, kind } of sample(plays, SAMPLED)) {
      const before = calm.get(story) ?? (await playOf(story, {}).catch(() => null));
      calm.set(story, before);
      // A story whose steps must follow close upon one another is not told with pauses.
      if (before === null) left += 1;
      else {
        played += 1;
        const lag = { of: kind, each: true, for: LAG };
        const late = await playOf(story, { lag }).catch((error: unknown) => String(error));
        wrong.push(...worseIn(before, late).map((line) => `${story.name}:${kind}: ${line}`));
      }
    }
    console.log(`seed ${SEED}: ${played} plays under lag, ${left} left out`);
    expect(played).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  }, 14_400_000);
});

interface Play {
  /** What lets something pass, at each look: green checks and compliant changes. */
  readonly looks: readonly ReadonlySet<string>[];
  readonly rows: Rows;
}

async function playOf(
  story: Scenario,
  { lag }: { readonly lag?: Readonly<Record<string, unknown>> },
): Promise<Play> {
  const stage = await openStage(story, "sqlite", lag === undefined ? {} : { lag });
  const looks: ReadonlySet<string>[] = [];
  const look = async (sights: Sights): Promise<void> => {
    looks.push(
      new Set([...(await passing(sights, story, "check")), ...(await passing(sights, story, "changes"))]),
    );
  };
  try {
    const rows = await rowsOf(story, stage, { maybeLate: true, between: { wait: WAIT, look } });
    return { looks, rows };
  } finally {
    await stage.close();
  }
}

async function passing(
  sights: Sights,
  story: Scenario,
  kind: "check" | "changes",
): Promise<readonly string[]> {
  const seen = await sights.see({ kind, rows: [], exactly: false, absent: false }, story.start);
  if (typeof seen === "string") throw new Error(seen);
  return seen.rows
    .filter((row) => row["passes"] === true || row["verdict"] === "compliant")
    .map(({ repository, pull, pulls, commit, step, update, verdict }) =>
      canonical({ kind, ...defined({ repository, pull, pulls, commit, step, update, verdict }) }),
    );
}

function defined(row: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

function worseIn(calm: Play, late: Play | string): readonly string[] {
  if (typeof late === "string") return [late];
  const better = late.looks.flatMap((look, index) =>
    [...look]
      .filter((each) => calm.looks[index]?.has(each) !== true)
      .map((each) => `look ${index + 1}: ${each}`),
  );
  return [...better, ...differences(calm.rows, late.rows)];
}
