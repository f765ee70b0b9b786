/** The charts of a package, as whoever does not see them hears them. */

import { expect, test } from "vitest";

import { monthsChart } from "../../src/pages/chart.ts";

test("the description of the months has no empty brackets, and counts one change as one", async () => {
  const month = { deployments: 0, days: 31, daysSeen: 31 };
  const chart: string = await monthsChart([
    { ...month, month: "2026-07", changes: 1, by_verdict: { compliant: 1 } },
    { ...month, month: "2026-08", changes: 3, by_verdict: { compliant: 2, "non-compliant": 1 } },
    { ...month, month: "2026-10", changes: 0, by_verdict: {} },
  ]);
  const [, description = ""] = /<desc[^>]*>([^<]*)<[/]desc>/u.exec(chart) ?? [];
  expect(description.trim()).toBe(
    "2026-07: 1 change (1 compliant); 2026-08: 3 changes (2 compliant, 1 non-compliant); 2026-10: no changes.",
  );
});
