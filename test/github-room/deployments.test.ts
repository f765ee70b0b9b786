import { afterEach, describe, expect, test } from "vitest";
import { carryOut } from "../../src/github/actions/carry-out.ts";
import { readDeliveryLog, requestRedelivery } from "../../src/github/installation/webhook-deliveries.ts";
import { listDeployments, readDeployment } from "../../src/github/deployments/deployments.ts";
import {
  listBranches,
  listInstallations,
  listRepositories,
  readInstallation,
} from "../../src/github/listings/lists.ts";
import type { Setup } from "../github/setup.ts";
import { breachesOf, staged, type Staged } from "./staged.ts";

const people: NonNullable<Setup["people"]> = { ann: { permission: "write" }, bob: { permission: "admin" } };
let stage: Staged;

afterEach(async () => {
  expect(breachesOf(stage)).toEqual([]);
  await stage.double.close();
});

async function start(): Promise<Staged> {
  stage = await staged({ people, repositories: { web: { ruleset: false }, api: {} } });
  return stage;
}

describe("deployments", () => {
  test("are read with all their statuses, oldest first", async () => {
    const { play, github, repository, count, subjects } = await start();
    await play({ do: "deploy", by: "ann", environment: "production", commit: "main", as: "d" });
    await play({ do: "deployment-status", by: "ann", deployment: "d", state: "failure" });
    await play({ do: "deploy", by: "ann", environment: "staging", commit: "main" });
    const { listed } = await listDeployments({ github, repository }, 0);
    expect(listed.map(({ environment }) => environment)).toEqual(["production", "staging"]);
    const numbers = listed.map(({ number }) => number);
    expect(numbers).toHaveLength(2);
    expect(subjects()).toContainEqual({
      type: "deployment",
      repositoryId: repository.id,
      number: numbers[0],
    });
    count();
    const read = await readDeployment({ github, repository }, numbers[0]!);
    expect(count()).toBe(2);
    expect(read).toMatchObject({ environment: "production", creator: { login: "ann" } });
    expect(read.statuses.at(-1)?.state).toBe("failure");
    expect(read.statuses.map(({ id }) => id)).toEqual(
      read.statuses.map(({ id }) => id).toSorted((a, b) => a - b),
    );
    const { listed: staged } = await listDeployments({ github, repository }, 0, { environment: "staging" });
    expect(staged).toEqual([listed[1]]);
    const { sha } = read;
    expect(await listDeployments({ github, repository }, 0, { sha })).toEqual({ listed, truncated: false });
    const none = { listed: [], truncated: false };
    expect(await listDeployments({ github, repository }, 0, { sha: "0".repeat(40) })).toEqual(none);
    expect(await listDeployments({ github, repository }, read.createdAt + 1000)).toEqual(none);
  });
});

describe("what the App can see", () => {
  test("is its installations, their repositories and branches", async () => {
    const { play, github, octokits, installationId, repository } = await start();
    await play({ do: "create-branch", by: "bob", branch: "release/1", from: "main" });
    const app = await octokits.app();
    const [installation] = await listInstallations(app);
    expect(installation).toMatchObject({ id: installationId, selection: "all", suspendedAt: null });
    expect(await readInstallation(app, installationId)).toEqual(installation);
    const repositories = await listRepositories(github);
    expect(repositories.map((each) => each.repository.name)).toEqual(expect.arrayContaining(["web", "api"]));
    expect(repositories.find((each) => each.repository.name === "web")).toEqual({
      repository,
      archived: false,
      pushedAt: expect.any(Number),
    });
    expect(await listBranches({ github, repository })).toEqual(["main", "release/1"]);
    expect(await listBranches({ github, repository }, "release/")).toEqual(["release/1"]);
    expect(await listBranches({ github, repository }, "ma")).toEqual(["main"]);
  });
});

describe("webhooks that did not arrive", () => {
  test("are listed and asked for again, until one attempt arrived", async () => {
    const { play, octokits, double, arrivals } = await start();
    double.fault({ do: "outage" });
    await play({ do: "push", by: "bob", branch: "main", files: { "a.ts": "1" } });
    const app = await octokits.app();
    const { failed, spells } = await readDeliveryLog(app, { since: 0 });
    expect(failed.map(({ event }) => event)).toContain("push");
    // GitHub's ids have 64 bits: read as numbers, neighbours would be one and the same.
    expect(new Set(failed.map(({ id }) => Number(id) > Number.MAX_SAFE_INTEGER))).toEqual(new Set([true]));
    expect(new Set(failed.map(({ id }) => id)).size).toBe(failed.length);
    expect(spells).toEqual([{ from: failed[0]?.at, last: failed.at(-1)?.at, until: null }]);
    double.fault({ do: "recover" });
    const before = arrivals.length;
    for (const { id } of failed) await requestRedelivery(app, id);
    await double.idle();
    expect(arrivals.length).toBe(before + failed.length);
    expect(arrivals.at(-1)?.headers.get("x-github-delivery")).toBe(failed.at(-1)?.guid);
    expect(await readDeliveryLog(app, { since: 0 })).toMatchObject({
      failed: [],
      spells: [{ until: expect.any(Number) as unknown }],
    });
  });
});

describe("actions on the double", () => {
  test("leave one check run and one issue however often they are carried out", async () => {
    const { play, github, double, repository } = await start();
    await play({ do: "open-pull-request", by: "ann", pull: 1, branch: "feature", files: { "a.ts": "1" } });
    const [web] = [...double.world.repositories.values()].filter(({ name }) => name === "web");
    const headSha = web?.pulls.get(1)?.head.sha ?? "";
    const where = { id: repository.id, owner: "acme", name: "web" };
    const text = {
      headSha,
      status: "completed",
      conclusion: "success",
      title: "Fine",
      summary: "s",
      text: "t",
    };
    const check = {
      kind: "check-run",
      key: "c",
      payload: { repository: where, appId: 77, checkName: "countersign", text, request: null },
      storedAt: double.world.now(),
      previous: undefined,
    } as const;
    const first = await carryOut(github, check);
    expect(await carryOut(github, check)).toEqual(first);
    expect(await carryOut(github, { ...check, previous: first })).toEqual(first);
    const marker = "countersign-deviation:DEV-1";
    const issue = {
      kind: "open-issue",
      key: "i",
      payload: {
        repository: where,
        appId: 77,
        title: "t",
        body: `b\n\n<!-- ${marker} -->\n`,
        labels: ["change-control"],
        assignees: ["nobody-here"],
        marker,
      },
      storedAt: double.world.now(),
      previous: undefined,
    } as const;
    const opened = await carryOut(github, issue);
    expect(await carryOut(github, issue)).toEqual(opened);
    expect([web?.checkRuns.length, web?.issues.size]).toEqual([1, 1]);
  });
});
