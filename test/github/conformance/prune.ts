import type { Operation, Parameter, RestDescription } from "./description.ts";
import { plainSchema, referencedNames, type Json } from "./schema.ts";

interface Described {
  readonly [key: string]: Json;
}

/** Where GitHub's description contradicts itself: the list of installations asks each account to be a user and an enterprise at once; a single installation is described right. */
const CORRECTIONS: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  "GET /app/installations": {
    200: { type: "array", items: { $ref: "#/components/schemas/installation" } },
  },
};

/** Values GitHub sends beside those its description lists: a deployment held by its environment's rules is `waiting`, as GraphQL's list of the same states says. */
const MORE_VALUES: Readonly<Record<string, readonly [property: string, value: string]>> = {
  "deployment-status": ["state", "waiting"],
};

function withMoreValues(name: string, schema: Json): Json {
  const [property = "", value = ""] = MORE_VALUES[name] ?? [];
  const described = record(record(record(schema)["properties"])[property]);
  if (property === "") return schema;
  const properties = {
    ...record(record(schema)["properties"]),
    [property]: { ...described, enum: [...list(described["enum"]), value] },
  };
  return { ...record(schema), properties };
}

/** Cuts a whole OpenAPI description to `operations` (`METHOD /path`) and the schemas they reach. Throws when GitHub describes no such operation. */
export function prunedRest(description: unknown, operations: readonly string[]): RestDescription {
  const root = record(description);
  const pruned = Object.fromEntries(operations.map((name) => [name, prunedOperation(root, name)]));
  return withSchemas(root, pruned, ["basic-error"]);
}

/** Operations with every schema they reach, and some more. */
function withSchemas(
  root: Described,
  pruned: RestDescription["operations"],
  more: readonly string[],
): RestDescription {
  const schemas = record(at(root, ["components", "schemas"]));
  const kept = new Map<string, Json>();
  const open = Object.values(pruned).flatMap((operation) => [
    ...operation.parameters.flatMap((parameter) => referencedNames(parameter.schema)),
    ...referencedNames(operation.body?.schema ?? null),
    ...Object.values(operation.responses).flatMap(referencedNames),
    ...more,
  ]);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (kept.has(name)) continue;
    const schema = withMoreValues(name, plainSchema(schemas[name] ?? null));
    kept.set(name, schema);
    open.push(...referencedNames(schema));
  }
  const sorted = [...kept].sort(([a], [b]) => (a < b ? -1 : 1));
  return { operations: pruned, schemas: Object.fromEntries(sorted) };
}

/** As {@link prunedRest}, but only what may be asked. */
export function prunedRequests(description: unknown, operations: readonly string[]): RestDescription {
  const root = record(description);
  const bare = Object.fromEntries(
    operations.map((name) => [name, { ...prunedOperation(root, name), responses: {} }]),
  );
  return withSchemas(root, bare, []);
}

function prunedOperation(root: Described, name: string): Operation {
  const [method = "", path = ""] = name.split(" ");
  const operation = at(root, ["paths", path, method.toLowerCase()]);
  if (operation === undefined) throw new Error(`GitHub describes no operation ${name}`);
  const described = record(operation);
  const shared = list(at(root, ["paths", path, "parameters"]));
  const responses: Record<string, Json> = {};
  for (const [status, response] of Object.entries(record(described["responses"]))) {
    responses[status] = jsonSchema(record(resolved(root, response))["content"]);
  }
  const body = described["requestBody"];
  return {
    parameters: [...shared, ...list(described["parameters"])].map((item) =>
      parameter(record(resolved(root, item))),
    ),
    body:
      body === undefined
        ? null
        : { required: record(body)["required"] === true, schema: jsonSchema(record(body)["content"]) },
    responses: { ...responses, ...CORRECTIONS[name] },
  };
}

function parameter(described: Described): Parameter {
  return {
    name: typeof described["name"] === "string" ? described["name"] : "",
    in: described["in"] === "path" ? "path" : "query",
    required: described["required"] === true,
    schema: plainSchema(described["schema"] ?? {}),
  };
}

/** One schema for all documented JSON media types: an answer may have the form of any of them. */
function jsonSchema(content: Json | undefined): Json {
  if (content === undefined) return null;
  const forms = Object.entries(record(content))
    .filter(([type]) => type.includes("json") || type.includes("object"))
    .map(([, media]) => plainSchema(record(media)["schema"] ?? {}));
  const [only, second] = forms;
  if (only === undefined) return null;
  return second === undefined ? only : { anyOf: forms };
}

function resolved(root: Described, value: Json): Json {
  const ref = record(value)["$ref"];
  return typeof ref === "string" ? (at(root, ref.slice(2).split("/")) ?? null) : value;
}

function at(value: Json | undefined, keys: readonly string[]): Json | undefined {
  return keys.reduce<Json | undefined>(
    (inner, key) => (inner === undefined ? undefined : record(inner)[key]),
    value,
  );
}

function record(value: unknown): Described {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Described {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
