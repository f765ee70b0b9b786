/** Charts drawn on the server: plain SVG with title and description, readable in print and without colour. */

import { html } from "hono/html";
import { scaleBand, scaleLinear } from "d3-scale";
import { stack } from "d3-shape";

import type { ShownRow } from "../domain/evidence/roll-up/figures.ts";
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
      <desc id="chart-text">${months.map(monthWords).join("; ")}.</desc>
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

/** Returns a month in words, for those who do not see the chart. */
function monthWords({ month, changes, by_verdict }: Month): string {
  if (changes === 0) return `${month}: no changes`;
  const verdicts = Object.entries(by_verdict).map(([verdict, count]) => `${count} ${verdict}`);
  return `${month}: ${changes} ${changes === 1 ? "change" : "changes"} (${verdicts.join(", ")})`;
}

/** Describes a control with its rows of control-trend.csv by the period's beginning. */
interface ChartedControl {
  readonly control: string;
  readonly rows: ReadonlyMap<string, ShownRow>;
}

const NAMES = 190;
const LINE = 22;

/** Draws a bar for each control and period, as long as the share that passed. The numbers stand in the table beside it. */
export function trendChart(
  periods: readonly { readonly name: string; readonly from: string }[],
  controls: readonly ChartedControl[],
): ReturnType<typeof html> | string {
  // More would be too narrow to compare.
  if (controls.length === 0 || periods.length > 12) return "";
  const height = LINE * (controls.length + 1);
  const x = scaleBand(
    periods.map(({ from }) => from),
    [NAMES, WIDTH],
  ).paddingInner(0.12);
  const line = (index: number): number => LINE * (index + 1);
  const rateOf = (control: ChartedControl, from: string): string => control.rows.get(from)?.["rate"] ?? "";
  return html`<figure>
    <svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="trend-title trend-text">
      <title id="trend-title">Share of tests passed, by control and period</title>
      <desc id="trend-text">
        ${controls
          .map(
            (each) =>
              `${each.control}: ${periods.map(({ name, from }) => `${name} ${rateOf(each, from) || "none"}`).join(", ")}`,
          )
          .join("; ")}.
      </desc>
      ${periods.map(({ name, from }) => html`<text x="${round(x(from) ?? 0)}" y="14">${name}</text>`)}
      ${controls.map((each, index) => html`<text x="0" y="${line(index) + 14}">${each.control}</text>`)}
      ${controls.map((each, index) =>
        periods.map(({ from }) => {
          const rate = rateOf(each, from);
          if (rate === "") return "";
          const [left, top] = [round(x(from) ?? 0), line(index) + 4];
          return html`<rect
              x="${left}"
              y="${top}"
              width="${round(x.bandwidth())}"
              height="12"
              fill="#e4e8eb"
            /><rect
              x="${left}"
              y="${top}"
              width="${round(x.bandwidth() * Number(rate))}"
              height="12"
              fill="${fillOf("compliant")}"
            />`;
        }),
      )}
    </svg>
    <figcaption>
      Each bar is as long as the share that passed; the light part is what did not. No bar: it applied to
      nothing.
    </figcaption>
  </figure>`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function fillOf(verdict: string): string {
  return FILLS[verdict] ?? "#000";
}
