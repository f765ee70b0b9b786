import { createSign } from "node:crypto";
import type { Hono } from "hono";
import type { Trial } from "../stage.ts";

/** An answer as a client reads it; `json` is undefined when there is no body. */
export interface Heard {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, read as JSON by path: `at("0", "user", "login")`. */
  readonly at: (...path: readonly string[]) => unknown;
}

/** Asks an interface as the App: `GET /path`, with the App's installation token unless another header is given. */
export type Ask = (
  line: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Heard>;

/** A JSON web token of the trial's App. `at` in real milliseconds. */
export function appJwt(trial: Trial, at = Date.now(), life = 540): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const seconds = Math.floor(at / 1000);
  const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat: seconds - 60, exp: seconds + life, iss: "77" })}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(trial.privateKey, "base64url")}`;
}

/** One request, without signing in. */
export async function hear(
  app: Hono,
  line: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Heard> {
  const [method = "", path = ""] = line.split(" ");
  const answer = await app.request(`http://github.test${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    at(...path) {
      let value: unknown = JSON.parse(text);
      for (const key of path) {
        value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
      }
      return value;
    },
  };
}

/** Signs in as the trial's App, and returns how to ask. `wanted` narrows the token. */
export async function signedIn(
  trial: Trial,
  rest: Hono,
  wanted: unknown = {},
): Promise<{ token: string; ask: Ask }> {
  const jwt = { authorization: `Bearer ${appJwt(trial)}` };
  const found = await hear(rest, "GET /orgs/acme/installation", undefined, jwt);
  const made = await hear(
    rest,
    `POST /app/installations/${String(found.at("id"))}/access_tokens`,
    wanted,
    jwt,
  );
  const token = String(made.at("token"));
  const authorization = `token ${token}`;
  return { token, ask: (line, body, headers) => hear(rest, line, body, { authorization, ...headers }) };
}
