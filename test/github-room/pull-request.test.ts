import { afterEach, describe, expect, test } from "vitest";
import { WEB_FLOW_ID } from "../../src/domain/change/people.ts";
import type { Observation } from "../../src/domain/change/observation.ts";
import { Losses } from "../../src/github/freshness/freshness.ts";
import { readAuthorities, readCandidates } from "../../src/github/people/permissions.ts";
import { proveSameContent, proveShipped } from "../../src/github/commits/same-content.ts";
import { pullsWithHead, listOpenPulls, readMergeGroup } from "../../src/github/listings/lists.ts";
import { readPolicy } from "../../src/github/policy/policy-files.ts";
import { readChecks } from "../../src/github/commits/checks.ts";
import { readPullRequest, type ReadPull } from "../../src/github/pull-requests/pull-request.ts";
import { readChange, readRefUpdates } from "../../src/github/listings/branch-updates.ts";
import type { Setup } from "../github/setup.ts";
import { breachesOf, staged, type Staged } from "./staged.ts";

const people: NonNullable<Setup["people"]> = {
  ann: { permission: "write" },
  bob: { permission: "write", teams: ["dba"] },
  carol: { permission: "admin" },
  eve: { permission: "read" },
  dep: { app: "dependabot" },
};
let stage: Staged;

afterEach(async () => {
  expect(breachesOf(stage)).toEqual([]);
  await stage.double.close();
});

async function start(head: Partial<Setup> = {}): Promise<Staged> {
  stage = await staged({ people, repositories: { web: { ruleset: false } }, ...head });
  return stage;
}

/** Reads pull request 1, knowing what every webhook let us observe, or nothing. */
function read(number = 1, knowing: "observed" | "nothing" = "observed"): Promise<ReadPull> {
  const { github, repository, installationId, lookups, observations } = stage;
  const all: readonly Observation[] = knowing === "observed" ? observations() : [];
  return readPullRequest({ github, repository }, number, {
    installationId,
    lookups,
    observations: all.filter((each) => "pull" in each && each.pull === number),
    observationsOfRef: async (ref) => all.filter((each) => "ref" in each && each.ref === ref),
  });
}

function later(seconds: number): void {
  stage.double.setClock(stage.double.world.now() + seconds * 1000);
}

const opening = { do: "open-pull-request", by: "ann", pull: 1, branch: "feature", files: { "a.ts": "1\n" } };

describe("a pull request", () => {
  test("is read with everything its judgement needs in one request", async () => {
    const { play, count } = await start({ policy: { mode: "enforce" } });
    await play({ ...opening, title: "Add a", labels: ["urgent"], "co-authors": ["bob"] });
    later(60);
    await play({ do: "push", by: "bob", pull: 1, files: { "b.ts": "2\n" } });
    await play({ do: "set-check", pull: 1, name: "build", app: "ci", conclusion: "success" });
    await play({ do: "review", by: "carol", pull: 1, state: "approved" });
    count();
    const { pull, policy, mayWrite } = await read();
    expect(count()).toBe(1);
    expect(pull).toMatchObject({
      number: 1,
      title: "Add a",
      state: "open",
      draft: false,
      labels: ["urgent"],
      author: { login: "ann", type: "User" },
      base: { ref: "main" },
      head: { ref: "feature" },
      commitsComplete: true,
      retargetedAt: null,
      merged: null,
      authorities: [],
      sameContent: [],
    });
    expect(pull.head.tree).toMatch(/^[0-9a-f]{40}$/u);
    expect(pull.commits.map(({ authors }) => authors.map((author) => author?.login))).toEqual([
      ["ann", "bob"],
      ["bob"],
    ]);
    expect(pull.commits[1]?.parents).toEqual([pull.commits[0]?.sha]);
    expect(pull.checks).toContainEqual(
      expect.objectContaining({
        name: "build",
        conclusion: "success",
        app: expect.objectContaining({ slug: "ci" }) as unknown,
      }),
    );
    expect(pull.pushes.map(({ actor, basis }) => [actor?.login, basis])).toEqual([
      ["ann", "observed"],
      ["bob", "observed"],
    ]);
    expect(pull.reviews).toEqual([
      expect.objectContaining({
        state: "approved",
        commit: pull.head.sha,
        basis: "observed",
        dismissed: null,
        author: expect.objectContaining({ login: "carol" }) as unknown,
      }),
    ]);
    expect(mayWrite).toEqual(new Set([pull.reviews[0]?.author?.id]));
    expect(policy.organization).toMatchObject({ state: "found", repository: "acme/.github" });
    expect(policy.repository).toEqual({ state: "absent" });
    expect(policy.policyCommit).toBe(pull.base.sha);
  });

  test("is read to its end where its lists are long", { tags: ["long"] }, async () => {
    const { play, count } = await start({ policy: { mode: "enforce" } });
    await play(opening);
    for (let made = 0; made < 104; made += 1) {
      await play({ do: "push", by: "ann", pull: 1, files: { "n.txt": String(made) } });
    }
    for (let made = 0; made < 101; made += 1) {
      await play({ do: "review", by: "carol", pull: 1, state: "commented", body: String(made) });
    }
    count();
    const { pull } = await read();
    expect([pull.commits.length, pull.commitsComplete, pull.reviews.length]).toEqual([105, true, 101]);
    expect(count()).toBe(3);
  });

  test("that GitHub does not know is trouble that no retry mends", async () => {
    await start();
    await expect(read(99)).rejects.toMatchObject({ code: "github-refused", retry: false });
  });

  test("from a bot names its author as webhooks do", async () => {
    const { play } = await start();
    await play({ ...opening, by: "dep" });
    const { pull } = await read();
    expect(pull.author).toMatchObject({ login: "dependabot[bot]", type: "Bot" });
  });
});

