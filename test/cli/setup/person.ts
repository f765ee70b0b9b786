/** `countersign setup` against the GitHub double, and a person who follows its link without a browser. */

import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { runProgram } from "../../../src/cli/program.ts";
import type { ListeningDouble } from "../../support/github-on-a-port.ts";
import type { App } from "../../github/model.ts";
import { setup, type SetupOptions, type SetupTools } from "../../../src/cli/setup/setup.ts";
import type { Answer, Terminal } from "../../../src/cli/terminal/answer.ts";
import { answerFailure } from "../../../src/cli/terminal/answer.ts";
import { folderOfTest } from "../../support/folders.ts";

/** An empty folder that goes with the test. */
export function emptyFolder(): string {
  const folder = folderOfTest("setup");
  return folder;
}

/** A port at which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A run of `setup`: what it printed, its link, and its answer. */
export interface SetupRun {
  readonly said: readonly string[];
  readonly link: Promise<string>;
  readonly ended: Promise<Answer>;
}

/** Starts `setup` as a person at a terminal does; `answers` are typed one after the other. */
export function startSetup(
  env: Terminal["env"],
  options: Partial<SetupOptions> & Pick<SetupOptions, "envFile">,
  { typed, ...tools }: SetupTools & { readonly typed?: readonly string[] } = {},
): SetupRun {
  const said: string[] = [];
  const link = Promise.withResolvers<string>();
  const left = typed?.slice();
  const terminal: Terminal = {
    print: (line) => said.push(line),
    printError: (line) => {
      said.push(line);
      const found = /http:\S+\?token=\S+/u.exec(line);
      if (found !== null) link.resolve(found[0]);
    },
    env,
    interactive: false,
    ...(left === undefined
      ? {}
      : {
          ask: (question: string) => {
            said.push(question);
            const next = left.shift();
            return next === undefined
              ? Promise.reject(new Error(`no answer to: ${question}`))
              : Promise.resolve(next);
          },
        }),
  };
  const ended = setup(
    terminal,
    { port: 0, wait: true, answers: {}, ...options },
    { everyMs: 5, ...tools },
  ).catch((error: unknown) => answerFailure(error, env));
  return { said, link: link.promise, ended };
}

/** Runs the program with a command line. */
export async function runSetup(
  args: readonly string[],
  env: Terminal["env"],
): Promise<{ readonly code: number; readonly text: string }> {
  const lines: string[] = [];
  const print = (line: string): unknown => lines.push(line);
  const code = await runProgram(["setup", ...args], { print, printError: print, env, interactive: false });
  return { code, text: lines.join("\n") };
}

/** The one App that was registered on a double. */
export function registeredOn({ double }: ListeningDouble): App | undefined {
  const [app, ...more] = [...double.world.apps.values()].filter(({ hook }) => hook !== null);
  if (more.length > 0) throw new Error("several Apps are registered");
  return app;
}

/** Someone with a cookie jar, who follows links and presses the one button of a page. */
export class Person {
  #cookie = "";

  /** Opens a link of ours; redirects are followed. */
  async open(address: string, headers: Readonly<Record<string, string>> = {}): Promise<Shown> {
    const answer = await fetch(address, {
      headers: { cookie: this.#cookie, ...headers },
      redirect: "manual",
    });
    this.#cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? this.#cookie;
    const goal = answer.headers.get("location");
    if (goal !== null) return this.open(new URL(goal, address).href, headers);
    return { address, status: answer.status, text: await answer.text() };
  }

  /** Opens a link under another name of the server, as behind a proxy; `fetch` would send the address's own. */
  async openAs(host: string, address: string): Promise<Shown> {
    const asked = request(address, { headers: { host, cookie: this.#cookie } }).end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    this.#cookie = answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? this.#cookie;
    return { address, status: answer.statusCode ?? 0, text: await text(answer) };
  }

  /** Submits the form of a page with what is in it. Returns what came, or the address it leads back to on `stopAt`. */
  async press({ address, text }: Shown, stopAt = ""): Promise<Shown> {
    const action = new URL(unescaped(/<form action="([^"]*)"/u.exec(text)?.[1] ?? ""), address);
    const fields = [...text.matchAll(/<input[^>]*?name="([^"]*)"[^>]*?value="([^"]*)"/gu)];
    const body = new URLSearchParams(
      fields.map(([, name = "", value = ""]): [string, string] => [name, unescaped(value)]),
    );
    const answer = await fetch(action, { method: "POST", body, redirect: "manual" });
    const goal = answer.headers.get("location");
    if (goal !== null && stopAt !== "" && goal.includes(stopAt))
      return { address: goal, status: 302, text: "" };
    if (goal !== null) return this.open(goal);
    return { address: action.href, status: answer.status, text: await answer.text() };
  }

  /** Registers the App by the link, up to the answer that GitHub sends back through the browser. */
  async register(link: string): Promise<string> {
    const confirmed = await this.press(await this.open(link));
    return (await this.press(confirmed, "/setup/created")).address;
  }
}

/** A page as it was shown. */
export interface Shown {
  readonly address: string;
  readonly status: number;
  readonly text: string;
}

/** The text of a page's attribute. */
export function unescaped(text: string): string {
  const marks: Readonly<Record<string, string>> = { quot: '"', "#39": "'", lt: "<", gt: ">", amp: "&" };
  return text.replaceAll(/&(quot|#39|lt|gt|amp);/gu, (_, name: string) => marks[name] ?? "");
}
