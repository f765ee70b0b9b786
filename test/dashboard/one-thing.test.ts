/** The pages about one thing: a change, a deployment, a pull request, a deviation; and the lists that lead to them. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { printScenarioResult } from "../../src/cli/scenario/result.ts";
import { ENTRY_KINDS, type EntryKind, type LoggedEntry } from "../../src/domain/records/entry.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { WITHHELD } from "../../src/domain/evidence/sample/source-words.ts";
import { ORGANIZATION_KINDS } from "../../src/dashboard/page/records.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";
import { addressesOf } from "./addresses.ts";
import { pagesOf, type Ask } from "./browsing.ts";

const SCRIPT = "<script>alert(1)</script>";
const IMAGE = "<img src=x onerror=alert(1)>";

const STORY = `
name: a week to look at
policy:
  mode: enforce
  approval: { required: 1, from: { teams: [acme/core] } }
  controls: { independently-approved: { id: CM-03 } }
  emergency: { authorisers: { teams: [acme/on-call] }, review-within: 2 days }
people:
  ann: { permission: write }
  bob: { permission: write, teams: [core] }
  cat: { permission: admin, teams: [on-call] }
  dan: { permission: write, teams: [core] }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: "one-&-<b>two", title: "${SCRIPT} | a; b 100%", files: { src/a.ts: "1" } }
  - { do: review, by: bob, pull: 1, state: approved, after: 1m }
  - { do: push, by: ann, branch: "one-&-<b>two", files: { src/a.ts: "2" }, after: 5m }
  - { do: review, by: dan, pull: 1, state: approved, after: 5m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: open-pull-request, by: ann, pull: 2, branch: hotfix, title: "stop it", files: { src/b.ts: "1" }, after: 1h }
  - { do: command, by: ann, pull: 2, text: "/countersign emergency ${IMAGE} the shop is down", after: 1m }
  - { do: command, by: cat, pull: 2, text: "/countersign authorise", after: 1m }
  - { do: merge, by: ann, pull: 2, method: squash, after: 1m }
  - { do: deploy, by: cat, environment: production, commit: main, after: 5m }
  - { do: request-gate, by: cat, environment: staging, commit: main }
  - { do: push, by: cat, branch: main, files: { src/c.ts: "1" }, bypass: true, as: pushed, after: 1h }
  - { do: deploy, by: cat, environment: production, commit: main, after: 5m }
  - { do: command, by: cat, deviation: 1001, text: "/countersign cause process: ${IMAGE} nobody was awake" }
  - { do: command, by: dan, deviation: 1001, text: "/countersign owner @dan" }
  - { do: command, by: dan, deviation: 1001, text: "/countersign due 2026-07-07" }
  - { do: open-pull-request, by: ann, pull: 3, branch: three, title: "wait for me", files: { src/d.ts: "1" }, after: 1h }
  - { do: review, by: ann, pull: 3, state: commented, after: 1m }
  - { do: wait, for: 3d }
`;

let harness: InProcessHarness;
let ledger: Ledger;
let ask: Ask;
let now: number;
const found = new Map<EntryKind, LoggedEntry[]>();

beforeAll(async () => {
  const story = readStory(STORY, "test/dashboard/one-thing.test.ts");
  harness = await openHarness(story, "sqlite");
  const result = await playScenario(story, harness);
  if (result.failures.length > 0) throw new Error(printScenarioResult(result));
  ledger = await openLedger(harness.where);
  for (const kind of ["change", "deployment", "deployment-gate", "deviation", "emergency"] as const) {
    const all: LoggedEntry[] = [];
    for await (const entry of ledger.states(kind, { everyOrganization: true, order: "at" })) all.push(entry);
    found.set(kind, all);
  }
  const id = found.get("change")?.[0]?.organizationId ?? 0;
  now = (result.steps.at(-1)?.at ?? story.start) + 3 * 24 * 3_600_000;
  ({ ask } = pagesOf(ledger, { organizations: [{ id, login: "acme" }], now }));
});

afterAll(async () => {
  await ledger.close();
  await harness.close();
});

function named(kind: EntryKind, nth: number): string {
  return found.get(kind)?.[nth]?.subject ?? "";
}

/** The deviation of the direct push. */
function pushed(): string {
  const own = found.get("deviation")?.find(({ body }) => "pull" in body && body.pull === null);
  return own?.subject ?? "";
}

