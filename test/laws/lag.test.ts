/**
 * Law 10: a stale answer of GitHub's never makes a verdict better or a check green; once it has caught up, the rows are the same.
 *
 * @module-tag long
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { LAG_KINDS, type LagKind } from "../github/lag.ts";
import { isWhole, rounds, sample, SEED } from "../support/effort.ts";
import { ENFORCED, INTENT, MADE_UP, stepsOf, type Intent } from "../support/made-up.ts";
import { betterThan, playLookedAt, possible, type Play } from "../support/plays.ts";
import { differences } from "../support/rows.ts";
import { scenarios } from "../support/scenarios.ts";

/** What lags lags so long (s); between two steps GitHub has caught up. */
const LAG = 240;

/** What a queue still has to merge lands before the end, and GitHub has caught up with that too. */
const AT_LAST: Scenario["story"][number] = { do: { do: "wait", for: "30m" }, line: 0 };

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
  "rewrite-log",
]);
/** `LAG="story's name:reviews"`: one play alone, to look at; without a name, every story under one kind of answer. */
const ONE = /^(.*):([a-z-]+)$/u.exec(process.env["LAG"] ?? "");
/** All stories under every kind of answer take hours: where everything is tested, one of so many parts is played, drawn by the seed. */
const PARTS = 25;
/** `LAG_PART=3/25`: the third of 25 parts of all stories, each of its stories under every kind of answer. */
const ASKED = process.env["LAG_PART"];
const PART = /^(\d+)\/(\d+)$/u.exec(
  ASKED ?? (isWhole && ONE === null ? `${1 + (SEED % PARTS)}/${PARTS}` : ""),
);
/** So many plays of a sample, and of stories made up, take half a minute. */
const SAMPLED = Number(process.env["LAG_PLAYS"] ?? 4);
const MADE_UP_SAMPLED = Number(process.env["LAG_PLAYS"] ?? 2);
/** Stories made up when everything is played, each under one kind of answer. */
const MADE_UP_IN_ALL = 60;

const KINDS = ONE === null ? LAG_KINDS : LAG_KINDS.filter((kind) => kind === ONE[2]);

describe("under lag, no check is green and no verdict compliant that would not be so without, and the rows are the same in the end", () => {
  test("of every story", { tags: ["long"] }, async () => {
    const stories = scenarios().filter(({ name, story }) =>
      ONE === null || ONE[1] === ""
        ? story.every((step) => "expect" in step || !OTHER_WEATHER.has(step.do.do))
        : name === ONE[1],
    );
    const chosen = PART === null ? stories : stories.filter((_, index) => isIn(PART, index));
    const plays = chosen.flatMap((story) => KINDS.map((kind) => ({ story, kind })));
    const drawn = PART === null ? sample(plays, SAMPLED) : plays;
    expect(await wrongIn(PART === null ? "stories" : `part ${PART[0]} of the stories`, drawn)).toEqual([]);
  });

  test.skipIf((ASKED !== undefined && !isWhole) || (ONE !== null && ONE[1] !== ""))(
    "of stories made up",
    async () => {
      const drawn = fc.sample(fc.array(INTENT, { minLength: 8, maxLength: 14 }), {
        numRuns: rounds(MADE_UP_SAMPLED, MADE_UP_IN_ALL),
      });
      const plays = [];
      for (const [index, intents] of drawn.entries()) {
        const kind = KINDS[(SEED + index) % KINDS.length] ?? "pulls";
        // Where its base was rewritten, the double lists other commits of a merged pull request than of the open one: no answer tells that one is old.
        const told = intents.filter(
          (intent) => kind !== "commits" || intent.kind !== "force-push-production",
        );
        plays.push({ story: await possible(madeUp(index, told)), kind });
      }
      expect(await wrongIn("stories made up", plays)).toEqual([]);
    },
  );
});

/** Returns whether a story is in the part asked for: every so manyth is. */
function isIn([, which, of]: RegExpExecArray, index: number): boolean {
  return index % Number(of) === Number(which) - 1;
}

/** Every second one is enforced, without a queue: a check that waits would keep it from merging. */
function madeUp(index: number, intents: readonly Intent[]): Scenario {
  const isEnforced = index % 2 === 1;
  const story = stepsOf(intents, !isEnforced).map((step) => ({ do: step, line: 0 }));
  return { ...(isEnforced ? ENFORCED : MADE_UP), name: `story ${index + 1} made up by ${SEED}`, story };
}

/** Plays each, with lag and without; returns what is wrong. */
async function wrongIn(
  what: string,
  plays: readonly { readonly story: Scenario; readonly kind: LagKind }[],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  let played = 0;
  let left = 0;
  const calm = new Map<Scenario, Play | null>();
  for (const { story, kind } of plays) {
    const before = calm.get(story) ?? (await playOf(story, kind, 0).catch(() => null));
    calm.set(story, before);
    // A story whose steps must follow close upon one another is not told with pauses.
    if (before === null) {
      left += 1;
      continue;
    }
    played += 1;
    const late = await playOf(story, kind, LAG).catch((error: unknown) => String(error));
    const found = worseIn(before, late).map((line) => `${story.name}:${kind}: ${line}`);
    wrong.push(...found);
    if (process.env["LAG_PLAYS"] !== undefined || PART !== null)
      console.log([`${kind}: ${story.name}`, ...found].join("\n  "));
  }
  console.log(`seed ${SEED}: ${played} plays of ${what} under lag, ${left} left out`);
  expect(played).toBeGreaterThan(0);
  return wrong;
}

/** Plays a story where each answer of one kind is old for so many seconds; none is where it is for 0. */
function playOf(story: Scenario, kind: LagKind, seconds: number): Promise<Play> {
  return playLookedAt(
    { ...story, story: [...story.story, AT_LAST] },
    { lag: { of: kind, each: true, for: seconds } },
  );
}

function worseIn(calm: Play, late: Play | string): readonly string[] {
  if (typeof late === "string") return [late];
  return [...betterThan(calm, late), ...differences(calm.rows, late.rows)];
}
