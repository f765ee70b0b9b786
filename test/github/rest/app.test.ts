import { afterAll, beforeAll, expect, test } from "vitest";
import { checkWebhook } from "../conformance/webhook.ts";
import { restApp, servedOperations } from "./app.ts";
import { fixture, push, TOKEN, withChecks, type Fixture } from "./fixture.ts";
import { OPERATIONS } from "./operations.ts";

let acme: Fixture;
let rest: ReturnType<typeof restApp>;

beforeAll(() => {
  acme = fixture();
  withChecks(acme);
  rest = restApp(acme.world, { conformance: true });
});

afterAll(() => acme.world.close());

async function ask(line: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const [method = "", path = ""] = line.split(" ");
  return rest.request(`http://github.test${path}`, {
    method,
    headers: { authorization: `token ${TOKEN}`, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function json(line: string, body?: unknown, headers: Record<string, string> = {}): Promise<any> {
  const answer = await ask(line, body, headers);
  const parsed: unknown = await answer.json();
  return parsed;
}

test("every operation listed has a route", () => {
  expect(servedOperations().sort()).toEqual([...OPERATIONS].sort());
});

test("every reading operation answers as GitHub's description says", async () => {
  const { web, pull, world } = acme;
  const sha = pull.head.sha;
  const paths = [
    "/meta",
    "/rate_limit",
    "/installation/repositories",
    "/users/ann",
    "/user/" + String(acme.ann.id),
    "/orgs/acme",
    "/orgs/acme/repos",
    "/orgs/acme/members",
    "/orgs/acme/memberships/ann",
    "/orgs/acme/teams",
    "/orgs/acme/teams/core",
    "/orgs/acme/teams/core/members",
    "/orgs/acme/teams/core/memberships/bob",
    "/orgs/acme/teams/core/repos",
    "/repos/acme/web",
    `/repositories/${web.id}`,
    "/repos/acme/web/activity",
    "/repos/acme/web/branches",
    "/repos/acme/web/branches/main",
    "/repos/acme/web/collaborators",
    "/repos/acme/web/collaborators/ann/permission",
    "/repos/acme/web/commits",
    `/repos/acme/web/commits/${sha}`,
    `/repos/acme/web/commits/${sha}/pulls`,
    `/repos/acme/web/commits/${sha}/check-runs`,
    `/repos/acme/web/commits/${sha}/check-suites`,
    `/repos/acme/web/commits/${sha}/status`,
    `/repos/acme/web/commits/${sha}/statuses`,
    `/repos/acme/web/compare/main...feature`,
    "/repos/acme/web/contents/README.md",
    "/repos/acme/web/contents/src",
    "/repos/acme/web/contents/",
    `/repos/acme/web/git/commits/${sha}`,
    "/repos/acme/web/git/matching-refs/heads/",
    "/repos/acme/web/git/ref/heads/main",
    "/repos/acme/web/git/trees/main?recursive=1",
    "/repos/acme/web/tags",
    "/repos/acme/web/teams",
    "/repos/acme/web/pulls",
    "/repos/acme/web/pulls/1",
    "/repos/acme/web/pulls/1/commits",
    "/repos/acme/web/pulls/1/files",
    "/repos/acme/web/pulls/1/reviews",
    "/repos/acme/web/pulls/1/requested_reviewers",
    "/repos/acme/web/issues",
    "/repos/acme/web/issues/1",
    "/repos/acme/web/issues/1/comments",
    "/repos/acme/web/issues/comments",
    "/repos/acme/web/issues/1/labels",
    "/repos/acme/web/labels",
    `/repos/acme/web/check-runs/${web.checkRuns[0]?.id ?? 0}`,
    `/repos/acme/web/check-runs/${web.checkRuns[0]?.id ?? 0}/annotations`,
    `/repos/acme/web/check-suites/${web.checkSuites[0]?.id ?? 0}`,
    "/repos/acme/web/deployments",
    `/repos/acme/web/deployments/${web.deployments[0]?.id ?? 0}`,
    `/repos/acme/web/deployments/${web.deployments[0]?.id ?? 0}/statuses`,
    "/repos/acme/web/environments",
    "/repos/acme/web/environments/production",
    "/repos/acme/web/environments/production/deployment_protection_rules",
    "/repos/acme/web/rules/branches/main",
    "/repos/acme/web/rulesets",
  ];
  for (const path of paths) {
    const answer = await ask(`GET ${path}`);
    expect([path, answer.status]).toEqual([path, 200]);
  }
  expect(world.breaches).toEqual([]);
});

test("every webhook sent so far is as GitHub's description says", () => {
  const problems = acme.world.outbox.flatMap((one) =>
    checkWebhook(one.event, one.action, JSON.parse(one.body)),
  );
  expect(acme.world.outbox.length).toBeGreaterThan(3);
  expect(problems).toEqual([]);
});
