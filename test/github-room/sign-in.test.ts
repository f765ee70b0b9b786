/** What GitHub is asked when someone signs in, and what is made of its answers: as its documentation has them. */

import { inspect } from "node:util";

import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";

import { Pacing } from "../../src/github/api/pacing.ts";
import { REHEARSED } from "../../src/github/api/rate-limits.ts";
import { GitHubSignIn } from "../../src/github/people/sign-in.ts";

const BACK = "https://countersign.example/sign-in/github/back";

function at(apiUrl: string): GitHubSignIn {
  return new GitHubSignIn({
    clientId: "Iv1.client",
    clientSecret: "a client's secret",
    apiUrl,
    pacing: () => new Pacing(REHEARSED),
  });
}

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

test.each([
  ["https://api.github.com", "https://github.com"],
  ["https://ghe.example/api/v3", "https://ghe.example"],
])("people are sent to the pages of %s, with state and challenge", (apiUrl, web) => {
  const address = new URL(at(apiUrl).addressOf({ state: "s", challenge: "c", returnTo: BACK }));
  expect(`${address.origin}${address.pathname}`).toBe(`${web}/login/oauth/authorize`);
  expect(Object.fromEntries(address.searchParams)).toEqual({
    allow_signup: "false",
    client_id: "Iv1.client",
    code_challenge: "c",
    code_challenge_method: "S256",
    redirect_uri: BACK,
    state: "s",
  });
});

const GIVEN = { code: "abc", verifier: "v", returnTo: BACK };

test("a code is exchanged with its verifier, and the person is whom GitHub names", async () => {
  nock("https://github.com")
    .post("/login/oauth/access_token", {
      client_id: "Iv1.client",
      client_secret: "a client's secret",
      code: "abc",
      code_verifier: "v",
      redirect_uri: BACK,
    })
    .reply(
      200,
      {
        access_token: "ghu_1",
        expires_in: 28_800,
        refresh_token: "ghr_1",
        refresh_token_expires_in: 15_811_200,
        scope: "",
        token_type: "bearer",
      },
      { date: "Wed, 01 Jul 2026 00:00:00 GMT" },
    );
  nock("https://api.github.com", { reqheaders: { authorization: "token ghu_1" } })
    .get("/user")
    .reply(200, { id: 101, login: "ann", type: "User" });
  expect(await at("https://api.github.com").personOf(GIVEN)).toEqual({
    id: 101,
    login: "ann",
    token: "ghu_1",
    tokenEndsAt: Date.parse("2026-07-01T08:00:00Z"),
  });
  expect(nock.isDone()).toBe(true);
});

test("a token that does not end has no end", async () => {
  nock("https://github.com")
    .post("/login/oauth/access_token")
    .reply(200, { access_token: "ghu_1", scope: "", token_type: "bearer" });
  nock("https://api.github.com").get("/user").reply(200, { id: 101, login: "ann" });
  expect((await at("https://api.github.com").personOf(GIVEN))?.tokenEndsAt).toBeNull();
});

test("a code that GitHub does not take signs nobody in; any other refusal is an error for the operator", async () => {
  const answer = (error: string): void =>
    void nock("https://github.com")
      .post("/login/oauth/access_token")
      .reply(200, { error, error_description: `About ${error}.`, error_uri: "https://docs.github.com" });
  answer("bad_verification_code");
  expect(await at("https://api.github.com").personOf(GIVEN)).toBeNull();
  for (const error of ["incorrect_client_credentials", "redirect_uri_mismatch"]) {
    answer(error);
    const failed = await at("https://api.github.com")
      .personOf(GIVEN)
      .catch((each: unknown) => each);
    expect(failed).toMatchObject({ message: expect.stringContaining(error) as string });
    expect(inspect(failed, { depth: 9 })).not.toMatch(/a client's secret|abc/u);
  }
  nock("https://github.com").post("/login/oauth/access_token").reply(502);
  await expect(at("https://api.github.com").personOf(GIVEN)).rejects.toMatchObject({
    code: "github-unreachable",
  });
});

test("a person may read what GitHub lists of each installation, on all its pages", async () => {
  const api = nock("https://api.github.com", { reqheaders: { authorization: "token ghu_1" } });
  api
    .get("/user/installations")
    .query({ per_page: 100 })
    .reply(200, {
      total_count: 2,
      installations: [
        { id: 1, account: { id: 500, login: "acme", type: "Organization" } },
        { id: 2, account: { id: 501, login: "left", type: "Organization" } },
      ],
    });
  const next = '<https://api.github.com/user/installations/1/repositories?per_page=100&page=2>; rel="next"';
  api
    .get("/user/installations/1/repositories")
    .query({ per_page: 100 })
    .reply(200, { total_count: 2, repositories: [{ id: 70 }] }, { link: next });
  api
    .get("/user/installations/1/repositories")
    .query({ per_page: 100, page: 2 })
    .reply(200, { total_count: 2, repositories: [{ id: 71 }] });
  api.get("/user/installations/2/repositories").query(true).reply(404, { message: "Not Found" });
  expect(await at("https://api.github.com").accessOf("ghu_1")).toEqual([
    { organization: { id: 500, login: "acme" }, repositories: new Set([70, 71]) },
    { organization: { id: 501, login: "left" }, repositories: new Set() },
  ]);
});

test("a token that GitHub does not take gives no access, and no answer is no answer", async () => {
  const api = nock("https://api.github.com");
  api.get("/user/installations").query(true).reply(401, { message: "Bad credentials" });
  expect(await at("https://api.github.com").accessOf("ghu_1")).toBeNull();
  api.get("/user/installations").query(true).reply(500);
  await expect(at("https://api.github.com").accessOf("ghu_1")).rejects.toMatchObject({
    code: "github-unreachable",
  });
});

test("a token is forgotten as GitHub's documentation has it", async () => {
  nock("https://api.github.com")
    .delete("/applications/Iv1.client/token", { access_token: "ghu_1" })
    .matchHeader("authorization", `basic ${Buffer.from("Iv1.client:a client's secret").toString("base64")}`)
    .reply(204);
  await at("https://api.github.com").forget("ghu_1");
  expect(nock.isDone()).toBe(true);
});
