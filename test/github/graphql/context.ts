import { GraphQLError } from "graphql";
import type { Repository } from "../model.ts";
import { grants, mayRead, type Caller } from "../rest/route.ts";
import type { World } from "../world.ts";

/** Arguments of a field as the query gave them, already checked against the schema. */
export type Args = Readonly<Record<string, unknown>>;

/** What every resolver is handed beside its source: the state, and who asks. */
export interface Context {
  readonly world: World;
  /** Where what is asked for is done: answers may be older. */
  readonly primary: World;
  readonly caller: Caller;
  /** What goes wrong in this answer: a field is answered with its value, or with an error in place of it. */
  readonly faults: { field(name: string, value: unknown): unknown };
  /** What the whole query costs, for the `rateLimit` field. */
  readonly spent: () => {
    readonly cost: number;
    readonly nodeCount: number;
    readonly limit: number;
    readonly remaining: number;
    readonly used: number;
    readonly reset: number;
  };
}

interface Holder {
  resolve(source: unknown, args: Args, context: Context): unknown;
}

/** Answers one field. Declared as a method so that a resolver may name the exact source it is given. */
export type Resolve = Holder["resolve"];

/** The fields of one type that the double serves. */
export type Fields = Readonly<Record<string, Resolve>>;

/** Every type the double serves, with its fields. The pruned schema holds exactly these. */
export type Resolvers = Readonly<Record<string, Fields>>;

/** An error of GitHub's: `type` is e.g. `NOT_FOUND` or `FORBIDDEN`. */
export function problem(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

/** Throws FORBIDDEN unless an installation holds one of the permissions; people are held to what they can see. */
export function need(context: Context, ...permissions: readonly string[]): void {
  const { caller } = context;
  if (caller.kind === "user") return;
  if (caller.kind === "installation" && grants(caller.token.permissions, permissions)) return;
  throw problem("FORBIDDEN", "Resource not accessible by integration");
}

/** Whether a caller may know that a repository exists. */
export function sees(context: Context, repository: Repository): boolean {
  return mayRead(context.world, context.caller, repository);
}

/** A text argument; undefined when absent or null. */
export function textArg(args: Args, name: string): string | undefined {
  const value = args[name];
  return typeof value === "string" ? value : undefined;
}

/** A whole-number argument; undefined when absent or null. */
export function numberArg(args: Args, name: string): number | undefined {
  const value = args[name];
  return typeof value === "number" ? value : undefined;
}

/** An argument that is a list of texts or enum values; undefined when absent or null. */
export function listArg(args: Args, name: string): readonly string[] | undefined {
  const value = args[name];
  if (!Array.isArray(value)) return undefined;
  return value.filter((one: unknown): one is string => typeof one === "string");
}

/** An argument that is an input object; empty when absent or null. */
export function objectArg(args: Args, name: string): Args {
  const value = args[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
