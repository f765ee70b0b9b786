import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ControlledDouble } from "./control.ts";
import { trial, type Trial } from "./stage.ts";

const PEOPLE = { ann: { permission: "write" as const }, bob: { permission: "write" as const } };

describe("the double", () => {
  let stage: Trial;

  beforeEach(async () => {
    stage = await trial({ people: PEOPLE }, { conformance: true });
  });

  afterEach(async () => {
    await stage.double.close();
  });

  /** The App as Octokit sees it, straight into the double. */
  function app(): Octokit {
    const request = { fetch: (url: string, init: RequestInit) => stage.double.fetch(new Request(url, init)) };
    const [installationId] = stage.double.world.installations.keys();
    return new Octokit({
      authStrategy: createAppAuth,
      auth: { appId: 77, privateKey: stage.privateKey, installationId },
      request,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
  }

  const web = { owner: "acme", repo: "web" };

  test("a webhook that is not as GitHub describes it is named with its event and action", async () => {
    const { world } = stage.double;
    for (const repository of world.repositories.values()) Object.assign(repository, { description: 5 });
    await stage.play({ do: "open-pull-request", by: "ann", pull: 1, branch: "one" });
    expect(world.breaches.map(({ request }) => request)).toContain("webhook pull_request opened");
  });

  test("an App signs in, sets its check, and the pull request can be merged", async () => {
    const { sha } = await stage.play({ do: "open-pull-request", by: "ann", pull: 1, branch: "one" });
    const octokit = app();
    await octokit.checks.create({
      ...web,
      name: "countersign",
      head_sha: String(sha),
      status: "completed",
      conclusion: "success",
    });
    await stage.play({ do: "merge", by: "ann", pull: 1, method: "squash" });
    const { data } = await octokit.pulls.get({ ...web, pull_number: 1 });
    expect(data).toMatchObject({ merged: true, merged_by: { login: "ann" }, state: "closed" });
    await stage.double.idle();
    expect(stage.arrivals.map((one) => `${one.event}.${one.action}`)).toContain("check_run.completed");
    expect(stage.double.world.breaches).toEqual([]);
    expect(stage.double.requestsSince(0).map(({ method, path, as }) => `${as} ${method} ${path}`)).toEqual([
      "app POST /app/installations/330001/access_tokens",
      `installation:330001 POST /repos/acme/web/check-runs`,
      `installation:330001 GET /repos/acme/web/pulls/1`,
    ]);
  });

  test("an App may do only what its installation was given", async () => {
    await stage.play({ do: "set-app-permissions", permissions: { issues: "read" } });
    await expect(app().issues.create({ ...web, title: "no" })).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining("Resource not accessible by integration") as string,
    });
  });

  test("GraphQL answers from the same state", async () => {
    await stage.play({ do: "open-pull-request", by: "ann", pull: 1, branch: "one", title: "One" });
    await stage.play({ do: "force-push", by: "bob", branch: "one", message: "better" });
    const query = `{ repository(owner: "acme", name: "web") { pullRequest(number: 1) {
      title headRefOid timelineItems(first: 5) { nodes { __typename } } } } }`;
    const { head } = stage.double.world.repositories.get(70001)!.pulls.get(1)!;
    expect(await app().graphql(query)).toMatchObject({
      repository: {
        pullRequest: {
          title: "One",
          headRefOid: head.sha,
          timelineItems: {
            nodes: expect.arrayContaining([{ __typename: "HeadRefForcePushedEvent" }]) as unknown,
          },
        },
      },
    });
  });

  test("the Date header is the double's time", async () => {
    stage.double.setClock(Date.parse("2026-07-06T10:00:00Z"));
    const answer = await stage.double.fetch(new Request("https://api.github.com/meta"));
    expect(answer.headers.get("date")).toBe("Mon, 06 Jul 2026 10:00:00 GMT");
    expect(() => stage.double.setClock(0)).toThrow(/cannot go back/);
  });

  test("a gate's answer is final, lets the deployment go on, and a comment leaves it waiting", async () => {
    const { run, deployment } = await stage.play({ do: "request-gate", by: "ann" });
    const states = (): (string | undefined)[] =>
      stage.double.world.repositories.get(70001)!.deployments[0]!.statuses.map((one) => one.state);
    const path = "POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule";
    const answer = (comment: string, state?: "approved" | "rejected"): Promise<unknown> => {
      const where = { ...web, run_id: Number(run), environment_name: "production", comment };
      return app().request(path, state === undefined ? where : { ...where, state });
    };
    const asked = stage.arrivals.find((one) => one.event === "deployment_protection_rule");
    expect(asked?.payload["deployment_callback_url"]).toBe(
      `https://api.github.com/repos/acme/web/actions/runs/${String(run)}/deployment_protection_rule`,
    );
    await answer("waiting for an approval");
    expect(states()).toEqual(["waiting"]);
    await answer("all is well", "approved");
    expect(states()).toEqual(["waiting", "in_progress", "success"]);
    await expect(answer("no", "rejected")).rejects.toMatchObject({ status: 422 });
    expect(deployment).toBe(stage.double.world.repositories.get(70001)!.deployments[0]!.id);
  });

  test("failures come in GitHub's words, for as many requests as were asked for", async () => {
    const get = (): Promise<Response> => stage.double.fetch(new Request("https://api.github.com/meta"));
    for (const [fault, status] of [
      [{ kind: "server-error", status: 503 }, 503],
      [{ kind: "unauthorized" }, 401],
      [{ kind: "not-found" }, 404],
      [{ kind: "rate-limit" }, 403],
      [{ kind: "secondary-limit" }, 403],
    ] as const) {
      await stage.play({ do: "github-fails", ...fault, count: 1 });
      const answer = await get();
      expect(answer.status).toBe(status);
      if (fault.kind === "rate-limit") expect(answer.headers.get("x-ratelimit-remaining")).toBe("0");
      if (fault.kind === "secondary-limit") expect(answer.headers.get("retry-after")).toBe("1");
      expect((await get()).status).toBe(200);
    }
    await stage.play({ do: "github-fails", kind: "refused", match: "GET /meta" });
    await expect(get()).rejects.toThrow("fetch failed");
    await stage.play({ do: "recover" });
    expect((await get()).status).toBe(200);
  });

  test("an answer can be lost after its effect", async () => {
    const octokit = app();
    await octokit.apps.listReposAccessibleToInstallation();
    await stage.play({ do: "github-fails", "after-effect": true, count: 1 });
    await expect(octokit.issues.create({ ...web, title: "lost" })).rejects.toMatchObject({ status: 502 });
    const { data } = await octokit.issues.listForRepo(web);
    expect(data.map((one) => [one.number, one.title])).toEqual([[1001, "lost"]]);
  });

  test("going on while told to wait is a breach, waiting is none", async () => {
    let now = 1_000_000;
    const timed = await trial({ people: PEOPLE });
    Object.defineProperty(timed.double.world, "realNow", { value: () => now });
    const get = (): Promise<Response> => timed.double.fetch(new Request("https://api.github.com/meta"));
    await timed.play({ do: "github-fails", kind: "secondary-limit", "retry-after": 5, count: 1 });
    await get();
    now += 4000;
    await get();
    expect(timed.double.world.breaches).toMatchObject([{ kind: "retry-after", request: "GET /meta" }]);
    now += 1001;
    await get();
    expect(timed.double.world.breaches).toHaveLength(1);
    await timed.double.close();
  });

  test("webhooks are refused, repeated, turned around, lost or late on demand, and logged as GitHub logs them", async () => {
    const push = async (text: string): Promise<string[]> => {
      stage.arrivals.length = 0;
      await stage.play({ do: "open-pull-request", by: "ann", branch: text });
      return stage.arrivals.map((one) => one.event);
    };
    const usual = await push("usual");
    await stage.play({ do: "reorder-webhooks" });
    expect(await push("turned")).toEqual([...usual].reverse());
    await stage.play({ do: "recover" });
    await stage.play({ do: "duplicate-webhooks", event: "pull_request" });
    expect(await push("twice")).toEqual(
      usual.flatMap((one) => (one === "pull_request" ? [one, one] : [one])),
    );
    await stage.play({ do: "recover" });
    await stage.play({ do: "drop-webhooks", every: 2 });
    expect(await push("half")).toEqual(usual.filter((_, index) => index % 2 === 0));
    await stage.play({ do: "recover" });
    await stage.play({ do: "delay-webhooks", event: "push", count: 1 });
    expect(await push("late")).toEqual(usual.filter((one) => one !== "push"));
    await stage.double.idle();
    expect(stage.arrivals.at(-1)?.event).toBe("push");
    await stage.play({ do: "outage" });
    expect(await push("refused")).toEqual([]);
    const failed = stage.double.world.deliveries.filter((one) => one.statusCode === 0);
    expect(failed.map((one) => [one.event, one.status])).toEqual(
      usual.map((one) => [one, "failed to connect to host"]),
    );
    await stage.play({ do: "recover" });
    expect(await stage.double.redeliver(String(failed[0]!.id))).toBe(true);
    expect(stage.arrivals.map((one) => one.headers.get("x-github-delivery"))).toEqual([failed[0]!.guid]);
    expect(stage.double.world.deliveries.at(-1)).toMatchObject({ redelivery: true, statusCode: 200 });
  });

  test("a wrong setup, an early act and an unknown control are told, not guessed at", async () => {
    const double = new ControlledDouble();
    const post = (path: string, body: unknown): Promise<Response> =>
      double.fetch(new Request(`http://double${path}`, { method: "POST", body: JSON.stringify(body) }));
    expect((await post("/_double/act", { do: "close" })).status).toBe(400);
    const wrong = await post("/_double/setup", { start: "2026-07-06T09:00:00Z", peopel: {} });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain("peopel");
    expect((await post("/_double/levitate", {})).status).toBe(404);
    expect((await post("/repos/acme/web", {})).status).toBe(503);
  });
});

