import { expect, test } from "vitest";

import { Arrivals } from "../../src/arrivals.ts";

const PING = { zen: "x" };
const PUSH = { repository: { id: 7, name: "web", full_name: "acme/web", owner: { login: "acme", id: 1 } } };

function arrived(arrivals: Arrivals, delivery: string, bytes = 10) {
  return arrivals.meaningOf("push", PUSH, { delivery, receivedAt: 5 }, bytes);
}

test("what was read at the door is handed out once, and only where it was kept", () => {
  const arrivals = new Arrivals(1);
  const meaning = arrived(arrivals, "d1");
  expect(arrivals.take("d1"), "it was not stored").toBeNull();
  meaning.keep?.();
  expect(arrivals.use()).toMatchObject({ entries: 1, bytes: 10 });
  expect(arrivals.take("d1")?.payload).toBe(PUSH);
  expect(arrivals.take("d1")).toBeNull();
});

test("no more is kept than there is room for: the rest is read again", () => {
  const arrivals = new Arrivals(1);
  for (let id = 0; id < 50; id += 1) arrived(arrivals, `d${id}`, 100_000).keep?.();
  arrived(arrivals, "large", 3_000_000).keep?.();
  const { entries, bytes, bound } = arrivals.use();
  expect(bytes).toBeLessThanOrEqual(bound);
  expect(entries).toBe(20);
  expect(arrivals.take("large")).toBeNull();
  expect(arrivals.take("d49")).not.toBeNull();
});

test("what asks for nothing is ignored with its reason, in the lane it belongs to", () => {
  const arrivals = new Arrivals(1);
  expect(arrivals.meaningOf("ping", PING, { delivery: "p", receivedAt: 5 }, 10)).toMatchObject({
    lane: "app",
    ignored: "ignored: GitHub only asks whether we are there",
  });
  expect(arrivals.meaningOf("push", [], { delivery: "q", receivedAt: 5 }, 10)).toMatchObject({
    ignored: "ignored: the payload is not an object",
  });
});
