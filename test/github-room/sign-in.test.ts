/** What GitHub is asked when someone signs in, and what is made of its answers: as its documentation has them. */

import { inspect } from "node:util";

import { expect, test } from "vitest";

import { Pacing } from "../../src/github/api/pacing.ts";
import { REHEARSED } from "../../src/github/api/rate-limits.ts";
import { GitHubSignIn } from "../../src/github/people/sign-in.ts";

const BACK = "https://countersign.example/sign-in/github/callback";

/** One answer of GitHub, and the request it is for. */
interface Answer {
  readonly on: string;
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What was asked, with the body as it was sent. */
interface Sent {
  readonly on: string;
  readonly authorization: string | null;
  readonly body: unknown;
}

/** Sign-in at a GitHub that gives these answers, in this order, each to its own request. */
function at(
  apiUrl: string,
  answers: readonly Answer[] = [],
): { readonly github: GitHubSignIn; readonly sent: readonly Sent[] } {
  const left = [...answers];
  const sent: Sent[] = [];
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const text = await request.text();
    const on = `${request.method} ${request.url}`;
    const authorization = request.headers.get("authorization");
    sent.push({ on, authorization, body: text === "" ? null : JSON.parse(text) });
    const answer = left.shift();
    if (answer?.on !== on) throw new Error(`unexpected: ${on}`);
    const { status = 200, body, headers } = answer;
    const json = { "content-type": "application/json", ...headers };
    return new Response(body === undefined ? null : JSON.stringify(body), { status, headers: json });
  };
  const github = new GitHubSignIn({
    clientId: "Iv1.client",
    clientSecret: "a client's secret",
    apiUrl,
    fetch,
    pacing: () => new Pacing(REHEARSED),
  });
  return { github, sent };
}

const API = "https://api.github.com";
const EXCHANGE = "POST https://github.com/login/oauth/access_token";
const USER = { on: `GET ${API}/user`, body: { id: 101, login: "ann", type: "User" } };
const INSTALLATIONS = `GET ${API}/user/installations?per_page=100`;

test.each([
  ["https://api.github.com", "https://github.com"],
  ["https://ghe.example/api/v3", "https://ghe.example"],
])("people are sent to the pages of %s, with state and challenge", (apiUrl, web) => {
  const address = new URL(at(apiUrl).github.addressOf({ state: "s", challenge: "c", redirectUrl: BACK }));
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

const GIVEN = { code: "abc", verifier: "v", redirectUrl: BACK };

test("a code is exchanged with its verifier, and the person is whom GitHub names", async () => {
  const body = {
    access_token: "ghu_1",
    expires_in: 28_800,
    refresh_token: "ghr_1",
    refresh_token_expires_in: 15_811_200,
    scope: "",
    token_type: "bearer",
  };
  const headers = { date: "Wed, 01 Jul 2026 00:00:00 GMT" };
  const { github, sent } = at(API, [{ on: EXCHANGE, body, headers }, USER]);
  expect(await github.personOf(GIVEN)).toEqual({
    id: 101,
    login: "ann",
    token: "ghu_1",
    tokenEndsAt: Date.parse("2026-07-01T08:00:00Z"),
  });
  expect(sent[0]?.body).toEqual({
    client_id: "Iv1.client",
    client_secret: "a client's secret",
    code: "abc",
    code_verifier: "v",
    redirect_uri: BACK,
  });
  expect(sent[1]?.authorization).toBe("token ghu_1");
});

test("a token that does not end has no end", async () => {
  const body = { access_token: "ghu_1", scope: "", token_type: "bearer" };
  const { github } = at(API, [{ on: EXCHANGE, body }, USER]);
  expect((await github.personOf(GIVEN))?.tokenEndsAt).toBeNull();
});

/** GitHub's answer that refuses an exchange; its status is 200. */
function refusal(error: string): Answer {
  const body = { error, error_description: `About ${error}.`, error_uri: "https://docs.github.com" };
  return { on: EXCHANGE, body };
}

test("a code that GitHub does not take signs nobody in", async () => {
  expect(await at(API, [refusal("bad_verification_code")]).github.personOf(GIVEN)).toBeNull();
});

test.each(["incorrect_client_credentials", "redirect_uri_mismatch"])(
  "another refusal is an error for the operator, without secret or code: %s",
  async (error) => {
    const failed = at(API, [refusal(error)]).github.personOf(GIVEN);
    await expect(failed).rejects.toSatisfy(
      (each) => String(each).includes(error) && !/a client's secret|abc/u.test(inspect(each, { depth: 9 })),
    );
  },
);

test("no answer is no answer", async () => {
  const unreachable = { code: "github-unreachable" };
  const exchange = at(API, [{ on: EXCHANGE, status: 502 }]).github.personOf(GIVEN);
  await expect(exchange).rejects.toMatchObject(unreachable);
  const access = at(API, [{ on: INSTALLATIONS, status: 500 }]).github.accessOf("ghu_1");
  await expect(access).rejects.toMatchObject(unreachable);
});

test("a person may read what GitHub lists of each installation, on all its pages", async () => {
  const installations = [
    { id: 1, account: { id: 500, login: "acme", type: "Organization" } },
    { id: 2, account: { id: 501, login: "left", type: "Organization" } },
  ];
  const of = (id: number): string => `GET ${API}/user/installations/${id}/repositories?per_page=100`;
  const link = `<${API}/user/installations/1/repositories?per_page=100&page=2>; rel="next"`;
  const { github, sent } = at(API, [
    { on: INSTALLATIONS, body: { total_count: 2, installations } },
    { on: of(1), body: { total_count: 2, repositories: [{ id: 70 }] }, headers: { link } },
    { on: `${of(1)}&page=2`, body: { total_count: 2, repositories: [{ id: 71 }] } },
    { on: of(2), status: 404, body: { message: "Not Found" } },
  ]);
  expect(await github.accessOf("ghu_1")).toEqual([
    { organization: { id: 500, login: "acme" }, repositories: new Set([70, 71]) },
    { organization: { id: 501, login: "left" }, repositories: new Set() },
  ]);
  expect(new Set(sent.map(({ authorization }) => authorization))).toEqual(new Set(["token ghu_1"]));
});

test("a token that GitHub does not take gives no access", async () => {
  const refused = { on: INSTALLATIONS, status: 401, body: { message: "Bad credentials" } };
  expect(await at(API, [refused]).github.accessOf("ghu_1")).toBeNull();
});

test("a token is forgotten as GitHub's documentation has it", async () => {
  const on = `DELETE ${API}/applications/Iv1.client/token`;
  const { github, sent } = at(API, [{ on, status: 204 }]);
  await github.revoke("ghu_1");
  const credentials = Buffer.from("Iv1.client:a client's secret").toString("base64");
  expect(sent).toEqual([{ on, authorization: `basic ${credentials}`, body: { access_token: "ghu_1" } }]);
});
