import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { describe, expect, test } from "vitest";

import type { NotificationPayload } from "../../src/domain/messages/notification.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import { isInner, networkPost, type Posted } from "../../src/notifications/post.ts";
import { notificationSender, type Sending } from "../../src/notifications/send.ts";
import { signature } from "../../src/notifications/sign.ts";

const AT = Date.parse("2026-07-06T09:00:00Z");

const PAYLOAD: NotificationPayload = {
  kind: "deviation-opened",
  id: "msg_1",
  organizationId: 7,
  repository: "acme/web",
  path: "acme/web/pull/1",
  text: "what happened <!here> & more",
  at: AT,
  receiver: { urlSecret: "HOOK", signingSecret: "KEY", format: "json", perDay: 20, timezone: "UTC" },
};

const VARIABLES: Readonly<Record<string, string>> = {
  HOOK: "https://receiver.example/secret-path",
  KEY: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
};

/** The key of the action that is sent. */
const KEY = "notification:1:HOOK:webhook:deviation-opened:DEV-0123456789ab";

function sending(more: Partial<Sending> = {}): { readonly posted: Posted[]; readonly sending: Sending } {
  const posted: Posted[] = [];
  return {
    posted,
    sending: {
      variable: (name) => VARIABLES[name] ?? null,
      addresses: { pages: null, web: "https://github.example" },
      privateAddresses: false,
      post: async (each) => {
        posted.push(each);
        return { status: 204, retryAfterMs: null };
      },
      ...more,
    },
  };
}

async function troubleOf(work: Promise<unknown>): Promise<ExternalError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ExternalError) return error;
  throw new Error(`no trouble, but ${String(error)}`);
}

describe("a notification", () => {
  test("is signed as the example of the Standard Webhooks specification is", () => {
    const signed = signature(VARIABLES["KEY"] ?? "", {
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      timestamp: 1614265330,
      body: '{"test": 2432232314}',
    });
    expect(signed).toBe("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  test("carries its id, the time of the attempt and a signature, and the same id each time", async () => {
    const { posted, sending: tools } = sending();
    await notificationSender(tools)(PAYLOAD, AT, KEY);
    await notificationSender(tools)(PAYLOAD, AT + 5_000, KEY);
    expect(posted.map(({ headers }) => [headers["webhook-id"], headers["webhook-timestamp"]])).toEqual([
      ["msg_1", "1783328400"],
      ["msg_1", "1783328405"],
    ]);
    expect(posted[0]?.headers["webhook-signature"]).not.toBe(posted[1]?.headers["webhook-signature"]);
    expect(JSON.parse(posted[0]?.body ?? "")).toEqual({
      id: "msg_1",
      kind: "deviation-opened",
      at: "2026-07-06T09:00:00.000Z",
      organization_id: 7,
      repository: "acme/web",
      url: "https://github.example/acme/web/pull/1",
      text: "what happened <!here> & more",
    });
  });

  test("to Slack carries no markup of others", async () => {
    const { posted, sending: tools } = sending();
    const receiver = { ...PAYLOAD.receiver, format: "slack" as const, signingSecret: null };
    await notificationSender(tools)({ ...PAYLOAD, receiver }, AT, KEY);
    expect(JSON.parse(posted[0]?.body ?? "")).toEqual({
      text: "what happened &lt;!here&gt; &amp; more\nhttps://github.example/acme/web/pull/1",
    });
  });

  test("whose variable is not set or holds no https address is trouble that names the variable, never its value", async () => {
    const unset = await troubleOf(
      notificationSender(sending({ variable: () => null }).sending)(PAYLOAD, AT, KEY),
    );
    expect([unset.code, unset.message]).toEqual([
      "receiver-unset",
      "The environment variable HOOK is not set, though the policy names it.",
    ]);
    const plain = sending({ variable: () => "http://receiver.example/secret" }).sending;
    const insecure = await troubleOf(notificationSender(plain)(PAYLOAD, AT, KEY));
    expect([insecure.code, insecure.message]).toEqual([
      "receiver-unset",
      "The environment variable HOOK does not hold an https:// address.",
    ]);
  });

  test.each([
    [503, "receiver-unreachable", true],
    [429, "receiver-unreachable", true],
    [404, "receiver-refused", false],
    [302, "receiver-refused", false],
  ])("answered by %i is %s", async (status, code, retry) => {
    const { sending: tools } = sending({ post: async () => ({ status, retryAfterMs: null }) });
    const trouble = await troubleOf(notificationSender(tools)(PAYLOAD, AT, KEY));
    expect([trouble.code, trouble.retry]).toEqual([code, retry]);
    expect(trouble.message).toBe(`The receiver named by HOOK answered ${status}.`);
  });

  test("waits as long as the receiver asks, but no longer than an hour", async () => {
    const waits = await Promise.all(
      [30_000, 9_000_000].map(async (retryAfterMs) => {
        const { sending: tools } = sending({ post: async () => ({ status: 429, retryAfterMs }) });
        return (await troubleOf(notificationSender(tools)(PAYLOAD, AT, KEY))).waitMs;
      }),
    );
    expect(waits).toEqual([30_000, 3_600_000]);
  });
});

describe("posting over the network", () => {
  test.each([
    "10.1.2.3",
    "127.0.0.1",
    "169.254.169.254",
    "172.20.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "::",
    "fd00::1",
    "fe80::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "no address",
  ])("takes %s for an inner address", (address) => {
    expect(isInner(address)).toBe(true);
  });

  test.each(["140.82.112.3", "8.8.8.8", "2606:50c0:8000::153", "::ffff:8.8.8.8"])(
    "takes %s for an outer address",
    (address) => {
      expect(isInner(address)).toBe(false);
    },
  );

  test.each(["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/"])(
    "refuses %s unless the operator allows private receivers",
    async (url) => {
      const trouble = await troubleOf(
        networkPost({ privateAddresses: false })({ url, headers: {}, body: "{}" }),
      );
      expect([trouble.code, trouble.retry]).toEqual(["receiver-refused", false]);
      expect(trouble.message).toContain("COUNTERSIGN_PRIVATE_RECEIVERS");
    },
  );

  test("reaches a private receiver that is allowed, and follows no redirect", async () => {
    const paths: string[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url ?? "");
      response.writeHead(307, { location: "/elsewhere", "retry-after": "7" }).end("a long answer");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const post = networkPost({ privateAddresses: true });
    const answer = await post({ url: `http://127.0.0.1:${port}/hook`, headers: {}, body: "{}" });
    server.close();
    server.closeAllConnections();
    expect(answer).toEqual({ status: 307, retryAfterMs: 7_000 });
    expect(paths).toEqual(["/hook"]);
    const gone = await troubleOf(post({ url: `http://127.0.0.1:${port}/hook`, headers: {}, body: "{}" }));
    expect([gone.code, gone.message]).toEqual([
      "receiver-unreachable",
      "The receiver does not answer (ECONNREFUSED).",
    ]);
  });
});
