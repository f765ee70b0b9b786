import { globSync, readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";
import { describe, expect, test } from "vitest";
import { checkRequest } from "../github/conformance/rest.ts";
import { prunedRequests } from "../github/conformance/prune.ts";
import { OPERATIONS } from "../github/rest/operations.ts";
import { allQueries, queryMakers } from "../github/conformance/queries.ts";

const SRC = new URL("../../src/", import.meta.url);

/** The sources of the App, by path. */
function sources(): ReadonlyMap<string, string> {
  const names = globSync("**/*.ts", { cwd: SRC.pathname });
  return new Map(names.map((name) => [name, readFileSync(new URL(name, SRC), "utf8")]));
}

describe("the oldest GitHub Enterprise Server served, 3.17,", () => {
  const sdl = readFileSync(new URL("../github/schemas/ghes-3.17.graphql", import.meta.url), "utf8");
  const schema = buildSchema(sdl);

  for (const [name, query] of allQueries())
    test(`has all that ${name} asks for`, () => {
      expect(validate(schema, parse(query)).map((error) => error.message)).toEqual([]);
    });

  test("would refuse what it has not", () => {
    const query = 'query Q { repository(owner: "a", name: "b") { pullRequest(number: 1) { mood } } }';
    expect(validate(schema, parse(query))).toHaveLength(1);
  });

  test("is held to every query there is: all are in one file, and each that is made is made here", () => {
    const elsewhere = [...sources()].filter(
      ([name, text]) =>
        name !== "github/queries/queries.ts" &&
        /\b(?:(?:query|mutation)\s+[A-Z]\w*\s*[({]|fragment\s+\w+\s+on\s)/u.test(text),
    );
    expect(elsewhere.map(([name]) => name)).toEqual([]);
    const names = [...allQueries().keys()].map((name) => name.split(/[ .]/u)[0]);
    expect(queryMakers().filter((name) => !names.includes(name))).toEqual([]);
  });

  test("and those after it have every route that is asked", () => {
    const routes = new Set(
      [...sources().values()].flatMap((text) =>
        [...text.matchAll(/"((?:GET|POST|PATCH|PUT|DELETE) \/[^"]*)"/gu)].map((hit) => hit[1] ?? ""),
      ),
    );
    expect(routes.size).toBeGreaterThan(40);
    for (const version of ["3.17", "3.18", "3.19"]) {
      const file = new URL(
        `../../node_modules/@octokit/openapi/generated/ghes-${version}.json`,
        import.meta.url,
      );
      const { paths } = JSON.parse(readFileSync(file, "utf8")) as {
        readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
      };
      const shapes = new Map(Object.entries(paths).map(([path, methods]) => [shapeOf(path), methods]));
      const missing = [...routes].filter((route) => {
        const [method = "", path = ""] = route.split(" ");
        return shapes.get(shapeOf(path))?.[method.toLowerCase()] === undefined;
      });
      expect([version, missing]).toEqual([version, []]);
    }
  });

  test("knows every parameter, wherever requests are held to GitHub's description", () => {
    const file = new URL("../github/schemas/ghes-3.17-rest.json", import.meta.url);
    const described = readFileSync(file, "utf8");
    const published = new URL(
      "../../node_modules/@octokit/openapi/generated/ghes-3.17.json",
      import.meta.url,
    );
    const fresh = prunedRequests(JSON.parse(readFileSync(published, "utf8")), OPERATIONS);
    expect(`${JSON.stringify(fresh)}\n` === described, "run node scripts/prune-schemas.ts").toBe(true);
    expect(checkRequest("GET", "/repos/acme/web/pulls", { state: "all" }, undefined)).toEqual([]);
  });
});

/** A path whatever its parameters are called. */
function shapeOf(path: string): string {
  return path.replaceAll(/\{[^}]*\}/gu, "{}");
}
