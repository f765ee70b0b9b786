/** Charts drawn on the server: plain SVG with title and description, readable in print and without colour. */

import { html } from "hono/html";
import { scaleBand, scaleLinear } from "d3-scale";
import { stack } from "d3-shape";

import type { Month } from "../domain/evidence/start-here.ts";

/** The verdicts in the order they are stacked, each with its fill; dark to light so that they differ in grey too. */
const FILLS: Readonly<Record<string, string>> = {
  compliant: "#1f6f54",
  exempted: "#5b8fd6",
  emergency: "#e0a030",
  "non-compliant": "#b3261e",
  unverifiable: "#8a7fb0",
  historic: "#b9bdc2",
};

const WIDTH = 720;
const HEIGHT = 240;
const MARGIN = { top: 8, right: 8, bottom: 28, left: 44 };

/** Draws changes by month, stacked by verdict; the same numbers stand in the table beside it. */
export function monthsChart(months: readonly Month[]): ReturnType<typeof html> {
  const x = scaleBand(
    months.map((month) => month.month),
    [MARGIN.left, WIDTH - MARGIN.right],
  ).padding(0.3);
  const most = Math.max(1, ...months.map((month) => month.changes));
  const y = scaleLinear([0, most], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(4);
  const verdicts = Object.keys(FILLS).filter((verdict) =>
    months.some((month) => (month.by_verdict[verdict] ?? 0) > 0),
  );
  const layers = stack<Month, string>()
    .keys(verdicts)
    .value((month, verdict) => month.by_verdict[verdict] ?? 0)([...months]);
  const ticks = y.ticks(4).filter(Number.isInteger);
  return html`<figure>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="chart-title chart-text">
      <title id="chart-title">Changes by month and verdict</title>
      <desc id="chart-text">
        ${months
          .map(
            (month) =>
              `${month.month}: ${month.changes} changes (${Object.entries(month.by_verdict)
                .map(([verdict, count]) => `${count} ${verdict}`)
                .join(", ")})`,
          )
          .join("; ")}.
      </desc>
      ${ticks.map((tick) => html`<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${round(y(tick))}" y2="${round(y(tick))}" class="grid" /><text x="${MARGIN.left - 8}" y="${round(y(tick) + 4)}" text-anchor="end">${tick}</text>`)}
      ${layers.map((layer) => layer.map((span) => (span[1] > span[0] ? html`<rect x="${round(x(span.data.month) ?? 0)}" y="${round(y(span[1]))}" width="${round(Math.min(x.bandwidth(), 90))}" height="${round(y(span[0]) - y(span[1]))}" fill="${fillOf(layer.key)}" />` : "")))}
      ${months.map((month) => html`<text x="${round((x(month.month) ?? 0) + Math.min(x.bandwidth(), 90) / 2)}" y="${HEIGHT - 8}" text-anchor="middle">${month.month}</text>`)}
    </svg>
    <figcaption>
      ${verdicts.map(
        (verdict) =>
          html`<span class="key"
            ><svg viewBox="0 0 10 10" aria-hidden="true">
              <rect width="10" height="10" fill="${fillOf(verdict)}" /></svg
            >${verdict}</span
          >`,
      )}
    </figcaption>
  </figure>`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function fillOf(verdict: string): string {
  return FILLS[verdict] ?? "#000";
}
