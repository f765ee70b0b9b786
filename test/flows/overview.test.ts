/** When a sweep may go by the overviews of many repositories, and when it must ask for everything by itself. */

import { expect, test } from "vitest";
import { z } from "zod";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { readStory } from "../support/scenarios.ts";
import { openHarness } from "../support/harness.ts";

const Requests = z.array(z.object({ path: z.string(), query: z.string().optional() }));

/** What is asked for on the last of two days, where the first begins with this step. */
async function askedOn(first: string): Promise<z.infer<typeof Requests>> {
  const text = `
name: an overview
policy: { mode: enforce }
people: { ann: { permission: write } }
story:
  - ${first}
  - { do: wait, for: 30h }
  - { do: wait, for: 24h }
`;
  const story = readStory(text, "an overview");
  const stage = await openHarness(story, "sqlite");
  const asked: z.infer<typeof Requests>[] = [];
  try {
    await playScenario(story, stage, {
      onIdle: async () => {
        const response = await stage.github.fetch(new Request("http://double/_double/requests?since=0"));
        asked.push(Requests.parse(await response.json()));
      },
    });
  } finally {
    await stage.close();
  }
  const [before = [], after = []] = asked.slice(-2);
  return after.slice(before.length);
}

const isProtection = ({ path }: { readonly path: string }): boolean => path.endsWith("/protection");

test("what nobody may see is asked for by itself, for an overview shows it as not there", async () => {
  const asked = await askedOn("{ do: set-app-permissions, permissions: { administration: none } }");
  expect(asked.filter(({ query }) => query === "Overview")).toEqual([]);
  expect(asked.filter(isProtection).length).toBeGreaterThan(0);
});

test("what may be seen and is as it was is taken from the overview", async () => {
  const asked = await askedOn("{ do: wait, for: 1m }");
  expect(asked.filter(({ query }) => query === "Overview")).toHaveLength(1);
  expect(asked.filter(isProtection)).toEqual([]);
});
