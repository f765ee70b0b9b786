/** Forms whose answer is an address: they choose what a page shows, and work without scripts. */

import { html } from "hono/html";

import type { Html } from "../../pages/html-table.ts";
import type { Asked } from "../page/page.ts";

/** Name what another choice makes void: a place in a list, and what came of a form. */
const VOID: ReadonlySet<string> = new Set(["after", "before", "page", "answer"]);

/** Describes a form. `own`: the names of its fields; `at`: where its page is read on, such as `#sample`. */
interface GetForm {
  readonly path: string;
  readonly label: string;
  readonly own: readonly string[];
  readonly at?: string;
}

/** Returns a form. It keeps what the address has besides its own fields. */
export function getForm(
  { link, query }: Pick<Asked, "link" | "query">,
  { path, label, own, at = "" }: GetForm,
  fields: Html,
): Html {
  const { searchParams } = new URL(link(path), "http://page");
  const kept = new Map(
    [...query, ...searchParams].filter(([name]) => !own.includes(name) && !VOID.has(name)),
  );
  return html`<form class="filters" method="get" action="${path}${at}" aria-label="${label}">
    ${[...kept].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${fields}
  </form>`;
}
