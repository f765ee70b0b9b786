/** Monitoring gaps as a table. */

import { html } from "hono/html";

import type { CoverageGapRecord } from "../../domain/records/monitoring.ts";
import { tableOf, type Html } from "../../pages/html-table.ts";
import { whenHtml } from "./parts.ts";

/** Gaps that are shown; the evidence package lists all. */
const MOST = 20;

/** Returns the newest of some gaps, with how many there are where not all are shown. */
export function gapsTable(gaps: readonly CoverageGapRecord[]): Html {
  if (gaps.length === 0) return html``;
  const newest = gaps.toSorted((a, b) => b.from - a.from);
  return html`${tableOf(newest.slice(0, MOST), [
    { head: "From (UTC)", cell: ({ from }) => whenHtml(from), whole: true },
    { head: "To (UTC)", cell: ({ to }) => (to === null ? "not ended" : whenHtml(to)), whole: true },
    { head: "What", cell: ({ scope }) => scope },
    { head: "Why", cell: ({ because }) => because, wide: true },
    { head: "Read afterwards", cell: ({ backfilled }) => (backfilled ? "yes" : "no") },
  ])}
  ${newest.length > MOST ? html`<p>The newest ${MOST} of ${newest.length} are shown.</p>` : ""}`;
}
