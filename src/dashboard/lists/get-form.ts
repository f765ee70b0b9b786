/** Forms whose answer is an address: they choose what a page shows, and work without scripts. */

import { html } from "hono/html";

import type { Html } from "../../pages/html-table.ts";
import type { Asked } from "../page/page.ts";

/** Name what another choice makes void: a place in a list. */
const VOID: ReadonlySet<string> = new Set(["after", "before", "page"]);

/**
 * Describes a form. `own`: the names of its fields; `at`: where its page is read on, such as `#sample`; `button`: what sends it;
 * `without`: what the page shows without it, null where that is nothing else.
 */
interface GetForm {
  readonly path: string;
  readonly label: string;
  readonly own: readonly string[];
  readonly at?: string;
  readonly button?: string;
  readonly without?: string | null;
}

/** Returns a form. It keeps what the address has besides its own fields. */
export function getForm(
  { link, query }: Pick<Asked, "link" | "query">,
  { path, label, own, at = "", button = "Filter", without = "Show all" }: GetForm,
  fields: Html,
): Html {
  const { searchParams } = new URL(link(path), "http://page");
  const kept = new Map(
    [...query, ...searchParams].filter(([name]) => !own.includes(name) && !VOID.has(name)),
  );
  return html`<form class="filters" method="get" action="${path}${at}" aria-label="${label}">
    ${[...kept].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${fields}
    <p class="actions">
      <button>${button}</button>
      ${without === null ? "" : html`<a href="${link(path)}">${without}</a>`}
    </p>
  </form>`;
}

/** Describes a field with a few values. `any`: what stands for none of them; left out: one is always chosen. */
interface SelectField<Value extends string> {
  readonly name: string;
  readonly label: string;
  readonly any?: string;
  readonly values: readonly Value[];
  readonly chosen: Value | null | undefined;
}

/** Returns a field in which one of a few values is chosen. `words`: how each is shown. */
export function selectField<Value extends string>(
  { name, label, any, values, chosen }: SelectField<Value>,
  words: (value: Value) => string = (value) => value,
): Html {
  return html`<label
    >${label}
    <select name="${name}">
      ${any === undefined ? "" : html`<option value="">${any}</option>`}
      ${values.map(
        (each) =>
          html`<option value="${each}" ${each === chosen ? html`selected` : ""}>${words(each)}</option>`,
      )}
    </select></label
  >`;
}

/** Returns the two fields of a span of days, as they are filled in. `begin`: the label of the first. */
export function dayFields(
  { from = "", to = "" }: { readonly from?: string | undefined; readonly to?: string | undefined },
  begin = "From day (UTC)",
): Html {
  return html`<label>${begin} <input type="date" name="from" value="${from}" /></label>
    <label>To day (UTC), included <input type="date" name="to" value="${to}" /></label>`;
}
