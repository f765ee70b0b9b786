import type { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trial, type Trial } from "../stage.ts";
import { restApp, servedOperations } from "./app.ts";
import { appJwt, hear, signedIn, type Ask } from "./asking.ts";
import { OPERATIONS } from "./operations.ts";

const PEOPLE = {
  ann: { permission: "admin" as const, teams: ["core"] },
  bob: { permission: "write" as const },
  cat: { permission: "read" as const },
};

const LIFE: readonly Record<string, unknown>[] = [
  {
    do: "open-pull-request",
    by: "ann",
    branch: "one",
    files: { "src/a.ts": "1" },
    labels: ["bug"],
    body: "why",
  },
  { do: "review", by: "bob", pull: 1, state: "approved" },
  { do: "comment", by: "cat", pull: 1, text: "a word" },
  { do: "push", by: "ann", branch: "one", files: { "src/b.ts": { from: "README.md" } } },
  { do: "set-check", pull: 1, name: "countersign", app: "countersign", conclusion: "success" },
  { do: "merge", by: "bob", pull: 1, method: "merge" },
  { do: "open-pull-request", by: "bob", branch: "two", files: { "src/c.ts": "1", "docs/x.md": "x" } },
  { do: "push", by: "ann", branch: "main", files: { "src/d.ts": "1" }, bypass: true },
  { do: "deploy", by: "bob", as: "first", via: "workflow" },
  { do: "set-environment", by: "ann", environment: "production", reviewers: ["bob", "core"] },
  { do: "set-protection", by: "ann", branch: "main", approvals: 1, checks: [{ name: "build" }] },
  { do: "create-tag", by: "bob", tag: "v1", commit: "main" },
  { do: "request-gate", by: "bob" },
];

let stage: Trial;
let rest: Hono;
let ask: Ask;

beforeAll(async () => {
  stage = await trial({ people: PEOPLE, policy: { mode: "enforce" } });
  for (const step of LIFE) await stage.play(step);
  rest = restApp(stage.double.world, { conformance: true });
  ({ ask } = await signedIn(stage, rest));
});

afterAll(() => stage.double.close());

function web(): NonNullable<ReturnType<Trial["double"]["world"]["repository"]>>["repository"] {
  const found = stage.double.world.repository("acme", "web");
  if (found === undefined) throw new Error("no acme/web");
  return found.repository;
}

function breaches(): readonly unknown[] {
  return stage.double.world.breaches.splice(0);
}

test("every operation listed has a route", () => {
  expect(servedOperations().sort()).toEqual([...OPERATIONS].sort());
});

