/** The double's secondary limits: each at its documented number, each asker for itself, over any minute. */

import { expect, test } from "vitest";

import { trial } from "./stage.ts";

async function limited() {
  const stage = await trial({ secondaryLimits: true });
  let now = 1_000_000;
  Object.defineProperty(stage.double.world, "realNow", { value: () => now });
  const ask = async (method: string, path: string, body?: object): Promise<number> => {
    const request = new Request(`https://api.github.com${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await stage.double.fetch(request)).status;
  };
  /** Asks until the double refuses by a limit, and returns how often it did not. */
  const untilRefused = async (method: string, path: string, body?: object): Promise<number> => {
    for (let times = 0; times <= 3_000; times += 1) {
      const before = stage.double.world.breaches.length;
      await ask(method, path, body);
      if (stage.double.world.breaches.length > before) return times;
    }
    throw new Error("it never refused");
  };
  const pass = (ms: number): void => {
    now += ms;
  };
  return { ...stage, ask, untilRefused, pass };
}

test.each([
  ["reads", "GET", "/meta", undefined, 900],
  ["writes that create nothing", "POST", "/repos/acme/web/check-runs", {}, 180],
  ["comments", "POST", "/repos/acme/web/issues/1/comments", {}, 80],
  ["queries", "POST", "/graphql", { query: "query { viewer { login } }" }, 2_000],
  ["mutations", "POST", "/graphql", { query: "mutation { none }" }, 400],
])(
  "%s are refused over the limit of a minute, and not when it is over",
  async (_, method, path, body, most) => {
    const { double, ask, untilRefused, pass } = await limited();
    expect(await untilRefused(method, path, body)).toBe(most);
    expect(double.world.breaches.at(-1)?.kind).toBe("secondary-limit");
    pass(60_000);
    expect(await ask(method, path, body)).not.toBe(403);
    expect(double.world.breaches).toHaveLength(1);
    await double.close();
  },
);

test("creations are counted by the hour as well", async () => {
  const { double, untilRefused, pass } = await limited();
  let created = 0;
  for (;;) {
    created += await untilRefused("POST", "/repos/acme/web/issues", {});
    if (double.world.breaches.at(-1)?.detail.includes("hour") === true) break;
    pass(60_000);
  }
  // What is refused is counted too.
  expect(created + double.world.breaches.length - 1).toBe(500);
  await double.close();
});

test("more than a hundred requests at once are refused", async () => {
  const { double, ask } = await limited();
  await Promise.all(Array.from({ length: 101 }, () => ask("GET", "/meta")));
  expect(double.world.breaches).toMatchObject([{ kind: "secondary-limit", detail: "101 requests at once" }]);
  await double.close();
});
