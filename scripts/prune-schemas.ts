/**
 * Cuts GitHub's published REST and GraphQL descriptions to what is served and asked: `node scripts/prune-schemas.ts`.
 * With `--ghes FILE`, the public GraphQL schema of the oldest GitHub Enterprise Server served is cut too.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { prunedRequests, prunedRest } from "../test/github/conformance/prune.ts";
import { publishedSdl } from "../test/github/conformance/graphql.ts";
import { allQueries } from "../test/github/conformance/queries.ts";
import { prunedSdl } from "../test/github/graphql/prune-sdl.ts";
import { prunedToQueries } from "../test/github/graphql/prune-used.ts";
import { RESOLVERS } from "../test/github/graphql/resolvers.ts";
import { OPERATIONS } from "../test/github/rest/operations.ts";

const { values } = parseArgs({ options: { ghes: { type: "string" } } });

function published(name: string): unknown {
  const file = new URL(`../node_modules/@octokit/openapi/generated/${name}`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8"));
}

function write(name: string, text: string): void {
  writeFileSync(new URL(`../test/github/schemas/${name}`, import.meta.url), text);
}

write("rest.json", `${JSON.stringify(prunedRest(published("api.github.com.json"), OPERATIONS))}\n`);
write("ghes-3.17-rest.json", `${JSON.stringify(prunedRequests(published("ghes-3.17.json"), OPERATIONS))}\n`);
write("served.graphql", prunedSdl(publishedSdl(), RESOLVERS));
if (values.ghes !== undefined)
  write("ghes-3.17.graphql", prunedToQueries(readFileSync(values.ghes, "utf8"), [...allQueries().values()]));
