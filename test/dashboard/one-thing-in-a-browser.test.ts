/** The pages about one thing in a real browser: a change, a deployment, a pull request, with forms and without, in every look. */

import { Hono } from "hono";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test, type TestContext } from "vitest";

import { listenOn } from "../../src/listening.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { openPage } from "../support/browser.ts";
import { pagesAtGitHub } from "./at-github.ts";
import { PAGES } from "../../src/dashboard/page-list.ts";
import { pagesOf } from "./browsing.ts";
import { findings, LOOKS, shoot } from "./looks.ts";

/** What came to production in each way, and two pull requests that wait: for an approval, and for an emergency's authorisation. */
const STORY = `
name: one of each
policy:
  mode: enforce
  approval: { required: 1, from: { teams: [acme/core] } }
  emergency: { authorisers: { teams: [acme/on-call] }, review-within: 2 days }
  access: { leads: { teams: [acme/leads] } }
people:
  ann: { permission: write }
  bob: { permission: write, teams: [core] }
  cat: { permission: admin, teams: [on-call, leads] }
  dan: { permission: write, teams: [core] }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: login, title: "Add the login page to a shop whose name has no end-of-it-anywhere", files: { src/a.ts: "1" } }
  - { do: review, by: bob, pull: 1, state: approved, after: 1m }
  - { do: push, by: ann, branch: login, files: { src/a.ts: "2" }, after: 5m }
  - { do: review, by: dan, pull: 1, state: approved, after: 5m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: open-pull-request, by: ann, pull: 2, branch: hotfix, title: "Stop it", files: { src/b.ts: "1" }, after: 1h }
  - { do: command, by: ann, pull: 2, text: "/countersign emergency the shop is down", after: 1m }
  - { do: command, by: cat, pull: 2, text: "/countersign authorise", after: 1m }
  - { do: merge, by: ann, pull: 2, method: squash, after: 1m }
  - { do: deploy, by: cat, environment: production, commit: main, after: 5m }
  - { do: push, by: cat, branch: main, files: { src/c.ts: "1" }, bypass: true, after: 1h }
  - { do: deploy, by: cat, environment: production, commit: main, after: 5m }
  - { do: open-pull-request, by: ann, pull: 3, branch: three, title: "Wait for me", files: { src/d.ts: "1" }, after: 1h }
  - { do: open-pull-request, by: ann, pull: 4, branch: four, title: "Wait for leave", files: { src/e.ts: "1" }, after: 1m }
  - { do: command, by: ann, pull: 4, text: "/countersign emergency nobody can pay", after: 1m }
`;

interface OneOfEach {
  readonly page: Page;
  /** The pages as dan sees them, who may send something, and as this machine does without sign-in. */
  readonly signedIn: string;
  readonly plain: string;
  /** By kind, oldest first. */
  readonly ids: Readonly<Record<"change" | "deployment", readonly string[]>>;
}

async function served(context: TestContext): Promise<OneOfEach> {
  const [outer, plain] = [new Hono(), new Hono()];
  const servers = [await listenOn(outer, "127.0.0.1", 0), await listenOn(plain, "127.0.0.1", 0)];
  onTestFinished(async () => {
    for (const server of servers) await server.close();
  });
  const [first, second] = servers.map(({ url }) => url);
  if (first === undefined || second === undefined) throw new Error("two servers were opened");
  const page = await openPage(context);
  const pages = await pagesAtGitHub(STORY, { baseUrl: first });
  outer.notFound((c) => pages.fetch(c.req.raw));
  const ledger = await openLedger(pages.harness.where);
  onTestFinished(() => ledger.close());
  const ids: Record<"change" | "deployment", string[]> = { change: [], deployment: [] };
  let organization = 0;
  for (const kind of ["change", "deployment"] as const)
    for await (const { subject, organizationId } of ledger.states(kind, {
      everyOrganization: true,
      order: "at",
    })) {
      ids[kind].push(subject);
      organization = organizationId;
    }
  const organizations = [{ id: organization, login: "acme" }];
  const { app } = pagesOf(ledger, { organizations, now: Date.parse("2026-07-07T09:00:00Z") });
  plain.notFound((c) => app.fetch(c.req.raw, { address: "127.0.0.1" }));
  const { cookies } = await pages.signedIn("dan");
  await page
    .context()
    .addCookies([...cookies].map(([name, value]) => ({ name, value, url: first, httpOnly: true })));
  return { page, signedIn: first, plain: second, ids };
}

test("show as code what is typed between backticks, and no backtick", { tags: ["long"] }, async (context) => {
  const { page, plain, ids } = await served(context);
  const found: string[] = [];
  const paths = PAGES.flatMap(({ path, nav }) => (nav === undefined ? [] : [path]));
  for (const path of [
    ...paths,
    ...ids.change.map((id) => `/changes/${id}`),
    ...ids.deployment.map((id) => `/deployments/${id}`),
    ...[1, 2, 3, 4].map((number) => `/pulls/acme/web/${number}`),
    "/repositories/acme/.github",
  ]) {
    const answer = await page.goto(`${plain}${path}`);
    expect(answer?.status(), path).toBe(200);
    const text = await page.evaluate<string>("document.body.textContent");
    for (const [typed] of text.matchAll(/`[^`]*`?/gu)) found.push(`${path} ${typed}`);
  }
  expect(found).toEqual([]);
  await page.goto(plain);
  expect(await page.locator("code", { hasText: "countersign ruleset" }).count()).toBeGreaterThan(0);
});

for (const [called, size, media] of LOOKS)
  test(`have no finding of axe, ${called}, and fit the screen`, { tags: ["long"] }, async (context) => {
    const { page, signedIn, plain, ids } = await served(context);
    const [approved, underEmergency, pushed] = ids.change;
    const [, deployed] = ids.deployment;
    const paths = [
      [signedIn, "change", `/changes/${approved}`],
      [signedIn, "change-emergency", `/changes/${underEmergency}`],
      [signedIn, "change-push", `/changes/${pushed}`],
      [signedIn, "deployment", `/deployments/${deployed}`],
      [signedIn, "pull-landed", "/pulls/acme/web/1"],
      [signedIn, "pull-waits", "/pulls/acme/web/3"],
      [plain, "pull-without-forms", "/pulls/acme/web/3"],
      [signedIn, "pull-emergency", "/pulls/acme/web/4"],
    ] as const;
    const found: string[] = [];
    const forms: string[] = [];
    for (const [address, name, path] of paths) {
      const answer = await page.goto(`${address}${path}`);
      expect(answer?.status(), path).toBe(200);
      await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
      if ((await page.locator("form.act").count()) > 0) forms.push(name);
      await page.setViewportSize(size);
      await page.emulateMedia({ media: "screen", ...media });
      for (const each of await findings(page)) found.push(`${name} ${each}`);
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      if (wide > 0) found.push(`${name} is ${wide} px too wide`);
      await shoot(page, `one-${name}-${called}`);
    }
    expect(found).toEqual([]);
    // Something is sent from the pull requests that wait, by whoever signed in.
    expect(forms).toEqual(["pull-waits", "pull-emergency"]);
  });
