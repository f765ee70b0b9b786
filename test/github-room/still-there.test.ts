import { afterEach, expect, test } from "vitest";
import { readStillThere } from "../../src/github/listings/cited-sources.ts";
import type { Setup } from "../github/setup.ts";
import { breachesOf, staged, type Staged } from "./staged.ts";

const people: NonNullable<Setup["people"]> = { ann: { permission: "write" }, bob: { permission: "write" } };
let stage: Staged;

afterEach(async () => {
  expect(breachesOf(stage)).toEqual([]);
  await stage.double.close();
});

test("what GitHub no longer knows is left out, beside what it shows, with the reviews whose authors are gone", async () => {
  stage = await staged({ people, repositories: { web: { ruleset: false } } });
  const { play, github, repository } = stage;
  await play({ do: "open-pull-request", by: "ann", pull: 1, branch: "feature", files: { "a.ts": "1" } });
  await play({ do: "review", by: "bob", pull: 1, state: "approved" });
  const nowhere = "f".repeat(40);
  const before = await readStillThere({ github, repository }, [1, 99], [nowhere]);
  expect([...before.pulls.keys()]).toEqual([1]);
  expect([...(before.pulls.get(1)?.reviews?.values() ?? [])]).toEqual([true]);
  expect([...before.commits]).toEqual([]);
  await play({ do: "delete-user", person: "bob" });
  const after = await readStillThere({ github, repository }, [1], []);
  expect([...(after.pulls.get(1)?.reviews?.values() ?? [])]).toEqual([false]);
});
