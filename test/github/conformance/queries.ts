/** Every text of GraphQL that the App sends. */

import * as sent from "../../../src/github/queries/queries.ts";
import { PORTIONS } from "../../../src/github/api/smaller-pages.ts";

/** Each query by its name; those made for so many things at once, for one and for a few of each. */
export function allQueries(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(sent)) {
    if (typeof value === "string") found.set(name, value);
  }
  for (const [changes, pulls] of [
    [[100], 0],
    [[], 1],
    [[5, 100], 3],
  ] as const)
    found.set(`batchQuery ${changes.length} ${pulls}`, sent.batchQuery(changes, pulls));
  found.set("batchQuery and a branch", sent.batchQuery([100], 0, true));
  for (const portion of PORTIONS) {
    const of = JSON.stringify(portion);
    found.set(`pullRequestQuery ${of}`, sent.pullRequestQuery(portion));
    found.set(`changeQuery ${of}`, sent.changeQuery(portion));
    found.set(`checksQuery ${of}`, sent.checksQuery(portion));
    found.set(`openPullsQuery ${of}`, sent.openPullsQuery(portion));
    found.set(`mergedPullsQuery ${of}`, sent.mergedPullsQuery(portion));
    for (const list of ["reviews", "commits", "timelineItems", "labels"] as const)
      found.set(`moreQuery ${list} ${of}`, sent.moreQuery(list, portion));
  }
  found.set("stillThereQuery", sent.stillThereQuery(2, 2));
  found.set("treesQuery", sent.treesQuery(2));
  found.set("contentsQuery", sent.contentsQuery(2));
  found.set("pathsQuery", sent.pathsQuery(2));
  found.set("overviewQuery", sent.overviewQuery(2));
  found.set("commitsQuery", sent.commitsQuery(2));
  return found;
}

/** The functions that make queries, by name; each must be called above. */
export function queryMakers(): readonly string[] {
  return Object.entries(sent).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
}
