import { afterEach, describe, expect, test } from "vitest";
import type { Protection } from "../../src/domain/protection/snapshot.ts";
import { isUnobservable } from "../../src/domain/protection/snapshot.ts";
import { readPeople, readProtection } from "../../src/github/protection/control-state.ts";
import type { Setup } from "../github/setup.ts";
import { breachesOf, staged, type Staged } from "./staged.ts";

const people: NonNullable<Setup["people"]> = { ann: { permission: "write" }, adm: { permission: "admin" } };
let stage: Staged;

afterEach(async () => {
  expect(breachesOf(stage)).toEqual([]);
  await stage.double.close();
});

async function start(): Promise<Staged> {
  stage = await staged({ people });
  return stage;
}

function read({ github, repository, double }: Staged, known: Protection | null): Promise<Protection> {
  return readProtection(github, {
    repository,
    archived: false,
    refs: ["refs/heads/main"],
    isProduction: (name) => name === "production",
    now: double.world.now(),
    known,
  });
}

/** The last part of the path of each request since so many were sent. */
function askedSince({ sent }: Staged, before: number): readonly string[] {
  return sent.slice(before).map(({ path }) => path.replace(/^.*\/repos\/acme\/web\//u, ""));
}

describe("what is read again of a repository's protection", () => {
  test("is neither a ruleset nor a branch's rules, while GitHub says that no ruleset was changed", async () => {
    const { sent } = await start();
    const first = await read(stage, null);
    const before = sent.length;
    const again = await read(stage, first);
    expect(askedSince(stage, before)).toEqual([
      expect.stringMatching(/^rulesets(?:\?|$)/u),
      expect.stringMatching(/^branches\/main\/protection/u),
      expect.stringMatching(/^environments(?:\?|$)/u),
    ]);
    expect({ ...again, readAt: 0 }).toEqual({ ...first, readAt: 0 });
  });

  test("is both, once a ruleset was changed", async () => {
    const { sent, play } = await start();
    const first = await read(stage, null);
    await play({ do: "edit-ruleset", by: "adm", approvals: 2, after: "10m" });
    const before = sent.length;
    const again = await read(stage, first);
    expect(askedSince(stage, before).some((path) => path.startsWith("rules/branches/main"))).toBe(true);
    expect(again.branches[0]?.guards[0]?.pullRequest?.approvals).toBe(2);
  });

  test("is every ruleset whose bypass list GitHub shows: that list is read each time", async () => {
    const { sent } = await start();
    await stage.play({
      do: "set-app-permissions",
      by: "acme-owner",
      permissions: { administration: "write" },
    });
    const first = await read(stage, null);
    expect(
      isUnobservable(first.rulesets) || first.rulesets.some(({ bypassers }) => isUnobservable(bypassers)),
    ).toBe(false);
    const before = sent.length;
    await read(stage, first);
    expect(askedSince(stage, before).filter((path) => /^rulesets\/\d+/u.test(path))).toHaveLength(1);
  });
});

test("who may write is one request, and with teams, owners and deploy keys four", async () => {
  const { github, repository, count } = await start();
  count();
  expect((await readPeople({ github, repository }, false)).teams).toBeNull();
  expect(count()).toBe(1);
  const { teams, owners, keys } = await readPeople({ github, repository }, true);
  expect(teams).toEqual([]);
  expect(owners).toMatchObject([{ login: "acme-owner" }]);
  expect(keys).toEqual([]);
  expect(count()).toBe(4);
});
