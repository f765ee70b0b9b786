/** The GitHub double and the App as two processes of their own, talking over HTTP: the App as it is shipped. */

import type { ChildProcess } from "node:child_process";
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Instant } from "../../../domain/time/instant.ts";
import { REHEARSED, writtenLimits } from "../../../github/api/rate-limits.ts";
import type { RehearsalCommand } from "../../serve.ts";
import { VERSION } from "../../../package/version.ts";
import { UsageError } from "../../terminal/answer.ts";
import type { Send } from "./double.ts";
import type { AppUnderTest } from "./harness.ts";

/** From source or built: programs have the same ending as this file. */
const ENDING = extname(fileURLToPath(import.meta.url));

/** Holds the folder that holds `src`, as a URL: the project's, or that of what was built. */
const TREE = import.meta.url.slice(0, import.meta.url.lastIndexOf("/src/cli/"));

/** Describes a started GitHub double. */
export interface DoubleProcess {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly send: Send;
  stop(): Promise<void>;
}

/** The package with the simulated GitHub and the demo's story. Production does without it. */
const DEMO_PACKAGE = "countersign-demo";

/**
 * Returns the path of one of the demo's files. They are beside the sources, beside the build, or in their own package where that
 * is installed. Throws UsageError where it is not.
 */
export function demoFile(name: "github" | "story" | "verify-page"): string {
  const inTree = {
    github: [`${TREE}/test/github/main.ts`, `${TREE}/demo/github/main.js`],
    story: [`${TREE}/demo/story.yaml`],
    "verify-page": [`${TREE}/demo/verify.html`],
  };
  const found = inTree[name].map((place) => fileURLToPath(place)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  try {
    return fileURLToPath(import.meta.resolve(`${DEMO_PACKAGE}/${name}`));
  } catch {
    throw new UsageError(
      `The simulated GitHub comes in a package of its own: npm install ${DEMO_PACKAGE}@${VERSION}`,
    );
  }
}

/** Starts the double on a free port. Throws when it does not come up, and UsageError where it is not installed. */
export async function startDouble(): Promise<DoubleProcess> {
  const program = demoFile("github");
  const child = spawn(process.execPath, [program, "--port", "0", "--until-stdin-ends"], {
    // A pipe that ends with this process, however it ends: nothing is left behind.
    stdio: ["pipe", "pipe", "inherit"],
  });
  const url = await addressOf(child);
  return {
    url,
    send: (request) => {
      const { pathname, search } = new URL(request.url);
      return fetch(new Request(`${url}${pathname}${search}`, request));
    },
    stop: () => end(child, "SIGTERM"),
  };
}

/** The first address a program prints. */
async function addressOf(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const gone = once(child, "exit").then(() => {
    throw new Error("the GitHub double ended before it said where it listens");
  });
  const said = (async () => {
    for await (const line of lines) {
      const found = /https?:\/\/[\w.:[\]]+/u.exec(line)?.[0];
      if (found !== undefined) return found;
    }
    throw new Error("the GitHub double did not say where it listens");
  })();
  const url = await Promise.race([said, gone]);
  gone.catch(() => undefined);
  // Later output is read so that the pipe does not fill.
  child.stdout?.resume();
  return url;
}

/** Options of the App of a story. */
export interface AppOptions {
  /** The environment it is started with, PORT among it. */
  readonly env: Readonly<Record<string, string>>;
  readonly start: Instant;
}

/** Describes the App in its own process. */
export interface AppProcess extends AppUnderTest {
  readonly url: string;
  /** Compares every head of the log with GitHub, as an export does. */
  compareHeads(organization: string): Promise<void>;
  stop(): Promise<void>;
}

/** Forks `countersign serve --rehearsal` and waits until it listens. */
export async function startApp({ env, start }: AppOptions): Promise<AppProcess> {
  let actor = await forkApp(env, start);
  const run = async (command: Asked): Promise<void> => {
    await actor.ask(command);
  };
  // At the start it assesses everything, as the App does when it is served by the system's clock.
  await actor.ask({ do: "sweep" });
  return {
    url: `http://127.0.0.1:${env["PORT"]}`,
    advance: (to) => run({ do: "advance", to }),
    settle: () => run({ do: "settle" }),
    sweep: () => run({ do: "sweep" }),
    ask: (path, make) => fetch(make(`http://127.0.0.1:${env["PORT"]}${path}`)),
    reconcile: (organization, from, to) => run({ do: "reconcile", organization, from, to }),
    compareHeads: (organization) => run({ do: "compare-heads", organization }),
    async signOff(organization, given) {
      return z
        .string()
        .nullable()
        .catch(null)
        .parse(await actor.ask({ do: "sign-off", organization, given }));
    },
    async enterDeviation(given) {
      return z
        .string()
        .nullable()
        .catch(null)
        .parse(await actor.ask({ do: "enter-deviation", given }));
    },
    async emergency(repository, given) {
      return z
        .string()
        .nullable()
        .catch(null)
        .parse(await actor.ask({ do: "emergency", repository, given }));
    },
    skew: (ahead) => run({ do: "skew", ahead }),
    kill: () => end(actor.child, "SIGKILL"),
    async restart(at) {
      actor = await forkApp(env, at);
      await actor.ask({ do: "sweep" });
    },
    async stop() {
      if (actor.child.exitCode !== null || actor.child.signalCode !== null) return;
      const ended = once(actor.child, "exit");
      await actor.ask({ do: "stop" }).catch(() => undefined);
      await ended;
    },
  };
}

/** Returns the part of this process's environment that the App gets: the paths of programs and of Node's compile cache. */
function inherited(): Readonly<Record<string, string>> {
  const { PATH = "", NODE_COMPILE_CACHE } = process.env;
  return { PATH, ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }) };
}

interface Actor {
  readonly child: ChildProcess;
  ask(command: Asked): Promise<unknown>;
}

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
type Asked = WithoutId<RehearsalCommand>;

const AnswerSchema = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ id: z.int(), done: z.literal(true), answer: z.unknown().optional() }),
  z.object({ id: z.int(), error: z.string() }),
]);

async function forkApp(env: Readonly<Record<string, string>>, start: Instant): Promise<Actor> {
  const program = fileURLToPath(`${TREE}/src/cli/main${ENDING}`);
  const child = fork(program, ["serve", "--rehearsal", new Date(start).toISOString()], {
    env: { ...inherited(), COUNTERSIGN_GITHUB_LIMITS: writtenLimits(REHEARSED), ...env },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const waiting = new Map<
    number,
    { readonly done: (answer?: unknown) => void; readonly failed: (error: Error) => void }
  >();
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    child.on("message", (message) => {
      const answer = AnswerSchema.parse(message);
      if ("ready" in answer) {
        resolve();
        return;
      }
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ("done" in answer) asked?.done(answer.answer);
      else asked?.failed(new Error(answer.error));
    });
    child.once("exit", (code, signal) => {
      const error = new Error(`the App ended (${signal ?? `exit code ${code}`}); its own words are above`);
      reject(error);
      for (const asked of waiting.values()) asked.failed(error);
      waiting.clear();
    });
  });
  return {
    child,
    ask: (command) =>
      new Promise((done, failed) => {
        if (!child.connected) {
          // While it is down there is nothing to settle and no timetable to run.
          done(undefined);
          return;
        }
        count += 1;
        waiting.set(count, { done, failed });
        child.send({ id: count, ...command });
      }),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** Returns a port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
