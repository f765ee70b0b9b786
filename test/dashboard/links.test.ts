/** Links that the App writes on GitHub and sends elsewhere: each opens a page, and none has anything secret in it. */

import { expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { printScenarioResult } from "../../src/cli/scenario/result.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { Settings } from "../../src/settings.ts";
import { openHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";
import { pagesOf } from "./browsing.ts";

const BASE = "https://countersign.example";

const STORY = `
name: everything that links
policy:
  mode: enforce
  approval: { required: 1 }
  monitoring: { owner: cat }
  deviations: { repository: acme/control }
  emergency: { authorisers: { users: [cat] }, review-within: 1 day }
  notifications:
    - url-secret: HOOK_URL
      format: json
      signing-secret: HOOK_SECRET
      on: [emergency-waiting, deviation-opened, deviation-closed, review-due, review-overdue]
repositories: { control: {} }
people:
  ann: { permission: write }
  bob: { permission: write }
  cat: { permission: admin }
start: 2026-07-06T06:00:00Z
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: one, title: "one", files: { src/a.ts: "1" } }
  - { do: review, by: bob, pull: 1, state: approved, after: 1m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: open-pull-request, by: ann, pull: 2, branch: two, title: "two", files: { src/b.ts: "1" }, after: 1h }
  - { do: command, by: ann, pull: 2, text: "/countersign emergency the shop is down", after: 1m }
  - { do: command, by: cat, pull: 2, text: "/countersign authorise", after: 1m }
  - { do: merge, by: ann, pull: 2, method: squash, after: 1m }
  - { do: request-gate, by: bob, commit: main, after: 5m }
  - { do: push, by: cat, branch: main, files: { src/c.ts: "1" }, bypass: true, after: 1h }
  - { do: request-gate, by: bob, commit: main, after: 5m }
  - { do: command, by: ann, repository: control, deviation: 1002, text: "/countersign owner @ann", after: 1h }
  - { do: wait, for: 30d }
`;

const LINK = /https:\/\/countersign\.example[^\s"'\\)<>|]*/gu;

/** What the App sends with these settings: to GitHub, by route, and to receivers. */
async function sentWith(settings: Partial<Settings>) {
  const requests: Promise<readonly [route: string, text: string]>[] = [];
  const messages: string[] = [];
  const story = readStory(STORY, "test/dashboard/links.test.ts");
  const harness = await openHarness(story, "sqlite", {
    settings,
    onRequest: (request) => {
      if (request.method === "GET") return;
      const route = new URL(request.url).pathname.replace(/^.*?(?=\/repos\/)/u, "").replaceAll(/\d+/gu, "1");
      requests.push(
        request
          .clone()
          .text()
          .then((text) => [route, text] as const),
      );
    },
    onMessage: (body) => messages.push(body),
  });
  try {
    const result = await playScenario(story, harness);
    if (result.failures.length > 0) throw new Error(printScenarioResult(result));
    const ledger = await openLedger(harness.where);
    try {
      let organizationId = 0;
      for await (const entry of ledger.states("repository", { everyOrganization: true }))
        ({ organizationId } = entry);
      const now = (result.steps.at(-1)?.at ?? story.start) + 31 * 24 * 3_600_000;
      const { ask } = pagesOf(ledger, { organizations: [{ id: organizationId, login: "acme" }], now });
      const texts = [...(await Promise.all(requests)), ...messages.map((text) => ["message", text] as const)];
      const statuses = new Map<string, number>();
      const shown = new Map<string, string>();
      const last = new Map<string, string>();
      for (const [, text] of texts)
        for (const [link] of text.matchAll(LINK)) {
          const page = link.replace(BASE, "");
          last.set(page, text);
          if (statuses.has(page)) continue;
          const answer = await ask(page);
          statuses.set(page, answer.status);
          shown.set(page, textOf(await answer.text()));
        }
      return { texts, statuses, shown, last };
    } finally {
      await ledger.close();
    }
  } finally {
    await harness.close();
  }
}

function textOf(given: string): string {
  return given
    .replaceAll(/<[^>]*>/gu, " ")
    .replaceAll(/[*`]/gu, "")
    .replaceAll("&#39;", "'")
    .replaceAll(/\s+/gu, " ");
}

/** What was written on GitHub about the thing that its link leads to. */
function saidIn(text: string): string | null {
  if (!text.startsWith("{")) return null;
  const { comment, output } = JSON.parse(text) as {
    readonly comment?: string;
    readonly output?: { readonly title: string };
  };
  return comment?.split("\n")[0] ?? output?.title ?? null;
}

const SIGN_IN = { clientId: "Iv1.client", clientSecret: "secret", sessionSecret: "s".repeat(32) };

test("lead to the page of the very thing where people can sign in, and each of them opens", async () => {
  const { texts, statuses, shown, last } = await sentWith({ baseUrl: BASE, signIn: SIGN_IN });
  expect([...statuses].filter(([, status]) => status !== 200)).toEqual([]);
  const pages = [...statuses.keys()].join("\n");
  expect(pages).toMatch(/^\/pulls\/acme\/web\/1\?org=acme$/mu);
  expect(pages).toMatch(/^\/deviations\/DEV-[0-9a-f]{12}$/mu);
  expect(pages).toMatch(/^\/months\?owner=cat$/mu);
  expect(pages).toMatch(/^\/gates\/\d+\/\d+\/production\?org=acme$/mu);
  // The page knows what was written where the link is, not only something of the kind.
  const known = [...last].flatMap(([page, text]) => {
    const said = saidIn(text);
    return said === null ? [] : [[page, said] as const];
  });
  expect(new Set(known.map(([page]) => page.split("/")[1]))).toEqual(new Set(["pulls", "gates"]));
  for (const [page, said] of known) expect(shown.get(page), page).toContain(textOf(said));
  const gates = [...shown].filter(([page]) => page.startsWith("/gates/")).map(([, text]) => text);
  for (const text of gates) expect(text).toMatch(/Asked by github-actions\[bot\]: the run/u);
  expect(gates.join()).toMatch(/What to do now Rejected: no later approval can resolve this/u);
  const linking = new Set(texts.filter(([, text]) => text.includes(BASE)).map(([route]) => route));
  expect([...linking].toSorted()).toEqual([
    "/repos/acme/control/issues",
    "/repos/acme/control/issues/1",
    "/repos/acme/web/actions/runs/1/deployment_protection_rule",
    "/repos/acme/web/check-runs",
    "/repos/acme/web/check-runs/1",
    "message",
  ]);
  // GitHub tells the App of its own edit: the link is no words of someone else's.
  const edits = texts.filter(([route]) => route === "/repos/acme/control/issues/1").map(([, text]) => text);
  expect(edits.length).toBeGreaterThan(0);
  expect(new Set(edits).size).toBe(edits.length);
  const messages = texts.filter(([route]) => route === "message").map(([, text]) => text);
  expect(messages.length).toBeGreaterThan(3);
  for (const message of messages) expect(message).toContain(BASE);
});

test(
  "lead to GitHub's own page of it where nobody can sign in, whatever address the App has",
  { tags: ["long"] },
  async () => {
    for (const settings of [{ baseUrl: null }, { baseUrl: BASE, signIn: null }]) {
      const { texts, statuses } = await sentWith(settings);
      expect(statuses.size).toBe(0);
      const checks = texts.filter(([route]) => route === "/repos/acme/web/check-runs");
      expect(checks.length).toBeGreaterThan(1);
      for (const [, text] of checks)
        expect(JSON.parse(text)).toMatchObject({
          details_url: expect.stringMatching(
            /^http:\/\/github\.test\/acme\/web\/(?:pull\/\d+|commit\/[0-9a-f]{40})$/u,
          ),
        });
      const urls = texts
        .filter(([route]) => route === "message")
        .map(([, text]) => (JSON.parse(text) as { readonly url: string | null }).url);
      expect(urls.join("\n")).toMatch(/^http:\/\/github\.test\/acme\/control\/issues\/\d+$/mu);
    }
  },
);
