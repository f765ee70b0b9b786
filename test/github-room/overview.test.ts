import { afterEach, describe, expect, test } from "vitest";
import type { Repository } from "../../src/domain/change.ts";
import type { GitHub } from "../../src/github/ask.ts";
import { readProtection } from "../../src/github/control-state.ts";
import { Overviews, type Overview } from "../../src/github/overview.ts";
import { Trouble } from "../../src/domain/trouble.ts";
import { breachesOf, staged, type Staged } from "./staged.ts";

let stage: Staged;

afterEach(async () => {
  expect(breachesOf(stage)).toEqual([]);
  await stage.double.close();
});

async function start(): Promise<Staged> {
  stage = await staged({
    people: { ann: { permission: "write" }, bob: { permission: "write" }, adm: { permission: "admin" } },
  });
  return stage;
}

/** So many repositories beside `web`, which GitHub does not know. */
function beside(web: Repository, count: number): readonly Repository[] {
  return Array.from({ length: count }, (_, index) => ({
    ...web,
    id: web.id + 1 + index,
    name: `gone-${index}`,
  }));
}

async function seen(): Promise<Overview> {
  const overview = await new Overviews(stage.github, [stage.repository]).take(stage.repository);
  if (overview === null) throw new Error("web is not shown");
  return overview;
}

describe("a repository at a glance", () => {
  test("shows what is open, merged, deployed, and when anything was last changed", async () => {
    const { play, double } = await start();
    await play({ do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: { "a.ts": "1" } });
    await play({
      do: "open-pull-request",
      by: "ann",
      pull: 2,
      branch: "two",
      files: { "b.ts": "1" },
      after: "1m",
    });
    await play({ do: "merge", by: "adm", pull: 1, method: "squash", bypass: true, after: "1m" });
    await play({ do: "deploy", by: "ann", environment: "production", commit: "main", after: "1m" });
    await play({ do: "comment", by: "bob", pull: 2, text: "why?", after: "1m" });
    const { open, merged, deployments, changedAt, environments, policies } = await seen();
    expect(open).toMatchObject({ isWhole: true, entries: [{ number: 2, baseRef: "main" }] });
    expect(merged).toMatchObject({ isWhole: true, entries: [{ number: 1, base: "main" }] });
    expect(deployments).toMatchObject({ isWhole: true, entries: [{ environment: "production" }] });
    expect(environments).toMatchObject({ isWhole: true, entries: ["production"] });
    expect(changedAt).toBe(double.world.now());
    expect(policies).toMatchObject({ branch: "main", repository: { nameWithOwner: "acme/web" } });
  });

  test("is asked for with nineteen others at once, and each is had once", async () => {
    const { github, repository, count } = await start();
    const overviews = new Overviews(github, [repository, ...beside(repository, 40)]);
    count();
    expect(await overviews.take(repository)).not.toBeNull();
    expect(await overviews.take(repository)).toBeNull();
    for (const other of beside(repository, 19)) expect(await overviews.take(other)).toBeNull();
    expect(count()).toBe(1);
    for (const other of beside(repository, 40)) expect(await overviews.take(other)).toBeNull();
    expect(count()).toBe(2);
  });

  test("is nothing where GitHub shows another repository under its name, or does not answer", async () => {
    const { github, repository } = await start();
    const other = { ...repository, id: repository.id + 1 };
    expect(await new Overviews(github, [other]).take(other)).toBeNull();
    const refuses = {
      graphql: () => Promise.reject(new Trouble("github-unreachable", "GitHub does not answer.")),
      request: github.request,
    } as unknown as GitHub;
    expect(await new Overviews(refuses, [repository]).take(repository)).toBeNull();
  });
});

describe("protection beside a glance", () => {
  test("is asked for no more than environments, where the glance shows no change", async () => {
    const { sent } = await start();
    const asked = {
      repository: stage.repository,
      archived: false,
      refs: ["refs/heads/main"],
      isProduction: (name: string) => name === "production",
      now: stage.double.world.now(),
    };
    const first = await readProtection(stage.github, { ...asked, known: null, seen: await seen() });
    const overview = await seen();
    const before = sent.length;
    const again = await readProtection(stage.github, { ...asked, known: first, seen: overview });
    expect(again).toEqual(first);
    expect(sent.slice(before).map(({ path }) => path)).toEqual([
      expect.stringMatching(/\/environments(?:\?|$)/u),
    ]);
  });

  test("is read by itself where it was hidden before: to whom it is hidden a glance shows none", async () => {
    const { sent } = await start();
    const asked = {
      repository: stage.repository,
      archived: false,
      refs: ["refs/heads/main"],
      isProduction: () => false,
      now: stage.double.world.now(),
    };
    const shown = await readProtection(stage.github, { ...asked, known: null });
    const branches = shown.branches.map((branch) => ({
      ...branch,
      unobservable: "the plan does not show it",
    }));
    const overview = await seen();
    const before = sent.length;
    await readProtection(stage.github, { ...asked, known: { ...shown, branches }, seen: overview });
    expect(sent.slice(before).map(({ path }) => path)).toContainEqual(
      expect.stringMatching(/\/protection$/u),
    );
  });

  test("is read by itself where there was none that could be confirmed, and where a ruleset was changed", async () => {
    const { sent, play } = await start();
    const asked = {
      repository: stage.repository,
      archived: false,
      refs: ["refs/heads/main"],
      isProduction: () => false,
      now: stage.double.world.now(),
    };
    const overview = await seen();
    const before = sent.length;
    const first = await readProtection(stage.github, { ...asked, known: null, seen: overview });
    expect(sent.length - before).toBeGreaterThanOrEqual(4);
    await play({ do: "edit-ruleset", by: "adm", approvals: 2, after: "10m" });
    const again = await readProtection(stage.github, { ...asked, known: first, seen: await seen() });
    expect(again.branches[0]?.guards[0]?.pullRequest?.approvals).toBe(2);
  });
});
