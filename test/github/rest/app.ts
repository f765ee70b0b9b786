import { createHash } from "node:crypto";
import { Hono, type Context } from "hono";
import { jsonText } from "../json.ts";
import { withOddWords } from "../odd-words.ts";
import { Refused } from "../refused.ts";
import { reading } from "../replica.ts";
import type { World } from "../world.ts";
import { accountRoutes } from "./accounts.ts";
import { appRoutes } from "./apps.ts";
import { userRoutes } from "./users.ts";
import { identify } from "./caller.ts";
import { checkRoutes } from "./checks.ts";
import { codeownersRoutes } from "./codeowners.ts";
import { commitRoutes } from "./commits.ts";
import { contentRoutes } from "./contents.ts";
import { deploymentRoutes } from "./deployments.ts";
import { issueRoutes } from "./issues.ts";
import { metaRoutes } from "./meta.ts";
import { findOperation, type Found, type OperationName } from "./operations.ts";
import { pullRoutes } from "./pulls.ts";
import { countRequest, limitHeaders, type Limit } from "./limits.ts";
import { repositoryRoutes } from "./repositories.ts";
import { grants, mayRead, type Answer, type Call, type Caller, type Route, type Routes } from "./route.ts";

/** How the interface is set up. `conformance`: hold every request and answer to GitHub's published description; breaches of kind `schema` go into the world. */
export interface RestOptions {
  readonly conformance?: boolean;
}

const ROUTES: Routes = {
  ...metaRoutes,
  ...appRoutes,
  ...accountRoutes,
  ...userRoutes,
  ...repositoryRoutes,
  ...commitRoutes,
  ...contentRoutes,
  ...codeownersRoutes,
  ...pullRoutes,
  ...issueRoutes,
  ...checkRoutes,
  ...deploymentRoutes,
};

/** The operations that have a route; a test holds this to the list in operations.ts. */
export function servedOperations(): string[] {
  return Object.keys(ROUTES);
}

/** GitHub's REST interface over a world, to be mounted at `/` and at `/api/v3`. */
export function restApp(world: World, options: RestOptions = {}): Hono {
  const app = new Hono();
  app.all("*", (context) => answer(world, options, context));
  return app;
}

async function answer(world: World, options: RestOptions, context: Context): Promise<Response> {
  const { method } = context.req;
  const url = new URL(context.req.url);
  const path = byName(world, url.pathname.replace(/^\/api\/v3(?=\/|$)/, ""));
  const query = Object.fromEntries(url.searchParams);
  let caller: Caller = { kind: "nobody" };
  let limit: Limit | null = null;
  let body: unknown;
  let result: Answer;
  try {
    body = await bodyOf(context);
    caller = identify(world, context.req.header("authorization"));
    limit = countRequest(world, caller, "core");
    const found = findOperation(method, path);
    const route = found === undefined ? undefined : ROUTES[found.name];
    if (found === undefined || route === undefined) throw new Refused(404, "Not Found");
    const moved = movedTo(world, caller, found, url);
    const call: Call = {
      world: method === "GET" ? reading(world) : world,
      caller,
      params: found.params,
      query,
      body: isRecord(body) ? body : Array.isArray(body) ? { labels: body } : {},
      accept: context.req.header("accept") ?? "",
      address: `${url.origin}${url.pathname}`,
    };
    if (moved === null) {
      admit(world, call, found.name, route);
      result = await route.run(call);
    } else {
      result = moved;
    }
  } catch (error) {
    result = refusal(error);
  }
  const text = result.body === undefined ? undefined : jsonText(result.body);
  if (options.conformance === true) await report(world, { method, path, query, body }, result, text);
  return send(world, context, result, text === undefined ? text : said(world, result, text), limit);
}

/** `/repositories/ID/...` is the same as `/repos/OWNER/NAME/...`. */
function byName(world: World, path: string): string {
  const match = /^\/repositories\/(\d+)(\/.*)?$/.exec(path);
  if (match === null) return path;
  const repository = world.repositories.get(Number(match[1]));
  if (repository === undefined || repository.deleted) return path;
  return `/repos/${world.fullName(repository)}${match[2] ?? ""}`;
}

