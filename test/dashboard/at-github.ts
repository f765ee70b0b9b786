/** The whole App beside the double of GitHub after a story, with its pages behind sign-in: what people send there arrives at GitHub. */

import { Hono } from "hono";

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { untilIdle } from "../../src/cli/scenario/clock.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import { isOfKind, type LoggedEntry } from "../../src/domain/records/entry.ts";
import type { DeviationRecord } from "../../src/domain/records/deviation.ts";
import type { RemediationRecord } from "../../src/domain/records/remediation.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { listenOn } from "../../src/listening.ts";
import type { Settings } from "../../src/settings.ts";
import { withTheTest, type Ending } from "../support/ending.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";
import { BASE_URL, Browser } from "./signed-in.ts";

/** The App with its pages, and people who open them. */
export interface PagesAtGitHub {
  readonly harness: InProcessHarness;
  readonly fetch: (request: Request) => Promise<Response>;
  /** Someone says yes on GitHub's page of this address; returns the address the browser is sent back to. */
  readonly agree: (address: string, login: string) => Promise<string>;
  /** Signs someone in by their login. */
  readonly signedIn: (login: string) => Promise<Browser>;
  /** Waits until nothing is left to do. */
  readonly settled: () => Promise<void>;
  /** Whether GitHub takes a comment and then says nothing, so often. */
  readonly loseAnswers: (count: number) => void;
  /** Every issue there is. */
  readonly issues: () => readonly { readonly title: string; readonly body: string | null }[];
  /** Every comment on an issue or pull request, oldest first. */
  readonly comments: (number: number) => readonly { readonly login: string; readonly body: string }[];
}

/** The pages of a story under an address on this machine, where browsers take the session's cookie without TLS. */
export async function servedPages(
  story: string,
  {
    settings = () => ({}),
    ending = withTheTest,
  }: {
    readonly settings?: (url: string) => Partial<Settings> | Promise<Partial<Settings>>;
    readonly ending?: Ending;
  } = {},
): Promise<PagesAtGitHub & { readonly url: string }> {
  const outer = new Hono();
  const server = await listenOn(outer, "127.0.0.1", 0);
  ending(() => server.close());
  const { url } = server;
  const pages = await pagesAtGitHub(story, { ...(await settings(url)), baseUrl: url }, ending);
  outer.notFound((c) => pages.fetch(c.req.raw));
  return { ...pages, url };
}

/** Plays a story, and opens the pages. */
export async function pagesAtGitHub(
  text: string,
  settings: Partial<Settings> = {},
  ending: Ending = withTheTest,
): Promise<PagesAtGitHub> {
  const story: Scenario = readStory(text, "a page");
  const baseUrl = settings.baseUrl ?? BASE_URL;
  let lost = 0;
  const harness = await openHarness(story, "sqlite", {
    settings: {
      baseUrl,
      signIn: { clientId: "Iv1.client", clientSecret: "secret", sessionSecret: "s".repeat(32) },
      ...settings,
    },
    async answer(request) {
      const { pathname } = new URL(request.url);
      if (lost > 0 && request.method === "POST" && pathname.endsWith("/comments")) {
        lost -= 1;
        await harness.github.fetch(request);
        throw new TypeError("fetch failed");
      }
      return null;
    },
  });
  ending(() => harness.close());
  const { failures } = await playScenario(story, harness);
  if (failures[0] !== undefined) throw new Error(failures[0].because);
  const fetch = (request: Request): Promise<Response> => harness.app.ask("", () => request);
  const agree = async (address: string, login: string): Promise<string> => {
    const page = new URL(address);
    // As on GitHub: the name suggests who is at the browser.
    page.searchParams.set("login", login);
    const answer = await harness.github.fetch(new Request(page));
    return answer.headers.get("location") ?? "";
  };
  return {
    harness,
    fetch,
    agree,
    async settled() {
      await harness.double.idle();
      await untilIdle(harness);
    },
    loseAnswers(count) {
      lost = count;
    },
    async signedIn(login) {
      const browser = new Browser(fetch, baseUrl);
      const away = await browser.open("/sign-in/github?to=/");
      await browser.open(await agree(away.headers.get("location") ?? "", login));
      return browser;
    },
    issues: () =>
      [...harness.github.double.world.repositories.values()].flatMap(({ issues }) => [...issues.values()]),
    comments(number) {
      const { world } = harness.github.double;
      const [repository] = [...world.repositories.values()].filter(({ name }) => name === "web");
      return [...(repository?.comments.values() ?? [])]
        .filter((each) => each.number === number)
        .map(({ authorId, body }) => ({ login: world.account(authorId ?? 0).login, body }));
    },
  };
}

/** The one deviation of a log, with its remediation and everything recorded of the two. */
export async function deviationOf(ledger: Ledger): Promise<{
  readonly deviation: DeviationRecord;
  readonly remediation: RemediationRecord | null;
  readonly log: readonly LoggedEntry<"deviation" | "remediation">[];
}> {
  const log: LoggedEntry<"deviation" | "remediation">[] = [];
  for await (const entry of ledger.log({ everyOrganization: true, kinds: ["deviation", "remediation"] }))
    log.push(entry);
  const deviation = log.findLast((entry) => isOfKind(entry, "deviation"))?.body;
  const remediation = log.findLast((entry) => isOfKind(entry, "remediation"))?.body ?? null;
  if (deviation === undefined) throw new Error("there is no deviation");
  return { deviation, remediation, log };
}
