import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { OPERATIONS } from "../rest/operations.ts";
import { problemsUnlessAlike } from "./alike.ts";
import { checkQuery } from "./graphql.ts";
import { prunedRest } from "./prune.ts";
import { checkRequest, checkResponse } from "./rest.ts";
import { schemaCompiler } from "./schema.ts";
import { checkWebhook } from "./webhook.ts";

test("the committed REST description is GitHub's, cut to the operations served", () => {
  const published = new URL(
    "../../../node_modules/@octokit/openapi/generated/api.github.com.json",
    import.meta.url,
  );
  const fresh = prunedRest(JSON.parse(readFileSync(published, "utf8")), OPERATIONS);
  const committed = readFileSync(new URL("../schemas/rest.json", import.meta.url), "utf8");
  expect(`${JSON.stringify(fresh)}\n` === committed, "run node scripts/prune-schemas.ts").toBe(true);
});

test("an operation GitHub does not describe cannot be served", () => {
  expect(() => prunedRest({ paths: {} }, ["GET /nowhere"])).toThrow(
    "GitHub describes no operation GET /nowhere",
  );
});

describe("requests", () => {
  test("wrong, unknown and missing parameters and bodies are named", () => {
    const pulls = "/repos/acme/web/pulls";
    expect(checkRequest("GET", pulls, { state: "all", per_page: "5" }, undefined)).toEqual([]);
    expect(checkRequest("GET", pulls, { state: "merged" }, undefined)[0]).toContain("query parameter state");
    expect(checkRequest("GET", `${pulls}/x`, {}, undefined)[0]).toContain("path parameter pull_number");
    expect(checkRequest("POST", "/repos/acme/web/issues/1/comments", {}, { text: "x" })[0]).toContain(
      "must have required property 'body'",
    );
    expect(checkRequest("POST", "/repos/acme/web/check-runs", {}, undefined)).not.toEqual([]);
    expect(checkRequest("GET", "/repos/acme/web/stargazers", {}, undefined)[0]).toContain(
      "not among the described",
    );
  });

  test("paths with slashes belong to the operation GitHub would choose", () => {
    for (const path of [
      "commits/a/b/check-runs",
      "branches/release/1/protection",
      "contents/a/b/c.ts",
      "contents/",
    ])
      expect(checkRequest("GET", `/repos/acme/web/${path}`, {}, undefined)).toEqual([]);
  });
});

describe("answers", () => {
  test("missing keys, wrong types and statuses that are not described are named with their place", () => {
    const label = {
      id: 1,
      node_id: "x",
      url: "https://x/",
      name: "n",
      description: null,
      color: "f",
      default: false,
    };
    const labels = "/repos/acme/web/labels";
    expect(checkResponse("GET", labels, 200, [label])).toEqual([]);
    expect(checkResponse("GET", labels, 200, [{ ...label, url: "no address" }])).toEqual([
      'response GET /repos/{owner}/{repo}/labels 200: /0/url must match format "uri"',
    ]);
    const { name: _, ...nameless } = label;
    expect(checkResponse("GET", labels, 200, [nameless])[0]).toContain(
      "/0 must have required property 'name'",
    );
    expect(checkResponse("GET", labels, 202, [])).toHaveLength(1);
    expect(checkResponse("GET", labels, 304, undefined)).toEqual([]);
  });

  test("null is taken only where GitHub's older dialect says nullable", () => {
    const check = schemaCompiler({ a: { type: "string", nullable: true, enum: ["x"] } });
    const nullable = check({ $ref: "#/components/schemas/a" });
    expect([nullable(null), nullable("x"), nullable("y").length]).toEqual([[], [], 1]);
    expect(check({ type: "string" })(null)).toHaveLength(1);
  });
});

test("webhooks are held to the description of their event and action", () => {
  expect(checkWebhook("pull_request", "opened", {})).not.toEqual([]);
  expect(checkWebhook("pull_request", "approved", {})[0]).toContain("GitHub describes no such event");
});

test("queries are held to GitHub's whole schema", () => {
  expect(checkQuery("{ viewer { login } }")).toEqual([]);
  expect(checkQuery("{ viewer { approvals } }")).toEqual([
    'query: Cannot query field "approvals" on type "User".',
  ]);
  expect(checkQuery("{")[0]).toContain("Syntax Error");
});

test("what differs from a text without problems in numbers and ids alone is not checked again in a sample", () => {
  const sha = "a".repeat(40);
  const checked = (kind: string, text: string): boolean => {
    let was = false;
    problemsUnlessAlike(kind, text, () => {
      was = true;
      return [];
    });
    return was;
  };
  expect(checked("GET 200", `{"id":1,"sha":"${sha}"}`)).toBe(true);
  const isWhole = process.env["TEST_EFFORT"] === "all";
  expect(checked("GET 200", `{"id":22,"sha":"${sha.replace("a", "b")}"}`)).toBe(isWhole);
  for (const [kind, text] of [
    ["POST 200", `{"id":1,"sha":"${sha}"}`],
    ["GET 201", `{"id":1,"sha":"${sha}"}`],
    ["GET 200", '{"id":1,"sha":"123"}'],
    ["GET 200", `{"id":"1","sha":"${sha}"}`],
  ] as const)
    expect(checked(kind, text), `${kind} ${text}`).toBe(true);
});
