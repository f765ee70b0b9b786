/** Who is shown anything at all, where there is no sign-in. */

import { once } from "node:events";
import { connect } from "node:net";

import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import type { Access } from "../../src/dashboard/page/access.ts";
import { startCountersign } from "../../src/main.ts";
import type { Settings } from "../../src/settings.ts";
import { settingsFor } from "../support/app.ts";
import { freshDatabase } from "../support/stores.ts";
import { GENERATED_AT, ORGANIZATION, WEB, changeEntry, smallLog } from "../evidence/fixture.ts";
import { pagesOver, type From } from "./browsing.ts";

/** Text of the log that must be on no page for strangers. */
const DATA = /acme|Change number|web#|eve/u;

test("show everything to a browser on this machine, by any of its names", async () => {
  const { ask } = await pagesOver(smallLog());
  const own: readonly From[] = [
    {},
    { host: "localhost:3000" },
    { host: "LOCALHOST" },
    { host: "[::1]:3000", address: "::1" },
    { address: "::ffff:127.0.0.1" },
    { headers: { "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", cookie: "a=b", dnt: "1" } },
    {
      headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
    },
  ];
  for (const from of own) {
    const answer = await ask("/changes", from);
    expect([answer.status, await answer.text()], JSON.stringify(from)).toEqual([
      200,
      expect.stringContaining("Change number 3"),
    ]);
  }
});

test.each<readonly [string, From]>([
  ["another machine", { address: "10.0.0.7" }],
  ["another machine over IPv6", { address: "::ffff:10.0.0.7" }],
  ["an address that only begins like this machine's", { address: "127.0.0.1.example" }],
  ["no socket", { address: null }],
  ["a name of another's that resolves to this machine", { host: "rebound.example:3000" }],
  ["a name that begins like this machine's", { host: "localhost.example" }],
  ["a name that ends like this machine's", { host: "evil-localhost" }],
  ["no host", { host: null }],
  ["a proxy's HTTP/1.0", { httpVersion: "1.0" }],
  ["a proxy that closes each connection", { headers: { connection: "close" } }],
  ...[
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "x-client-ip",
    "cf-connecting-ip",
    "true-client-ip",
    "client-ip",
    "x-some-proxy-nobody-has-heard-of",
    "traceparent",
  ].map((name): readonly [string, From] => [`the header ${name}`, { headers: { [name]: "127.0.0.1" } }]),
  [
    "a picture on a page of another site",
    { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" } },
  ],
  [
    "a frame on a page of another site",
    { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" } },
  ],
])("show nothing to %s, and what to do instead", async (_, from) => {
  const { ask } = await pagesOver(smallLog());
  for (const path of ["/changes", "/changes?org=acme", "/no-such-page"]) {
    const answer = await ask(path, from);
    const text = await answer.text();
    expect(answer.status).toBe(403);
    expect(text).not.toMatch(DATA);
    expect(text).toContain("http://127.0.0.1");
  }
});

test("show nothing where the first line names another host than the header", async () => {
  const { ask } = await pagesOver(smallLog());
  const answer = await ask("http://rebound.example/changes", { host: "localhost" });
  expect([answer.status, DATA.test(await answer.text())]).toEqual([403, false]);
});

test("carry headers that allow no script, no frame, no copy and no cache, whatever the answer", async () => {
  const { ask } = await pagesOver(smallLog());
  const answers = [
    ...(await Promise.all(["/changes", "/changes?verdict=good", "/nothing"].map((path) => ask(path)))),
    await ask("/changes", { address: "10.0.0.7" }),
    await ask("/changes", { method: "POST" }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 400, 404, 403, 405]);
  for (const { headers } of answers)
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-security-policy":
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "same-origin",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    });
});

test("serve the one style under a path that changes with it, and every page names it", async () => {
  const { ask } = await pagesOver(smallLog());
  const page = await (await ask("/changes")).text();
  const [, path = ""] = /<link rel="stylesheet" href="(\/style-[0-9a-f]{16}\.css)" \/>/u.exec(page) ?? [];
  const style = await ask(path);
  expect(style.headers.get("content-type")).toBe("text/css; charset=utf-8");
  expect(style.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(page).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=/u);
});

test("show of the log what the viewer may see, whatever the address names", async () => {
  const other = { id: 501, login: "globex" };
  const theirs = changeEntry(3, Date.parse("2026-07-09T00:00:00Z"));
  const foreign = { ...theirs, subject: "f".repeat(64), repositoryId: 7001, organizationId: other.id };
  const entries = [...smallLog(), foreign];
  const { ask } = await pagesOver(entries, { organizations: [ORGANIZATION, other] });
  expect(await (await ask("/changes")).text()).toMatch(/org=acme[^]*org=globex/u);
  const rows = async (path: string, to = ask): Promise<number> =>
    (await (await to(path)).text()).split('<th scope="row"').length - 1;
  expect(await rows("/changes?org=globex")).toBe(2);
  expect(await rows("/changes?org=acme")).toBe(7);
  expect((await ask("/changes?org=initech")).status).toBe(404);

  const sees = (access: Access) =>
    pagesOver(entries, { viewer: { name: "dev", person: null, sees: [access] } });
  const nobody = await sees({ organization: ORGANIZATION, repositories: new Set(), role: "member" });
  expect(await rows("/changes?repository=web", nobody.ask)).toBe(0);
  expect((await nobody.ask("/changes?org=globex")).status).toBe(404);
  const some = await sees({
    organization: ORGANIZATION,
    repositories: new Set([WEB.id, 7001]),
    role: "member",
  });
  expect(await rows("/changes", some.ask)).toBe(await rows("/changes?org=acme"));
});

