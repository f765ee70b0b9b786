import { describe, expect, test } from "vitest";
import { reportSignature } from "../../src/domain/deployment/report.ts";
import { routes } from "../../src/server.ts";
import { readSources } from "../../src/sources.ts";
import { memory, toolsOn } from "../doors/rig.ts";

const NOW = Date.parse("2026-07-06T09:00:00Z");
const SECRET = "a".repeat(32);
const OLD = "b".repeat(32);
const REPORT = { id: "build-1", repository: "acme/web", sha: "c".repeat(40), environment: "production" };

function door() {
  let woken = 0;
  const { stored, ledger } = memory();
  const { sources } = readSources(
    JSON.stringify({ jenkins: { secret: [SECRET, OLD], repositories: ["acme/*"] } }),
  );
  const app = routes(toolsOn(ledger, { sources, clock: { now: () => NOW }, wake: () => void (woken += 1) }));
  const send = async (
    body: string | Buffer<ArrayBuffer>,
    { secret = SECRET, at = NOW, source = "jenkins", signed = body } = {},
  ): Promise<readonly [number, string]> => {
    const timestamp = String(Math.floor(at / 1000));
    const response = await app.request("/api/deployments", {
      method: "POST",
      body,
      headers: {
        "x-countersign-source": source,
        "x-countersign-timestamp": timestamp,
        "x-countersign-signature-256": reportSignature(secret, timestamp, signed),
      },
    });
    return [response.status, await response.text()];
  };
  return { app, send, stored, woken: () => woken };
}

describe("the door for reports of deployments", () => {
  test("a signed report is stored before it is answered, once", async () => {
    const { send, stored, woken } = door();
    expect(await send(JSON.stringify(REPORT))).toEqual([202, '{"stored":true}']);
    expect(await send(JSON.stringify(REPORT))).toEqual([200, '{"stored":false}']);
    expect([...stored.keys()]).toEqual(["report:jenkins:build-1"]);
    expect(woken()).toBe(2);
  });
  test("the secret before the present one still signs", async () => {
    expect((await door().send(JSON.stringify(REPORT), { secret: OLD }))[0]).toBe(202);
  });
  test("another deployment under the same id is refused", async () => {
    const { send } = door();
    await send(JSON.stringify(REPORT));
    expect((await send(JSON.stringify({ ...REPORT, environment: "prod" })))[0]).toBe(409);
  });
  test("what is not signed, signed otherwise, changed afterwards or too old is refused alike", async () => {
    const { app, send } = door();
    const text = JSON.stringify(REPORT);
    expect((await app.request("/api/deployments", { method: "POST", body: text })).status).toBe(401);
    expect((await send(text, { secret: "d".repeat(32) }))[0]).toBe(401);
    expect((await send(text, { source: "argo" }))[0]).toBe(401);
    expect((await send(text, { signed: `${text} ` }))[0]).toBe(401);
    expect((await send(text, { at: NOW - 301_000 }))[0]).toBe(401);
    expect((await send(text, { at: NOW + 301_000 }))[0]).toBe(401);
    expect((await send(text, { at: NOW - 299_000 }))[0]).toBe(202);
  });
  test("what is not as it must be is refused with what is wrong", async () => {
    const { send } = door();
    expect((await send("{"))[0]).toBe(422);
    expect((await send(JSON.stringify({ ...REPORT, sha: "abc" })))[1]).toContain("sha is a whole commit id");
    expect((await send(JSON.stringify({ ...REPORT, commit: 1 })))[0]).toBe(422);
    expect((await send(JSON.stringify({ ...REPORT, repository: "other/web" })))[1]).toContain(
      "may not report",
    );
    expect((await send(JSON.stringify({ ...REPORT, repository: "acme/api" })))[1]).toContain(
      "not installed on acme/api",
    );
  });
  test("half a character, or one that only controls, is refused wherever it stands, and a whole one is not", async () => {
    const { send, stored } = door();
    for (const key of ["id", "environment", "ref", "artifact"] as const)
      for (const bad of ["img-\ud800", "\udc00img", "img\u0000", "img\u001b[2J", "img\u0085x"])
        expect([key, bad, (await send(JSON.stringify({ ...REPORT, [key]: bad })))[0]]).toEqual([
          key,
          bad,
          422,
        ]);
    expect((await send(JSON.stringify({ ...REPORT, artifact: "img-\u{1F600} größe" })))[0]).toBe(202);
    expect(stored.size).toBe(1);
  });
  test("bytes that are no text are refused, and not taken for another's report", async () => {
    const { send } = door();
    const bytes = Buffer.concat([
      Buffer.from(JSON.stringify(REPORT).slice(0, -1)),
      Buffer.from([0xff, 0x7d]),
    ]);
    expect((await send(bytes))[0]).toBe(422);
  });
  test("a body over 64 KB is not read", async () => {
    expect((await door().send(JSON.stringify({ ...REPORT, ref: "x".repeat(70_000) })))[0]).toBe(413);
  });
});

describe("the sources of reports", () => {
  test("are a list or JSON, and every problem is told without a secret", () => {
    expect(readSources(`ci=${SECRET},cd=${OLD}`).sources.map(({ name }) => name)).toEqual(["ci", "cd"]);
    expect(readSources("ci=short").problems.join()).toContain("secret of ci that is too short");
    expect(readSources("ci=short").problems.join()).not.toContain("=short");
    expect(readSources(`ci=${SECRET},ci=${OLD}`).problems).toEqual(["names ci twice"]);
    expect(readSources("nonsense").problems.join()).toContain("neither JSON nor a list");
    expect(readSources("{").problems.join()).toContain("is no JSON");
  });
});
