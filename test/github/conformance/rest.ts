import { readFileSync } from "node:fs";
import type { Operation, Parameter, RestDescription } from "./description.ts";
import { findOperation, type Found } from "../rest/operations.ts";
import { schemaCompiler, type Check, type Json } from "./schema.ts";

interface Loaded {
  readonly operations: RestDescription["operations"];
  /** The check of a JSON body. */
  readonly body: (schema: Json) => Check;
  /** The check of a parameter, which comes as a string. */
  readonly parameter: (parameter: Parameter) => Check;
}

/** GitHub's own description, and what the oldest GitHub Enterprise Server served says of requests. */
type Source = "rest.json" | "ghes-3.17-rest.json";

const all = new Map<Source, Loaded>();

function load(source: Source = "rest.json"): Loaded {
  const known = all.get(source);
  if (known !== undefined) return known;
  const file = new URL(`../schemas/${source}`, import.meta.url);
  const description: RestDescription = JSON.parse(readFileSync(file, "utf8"));
  const compile = schemaCompiler(description.schemas);
  const loaded: Loaded = {
    operations: description.operations,
    body: once((schema: Json) => compile(schema)),
    // Coercion happens in place, so the value travels inside an object.
    parameter: once(({ schema }: Parameter) => {
      const check = compile({ type: "object", properties: { value: schema } }, true);
      return (value) => check({ value });
    }),
  };
  all.set(source, loaded);
  return loaded;
}

/** Makes one check of each schema: the description is read once, so the same schema is the same value. */
function once<From>(make: (from: From) => Check): (from: From) => Check {
  const made = new Map<From, Check>();
  return (from) => {
    const check = made.get(from) ?? make(from);
    made.set(from, check);
    return check;
  };
}

function find(
  method: string,
  path: string,
  source: Source = "rest.json",
): (Found & { readonly operation: Operation }) | undefined {
  const found = findOperation(method, path.replace(/^\/api\/v3(?=\/)/, ""));
  const operation = found === undefined ? undefined : load(source).operations[found.name];
  return found === undefined || operation === undefined ? undefined : { ...found, operation };
}

/** Problems of a request by GitHub's own description, and by that of the oldest GitHub Enterprise Server served. */
export function checkRequest(
  method: string,
  path: string,
  query: Readonly<Record<string, string>>,
  body: unknown,
): string[] {
  const problems = requestProblems("rest.json", method, path, query, body);
  if (problems.length > 0) return problems;
  return requestProblems("ghes-3.17-rest.json", method, path, query, body).map(
    (text) => `GHES 3.17: ${text}`,
  );
}

/**
 * Problems of a request by one description: path and query parameters (query values as strings), then the JSON body.
 * An operation the double does not serve is a problem too.
 */
function requestProblems(
  source: Source,
  method: string,
  path: string,
  query: Readonly<Record<string, string>>,
  body: unknown,
): string[] {
  const hit = find(method, path, source);
  if (hit === undefined) return [`${method} ${path}: not among the described operations`];
  const { name, operation } = hit;
  const problems: string[] = [];
  const given: Record<string, Record<string, string>> = { path: { ...hit.params }, query: { ...query } };
  for (const parameter of operation.parameters) {
    const value = given[parameter.in]?.[parameter.name];
    if (value === undefined) {
      if (parameter.required) problems.push(`${parameter.in} parameter ${parameter.name} is missing`);
      continue;
    }
    const check = load(source).parameter(parameter);
    problems.push(...check(value).map((text) => `${parameter.in} parameter ${parameter.name}: ${text}`));
  }
  const known = new Set(operation.parameters.map((parameter) => parameter.name));
  for (const key of Object.keys(query)) {
    if (!known.has(key)) problems.push(`query parameter ${key} is unknown`);
  }
  if (operation.body === null || operation.body.schema === null) {
    if (hasContent(body)) problems.push("a body is not described");
  } else if (hasContent(body)) {
    problems.push(
      ...load(source)
        .body(operation.body.schema)(body)
        .map((text) => `body ${text}`),
    );
  } else if (operation.body.required) {
    problems.push(
      ...load(source)
        .body(operation.body.schema)({})
        .map((text) => `body ${text}`),
    );
  }
  return problems.map((text) => `request ${name}: ${text}`);
}

/** Octokit sends `{}` or nothing where an operation takes no body. */
function hasContent(body: unknown): boolean {
  if (body === undefined || body === null || body === "") return false;
  return typeof body !== "object" || Object.keys(body).length > 0;
}

const BASIC_ERROR: Json = { $ref: "#/components/schemas/basic-error" };

/** Statuses any operation may answer with, whether or not it says so. */
const ANYWHERE = new Set([301, 304, 400, 401, 403, 404, 422, 429, 500, 502, 503]);

/** Problems of a JSON response by GitHub's own description; `body` is undefined when there was none. */
export function checkResponse(method: string, path: string, status: number, body: unknown): string[] {
  const hit = find(method, path);
  if (hit === undefined) return [];
  const { name, operation } = hit;
  const schema = operation.responses[String(status)];
  if (schema === undefined && !ANYWHERE.has(status)) {
    return [`response ${name}: status ${status} is not described`];
  }
  if (schema === null || status === 304 || status === 204) {
    return body === undefined ? [] : [`response ${name} ${status}: no body is described`];
  }
  return load()
    .body(schema ?? BASIC_ERROR)(body)
    .map((text) => `response ${name} ${status}: ${text}`);
}
