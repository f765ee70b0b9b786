import { describe, expect, test } from "vitest";

import { type RefUpdate } from "../../src/domain/change/change.ts";
import { countListings, type Listings } from "../../src/domain/evidence/counting.ts";
import { NO_COMMIT } from "../../src/domain/change/sha.ts";
import { type UpdateKind } from "../../src/domain/change/pull-request.ts";

const HOUR = 3_600_000;

function update(before: string, after: string, kind: UpdateKind, hour: number): RefUpdate {
  const at = hour * HOUR;
  return {
    activityId: hour,
    ref: "refs/heads/main",
    before,
    after,
    kind,
    actor: null,
    at,
    basis: "observed",
  };
}

/** Commits as git knows them: each with its parents. */
function line(end: string, commits: Readonly<Record<string, readonly string[]>>): Listings["git"] {
  return { end, commits: new Map(Object.entries(commits)) };
}

const MERGED = update("a", "b", "pull-request", 1);
const PUSHED = update("b", "c", "push", 2);
const AGREED: Listings = {
  from: 0,
  to: 100 * HOUR,
  activity: [MERGED, PUSHED],
  later: [],
  ledger: [MERGED, PUSHED],
  git: line("c", { b: ["a"], c: ["b"] }),
  pulls: [{ number: 1, at: HOUR, commit: "b" }],
  named: new Set([1]),
  reported: [MERGED, PUSHED],
  reportedFrom: 0,
};

function reported(listings: Partial<Listings>): readonly string[] {
  return countListings({ ...AGREED, ...listings }).differences.map(
    ({ what, sha, onlyIn, explanation }) =>
      `${what} ${sha} only in ${onlyIn}: ${explanation ?? "unexplained"}`,
  );
}

describe("listings that agree", () => {
  test("differ in nothing, and each update is matched", () => {
    expect(countListings(AGREED)).toEqual({ matched: 2, firstParents: 2, differences: [] });
  });

  test("count a rebased pull request's commits as one update", () => {
    const rebased = update("a", "d", "pull-request", 1);
    const count = countListings({
      ...AGREED,
      activity: [rebased],
      ledger: [rebased],
      reported: [rebased],
      git: line("d", { b: ["a"], c: ["b"], d: ["c"] }),
      pulls: [{ number: 1, at: HOUR, commit: "d" }],
    });
    expect(count).toEqual({ matched: 1, firstParents: 3, differences: [] });
  });

  test("take a group of the merge queue for one update of several pull requests", () => {
    const group = update("a", "c", "queue", 1);
    const pulls = [
      { number: 1, at: HOUR, commit: "b" },
      { number: 2, at: HOUR, commit: "c" },
    ];
    const listings = { activity: [group], ledger: [group], reported: [group], pulls };
    expect(reported({ ...listings, named: new Set([1, 2]) })).toEqual([]);
    expect(reported({ ...listings, named: new Set([1]) })).toEqual([
      "pull request #2 c only in merged-pull-requests: unexplained",
    ]);
  });

  test("differ where no row names the pull request that was merged", () => {
    expect(reported({ named: new Set() })).toEqual([
      "pull request #1 b only in merged-pull-requests: unexplained",
    ]);
  });

  test("leave a pull request merged at the very edge to the span beside", () => {
    const early = { number: 9, at: 0, commit: "z" };
    expect(reported({ pulls: [early, ...AGREED.pulls] })).toEqual([]);
  });
});

describe("a difference is named", () => {
  test("an update that is not on record, and one on record that GitHub does not list", () => {
    expect(reported({ ledger: [MERGED] })).toEqual(["update c only in activity: unexplained"]);
    expect(reported({ ledger: [MERGED, PUSHED, update("c", "d", "push", 3)] })).toEqual([
      "update d only in ledger: unexplained",
    ]);
  });

  test("a commit on the branch that no listed update brought", () => {
    expect(
      reported({
        activity: [MERGED],
        ledger: [MERGED],
        reported: [MERGED],
        git: line("c", { b: ["a"], c: ["b"] }),
      }),
    ).toEqual(["commit c only in git-first-parent: unexplained"]);
  });

  test("a merged pull request no update belongs to, and a merge without a pull request", () => {
    const stray = { number: 7, at: 3 * HOUR, commit: "x" };
    expect(reported({ pulls: [...AGREED.pulls, stray] })).toEqual([
      "pull request #7 x only in merged-pull-requests: unexplained",
    ]);
    expect(reported({ pulls: [] })).toEqual(["update b only in activity: unexplained"]);
  });

  test("a push that a webhook told of and GitHub does not list", () => {
    expect(reported({ reported: [MERGED, PUSHED, { before: "c", after: "x" }] })).toEqual([
      "update x only in deliveries: unexplained",
    ]);
  });
});

describe("a difference is explained by its cause", () => {
  test("a webhook that never came", () => {
    expect(reported({ reported: [PUSHED] })).toEqual([
      `update b only in activity: no webhook told of it; GitHub's own list did`,
    ]);
  });

  test("no webhook is missed from before anybody was watching", () => {
    expect(reported({ reported: [], reportedFrom: 2 * HOUR })).toEqual([
      `update c only in activity: no webhook told of it; GitHub's own list did`,
    ]);
  });

  test("a pull request merged on a laptop and pushed", () => {
    const byHand = { number: 2, at: 2 * HOUR, commit: "c" };
    expect(reported({ pulls: [...AGREED.pulls, byHand] })).toEqual([
      `pull request #2 c only in merged-pull-requests: merged by hand: its commits came with a push, which is judged as one`,
    ]);
  });

  test("a pull request whose commits came with another's", () => {
    const merge = update("a", "m", "pull-request", 1);
    const pulls = [
      { number: 1, at: HOUR, commit: "m" },
      { number: 2, at: HOUR, commit: "s" },
    ];
    const git = line("m", { m: ["a", "s"], s: ["a"] });
    expect(reported({ activity: [merge], ledger: [merge], reported: [merge], git, pulls })).toEqual([
      `pull request #2 s only in merged-pull-requests: landed together with #1: one merge introduced the commits of each`,
    ]);
  });

  test("what a forced push took off the branch", () => {
    const forced = update("c", "d", "force-push", 3);
    const all = [MERGED, PUSHED, forced];
    expect(
      reported({ activity: all, ledger: all, reported: all, git: line("d", { d: ["b"], b: ["a"] }) }),
    ).toEqual([`update c only in activity: a later forced push or deletion took it off the branch`]);
  });

  test("a push whose own line comes first", () => {
    const foxtrot = update("b", "f", "push", 3);
    const all = [MERGED, foxtrot];
    const git = line("f", { f: ["l", "b"], l: ["a"], b: ["a"] });
    expect(reported({ activity: all, ledger: all, reported: all, git })).toEqual([
      `update b only in activity: a later push put its own line first, so git's first-parent line passes it by`,
    ]);
  });

  test("a branch that was deleted", () => {
    const gone = update("c", NO_COMMIT, "branch-deleted", 3);
    const again = update(NO_COMMIT, "a", "branch-created", 4);
    const all = [MERGED, PUSHED, gone, again];
    expect(reported({ activity: all, ledger: all, reported: all, git: line("a", {}) })).toEqual([
      `update b only in activity: a later forced push or deletion took it off the branch`,
      `update c only in activity: a later forced push or deletion took it off the branch`,
    ]);
  });
});