async function page(path: string): Promise<string> {
  const answer = await ask(path);
  expect(answer.status, path).toBe(200);
  return answer.text();
}

/** The text of what is to be done now. */
async function toDo(path: string): Promise<string> {
  const [, now = ""] =
    /<h2 id="now">\s*What to do now\s*<\/h2>([^]*?)<\/section>/u.exec(await page(path)) ?? [];
  return textOf(now);
}

function textOf(html: string): string {
  return html
    .replaceAll(/<[^>]*>/gu, " ")
    .replaceAll(/\s+/gu, " ")
    .trim();
}

describe("the page of a change", () => {
  test("begins with what to do, and has nothing to ask of one that is compliant", async () => {
    expect(await toDo(`/changes/${named("change", 0)}`)).toBe(
      "Nothing to do: it is compliant. What the check of #1 showed",
    );
  });

  test("shows who approved it, which approval counts, and why another does not", async () => {
    const text = textOf(await page(`/changes/${named("change", 0)}`));
    expect(text).toContain("bob approved an earlier version; the content changed afterwards");
    expect(text).toMatch(/Approvals that count, from log entry \d+\.[^.]* dan#/u);
    expect(text).toContain("CM-03");
  });

  test("asks for the review of an emergency in the words of its reminder", async () => {
    expect(await toDo(`/changes/${named("change", 1)}`)).toMatch(
      /^The review owed after the emergency was due by 2026-07-0\d [\d:]+ UTC and is overdue\. Look at what shipped, then comment \/countersign approve/u,
    );
  });

  test("asks of a direct push what its issue asks, names the issue and leads to its deviation", async () => {
    const path = `/changes/${named("change", 2)}`;
    const text = await toDo(path);
    expect(text).toContain(`Answer ${pushed()} on its issue in acme/web.`);
    expect(text).toContain(
      "Still needed before its owner can call it done: 5 more answers to “why?” ( /countersign why &lt;text&gt; ).",
    );
    expect(await page(path)).toContain(`href="/deviations/${pushed()}"`);
  });

  test("leads to the deployment that carried it, and that one back", async () => {
    const deployment = `/deployments/${named("deployment", 1)}`;
    expect(await page(`/changes/${named("change", 2)}`)).toContain(`href="${deployment}"`);
    expect(await page(deployment)).toContain(`href="/changes/${named("change", 2)}"`);
  });

  test("has its log entries with their hashes, each named from the facts made of it", async () => {
    const html = await page(`/changes/${named("change", 0)}`);
    const entry = found.get("change")?.[0];
    expect(html).toContain(`id="entry-${entry?.seq}"`);
    expect(html).toContain(entry?.hash);
    for (const [, seq] of html.matchAll(/href="#entry-(\d+)"/gu)) expect(html).toContain(`id="entry-${seq}"`);
  });
});

describe("the page of a pull request", () => {
  test("shows before the merge what the newest check run asks, from whom, and who approved", async () => {
    const text = await toDo("/pulls/acme/web/3");
    expect(text).toContain("Waiting for 1 approval from");
    expect(text).toContain("acme/core");
    expect(textOf(await page("/pulls/ACME/Web/3"))).toContain(
      "None so far. A review approves; a comment approves nothing.",
    );
  });

  test("leads after the merge to what it landed as", async () => {
    expect(await page("/pulls/acme/web/1")).toContain(`href="/changes/${named("change", 0)}"`);
  });
});

describe("the pages of deviations, emergencies and reviews", () => {
  test("list what is overdue first, by state and owner", async () => {
    const text = textOf(await page("/deviations"));
    expect(text).toContain("2026-07-07 overdue");
    expect(textOf(await page("/deviations?owner=@DAN"))).toContain("1 not settled of DAN, 1 past");
    expect(textOf(await page("/deviations?owner=ann"))).toContain("0 not settled of ann");
    expect(textOf(await page("/deviations?state=closed"))).toContain("0 closed");
  });

  test("show one with its seven fields, four boxes and history", async () => {
    const html = await page(`/deviations/${pushed()}`);
    const text = textOf(html);
    for (const field of ["Finding", "Root cause", "Action", "Owner", "Due", "Evidence", "How it is verified"])
      expect(html).toContain(`<dt>${field}</dt>`);
    expect(text).toContain("process: &lt;img src=x onerror=alert(1)&gt; nobody was awake");
    expect(text).toContain("It has operated, with evidence: no: lacks evidence");
    expect(text).toMatch(/At Step By[^]*cause[^]*owner[^]*due/u);
    expect(html).toContain(`href="/changes/${named("change", 2)}"`);
  });

  test("show an emergency with its reason and how its review stands", async () => {
    const text = textOf(await page("/emergencies"));
    expect(text).toMatch(/used[^]*the shop is down by ann[^]*by cat[^]*overdue/u);
    const reviews = await page("/reviews");
    expect(textOf(reviews)).toContain("1 due, 1 of them overdue.");
    expect(reviews).toMatch(/href="\/pulls\/acme\/web\/2\?id=\d+"/u);
  });
});

/** Every page there is something to see on. */
function paths(): readonly string[] {
  return [
    ...(found.get("change") ?? []).map(({ subject }) => `/changes/${subject}`),
    ...(found.get("deployment") ?? []).map(({ subject }) => `/deployments/${subject}`),
    ...[1, 2, 3].map((number) => `/pulls/acme/web/${number}`),
    "/deviations",
    ...(found.get("deviation") ?? []).map(({ subject }) => `/deviations/${subject}`),
    "/emergencies",
    "/reviews",
  ];
}

describe("attacks on them", () => {
  test("leave whatever people wrote as text, on every page", async () => {
    let hostile = 0;
    for (const path of paths()) {
      const html = await page(path);
      expect(html, path).not.toMatch(/<script|<img|<b>two|<style|<[^>]*\s(?:style|on[a-z]+)=|javascript:/u);
      if (html.includes("&lt;script&gt;") || html.includes("&lt;img")) hostile += 1;
    }
    expect(hostile).toBeGreaterThan(5);
  });

  test("with another organisation's ids are answered like ids that are not there", async () => {
    const { organizationId = 0 } = found.get("change")?.[0] ?? {};
    const others = pagesOf(ledger, { organizations: [{ id: organizationId + 1, login: "globex" }] });
    for (const path of paths().filter((each) => each.split("/").length > 2)) {
      const nothing = path.replace(/[^/]+$/u, (id) => (/^\d+$/u.test(id) ? "999" : "0".repeat(id.length)));
      const [theirs, none] = [await others.ask(path), await ask(nothing)];
      expect([theirs.status, none.status], path).toEqual([404, 404]);
      const sentence = async (answer: Response) => /<h1>[^]*<\/main>/u.exec(await answer.text())?.[0];
      expect(await sentence(theirs), path).toBe(await sentence(none));
    }
    const lists = await Promise.all(
      ["/deviations", "/emergencies", "/reviews"].map(async (path) => (await others.ask(path)).text()),
    );
    expect(lists.join("")).not.toMatch(/EMG-|DEV-[0-9a-f]|shop is down/u);
  });

  test.each([
    "/changes/1",
    `/changes/${"A".repeat(64)}`,
    `/changes/${"f".repeat(63)}%00`,
    "/changes/..%2f..%2fetc%2fpasswd",
    "/deployments/%F0%9F%98%80",
    "/deviations/DEV-%27%20or%201=1",
    "/deviations/__proto__",
    "/pulls/acme/web/0",
    "/pulls/acme/web/1e1",
    "/pulls/acme/web/99999999999999999999",
    "/pulls/acme/web/-1",
    "/pulls/..%2f/web/1",
    "/pulls/acme/%00/1",
    "/pulls/acme/web/1?id=%00",
    "/gates/1/2/%00",
    "/gates/__proto__/1/production",
    "/gates/1%20or%201=1/1/production",
    "/pulls/acme/web/1?id=1%20or%201=1",
  ])("with %s are answered as not found", async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("is on record here");
  });

  test("with any query show the list, and only what it means", async () => {
    for (const query of [
      "state=nonsense",
      "state=__proto__",
      `owner=${"a".repeat(5000)}`.slice(0, 900),
      "owner=%00",
      "owner=%3Cscript%3E",
    ])
      expect(await page(`/deviations?${query}`)).not.toContain("<script");
  });
});

