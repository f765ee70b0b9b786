import {
  execute,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  Kind,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
  getNamedType,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
} from "graphql";
import { Hono } from "hono";
import { Refused } from "../refused.ts";
import { identify } from "../rest/caller.ts";
import { budget, countRequest, limitHeaders, limitShape, type Limit } from "../rest/limits.ts";
import type { Caller } from "../rest/route.ts";
import { withOddWords } from "../odd-words.ts";
import { reading } from "../replica.ts";
import type { World } from "../world.ts";
import { costOf, type Cost } from "./cost.ts";
import type { Context } from "./context.ts";
import { QueryFaults } from "./faults.ts";
import { servedSchema } from "./schema.ts";

/** How the interface is set up. `conformance`: hold every query to GitHub's whole schema; breaches of kind `schema` go into the world. */
export interface GraphqlOptions {
  readonly conformance?: boolean;
}

interface Question {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly operationName: string | undefined;
}

interface Made {
  readonly body: unknown;
  readonly limit: Limit;
  /** Null where GitHub refused the query itself. */
  readonly faults: QueryFaults | null;
  /** The names of the query's own fields. */
  readonly roots: readonly string[];
}

interface Ready {
  readonly document: DocumentNode;
  readonly connections: ReadonlySet<FieldNode>;
  readonly errors: readonly GraphQLError[];
}

/** GitHub's GraphQL interface over a world, to be mounted at `/graphql` and `/api/graphql`. */
export function graphqlApp(world: World, options: GraphqlOptions = {}): Hono {
  const app = new Hono();
  app.post("*", async (context) => {
    let caller: Caller;
    try {
      caller = identify(world, context.req.header("authorization"));
      if (caller.kind === "nobody") throw new Refused(401, "This endpoint requires you to be authenticated.");
      if (caller.kind === "app") throw new Refused(401, "A JSON web token could not be decoded");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const body = {
        message: error.message,
        documentation_url: "https://docs.github.com/graphql",
        status: String(error.status),
      };
      return send(world, error.status, body, null);
    }
    const question = questionOf(await context.req.text());
    if (question === null) {
      return send(
        world,
        400,
        { message: "Problems parsing JSON", documentation_url: "https://docs.github.com/graphql" },
        null,
      );
    }
    if (options.conformance === true) {
      validator ??= loadValidator();
      const { checkQuery } = await validator;
      for (const detail of checkQuery(question.query)) {
        world.breaches.push({ kind: "schema", request: "POST /graphql", detail });
      }
    }
    const { body, limit, faults, roots } = await answer(world, caller, question);
    const response = send(world, 200, withOddWords(world, body), limit);
    return faults === null ? response : faults.answer(response, roots);
  });
  return app;
}

/** Loaded once, and only where it is asked for: the published double comes without GitHub's whole schema. */
let validator: ReturnType<typeof loadValidator> | undefined;

async function loadValidator() {
  return import("../conformance/graphql.ts");
}

function questionOf(text: string): Question | null {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || !("query" in parsed)) return null;
    const { query } = parsed;
    if (typeof query !== "string") return null;
    const variables: unknown = "variables" in parsed ? parsed.variables : {};
    const name: unknown = "operationName" in parsed ? parsed.operationName : undefined;
    return {
      query,
      variables: typeof variables === "object" && variables !== null ? { ...variables } : {},
      operationName: typeof name === "string" ? name : undefined,
    };
  } catch {
    return null;
  }
}

const prepared = new Map<string, Ready>();

/** Parses and validates a text once; clients send the same few over and over. */
function prepare(schema: GraphQLSchema, query: string): Ready {
  const known = prepared.get(query);
  if (known !== undefined) return known;
  let ready: Ready;
  try {
    const document = parse(query);
    const errors = validate(schema, document);
    ready = { document, errors, connections: connectionsIn(schema, document) };
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    ready = {
      document: { kind: Kind.DOCUMENT, definitions: [] },
      errors: [error],
      connections: new Set(),
    };
  }
  // A batch is asked once; what is short is asked over and over.
  if (query.length < 20_000) prepared.set(query, ready);
  return ready;
}

function connectionsIn(schema: GraphQLSchema, document: DocumentNode): ReadonlySet<FieldNode> {
  const found = new Set<FieldNode>();
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field(node) {
        if (getNamedType(types.getType())?.name.endsWith("Connection") === true) found.add(node);
      },
    }),
  );
  return found;
}

async function answer(world: World, caller: Caller, question: Question): Promise<Made> {
  const schema = servedSchema();
  const { document, connections, errors } = prepare(schema, question.query);
  const refuse = (all: readonly GraphQLError[]): Made => ({
    body: { errors: all.map(errorShape) },
    limit: countRequest(world, caller, "graphql"),
    faults: null,
    roots: [],
  });
  if (errors.length > 0) return refuse(errors);
  const operation = getOperationAST(document, question.operationName);
  if (operation === null || operation === undefined) {
    return refuse([new GraphQLError("An operation name is required")]);
  }
  const variables = getVariableValues(schema, operation.variableDefinitions ?? [], question.variables);
  if (variables.errors !== undefined) return refuse(variables.errors);
  const counted = costOf(document, operation, variables.coerced, (field) => connections.has(field));
  if (counted.errors.length > 0) return refuse(counted.errors);
  const limit = countRequest(world, caller, "graphql", counted.cost.cost);
  const faults = new QueryFaults(world, {
    text: `${question.query}\n${JSON.stringify(question.variables)}`,
    longestPage: counted.cost.longestPage,
  });
  const contextValue: Context = {
    world: reading(world),
    primary: world,
    caller,
    faults,
    spent: () => spent(world, caller, counted.cost),
  };
  const result = await execute({
    schema,
    document,
    contextValue,
    variableValues: question.variables,
    operationName: question.operationName ?? null,
  });
  for (const error of result.errors ?? []) {
    // What is no answer of GitHub's is a bug of the double's, and must not look like an answer.
    if (error.extensions["type"] === undefined) throw error.originalError ?? error;
  }
  const data = { data: result.data };
  return {
    body: result.errors === undefined ? data : { ...data, errors: result.errors.map(errorShape) },
    limit,
    faults,
    roots: Object.keys(result.data ?? {}),
  };
}

function spent(world: World, caller: Caller, cost: Cost): ReturnType<Context["spent"]> {
  const { longestPage: _, ...told } = cost;
  return { ...told, ...limitShape(budget(world, caller, "graphql")) };
}

function errorShape(error: GraphQLError): Record<string, unknown> {
  const { type } = error.extensions;
  return {
    ...(typeof type === "string" ? { type } : {}),
    ...(error.path === undefined ? {} : { path: error.path }),
    ...(typeof type === "string" ? {} : { extensions: { code: "undefinedField" } }),
    locations: error.locations ?? [],
    message: error.message,
  };
}

function send(world: World, status: number, body: unknown, limit: Limit | null): Response {
  const headers = new Headers({ "content-type": "application/json; charset=utf-8" });
  headers.set("date", new Date(world.now()).toUTCString());
  headers.set("x-github-media-type", "github.v4; format=json");
  headers.set("x-github-request-id", `D1:${world.requests.length + 1}`);
  if (limit !== null) for (const [name, value] of limitHeaders(limit)) headers.set(name, value);
  return new Response(JSON.stringify(body), { status, headers });
}
