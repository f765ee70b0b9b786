/**
 * `countersign demo --serve`: the quarter that was played is in a browser, until it is ended from the keyboard.
 *
 * @module-tag long
 */

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";

import { expect, test } from "vitest";
import { z } from "zod";

import { openPage } from "../support/browser.ts";
import { folderOfTest } from "../support/folders.ts";
import { INHERITED, PROGRAM, start } from "./programs.ts";

/** Waits for a line of a program that has this in it; returns what the pattern finds. */
async function lineWith(lines: AsyncIterable<string>, pattern: RegExp): Promise<string> {
  for await (const line of lines) {
    const [found] = pattern.exec(line) ?? [];
    if (found !== undefined) return found;
  }
  throw new Error(`no line had ${String(pattern)}`);
}

/** Whether anything answers there. */
async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

/** A demo that serves, the addresses it printed, and how it ends. */
interface Demo {
  readonly double: string;
  readonly page: string;
  /** Ends it from the keyboard, and tells what it complained of. */
  readonly end: () => Promise<{ readonly exit: readonly unknown[]; readonly complaints: string }>;
}

async function served(story: string): Promise<Demo> {
  const out = folderOfTest("demo-served");
  const args = ["demo", "--serve", "--out", join(out, "demo"), "--story", story];
  const child = start(PROGRAM, args, { env: INHERITED });
  let complaints = "";
  child.stderr.on("data", (part: Buffer) => (complaints += String(part)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const all = { [Symbol.asyncIterator]: () => ({ next: () => lines.next() }) };
  const double = await lineWith(all, /http:\/\/127\.0\.0\.1:\d+/u);
  const page = await lineWith(all, /http:\/\/127\.0\.0\.1:\d+\/(?:\?from|sign-in)\S+/u);
  return {
    double,
    page,
    async end() {
      const ended = once(child, "exit");
      child.kill("SIGINT");
      return { exit: await ended, complaints };
    },
  };
}

test("shows the quarter that was played, and ends on SIGINT with nothing left behind", async () => {
  const { double, page, end } = await served("test/scenarios/nobody-approved.yaml");
  const text = (await (await fetch(page)).text()).replaceAll(/<[^>]*>/gu, " ").replaceAll(/\s+/gu, " ");
  expect(text).toMatch(/1 change and 0 deployments are recorded/u);
  expect(text).toMatch(/non-compliant 1 of 1/u);
  expect(await end()).toEqual({ exit: [0, null], complaints: "" });
  expect([await answers(page), await answers(double)]).toEqual([false, false]);
});

/** A review is due to whoever leads. */
const WITH_A_LEAD = `
name: someone leads
policy:
  mode: enforce
  emergency: { authorisers: { teams: [acme/on-call] }, review-within: 2 business days }
  access: { leads: { teams: [acme/leads] } }
people:
  ann: { permission: write }
  bob: { permission: write, teams: [on-call] }
  cat: { permission: write, teams: [leads] }
start: 2026-07-06T09:00:00Z
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: hotfix, files: { src/a.ts: "1" } }
  - { do: command, by: ann, pull: 1, text: "/countersign emergency the shop is down", after: 1m }
  - { do: command, by: bob, pull: 1, text: "/countersign authorise", after: 1m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
`;

const CommentsSchema = z.object({
  repositories: z.array(z.object({ comments: z.array(z.object({ author: z.string(), body: z.string() })) })),
});

test("signs a browser in as the lead, who does from a page what arrives on GitHub", async (context) => {
  const story = join(folderOfTest("demo-lead"), "story.yaml");
  writeFileSync(story, WITH_A_LEAD);
  const browser = await openPage(context);
  const { double, page, end } = await served(story);
  await browser.goto(page);
  expect(new URL(browser.url()).pathname).toBe("/");
  expect(new URL(browser.url()).searchParams.get("from")).toBe("2026-07-01");
  await browser.getByText("Signed in as cat").waitFor();
  // Safari keeps no cookie that asks for TLS, also on its own machine.
  const cookies = await browser.context().cookies();
  expect(cookies.map(({ name, secure, httpOnly }) => [name, secure, httpOnly])).toEqual([
    ["countersign", false, true],
  ]);

  await browser.goto(new URL("/reviews", browser.url()).href);
  await browser.getByLabel(/^Note, or follow-up/u).fill("read over breakfast");
  await browser.getByRole("button", { name: "Approve" }).click();
  await browser.getByRole("status").waitFor();
  // The clocks go on: the App answers on GitHub, and the page shows what came of it.
  await expect
    .poll(
      async () => {
        await browser.goto(new URL("/reviews", browser.url()).href);
        return browser.getByText("0 due, 0 of them overdue.").count();
      },
      { interval: 500 },
    )
    .toBe(1);
  const state: unknown = await (await fetch(`${double}/_double/state`)).json();
  const comments = CommentsSchema.parse(state).repositories.flatMap((each) => each.comments);
  expect(comments.slice(-2)).toEqual([
    { author: "cat", body: expect.stringMatching(/^\/countersign approve read over breakfast/u) },
    { author: "countersign[bot]", body: expect.stringContaining("review") },
  ]);

  // Signed out, nobody is anybody until GitHub says who they are.
  await browser.getByRole("button", { name: "Sign out", exact: true }).click();
  await browser.goto(`${double}/login`);
  await browser.getByRole("button", { name: "bob" }).click();
  await browser.goto(page);
  await browser.getByText("Signed in as bob").waitFor();
  expect(await end()).toEqual({ exit: [0, null], complaints: "" });
  expect([await answers(page), await answers(double)]).toEqual([false, false]);
});
