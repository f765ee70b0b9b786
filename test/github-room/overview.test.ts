import { afterEach, describe, expect, test } from "vitest";
import type { Repository } from "../../src/domain/change/repository.ts";
import type { Protection } from "../../src/domain/protection/snapshot.ts";
import type { GitHub } from "../../src/github/api/requests.ts";
import { readProtection } from "../../src/github/protection/control-state.ts";
import { Overviews, type Overview } from "../../src/github/listings/overview.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import { breachesOf, staged, type Staged } from "./staged.ts";

const HIDDEN = { unobservable: "the plan of this organisation does not have them" };

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

describe("the overview of a repository", () => {
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
    const overview = await seen();
    const { open, changedAt, environments, policies } = overview;
    expect(open).toMatchObject({ isWhole: true, entries: [{ number: 2, baseRef: "main" }] });
    expect(overview.mergedSince(0)).toMatchObject([{ number: 1, base: "main" }]);
    expect(overview.mergedSince(double.world.now() + 1)).toEqual([]);
    expect(overview.deployedSince(0)).toMatchObject([{ environment: "production" }]);
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
      graphql: () => Promise.reject(new ExternalError("github-unreachable", "GitHub does not answer.")),
      request: github.request,
    } as unknown as GitHub;
    expect(await new Overviews(refuses, [repository]).take(repository)).toBeNull();
  });
});

describe("protection beside an overview", () => {
  /** `known`: what was read before; `production`: the environment that is one. */
  function read(
    known: Protection | null,
    overview: Overview | null,
    production = "production",
  ): Promise<Protection> {
    return readProtection(stage.github, {
      repository: stage.repository,
      archived: false,
      refs: ["refs/heads/main"],
      isProduction: (name) => name === production,
      now: stage.double.world.now(),
      known,
      seen: overview,
    });
  }

  /** The last part of the path of each request that a reading makes beside an overview, and what it read. */
  async function beside(
    known: Protection | null,
    production?: string,
  ): Promise<{ readonly asked: readonly string[]; readonly after: Protection }> {
    const overview = await seen();
    const before = stage.sent.length;
    const after = await read(known, overview, production);
    const asked = stage.sent.slice(before).map(({ path }) => path.replace(/^.*\/repos\/acme\/web\//u, ""));
    return { asked, after };
  }

  test("is asked for no more than environments, where the overview shows no change", async () => {
    await start();
    const known = await read(null, null);
    const { asked, after } = await beside(known);
    expect(after).toEqual(known);
    expect(asked).toEqual([expect.stringMatching(/^environments(?:\?|$)/u)]);
  });

  test("is read by itself where nothing was read before", async () => {
    await start();
    expect((await beside(null)).asked.length).toBeGreaterThanOrEqual(4);
  });

  test("is read by itself where a ruleset was changed", async () => {
    const { play } = await start();
    const known = await read(null, null);
    await play({ do: "edit-ruleset", by: "adm", approvals: 2, after: "10m" });
    expect((await beside(known)).after.branches[0]?.guards[0]?.pullRequest?.approvals).toBe(2);
  });

  // To whom it is hidden an overview shows nothing there.
  test.each<readonly [string, RegExp, (shown: Protection) => Protection]>([
    ["rulesets", /^rulesets(?:\?|$)/u, (shown) => ({ ...shown, rulesets: HIDDEN })],
    [
      "classic branch protection",
      /\/protection$/u,
      (shown) => ({ ...shown, branches: shown.branches.map((each) => ({ ...each, ...HIDDEN })) }),
    ],
    ["environments", /^environments(?:\?|$)/u, (shown) => ({ ...shown, environments: HIDDEN })],
  ])("is read by itself where it was hidden before: %s", async (_, route, hide) => {
    await start();
    const known = hide(await read(null, null, "live"));
    expect((await beside(known, "live")).asked).toContainEqual(expect.stringMatching(route));
  });
});
