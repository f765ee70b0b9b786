import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mergeability } from "./rules.ts";
import { trial, type Trial } from "./stage.ts";
import type { PullRequest, Repository } from "./model.ts";

describe("pull requests", () => {
  let stage: Trial;
  let web: Repository;

  beforeEach(async () => {
    stage = await trial({
      people: {
        ann: { permission: "write" },
        bob: { permission: "write" },
        cat: { permission: "read" },
        out: { permission: "none" },
        dep: { app: "dependabot" },
      },
    });
    web = stage.double.world.repository("acme", "web")!.repository;
  });

  afterEach(async () => {
    await stage.double.close();
  });

  const pull = (number: number): PullRequest => web.pulls.get(number)!;
  const green = (number: number): Promise<unknown> =>
    stage.play({
      do: "set-check",
      pull: number,
      name: "countersign",
      app: "countersign",
      conclusion: "success",
    });
  const open = (branch: string, more: Record<string, unknown> = {}): Promise<unknown> =>
    stage.play({ do: "open-pull-request", by: "ann", branch, files: { [`src/${branch}.ts`]: "1" }, ...more });
  const git = (): ReturnType<typeof stage.double.world.git> => stage.double.world.git(web);

  test("an author can neither approve nor refuse the own pull request, but may comment", async () => {
    await open("one");
    const give = { do: "review", by: "ann", pull: 1 };
    expect(await stage.refused({ ...give, state: "approved" })).toContain(
      "Can not approve your own pull request",
    );
    expect(await stage.refused({ ...give, state: "changes-requested" })).toContain(
      "Can not request changes on",
    );
    await stage.play({ ...give, state: "commented" });
    expect(pull(1).reviews.map((one) => one.state)).toEqual(["COMMENTED"]);
  });

  test("a merge is refused until the required check of the pinned app succeeds, whoever else sets its name", async () => {
    await open("one");
    const merge = { do: "merge", by: "ann", pull: 1 };
    expect(await stage.refused(merge)).toContain('Required status check "countersign" is expected.');
    await stage.play({
      do: "set-check",
      pull: 1,
      name: "countersign",
      app: "mallory",
      conclusion: "success",
    });
    expect(await stage.refused(merge)).toContain("is expected");
    await stage.play({
      do: "set-check",
      pull: 1,
      name: "countersign",
      app: "countersign",
      conclusion: "failure",
    });
    expect(await stage.refused(merge)).toContain("is failing");
    await green(1);
    await stage.play(merge);
    expect(await stage.refused(merge)).toBe("Pull Request is not mergeable");
  });

  test("the three methods make the commits GitHub makes", async () => {
    for (const branch of ["one", "two", "three"]) {
      await open(branch, { "co-authors": ["cat"] });
      await stage.play({ do: "push", by: "bob", branch, files: { [`src/${branch}2.ts`]: "2" } });
    }
    const start = git().branch("main")!;
    for (const [number, method] of [
      [1, "merge"],
      [2, "squash"],
      [3, "rebase"],
    ] as const) {
      await green(number);
      await stage.play({ do: "merge", by: "bob", pull: number, method });
    }
    const line = git()
      .firstParents(git().branch("main")!)
      .map((sha) => git().commitOf(sha));
    expect(
      line.slice(0, 4).map((one) => [one.parents.length, one.author.name, one.committer.name, one.message]),
    ).toMatchInlineSnapshot(`
      [
        [
          1,
          "bob",
          "bob",
          "Change src/three2.ts",
        ],
        [
          1,
          "ann",
          "bob",
          "Change three

      Co-authored-by: cat <cat@example.com>",
        ],
        [
          1,
          "ann",
          "GitHub",
          "Change two (#2)

      * Change two

      Co-authored-by: cat <cat@example.com>

      * Change src/two2.ts

      Co-authored-by: cat <cat@example.com>
      Co-authored-by: bob <bob@example.com>",
        ],
        [
          2,
          "bob",
          "GitHub",
          "Merge pull request #1 from acme/one

      Change one",
        ],
      ]
    `);
    expect(line[4]?.sha).toBe(start);
    expect(git().files(git().branch("main")!).size).toBe(7);
    expect(web.activities.slice(-3).map((one) => one.type)).toEqual(["pr_merge", "pr_merge", "pr_merge"]);
  });

  test("conflicts are refused as not mergeable, for every method", async () => {
    await open("one", { files: { "README.md": "one\n" } });
    await open("two", { files: { "README.md": "two\n" } });
    await green(1);
    await green(2);
    await stage.play({ do: "merge", by: "ann", pull: 1 });
    expect(mergeability(stage.double.world, web, pull(2))).toEqual({ mergeable: false, state: "dirty" });
    expect(await stage.refused({ do: "merge", by: "ann", pull: 2 })).toBe("Pull Request is not mergeable");
    expect(await stage.refused({ do: "merge", by: "ann", pull: 2, method: "rebase" })).toBe(
      "This branch can't be rebased",
    );
    expect(await stage.refused({ do: "update-branch", by: "ann", pull: 2 })).toContain("merge conflict");
    await stage.play({ do: "update-branch", by: "ann", pull: 2, files: { "README.md": "both\n" } });
    await green(2);
    await stage.play({ do: "merge", by: "ann", pull: 2 });
    expect(git().text(git().branch("main")!, "README.md")).toBe("both\n");
  });

  test("whoever may not write cannot merge, and outsiders see nothing", async () => {
    await open("one");
    await green(1);
    expect(await stage.refused({ do: "merge", by: "cat", pull: 1 })).toContain("not authorized");
    expect(await stage.refused({ do: "merge", by: "out", pull: 1 })).toBe("Not Found");
    expect(await stage.refused({ do: "review", by: "out", pull: 1, state: "approved" })).toBe("Not Found");
    expect(await stage.refused({ do: "label", by: "cat", pull: 1, label: "x" })).toContain("triage");
    expect(await stage.refused({ do: "push", by: "cat", branch: "one", files: { a: "1" } })).toContain(
      "write",
    );
  });

  test("a review stays on its commit after a push, and moves along with an identical patch", async () => {
    await open("one");
    await stage.play({ do: "review", by: "bob", pull: 1, state: "approved" });
    const given = pull(1).head.sha;
    await stage.play({ do: "force-push", by: "ann", branch: "one", message: "the same, better said" });
    expect(pull(1).reviews[0]?.commitId).toBe(pull(1).head.sha);
    expect(pull(1).reviews[0]?.givenOn).toBe(given);
    expect(pull(1).timeline.map((one) => one.kind)).toEqual(["head-ref-force-pushed"]);
    await stage.play({ do: "push", by: "bob", branch: "main", files: { z: "1" }, bypass: true });
    await stage.play({ do: "update-branch", by: "bob", pull: 1 });
    expect(pull(1).reviews[0]?.commitId).toBe(pull(1).head.sha);
    const before = pull(1).head.sha;
    await stage.play({ do: "push", by: "ann", branch: "one", files: { more: "1" } });
    expect(pull(1).reviews[0]?.commitId).toBe(before);
    await stage.play({ do: "force-push", by: "ann", branch: "one", files: { more: "2" } });
    expect(pull(1).reviews[0]?.commitId).toBe(before);
  });

  test("a pull request whose head reaches the base by a push is marked merged by the pusher", async () => {
    await open("one");
    const made = await stage.play({ do: "merge-locally-and-push", by: "bob", pulls: [1], bypass: true });
    expect(pull(1)).toMatchObject({ state: "closed", merged: { method: "indirect", commit: made["sha"] } });
    expect(pull(1).merged?.byId).toBe(stage.double.world.people.get("bob"));
    expect(web.activities.at(-1)?.type).toBe("push");
  });

  test("deleting a merged branch moves what was based on it; deleting another closes it", async () => {
    await open("one");
    await open("two", { base: "one" });
    await open("three", { base: "two" });
    await green(1);
    await stage.play({ do: "merge", by: "ann", pull: 1 });
    await stage.play({ do: "delete-branch", by: "ann", branch: "one" });
    expect([pull(2).base.ref, pull(2).state]).toEqual(["main", "open"]);
    await stage.play({ do: "delete-branch", by: "ann", branch: "two" });
    expect([pull(2).state, pull(3).state]).toEqual(["closed", "closed"]);
    expect(await stage.refused({ do: "reopen", by: "ann", pull: 2 })).toContain("has been deleted");
  });

  test("commits on the web are GitHub's own, suggestions name two people", async () => {
    await open("one");
    await stage.play({ do: "push", by: "ann", branch: "one", files: { a: "1" }, via: "web" });
    expect(git().commitOf(pull(1).head.sha).committer).toMatchObject({
      name: "GitHub",
      email: "noreply@github.com",
    });
    await stage.play({ do: "apply-suggestion", by: "ann", pull: 1, from: "bob", files: { a: "2" } });
    const commit = git().commitOf(pull(1).head.sha);
    expect(stage.double.world.accountByEmail(commit.author.email)?.login).toBe("ann");
    const trailer = /Co-authored-by: .* <(.*)>/.exec(commit.message)?.[1] ?? "";
    expect(stage.double.world.accountByEmail(trailer)?.login).toBe("bob");
  });

  test("a pull request from a fork has its commits and follows pushes to the fork", async () => {
    await stage.play({ do: "open-pull-request", by: "cat", pull: 1, branch: "theirs", fork: true });
    await stage.play({ do: "push", by: "cat", pull: 1, files: { more: "1" } });
    expect(git().commitsBetween(git().branch("main"), pull(1).head.sha)).toHaveLength(2);
    expect(git().branch("theirs")).toBeNull();
    await green(1);
    await stage.play({ do: "merge", by: "ann", pull: 1 });
  });

  test("a revert opens a pull request that takes the change back, whatever came between", async () => {
    await open("one", { files: { "src/a.ts": "1", "README.md": "other\n" } });
    await green(1);
    await stage.play({ do: "merge", by: "ann", pull: 1, method: "rebase" });
    await stage.play({ do: "push", by: "ann", branch: "main", files: { z: "1" }, bypass: true });
    await stage.play({ do: "revert", by: "bob", pull: 1, opens: 2 });
    expect([...git().files(pull(2).head.sha).keys()]).toEqual(["README.md", "z"]);
    expect(pull(2)).toMatchObject({ title: 'Revert "Change one"', body: "Reverts acme/web#1" });
  });

  test("auto-merge waits for what is required, then merges as whoever turned it on", async () => {
    await open("one");
    await stage.play({ do: "enable-auto-merge", by: "bob", pull: 1, method: "squash" });
    expect(pull(1).state).toBe("open");
    await green(1);
    expect(pull(1).merged).toMatchObject({ method: "squash", byId: stage.double.world.people.get("bob") });
  });
});
