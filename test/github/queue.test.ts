import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MergeQueueEntry, Repository } from "./model.ts";
import { trial, type Trial } from "./stage.ts";

describe("the merge queue", () => {
  let stage: Trial;
  let web: Repository;

  beforeEach(async () => {
    stage = await trial({ people: { ann: { permission: "admin" }, bob: { permission: "write" } } });
    web = stage.double.world.repository("acme", "web")!.repository;
    for (const [index, branch] of ["one", "two", "three"].entries()) {
      await stage.play({ do: "open-pull-request", by: "ann", branch, files: { [branch]: "1" } });
      await check(`pull/${index + 1}`, "success");
    }
  });

  afterEach(async () => {
    await stage.double.close();
  });

  const check = (commit: string, conclusion: string): Promise<unknown> =>
    stage.play({ do: "set-check", commit, name: "countersign", app: "countersign", conclusion });
  const enqueue = (pull: number, as: string): Promise<unknown> =>
    stage.play({ do: "enqueue", by: "bob", pull, as });
  const entries = (): readonly MergeQueueEntry[] => web.queues.get("main")?.entries ?? [];
  const heard = (event: string): string[] =>
    stage.arrivals
      .filter((one) => one.event === event)
      .map((one) => [one.action, one.payload["reason"]].filter(Boolean).join(" "));

  test("groups are checked in order and merged as they are, with the queue's own activity", async () => {
    await enqueue(1, "first");
    await enqueue(2, "second");
    const base = stage.double.world.git(web).branch("main");
    const [first, second] = entries().map((entry) => entry.headSha);
    await check("second", "success");
    expect(web.pulls.get(2)?.state).toBe("open");
    await check("first", "success");
    expect(entries()).toEqual([]);
    // Both were ready when the first was: one push lands them.
    const list = web.activities.filter((one) => one.type === "merge_queue_merge");
    expect(list.map(({ ref, before, after }) => [ref, before, after])).toEqual([
      ["refs/heads/main", base, second],
    ]);
    expect(web.pulls.get(1)?.merged).toMatchObject({ method: "queue", commit: first });
    expect(web.pulls.get(2)?.merged).toMatchObject({ method: "queue", commit: second });
    expect(heard("merge_group")).toEqual([
      "checks_requested",
      "checks_requested",
      "destroyed merged",
      "destroyed merged",
    ]);
    expect(stage.double.world.git(web).refs("refs/heads/gh-readonly-queue/")).toEqual([]);
  });

  test("a group's branches live while it lands, and go after it", async () => {
    await enqueue(1, "first");
    await check("first", "success");
    const pushes = stage.arrivals.filter((one) => one.event === "push").slice(-2);
    expect(pushes.map(({ payload }) => [payload["ref"], payload["deleted"]])).toEqual([
      ["refs/heads/main", false],
      [expect.stringMatching(/^refs\/heads\/gh-readonly-queue\/main\/pr-1-[0-9a-f]{40}$/), true],
    ]);
    expect(web.activities.slice(-3).map((one) => one.type)).toEqual([
      "branch_creation",
      "merge_queue_merge",
      "branch_deletion",
    ]);
  });

  test("a queue that wants a group waits for it, but only so long", async () => {
    await stage.play({ do: "enqueue", by: "bob", pull: 1, as: "first", group: 2 });
    await check("first", "success");
    expect(web.pulls.get(1)?.state).toBe("open");
    await enqueue(2, "second");
    await check("second", "success");
    expect(web.activities.filter((one) => one.type === "merge_queue_merge")).toHaveLength(1);
    expect(entries()).toEqual([]);
    await enqueue(3, "third");
    await check("third", "success");
    expect(web.pulls.get(3)?.state).toBe("open");
    stage.double.setClock(stage.double.world.now() + 5 * 60_000);
    expect(web.pulls.get(3)?.merged).toMatchObject({ method: "queue" });
  });

  test("a failing group leaves, and those behind are built again without it", async () => {
    await enqueue(1, "first");
    await enqueue(2, "second");
    const old = entries()[1]?.headSha;
    await check("first", "failure");
    expect(entries().map((entry) => entry.pullNumber)).toEqual([2]);
    expect(entries()[0]?.headSha).not.toBe(old);
    expect(heard("merge_group")).toEqual([
      "checks_requested",
      "checks_requested",
      "destroyed dequeued",
      "destroyed invalidated",
      "checks_requested",
    ]);
    expect(web.pulls.get(1)?.state).toBe("open");
  });

  test("a push to a queued pull request, or to the base, undoes the groups built on them", async () => {
    await enqueue(1, "first");
    await stage.play({ do: "push", by: "ann", branch: "one", files: { more: "1" } });
    expect(entries()).toEqual([]);
    await enqueue(2, "second");
    const old = entries()[0]?.headSha;
    await stage.play({ do: "push", by: "ann", branch: "main", files: { more: "1" }, bypass: true });
    expect(entries()[0]?.headSha).not.toBe(old);
    expect(entries()[0]?.baseSha).toBe(stage.double.world.git(web).branch("main"));
  });

  test("with a queue the merge button is gone, unless bypassed", async () => {
    await enqueue(1, "first");
    expect(await stage.refused({ do: "merge", by: "ann", pull: 2 })).toContain("through the merge queue");
    await stage.play({ do: "merge", by: "ann", pull: 2, bypass: true });
  });

  test("what is not allowed to merge is not let in", async () => {
    await stage.play({
      do: "set-check",
      pull: 1,
      name: "countersign",
      app: "countersign",
      conclusion: "failure",
    });
    expect(await stage.refused({ do: "enqueue", by: "bob", pull: 1 })).toContain("is failing");
    expect(await stage.refused({ do: "dequeue", by: "bob", pull: 1 })).toContain("not in the merge queue");
  });
});