test("are there in a started App, for whom its socket names this machine, and not where strangers are sent", async () => {
  const { remove, where } = await freshDatabase("sqlite");
  onTestFinished(remove);
  const start = async (
    settings: Partial<Settings>,
  ): Promise<(more?: Record<string, string>) => Promise<number>> => {
    const app = await startCountersign(
      { ...settingsFor(where), host: "127.0.0.1", port: 0, ...settings },
      { clock: { now: () => GENERATED_AT }, timetable: "driven", log: pino({ level: "silent" }) },
    );
    onTestFinished(() => app.stop());
    const { port, monitoring } = await app.listen();
    return async (headers = {}) =>
      (await fetch(`http://127.0.0.1:${monitoring?.port ?? port}/changes`, { headers })).status;
  };
  const own = await start(OWN);
  expect([await own(), await own({ "x-forwarded-for": "127.0.0.1" })]).toEqual([200, 403]);
  const inner = { host: "127.0.0.1", port: 0 };
  for (const reached of REACHED) {
    expect(await (await start(reached))(), JSON.stringify(reached)).toBe(403);
    expect(await (await start({ ...reached, monitoring: inner }))()).toBe(200);
  }
});

test("show nothing to what nginx passes on by its defaults, though it names this machine", async () => {
  const { remove, where } = await freshDatabase("sqlite");
  onTestFinished(remove);
  const app = await startCountersign(
    { ...settingsFor(where), host: "127.0.0.1", port: 0, ...OWN },
    { clock: { now: () => GENERATED_AT }, timetable: "driven", log: pino({ level: "silent" }) },
  );
  onTestFinished(() => app.stop());
  const { port } = await app.listen();
  const firstLineOf = async (version: string, connection: string): Promise<string> => {
    const socket = connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.write(`GET / HTTP/${version}\r\nHost: 127.0.0.1:${port}\r\nConnection: ${connection}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    return answer.toString().split("\r\n")[0] ?? "";
  };
  expect(await firstLineOf("1.0", "close")).toMatch(/ 403 /u);
  expect(await firstLineOf("1.0", "keep-alive")).toMatch(/ 403 /u);
  expect(await firstLineOf("1.1", "close")).toMatch(/ 403 /u);
  expect(await firstLineOf("1.1", "keep-alive")).toMatch(/ 200 /u);
});

/** Nothing of others' comes to the socket of such an App. */
const OWN: Partial<Settings> = { pollMs: 60_000, deploymentSources: [] };

/** What has a proxy pass requests of others on to it. */
const REACHED: readonly Partial<Settings>[] = [
  { deploymentSources: [] },
  { deploymentSources: [], baseUrl: "http://localhost:3000" },
  { pollMs: 60_000 },
  { ...OWN, baseUrl: "https://countersign.acme.example" },
];

test.each([
  ["https://countersign.acme.example", 401],
  ["http://localhost:3000", 401],
  ["http://countersign.acme.example", 404],
  ["https://acme.example/countersign", 404],
])(
  "are at the App's own address %s for those who sign in, where browsers keep a session",
  async (baseUrl, status) => {
    const { remove, where } = await freshDatabase("sqlite");
    onTestFinished(remove);
    const signIn = { clientId: "Iv1.client", clientSecret: "secret", sessionSecret: "s".repeat(32) };
    const monitoring = { host: "127.0.0.1", port: 0 };
    const app = await startCountersign(
      { ...settingsFor(where), baseUrl, signIn, monitoring },
      { clock: { now: () => GENERATED_AT }, timetable: "driven", log: pino({ level: "silent" }) },
    );
    onTestFinished(() => app.stop());
    const { host } = new URL(baseUrl);
    const answer = await app.fetch(new Request(`http://${host}/changes`, { headers: { host } }));
    expect(answer.status).toBe(status);
  },
);

test.each([
  ["an empty log", []],
  ["one organisation", [ORGANIZATION]],
  ["several", [ORGANIZATION, { id: 501, login: "globex" }]],
])(
  "answer an address that is no page as not found, however it is asked for: %s",
  async (_, organizations) => {
    const { ask } = await pagesOver([], { organizations });
    for (const path of ["/no-such-page", "/api/github/webhooks", "/changes/a/b"])
      for (const method of ["GET", "POST", "PUT", "DELETE"]) {
        const answer = await ask(path, { method });
        expect([answer.status, await answer.text()], `${method} ${path}`).toEqual([
          404,
          expect.stringContaining("There is no page at this address."),
        ]);
      }
    expect((await ask("/changes", { method: "POST" })).status).toBe(405);
  },
);