describe("the commit an approval was given on", () => {
  test("is the one its webhook named, though GitHub moves it to an equal head later", async () => {
    const { play } = await start();
    await play(opening);
    await play({ do: "review", by: "carol", pull: 1, state: "approved" });
    const given = (await read()).pull.head.sha;
    later(60);
    await play({ do: "push", by: "carol", branch: "main", files: { "c.ts": "3\n" } });
    await play({ do: "update-branch", by: "ann", pull: 1, method: "rebase" });
    const { pull } = await read();
    expect(pull.head.sha).not.toBe(given);
    expect(pull.reviews[0]).toMatchObject({ commit: given, basis: "observed" });
  });

  test("cannot be told where the webhook was lost and the branch was forced to an equal patch", async () => {
    const { play } = await start();
    await play(opening);
    await play({ do: "review", by: "carol", pull: 1, state: "approved" });
    later(60);
    await play({ do: "push", by: "carol", branch: "main", files: { "c.ts": "3\n" } });
    await play({ do: "update-branch", by: "ann", pull: 1, method: "rebase" });
    const { pull } = await read(1, "nothing");
    expect(pull.reviews[0]).toMatchObject({ commit: null, basis: "read-later" });
  });

  test("cannot be told where the webhook was lost and the base was merged in", async () => {
    const { play } = await start();
    await play(opening);
    await play({ do: "review", by: "carol", pull: 1, state: "approved" });
    later(60);
    await play({ do: "push", by: "carol", branch: "main", files: { "c.ts": "3\n" } });
    await play({ do: "update-branch", by: "ann", pull: 1, method: "merge" });
    expect((await read(1, "nothing")).pull.reviews[0]).toMatchObject({ commit: null });
    expect((await read()).pull.reviews[0]?.commit).toMatch(/^[0-9a-f]{40}$/u);
  });

  test("is what GitHub says where nothing can have moved it", async () => {
    const { play } = await start();
    await play(opening);
    await play({ do: "review", by: "carol", pull: 1, state: "approved" });
    const given = (await read()).pull.head.sha;
    later(60);
    await play({ do: "push", by: "ann", pull: 1, files: { "a.ts": "2\n" } });
    expect((await read(1, "nothing")).pull.reviews[0]).toMatchObject({ commit: given, basis: "read-later" });
  });
});

