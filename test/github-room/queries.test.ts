import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import {
  buildSchema,
  Kind,
  parse,
  validate,
  visit,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type SelectionSetNode,
} from "graphql";
import { expect, test } from "vitest";
import { allQueries } from "../github/conformance/queries.ts";
import { batchQuery } from "../../src/github/queries/queries.ts";
import { SIZE, WINDOW } from "../../src/github/queries/read-ahead.ts";
import { nodesOf, sourcesIn } from "../house/syntax.ts";
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

/** The fields a selection has, with those of its fragments. */
function fieldsOf(selections: SelectionSetNode | undefined, document: DocumentNode): readonly FieldNode[] {
  return (selections?.selections ?? []).flatMap((each): readonly FieldNode[] => {
    if (each.kind === Kind.FIELD) return [each];
    if (each.kind === Kind.INLINE_FRAGMENT) return fieldsOf(each.selectionSet, document);
    const fragment = document.definitions.find(
      (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === each.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? fieldsOf(fragment.selectionSet, document) : [];
  });
}

/** The connections of a query whose answer would not tell that there is more than was asked for. */
function cutInSilence(text: string): readonly string[] {
  const document = parse(text);
  const found: string[] = [];
  visit(document, {
    Field(field) {
      const size = field.arguments?.find(({ name }) => name.value === "first" || name.value === "last");
      const isSingle = size?.value.kind === Kind.INT && size.value.value === "1";
      if (size === undefined || isSingle) return;
      const named = fieldsOf(field.selectionSet, document);
      const page = named.find(({ name }) => name.value === "pageInfo");
      const tells = [...named, ...fieldsOf(page?.selectionSet, document)].map(({ name }) => name.value);
      if (!tells.includes("hasNextPage") && !tells.includes("totalCount")) found.push(field.name.value);
    },
  });
  return found;
}

test("no query reads a list whose end it could not tell, and nothing but the type of lists reads one", () => {
  for (const [name, text] of texts) expect(cutInSilence(text), name).toEqual([]);
  expect(cutInSilence("{ a(first: 9) { nodes { b } } c(last: 1) { nodes { b } } }")).toEqual(["a"]);
  for (const source of sourcesIn("src/github")) {
    if (source.path === "src/github/api/partial-list.ts") continue;
    const names = [...nodesOf(source.items)].flatMap((node) =>
      node.type === "Identifier" ? [node["value"]] : [],
    );
    const own = names.filter((each) => each === "nodes" || each === "pageInfo" || each === "hasNextPage");
    expect(own, source.path).toEqual([]);
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