async function bodyOf(context: Context): Promise<unknown> {
  if (context.req.method === "GET" || context.req.method === "HEAD") return undefined;
  const text = await context.req.text();
  if (text === "") return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    throw new Refused(400, "Problems parsing JSON");
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A repository asked for by a name it no longer has: GitHub points to it by id. */
function movedTo(world: World, caller: Caller, found: Found, url: URL): Answer | null {
  const { owner, repo } = found.params;
  if (owner === undefined || repo === undefined) return null;
  const hit = world.repository(owner, repo);
  if (hit === undefined || !hit.redirected || !mayRead(world, caller, hit.repository)) return null;
  const rest = url.pathname.replace(/^(?:\/api\/v3)?\/repos\/[^/]+\/[^/]+/, "");
  const prefix = url.pathname.startsWith("/api/v3/") ? "/api/v3" : "";
  const location = `${url.origin}${prefix}/repositories/${hit.repository.id}${rest}${url.search}`;
  return {
    status: 301,
    body: {
      message: "Moved Permanently",
      url: location,
      documentation_url:
        "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
    },
    headers: { location },
  };
}

/** Refuses callers that may not use an operation, with GitHub's words: first what they cannot see, then what they may not do. */
function admit(world: World, call: Call, name: OperationName, route: Route): void {
  const { caller, params } = call;
  if (route.need === "none") return;
  if (route.need === "app") {
    if (caller.kind === "app") return;
    throw new Refused(401, "A JSON web token could not be decoded");
  }
  if (route.need === "client") {
    if (caller.kind === "client") return;
    throw new Refused(404, "Not Found");
  }
  if (route.need === "person") {
    if (caller.kind === "user") return;
    if (caller.kind === "installation") throw new Refused(403, "Resource not accessible by integration");
    throw new Refused(401, "Requires authentication");
  }
  if (caller.kind === "client") throw new Refused(401, "Bad credentials");
  if (caller.kind === "app") {
    throw new Refused(403, "This endpoint requires you to be authenticated with an installation token.");
  }
  const { owner, repo } = params;
  const hit = owner === undefined || repo === undefined ? undefined : world.repository(owner, repo);
  if (owner !== undefined && (hit === undefined || !mayRead(world, caller, hit.repository))) {
    throw new Refused(404, "Not Found");
  }
  const writes = !name.startsWith("GET ");
  if (caller.kind === "nobody") {
    if (writes || owner === undefined) throw new Refused(401, "Requires authentication");
    return;
  }
  if (caller.kind === "user") {
    if (caller.app === null || hit === undefined) return;
    // A token given to an App allows what both may do.
    const installation = world.installationFor(caller.app.id, hit.repository);
    if (grants({ metadata: "read", ...installation?.permissions }, route.need)) return;
    throw new Refused(403, "Resource not accessible by integration");
  }
  const organization = params["org"] === undefined ? undefined : world.organization(params["org"]);
  if (organization !== undefined && caller.installation.accountId !== organization.id) {
    throw new Refused(403, "Resource not accessible by integration");
  }
  if (hit?.repository.archived === true && writes) {
    throw new Refused(403, "Repository was archived so is read-only.");
  }
  if (grants({ metadata: "read", ...caller.token.permissions }, route.need)) return;
  throw new Refused(403, "Resource not accessible by integration");
}

function refusal(error: unknown): Answer {
  if (!(error instanceof Refused)) throw error;
  return {
    status: error.status,
    body: {
      message: error.message,
      ...(error.errors.length === 0 ? {} : { errors: error.errors }),
      documentation_url: "https://docs.github.com/rest",
      status: String(error.status),
    },
  };
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Loaded once, and only where it is asked for: the published double comes without the validator. */
let validator: ReturnType<typeof loadValidator> | undefined;

async function loadValidator() {
  return Promise.all([import("../conformance/rest.ts"), import("../conformance/alike.ts")]);
}

async function report(
  world: World,
  { method, path, query, body }: Asked,
  result: Answer,
  text: string | undefined,
): Promise<void> {
  validator ??= loadValidator();
  const [{ checkRequest, checkResponse }, { problemsUnlessAlike }] = await validator;
  const status = result.status ?? 200;
  const asked = JSON.stringify([path, query, body]);
  const problems = [
    // A refused request may well be a wrong one.
    ...(status < 400 || status === 404
      ? problemsUnlessAlike(method, asked, () => checkRequest(method, path, query, body))
      : []),
    ...(result.raw === undefined
      ? problemsUnlessAlike(`${method} ${status}`, `${path} ${text}`, () =>
          // What the client will see: no keys that are undefined.
          checkResponse(method, path, status, text === undefined ? undefined : JSON.parse(text)),
        )
      : []),
  ];
  for (const detail of problems)
    world.breaches.push({ kind: "schema", request: `${method} ${path}`, detail });
}

/** An answer as it goes out: held to GitHub's description before, with words in it that are not GitHub's where those are wished. */
function said(world: World, result: Answer, text: string): string {
  return world.oddWords.length === 0 ? text : jsonText(withOddWords(world, result.body));
}

function send(
  world: World,
  context: Context,
  result: Answer,
  text: string | undefined,
  limit: Limit | null,
): Response {
  const headers = new Headers(result.headers);
  headers.set("date", new Date(world.now()).toUTCString());
  headers.set("server", "github.com");
  headers.set("x-github-media-type", "github.v3; format=json");
  headers.set("x-github-api-version-selected", "2022-11-28");
  headers.set("x-github-request-id", `D0:${world.requests.length + 1}`);
  if (limit !== null) for (const [name, value] of limitHeaders(limit)) headers.set(name, value);
  const status = result.status ?? 200;
  const body = result.raw === undefined ? text : new Uint8Array(result.raw.bytes);
  if (body === undefined) return new Response(null, { status, headers });
  headers.set("content-type", result.raw?.type ?? "application/json; charset=utf-8");
  if (status === 200) {
    // GitHub's tags hold for one token only: another gets another tag for the same answer.
    const asker = context.req.header("authorization") ?? "";
    const tag = `W/"${createHash("sha256").update(asker).update(body).digest("hex")}"`;
    headers.set("etag", tag);
    headers.set("cache-control", "private, max-age=60, s-maxage=60");
    if (context.req.method === "GET" && context.req.header("if-none-match") === tag) {
      headers.delete("content-type");
      // GitHub does not count what has not changed.
      if (limit !== null) {
        limit.used -= 1;
        for (const [name, value] of limitHeaders(limit)) headers.set(name, value);
      }
      return new Response(null, { status: 304, headers });
    }
  }
  return new Response(body, { status, headers });
}
