import { readFileSync } from "node:fs";
import type { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as queries from "../../../src/github/queries/queries.ts";
import { PORTIONS } from "../../../src/github/api/smaller-pages.ts";
import { publishedSdl } from "../conformance/graphql.ts";
import { restApp } from "../rest/app.ts";
import { hear, signedIn, type Heard } from "../rest/asking.ts";
import { trial, type Trial } from "../stage.ts";
import { graphqlApp } from "./app.ts";
import { prunedSdl } from "./prune-sdl.ts";
import { RESOLVERS } from "./resolvers.ts";

const PEOPLE = {
  ann: { permission: "admin" as const, teams: ["core"] },
  bob: { permission: "write" as const },
};

const LIFE: readonly Record<string, unknown>[] = [
  { do: "open-pull-request", by: "ann", branch: "one", files: { "src/a.ts": "1" } },
  { do: "review", by: "bob", pull: 1, state: "approved" },
  { do: "force-push", by: "ann", branch: "one", message: "Say it better", "co-authors": ["bob"] },
  { do: "dismiss-review", by: "ann", pull: 1, of: "bob" },
  { do: "set-check", pull: 1, name: "countersign", app: "countersign", conclusion: "success" },
  { do: "merge", by: "bob", pull: 1, method: "squash" },
  { do: "open-pull-request", by: "bob", branch: "two", files: { "src/b.ts": { from: "README.md" } } },
  { do: "deploy", by: "bob", as: "first" },
];

let stage: Trial;
let graphql: Hono;
let token: string;

beforeAll(async () => {
  stage = await trial({ people: PEOPLE, policy: { mode: "enforce" } });
  for (const step of LIFE) await stage.play(step);
  ({ token } = await signedIn(stage, restApp(stage.double.world)));
  graphql = graphqlApp(stage.double.world, { conformance: true });
});

afterAll(() => stage.double.close());

function ask(query: string, variables: Record<string, unknown> = {}, by = token): Promise<Heard> {
  return hear(graphql, "POST /graphql", { query, variables }, { authorization: `bearer ${by}` });
}

const WEB = { owner: "acme", name: "web" };

function inWeb(fields: string): string {
  return `{ repository(owner: "acme", name: "web") { ${fields} } }`;
}

function pull(number: number): NonNullable<ReturnType<Trial["double"]["world"]["pull"]>> {
  const web = stage.double.world.repository("acme", "web")?.repository;
  const found = web?.pulls.get(number);
  if (found === undefined) throw new Error(`no pull request ${number}`);
  return found;
}

test("the served schema is GitHub's, cut to what has resolvers", () => {
  const committed = readFileSync(new URL("../schemas/served.graphql", import.meta.url), "utf8");
  expect(prunedSdl(publishedSdl(), RESOLVERS)).toBe(committed);
});

test("every query the App sends is GitHub's own language, and is answered without an error", async () => {
  const variables = {
    ...WEB,
    number: 1,
    sha: pull(1).head.sha,
    commit: pull(1).base.sha,
    from: pull(1).base.sha,
    to: pull(1).head.sha,
    branch: "main",
    ref: "refs/heads/main",
    sha0: pull(1).head.sha,
    at0: "main",
    file0: "main:README.md",
    workflows0: "main:.github/workflows",
    workflowsBefore0: "main:.github/workflows",
    submodules0: "main:.gitmodules",
    attributes0: "main:.gitattributes",
    headFile: "main:README.md",
    number0: 1,
    name0: WEB.name,
    prefix: "refs/heads/",
    at: "main",
    policyBranch: "refs/heads/main",
    policyFile: "main:README.md",
    first: "main:.github/CODEOWNERS",
    second: "main:CODEOWNERS",
    third: "main:docs/CODEOWNERS",
    workflows: "main:.github/workflows",
    workflowsBefore: "main:.github/workflows",
    submodules: "main:.gitmodules",
    attributes: "main:.gitattributes",
    ...Object.fromEntries(["a", "b", "c", "d"].map((each) => [each, pull(1).head.sha])),
    path0: "README.md",
    head: pull(1).head.sha,
  };
  const texts = [
    ...Object.values(queries).flatMap((one) => (typeof one === "string" ? [one] : [])),
    ...PORTIONS.flatMap((portion) => [
      queries.pullRequestQuery(portion),
      queries.changeQuery(portion),
      queries.checksQuery(portion),
      queries.openPullsQuery(portion),
      queries.mergedPullsQuery(portion),
    ]),
    queries.batchQuery([20], 1),
    queries.batchQuery([100], 1, true),
    queries.overviewQuery(1),
    queries.treesQuery(1),
    queries.contentsQuery(1),
    queries.stillThereQuery(1, 1),
    queries.commitsQuery(1),
    queries.pathsQuery(1),
  ];
  const asked = texts.filter((one) => !one.includes("$after: String!"));
  expect(asked.length).toBeGreaterThan(5);
  for (const text of asked) {
    const told = await ask(text, variables);
    expect([told.status, told.at("errors")]).toEqual([200, undefined]);
  }
  expect(stage.double.world.breaches).toEqual([]);
});

test("a merged pull request is told with its authors, reviews, timeline and merge", async () => {
  const told = await ask(
    inWeb(`pullRequest(number: 1) {
      state merged mergedBy { login } mergeCommit { committedViaWeb committer { user { login } } associatedPullRequests(first: 5) { nodes { number } } }
      commits(first: 10) { totalCount nodes { commit { authors(first: 5) { nodes { user { login } } } } } }
      reviews(first: 10) { nodes { state author { __typename login } authorCanPushToRepository commit { oid } } }
      timelineItems(first: 20, itemTypes: [HEAD_REF_FORCE_PUSHED_EVENT, REVIEW_DISMISSED_EVENT, MERGED_EVENT]) {
        nodes { __typename ... on HeadRefForcePushedEvent { beforeCommit { oid } afterCommit { oid } }
          ... on ReviewDismissedEvent { previousReviewState } ... on MergedEvent { mergeRefName commit { oid } } }
      }
      files(first: 10) { nodes { path changeType } }
    }`),
  );
  const one = pull(1);
  expect(told.at("errors")).toBeUndefined();
  expect(told.at("data", "repository", "pullRequest")).toMatchObject({
    state: "MERGED",
    merged: true,
    mergedBy: { login: "bob" },
    mergeCommit: {
      committedViaWeb: true,
      committer: { user: null },
      associatedPullRequests: { nodes: [{ number: 1 }] },
    },
    commits: {
      totalCount: 1,
      nodes: [{ commit: { authors: { nodes: [{ user: { login: "ann" } }, { user: { login: "bob" } }] } } }],
    },
    reviews: {
      nodes: [
        { state: "DISMISSED", author: { __typename: "User", login: "bob" }, authorCanPushToRepository: true },
      ],
    },
    timelineItems: {
      nodes: [
        { __typename: "HeadRefForcePushedEvent", afterCommit: { oid: one.head.sha } },
        { __typename: "ReviewDismissedEvent", previousReviewState: "APPROVED" },
        { __typename: "MergedEvent", mergeRefName: "main", commit: { oid: one.merged?.commit } },
      ],
    },
    files: { nodes: [{ path: "src/a.ts", changeType: "ADDED" }] },
  });
});

test("lists are paged by cursors that lose and repeat nothing", async () => {
  const seen: unknown[] = [];
  let after: unknown = null;
  do {
    const told = await ask(
      `query ($after: String) { repository(owner: "acme", name: "web") { pullRequests(first: 1, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } nodes { number } } } }`,
      { after },
    );
    const page = ["data", "repository", "pullRequests"];
    seen.push(told.at(...page, "nodes", "0", "number"));
    after =
      told.at(...page, "pageInfo", "hasNextPage") === true ? told.at(...page, "pageInfo", "endCursor") : null;
  } while (after !== null);
  expect(seen).toEqual([1, 2]);
  const wrong = await ask(inWeb('pullRequests(first: 1, after: "nonsense") { totalCount }'));
  expect(wrong.at("errors", "0", "type")).toBe("INVALID_CURSOR_ARGUMENTS");
});

test("a history is paged without losing a commit, and counted whole", async () => {
  const page = (after: unknown): Promise<Heard> =>
    ask(
      `query ($after: String) { repository(owner: "acme", name: "web") { object(expression: "two") {
        ... on Commit { history(first: 1, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { oid } } } } } }`,
      { after },
    );
  const place = ["data", "repository", "object", "history"];
  const first = await page(null);
  const second = await page(first.at(...place, "pageInfo", "endCursor"));
  const third = await page(second.at(...place, "pageInfo", "endCursor"));
  const git = stage.double.world.git(stage.double.world.repositoryById(pull(2).repositoryId));
  const seen = [first, second, third].map((one) => one.at(...place, "nodes", "0", "oid"));
  expect(seen).toEqual(git.firstParents(pull(2).head.sha));
  expect([first, third].map((one) => one.at(...place, "pageInfo", "hasNextPage"))).toEqual([true, false]);
  expect(first.at(...place, "totalCount")).toBe(3);
});

test("a deployment is told with its newest state, and found again by its node id", async () => {
  const told = await ask(
    inWeb(`deployments(first: 5, environments: ["production"], orderBy: { field: CREATED_AT, direction: DESC }) {
      nodes { id databaseId commitOid state latestStatus { state creator { login } } statuses(first: 5) { totalCount } } }`),
  );
  const found = ["data", "repository", "deployments", "nodes", "0"];
  expect(told.at(...found, "state")).toBe("ACTIVE");
  expect(told.at(...found, "latestStatus", "state")).toBe("SUCCESS");
  const again = await ask("query ($id: ID!) { node(id: $id) { ... on Deployment { databaseId } } }", {
    id: told.at(...found, "id"),
  });
  expect(again.at("data", "node", "databaseId")).toBe(told.at(...found, "databaseId"));
});

test("what the App cannot see is null, with GitHub's own words", async () => {
  const told = await ask('{ repository(owner: "acme", name: "secret") { id } }');
  expect(told.at("data")).toEqual({ repository: null });
  expect(told.at("errors", "0")).toMatchObject({
    type: "NOT_FOUND",
    path: ["repository"],
    message: "Could not resolve to a Repository with the name 'acme/secret'.",
  });
});

test("what the token does not allow is null, and said to be forbidden", async () => {
  const { token: narrow } = await signedIn(stage, restApp(stage.double.world), {
    permissions: { contents: "read" },
  });
  const told = await ask(inWeb("name pullRequest(number: 1) { title }"), {}, narrow);
  expect(told.at("data", "repository")).toEqual({ name: "web", pullRequest: null });
  expect(told.at("errors", "0")).toMatchObject({
    type: "FORBIDDEN",
    message: "Resource not accessible by integration",
  });
});

test("a query costs what GitHub would count, from the budget its headers tell", async () => {
  const told = await ask(
    `{ rateLimit { cost nodeCount used } repository(owner: "acme", name: "web") {
      pullRequests(first: 50) { nodes { reviews(first: 20) { totalCount } commits(first: 20) { totalCount } timelineItems(first: 10) { totalCount } } } } }`,
  );
  expect(told.at("data", "rateLimit")).toMatchObject({ cost: 2, nodeCount: 50 + 50 * 50 });
  expect(Number(told.headers.get("x-ratelimit-used"))).toBe(told.at("data", "rateLimit", "used"));
  expect(told.headers.get("x-ratelimit-resource")).toBe("graphql");
});

test("lists without an end, lists too long and fields that are not GitHub's are refused", async () => {
  const type = async (fields: string): Promise<unknown> =>
    (await ask(inWeb(fields))).at("errors", "0", "type");
  expect(await type("pullRequests { totalCount }")).toBe("MISSING_PAGINATION_BOUNDARIES");
  expect(await type("pullRequests(first: 101) { totalCount }")).toBe("EXCESSIVE_PAGINATION");
  expect(stage.double.world.breaches.splice(0)).toEqual([]);
  const told = await ask(inWeb("approvals"));
  expect(told.at("errors", "0", "message")).toContain('Cannot query field "approvals"');
  expect(stage.double.world.breaches.splice(0)).toMatchObject([{ kind: "schema" }]);
});

test("nobody is answered without a token", async () => {
  expect((await hear(graphql, "POST /graphql", { query: "{ rateLimit { cost } }" })).status).toBe(401);
});