describe("a dismissed review", () => {
  test("keeps the state it was given with, who dismissed it and when, also where no webhook told", async () => {
    const { play } = await start();
    await play(opening);
    const { review } = (await play({ do: "review", by: "bob", pull: 1, state: "approved", as: "r" })) as {
      readonly review?: unknown;
    };
    expect(review).toBeTruthy();
    later(60);
    await play({ do: "dismiss-review", by: "carol", pull: 1, of: "r" });
    for (const knowing of ["observed", "nothing"] as const) {
      const { pull } = await read(1, knowing);
      expect(pull.reviews[0]).toMatchObject({
        state: "approved",
        dismissed: { at: stage.double.world.now(), by: { login: "carol" } },
      });
    }
  });
});

describe("policy files", () => {
  test("are read from the base branch, never from the pull request", async () => {
    const { play, repository } = await start({
      repositories: { web: { ruleset: false, policy: { mode: "enforce" } } },
    });
    await play({ ...opening, files: { ".github/countersign.yml": "mode: observe\n" } });
    const { policy, pull } = await read();
    expect(policy.repository).toMatchObject({ state: "found", commit: pull.base.sha });
    expect(JSON.stringify(policy.repository)).toContain("enforce");
    const { github, installationId, lookups } = stage;
    const later = await readPolicy({ github, repository }, pull.base.sha, { installationId, lookups });
    expect(later.repository).toEqual(policy.repository);
    const branch = await readPolicy({ github, repository }, "main", { installationId, lookups });
    expect(branch).toEqual(later);
  });

  test("of a base that is not the default branch cost no second request", async () => {
    const { play, count } = await start({ policy: { mode: "observe" } });
    await play({ do: "create-branch", by: "carol", branch: "release/1", from: "main" });
    await play({
      do: "push",
      by: "carol",
      branch: "release/1",
      files: { ".github/countersign.yml": "mode: enforce\n" },
    });
    await play({ ...opening, base: "release/1" });
    count();
    const { policy } = await read();
    expect(count()).toBe(1);
    expect(policy.repository).toMatchObject({ state: "found", text: "mode: enforce\n" });
  });

  test("of an organisation whose repository we cannot see are unreadable, not absent", async () => {
    const { double } = await start({ policy: { mode: "enforce" } });
    await double.close();
    const app = {
      id: 77,
      publicKey: [...double.world.apps.values()].find(({ id }) => id === 77)?.publicKey ?? "",
      webhookSecret: "secret",
      webhookUrl: "http://127.0.0.1:1/webhooks",
      repositories: ["web"],
    };
    const { play } = await start({ policy: { mode: "enforce" }, app });
    await play(opening);
    const { policy } = await read();
    expect(policy.organization).toMatchObject({ state: "unreadable" });
    expect(JSON.stringify(policy.organization)).toContain("selected repositories");
  });

  test("are absent where an installation on everything finds no such repository", async () => {
    const { play, count } = await start();
    await play(opening);
    count();
    const { policy } = await read();
    expect(policy.organization).toEqual({ state: "absent" });
    const first = count();
    await read();
    expect([first <= 2, count()]).toEqual([true, 1]);
  });

  test("that GitHub fails to give are trouble to retry, never no file", async () => {
    const { play, double } = await start();
    await play(opening);
    double.fault({ do: "github-fails", status: 502 });
    await expect(read()).rejects.toMatchObject({ code: "github-unreachable", retry: true });
  });
});

