import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { buildSchema, Kind, parse, validate, type GraphQLSchema } from "graphql";
import { expect, test } from "vitest";
import { allQueries } from "../github/conformance/queries.ts";
import { batchQuery } from "../../src/github/queries.ts";
import { SIZE, WINDOW } from "../../src/github/read-ahead.ts";
import { costOf } from "../github/graphql/cost.ts";

function githubSchema(): GraphQLSchema {
  const entry = createRequire(import.meta.url).resolve(
    "../../node_modules/@octokit/graphql-schema/schema.graphql",
  );
  // GitHub publishes two fields twice, which a strict reading refuses.
  return buildSchema(readFileSync(entry, "utf8"), { assumeValidSDL: true });
}

const texts = [...allQueries()];

test("every query is one that GitHub's published schema allows", () => {
  const schema = githubSchema();
  expect(texts.length).toBeGreaterThan(8);
  for (const [name, text] of texts) {
    const errors = validate(schema, parse(text)).map(({ message }) => `${name}: ${message}`);
    expect(errors).toEqual([]);
  }
});

test("no query reads a name, a mail address or a date that whoever commits can forge", () => {
  for (const [name, whole] of texts) {
    // Of several pull requests that show the very same commits, the merge made on GitHub's pages names the one that landed. Whoever
    // merges may write another number there, and gains an approval given for the same commits towards the same base.
    const text = whole.replaceAll(/messageHeadline\s+committedViaWeb/gu, "committedViaWeb");
    expect(text, name).not.toMatch(/\b(?:authoredDate|committedDate|email|messageHeadline)\b/u);
  }
});

test("the largest batch asks for no more nodes than GitHub answers, and for a tenth of an hour's points at most", () => {
  for (const window of [WINDOW.merge, WINDOW.push]) {
    const document = parse(
      batchQuery(
        Array.from({ length: SIZE.most }, () => window),
        SIZE.most,
      ),
    );
    const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
    if (operation === undefined) throw new Error("a query without an operation");
    const { cost, errors } = costOf(document, operation, {}, ({ arguments: given = [] }) =>
      given.some(({ name }) => name.value === "first" || name.value === "last"),
    );
    expect(errors).toEqual([]);
    expect(cost.cost).toBeLessThanOrEqual(500);
  }
});
