/** Cuts GitHub's published REST and GraphQL descriptions to what the GitHub double serves: `node scripts/prune-schemas.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { prunedRest } from "../test/github/conformance/prune.ts";
import { publishedSdl } from "../test/github/conformance/graphql.ts";
import { prunedSdl } from "../test/github/graphql/prune-sdl.ts";
import { RESOLVERS } from "../test/github/graphql/resolvers.ts";
import { OPERATIONS } from "../test/github/rest/operations.ts";

const published = new URL("../node_modules/@octokit/openapi/generated/api.github.com.json", import.meta.url);
const rest = prunedRest(JSON.parse(readFileSync(published, "utf8")), OPERATIONS);
writeFileSync(new URL("../test/github/schemas/rest.json", import.meta.url), `${JSON.stringify(rest)}\n`);

const served = prunedSdl(publishedSdl(), RESOLVERS);
writeFileSync(new URL("../test/github/schemas/served.graphql", import.meta.url), served);