describe("what the App may read", () => {
  test("every answer is as GitHub's own description says", async () => {
    const repository = web();
    const world = stage.double.world;
    const one = repository.pulls.get(1);
    const sha = one?.head.sha ?? "";
    const own = "/repos/acme/web";
    const paths = [
      "/meta",
      "/rate_limit",
      "/installation/repositories",
      "/users/ann",
      `/user/${world.accountByLogin("ann")?.id ?? 0}`,
      "/orgs/acme",
      "/orgs/acme/repos",
      "/orgs/acme/members",
      "/orgs/acme/memberships/ann",
      "/orgs/acme/teams",
      "/orgs/acme/teams/core",
      "/orgs/acme/teams/core/members",
      "/orgs/acme/teams/core/memberships/ann",
      "/orgs/acme/teams/core/repos",
      own,
      `/repositories/${repository.id}/branches`,
      `${own}/activity`,
      `${own}/branches`,
      `${own}/branches/main`,
      `${own}/branches/main/protection`,
      `${own}/collaborators`,
      `${own}/collaborators/bob/permission`,
      `${own}/commits`,
      `${own}/commits/main`,
      `${own}/commits/${sha}/pulls`,
      `${own}/commits/${sha}/check-runs`,
      `${own}/commits/${sha}/check-suites`,
      `${own}/commits/${sha}/status`,
      `${own}/commits/${sha}/statuses`,
      `${own}/compare/main...two`,
      `${own}/contents/src/c.ts?ref=two`,
      `${own}/contents/src`,
      `${own}/contents/`,
      `${own}/git/blobs/${world.git(repository).files(sha).get("src/a.ts")?.sha ?? ""}`,
      `${own}/git/commits/${sha}`,
      `${own}/git/matching-refs/heads/`,
      `${own}/git/ref/heads/main`,
      `${own}/git/trees/main?recursive=1`,
      `${own}/tags`,
      `${own}/teams`,
      `${own}/pulls?state=all`,
      `${own}/pulls/1`,
      `${own}/pulls/2`,
      `${own}/pulls/1/commits`,
      `${own}/pulls/1/files`,
      `${own}/pulls/1/reviews`,
      `${own}/pulls/1/reviews/${one?.reviews[0]?.id ?? 0}`,
      `${own}/pulls/1/requested_reviewers`,
      `${own}/issues?state=all`,
      `${own}/issues/1`,
      `${own}/issues/1/comments`,
      `${own}/issues/1/labels`,
      `${own}/issues/comments`,
      `${own}/issues/comments/${[...repository.comments.keys()][0] ?? 0}`,
      `${own}/issues/comments/${[...repository.comments.keys()][0] ?? 0}/reactions`,
      `${own}/labels`,
      `${own}/check-runs/${repository.checkRuns[0]?.id ?? 0}`,
      `${own}/check-runs/${repository.checkRuns[0]?.id ?? 0}/annotations`,
      `${own}/check-suites/${repository.checkSuites[0]?.id ?? 0}`,
      `${own}/deployments`,
      `${own}/deployments/${repository.deployments[0]?.id ?? 0}`,
      `${own}/deployments/${repository.deployments[0]?.id ?? 0}/statuses`,
      `${own}/environments`,
      `${own}/environments/production`,
      `${own}/environments/production/deployment_protection_rules`,
      `${own}/actions/runs/${repository.workflowRuns[0]?.id ?? 0}`,
      `${own}/actions/runs/${repository.workflowRuns[0]?.id ?? 0}/approvals`,
      `${own}/actions/runs/${repository.workflowRuns[0]?.id ?? 0}/pending_deployments`,
      `${own}/rules/branches/main`,
      `${own}/rulesets`,
      `${own}/rulesets/${repository.rulesets[0]?.id ?? 0}`,
    ];
    for (const path of paths) expect([path, (await ask(`GET ${path}`)).status]).toEqual([path, 200]);
    expect(breaches()).toEqual([]);
  });

  test("what an app reads of itself is as GitHub's own description says", async () => {
    const jwt = { authorization: `Bearer ${appJwt(stage)}` };
    const [delivery] = stage.double.world.deliveries;
    const installation = [...stage.double.world.installations.values()].at(-1)?.id ?? 0;
    const paths = [
      "/app",
      "/app/installations",
      `/app/installations/${installation}`,
      "/orgs/acme/installation",
      "/repos/acme/web/installation",
      "/app/hook/config",
      "/app/hook/deliveries?per_page=2",
      `/app/hook/deliveries/${delivery?.id ?? 0n}`,
    ];
    for (const path of paths) {
      expect([path, (await hear(rest, `GET ${path}`, undefined, jwt)).status]).toEqual([path, 200]);
    }
    expect(breaches()).toEqual([]);
  });

  test("a comparison tells what was renamed, the merge base, and how far apart the ends are", async () => {
    const merged = web().pulls.get(1);
    const told = await ask(
      `GET /repos/acme/web/compare/${merged?.base.sha ?? ""}...${merged?.head.sha ?? ""}`,
    );
    expect(told.at("status")).toBe("ahead");
    expect(told.at("ahead_by")).toBe(2);
    expect(told.at("merge_base_commit", "sha")).toBe(merged?.base.sha);
    const files = ["0", "1"].map((place) => [
      told.at("files", place, "filename"),
      told.at("files", place, "status"),
      told.at("files", place, "previous_filename"),
    ]);
    expect(files).toEqual([
      ["src/a.ts", "added", undefined],
      ["src/b.ts", "renamed", "README.md"],
    ]);
  });

  test("activity lists each update of a branch newest first, each beginning where the one before ended", async () => {
    const told = await ask("GET /repos/acme/web/activity?ref=refs/heads/main");
    const lines = JSON.parse(told.text) as { activity_type: string; before: string; after: string }[];
    expect(lines.map((one) => one.activity_type)).toEqual(["push", "pr_merge", "branch_creation"]);
    for (const [index, line] of lines.slice(0, -1).entries())
      expect(line.before).toBe(lines[index + 1]?.after);
  });

  test("activity is paged by cursors that lose and repeat nothing", async () => {
    const whole = JSON.parse((await ask("GET /repos/acme/web/activity")).text) as { id: number }[];
    const seen: number[] = [];
    let path: string | undefined = "/repos/acme/web/activity?per_page=2";
    while (path !== undefined) {
      const page = await ask(`GET ${path}`);
      seen.push(...(JSON.parse(page.text) as { id: number }[]).map((one) => one.id));
      const next = /<http:\/\/github\.test([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "");
      path = next?.[1];
    }
    expect(seen).toEqual(whole.map((one) => one.id));
    expect(seen.length).toBeGreaterThan(4);
  });

  test("numbered pages link to the next and the last", async () => {
    const page = await ask("GET /repos/acme/web/commits?per_page=2");
    expect(page.headers.get("link")).toContain('page=2>; rel="next"');
    expect(page.headers.get("link")).toContain('rel="last"');
  });

  test("files come raw, as objects, and by branch names with slashes", async () => {
    const raw = await ask("GET /repos/acme/web/contents/src/a.ts", undefined, {
      accept: "application/vnd.github.raw+json",
    });
    expect(raw.text).toBe("1");
    const folder = await ask("GET /repos/acme/web/contents/src", undefined, {
      accept: "application/vnd.github.object+json",
    });
    expect(folder.at("entries", "0", "name")).toBe("a.ts");
    await stage.play({ do: "create-branch", by: "bob", branch: "release/1.0" });
    expect((await ask("GET /repos/acme/web/branches/release%2F1.0")).at("name")).toBe("release/1.0");
    expect((await ask("GET /repos/acme/web/rules/branches/release/1.0")).status).toBe(200);
  });

  test("who may bypass a ruleset is not shown to an App that may not edit it", async () => {
    const told = await ask(`GET /repos/acme/web/rulesets/${web().rulesets[0]?.id ?? 0}`);
    expect(told.at("bypass_actors")).toBeUndefined();
  });

  test("an answer that has not changed is not sent again, and is not counted", async () => {
    const first = await ask("GET /repos/acme/web");
    const tag = first.headers.get("etag") ?? "";
    const again = await ask("GET /repos/acme/web", undefined, { "if-none-match": tag });
    expect([again.status, again.text]).toEqual([304, ""]);
    expect(again.headers.get("x-ratelimit-used")).toBe(first.headers.get("x-ratelimit-used"));
    expect(again.headers.get("date")).toBe(new Date(stage.double.world.now()).toUTCString());
  });
});

describe("what the App may write", () => {
  test("every change is as GitHub's own description says, and its webhook is on its way", async () => {
    const repository = web();
    const sha = repository.pulls.get(2)?.head.sha;
    const own = "/repos/acme/web";
    const run = await ask(`POST ${own}/check-runs`, {
      name: "countersign",
      head_sha: sha,
      status: "in_progress",
      output: { title: "Waiting", summary: "for bob", annotations: [] },
      actions: [{ label: "Re-run", description: "Judge again", identifier: "recheck" }],
    });
    expect(run.status).toBe(201);
    const issue = await ask(`POST ${own}/issues`, {
      title: "Deviation",
      body: "x",
      labels: ["change-control"],
    });
    expect(issue.at("number")).toBe(1001);
    const comment = await ask(`POST ${own}/issues/2/comments`, { body: "hello" });
    const steps: readonly (readonly [string, unknown, number])[] = [
      [
        `PATCH ${own}/check-runs/${String(run.at("id"))}`,
        { conclusion: "success", output: { title: "Approved", summary: "by bob" } },
        200,
      ],
      [`PATCH ${own}/issues/1001`, { state: "closed", state_reason: "completed", labels: [] }, 200],
      [`POST ${own}/issues/1001/comments`, { body: "closed" }, 201],
      [`POST ${own}/issues/1001/labels`, { labels: ["late"] }, 200],
      [`DELETE ${own}/issues/1001/labels/late`, undefined, 200],
      [`PATCH ${own}/issues/comments/${String(comment.at("id"))}`, { body: "hello again" }, 200],
      [`POST ${own}/issues/comments/${String(comment.at("id"))}/reactions`, { content: "eyes" }, 201],
      [`POST ${own}/issues/comments/${String(comment.at("id"))}/reactions`, { content: "eyes" }, 200],
      [`POST ${own}/pulls/2/requested_reviewers`, { reviewers: ["ann"] }, 201],
      [`POST ${own}/deployments/${repository.deployments[0]?.id ?? 0}/statuses`, { state: "inactive" }, 201],
    ];
    for (const [line, body, status] of steps) {
      const told = await ask(line, body);
      expect([line, told.status, told.status < 400 ? "" : told.text]).toEqual([line, status, ""]);
    }
    expect(breaches()).toEqual([]);
    await stage.double.idle();
    const heard = stage.arrivals.map((one) => `${one.event}.${one.action ?? ""}`);
    for (const event of [
      "check_run.completed",
      "issues.closed",
      "issue_comment.edited",
      "deployment_status.created",
    ])
      expect(heard).toContain(event);
  });

  test("a gate waits for a comment without a state, and its answer is final", async () => {
    const gated = web().deployments.find((one) => one.gates.length > 0);
    const line = `POST /repos/acme/web/actions/runs/${gated?.runId ?? 0}/deployment_protection_rule`;
    const say = async (state?: string): Promise<number> =>
      (
        await ask(line, {
          environment_name: "production",
          comment: "one approval missing",
          ...(state && { state }),
        })
      ).status;
    expect([await say(), await say("approved"), await say("rejected")]).toEqual([204, 204, 422]);
    expect(breaches()).toEqual([]);
  });

  test("a summary of over 65,535 characters is refused", async () => {
    const told = await ask("POST /repos/acme/web/check-runs", {
      name: "countersign",
      head_sha: web().pulls.get(2)?.head.sha,
      output: { title: "Long", summary: "x".repeat(65_536) },
    });
    expect(told.status).toBe(422);
  });

  test("a delivery is sent again with the same id", async () => {
    const [old] = stage.double.world.deliveries;
    const jwt = { authorization: `Bearer ${appJwt(stage)}` };
    const told = await hear(rest, `POST /app/hook/deliveries/${old?.id ?? 0n}/attempts`, undefined, jwt);
    expect(told.status).toBe(202);
    await stage.double.idle();
    expect(stage.double.world.deliveries.filter((one) => one.guid === old?.guid)).toHaveLength(2);
    expect(breaches()).toEqual([]);
  });
});

describe("what is refused", () => {
  test("a token does not reach repositories or permissions it was not given", async () => {
    const narrow = await signedIn(stage, rest, { repositories: ["web"], permissions: { checks: "read" } });
    expect((await narrow.ask("GET /repos/acme/.github")).status).toBe(404);
    const told = await narrow.ask("GET /repos/acme/web/pulls");
    expect([told.status, told.at("message")]).toEqual([403, "Resource not accessible by integration"]);
    const write = await narrow.ask("POST /repos/acme/web/check-runs", { name: "x", head_sha: "y" });
    expect(write.status).toBe(403);
    expect(breaches()).toEqual([]);
  });

  test("tokens are refused that are unknown, badly signed, too old, or live too long", async () => {
    const status = async (authorization: string): Promise<number> =>
      (await hear(rest, "GET /app", undefined, { authorization })).status;
    expect(await status("token nonsense")).toBe(401);
    expect(await status(`Bearer ${appJwt(stage).slice(0, -8)}AAAAAAAA`)).toBe(401);
    expect(await status(`Bearer ${appJwt(stage, Date.now() - 3_600_000)}`)).toBe(401);
    expect(await status(`Bearer ${appJwt(stage, Date.now(), 3_600)}`)).toBe(401);
    expect(await status(`Bearer ${appJwt(stage)}`)).toBe(200);
    expect((await hear(rest, "GET /repos/acme/web")).status).toBe(404);
    expect(breaches()).toEqual([]);
  });

  test("what is not there is answered as GitHub does", async () => {
    const told = await ask("GET /repos/acme/web/pulls/99");
    expect(JSON.parse(told.text)).toEqual({
      message: "Not Found",
      documentation_url: "https://docs.github.com/rest",
      status: "404",
    });
    expect((await ask("GET /repos/acme/web/commits/nowhere/check-runs")).status).toBe(422);
    expect((await ask("GET /repos/acme/web/branches/two/protection")).at("message")).toBe(
      "Branch not protected",
    );
    expect(breaches()).toEqual([]);
  });

  test("a repository asked for by its former name is pointed to by id", async () => {
    await stage.play({ do: "create-repository", by: "ann", repository: "old" });
    await stage.play({ do: "rename-repository", by: "ann", repository: "old", to: "new" });
    const told = await ask("GET /repos/acme/old/branches?per_page=5");
    expect(told.status).toBe(301);
    const location = new URL(told.headers.get("location") ?? "");
    expect(location.pathname).toMatch(/^\/repositories\/\d+\/branches$/);
    expect((await ask(`GET ${location.pathname}${location.search}`)).status).toBe(200);
    expect(breaches()).toEqual([]);
  });

  test("nothing is answered to a suspended App, and the prefix of GitHub Enterprise changes nothing", async () => {
    expect((await ask("GET /api/v3/repos/acme/web")).at("full_name")).toBe("acme/web");
    await stage.play({ do: "suspend", by: "ann" });
    const told = await ask("GET /repos/acme/web");
    expect([told.status, told.at("message")]).toEqual([403, "This installation has been suspended"]);
    await stage.play({ do: "unsuspend", by: "ann" });
    expect(breaches()).toEqual([]);
  });
});

test("a wrong request is noticed when requests are held to GitHub's description", async () => {
  await ask("GET /repos/acme/web/pulls?status=open");
  await ask("GET /repos/acme/web/stargazers");
  const details = breaches().map((one) => (one as { detail: string }).detail);
  expect(details).toEqual([
    "request GET /repos/{owner}/{repo}/pulls: query parameter status is unknown",
    "GET /repos/acme/web/stargazers: not among the described operations",
  ]);
});
