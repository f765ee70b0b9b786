/** How many requests to GitHub an event may cost where nothing is old and everything lasting is known. */

import { expect, test } from "vitest";

import { benchIdle } from "../../bench/idle.ts";
import { benchRequests } from "../../bench/requests.ts";

/** The most requests of a warm event: a minute after one like it, with tokens not counted. */
const MOST: Readonly<Record<string, number>> = {
  "pull request opened": 2,
  "pull request pushed to": 2,
  "review, 3 commits, one team rule": 2,
  "second review of the same pull request": 2,
  "push after a review, which it ends": 3,
  "check completed": 3,
  "merge group, judged, landed and judged again": 7,
  "merged as judged": 5,
  "merged past a check, and its deviation told": 9,
  "pushed directly to a production branch": 5,
  "deployed to production": 5,
  "team changed, one pull request open": 6,
};

test.each(Object.entries(MOST))("%s: at most %i requests", async (event, most) => {
  const [row] = await benchRequests([event]);
  expect(row?.warm, row?.asked.join("\n")).toBeLessThanOrEqual(most);
});

test(
  "a day in which nothing happens: three requests for each repository, and six for all of them",
  { tags: ["long"] },
  async () => {
    const [, day] = await benchIdle();
    const asked = Object.entries(day?.asked ?? {});
    const forEach = asked.filter(([kind]) => kind.includes("/REPOSITORY"));
    const sum = (kinds: typeof asked): number => kinds.reduce((total, [, count]) => total + count, 0);
    expect(sum(forEach), JSON.stringify(asked)).toBeLessThanOrEqual(3 * 20);
    expect(sum(asked) - sum(forEach), JSON.stringify(asked)).toBeLessThanOrEqual(6);
  },
);
