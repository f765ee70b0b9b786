/**
 * The GitHub double of `bench/live.ts`, a process of its own that is driven by messages: it keeps time by the system's clock,
 * sends webhooks without waiting for one another, as GitHub does, and notes when each was sent and each request answered.
 */

import type { AddressInfo } from "node:net";

import { createAdaptorServer } from "@hono/node-server";
import { z } from "zod";

import { ControlledDouble } from "../../test/github/control.ts";

/** What the double may be asked. `act`: steps one after the other; `checked`: answers when each commit has a check run that passes, or does not. */
export type Asked =
  | { readonly do: "setup"; readonly setup: unknown }
  | { readonly do: "act"; readonly steps: readonly unknown[] }
  | { readonly do: "checked"; readonly commits: readonly string[]; readonly passes: boolean }
  | { readonly do: "notes" };

/** A span of time in milliseconds, by a clock that all processes share. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A webhook that was sent: its answer's status, 0 where none came. */
export interface Sent extends Span {
  readonly event: string;
  /** The pull request it is about. */
  readonly pull: number | null;
  readonly status: number;
}

/** A request that was answered; `check`: the check run that it wrote. */
export interface Answered extends Span {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly check: { readonly commit: string; readonly passes: boolean } | null;
}

/** What was noted since it was last asked for. `breaches`: the rules of GitHub's for its clients that the App broke, so far. */
export interface Notes {
  readonly sent: readonly Sent[];
  readonly answered: readonly Answered[];
  readonly breaches: readonly string[];
}

const CheckSchema = z.object({ head_sha: z.string().optional(), conclusion: z.string().nullish() });
const HookSchema = z.object({
  pull_request: z.object({ number: z.number() }).optional(),
  issue: z.object({ number: z.number() }).optional(),
});

const now = (): number => performance.timeOrigin + performance.now();

let sent: Sent[] = [];
let answered: Answered[] = [];
const commitOfCheck = new Map<string, string>();
const passing = new Map<string, boolean>();
let waiting: { readonly commits: Set<string>; readonly passes: boolean; readonly done: () => void }[] = [];

let isSetUp = false;
const address = { url: "" };
const double = new ControlledDouble({
  get apiUrl() {
    return `${address.url}/api/v3`;
  },
  get webUrl() {
    return address.url;
  },
  deliver: async (url, init) => {
    // Nobody listens yet, and what GitHub's log says of that is looked at.
    if (!isSetUp) return fetch(url, init);
    void deliver(url, init);
    return new Response(null, { status: 202 });
  },
});

async function deliver(url: string, init: RequestInit): Promise<void> {
  const event = new Headers(init.headers).get("x-github-event") ?? "";
  const { pull_request: pull, issue } = HookSchema.parse(
    JSON.parse(typeof init.body === "string" ? init.body : "{}"),
  );
  const from = now();
  const status = await fetch(url, init).then(
    async (response) => {
      await response.text();
      return response.status;
    },
    () => 0,
  );
  sent.push({ from, to: now(), event, status, pull: (pull ?? issue)?.number ?? null });
}

async function answer(request: Request): Promise<Response> {
  const { method } = request;
  const path = new URL(request.url).pathname;
  const isCheck = method !== "GET" && path.includes("/check-runs");
  const asked = isCheck ? request.clone() : null;
  const from = now();
  const response = await double.fetch(request);
  const to = now();
  const check = asked === null || !response.ok ? null : await checkOf(asked, response.clone());
  answered.push({ from, to, method, path, status: response.status, check });
  if (check !== null) wrote(check);
  return response;
}

/** The check run that was written: only its first writing names the commit. */
async function checkOf(request: Request, response: Response): Promise<NonNullable<Answered["check"]>> {
  const { head_sha: commit, conclusion } = CheckSchema.parse(await request.json());
  const { id } = z.object({ id: z.number() }).parse(await response.json());
  if (commit !== undefined) commitOfCheck.set(String(id), commit);
  return { commit: commitOfCheck.get(String(id)) ?? "", passes: conclusion === "success" };
}

function wrote({ commit, passes }: NonNullable<Answered["check"]>): void {
  passing.set(commit, passes);
  waiting = waiting.filter((one) => {
    if (one.passes === passes) one.commits.delete(commit);
    if (one.commits.size === 0) one.done();
    return one.commits.size > 0;
  });
}

const RUN: { readonly [K in Asked["do"]]: (asked: Extract<Asked, { do: K }>) => Promise<unknown> } = {
  async setup({ setup }) {
    await control("setup", setup);
    isSetUp = true;
    setInterval(() => double.double.setClock(Date.now()), 250).unref();
  },
  async act({ steps }) {
    const made: unknown[] = [];
    for (const step of steps) {
      double.double.setClock(Date.now());
      const acted = await double.double.act(step);
      if (!acted.ok) throw new Error(`${JSON.stringify(step)}: ${JSON.stringify(acted)}`);
      made.push(acted.made);
    }
    return made;
  },
  checked: ({ commits, passes }) =>
    new Promise<void>((done) => {
      const missing = commits.filter((commit) => passing.get(commit) !== passes);
      if (missing.length === 0) done();
      else waiting.push({ commits: new Set(missing), passes, done });
    }),
  async notes() {
    const breaches = double.double.world.breaches.map(({ kind, detail }) => `${kind}: ${detail}`);
    const notes: Notes = { sent, answered, breaches };
    [sent, answered] = [[], []];
    return notes;
  },
};

async function control(path: string, body: unknown): Promise<void> {
  const request = new Request(`http://double/_double/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const response = await double.fetch(request);
  if (!response.ok) throw new Error(await response.text());
}

function run<K extends Asked["do"]>(asked: Extract<Asked, { do: K }>, kind: K): Promise<unknown> {
  return RUN[kind](asked);
}

const server = createAdaptorServer({ fetch: answer, overrideGlobalObjects: false });
server.listen(0, "127.0.0.1", () => {
  address.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.send?.({ url: address.url });
});
process.on("message", ({ id, asked }: { readonly id: number; readonly asked: Asked }) => {
  run(asked, asked.do).then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.once("disconnect", () => void double.close().finally(() => process.exit(0)));
