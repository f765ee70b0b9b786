/** @module-tag long */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import type { HistoryCommit } from "../support/history.ts";
import { actOut, historyOfRepository, historyScenario, readHistory } from "../support/history.ts";
import { differences, findChanges } from "../support/history-findings.ts";
import { openHarness } from "../support/harness.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A history with every kind of commit; made up, always the same. */
function generated(rounds: number): readonly HistoryCommit[] {
  const kinds = ["squash", "merge", "push", "trailer", "merge-push", "revert"] as const;
  const sha = (number: number): string => number.toString(16).padStart(40, "0");
  const commits: HistoryCommit[] = [];
  let time = 1_780_000_000;
  let last = "";
  for (let index = 0; index < rounds * kinds.length; index += 1) {
    const kind = kinds[index % kinds.length]!;
    time += 7_000 + index;
    const person = (offset: number): string => `p${((index + offset) % 5) + 1}`;
    const common = { authored: time, committed: time, author: person(0), committer: person(1) };
    const side = sha(1_000_000 + index);
    if (kind === "merge") {
      const from = { ...common, committed: time - 60, co_authors: [person(2)], reviewers: [] };
      commits.push({ ...from, sha: side, parents: [last], files: 2, first_parent: false });
    }
    const own = sha(index + 1);
    commits.push({
      ...common,
      sha: own,
      parents: kind === "merge" ? [last, side] : [last],
      co_authors: [],
      reviewers: kind === "trailer" ? [person(3), person(0)] : [],
      files: kind === "merge" || kind === "merge-push" ? 0 : (index % 3) + 1,
      first_parent: true,
      kind,
      ...(kind === "squash" || kind === "merge" || kind === "trailer" ? { pull: 100 + index } : {}),
    });
    last = own;
  }
  return commits;
}

async function play(
  commits: readonly HistoryCommit[],
  dropEvery?: number,
  byHand = false,
): Promise<{ problems: readonly string[]; late: number }> {
  const stage = await openHarness(historyScenario(commits), "sqlite");
  try {
    const acted = await actOut(commits, stage, { byHand, ...(dropEvery === undefined ? {} : { dropEvery }) });
    if (dropEvery !== undefined) {
      await stage.double.setFault("recover");
      await stage.app.sweep();
    }
    const found = await findChanges(stage, commits, acted.proven);
    expect(await stage.double.breaches()).toEqual([]);
    const lossy = dropEvery !== undefined;
    const problems = differences(acted.updates, found.changes, found.complete, lossy);
    expect(found.unexplained).toBe(0);
    return { problems, late: found.late };
  } finally {
    await stage.close();
  }
}

describe("a history acted out", () => {
  test("of every kind of commit: each update is covered once, and pushes alone lack a pull request", async () => {
    expect(await play(generated(3))).toEqual({ problems: [], late: 0 });
  });

  test("with what was landed by hand pushed from a laptop: the same, and none of that is compliant", async () => {
    expect(await play(generated(2), undefined, true)).toEqual({ problems: [], late: 0 });
  });

  test("with every third webhook lost: the same after one sweep", async () => {
    expect((await play(generated(3), 3)).problems).toEqual([]);
  });

  test.skipIf(!existsSync(`${ROOT}.git`))("of this project: the same", async () => {
    const commits = (await historyOfRepository(ROOT)).slice(-60);
    expect((await play(commits)).problems).toEqual([]);
  });
});

test("a difference is told: a missing row, a second row, a wrong pull request, a wrong verdict, a row too many, incompleteness", () => {
  const acted = [
    { sha: "a", kind: "squash", after: "1", pull: 1, approved: false },
    { sha: "b", kind: "push", after: "2", pull: null, approved: false },
    { sha: "c", kind: "push", after: "3", pull: null, approved: false },
    { sha: "d", kind: "merge", after: "4", pull: 2, approved: true },
  ] as const;
  const row = (after: string, pulls: string, verdict = "non-compliant") => ({ after, pulls, verdict });
  const found = [row("1", "7", "compliant"), row("2", ""), row("2", ""), row("4", "2"), row("9", "")];
  expect(differences(acted, found, false)).toEqual([
    'a (squash) names pull request "7", not "1"',
    "b (push) is covered by 2 rows, not 1",
    "c (push) is covered by 0 rows, not 1",
    "a (squash), not approved, is compliant",
    "d (merge), approved, is non-compliant",
    "a change to 9 was never acted out",
    "completeness does not say so",
  ]);
});

test("a history file that is not as documented is refused with its line", () => {
  expect(() => readHistory('\n{"sha":"x"}\n')).toThrow(/line 2/u);
});
