/** Time in which no App ran counts as no attempt: a message leads to its issue however late that is opened, and is not given up for its age alone. */

import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { notificationAction } from "../../src/domain/messages/notification.ts";
import { DAY, HOUR, MINUTE } from "../../src/domain/time/durations.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import type { Tools } from "../../src/flows/context/tools.ts";
import { workLane } from "../../src/flows/jobs/lane.ts";
import { ranked } from "../../src/github/api/pacing.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { claimed } from "../support/claimed.ts";
import { freshDatabase } from "../support/stores.ts";

const NOW = Date.parse("2026-07-06T09:00:00Z");
const KEY = "issue:DEV-1";
const ISSUES = "acme/change-control/issues";
const [MESSAGES, REPOSITORY] = ["notifications:2", "repository:1"];

let ledger: Ledger;
let remove: () => Promise<void>;
let now: number;
/** Whether the receiver of messages answers. */
let isReceived: boolean;
/** What GitHub answers when the issue is opened; null: nothing. */
let answer: { readonly id: number; readonly number: number; readonly url: string } | null;
let sent: (string | null)[];

beforeEach(async () => {
  const database = await freshDatabase("sqlite");
  remove = database.remove;
  ledger = await openLedger(database.where);
  [now, isReceived, answer, sent] = [NOW, true, { id: 1, number: 7, url: "" }, []];
  await ledger.record(
    {
      actions: [
        {
          key: KEY,
          kind: "open-issue",
          repositoryId: 1,
          organizationId: 2,
          installationId: 3,
          payload: { title: "Deviation" },
        },
        notificationAction(
          {
            urlSecret: "SLACK_URL",
            signingSecret: null,
            format: "slack",
            perDay: 20,
            timezone: "UTC",
          },
          "deviation-opened",
          {
            organizationId: 2,
            about: "DEV-1",
            text: "Pushed straight to main.",
            repository: "acme/web",
            path: null,
            issue: { key: KEY, repository: "acme/change-control" },
            at: NOW,
          },
        ),
      ],
    },
    NOW,
  );
});
afterEach(async () => {
  await ledger.close();
  await remove();
});

/** Does what is due in a lane. */
async function work(lane: string): Promise<void> {
  const lanes = await claimed(ledger.queue, "one", now, MINUTE, 10);
  if (lanes.includes(lane)) {
    const lease = { owner: "one", lane, now: () => now };
    const ends = await workLane(tools(), lease, () => Promise.reject(new Error("nothing arrives")));
    await ledger.queue.end("one", lane, ends, now);
  }
  for (const each of lanes) await ledger.queue.release("one", each, [], now);
}

function tools(): Tools {
  const part: Pick<Tools, "ledger" | "clock" | "log" | "sendNotification"> = {
    ledger,
    clock: { now: () => now },
    log: pino({ level: "silent" }),
    sendNotification: ({ path }) => {
      if (!isReceived)
        return Promise.reject(new ExternalError("receiver-unreachable", "It answered 503.", { retry: true }));
      sent.push(path);
      return Promise.resolve();
    },
  };
  const github = {
    ranked,
    octokits: { installation: () => Promise.resolve(null) },
    carryOut: () =>
      answer === null
        ? Promise.reject(new ExternalError("github-unreachable", "GitHub answered 502.", { retry: true }))
        : Promise.resolve(answer),
  };
  return { ...part, github } as unknown as Tools;
}

test("a message is sent once its issue is open, though nobody could open it for an hour", async () => {
  await work(MESSAGES);
  now += HOUR;
  await work(MESSAGES);
  expect(sent).toEqual([]);
  await work(REPOSITORY);
  now += MINUTE;
  await work(MESSAGES);
  expect(sent).toEqual([`${ISSUES}/7`]);
});

test("a message waits ten minutes for an issue that GitHub does not open, and is sent without it then", async () => {
  answer = null;
  for (const _ of [1, 2, 3]) {
    await work(REPOSITORY);
    await work(MESSAGES);
    now += 3 * MINUTE;
  }
  expect(sent).toEqual([]);
  now += 2 * MINUTE;
  await work(MESSAGES);
  expect(sent).toEqual([ISSUES]);
});

test("a message leads to its issue also where that is opened while the message is being made", async () => {
  now += HOUR;
  const { queue } = ledger;
  const [opening] = await queue.ofKey(KEY);
  let isOpened = false;
  /** Whichever question about the issue comes first, it is opened right after the answer. */
  const openedAfter = <Given extends unknown[], T>(ask: (...given: Given) => Promise<T>) =>
    vi.fn(async (...given: Given): Promise<T> => {
      const answered = await ask(...given);
      if (!isOpened && opening !== undefined) {
        isOpened = true;
        const end = { of: "action", id: opening.id, as: "done", outcome: answer } as const;
        await queue.end("one", REPOSITORY, [end], now);
      }
      return answered;
    });
  queue.ofKey = openedAfter(queue.ofKey.bind(queue));
  queue.completedOf = openedAfter(queue.completedOf.bind(queue));
  await work(MESSAGES);
  now += MINUTE;
  await work(MESSAGES);
  expect(isOpened).toBe(true);
  expect(sent).toEqual([`${ISSUES}/7`]);
});

/** How the messages stand. */
async function statuses(): Promise<readonly string[]> {
  const all = await ledger.queue.listActions({ limit: 10 });
  return all.filter(({ kind }) => kind === "notification").map(({ status }) => status);
}

test("a message that is days old when an App runs again is tried more than once before it is given up", async () => {
  await work(REPOSITORY);
  now += 4 * DAY;
  isReceived = false;
  for (const _ of [1, 2]) {
    await work(MESSAGES);
    expect(await statuses()).toEqual(["waiting"]);
    now += MINUTE;
  }
  isReceived = true;
  await work(MESSAGES);
  expect(sent).toEqual([`${ISSUES}/7`]);
});

test("a message that a receiver refuses for days is given up", async () => {
  await work(REPOSITORY);
  isReceived = false;
  await work(MESSAGES);
  now += 2 * DAY;
  await work(MESSAGES);
  expect(await statuses()).toEqual(["waiting"]);
  now += 2 * DAY;
  await work(MESSAGES);
  expect(await statuses()).toEqual(["dead"]);
});
