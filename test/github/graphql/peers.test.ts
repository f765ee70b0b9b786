/** What other approval apps ask of GitHub's GraphQL interface, and the App does not. */

import type { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";

import { restApp } from "../rest/app.ts";
import { hear, signedIn } from "../rest/asking.ts";
import { trial, type Trial } from "../stage.ts";
import { graphqlApp } from "./app.ts";

let stage: Trial;
let graphql: Hono;
let token: string;

beforeAll(async () => {
  stage = await trial({
    people: { ann: { permission: "admin" }, bob: { permission: "write", teams: ["core"] } },
    policy: { mode: "enforce" },
  });
  await stage.play({ do: "push", by: "ann", branch: "one", files: { "a.ts": "1" }, signed: true });
  await stage.play({ do: "open-pull-request", by: "ann", branch: "one" });
  await stage.play({ do: "review", by: "bob", pull: 1, state: "approved" });
  const web = stage.double.world.repository("acme", "web")?.repository;
  for (const { id } of stage.double.world.teams.values()) web?.pulls.get(1)?.requestedTeams.add(id);
  ({ token } = await signedIn(stage, restApp(stage.double.world)));
  graphql = graphqlApp(stage.double.world, { conformance: true });
});

afterAll(() => stage.double.close());

async function ask(query: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  const heard = await hear(
    graphql,
    "POST /graphql",
    { query, variables },
    { authorization: `bearer ${token}` },
  );
  return JSON.parse(heard.text) as unknown;
}

const PULL = `query { repository(owner: "acme", name: "web") { pullRequest(number: 1) {
  reviews(first: 10) { nodes { id state onBehalfOf(first: 5) { nodes { slug } } } }
  commits(first: 10) { nodes { commit { signature {
    isValid
    ... on GpgSignature { keyId }
    ... on SshSignature { keyFingerprint }
    ... on SmimeSignature { email }
  } } } }
} } }`;

interface Told {
  readonly data: {
    readonly repository: {
      readonly pullRequest: {
        readonly reviews: {
          readonly nodes: readonly {
            readonly id: string;
            readonly state: string;
            readonly onBehalfOf: unknown;
          }[];
        };
        readonly commits: { readonly nodes: readonly { readonly commit: { readonly signature: unknown } }[] };
      };
    };
  };
}

test("for whom a review was given and whose key signed are answered in GitHub's own language", async () => {
  const { data } = (await ask(PULL)) as Told;
  const { reviews, commits } = data.repository.pullRequest;
  expect(reviews.nodes).toMatchObject([{ state: "APPROVED", onBehalfOf: { nodes: [{ slug: "core" }] } }]);
  expect(commits.nodes[0]?.commit.signature).toMatchObject({
    isValid: true,
    keyId: expect.stringMatching(/^[0-9A-F]{16}$/u),
  });
  expect(stage.double.world.breaches).toEqual([]);
});

test("a review is dismissed, and stays so", async () => {
  const { data } = (await ask(PULL)) as Told;
  const dismiss = `mutation($id: ID!) { dismissPullRequestReview(input: { pullRequestReviewId: $id, message: "pushed since", clientMutationId: "m" }) {
    clientMutationId pullRequestReview { state } } }`;
  const id = data.repository.pullRequest.reviews.nodes[0]?.id;
  expect(await ask(dismiss, { id })).toEqual({
    data: { dismissPullRequestReview: { clientMutationId: "m", pullRequestReview: { state: "DISMISSED" } } },
  });
  const after = (await ask(PULL)) as Told;
  expect(after.data.repository.pullRequest.reviews.nodes[0]?.state).toBe("DISMISSED");
  expect(await ask(dismiss, { id })).toMatchObject({ errors: [{ type: "UNPROCESSABLE" }] });
  expect(await ask(dismiss, { id: "PRR_none" })).toMatchObject({ errors: [{ type: "NOT_FOUND" }] });
});
