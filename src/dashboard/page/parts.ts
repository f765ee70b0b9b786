/** Pieces that several pages show. */

import { html } from "hono/html";

import { WITHHELD } from "../../domain/evidence/sample/source-words.ts";
import { groupsText } from "../../domain/evidence/tables/table.ts";
import { CONTROL_TITLES, VERDICT_TITLES, oneLine, time } from "../../domain/texts/wording.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { resultState, type Assessment, type Result, type Verdict } from "../../domain/values/result.ts";
import type { Html, HtmlColumn } from "../../pages/html-table.ts";
import type { OrganizationRecords } from "./organization.ts";
import type { Asked } from "./page.ts";

/** Returns a verdict in words. */
export function verdictHtml(verdict: Verdict): Html {
  return html`<span class="verdict ${verdict}">${VERDICT_TITLES[verdict]}</span>`;
}

/** Returns a moment in UTC, to the minute. */
export function whenHtml(at: Instant): Html {
  const text = time(at);
  return html`<time datetime="${text}">${text.slice(0, 16).replace("T", " ")}</time>`;
}

/** Returns the results of the controls that applied and did not pass. */
function missedIn({ results }: Assessment): Assessment["results"] {
  return results.filter(({ outcome }) => outcome !== "pass" && outcome !== "not-applicable");
}

/** Returns the controls that did not pass in one cell of a file, each with its outcome and first reason. */
export function missedText(assessment: Assessment): string {
  return groupsText(
    missedIn(assessment).map(({ control, outcome, reasons }) => [control, outcome, reasons[0] ?? ""]),
  );
}

/** Returns the controls that did not pass, each with its first reason. */
export function missedHtml(assessment: Assessment): Html {
  const missed = missedIn(assessment);
  if (missed.length === 0) return html``;
  return html`<ul class="missed">
    ${missed.map(
      ({ control, outcome, reasons }) =>
        html`<li>
          <b>${CONTROL_TITLES[control]}</b>
          ${outcome}${reasons[0] === undefined ? "" : `: ${oneLine(reasons[0])}`}
        </li>`,
    )}
  </ul>`;
}

/** Lists what is shown of each result of a control. */
export const RESULT_COLUMNS: readonly HtmlColumn<Result>[] = [
  { head: "Control", cell: ({ control }) => CONTROL_TITLES[control] },
  { head: "Result", cell: (each) => resultState(each) },
  {
    head: "Why",
    cell: ({ reasons }) => html`${reasons.map((reason) => html`<p>${reason}</p>`)}`,
    wide: true,
  },
];

/** Returns a link to a page elsewhere; what is no web address is only text. */
export function outsideHtml(url: string, text: string): Html {
  return /^https?:\/\//iu.test(url) ? html`<a href="${url}" rel="noreferrer">${text}</a>` : html`${text}`;
}

/** Returns the short name of a branch, or what else a ref names. */
export function branchName(ref: string): string {
  return oneLine(ref).replace(/^refs\/heads\//u, "");
}

/** Returns a section about the whole organisation, or why its viewer is not shown it. */
export async function wholeSection(
  { whole }: Pick<Asked, "whole">,
  { id, title }: { readonly id: string; readonly title: string },
  make: (whole: OrganizationRecords) => Html | Promise<Html>,
): Promise<Html> {
  return html`<section>
    <h2 id="${id}">${title}</h2>
    ${whole === null ? withheldHtml() : await make(whole)}
  </section>`;
}

/** Returns why something about the whole organisation is not shown. */
export function withheldHtml(): Html {
  return html`<p class="withheld">${WITHHELD}</p>`;
}

/** Names the section with the forms of a page. */
export const ACT_ID = "act";

/** Returns the way from what is to be done to the forms below it, for whoever has them. */
export function formsBelow({ forms }: Pick<Asked, "forms">): Html {
  return forms === null
    ? html``
    : html`<p>What you can send from this page is <a href="#${ACT_ID}">below</a>.</p>`;
}

/** Reads everything that comes. */
export async function collected<T>(all: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const each of all) found.push(each);
  return found;
}
