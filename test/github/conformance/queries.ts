/** Every text of GraphQL that the App sends. */

import * as sent from "../../../src/github/queries.ts";

/** Each query by its name; those made for so many things at once, for one and for a few of each. */
export function allQueries(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(sent)) {
    if (typeof value === "string") found.set(name, value);
    else if (typeof value === "object")
      for (const [key, text] of Object.entries(value)) found.set(`${name}.${key}`, text);
  }
  for (const [changes, pulls] of [
    [[100], 0],
    [[], 1],
    [[5, 100], 3],
  ] as const)
    found.set(`batchQuery ${changes.length} ${pulls}`, sent.batchQuery(changes, pulls));
  found.set("stillThereQuery", sent.stillThereQuery(2, 2));
  found.set("contentsQuery", sent.contentsQuery(2));
  found.set("standingQuery", sent.standingQuery(2));
  found.set("commitsQuery", sent.commitsQuery(2));
  return found;
}

/** The functions that make queries, by name; each must be called above. */
export function queryMakers(): readonly string[] {
  return Object.entries(sent).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
}
