/** Files that are sent: nobody slow takes the places of others, and what is taken from someone is not sent on. */

import { expect, test } from "vitest";

import { MINUTE } from "../../src/domain/time/durations.ts";
import type { DashboardPage } from "../../src/dashboard/page/page.ts";
import { ORGANIZATION, smallLog, WEB } from "../evidence/fixture.ts";
import { ANN, BOB, pagesBehindSignIn } from "./signed-in.ts";

/** Yields so many parts, each when it is asked for. */
async function* parts(count: number): AsyncIterable<Uint8Array> {
  for (let n = 0; n < count; n += 1) {
    await Promise.resolve();
    yield new Uint8Array(200_000).fill(n);
  }
}

const ZIP: DashboardPage = {
  path: "/all.zip",
  show: () => Promise.resolve({ name: "all.zip", zip: parts(40) }),
};

const CSV: DashboardPage = {
  path: "/all.csv",
  show: () =>
    Promise.resolve({
      name: "all.csv",
      columns: ["a"],
      rows: (async function* () {
        for await (const _ of parts(40)) yield ["x".repeat(200_000)];
      })(),
    }),
};

function staged() {
  return pagesBehindSignIn(smallLog(), () => [ZIP, CSV]);
}

test.each(["/all.zip", "/all.csv"])(
  "one slow reader has one place, however often they ask, and others are sent %s meanwhile",
  async (path) => {
    const { browser, signIn } = await staged();
    const [ann, again, bob] = [browser(), browser(), browser()];
    await signIn(ann, ANN);
    await signIn(again, ANN);
    await signIn(bob, BOB);
    const slow = await ann.open(path);
    expect(slow.status).toBe(200);
    expect([(await ann.open(path)).status, (await again.open(path)).status]).toEqual([503, 503]);
    expect((await (await bob.open(path)).arrayBuffer()).byteLength).toBeGreaterThan(40 * 200_000 - 1);
    await slow.body?.cancel();
    expect((await (await again.open(path)).arrayBuffer()).byteLength).toBeGreaterThan(40 * 200_000 - 1);
  },
);

/** Reads a file, with so much time between its parts; returns how many bytes came, and when the last did. */
async function readSlowly(
  answer: Response,
  clock: { at: number },
  onPart: () => void = () => undefined,
): Promise<{ readonly bytes: number; readonly lastAt: number; readonly isWhole: boolean }> {
  let [bytes, lastAt] = [0, clock.at];
  try {
    for await (const part of answer.body ?? []) {
      bytes += part.byteLength;
      lastAt = clock.at;
      clock.at += MINUTE / 2;
      onPart();
    }
    return { bytes, lastAt, isWhole: true };
  } catch {
    return { bytes, lastAt, isWhole: false };
  }
}

test("a file is sent to its end, however long that takes, while its reader may read it", async () => {
  const { browser, signIn, clock } = await staged();
  const ann = browser();
  await signIn(ann, ANN);
  const read = await readSlowly(await ann.open("/all.zip"), clock);
  expect([read.isWhole, read.bytes]).toEqual([true, 40 * 200_000]);
});

test.each<readonly [string, (pages: Awaited<ReturnType<typeof staged>>) => void]>([
  ["GitHub revoked it", ({ github }) => void github.access.set(ANN.id, [])],
  [
    "GitHub lets them read fewer repositories",
    ({ github }) =>
      void github.access.set(ANN.id, [{ organization: ORGANIZATION, repositories: new Set([WEB.id + 1]) }]),
  ],
  ["they are no lead any more", ({ roles }) => void roles.delete(ANN.id)],
])("a file that is being sent is cut within five minutes after %s", async (why, revoke) => {
  const pages = await staged();
  const { browser, signIn, clock, roles } = pages;
  if (why.includes("lead")) roles.set(ANN.id, [{ organization: ORGANIZATION, role: "lead" }]);
  const ann = browser();
  await signIn(ann, ANN);
  const answer = await ann.open("/all.zip");
  let count = 0;
  let revokedAt = 0;
  const read = await readSlowly(answer, clock, () => {
    count += 1;
    if (count !== 3) return;
    revokedAt = clock.at;
    revoke(pages);
  });
  expect([read.isWhole, revokedAt > 0]).toEqual([false, true]);
  expect(read.lastAt - revokedAt).toBeLessThanOrEqual(5 * MINUTE);
  // The place is free again.
  expect((await ann.open("/all.zip")).status).not.toBe(503);
});

test("a file that is being sent is cut once its reader has signed out everywhere", async () => {
  const { browser, signIn, clock } = await staged();
  const [ann, other] = [browser(), browser()];
  await signIn(ann, ANN);
  await signIn(other, ANN);
  const answer = await ann.open("/all.zip");
  const csrf = /name="csrf" value="([^"]+)"/u.exec(await (await other.open("/no-page")).text())?.[1] ?? "";
  expect(csrf).not.toBe("");
  await other.send("/sign-out", { csrf, everywhere: "yes" });
  expect((await readSlowly(answer, clock)).isWhole).toBe(false);
});
