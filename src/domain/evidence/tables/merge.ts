/** Walks two versions of one table side by side: both are sorted by the table's key. */

import { groupsText, type TableForm } from "./table.ts";

/** Describes a row of either version, or of both. */
export type RowPair =
  | { readonly left: readonly string[]; readonly right: readonly string[] }
  | { readonly left: readonly string[]; readonly right: null }
  | { readonly left: null; readonly right: readonly string[] };

/** Yields the rows of both versions by their keys. Holds one row of each, and stops both walks when it is left. */
export async function* mergedRows(
  table: TableForm,
  left: AsyncIterable<readonly string[]>,
  right: AsyncIterable<readonly string[]>,
): AsyncIterable<RowPair> {
  const keyOf = sortKey(table);
  const walks = [left[Symbol.asyncIterator](), right[Symbol.asyncIterator]()] as const;
  try {
    let [a, b] = await Promise.all([walks[0].next(), walks[1].next()]);
    while (a.done !== true || b.done !== true) {
      const [keyA, keyB] = [a.done === true ? null : keyOf(a.value), b.done === true ? null : keyOf(b.value)];
      if (b.done === true || (keyA !== null && keyB !== null && keyA < keyB)) {
        yield { left: a.value as readonly string[], right: null };
        a = await walks[0].next();
      } else if (a.done === true || keyA !== keyB) {
        yield { left: null, right: b.value };
        b = await walks[1].next();
      } else {
        yield { left: a.value, right: b.value };
        [a, b] = await Promise.all([walks[0].next(), walks[1].next()]);
      }
    }
  } finally {
    for (const walk of walks) await walk.return?.();
  }
}

/** Returns how rows of a table sort: by the cells of its key, numbers by their size. */
function sortKey({ columns, sortedBy }: TableForm): (cells: readonly string[]) => string {
  const places = keyPlaces({ columns, sortedBy });
  return (cells) =>
    places
      .map(({ place, isNumber }) =>
        isNumber ? (cells[place] ?? "").padStart(16, "0") : (cells[place] ?? ""),
      )
      .join("\n");
}

/** Returns the name of a row: the cells of its key. */
export function rowName(table: TableForm, cells: readonly string[]): string {
  const parts = keyPlaces(table).map(({ place }) => cells[place] ?? "");
  return parts.length === 1 ? (parts[0] ?? "") : groupsText([parts]);
}

function keyPlaces({ columns, sortedBy }: Pick<TableForm, "columns" | "sortedBy">) {
  return sortedBy.map((name) => {
    const place = columns.findIndex((column) => column.name === name);
    return { place, isNumber: columns[place]?.type === "integer" };
  });
}
