/** The only ways to call GitHub: each answer is checked for the fields we read, each failure becomes an external error. */

import type { Octokit } from "@octokit/rest";
import type { z } from "zod";
import type { Repository } from "../../domain/change/repository.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { listing, type Listing } from "./partial-list.ts";
import { graphqlErrorsOf, statusOf, toExternalError } from "./errors.ts";

/** Describes what we use of an Octokit, whatever made it. */
export type GitHub = Pick<Octokit, "request" | "graphql">;

/** Holds one answer of the REST API. */
export interface ApiAnswer<Data> {
  readonly data: Data;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

/** Queries GraphQL; what is not found under one of the `mayMiss` names at the top comes back as null. Throws {@link ExternalError}. */
export async function query<Shape extends z.ZodType>(
  github: GitHub,
  text: string,
  variables: Readonly<Record<string, unknown>>,
  shape: Shape,
  mayMiss: readonly string[] = [],
): Promise<z.infer<Shape>> {
  let data: unknown;
  try {
    data = await github.graphql(text, variables);
  } catch (error) {
    const errors = graphqlErrorsOf(error);
    const missing = errors.every(
      ({ type, path }) => type === "NOT_FOUND" && mayMiss.includes(String(path[0])),
    );
    if (errors.length === 0 || !missing) throw toExternalError(error);
    ({ data } = error as { readonly data?: unknown });
  }
  return checked(shape, data, "a GraphQL answer");
}

/** Requests from REST with `route` as in GitHub's documentation (`GET /repos/{owner}/{repo}`). Throws {@link ExternalError}. */
export async function ask<Shape extends z.ZodType>(
  github: GitHub,
  route: string,
  parameters: Readonly<Record<string, unknown>>,
  shape: Shape,
): Promise<ApiAnswer<z.infer<Shape>>> {
  try {
    const { data, headers } = await github.request(route, { ...parameters });
    return { data: checked(shape, data, route), headers };
  } catch (error) {
    throw toExternalError(error);
  }
}

/** Requests as {@link ask} does, but returns null where GitHub answers with one of `statuses` (404 unless given). */
export async function askIfExists<Shape extends z.ZodType>(
  github: GitHub,
  route: string,
  parameters: Readonly<Record<string, unknown>>,
  shape: Shape,
  statuses?: readonly number[],
): Promise<ApiAnswer<z.infer<Shape>> | null> {
  return unlessRefused(() => ask(github, route, parameters, shape), statuses);
}

/** Returns what `work` reads of GitHub, or null where GitHub answers with one of `statuses` (404 unless given). */
export async function unlessRefused<T>(
  work: () => Promise<T>,
  statuses: readonly number[] = [404],
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    const status =
      error instanceof ExternalError && error.code === "github-refused" ? statusOf(error.cause) : null;
    if (status !== null && statuses.includes(status)) return null;
    throw error;
  }
}

/** Holds one page of a list; `more`: GitHub has another one. */
export interface Page<Data> {
  readonly data: Data;
  readonly more: boolean;
}

/**
 * Reads the pages of a list, a hundred entries each, at most `most`. A reader that has enough sends no further request. Throws
 * {@link ExternalError}.
 */
export async function* pagesOf<Shape extends z.ZodType>(
  github: GitHub,
  route: string,
  parameters: Readonly<Record<string, unknown>>,
  shape: Shape,
  most = 100,
): AsyncGenerator<Page<z.infer<Shape>>, void, undefined> {
  let following: Readonly<Record<string, string>> | null = {};
  for (let pages = 0; following !== null && pages < most; pages += 1) {
    const answer: ApiAnswer<z.infer<Shape>> = await ask(
      github,
      route,
      { per_page: 100, ...parameters, ...following },
      shape,
    );
    following = nextPage(answer.headers);
    yield { data: answer.data, more: following !== null };
  }
}

/** Reads every page of a list, at most `most` pages. Throws {@link ExternalError}. */
export async function askAllPages<Shape extends z.ZodType>(
  github: GitHub,
  route: string,
  parameters: Readonly<Record<string, unknown>>,
  shape: Shape,
  most = 100,
): Promise<Listing<z.infer<Shape>>> {
  const pages: z.infer<Shape>[] = [];
  let isWhole = true;
  for await (const { data, more } of pagesOf(github, route, parameters, shape, most)) {
    pages.push(data);
    isWhole = !more;
  }
  return listing(pages, isWhole);
}

/** Returns the paging parameters (`page`, or a cursor) of the next page by the `Link` header. Null: this is the last page. */
export function nextPage(headers: ApiAnswer<unknown>["headers"]): Readonly<Record<string, string>> | null {
  const link = /<([^<>]+)>;\s*rel="next"/u.exec(String(headers["link"] ?? ""))?.[1];
  if (link === undefined) return null;
  const { searchParams } = new URL(link, "http://localhost");
  return Object.fromEntries(
    ["page", "after", "cursor"].flatMap((name) => {
      const value = searchParams.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}

/** Returns a repository as REST parameters. */
export function place(repository: Repository): { readonly owner: string; readonly repo: string } {
  return { owner: repository.owner, repo: repository.name };
}

function checked<Shape extends z.ZodType>(shape: Shape, data: unknown, what: string): z.infer<Shape> {
  const read = shape.safeParse(data);
  if (read.success) return read.data;
  const where = read.error.issues.map(({ path, message }) => `${path.map(String).join(".")} (${message})`);
  throw new ExternalError(
    "github-answer",
    `GitHub's answer to ${what} is not as documented: ${where.slice(0, 5).join(", ")}`,
  );
}
