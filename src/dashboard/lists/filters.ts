/** The form above a list. It works without scripts: its answer is an address. */

import { html } from "hono/html";

import { CONTROL_TITLES, VERDICT_TITLES } from "../../domain/texts/wording.ts";
import { CONTROL_NAMES } from "../../domain/values/result.ts";
import type { Html } from "../../pages/html-table.ts";
import { getForm } from "./get-form.ts";
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
  const field = (name: keyof ListQuery, label: string, type: "text" | "date" | "search" = "text"): Html =>
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
      ${field("place", place)} ${select("verdict", "Verdict", LISTED_VERDICTS, VERDICT_TITLES, query.verdict)}
      ${select("control", "Control that did not pass", CONTROL_NAMES, CONTROL_TITLES, query.control)}
      ${field("person", "Person who took part")} ${field("from", "From day (UTC)", "date")}
      ${field("to", "To day (UTC), included", "date")}
      <label
        >Order
        <select name="order">
          <option value="">newest first</option>
          <option value="oldest" ${query.order === "oldest" ? "selected" : ""}>oldest first</option>
        </select></label
      >
      <p class="actions">
        <button>Filter</button>
        <a href="${asked.link(path)}">Show all</a>
      </p>
      <datalist id="repositories">
        ${repositories.slice(0, MOST_OFFERED).map((name) => html`<option value="${name}"></option>`)}
      </datalist>`,
  );
}

function select<Value extends string>(
  name: string,
  label: string,
  values: readonly Value[],
  titles: Readonly<Record<Value, string>>,
  chosen: Value | undefined,
): Html {
  return html`<label
    >${label}
    <select name="${name}">
      <option value="">any</option>
      ${values.map(
        (value) =>
          html`<option value="${value}" ${value === chosen ? "selected" : ""}>${titles[value]}</option>`,
      )}
    </select></label
  >`;
}
