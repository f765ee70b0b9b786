/** How many commits and statements of the store an event may cost where nothing is old and everything lasting is known. */

import { expect, test } from "vitest";

import { benchRequests } from "../../bench/requests.ts";

/** The most commits and statements of a warm event: a minute after one like it. One commit is the heartbeat's of that minute. */
const MOST: readonly (readonly [event: string, commits: number, statements: number])[] = [
  ["comment that is no command", 2, 13],
  ["pull request opened", 11, 90],
  ["pull request pushed to", 12, 100],
  ["second review of the same pull request", 6, 67],
  ["push after a review, which it ends", 12, 102],
  ["check completed", 7, 71],
  ["merged as judged", 11, 103],
  ["deployed to production", 14, 111],
];

test.each(MOST)("%s: at most %i commits and %i statements", async (event, commits, statements) => {
  const [row] = await benchRequests([event]);
  expect(row?.store.commits).toBeLessThanOrEqual(commits);
  expect(row?.store.statements).toBeLessThanOrEqual(statements);
});

test(
  "no statement has a value bound to its limit, to a likeness, or to what the condition of an index compares",
  { tags: ["long"] },
  async () => {
    const [row] = await benchRequests(["merged as judged"]);
    const texts = row?.store.texts ?? [];
    expect(texts.length).toBeGreaterThan(20);
    // SQLite would plan such a statement anew at every run.
    expect(texts.filter((text) => /limit \?|like \?|"status" = \? and|"status" = \?$/u.test(text))).toEqual(
      [],
    );
  },
);