describe("authority", () => {
  const needs = { permission: ["write" as const], teams: [], organizations: [], users: [] };

  test("to write costs no request, for the reviews say who may push", async () => {
    const { play, github, lookups, count } = await start();
    await play(opening);
    await play({ do: "review", by: "bob", pull: 1, state: "approved" });
    const given = await read();
    count();
    const [bob] = await readAuthorities(github, given, needs, lookups, new Losses([], lookups));
    expect(bob).toMatchObject({ permission: "write", teams: [], unread: [] });
    expect(count()).toBe(0);
  });

  test("of a reader and of more than writing is asked for, once, until a webhook says it changed", async () => {
    const { play, github, lookups, count } = await start();
    await play(opening);
    await play({ do: "review", by: "eve", pull: 1, state: "approved" });
    await play({ do: "review", by: "carol", pull: 1, state: "approved" });
    const given = await read();
    count();
    const admin = { ...needs, permission: ["admin" as const] };
    const found = await readAuthorities(github, given, admin, lookups, new Losses([], lookups));
    expect(found.map(({ actor, permission }) => [actor.login, permission])).toEqual([
      ["eve", "read"],
      ["carol", "admin"],
    ]);
    expect(count()).toBe(2);
    await readAuthorities(github, given, admin, lookups, new Losses([], lookups));
    expect(count()).toBe(0);
    lookups.forget([`permission:${stage.repository.id}`]);
    await readAuthorities(github, given, admin, lookups, new Losses([], lookups));
    expect(count()).toBe(2);
  });

  test("by team is told by its members, and a team nobody can read is unread, not empty", async () => {
    const { play, github, lookups, count } = await start();
    await play(opening);
    await play({ do: "review", by: "bob", pull: 1, state: "approved" });
    const given = await read();
    count();
    const teams = ["acme/DBA", "acme/nobody"];
    const [bob] = await readAuthorities(
      github,
      given,
      { ...needs, permission: [], teams },
      lookups,
      new Losses([], lookups),
    );
    expect(bob).toMatchObject({ permission: "unknown", teams: ["acme/dba"], unread: ["acme/nobody"] });
    expect(count()).toBe(2);
    const org = { ...needs, permission: [], organizations: ["acme"] };
    expect(
      (await readAuthorities(github, given, org, lookups, new Losses([], lookups)))[0]?.organizations,
    ).toEqual(["acme"]);
  });

  test("that a team gave and the repository took from it is doubted for ten minutes, of its members alone", async () => {
    const { play, github, lookups, repository } = await start();
    await play(opening);
    await play({ do: "review", by: "bob", pull: 1, state: "approved" });
    await play({ do: "review", by: "carol", pull: 1, state: "approved" });
    const given = await read();
    const told = {
      kind: "right-lost",
      ownerId: repository.ownerId,
      of: String(repository.id),
      personId: null,
      through: "acme/dba",
      isBack: false,
      at: stage.double.world.now(),
    } as const;
    const permissions = async (observations: readonly Observation[]): Promise<readonly unknown[]> => {
      const losses = new Losses(observations, lookups);
      const read = await readAuthorities(github, given, needs, lookups, losses);
      return [read.map(({ actor, permission }) => [actor.login, permission]), losses.retryAt];
    };
    const all = [
      ["bob", "write"],
      ["carol", "write"],
    ];
    const withoutBob = [["bob", "none"], all[1]];
    expect(await permissions([])).toEqual([all, null]);
    expect(await permissions([told])).toEqual([withoutBob, told.at + 600_000]);
    expect(await permissions([told, { ...told, isBack: true }])).toEqual([all, null]);
    // Then two readings that agree, thirty seconds apart: there is another way to the same right.
    later(601);
    expect((await permissions([told]))[0]).toEqual(withoutBob);
    later(10);
    expect((await permissions([told]))[0]).toEqual(withoutBob);
    later(31);
    expect(await permissions([told])).toEqual([all, null]);
  });

  test("names who could approve, from teams, people and permissions", async () => {
    const { github, repository, lookups } = await start();
    expect(await readCandidates({ github, repository, lookups }, { teams: ["acme/dba"] })).toEqual(["bob"]);
    const writers = await readCandidates({ github, repository, lookups }, { permission: "write" });
    expect(writers).toEqual(expect.arrayContaining(["ann", "bob", "carol"]));
    expect(writers).not.toContain("eve");
  });
});

