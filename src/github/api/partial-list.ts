/** Lists that GitHub gives by parts. The entries of one are had only with a decision for the case that there are more. */

import { z } from "zod";
import { ExternalError } from "../../domain/values/external-error.ts";

/** Holds a list as far as it was read. `total`: how many GitHub counts, where it was read. `next`: where to read on; null: it cannot be. */
export type Listing<Entry> = (
  | { readonly isWhole: true; readonly entries: readonly Entry[] }
  | { readonly isWhole: false; readonly seen: readonly Entry[]; readonly next: string | null }
) & { readonly total?: number | undefined };

/** Makes a list of entries that were read one by one; `isWhole`: there are no more. */
export function listing<Entry>(entries: readonly Entry[], isWhole: boolean): Listing<Entry> {
  return isWhole ? { isWhole, entries } : { isWhole, seen: entries, next: null };
}

/** Returns all entries of a list, `what` in the plural. Throws {@link ExternalError} where there are more than were read. */
export function allOf<Entry>(list: Listing<Entry>, what: string): readonly Entry[] {
  if (list.isWhole) return list.entries;
  throw new ExternalError("github-answer", `GitHub lists more ${what} than can be read.`);
}

/** Returns what a list holds for each entry of it. */
export function mapEntries<Entry, Made>(list: Listing<Entry>, make: (entry: Entry) => Made): Listing<Made> {
  if (list.isWhole) return { ...list, entries: list.entries.map((entry) => make(entry)) };
  return { ...list, seen: list.seen.map((entry) => make(entry)) };
}

/** Reads a list on from its first part, until it ends or `most` entries more are read. */
export async function readOn<Entry>(
  first: Listing<Entry>,
  most: number,
  read: (after: string) => Promise<Listing<Entry>>,
): Promise<Listing<Entry>> {
  const found: Entry[] = [];
  let part = first;
  let more = 0;
  while (!part.isWhole) {
    found.push(...part.seen);
    if (part.next === null || more >= most) return { ...part, seen: found };
    part = await read(part.next);
    more += part.isWhole ? part.entries.length : part.seen.length;
  }
  return { ...part, entries: [...found, ...part.entries] };
}

/**
 * Describes a connection of GraphQL's: `nodes`, with `pageInfo` or else `totalCount` to decide whether they are all. Nulls
 * among the nodes are dropped: GitHub sends them for what it hides, and counts them.
 */
export function connection<Node extends z.ZodType>(node: Node) {
  type Entry = NonNullable<z.infer<Node>>;
  return z
    .object({
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }).optional(),
      totalCount: z.int().optional(),
      nodes: z.array(node.nullish()).nullish(),
    })
    .refine(({ pageInfo, totalCount }) => pageInfo !== undefined || totalCount !== undefined, {
      message: "neither tells whether there is more, nor how many there are",
    })
    .transform(({ pageInfo, totalCount: total, nodes }): Listing<Entry> => {
      const entries = (nodes ?? []).filter((each): each is Entry => each != null);
      const isWhole = pageInfo === undefined ? entries.length >= (total ?? 0) : !pageInfo.hasNextPage;
      return isWhole
        ? { isWhole, entries, total }
        : { isWhole, seen: entries, next: pageInfo?.endCursor ?? null, total };
    });
}

/** Holds the answer of a connection that holds nothing. */
export const NO_CONNECTION = { totalCount: 0, nodes: [] } as const;

/** Holds the empty list. */
export const NOTHING: Listing<never> = { isWhole: true, entries: [] };

/** Describes a connection of which one entry is requested, its first or its last: undefined where there is none. */
export function single<Node extends z.ZodType>(node: Node) {
  return z
    .object({ nodes: z.array(node.nullish()).max(1).nullish() })
    .nullish()
    .transform((list) => list?.nodes?.[0] ?? undefined);
}
