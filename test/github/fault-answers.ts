/** What GitHub answers on its bad days, in its own words. */

import type { RequestFault } from "./model.ts";
import type { World } from "./world.ts";

/** A connection that is refused; the server hangs up, `fetch` fails. */
export class ConnectionRefused extends Error {
  override readonly name = "ConnectionRefused";
}

/** The limits GitHub counts apart, by path. */
export function resourceOf(path: string): string {
  return path.endsWith("/graphql") ? "graphql" : "core";
}

/** GitHub's refusal where an organization lists the addresses that may ask. */
export function allowListWords(world: World): string {
  const login = [...world.organizations.values()][0]?.login ?? "acme";
  return `Although you appear to have the correct authorization credentials, the \`${login}\` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.`;
}

const SECONDARY = {
  now: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
  formerly:
    "You have triggered an abuse detection mechanism. Please wait a few minutes before you try again.",
};

const PAGE = `<!DOCTYPE html>
<html><head><title>Unicorn! &middot; GitHub</title></head>
<body><p>We had issues producing the response to your request.</p></body></html>
`;

/** What an answer that is a fault depends on. */
export type AnsweredFault = Pick<RequestFault, "kind" | "status" | "retryAfter" | "inOldWords">;

/** The fault of whoever is over a secondary limit. */
export const OVER_SECONDARY_LIMIT: AnsweredFault = {
  kind: "secondary-limit",
  status: null,
  retryAfter: 60,
  inOldWords: false,
};

/** The answer a fault gives to a request for a path. Throws {@link ConnectionRefused} where there is none. */
export function faultAnswer(world: World, fault: AnsweredFault, path: string): Response {
  const headers = new Headers({
    "content-type": "application/json; charset=utf-8",
    date: new Date(world.now()).toUTCString(),
  });
  const answer = (usual: number, message: string, errors?: readonly unknown[]): Response => {
    const status = fault.status ?? usual;
    const body =
      status === 200
        ? { errors: [{ ...(fault.kind === "rate-limit" ? { type: "RATE_LIMITED" } : {}), message }] }
        : {
            message,
            ...(errors === undefined ? {} : { errors }),
            documentation_url: "https://docs.github.com/rest",
            status: String(status),
          };
    return new Response(JSON.stringify(body), { status, headers });
  };
  switch (fault.kind) {
    case "refused":
      throw new ConnectionRefused("connection refused");
    case "server-error":
      return answer(502, "Server Error");
    case "html":
      headers.set("content-type", "text/html; charset=utf-8");
      return new Response(PAGE, { status: fault.status ?? 502, headers });
    case "unauthorized":
      return answer(401, "Bad credentials");
    case "not-found":
      return answer(404, "Not Found");
    case "rate-limit":
      headers.set("x-ratelimit-limit", "5000");
      headers.set("x-ratelimit-remaining", "0");
      headers.set("x-ratelimit-used", "5000");
      headers.set("x-ratelimit-reset", String(Math.ceil(world.realNow() / 1000 + (fault.retryAfter ?? 0))));
      headers.set("x-ratelimit-resource", resourceOf(path));
      return answer(403, "API rate limit exceeded for installation ID 1.");
    case "secondary-limit":
      if (fault.retryAfter !== null) headers.set("retry-after", String(fault.retryAfter));
      return answer(403, fault.inOldWords ? SECONDARY.formerly : SECONDARY.now);
    case "too-quickly":
      return answer(422, "Validation Failed", [
        {
          resource: "IssueComment",
          code: "unprocessable",
          field: "data",
          message: "was submitted too quickly",
        },
      ]);
    case "allow-list":
      return answer(403, allowListWords(world));
    case "suspended":
      return answer(403, "This installation has been suspended");
    default:
      throw new Error(`${fault.kind} is no answer of its own`);
  }
}

/** Whether a fault spoils what would be answered, instead of answering itself. */
export function spoils({ kind }: RequestFault): boolean {
  return kind === "cut-short" || kind === "cut-json";
}

/** A request that asks for the list itself, whatever of it the client has kept. */
export function unconditional(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete("if-none-match");
  return new Request(request, { headers });
}

/** An answer that ends early: a list that names no next page, or text that ends in the middle. */
export async function spoiled(answer: Response, { kind, items }: RequestFault): Promise<Response> {
  const text = await answer.clone().text();
  const headers = new Headers(answer.headers);
  headers.delete("etag");
  if (kind === "cut-json") {
    return new Response(text.slice(0, Math.floor(text.length / 2)), { status: answer.status, headers });
  }
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) return answer;
  headers.delete("link");
  return new Response(JSON.stringify(list.slice(0, items)), { status: answer.status, headers });
}