describe("the same content", () => {
  async function heads(): Promise<{ readonly from: string; readonly to: string; readonly base: string }> {
    const { pull } = await read();
    const from = pull.reviews[0]?.commit ?? "";
    return { from, to: pull.head.sha, base: pull.base.sha };
  }

  async function prove(): Promise<string> {
    const { github, repository, lookups } = stage;
    const { from, to, base } = await heads();
    const [proof] = await proveSameContent({ github, repository, lookups }, base, [{ from, to: [to] }]);
    return proof?.proof ?? "";
  }

  test("is proven by the tree when only the commit's words changed", async () => {
    const { play } = await start();
    await play(opening);
    await play({ do: "review", by: "carol", pull: 1, state: "approved" });
    later(60);
    await play({ do: "push", by: "ann", pull: 1, files: { "a.ts": "2\n" } });
    await play({ do: "push", by: "ann", pull: 1, files: { "a.ts": "1\n" } });
    expect(await prove()).toBe("tree");
  });

  test("is proven by the patch after a rebase and after a merge of the base, and remembered", async () => {
    for (const method of ["rebase", "merge"] as const) {
      const { play, count, double } = await start();
      await play(opening);
      await play({ do: "review", by: "carol", pull: 1, state: "approved" });
      later(60);
      await play({ do: "push", by: "carol", branch: "main", files: { "c.ts": "3\n" } });
      await play({ do: "update-branch", by: "ann", pull: 1, method });
      expect([method, await prove()]).toEqual([method, "patch"]);
      count();
      await prove();
      // The pull request itself is read again, its proof is not.
      expect(count()).toBe(1);
      await double.close();
    }
    await start();
  });

  test("is refuted by another line, another file, or a file that moved", async () => {
    for (const files of [{ "a.ts": "2\n" }, { "b.ts": "1\n" }, { "b.ts": { from: "a.ts" } }]) {
      const { play, double } = await start();
      await play(opening);
      await play({ do: "review", by: "carol", pull: 1, state: "approved" });
      later(60);
      await play({ do: "push", by: "ann", pull: 1, files });
      expect([files, await prove()]).toEqual([files, "different"]);
      await double.close();
    }
    await start();
  });

  test("is refuted by another mode, upon the same base and upon a moved one", async () => {
    for (const moved of [false, true]) {
      const { play, double } = await start();
      await play(opening);
      await play({ do: "review", by: "carol", pull: 1, state: "approved" });
      later(60);
      await play({ do: "push", by: "ann", pull: 1, files: { "a.ts": { mode: "755" } } });
      await play({ do: "push", by: "carol", branch: "main", files: { "c.ts": "3\n" } });
      if (moved) await play({ do: "update-branch", by: "ann", pull: 1, method: "rebase" });
      expect([moved, await prove()]).toEqual([moved, "different"]);
      await double.close();
    }
    await start();
  });

  test("is refuted by the same tree where it takes back what the base had since", async () => {
    const { play } = await start();
    await play(opening);
    await play({ do: "review", by: "carol", pull: 1, state: "approved" });
    later(60);
    await play({ do: "push", by: "carol", branch: "main", files: { "c.ts": "3\n" } });
    await play({ do: "push", by: "ann", pull: 1, merges: ["main"], files: { "c.ts": null }, via: "git" });
    expect(await prove()).toBe("different");
  });

  test("is proven by the same tree where the base has since taken in a part of it", async () => {
    const { play } = await start();
    await play(opening);
    await play({ do: "push", by: "ann", pull: 1, files: { "b.ts": "2\n" } });
    await play({ do: "review", by: "carol", pull: 1, state: "approved" });
    later(60);
    await play({ do: "push", by: "carol", branch: "main", files: { "a.ts": "1\n" } });
    await play({ do: "update-branch", by: "ann", pull: 1, method: "merge" });
    expect(await prove()).toBe("tree");
  });

  test("cannot be told of a commit GitHub does not know", async () => {
    const { play, github, repository, lookups } = await start();
    await play(opening);
    const { pull } = await read();
    const gone = { from: "f".repeat(40), to: [pull.head.sha] };
    const [proof] = await proveSameContent({ github, repository, lookups }, pull.base.sha, [gone]);
    expect(proof?.proof).toBe("unknown");
  });
});

