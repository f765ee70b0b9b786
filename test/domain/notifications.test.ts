import { describe, expect, test } from "vitest";

import { settle } from "../../src/domain/deviation/decide.ts";
import {
  notify,
  receiverKey,
  summaryText,
  type NotificationPayload,
} from "../../src/domain/messages/notification.ts";
import { NOTIFICATION_KINDS, type NotificationReceiver } from "../../src/domain/policy/file/organisation.ts";
import { defaultPolicy } from "../../src/domain/policy/tighten.ts";
import { deviation, PEOPLE, say, START, WEB } from "../support/deviations.ts";

const receiver: Omit<NotificationReceiver, "on"> = {
  urlSecret: "HOOK",
  format: "json",
  signingSecret: "KEY",
  perDay: 20,
};
const POLICY = { ...defaultPolicy(), notifications: [{ ...receiver, on: NOTIFICATION_KINDS }] };
const NOTIFICATION = {
  organizationId: 7,
  about: "DEV-1",
  text: "It rained.",
  repository: null,
  path: null,
  at: START,
};

describe("news outside GitHub", () => {
  test.each(NOTIFICATION_KINDS)("of the kind %s goes to whoever asked for it, and to nobody else", (kind) => {
    const [action, ...more] = notify(POLICY, kind, NOTIFICATION);
    expect(more).toEqual([]);
    expect(action).toMatchObject({
      kind: "notification",
      organizationId: 7,
      payload: { kind, text: "It rained." },
    });
    expect(action?.key.startsWith(receiverKey(7, receiver))).toBe(true);
    const others = NOTIFICATION_KINDS.filter((each) => each !== kind);
    expect(notify({ ...POLICY, notifications: [{ ...receiver, on: others }] }, kind, NOTIFICATION)).toEqual(
      [],
    );
  });

  test("has the same id each time it is told, and another for another matter, kind or receiver", () => {
    const idOf = (policy: typeof POLICY, kind: "review-due" | "review-overdue", about: string): string =>
      notify(policy, kind, { ...NOTIFICATION, about })
        .map(({ payload }) => (payload as NotificationPayload).id)
        .join();
    const other = { ...POLICY, notifications: [{ ...receiver, urlSecret: "OTHER", on: NOTIFICATION_KINDS }] };
    const ids = [
      idOf(POLICY, "review-due", "a"),
      idOf(POLICY, "review-due", "a"),
      idOf(POLICY, "review-due", "b"),
      idOf(POLICY, "review-overdue", "a"),
      idOf(other, "review-due", "a"),
    ];
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(4);
  });

  test("of a day's rest counts each kind", () => {
    expect(summaryText("2026-07-06", { "review-due": 1, "deviation-opened": 3 })).toMatch(
      /^4 more notifications of 2026-07-06 .*: 3 deviations opened, 1 reviews due\./u,
    );
    expect(summaryText("2026-07-06", { "review-due": 1 })).toMatch(
      /^1 more notification of 2026-07-06 was not sent/u,
    );
  });

  test("is told when a deviation is settled, and not while it is open", () => {
    const before = deviation();
    const { after } = say(
      { deviation: before, remediation: null },
      PEOPLE.bob,
      "not-an-exception agreed beforehand",
    );
    expect(after.deviation.status).toBe("not-an-exception");
    const to = { repository: WEB, installationId: 1, appId: 1 };
    const told = (to_: typeof before) =>
      settle({ before, after: to_, remediation: null, policy: POLICY, to }).actions.filter(
        ({ kind }) => kind === "notification",
      );
    expect(told(before)).toEqual([]);
    expect(told(after.deviation)).toMatchObject([
      {
        payload: { kind: "deviation-closed", text: expect.stringContaining("agreed beforehand") as unknown },
      },
    ]);
  });
});
