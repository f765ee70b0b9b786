/** @module-tag long */

import { createRequire } from "node:module";

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { freshDatabase } from "../support/stores.ts";
import { readStory } from "../support/scenarios.ts";
import { openRig, type Rig } from "./rig.ts";

interface Example {
  readonly name: string;
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

const EXAMPLES = (
  createRequire(import.meta.url)("@octokit/webhooks-examples/api.github.com/index.json") as readonly Example[]
).flatMap(({ name, examples }) => examples.map((payload) => ({ event: name, payload })));

const STORY = readStory(
  `name: one open pull request
policy: { mode: enforce }
people: { ann: { permission: write } }
story: []
`,
  "payloads",
);
const HOUR = 3_600_000;

let logged: string[];
let rig: Rig;
let remove: () => Promise<void>;
beforeEach(async () => {
  const database = await freshDatabase("sqlite");
  remove = database.remove;
  logged = [];
  const log = pino({ level: "trace" }, { write: (line) => logged.push(line) });
  rig = await openRig(STORY, database.where, { log });
  await rig.double.act({
    do: "open-pull-request",
    by: "ann",
    pull: 1,
    branch: "feature",
    files: { "src/a.ts": "1" },
  });
  await rig.settle();
});
afterEach(async () => {
  await rig.close();
  await remove();
});

/** Every delivery posted and every attempt made: what became of each. */
async function post(payloads: readonly { readonly event: string; readonly payload: unknown }[]) {
  const statuses: number[] = [];
  for (const [index, { event, payload }] of payloads.entries()) {
    const answer = await rig.post({ event, id: `example-${index}`, body: JSON.stringify(payload) });
    statuses.push(answer.status);
  }
  await rig.settle();
  // Time enough for every attempt at what cannot succeed.
  for (let attempt = 1; attempt <= 10; attempt += 1) await rig.moveTo(STORY.start + (attempt * HOUR) / 4);
  const listed = await rig.ledger.queue.list({ limit: 2_000 });
  return {
    statuses,
    listed: listed.filter(({ id }) => id.startsWith("example-")).toReversed(),
  };
}

/** One line for each kind of end, e.g. `push: done, handled as push`. */
function ends(listed: Awaited<ReturnType<typeof post>>["listed"]): string {
  const lines = listed.map(({ event, action, status, note, error }) => {
    const name = action === null ? event : `${event}.${action}`;
    return `${name} -> ${status}: ${status === "done" ? note : error}`;
  });
  return `${[...new Set(lines)].toSorted().join("\n")}\n`;
}

describe("GitHub's 329 example payloads, signed and posted to a running App", () => {
  test("as they are: every one is accepted and comes to an end that is told in a sentence", async () => {
    expect(EXAMPLES).toHaveLength(329);
    const { statuses, listed } = await post(EXAMPLES);
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect(listed).toHaveLength(329);
    expect(
      listed.filter(({ status }) => status === "waiting").map(({ event, error }) => [event, error]),
    ).toEqual([]);
    for (const { status, note, error } of listed) {
      if (status === "done") expect(note).toMatch(/^(?:handled as \S+|ignored: .+|ended: GitHub .+)$/u);
      else expect(error).toMatch(/^GitHub .+/u);
    }
    await expect(ends(listed)).toMatchFileSnapshot("ends-of-strangers.txt");
    expect(logged.length).toBeGreaterThan(0);
    // What went wrong is logged, and of the payload nothing but what it was about.
    expect(logged.filter((line) => /Codertocat|@users|html_url/u.test(line))).toEqual([]);
  });

  test("as if they came from a repository under watch: nothing they name is there, and none crashes", async () => {
    const { organizations, installations, repositories } = await rig.state();
    const web = repositories.find(({ name }) => name === "web");
    const payloads = EXAMPLES.map(({ event, payload }) => {
      const own: Record<string, unknown> = { ...payload };
      const repository = payload["repository"] as Readonly<Record<string, unknown>> | undefined;
      if (repository !== undefined)
        own["repository"] = {
          ...repository,
          id: web?.id,
          name: "web",
          full_name: "acme/web",
          default_branch: "main",
          visibility: "private",
          owner: {
            ...(repository["owner"] as object),
            id: organizations[0]?.id,
            login: "acme",
            type: "Organization",
          },
        };
      // What is told of an installation or a repository as a whole would end the observation of this one.
      const whole = event.startsWith("installation") || event === "repository";
      if (!whole) own["installation"] = { id: installations[0]?.id };
      return { event, payload: whole ? payload : own };
    });
    const { statuses, listed } = await post(payloads);
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect(
      listed.filter(({ status }) => status === "waiting").map(({ event, error }) => [event, error]),
    ).toEqual([]);
    for (const { status, note, error } of listed) {
      if (status === "done") expect(note).toMatch(/^(?:handled as \S+|ignored: .+|ended: GitHub .+)$/u);
      else expect(error).toMatch(/^GitHub .+/u);
    }
    await expect(ends(listed)).toMatchFileSnapshot("ends-of-our-own.txt");
    // It still works: the pull request that was there is judged again.
    await rig.double.act({ do: "push", by: "ann", branch: "feature", files: { "src/a.ts": "2" } });
    await rig.settle();
    const after = (await rig.state()).repositories.find(({ name }) => name === "web");
    expect(after?.checks.filter(({ ours }) => ours)).toHaveLength(2);
  });
});

describe("the doors of a running App", () => {
  const body = JSON.stringify({ action: "opened", zen: "Speak like a human." });

  test("refuse a wrong signature with 401 and store nothing", async () => {
    const before = await rig.ledger.queue.list({ limit: 2_000 });
    const answer = await rig.post({ event: "ping", id: "x", body, signature: `sha256=${"0".repeat(64)}` });
    expect(answer.status).toBe(401);
    expect(await rig.ledger.queue.list({ limit: 2_000 })).toHaveLength(before.length);
  });

  test("refuse what is not JSON with 400", async () => {
    expect((await rig.post({ event: "ping", id: "x", body: '{"action": ' })).status).toBe(400);
    expect(await rig.ledger.queue.bodyOf("x")).toBeNull();
  });

  test("refuse a body of 25 MB and one byte with 413 before it is read whole", async () => {
    const size = 25 * 1024 * 1024 + 1;
    let pulled = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1024 * 1024;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const told = await rig.post({
      event: "push",
      id: "told",
      body: stream,
      signature: "sha256=00",
      headers: { "content-length": String(size) },
    });
    expect(told.status).toBe(413);
    expect(pulled).toBeLessThan(3 * 1024 * 1024);
    let endless = 0;
    const unmeasured = new ReadableStream<Uint8Array>({
      pull(controller) {
        endless += 1024 * 1024;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const untold = await rig.post({ event: "push", id: "untold", body: unmeasured, signature: "sha256=00" });
    expect(untold.status).toBe(413);
    expect(endless).toBeLessThan(30 * 1024 * 1024);
  });

  test("do nothing the second time a delivery comes", async () => {
    const state = await rig.state();
    const [old] = state.deliveries.filter(({ event }) => event === "pull_request");
    const head = await rig.ledger.head();
    const stored = await rig.ledger.queue.list({ limit: 2_000 });
    await rig.redeliver(old?.id ?? "");
    await rig.settle();
    const last = (await rig.state()).deliveries.at(-1);
    expect(last).toMatchObject({ guid: old?.guid, statusCode: 200 });
    expect(await rig.ledger.head()).toEqual(head);
    expect(await rig.ledger.queue.list({ limit: 2_000 })).toEqual(stored);
  });
});

describe("signed payloads that hold what GitHub never sends", () => {
  const POISON: readonly unknown[] = [7, null, "\u0000", [], {}, { id: "seven" }, { id: 2 ** 60, owner: 7 }];

  test("end, the dead ones with one line of the log each and no trace", async () => {
    const kinds = [...new Map(EXAMPLES.map((each) => [each.event, each])).values()];
    const payloads = kinds.map(({ event, payload }, index) => ({
      event,
      payload: Object.fromEntries(
        Object.entries(payload).map(([key, value], at) => [
          key,
          key === "action" || key === "installation" ? value : POISON[(index + at) % POISON.length],
        ]),
      ),
    }));
    const bare = ["push", "pull_request", "ping"].flatMap((event) =>
      POISON.map((payload) => ({ event, payload })),
    );
    const { statuses, listed } = await post([...payloads, ...bare]);
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect(listed.filter(({ status }) => status === "waiting")).toEqual([]);
    const lines = logged.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const told = lines.filter(({ level }) => Number(level) >= 40);
    expect(told.filter(({ err }) => err !== undefined)).toEqual([]);
    // What is no object at all asks for nothing, and is done as it arrives.
    expect(listed.filter(({ note }) => note === "ignored: the payload is not an object")).toHaveLength(12);
    const dead = listed.filter(({ status }) => status === "dead");
    for (const { id, error } of dead) {
      expect(error, id).toMatch(/.+/u);
      expect(
        told.filter(({ delivery }) => delivery === id),
        id,
      ).toHaveLength(1);
    }
  });
});