describe("what was shipped", () => {
  async function shipped(): Promise<unknown> {
    const { github, repository, lookups } = stage;
    const { updates } = await readRefUpdates({ github, repository }, "refs/heads/main", { since: null });
    const { pull } = await read();
    return proveShipped({ github, repository, lookups }, updates.at(-1)!, pull);
  }

  test("is the reviewed tree, or the reviewed patch upon a moved base, by every way of merging", async () => {
    for (const method of ["merge", "squash", "rebase"] as const) {
      for (const moved of [false, true]) {
        const { play, double } = await start();
        await play({ do: "push", by: "carol", branch: "main", files: { "a.ts": "x\n".repeat(30) } });
        await play({ ...opening, files: { "a.ts": `${"x\n".repeat(30)}y\n` } });
        if (moved) {
          const files = { "a.ts": `w\n${"x\n".repeat(30)}`, "c.ts": "3\n" };
          await play({ do: "push", by: "carol", branch: "main", files });
        }
        await play({ do: "merge", by: "carol", pull: 1, method });
        expect([method, await shipped()]).toEqual([
          method,
          { pull: 1, coverage: moved ? "replay" : "identity", files: [] },
        ]);
        await double.close();
      }
    }
    await start();
  });
});

describe("lists", () => {
  test("tell the open pull requests and those with a head", async () => {
    const { play, github, repository } = await start();
    await play(opening);
    await play({ ...opening, pull: 2, branch: "other", by: "bob", files: { "b.ts": "2\n" } });
    await play({ do: "close", by: "bob", pull: 2 });
    const { pull } = await read();
    expect(await listOpenPulls({ github, repository })).toEqual([
      { number: 1, headSha: pull.head.sha, baseRef: "main" },
    ]);
    expect(await pullsWithHead({ github, repository }, pull.head.sha)).toEqual({ open: [1], other: [] });
    expect(await pullsWithHead({ github, repository }, pull.base.sha)).toEqual({ open: [], other: [] });
    expect(await readChecks({ github, repository }, pull.base.sha)).toEqual({ isWhole: true, entries: [] });
  });

  test("tell no merge group where there is no queue", async () => {
    const { github, repository } = await start();
    const group = { headSha: "f".repeat(40), baseRef: "refs/heads/main" };
    expect(await readMergeGroup({ github, repository }, group)).toBeNull();
  });
});

test("a merge group is every pull request of the queue up to it, and lands each on its own commit", async () => {
  const { play, github, repository, lookups, subjects } = await start({ repositories: { web: {} } });
  const check = (commit: string) =>
    play({ do: "set-check", commit, name: "countersign", app: "countersign", conclusion: "success" });
  await play(opening);
  await play({ ...opening, pull: 2, branch: "other", by: "bob", files: { "b.ts": "2\n" } });
  for (const pull of [1, 2]) await check(`pull/${pull}`);
  await play({ do: "enqueue", by: "bob", pull: 1, as: "first" });
  await play({ do: "enqueue", by: "bob", pull: 2, as: "second" });
  const groups = subjects().flatMap((subject) => (subject.type === "merge-group" ? [subject] : []));
  const read1 = await readMergeGroup({ github, repository }, groups[0]!);
  const read2 = await readMergeGroup({ github, repository }, groups[1]!);
  expect([read1?.pulls, read2?.pulls]).toEqual([[1], [1, 2]]);
  await check("first");
  await check("second");
  expect((await readMergeGroup({ github, repository }, groups[1]!)) === null).toBe(true);
  const { updates } = await readRefUpdates({ github, repository }, "refs/heads/main", { since: null });
  const landed = updates.filter(({ kind }) => kind === "queue");
  expect(landed).toHaveLength(2);
  for (const [index, update] of landed.entries()) {
    const number = index + 1;
    expect((await readChange({ github, repository }, update)).pulls).toEqual([number]);
    const { pull } = await read(number);
    const { coverage } = await proveShipped({ github, repository, lookups }, update, pull);
    expect(coverage).toBe(number === 1 ? "identity" : "replay");
  }
});

test("GitHub's own committer is told apart from people", async () => {
  const { play } = await start();
  await play(opening);
  await play({ do: "push", by: "ann", pull: 1, files: { "b.ts": "2\n" }, via: "web" });
  const { pull } = await read();
  expect(pull.commits[1]?.committer?.id).toBe(WEB_FLOW_ID);
});
