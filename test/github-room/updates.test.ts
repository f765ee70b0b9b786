import { afterEach, describe, expect, test } from "vitest";
import { compareCommits, compareFiles, isOnBranch } from "../../src/github/commits/compare.ts";
import { readChange, readPushes, readRefUpdates } from "../../src/github/listings/branch-updates.ts";
import type { Setup } from "../github/setup.ts";
import { breachesOf, staged, type Staged } from "./staged.ts";

const MAIN = "refs/heads/main";
const people: NonNullable<Setup["people"]> = { ann: { permission: "write" }, bob: { permission: "admin" } };
let stage: Staged;

afterEach(async () => {
  expect(breachesOf(stage)).toEqual([]);
  await stage.double.close();
});

async function start(): Promise<Staged> {
  stage = await staged({ people, repositories: { web: { ruleset: false } } });
  return stage;
}

describe("the updates of a branch", () => {
  test("are listed oldest first with their kinds, each beginning where the one before ended", async () => {
    const { play, github, repository } = await start();
    await play({ do: "open-pull-request", by: "ann", pull: 1, branch: "feature", files: { "a.ts": "1" } });
    await play({ do: "merge", by: "bob", pull: 1, method: "squash" });
    await play({ do: "push", by: "bob", branch: "main", files: { "b.ts": "2" } });
    await play({ do: "force-push", by: "bob", branch: "main", to: "main~1" });
    const { updates, truncated, reachedSince } = await readRefUpdates({ github, repository }, MAIN, {
      since: null,
    });
    expect(updates.map(({ kind }) => kind)).toEqual(["branch-created", "pull-request", "push", "force-push"]);
    expect(updates.slice(1).map(({ before }) => before)).toEqual(
      updates.slice(0, -1).map(({ after }) => after),
    );
    expect(updates.map(({ actor }) => actor?.login).slice(1)).toEqual(["bob", "bob", "bob"]);
    expect([truncated, reachedSince]).toEqual([false, false]);
    expect(new Set(updates.map(({ basis, ref }) => `${basis} ${ref}`))).toEqual(
      new Set([`read-later ${MAIN}`]),
    );
    expect((await readPushes({ github, repository }, MAIN)).map(({ forced }) => forced)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test("are listed page by page back to the one already known", { tags: ["long"] }, async () => {
    const { play, github, repository, count } = await start();
    for (let made = 0; made < 120; made += 1) {
      await play({ do: "push", by: "bob", branch: "main", files: { "n.txt": String(made) } });
    }
    const all = await readRefUpdates({ github, repository }, MAIN, { since: null });
    expect(all.updates).toHaveLength(121);
    count();
    const known = all.updates[118]?.activityId ?? 0;
    const fresh = await readRefUpdates({ github, repository }, MAIN, { since: known });
    expect(fresh.updates).toEqual(all.updates.slice(119));
    expect([fresh.reachedSince, count()]).toEqual([true, 1]);
    const last = all.updates.at(-1);
    const recent = await readRefUpdates({ github, repository }, MAIN, {
      since: null,
      from: (last?.at ?? 0) + 1,
    });
    expect(recent.updates).toEqual([]);
    expect(recent.before).toEqual(last);
    expect(all.digest).toMatch(/^[0-9a-f]{64}$/u);
    expect(fresh.digest).not.toBe(all.digest);
  });
});

describe("what an update brought", () => {
  test("is the pull request it merged, with the tree and the number of commits", async () => {
    for (const method of ["merge", "squash", "rebase"] as const) {
      const { play, github, repository, count, double } = await start();
      await play({ do: "open-pull-request", by: "ann", pull: 1, branch: "feature", files: { "a.ts": "1" } });
      await play({ do: "push", by: "ann", pull: 1, files: { "b.ts": "2" } });
      await play({ do: "push", by: "bob", branch: "main", files: { "c.ts": "3" } });
      await play({ do: "merge", by: "bob", pull: 1, method });
      const update = (await readRefUpdates({ github, repository }, MAIN, { since: null })).updates.at(-1)!;
      count();
      const brought = await readChange({ github, repository }, update);
      expect([method, brought.pulls]).toEqual([method, [1]]);
      expect(brought.commitCount).toBe({ merge: 3, squash: 1, rebase: 2 }[method]);
      expect(brought.tree).toMatch(/^[0-9a-f]{40}$/u);
      expect(count()).toBe(2);
      await double.close();
    }
    await start();
  });

  test("names the pull request also where somebody merged by hand and pushed", async () => {
    const { play, github, repository } = await start();
    await play({ do: "open-pull-request", by: "ann", pull: 1, branch: "feature", files: { "a.ts": "1" } });
    await play({ do: "merge-locally-and-push", by: "bob", pulls: [1], branch: "main" });
    const update = (await readRefUpdates({ github, repository }, MAIN, { since: null })).updates.at(-1)!;
    expect(update.kind).toBe("push");
    expect((await readChange({ github, repository }, update)).pulls).toEqual([1]);
  });

  test("is no pull request for a direct push, and nothing at all for a deleted branch", async () => {
    const { play, github, repository } = await start();
    await play({ do: "push", by: "bob", branch: "main", files: { "b.ts": "2" } });
    await play({ do: "create-branch", by: "bob", branch: "release/1", from: "main" });
    await play({ do: "delete-branch", by: "bob", branch: "release/1" });
    const pushed = (await readRefUpdates({ github, repository }, MAIN, { since: null })).updates.at(-1)!;
    const brought = await readChange({ github, repository }, pushed);
    expect([brought.pulls, brought.commitCount]).toEqual([[], 1]);
    const { updates } = await readRefUpdates({ github, repository }, "refs/heads/release/1", { since: null });
    expect(updates.map(({ kind }) => kind)).toEqual(["branch-created", "branch-deleted"]);
    expect(await readChange({ github, repository }, updates[1]!)).toEqual({
      pulls: [],
      pending: [],
      named: null,
      commits: [],
      tree: null,
      commitCount: null,
      checks: [],
      cut: [],
      mayPointElsewhere: false,
    });
    expect((await readChange({ github, repository }, updates[0]!)).commitCount).toBeNull();
  });
});

describe("two commits compared", () => {
  test(
    "tell the commits between them, page by page, and are remembered by their SHAs",
    { tags: ["long"] },
    async () => {
      const { play, github, repository, lookups, count } = await start();
      const shas = [];
      for (let made = 0; made < 130; made += 1) {
        const pushed = await play({
          do: "push",
          by: "bob",
          branch: "main",
          files: { "n.txt": String(made) },
        });
        shas.push(pushed);
      }
      const { updates } = await readRefUpdates({ github, repository }, MAIN, { since: null });
      const [first, last] = [updates[0]!.after, updates.at(-1)!.after];
      count();
      const compared = await compareCommits({ github, repository, lookups }, first, last);
      expect(compared).toMatchObject({ status: "ahead", commitCount: 130, truncated: false });
      expect(compared?.commits).toEqual(updates.slice(1).map(({ after }) => after));
      expect(count()).toBe(2);
      await compareCommits({ github, repository, lookups }, first, last);
      expect(count()).toBe(0);
      expect(await isOnBranch({ github, repository }, "main", first)).toBe(true);
      expect(await compareCommits({ github, repository, lookups }, first, "f".repeat(40))).toBeNull();
    },
  );

  test("tell the files that changed, with their old paths", async () => {
    const { play, github, repository } = await start();
    await play({ do: "push", by: "bob", branch: "main", files: { "old.ts": "1\n2\n3\n4\n5\n" } });
    await play({ do: "create-branch", by: "bob", branch: "feature", from: "main" });
    await play({
      do: "push",
      by: "ann",
      branch: "feature",
      files: { "new.ts": { from: "old.ts" }, "more.ts": "x" },
    });
    const compared = await compareFiles({ github, repository, lookups: null }, "main", "feature");
    expect(compared?.files.map(({ path, oldPath, status }) => [path, oldPath, status])).toEqual([
      ["more.ts", null, "added"],
      ["new.ts", "old.ts", "renamed"],
    ]);
    expect(compared?.truncated).toBe(false);
  });
});
