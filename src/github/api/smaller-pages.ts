/** Smaller queries where GitHub cannot answer: ever shorter pages, then without signatures. */

import type { z } from "zod";
import { ExternalError } from "../../domain/values/external-error.ts";
import { query, type GitHub } from "./requests.ts";
import { graphqlErrorsOf, statusOf } from "./errors.ts";

/** Describes how much one query requests. */
export interface Portion {
  /** The longest page. */
  readonly page: number;
  /** Whether the signatures of commits are requested, which GitHub has to verify. */
  readonly signatures: boolean;
}

/** Requests as much as GitHub gives. */
export const WHOLE: Portion = { page: 100, signatures: true };

/** Lists the portions that are requested, ever less, where GitHub cannot answer. */
export const PORTIONS: readonly Portion[] = [
  WHOLE,
  { page: 25, signatures: true },
  { page: 5, signatures: true },
  { page: 5, signatures: false },
];

/** Queries GraphQL for as much as GitHub can answer. What was too much once is requested in smaller portions from then on. */
export class Smaller {
  readonly #github: GitHub;
  #portion: Portion = WHOLE;

  constructor(github: GitHub) {
    this.#github = github;
  }

  /** Returns how much is requested. */
  get portion(): Portion {
    return this.#portion;
  }

  /** Queries as {@link query} does. Throws {@link ExternalError} where GitHub cannot answer the smallest portion. */
  async query<Shape extends z.ZodType>(
    text: (portion: Portion) => string,
    variables: Readonly<Record<string, unknown>>,
    shape: Shape,
    mayMiss: readonly string[] = [],
  ): Promise<z.infer<Shape>> {
    for (;;) {
      try {
        return await query(this.#github, text(this.#portion), variables, shape, mayMiss);
      } catch (error) {
        const smaller = PORTIONS[PORTIONS.indexOf(this.#portion) + 1];
        if (!mayBeTooMuch(error) || smaller === undefined) throw error;
        this.#portion = smaller;
      }
    }
  }
}

/**
 * Returns whether GitHub may answer the same question for less. It does where it was reached and could not answer this.
 */
export function mayBeTooMuch(error: unknown): error is ExternalError {
  if (!(error instanceof ExternalError) || error.waitMs !== null || error.gone) return false;
  switch (error.code) {
    case "github-unanswered":
    case "github-answer":
      return true;
    case "github-unreachable":
      return statusOf(error.cause) !== null;
    case "github-refused":
      return graphqlErrorsOf(error.cause).length > 0;
    default:
      return false;
  }
}

/**
 * Returns whether one part of a query kept GitHub from answering the rest. That part was too much, or is hidden, such
 * as one pull request among many.
 */
export function isSpoiled(error: unknown): error is ExternalError {
  if (mayBeTooMuch(error)) return true;
  return error instanceof ExternalError && error.gone && graphqlErrorsOf(error.cause).length > 0;
}
