import { pino } from "pino";
import { describe, expect, test } from "vitest";

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import type { Tools } from "../../src/flows/context/tools.ts";
import { poll } from "../../src/flows/jobs/poll.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { queuePoll } from "../../src/timetable.ts";
import { Double } from "../../src/cli/scenario/harness/double.ts";
import { REHEARSED } from "../../src/github/api/rate-limits.ts";
import { ControlledDouble } from "../github/control.ts";
import { API_URL, registeredApp, startApp } from "../support/app.ts";
import { sample } from "../support/effort.ts";
import { openHarness } from "../support/harness.ts";
import { differences, rowsOf, type Rows } from "../support/rows.ts";
import { readStory, story } from "../support/scenarios.ts";
import { freshDatabase } from "../support/stores.ts";
import { firstInEachRun } from "../support/each-run.ts";

/** Stories of every kind of webhook: reviews, pushes, queues, gates, comments, tags, teams, checks, installations. */
const REPRESENTATIVE = [
  "b01-direct-push",
  "b25-veto-dismissed",
  "b54-uninstalled",
  "check-failed-then-passed",
  "deviation-life",
  "emergency-by-button",
  "emergency-deployment",
  "entitled-joined-the-team-later",
  "entitled-permission-raised-later",
  "gate-waits-until-merged",
  "h03-comment-deleted-by-a-moderator",
  "honest-queue-of-three",
  "honest-release-tag-on-approved-commit",
  "honest-renamed-repository",
  "honest-suggestion-applied",
  "honest-two-environments-of-a-monorepo",
];

async function played(scenario: Scenario): Promise<Rows> {
  const harness = await openHarness(scenario, "sqlite");
  try {
    return await rowsOf(scenario, harness);
  } finally {
    await harness.close();
  }
}

test.each(sample(REPRESENTATIVE, 4))(
  "%s ends with the same rows by polling as by webhooks that arrive",
  { tags: ["long"] },
  async (name) => {
    const pushed = await played(story(name));
    const polled = await played({ ...story(name), polling: true });
    expect(differences(pushed, polled)).toEqual([]);
  },
);

const POLLED = readStory(
  `name: polled for a day
polling: true
policy: { mode: enforce }
people: { ann: { permission: write }, bob: { permission: write } }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: feature, files: { src/a.ts: "1" } }
  - { do: review, by: bob, pull: 1, state: approved, after: 5m }
  - { do: kill, after: 5m }
  - { do: merge, by: ann, pull: 1, method: squash }
  - { do: restart, after: 2m }
  - { do: wait, for: 1d }
expect:
  changes: [{ pull: 1, verdict: compliant }]
`,
  "polling",
);

firstInEachRun(["sqlite", "postgres"] as const, (some, options) => {
  test.each(some)(
    "each delivery is read once, also over a restart, and GitHub is never asked to send one again, on %s",
    options,
    async (kind) => {
      const asked: string[] = [];
      const onRequest = ({ method, url }: Request): void => {
        const { pathname } = new URL(url);
        if (/\/app\/hook\/deliveries\/./u.test(pathname)) asked.push(`${method} ${pathname}`);
      };
      const harness = await openHarness(POLLED, kind, { onRequest });
      try {
        expect((await playScenario(POLLED, harness)).failures).toEqual([]);
        expect(asked.length).toBeGreaterThan(5);
        expect(new Set(asked).size).toBe(asked.length);
        expect(asked.filter((each) => !each.startsWith("GET "))).toEqual([]);
      } finally {
        await harness.close();
      }
    },
  );
});

test("a served App reads the log at its interval, without anything that reaches it", async () => {
  const { where, remove } = await freshDatabase("sqlite");
  const deliver = async (): Promise<Response> => {
    throw new TypeError("fetch failed");
  };
  const github = new ControlledDouble({ apiUrl: API_URL, webUrl: "http://github.test", deliver });
  const double = new Double((request) => github.fetch(request));
  await double.setup(POLLED, registeredApp);
  const began = performance.now();
  const app = await startApp(
    where,
    POLLED.start,
    {
      clock: { now: () => POLLED.start + Math.round(performance.now() - began) },
      timetable: "system",
      newStore: true,
      fetch: (input: string | URL | Request, init?: RequestInit) => github.fetch(new Request(input, init)),
    },
    {},
    REHEARSED,
    { pollMs: 100 },
  );
  try {
    await double.act({ do: "open-pull-request", by: "ann", branch: "later", files: { "a.ts": "1" } });
    const checks = async (): Promise<readonly string[]> =>
      (await double.state()).repositories.flatMap((each) => each.checks).map(({ name }) => name);
    await expect.poll(checks).toEqual(["countersign"]);
  } finally {
    await app.stop();
    await github.close();
    await remove();
  }
});

test("however many replicas queue a reading, one is kept for each interval, and none is left behind", async () => {
  const { where, remove } = await freshDatabase("sqlite");
  const ledger = await openLedger(where);
  try {
    const every = 60_000;
    for (const now of [0, 10, 59_999]) await queuePoll(ledger, 600_000 + now, every);
    const [first, ...others] = await ledger.queue.list({ limit: 10 });
    expect(others).toEqual([]);
    expect(first).toMatchObject({ event: "countersign.poll", lane: "polling", receivedAt: 600_000 });
    await queuePoll(ledger, 660_001, every);
    expect(await ledger.queue.list({ limit: 10 })).toMatchObject([
      { receivedAt: 660_000, status: "waiting" },
    ]);
  } finally {
    await ledger.close();
    await remove();
  }
});

describe("deliveries of which one cannot be taken", () => {
  const log = pino({ level: "silent" });

  /** Reads a log of three deliveries, the first of which ends in an error; answers what was stored and what was thrown. */
  async function polledWith(error: Error): Promise<{ readonly stored: string[]; readonly thrown: unknown }> {
    const stored: string[] = [];
    const failed = ["first", "second", "third"].map((guid, id) => ({ guid, id, at: id }));
    const tools = {
      appId: 1,
      polls: true,
      log,
      clock: { now: () => 1_000 },
      ledger: { queue: { store: async ({ id }: { readonly id: string }) => void stored.push(id) } },
      github: {
        octokits: { app: async () => ({}) },
        readDeliveryLog: async () => ({ failed, spells: [] }),
        readDelivery: async (_app: unknown, { guid }: { readonly guid: string }) => {
          if (guid === "first") throw error;
          return { event: "push", action: null, payload: {} };
        },
        signal: () => ({ kind: "ignored", because: "nothing" }),
        laneOf: () => "repository:1",
      },
    } as unknown as Tools;
    try {
      await poll(tools, { untilStored: false });
    } catch (thrown) {
      return { stored, thrown };
    }
    return { stored, thrown: null };
  }

  const passing = new ExternalError("github-unreachable", "GitHub does not answer.");
  const lasting = new ExternalError("github-answer", "GitHub's answer is not understood.");

  test.each([
    ["a mistake of ours", new TypeError("it is undefined"), true],
    ["what may pass", passing, true],
    ["what stays so", lasting, false],
  ])("store the others: %s", async (_what, error, isThrown) => {
    const { stored, thrown } = await polledWith(error);
    expect(stored).toEqual(["second", "third"]);
    expect(thrown).toBe(isThrown ? error : null);
  });

  test("end at once where nothing can be stored at all", async () => {
    const lost = new ExternalError("lease-lost", "Another worker has the lane.");
    expect(await polledWith(lost)).toEqual({ stored: [], thrown: lost });
  });
});
