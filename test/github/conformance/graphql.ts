import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { buildSchema, parse, validate, GraphQLError, type GraphQLSchema } from "graphql";

let whole: GraphQLSchema | undefined;
const checked = new Map<string, string[]>();

/** The text of GitHub's whole published schema. */
export function publishedSdl(): string {
  const manifest = findPackageJSON("@octokit/graphql-schema", import.meta.url);
  if (manifest === undefined) throw new Error("@octokit/graphql-schema is not installed");
  return readFileSync(join(dirname(manifest), "schema.graphql"), "utf8");
}

/** Problems of a query by GitHub's whole published schema, which takes 0.4 s to read the first time. */
export function checkQuery(query: string): string[] {
  const known = checked.get(query);
  if (known !== undefined) return known;
  whole ??= buildSchema(publishedSdl(), { assumeValidSDL: true });
  const problems = check(whole, query);
  checked.set(query, problems);
  return problems;
}

function check(schema: GraphQLSchema, query: string): string[] {
  try {
    return validate(schema, parse(query)).map((error) => `query: ${error.message}`);
  } catch (error) {
    if (error instanceof GraphQLError) return [`query: ${error.message}`];
    throw error;
  }
}
