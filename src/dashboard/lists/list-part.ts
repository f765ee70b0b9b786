/** Lists that are ordered by what no index has: read whole, and shown in parts. */

import { html } from "hono/html";

import type { ListedKind } from "../../domain/lists/listed.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Span } from "../../domain/time/span.ts";
import type { ListPlace } from "../../ledger/list-filter.ts";
import type { Html } from "../../pages/html-table.ts";
import type { Asked } from "../page/page.ts";
import type { RecordsFilter } from "../page/records.ts";

/** So many rows are shown at once. */
const ROWS = 200;

/** So many rows are read at once. */
const BLOCK = 1_000;

/** Describes a part of a list, and the ways to the others. */
export interface ShownPart<Row> {
  readonly rows: readonly Row[];
  readonly nav: Html;
}

/** Describes how many rows a list has, and leads to it. */
export interface RowCount {
  readonly count: number;
  readonly href: string;
}

/** Returns whether a moment is in a span, as far as that is bounded. */
export function isInSpan({ from = -Infinity, to = Infinity }: Partial<Span>, at: Instant): boolean {
  return at >= from && at < to;
}

/** Returns the part of a list that the address names by its number, the first where it names none. */
export function partOf<Row>({ query, link }: Asked, path: string, all: readonly Row[]): ShownPart<Row> {
  const parts = Math.max(1, Math.ceil(all.length / ROWS));
  const asked = /^\d{1,6}$/u.test(query.get("page") ?? "") ? Number(query.get("page")) : 1;
  const part = Math.min(Math.max(asked, 1), parts);
  const rest = Object.fromEntries([...query].filter(([name]) => name !== "page"));
  const to = (page: number): string => link(path, { ...rest, page: String(page) });
  const first = (part - 1) * ROWS;
  const nav =
    parts === 1
      ? html``
      : html`<nav class="paging" aria-label="Parts of the list">
          ${part === 1 ? "" : html`<a href="${to(part - 1)}" rel="prev">Previous page</a>`}
          <span>${first + 1} to ${Math.min(first + ROWS, all.length)} of ${all.length}</span>
          ${part === parts ? "" : html`<a href="${to(part + 1)}" rel="next">Next page</a>`}
        </nav>`;
  return { rows: all.slice(first, first + ROWS), nav };
}

/** Returns every entry of a kind that is in one of some states; `any`: in whatever state. */
export async function everyIn<K extends ListedKind>(
  { records }: Pick<Asked, "records">,
  kind: K,
  states: NonNullable<RecordsFilter["verdicts"]> | "any",
): Promise<readonly LoggedEntry<K>[]> {
  const found: LoggedEntry<K>[] = [];
  const filter = states === "any" ? {} : { verdicts: states };
  for (let after: ListPlace | undefined; ;) {
    const block = await records.page(kind, filter, { after, limit: BLOCK });
    found.push(...block);
    if (block.length < BLOCK) return found;
    after = block.at(-1);
  }
}
