import * as fc from "fast-check";
import { expect, test } from "vitest";

import { appOnGitHub } from "../../src/cli/input/github.ts";
import { UNLIMITED } from "../../src/github/api/rate-limits.ts";
import { appCredentials } from "../support/app.ts";

const START = Date.parse("2026-07-06T08:00:00Z");
const SECOND = 1_000;
const LONGEST = 10_000;

/** The skew that a command finds when an answer is dated by a clock that is ahead, and takes its time on both ways. */
async function skewFound(ahead: number, there: number, back: number): Promise<number | null> {
  let now = START;
  const settings = {
    appId: appCredentials.appId,
    privateKey: appCredentials.privateKey,
    webhookSecrets: ["secret"],
    github: { apiUrl: "http://github.test", enterpriseHost: null, protocol: "https", limits: UNLIMITED },
  } as const;
  const { octokits, skew } = appOnGitHub(settings, {
    now: () => now,
    fetch: async () => {
      now += there;
      const date = new Date(now + ahead).toUTCString();
      now += back;
      return Response.json({}, { headers: { date } });
    },
  });
  expect(skew()).toBe(null);
  await (await octokits.app()).request("GET /app");
  return skew();
}

const WAY = fc.oneof(fc.integer({ min: 0, max: LONGEST / 2 }), fc.integer({ min: 0, max: 10 * 60_000 }));

test("a clock is found no further off than it is, or not judged by what took too long, and found where nothing takes time", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: -20 * 60_000, max: 20 * 60_000 }),
      WAY,
      WAY,
      async (ahead, there, back) => {
        const found = await skewFound(ahead, there, back);
        expect(found === null).toBe(there + back > LONGEST);
        const most = Math.abs(ahead) + Math.max(there, back) + SECOND;
        expect(Math.abs(found ?? 0)).toBeLessThanOrEqual(most);
        if (ahead === 0) expect(found ?? 0).toBe(0);
        const atOnce = (await skewFound(ahead, 0, 0)) ?? Number.NaN;
        expect(Math.abs(atOnce - ahead)).toBeLessThanOrEqual(SECOND);
      },
    ),
  );
});
