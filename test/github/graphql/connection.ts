import { numberArg, problem, textArg, type Args, type Fields } from "./context.ts";

/** A page of a list, in GitHub's form. `all` is the whole list. */
export interface Connection<T> {
  readonly nodes: readonly T[];
  readonly edges: readonly { readonly node: T; readonly cursor: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly totalCount: number;
}

/** The fields of every connection type. */
export const CONNECTION: Fields = {
  nodes: property("nodes"),
  edges: property("edges"),
  pageInfo: property("pageInfo"),
  totalCount: property("totalCount"),
};

/** The fields of every edge type. */
export const EDGE: Fields = { node: property("node"), cursor: property("cursor") };

/** Answers a field with the property of the same name. */
export function property(name: string): Fields[string] {
  return (source) => (typeof source === "object" && source !== null ? Reflect.get(source, name) : undefined);
}

/** The opaque cursor of an item. */
export function cursorOf(key: string | number): string {
  return Buffer.from(`cursor:${key}`).toString("base64url");
}

/** The page of `items` asked for by `first`, `last`, `after`, `before`. `key` names an item for its cursor, so that a list growing while it is paged neither repeats nor loses one. */
export function connection<T, N>(
  args: Args,
  items: readonly T[],
  key: (item: T) => string | number,
  node: (item: T) => N,
): Connection<N> {
  const place = (name: string): number | undefined => {
    const cursor = textArg(args, name);
    if (cursor === undefined) return undefined;
    const found = items.findIndex((item) => cursorOf(key(item)) === cursor);
    if (found < 0) {
      throw problem("INVALID_CURSOR_ARGUMENTS", `\`${cursor}\` does not appear to be a valid cursor.`);
    }
    return found;
  };
  let start = (place("after") ?? -1) + 1;
  let end = place("before") ?? items.length;
  const { first, last } = { first: numberArg(args, "first"), last: numberArg(args, "last") };
  if (first !== undefined) end = Math.min(end, start + first);
  if (last !== undefined) start = Math.max(start, end - last);
  const shown = items.slice(start, end);
  const cursors = shown.map((item) => cursorOf(key(item)));
  const nodes = shown.map(node);
  return {
    nodes,
    edges: nodes.map((one, index) => ({ node: one, cursor: cursors[index] ?? "" })),
    pageInfo: {
      hasNextPage: end < items.length,
      hasPreviousPage: start > 0,
      startCursor: cursors[0] ?? null,
      endCursor: cursors.at(-1) ?? null,
    },
    totalCount: items.length,
  };
}
