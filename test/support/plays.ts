/** Plays looked at step by step: what they let pass, and what they came to. */

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import type { Observations } from "../../src/cli/scenario/observations.ts";
import { canonical } from "../../src/domain/values/digest.ts";
import { rowsOf, type Rows } from "./rows.ts";
import { openHarness, type HarnessOptions } from "./harness.ts";

/** Between two steps GitHub has caught up. */
const WAIT = "11m";

/** A play. */
export interface Play {
  /** What lets something pass, at each look: green checks and compliant changes. */
  readonly looks: readonly ReadonlySet<string>[];
  readonly rows: Rows;
}

/** Plays a story and looks after each step, at once and eleven minutes later. Throws where a step goes otherwise than written. */
export async function playLookedAt(story: Scenario, options: HarnessOptions): Promise<Play> {
  const harness = await openHarness(story, "sqlite", options);
  const looks: ReadonlySet<string>[] = [];
  const look = async (observations: Observations): Promise<void> => {
    looks.push(
      new Set([
        ...(await passing(observations, story, "check")),
        ...(await passing(observations, story, "changes")),
      ]),
    );
  };
  try {
    const rows = await rowsOf(story, harness, { maybeLate: true, between: { wait: WAIT, look } });
    return { looks, rows };
  } finally {
    await harness.close();
  }
}

/** Returns what a play lets pass at a look at which the other did not. `from`: the first look of that one. */
export function betterThan(calm: Play, other: Play, from = 0): readonly string[] {
  return calm.looks.flatMap((look, index) =>
    [...(other.looks[index + from] ?? [])]
      .filter((each) => !look.has(each))
      .map((each) => `look ${index + 1}: ${each}`),
  );
}

/** Returns a story without the steps that GitHub refuses: a branch of one commit has none before it, a conflict cannot be merged. */
export async function possible(story: Scenario): Promise<Scenario> {
  const harness = await openHarness(story, "sqlite");
  try {
    const result = await playScenario(story, harness);
    const refused = new Set(result.failures.map(({ step }) => step));
    if (refused.size === 0) return story;
    return await possible({ ...story, story: story.story.filter((_, index) => !refused.has(index + 1)) });
  } finally {
    await harness.close();
  }
}

async function passing(
  observations: Observations,
  story: Scenario,
  kind: "check" | "changes",
): Promise<readonly string[]> {
  const seen = await observations.rowsFor({ kind, rows: [], exactly: false, absent: false }, story.start);
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