/** The text of each section of a page, by the id of its heading. */
function sectionsOf(html: string): ReadonlyMap<string, string> {
  const sections = html.matchAll(/<h2 id="(?<id>[^"]+)">(?<rest>[^]*?)(?=<h2 |<\/main>)/gu);
  return new Map(
    Array.from(sections, ({ groups }) => [groups?.["id"] ?? "", textOf(groups?.["rest"] ?? "")]),
  );
}

/** Every address of every page, for each thing that the log has. */
function addresses(): readonly string[] {
  const subjects = (kind: EntryKind): readonly string[] =>
    (found.get(kind) ?? []).map(({ subject }) => subject);
  // Others are not there for members (audit.test.ts).
  return [...addressesOf(subjects, ({ isOfWhole }) => isOfWhole !== true).values()].flat();
}

/** Where pages may say "now": of what is to be done, and of what this log holds. What was read of GitHub was so when it was read. */
const OF_NOW =
  /What to do now|review now what|let through now|Have it reviewed now|Merge it by [^,]{1,60}, as it is now|against beginning an audit now|as known now|the log as it is now|known to be now|what it needs now|Verdict now|Status now|Overdue now|none known now|not ended now/giu;

test("no page says of what was read before that it is so now", async () => {
  const said: string[] = [];
  for (const address of addresses()) {
    const text = textOf(await page(address)).replaceAll(OF_NOW, "");
    for (const [words] of text.matchAll(/.{0,60}\bnow\b.{0,30}/giu)) said.push(`${address}: ${words}`);
  }
  expect(said).toEqual([]);
});

