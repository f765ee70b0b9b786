/** The addresses of the dashboard's own list of pages, so that no page is forgotten where all of them are tried. */

import { PAGES } from "../../src/dashboard/page-list.ts";
import type { DashboardPage } from "../../src/dashboard/page/page.ts";
import type { EntryKind } from "../../src/domain/records/entry.ts";

/** The addresses of each page for the things of a log, by the page's path. Throws where a page has none. */
export function addressesOf(
  subjects: (kind: EntryKind) => readonly string[],
  isTried: (page: DashboardPage) => boolean,
): ReadonlyMap<string, readonly string[]> {
  const ofThings: Readonly<Record<string, readonly string[]>> = {
    "/changes/:id": subjects("change").map((id) => `/changes/${id}`),
    "/deployments/:id": subjects("deployment").map((id) => `/deployments/${id}`),
    "/gates/:repository/:deployment/:environment": subjects("deployment-gate").map(
      (id) => `/gates/${id.replace(/[#:]/gu, "/")}`,
    ),
    "/deviations/:id": subjects("deviation").map((id) => `/deviations/${id}`),
    "/repositories/:owner/:repo": ["/repositories/acme/web"],
    "/pulls/:owner/:repo/:number": [1, 2, 3].map((number) => `/pulls/acme/web/${number}`),
  };
  return new Map(
    PAGES.filter(isTried).map(({ path }) => {
      const of = path.includes(":") ? ofThings[path] : [path];
      if (of === undefined || of.length === 0) throw new Error(`no address is tried of ${path}`);
      return [path, of];
    }),
  );
}
