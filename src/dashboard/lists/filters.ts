/** The form above a list. It works without scripts: its answer is an address. */

import { html } from "hono/html";

import { CONTROL_TITLES, VERDICT_TITLES } from "../../domain/texts/wording.ts";
import { CONTROL_NAMES } from "../../domain/values/result.ts";
import type { Html } from "../../pages/html-table.ts";
import { dayFields, getForm, selectField } from "./get-form.ts";
import { LISTED_VERDICTS, type ListQuery } from "./list-query.ts";
import type { Asked } from "../page/page.ts";

/** Repositories that are offered by name while one is typed; any other can be typed as well. */
const MOST_OFFERED = 500;

const OWN = [
  "words",
  "repository",
  "place",
  "verdict",
  "control",
  "person",
  "from",
  "to",
  "order",
] as const satisfies readonly (keyof ListQuery)[];

/** Returns the form. `place`: what a row happened at, a branch or an environment. */
export function filterForm(
  asked: Asked,
  {
    path,
    place,
    query,
    repositories,
  }: {
    readonly path: string;
    readonly place: string;
    readonly query: ListQuery;
    readonly repositories: readonly string[];
  },
): Html {
  const field = (name: keyof ListQuery, label: string, type: "text" | "search" = "text"): Html =>
    html`<label
      >${label}
      <input
        name="${name}"
        type="${type}"
        value="${query[name] ?? ""}"
        maxlength="200"
        ${name === "repository" ? html`list="repositories"` : ""}
    /></label>`;
  return getForm(
    asked,
    { path, label: "Filters", own: OWN },
    html` ${field("words", "Words in title, commit or number", "search")} ${field("repository", "Repository")}
      ${field("place", place)}
      ${selectField(
        { name: "verdict", label: "Verdict", any: "any", values: LISTED_VERDICTS, chosen: query.verdict },
        (each) => VERDICT_TITLES[each],
      )}
      ${selectField(
        {
          name: "control",
          label: "Control that did not pass",
          any: "any",
          values: CONTROL_NAMES,
          chosen: query.control,
        },
        (each) => CONTROL_TITLES[each],
      )}
      ${field("person", "Person who took part")} ${dayFields(query)}
      ${selectField(
        { name: "order", label: "Order", any: "newest first", values: ["oldest"], chosen: query.order },
        (each) => `${each} first`,
      )}
      <datalist id="repositories">
        ${repositories.slice(0, MOST_OFFERED).map((name) => html`<option value="${name}"></option>`)}
      </datalist>`,
  );
}
