/** GitHub's limits for one installation, as data: what it counts, how much it allows, and what a request costs. */

import { MINUTE } from "../../domain/time/durations.ts";

/**
 * Lists what GitHub counts, with the documented limit and how long (ms) spending counts. 0: only while the request is under way.
 * Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
export const BUDGETS = {
  "at-once": { limit: 100, span: 0 },
  rest: { limit: 900, span: MINUTE },
  graphql: { limit: 2_000, span: MINUTE },
  content: { limit: 80, span: MINUTE },
  "content-hour": { limit: 500, span: 60 * MINUTE },
} as const;

/** Names a budget. */
export type BudgetName = keyof typeof BUDGETS;

/** Holds how much of each budget an installation may use; infinite where GitHub has no limit. */
export type Limits = Readonly<Record<BudgetName, number>>;

/** Lists the names of all budgets. */
export const BUDGET_NAMES = Object.keys(BUDGETS) as readonly BudgetName[];

/** Holds the limits github.com documents. */
export const DOCUMENTED: Limits = limits((name) => BUDGETS[name].limit);

/** Holds the limits of a GitHub Enterprise Server, which has none unless its administrator sets them. */
export const UNLIMITED: Limits = limits(() => Number.POSITIVE_INFINITY);

/** Holds the limits of a double in stories and rehearsals, which act out years in minutes. */
export const REHEARSED: Limits = limits((name) => BUDGETS[name].limit * 1_000);

/** Bounds every limit from below: the costliest request must fit into the half that sweeps may use. */
export const LOWEST_LIMIT = 10;

/** Returns limits, each by its name. */
export function limits(of: (name: BudgetName) => number): Limits {
  return {
    "at-once": of("at-once"),
    rest: of("rest"),
    graphql: of("graphql"),
    content: of("content"),
    "content-hour": of("content-hour"),
  };
}

/** Returns limits as the setting for them is written. */
export function writtenLimits(given: Limits): string {
  return BUDGET_NAMES.map((name) => `${name}=${given[name]}`).join(",");
}

/** Holds what one request takes of each budget, and whether it writes. */
export interface Cost {
  readonly isWrite: boolean;
  readonly of: ReadonlyMap<BudgetName, number>;
}

const READ = 1;
const WRITE = 5;

const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Matches the POSTs that create content: of what we write, the operations whose documentation warns that "creating content too
 * quickly using this endpoint may result in secondary rate limiting". Check runs and reactions are not among them.
 */
const CREATES_CONTENT =
  /\/repos\/[^/]+\/[^/]+\/(?:issues|issues\/\d+\/comments|pulls\/\d+\/requested_reviewers)$/u;

/** Returns what a request costs, by its method, its path and, for GraphQL, its body. */
export function costOf(method: string, path: string, body: unknown): Cost {
  if (path.endsWith("/graphql")) {
    const isWrite = typeof body !== "string" || /"query"\s*:\s*"(?:\\[nrt]|\s)*mutation\b/u.test(body);
    return cost(isWrite, ["graphql", isWrite ? WRITE : READ]);
  }
  const isWrite = !READING.has(method);
  const creates = method === "POST" && CREATES_CONTENT.test(path);
  return cost(
    isWrite,
    ["rest", isWrite ? WRITE : READ],
    ...(creates
      ? ([
          ["content", 1],
          ["content-hour", 1],
        ] as const)
      : []),
  );
}

function cost(isWrite: boolean, ...parts: readonly (readonly [BudgetName, number])[]): Cost {
  return { isWrite, of: new Map([["at-once", 1], ...parts]) };
}