describe("whoever may read other repositories of the organisation only", () => {
  /** What people, pull requests, deviations and emergencies of the story are known by. */
  const OF_THE_STORY =
    /wait for me|stop it|shop is down|nobody was awake|web#|acme\/web|\b(?:ann|bob|cat|dan)\b|EMG-|DEV-[0-9a-f]|\b[0-9a-f]{40}\b/u;

  async function textsFor(repositories: ReadonlySet<number>): Promise<ReadonlyMap<string, string>> {
    const id = found.get("change")?.[0]?.organizationId ?? 0;
    const viewer = {
      name: "eve",
      person: null,
      sees: [{ organization: { id, login: "acme" }, repositories, role: "member" as const }],
    };
    const pages = pagesOf(ledger, { viewer, now });
    const texts = new Map<string, string>();
    for (const address of addresses()) texts.set(address, await (await pages.ask(address)).text());
    return texts;
  }

  test("is shown nothing of this one, on no page there is", async () => {
    for (const repositories of [new Set<number>(), new Set([999])])
      for (const [address, text] of await textsFor(repositories))
        expect(OF_THE_STORY.exec(text.replaceAll(address, ""))?.[0], address).toBeUndefined();
  });

  test("reads why, wherever a section is another than for those who see all of the organisation", async () => {
    const repositories = new Set((found.get("change") ?? []).map(({ repositoryId }) => repositoryId));
    const texts = await textsFor(repositories);
    let withheld = 0;
    for (const address of addresses()) {
      const own = sectionsOf(texts.get(address) ?? "");
      for (const [id, text] of sectionsOf(await page(address))) {
        const shown = own.get(id);
        if (shown === text) continue;
        expect(shown, `${address} #${id}`).toContain(WITHHELD);
        expect(text).not.toContain(WITHHELD);
        withheld += 1;
      }
    }
    expect(withheld).toBeGreaterThan(10);
  });

  test("has nothing of the organisation in what pages read of repositories", async () => {
    const others = new Set<EntryKind>();
    for (const kind of ENTRY_KINDS)
      for await (const { repositoryId } of ledger.states(kind, { everyOrganization: true }))
        if (repositoryId === 0) others.add(kind);
    // Observations are read by the pull request they are about.
    expect([...others]).toContain("policy");
    const known: readonly EntryKind[] = [...ORGANIZATION_KINDS, "observation"];
    expect([...others].filter((kind) => !known.includes(kind))).toEqual([]);
  });

  test("and whoever may read it is shown it, on every page of a thing and every list that has one", async () => {
    const repositories = new Set((found.get("change") ?? []).map(({ repositoryId }) => repositoryId));
    const texts = await textsFor(repositories);
    const empty = [...texts].filter(([, text]) => !OF_THE_STORY.test(text));
    // These pages are about the organisation, and give the reason.
    expect(empty.map(([address]) => address)).toEqual(["/", "/controls", "/months"]);
    for (const [, text] of empty) expect(text).toContain(WITHHELD);
  });
});