test("as a program it serves everything over HTTP, delivers to the App's address, and stops when told", async () => {
  const events: string[] = [];
  const app = createServer((request, response) => {
    events.push(String(request.headers["x-github-event"]));
    request.resume().on("end", () => response.end());
  }).listen(0, "127.0.0.1");
  await once(app, "listening");
  const webhookUrl = `http://127.0.0.1:${(app.address() as AddressInfo).port}/webhooks`;
  const program = spawn(
    process.execPath,
    [new URL("main.ts", import.meta.url).pathname, "--until-stdin-ends"],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void program.kill("SIGKILL"));
  try {
    const [line] = (await once(createInterface(program.stdout), "line")) as [string];
    const { url } = JSON.parse(line) as { url: string };
    const post = async (path: string, body: unknown): Promise<unknown> => {
      const answer = await fetch(`${url}/_double/${path}`, { method: "POST", body: JSON.stringify(body) });
      return answer.json();
    };
    const identity = { id: 77, publicKey: "", webhookSecret: "s", webhookUrl };
    expect(await post("setup", { start: "2026-07-06T09:00:00Z", people: PEOPLE, app: identity })).toEqual({
      ok: true,
    });
    expect(events).toEqual(["installation"]);
    expect(await post("clock", { now: "2026-07-06T09:30:00Z" })).toMatchObject({ ok: true });
    expect(await post("act", { do: "push", by: "ann", branch: "one", files: { a: "1" } })).toMatchObject({
      ok: true,
      made: { ref: "refs/heads/one" },
    });
    expect(events).toEqual(["installation", "create", "push", "check_suite"]);
    const state = (await (await fetch(`${url}/_double/state`)).json()) as {
      repositories: { activity: { at: number; type: string }[] }[];
    };
    expect(state.repositories[0]?.activity.at(-1)).toMatchObject({
      type: "branch_creation",
      at: Date.parse("2026-07-06T09:30:00Z"),
    });
    const meta = await fetch(`${url}/api/v3/meta`);
    expect(meta.status).toBe(200);
    await meta.body?.cancel();
  } finally {
    program.kill("SIGTERM");
    app.close();
    app.closeAllConnections();
  }
  if (program.exitCode === null) await once(program, "exit");
  expect(program.exitCode).toBe(0);
});
