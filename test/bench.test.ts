/**
 * That every benchmark is run by `npm run bench`, and that the one of the App as it ships works from end to end.
 *
 * @module-tag long
 */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { benchLive, SHORT, WHOLE } from "../bench/live.ts";
import { BENCHMARKS } from "../bench/main.ts";
import { ALL_PAGES } from "../bench/pages.ts";
import { shippedNodeArgs } from "../bench/support/programs.ts";

const BENCH = new URL("../bench/", import.meta.url);

it("every file of benchmarks is run by npm run bench", () => {
  const files = readdirSync(BENCH).filter((name) => name.endsWith(".ts") && name !== "main.ts");
  expect(Object.keys(BENCHMARKS).map((name) => `${name}.ts`)).toEqual(expect.arrayContaining(files));
  expect(files.length).toBe(Object.keys(BENCHMARKS).length);
});

it("the page on operations names the numbers that its commands take", () => {
  const page = readFileSync(new URL("../docs/operations.md", import.meta.url), "utf8").split(
    "## What it takes",
  )[1];
  expect(page).toContain(`slowest of ${SHORT.atRest.reviews} `);
  expect(page).toContain(`slowest of ${SHORT.authorisations} `);
  expect(page).toContain(`${SHORT.atOnce.join()} reviews of ${SHORT.atOnce.join()} pull requests at once`);
  expect(page).toContain(`the 99th percentile of ${WHOLE.atRest.reviews})`);
  expect(page).toContain(`\`node bench/live.ts --at-once ${WHOLE.atOnce.join()}\``);
  expect(page).toContain(
    `any ${ALL_PAGES.filters} filters over ${ALL_PAGES.changes.toLocaleString("en")} changes`,
  );
  expect(page).toContain("`node bench/pages.ts`");
  const { events = [], pulls } = WHOLE.memory ?? {};
  expect(page).toContain(`\`node bench/live.ts --events ${events.join()} --pulls ${pulls}\``);
});

it("the App is started by npm as in the image", () => {
  const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  expect(scripts["start"]).toBe(`node ${shippedNodeArgs().join(" ")} src/cli/main.ts serve`);
});

it("a few events are measured from end to end, and GitHub's limits are kept", async () => {
  const [row] = await benchLive({
    ...SHORT,
    stores: ["sqlite"],
    atRest: { reviews: 1, every: 0 },
    authorisations: 1,
    atOnce: [2],
    stream: { events: 5, every: 0 },
    program: fileURLToPath(new URL("../src/cli/main.ts", import.meta.url)),
  });
  expect(row?.atRest).toMatchObject({ times: 1, events: 1, refusals: 0 });
  expect(row?.authorised).toMatchObject({ times: 1, refusals: 0 });
  expect(row?.atOnce).toMatchObject([{ reviews: 2, limit: 0, requests: 4, refusals: 0 }]);
  expect(row?.stream).toMatchObject({ events: 5, refusals: 0 });
  expect(row?.memory.map(({ when }) => when)).toEqual(["bare Node", "imported"]);
});
