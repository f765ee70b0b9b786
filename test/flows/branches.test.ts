import { afterEach, expect, test } from "vitest";

import type { Instant } from "../../src/domain/time/instant.ts";
import type { Bodies, EntryKind } from "../../src/domain/records/entry.ts";
import { readStory } from "../support/scenarios.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const STORY = readStory(
  `name: one repository
policy: { mode: enforce }
people: { ann: { permission: write }, bob: { permission: write }, eve: { permission: admin } }
story: []
`,
  "branches",
);

interface Activity {
  readonly id: number;
  readonly timestamp: string;
}

let stage: InProcessHarness;
let now: Instant;
afterEach(() => stage.close());

/** Opens the stage; what GitHub lists as activity passes through `hide`. */
async function open(): Promise<{ hide: (activity: Activity) => boolean }> {
  stage = await openHarness(STORY, "sqlite");
  now = STORY.start;
  const listed = { hide: (each: Activity): boolean => each.id < 0 };
  const real = stage.github.fetch.bind(stage.github);
  stage.github.fetch = async (request) => {
    const answer = await real(request);
    if (!new URL(request.url).pathname.endsWith("/activity") || !answer.ok) return answer;
    const shown = ((await answer.json()) as readonly Activity[]).filter((each) => !listed.hide(each));
    // What is shown is not what the tag stands for.
    const headers = new Headers(answer.headers);
    headers.delete("etag");
    return Response.json(shown, { headers });
  };
  return listed;
}

async function pass(ms: number): Promise<void> {
  now += ms;
  await stage.double.setClock(now);
  await stage.app.advance(now);
  await stage.app.settle();
}

async function act(step: { readonly do: string } & Readonly<Record<string, unknown>>): Promise<void> {
  const done = await stage.double.act(step);
  expect(done).toMatchObject({ unplayable: null, refused: null });
  await stage.double.idle();
  await stage.app.settle();
}

async function states<K extends EntryKind>(kind: K): Promise<readonly Bodies[K][]> {
  const ledger = await stage.openLedger();
  const found: Bodies[K][] = [];
  for await (const entry of ledger.states(kind, { everyOrganization: true, order: "at" }))
    found.push(entry.body);
  await ledger.close();
  return found;
}

async function updates(): Promise<readonly (readonly [string, string, boolean])[]> {
  const changes = await states("change");
  return changes.map(({ change: { update }, assessment }) => [
    update.kind,
    assessment.verdict,
    update.activityId !== null,
  ]);
}

const PUSH = { do: "push", by: "eve", branch: "main", bypass: true };

test("nothing is concluded from a list that lags until ten minutes have passed, then a webhook's word is taken", async () => {
  const listed = await open();
  await pass(DAY);
  listed.hide = () => true;
  await act({ ...PUSH, files: { "a.ts": "1" } });
  await pass(9 * MINUTE);
  expect(await updates()).toEqual([]);
  await pass(2 * MINUTE);
  expect(await updates()).toEqual([["push", "non-compliant", false]]);
});

test("an update taken from a webhook and listed later stays one change, and is judged again as it is listed", async () => {
  const listed = await open();
  await pass(DAY);
  await act({ do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: { "a.ts": "1" } });
  await act({ do: "review", by: "bob", pull: 1, state: "approved" });
  await pass(MINUTE);
  const merged = now;
  listed.hide = ({ timestamp }) => Date.parse(timestamp) >= merged;
  await act({ do: "merge", by: "ann", pull: 1, method: "squash" });
  await pass(11 * MINUTE);
  expect(await updates()).toEqual([["push", "non-compliant", false]]);
  listed.hide = () => false;
  await pass(DAY);
  expect(await updates()).toEqual([["pull-request", "compliant", true]]);
  const [deviation, ...more] = await states("deviation");
  expect([deviation?.status, more.length]).toEqual(["closed", 0]);
});

test("an update whose webhook was lost is not skipped when a later one was taken from its webhook", async () => {
  const listed = await open();
  await pass(DAY);
  const hidden = now;
  listed.hide = ({ timestamp }) => Date.parse(timestamp) >= hidden;
  await stage.double.setFault("outage");
  await act({ ...PUSH, files: { "a.ts": "1" } });
  await stage.double.setFault("recover");
  await pass(MINUTE);
  await act({ ...PUSH, files: { "a.ts": "2" } });
  await pass(11 * MINUTE);
  expect(await updates()).toEqual([["push", "non-compliant", false]]);
  listed.hide = () => false;
  await pass(DAY);
  expect(await updates()).toEqual([
    ["push", "non-compliant", true],
    ["push", "non-compliant", true],
  ]);
  const [place] = await states("branch");
  expect(place?.activityId).not.toBeNull();
});

test("a list that no longer reaches back to the last update recorded leaves a gap and is never complete", async () => {
  const listed = await open();
  await pass(DAY);
  await act({ ...PUSH, files: { "a.ts": "1" } });
  await pass(MINUTE);
  await stage.app.kill();
  await stage.double.setFault("outage");
  await act({ ...PUSH, files: { "a.ts": "2" } });
  now += 300 * DAY;
  await stage.double.setClock(now);
  await act({ ...PUSH, files: { "a.ts": "3" } });
  await stage.double.setFault("recover");
  const forgotten = now;
  listed.hide = ({ timestamp }) => Date.parse(timestamp) < forgotten;
  now += 100 * DAY;
  await stage.double.setClock(now);
  await stage.app.restart(now);
  await stage.app.settle();
  const gaps = await states("coverage-gap");
  expect(gaps.filter(({ cause }) => cause === "history-expired")).toMatchObject([
    { to: forgotten, backfilled: false },
  ]);
  await stage.app.reconcile("acme", STORY.start - 30 * DAY, now);
  const found = await states("completeness");
  expect(found.filter(({ repository }) => repository.name === "web").map(({ complete }) => complete)).toEqual(
    [false],
  );
});

test("a period whose beginning the list has forgotten is not called complete", async () => {
  const listed = await open();
  await pass(DAY);
  await act({ ...PUSH, files: { "a.ts": "1" } });
  await pass(400 * DAY);
  listed.hide = () => true;
  await stage.app.reconcile("acme", STORY.start + 2 * DAY, STORY.start + 3 * DAY);
  const found = await states("completeness");
  const web = found.filter(
    ({ repository, from }) => repository.name === "web" && from === STORY.start + 2 * DAY,
  );
  expect(web.map(({ complete }) => complete)).toEqual([false]);
});

test("a quiet branch costs eleven requests a day and adds to the log only how its repositories were protected that day", async () => {
  await open();
  await act({ ...PUSH, files: { "a.ts": "1" } });
  await act({ do: "deploy", by: "ann", environment: "production", commit: "main" });
  await pass(2 * DAY);
  const ledger = await stage.openLedger();
  const before = (await ledger.head()).size;
  const requests: string[] = [];
  const real = stage.github.fetch.bind(stage.github);
  stage.github.fetch = async (request) => {
    const text = await request.clone().text();
    if (`${request.url}${text}`.includes("web")) requests.push(request.url);
    return real(request);
  };
  await pass(DAY);
  const added: string[] = [];
  for await (const { kind } of ledger.log({ everyOrganization: true, afterSeq: before })) added.push(kind);
  expect(added).toEqual(["protection", "protection"]);
  expect(requests.length).toBeLessThanOrEqual(11);
  await ledger.close();
});
