import { describe, expect, test } from "vitest";
import type { ChangeRecord } from "../../src/domain/records/change.ts";
import { goneOfChange, goneOfDeployment, sourceGone } from "../../src/domain/evidence/source-gone.ts";
import type { DeploymentRecord } from "../../src/domain/records/deployment.ts";

const SHA = "a".repeat(40);

/** As much of a change as its sources are told from: a pull request approved by two, one of whom does not count. */
const CHANGE = {
  change: {
    update: { after: SHA },
    pullRequests: [{ number: 3, reviews: [{ id: 17 }, { id: 18 }] }],
  },
  assessment: {
    approvals: [
      { reviewId: 17, actorId: 5002, login: "bob", counts: true },
      { reviewId: 18, actorId: 5003, login: "cat", counts: false },
    ],
  },
} as unknown as ChangeRecord;

const DEPLOYMENT = { deployment: { number: 9, run: { id: 12 } } } as unknown as DeploymentRecord;

function shown(reviews: ReadonlyMap<number, boolean> | null, commits: readonly string[] = [SHA]) {
  return { pulls: new Map([[3, { reviews }]]), commits: new Set(commits) };
}

describe("what a verdict cites", () => {
  test("is all there where GitHub shows it, whatever became of reviews that did not count", () => {
    expect(goneOfChange(CHANGE, shown(new Map([[17, true]])))).toEqual([]);
  });

  test("is named where it is gone: the commit, the pull request, the review, or the account behind it", () => {
    expect(goneOfChange(CHANGE, shown(new Map([[17, true]]), []))).toEqual([`commit ${SHA}`]);
    expect(goneOfChange(CHANGE, { pulls: new Map(), commits: new Set([SHA]) })).toEqual(["pull request #3"]);
    expect(goneOfChange(CHANGE, shown(new Map()))).toEqual(["review 17 by bob#5002"]);
    expect(goneOfChange(CHANGE, shown(new Map([[17, false]])))).toEqual(["account bob#5002"]);
    expect(goneOfDeployment(DEPLOYMENT, new Set(), new Set())).toEqual(["deployment 9", "run 12"]);
  });

  test("is not called gone where GitHub has more reviews than were read", () => {
    expect(goneOfChange(CHANGE, shown(null))).toEqual([]);
  });
});

test("what is gone keeps the time it was first seen to be; looking again says nothing new; what is back is taken off", () => {
  const subject = { of: "change", id: "x" } as const;
  const first = sourceGone(null, subject, ["run 12"], 1000);
  expect(first?.gone).toEqual([{ what: "run 12", since: 1000 }]);
  expect(sourceGone(first, subject, ["run 12"], 2000)).toBeNull();
  const more = sourceGone(first, subject, ["run 12", "deployment 9"], 3000);
  expect(more?.gone).toEqual([
    { what: "run 12", since: 1000 },
    { what: "deployment 9", since: 3000 },
  ]);
  expect(sourceGone(more, subject, [], 4000)?.gone).toEqual([]);
  expect(sourceGone(null, subject, [], 4000)).toBeNull();
});
