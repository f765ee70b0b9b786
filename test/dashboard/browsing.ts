/** The dashboard over a log of its own, asked as a browser on the same machine would, or as anyone else. */

import type { Hono } from "hono";
import { onTestFinished } from "vitest";

import { dashboard } from "../../src/dashboard/app.ts";
import type { ActTools } from "../../src/dashboard/page/page.ts";
import { loopbackViewer } from "../../src/dashboard/loopback.ts";
import type { Caller, Organization, Viewer } from "../../src/dashboard/page/access.ts";
import type { Packages } from "../../src/dashboard/page/packages.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { CountedAnswers } from "../../src/start/counted-answers.ts";
import { csvText } from "../../src/package/csv.ts";
import { GENERATED_AT, ledgerWith, ORGANIZATION } from "../evidence/fixture.ts";

/** Nothing is sent from these pages. */
export const NO_ACTS: ActTools = {
  commandDeviation: () => Promise.reject(new Error("nothing is sent here")),
  signOff: () => Promise.reject(new Error("nothing is sent here")),
  comment: () => Promise.reject(new Error("nothing is sent here")),
};

/** Where a request comes from, and what it has besides its address. */
export interface From {
  readonly address?: string | null;
  readonly host?: string | null;
  readonly httpVersion?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks for a page. */
export type Ask = (path: string, from?: From) => Promise<Response>;

/** Whose pages they are, and when they are asked for. */
interface Surroundings {
  readonly viewer?: Viewer;
  readonly organizations?: readonly Organization[];
  readonly now?: number;
  readonly packages?: Packages;
}

/** Pages, what they wrote into the program's log, and a way to ask for them. */
interface Pages {
  readonly ask: Ask;
  readonly app: Hono;
  readonly logged: unknown[];
}

/** Pages over these entries, for whoever uses the machine or for the given viewer. */
export async function pagesOver(
  entries: readonly Entry[],
  surroundings: Surroundings = {},
): Promise<Pages & { readonly ledger: Ledger }> {
  const { ledger, close } = await ledgerWith(entries);
  onTestFinished(close);
  return { ledger, ...pagesOf(ledger, surroundings) };
}

/** Pages over a ledger, for whoever uses the machine or for the given viewer. */
export function pagesOf(
  ledger: Ledger,
  { viewer, organizations = [ORGANIZATION], now = GENERATED_AT, packages }: Surroundings = {},
): Pages {
  const logged: unknown[] = [];
  const app = dashboard({
    ledger,
    csv: csvText,
    counted: new CountedAnswers(ledger),
    acts: NO_ACTS,
    clock: { now: () => now },
    appId: 4711,
    apiUrl: "https://api.github.com",
    log: { error: (given) => logged.push(given) },
    ...(packages === undefined ? {} : { packages }),
    viewerOf:
      viewer === undefined
        ? loopbackViewer(() => Promise.resolve(organizations))
        : () => Promise.resolve(viewer),
    callerOf: (c) => c.env as Caller,
  });
  return { app, logged, ask: askOf(app) };
}

/** Asks an app as its socket would hand a request on. */
function askOf(app: Hono): Ask {
  return async (
    path,
    {
      address = "127.0.0.1",
      host = "127.0.0.1:3000",
      httpVersion = "1.1",
      method = "GET",
      headers = {},
    } = {},
  ) => {
    const all = { accept: "text/html", ...(host === null ? {} : { host }), ...headers };
    const url = path.startsWith("http") ? path : `http://${host ?? "127.0.0.1:3000"}${path}`;
    return app.fetch(new Request(url, { method, headers: all }), { address, httpVersion });
  };
}
