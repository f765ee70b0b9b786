import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stepSchema } from "../../src/cli/scenario/format/steps.ts";
import { LAG_KINDS } from "./lag.ts";
import { FAULT_KINDS } from "./model.ts";
import { restApp } from "./rest/app.ts";
import { signedIn } from "./rest/asking.ts";
import { trial, type Trial } from "./stage.ts";

const PEOPLE = { ann: { permission: "write" as const }, bob: { permission: "write" as const } };
const PULLS = `query ($first: Int!) { repository(owner: "acme", name: "web") {
  one: pullRequest(number: 1) { number reviews(first: $first) { nodes { state } } }
  two: pullRequest(number: 2) { number } } }`;

test("stories know every way in which answers go wrong, and every kind that lags", () => {
  for (const kind of FAULT_KINDS)
    expect(stepSchema("github-fails")?.safeParse({ do: "github-fails", kind }).success).toBe(true);
  for (const of of LAG_KINDS) expect(stepSchema("lag")?.safeParse({ do: "lag", of }).success).toBe(true);
});

describe("what GitHub answers on its bad days", () => {
  let stage: Trial;
  let token: string;

  beforeEach(async () => {
    stage = await trial({ people: PEOPLE }, { conformance: true });
    ({ token } = await signedIn(stage, restApp(stage.double.world)));
    for (const [pull, branch] of [
      [1, "one"],
      [2, "two"],
    ] as const)
      await stage.play({ do: "open-pull-request", by: "ann", pull, branch, files: { [branch]: "1" } });
    await stage.play({ do: "review", by: "bob", pull: 1, state: "approved" });
  });

  afterEach(async () => {
    expect(stage.double.world.breaches).toEqual([]);
    await stage.double.close();
  });

  async function get(
    path: string,
  ): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }> {
    const request = new Request(`https://api.github.com${path}`, {
      headers: { authorization: `token ${token}` },
    });
    const answer = await stage.double.fetch(request);
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  }

  async function graphql(
    query: string,
    variables: unknown = {},
  ): Promise<{
    readonly status: number;
    readonly text: string;
    readonly json: unknown;
    readonly headers: Headers;
  }> {
    const request = new Request("https://api.github.com/graphql", {
      method: "POST",
      headers: { authorization: `bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    const answer = await stage.double.fetch(request);
    const text = await answer.text();
    const isJson =
      answer.headers.get("content-type")?.startsWith("application/json") === true && text.endsWith("}");
    return { status: answer.status, text, json: isJson ? JSON.parse(text) : null, headers: answer.headers };
  }

  const web = "/repos/acme/web";
  const errors = (type: string): unknown => ({ errors: [expect.objectContaining({ type }) as unknown] });

  test("are pages of HTML, text that ends in the middle, and limits in any form", async () => {
    const cases = [
      [{ kind: "html" }, 502, /^<!DOCTYPE html>/],
      [{ kind: "html", status: 200 }, 200, /^<!DOCTYPE html>/],
      [{ kind: "rate-limit", status: 429 }, 429, /API rate limit exceeded/],
      [{ kind: "secondary-limit", status: 429, "retry-after": "none" }, 429, /secondary rate limit/],
      [{ kind: "secondary-limit", "retry-after": "none", words: "old" }, 403, /abuse detection mechanism/],
      [{ kind: "too-quickly" }, 422, /was submitted too quickly/],
      [{ kind: "allow-list" }, 403, /IP allow list enabled/],
      [{ kind: "suspended" }, 403, /This installation has been suspended/],
    ] as const;
    for (const [fault, status, words] of cases) {
      await stage.play({ do: "github-fails", ...fault, count: 1 });
      const answer = await get(`${web}/pulls/1`);
      expect([fault, answer.status, answer.text]).toEqual([fault, status, expect.stringMatching(words)]);
      if ("retry-after" in fault) expect(answer.headers.get("retry-after")).toBeNull();
      expect((await get(`${web}/pulls/1`)).status).toBe(200);
    }
    await stage.play({ do: "github-fails", kind: "cut-json", count: 2 });
    const cut = await get(`${web}/pulls`);
    expect(cut.status).toBe(200);
    expect(() => JSON.parse(cut.text) as unknown).toThrow(SyntaxError);
    expect((await graphql(PULLS, { first: 5 })).text).toMatch(/^\{"data".*[^}]$/);
  });

  test("are errors of GraphQL inside a 200, whole or in holes", async () => {
    const wrong = {
      data: null,
      errors: [
        { message: expect.stringMatching(/^Something went wrong while executing your query/) as unknown },
      ],
    };
    const cases = [
      [{ kind: "went-wrong" }, wrong],
      [
        { kind: "resource-limits" },
        { data: { repository: null }, ...(errors("RESOURCE_LIMITS_EXCEEDED") as object) },
      ],
      [{ kind: "insufficient-scopes" }, errors("INSUFFICIENT_SCOPES")],
      [{ kind: "too-many-nodes" }, errors("MAX_NODE_LIMIT_EXCEEDED")],
      [{ kind: "allow-list" }, { data: { repository: null }, ...(errors("FORBIDDEN") as object) }],
      [{ kind: "rate-limit", status: 200 }, errors("RATE_LIMITED")],
      [
        { kind: "secondary-limit", status: 200 },
        { errors: [{ message: expect.stringMatching(/secondary rate limit/) as unknown }] },
      ],
    ] as const;
    for (const [fault, body] of cases) {
      await stage.play({ do: "github-fails", ...fault, count: 1, via: "graphql" });
      const answer = await graphql(PULLS, { first: 5 });
      expect([fault, answer.status, answer.json]).toEqual([fault, 200, body]);
      expect((await graphql(PULLS, { first: 5 })).json).not.toHaveProperty("errors");
    }
  });

  test("concern one pull request, in queries that bring it and on its own routes", async () => {
    for (const kind of ["resource-limits", "missing-node"]) {
      await stage.play({ do: "github-fails", kind, pull: 2 });
      const { json } = await graphql(PULLS, { first: 5 });
      expect(json).toMatchObject({
        data: { repository: { one: { number: 1 }, two: null } },
        errors: [{ path: ["repository", "two"] }],
      });
      const list = await graphql(`
        {
          repository(owner: "acme", name: "web") {
            pullRequests(first: 9) {
              nodes {
                number
              }
            }
          }
        }
      `);
      expect(list.json).toMatchObject({
        data: { repository: { pullRequests: { nodes: [{ number: 1 }, null] } } },
        errors: [{ path: ["repository", "pullRequests", "nodes", 1] }],
      });
      expect((await get(`${web}/pulls/2`)).status).toBe(200);
      await stage.play({ do: "recover" });
    }
    await stage.play({ do: "github-fails", kind: "went-wrong", pull: 2 });
    expect((await graphql(PULLS, { first: 5 })).json).toMatchObject({ data: null });
    expect(
      (
        await graphql(`
          {
            repository(owner: "acme", name: "web") {
              pullRequest(number: 1) {
                number
              }
            }
          }
        `)
      ).json,
    ).not.toHaveProperty("errors");
    await stage.play({ do: "github-fails", kind: "html", pull: 2 });
    await stage.play({ do: "github-fails", pull: 2, via: "rest" });
    expect((await get(`${web}/pulls/2/reviews`)).status).toBe(502);
    expect((await get(`${web}/pulls/2`)).status).toBe(502);
    expect((await get(`${web}/pulls/1`)).status).toBe(200);
    expect((await get(`${web}/pulls/20`)).status).toBe(404);
  });

  test("concern queries that ask for long pages, or for something, and one field alone", async () => {
    await stage.play({ do: "github-fails", kind: "went-wrong", over: 25 });
    expect((await graphql(PULLS, { first: 26 })).json).toMatchObject({ data: null });
    expect((await graphql(PULLS, { first: 25 })).json).not.toHaveProperty("errors");
    await stage.play({ do: "recover" });
    await stage.play({ do: "github-fails", kind: "html", query: "reviews\\(first" });
    expect((await graphql(PULLS, { first: 5 })).status).toBe(502);
    expect((await graphql("{ rateLimit { cost } }")).status).toBe(200);
    await stage.play({ do: "recover" });
    await stage.play({ do: "github-fails", kind: "insufficient-scopes", field: "PullRequest.reviews" });
    expect((await graphql(PULLS, { first: 5 })).json).toMatchObject({
      data: { repository: { one: { number: 1, reviews: null }, two: { number: 2 } } },
      errors: [{ type: "INSUFFICIENT_SCOPES", path: ["repository", "one", "reviews"] }],
    });
  });

  test("have words in them that nobody has heard of, in answers and in webhooks that are signed as ever", async () => {
    await stage.play({ do: "github-says", key: "activity_type", was: "push", says: "teleport" });
    await stage.play({ do: "github-says", key: "state", was: "approved", says: "endorsed" });
    await stage.play({ do: "github-says", key: "event", was: "push", says: "push_v2" });
    stage.arrivals.length = 0;
    await stage.play({ do: "push", by: "ann", branch: "two", files: { b: "2" } });
    await stage.play({ do: "review", by: "bob", pull: 2, state: "approved" });
    expect(stage.arrivals.map((one) => one.event)).toEqual([
      "push_v2",
      "check_suite",
      "pull_request",
      "pull_request_review",
    ]);
    expect(stage.arrivals.at(-1)?.payload["review"]).toMatchObject({ state: "endorsed" });
    expect(JSON.parse((await get(`${web}/pulls/2/reviews`)).text)).toMatchObject([{ state: "ENDORSED" }]);
    const types = (
      JSON.parse((await get(`${web}/activity?ref=two`)).text) as { activity_type: string }[]
    ).map((one) => one.activity_type);
    expect(types).toEqual(["teleport", "branch_creation"]);
    expect((await graphql(PULLS, { first: 5 })).json).toMatchObject({
      data: { repository: { one: { reviews: { nodes: [{ state: "ENDORSED" }] } } } },
    });
    await stage.play({ do: "recover" });
    expect(JSON.parse((await get(`${web}/pulls/2/reviews`)).text)).toMatchObject([{ state: "APPROVED" }]);
  });
});
