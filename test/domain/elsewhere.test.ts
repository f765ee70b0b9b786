import { describe, expect, test } from "vitest";
import { type PullRequest } from "../../src/domain/change/pull-request.ts";
import { coverage, makersOf } from "../../src/domain/approval/contribution/contributors.ts";
import { keyBehind, keyHolders } from "../../src/domain/approval/contribution/deploy-keys.ts";
import {
  wasPushedFirst,
  sameWork,
  workOn,
  type FileWork,
  type Work,
} from "../../src/domain/approval/contribution/work-elsewhere.ts";
import { ann, bob, carol, MINUTE, START, Story } from "../support/facts.ts";
import { NO_COMMIT } from "../../src/domain/change/sha.ts";
import { type Commit } from "../../src/domain/change/commit.ts";

function file(path: string, patch: string | null, blob: string | null = null, oldPath: string | null = null) {
  return workOn({ path, oldPath, status: "modified", blob, patch });
}

/** Work in somebody else's name, of which any part counts. */
function named(...files: readonly FileWork[]): Work {
  return { files, isInOwnName: false };
}

describe("the same work on a file", () => {
  const lines = "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c";
  const lower = "@@ -11,3 +11,3 @@\n x\n-b\n+B\n y";

  test("is the same lines, wherever they stand, or the same content", () => {
    expect(sameWork([file("a.ts", lines)], named(file("a.ts", lower)))).toEqual(["a.ts"]);
    expect(sameWork([file("a.ts", lines, "1")], named(file("a.ts", null, "1")))).toEqual(["a.ts"]);
    expect(sameWork([file("a.ts", lines, "1")], named(file("a.ts", "@@ -1 +1 @@\n-b\n+C", "2")))).toEqual([]);
  });

  test("is in that file, under its old name or its new one", () => {
    expect(sameWork([file("a.ts", lines)], named(file("b.ts", lines)))).toEqual([]);
    expect(sameWork([file("b.ts", lines, null, "a.ts")], named(file("a.ts", lower)))).toEqual([
      "a.ts",
      "b.ts",
    ]);
  });

  test("is the whole of it, where it is in one's own name", () => {
    const [a, b, c] = [file("a.ts", lines), file("b.ts", lines), file("c.ts", lines)];
    expect(sameWork([a, c], { files: [a, b], isInOwnName: true })).toEqual([]);
    expect(sameWork([a, b, c], { files: [a, b], isInOwnName: true })).toEqual(["a.ts", "b.ts"]);
    expect(sameWork([a, c], named(a, b))).toEqual(["a.ts"]);
  });

  test("of a file that was taken away is not what it held", () => {
    const gone = workOn({ path: "a.ts", oldPath: null, status: "removed", blob: "1", patch: null });
    expect(sameWork([gone], named(file("a.ts", null, "1")))).toEqual([]);
  });

  test("came first where it was pushed before it came, or in the same second", () => {
    expect([1, 2, 3].map((at) => wasPushedFirst({ at }, 2))).toEqual([true, true, false]);
  });
});

describe("whoever added a deploy key", () => {
  const key = { id: 1, addedBy: ann, createdAt: 10 };

  test("holds it from when it was added until its deletion was told", () => {
    expect(keyHolders([key], [], 99)).toEqual([{ actor: ann, from: 10, until: null }]);
    const gone = [{ ...key, goneAt: 50 }];
    expect(keyHolders([], gone, 99)).toEqual([{ actor: ann, from: 10, until: 50 }]);
    expect(keyHolders([], [{ ...key, goneAt: null }], 99)).toEqual([{ actor: ann, from: 10, until: 99 }]);
  });

  test("is everyone its login ever meant", () => {
    const told = [{ ...key, addedBy: bob, goneAt: null }];
    expect(keyHolders([key], told, 99).map(({ actor }) => actor)).toEqual([bob, ann]);
  });

  test("is nobody known where GitHub names nobody, and then anyone's push may be by it", () => {
    const unnamed = { ...key, addedBy: null };
    const holders = keyHolders([unnamed], [], 99);
    expect(holders).toEqual([{ actor: null, from: 10, until: null }]);
    expect([9, 10].map((at) => keyBehind(holders, ann, at))).toEqual([null, "unnamed"]);
    expect(keyHolders([unnamed], [{ ...key, goneAt: null }], 99)).toEqual([
      { actor: ann, from: 10, until: null },
    ]);
    expect(keyBehind(keyHolders([key], [], 99), bob, 50)).toBe(null);
  });

  test("vouches for nobody by a push, but by their signature", () => {
    const pull = new Story().push(ann, "first").review(bob).facts();
    const covers = (changed: PullRequest): readonly string[] =>
      makersOf(changed).map((makers) => coverage(makers, bob.id));
    const holder = { actor: ann, from: START - MINUTE, until: null };
    expect(covers(pull)).toEqual(["yes"]);
    expect(covers({ ...pull, keyHolders: [holder] })).toEqual(["unseen"]);
    const signed = pull.commits.map((commit): Commit => ({ ...commit, signer: ann }));
    expect(covers({ ...pull, keyHolders: [holder], commits: signed })).toEqual(["yes"]);
    expect(covers({ ...pull, keyHolders: [{ ...holder, until: START - 1 }] })).toEqual(["yes"]);
    const unnamed = { ...holder, actor: null };
    expect(covers({ ...pull, keyHolders: [unnamed] })).toEqual(["unseen"]);
    expect(covers({ ...pull, keyHolders: [unnamed], commits: signed })).toEqual(["yes"]);
    expect(covers({ ...pull, keyHolders: [{ ...unnamed, until: START - 1 }] })).toEqual(["yes"]);
  });
});

describe("what was merged into the branch", () => {
  const pull = new Story().push(ann, "first").review(bob).facts();
  const top = pull.commits.at(-1)!;
  const push = { before: NO_COMMIT, after: "gone", actor: carol, at: START - MINUTE };
  const merged = { pull: 7, into: null, head: "gone", mergeCommit: top.sha, pushes: [push] };
  const covers = (mergedInto: NonNullable<PullRequest["mergedInto"]>, who = carol): string | undefined => {
    const makers = makersOf({ ...pull, mergedInto }).find(({ sha }) => sha === top.sha);
    return makers === undefined ? undefined : coverage(makers, who.id);
  };

  test("keeps everyone who pushed there, where it was squashed", () => {
    expect(covers([])).toBe("yes");
    expect(covers([merged])).toBe("no");
    expect(covers([merged], bob)).toBe("yes");
  });

  test("may be anybody's where nobody saw who pushed there", () => {
    expect(covers([{ ...merged, pushes: [] }], bob)).toBe("unseen");
    expect(covers([{ ...merged, pushes: [{ ...push, actor: null }] }], bob)).toBe("unseen");
  });

  test("keeps those of what was merged into it before", () => {
    const lower = { ...merged, pushes: [{ ...push, actor: ann }] };
    const upper = { ...merged, pull: 8, into: 7, head: "far", mergeCommit: "farther" };
    expect(covers([lower])).toBe("yes");
    expect(covers([lower, upper])).toBe("no");
  });

  test("keeps of each commit who pushed it, where the commits are the same", () => {
    const own = { ...merged, head: top.sha, pushes: [{ ...push, after: top.sha }] };
    expect(covers([own])).toBe("no");
    // Whoever pushed it after it was here made nothing of it.
    expect(covers([{ ...own, pushes: [{ ...push, after: top.sha, at: START + MINUTE * 9 }] }])).toBe("yes");
  });
});
