/** Facts, each under its name. */

import { html } from "hono/html";

import type { Html } from "./html-table.ts";

/** Returns facts in their order. Null: nobody gave it. */
export function factsHtml(facts: readonly (readonly [name: string, fact: Html | string | null])[]): Html {
  return html`<dl class="facts">
    ${facts.map(
      ([name, fact]) =>
        html`<div>
          <dt>${name}</dt>
          <dd class="${fact === null ? "none" : ""}"><p>${fact ?? "not said"}</p></dd>
        </div>`,
    )}
  </dl>`;
}
