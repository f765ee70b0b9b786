/** What GraphQL gets wrong inside its answers: some fields, one object, or the whole query. */

import type { GraphQLError } from "graphql";
import { allowListWords, faultAnswer, spoiled, spoils } from "../fault-answers.ts";
import { isOn, looksIntoQueries } from "../faults.ts";
import type { RequestFault } from "../model.ts";
import type { World } from "../world.ts";
import { problem } from "./context.ts";

/** What a query asks, as far as faults look at it. */
export interface Asked {
  /** The query with its variables. */
  readonly text: string;
  /** The longest page it asks for. */
  readonly longestPage: number;
}

/** The faults that one query may meet, and those it met. */
export class QueryFaults {
  readonly #world: World;
  readonly #open: readonly RequestFault[];
  readonly #met = new Set<RequestFault>();

  constructor(world: World, { text, longestPage }: Asked) {
    this.#world = world;
    this.#open = world.requestFaults.filter(
      (fault) =>
        isOn(world, fault) &&
        looksIntoQueries(fault) &&
        fault.via !== "rest" &&
        (fault.match === null || fault.match.test("POST /graphql")) &&
        (fault.query === null || fault.query.test(text)) &&
        (fault.over === null || longestPage > fault.over),
    );
  }

  /** What a field is answered with: its value, or an error in place of it or of some of its entries. */
  field(name: string, value: unknown): unknown {
    if (this.#open.length === 0) return value;
    if (Array.isArray(value)) return value.map((one: unknown) => this.#one(name, one));
    return this.#one(name, value);
  }

  #one(name: string, value: unknown): unknown {
    for (const fault of this.#open) {
      const isMeant =
        (fault.field !== null || fault.pull !== null) &&
        (fault.field === null || fault.field === name) &&
        (fault.pull === null || isPull(value, fault.pull));
      if (!isMeant) continue;
      this.#met.add(fault);
      const error = this.#errorOf(fault);
      if (error !== null) return error;
    }
    return value;
  }

  /** An error that stands in place of a value; null for a fault that takes the whole answer. */
  #errorOf(fault: RequestFault): GraphQLError | null {
    switch (fault.kind) {
      case "resource-limits":
        return problem("RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded.");
      case "missing-node":
        return problem(
          "NOT_FOUND",
          fault.pull === null
            ? "Could not resolve to a node with the global id given."
            : `Could not resolve to a PullRequest with the number of ${fault.pull.number}.`,
        );
      case "insufficient-scopes":
        return problem(
          "INSUFFICIENT_SCOPES",
          "Your token has not been granted the required scopes to execute this query.",
        );
      case "allow-list":
        return problem("FORBIDDEN", allowListWords(this.#world));
      default:
        return null;
    }
  }

  /** The answer that is sent: the one made, or what a fault makes of it. `roots`: the names of the query's own fields. */
  async answer(response: Response, roots: readonly string[]): Promise<Response> {
    const whole = this.#open.filter((fault) => fault.pull === null && fault.field === null);
    const used = [...this.#met, ...whole];
    const decisive = used.find((fault) => whole.includes(fault) || this.#errorOf(fault) === null);
    for (const fault of decisive === undefined ? used : [decisive]) fault.remaining -= 1;
    if (decisive === undefined) return response;
    if (spoils(decisive)) return spoiled(response, decisive);
    const body = this.#bodyOf(decisive, roots);
    if (body === null) return faultAnswer(this.#world, decisive, "/graphql");
    return new Response(JSON.stringify(body), { status: decisive.status ?? 200, headers: response.headers });
  }

  /** The body of an answer that a fault takes as a whole; null for one that is no answer of GraphQL's. */
  #bodyOf(fault: RequestFault, roots: readonly string[]): unknown {
    const error = this.#errorOf(fault);
    if (fault.kind === "insufficient-scopes" && error !== null)
      return { errors: [{ type: error.extensions["type"], locations: [], message: error.message }] };
    if (error !== null) {
      return {
        data: Object.fromEntries(roots.map((name) => [name, null])),
        errors: roots.map((name) => ({
          type: error.extensions["type"],
          path: [name],
          locations: [],
          message: error.message,
        })),
      };
    }
    if (fault.kind === "too-many-nodes") {
      const message =
        "This query requests up to 618,250 possible nodes which exceeds the maximum limit of 500,000.";
      return { errors: [{ type: "MAX_NODE_LIMIT_EXCEEDED", locations: [], message }] };
    }
    if (fault.kind !== "went-wrong") return null;
    const at = new Date(this.#world.now()).toISOString();
    const message = `Something went wrong while executing your query on ${at}. Please include \`D0:${this.#world.requests.length + 1}\` when reporting this issue.`;
    return { data: null, errors: [{ message }] };
  }
}

function isPull(value: unknown, { repository, number }: NonNullable<RequestFault["pull"]>): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (!("pull" in value) || !("repository" in value) || !("__typename" in value)) return false;
  if (value.__typename !== "PullRequest") return false;
  return nameOf(value.repository) === repository && numberOf(value.pull) === number;
}

function nameOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "name" in value ? value.name : undefined;
}

function numberOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "number" in value ? value.number : undefined;
}
