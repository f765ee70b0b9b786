import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import { ask } from "../../src/github/api/requests.ts";
import { REHEARSED } from "../../src/github/api/rate-limits.ts";
import { makeProbot, octokitsOf, type Sent } from "../../src/github/api/octokit.ts";
import { Pacing } from "../../src/github/api/pacing.ts";
import { privateKey, scripted, type Given, type Seen } from "./scripted.ts";

const KEY = privateKey();

function connect(script: (seen: Seen) => Given) {
  let now = 1_000_000;
  const sent: Sent[] = [];
  const { fetch, seen } = scripted((one) =>
    one.path.endsWith("/access_tokens")
      ? { status: 201, body: { token: "t", expires_at: "2999-01-01T00:00:00Z", permissions: {} } }
      : script(one),
  );
  const probot = makeProbot({
    appId: 7,
    privateKey: KEY,
    secret: "s",
    fetch,
    pacing: new Pacing(REHEARSED),
    now: () => now,
    onRequest: (one) => sent.push(one),
  });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { octokits: octokitsOf(probot), seen, sent, pass };
}

async function trouble(call: Promise<unknown>): Promise<ExternalError> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ExternalError)) throw new Error(`no trouble but ${String(error)}`);
  return error;
}

const meta = z.object({ ok: z.boolean() });

describe("an Octokit with our manners", () => {
  test("tells every request, with the installation it was for", async () => {
    const { octokits, sent } = connect(() => ({ body: { ok: true } }));
    await ask(await octokits.installation(9), "GET /meta", {}, meta);
    await ask(await octokits.app(), "GET /app", {}, meta);
    expect(sent.map(({ installation, path, status }) => [installation, path, status])).toEqual([
      [null, "/app/installations/9/access_tokens", 201],
      [9, "/meta", 200],
      [null, "/app", 200],
    ]);
  });

  test("asks again with the tag of the answer before, and hears of what changed", async () => {
    let ok = true;
    const { octokits, seen } = connect(({ headers }) => {
      const etag = `"${ok}"`;
      if (headers["if-none-match"] === etag) return { status: 304, headers: { etag } };
      return { headers: { etag }, body: { ok } };
    });
    const nine = await octokits.installation(9);
    expect((await ask(nine, "GET /meta", {}, meta)).data).toEqual({ ok: true });
    expect((await ask(nine, "GET /meta", {}, meta)).data).toEqual({ ok: true });
    ok = false;
    expect((await ask(nine, "GET /meta", {}, meta)).data).toEqual({ ok: false });
    await ask(await octokits.installation(10), "GET /meta", {}, meta);
    const tags = seen.filter(({ path }) => path === "/meta").map(({ headers }) => headers["if-none-match"]);
    expect(tags).toEqual([undefined, '"true"', '"true"', undefined]);
  });

  test("sends nothing while GitHub asks to wait, for that installation alone", async () => {
    let limited = true;
    const { octokits, seen, pass } = connect(() =>
      limited
        ? {
            status: 403,
            headers: { "retry-after": "30" },
            body: { message: "You have exceeded a secondary rate limit" },
          }
        : { body: { ok: true } },
    );
    const nine = await octokits.installation(9);
    const first = await trouble(ask(nine, "GET /meta", {}, meta));
    expect([first.code, first.waitMs, first.retry]).toEqual(["github-limited", 30_000, true]);
    limited = false;
    const before = seen.length;
    pass(10_000);
    const second = await trouble(ask(nine, "GET /meta", {}, meta));
    expect([second.code, second.waitMs]).toEqual(["github-limited", 20_000]);
    expect(seen.length).toBe(before);
    await ask(await octokits.installation(10), "GET /meta", {}, meta);
    pass(20_000);
    await ask(nine, "GET /meta", {}, meta);
  });

  test("stops at an exhausted limit before GitHub has to refuse, and only for what is limited", async () => {
    const headers = {
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String((1_000_000 + 300_000) / 1000),
    };
    const { octokits, pass } = connect((seen) => ({
      headers: seen.path === "/meta" ? headers : {},
      body: seen.path === "/graphql" ? { data: { ok: true } } : { ok: true },
    }));
    const nine = await octokits.installation(9);
    await ask(nine, "GET /meta", {}, meta);
    const refused = await trouble(ask(nine, "GET /meta", {}, meta));
    expect([refused.code, refused.waitMs]).toEqual(["github-limited", 301_000]);
    expect(await nine.graphql("{ ok }")).toEqual({ ok: true });
    pass(301_000);
    await ask(nine, "GET /meta", {}, meta);
  });

  test("asks once and no more when GitHub fails: waiting is the queue's work", async () => {
    const { octokits, seen } = connect(() => ({ status: 502, body: { message: "Bad gateway" } }));
    const failed = await trouble(ask(await octokits.installation(9), "GET /meta", {}, meta));
    expect([failed.code, failed.retry]).toEqual(["github-unreachable", true]);
    expect(seen.filter(({ path }) => path === "/meta")).toHaveLength(1);
  });

  test("tells a refused connection from a refused call", async () => {
    const { octokits } = connect((seen) => {
      if (seen.path === "/gone") throw new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") });
      return { status: 404, body: { message: "Not Found" } };
    });
    const nine = await octokits.installation(9);
    expect((await trouble(ask(nine, "GET /gone", {}, meta))).code).toBe("github-unreachable");
    const refused = await trouble(ask(nine, "GET /meta", {}, meta));
    expect([refused.code, refused.retry]).toEqual(["github-refused", false]);
  });

  test("takes an answer that lacks what we read for trouble, not for facts", async () => {
    const { octokits } = connect(() => ({ body: { ok: "perhaps" } }));
    const odd = await trouble(ask(await octokits.installation(9), "GET /meta", {}, meta));
    expect(odd.code).toBe("github-answer");
    expect(odd.message).toContain("ok");
  });
});
