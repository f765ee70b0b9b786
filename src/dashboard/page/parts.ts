/** Pieces that several pages show. */

import { html } from "hono/html";

import { CONTROL_TITLES, VERDICT_TITLES, oneLine, time } from "../../domain/texts/wording.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Assessment, Verdict } from "../../domain/values/result.ts";
import type { Html } from "../../pages/html-table.ts";

/** Returns a verdict in words. */
export function verdictHtml(verdict: Verdict): Html {
  return html`<span class="verdict ${verdict}">${VERDICT_TITLES[verdict]}</span>`;
}

/** Returns a moment in UTC, to the minute. */
export function whenHtml(at: Instant): Html {
  const text = time(at);
  return html`<time datetime="${text}">${text.slice(0, 16).replace("T", " ")}</time>`;
}

/** Returns the controls that did not pass, each with its first reason. */
export function missedHtml({ results }: Assessment): Html {
  const missed = results.filter(({ outcome }) => outcome !== "pass" && outcome !== "not-applicable");
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

/** Returns a link to a page elsewhere; what is no web address is only text. */
export function outsideHtml(url: string, text: string): Html {
  return /^https?:\/\//iu.test(url) ? html`<a href="${url}" rel="noreferrer">${text}</a>` : html`${text}`;
}
