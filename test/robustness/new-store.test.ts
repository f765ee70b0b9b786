/** An App that begins on an empty store: where it has a past, it says so and waits to be told. */

import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import type { Countersign } from "../../src/main.ts";
import type { StartTools } from "../../src/start/tools.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { APP_URL, startApp } from "../support/app.ts";
import { freshDatabase } from "../support/stores.ts";

const NOW = Date.parse("2026-07-06T09:00:00Z");

/** The App as app.yml has it. */
const manifest = parse(readFileSync("app.yml", "utf8")) as Readonly<Record<string, unknown>>;
const registration = {
  slug: "countersign",
  permissions: manifest["default_permissions"],
  events: manifest["default_events"],
};

/** GitHub as far as it is asked here: the App, and the log of deliveries, in which one was answered so; null: GitHub is down. */
function githubWith(status: number | null): NonNullable<StartTools["fetch"]> {
  return (input) => {
    const path = new URL(input instanceof Request ? input.url : input).pathname;
    if (status === null) return Promise.resolve(new Response("{}", { status: 502 }));
    const delivery = {
      id: 1,
      guid: "a",
      delivered_at: "2026-07-01T09:00:00Z",
      status_code: status,
      redelivery: false,
      event: "push",
    };
    const answers: Readonly<Record<string, unknown>> = {
      "/app": registration,
      "/app/hook/config": { url: APP_URL, secret: "********" },
      "/app/hook/deliveries": [delivery],
    };
    return Promise.resolve(Response.json(answers[path.replace(/^\/api\/v3/u, "")] ?? []));
  };
}

async function ready(app: Countersign): Promise<readonly [number, string]> {
  const answer = await app.fetch(new Request("http://localhost/readyz"));
  return [answer.status, JSON.stringify(await answer.json())];
}

async function started(
  start: Partial<StartTools>,
  look: (app: Countersign) => Promise<void>,
): Promise<boolean> {
  const database = await freshDatabase("sqlite");
  const app = await startApp(database.where, NOW, { timetable: "system", ...start });
  try {
    await look(app);
  } finally {
    await app.stop();
  }
  const ledger = await openLedger(database.where, { readOnly: true });
  const wasThere = (await ledger.lastBeat()) !== null;
  await ledger.close();
  await database.remove();
  return wasThere;
}

describe("on an empty store", () => {
  test("an App whose deliveries were taken before is not ready, takes none, and does not note that it was there", async () => {
    const wasThere = await started({ fetch: githubWith(202) }, async (app) => {
      expect(await ready(app)).toEqual([503, expect.stringContaining("serve --new-store")]);
      const delivery = new Request("http://localhost/api/github/webhooks", {
        method: "POST",
        headers: { "x-github-event": "ping", "x-github-delivery": "b", "x-hub-signature-256": "sha256=c" },
        body: "{}",
      });
      expect((await app.fetch(delivery)).status).toBe(503);
    });
    expect(wasThere).toBe(false);
  });

  test("it begins once it is told that the store is new", async () => {
    const wasThere = await started({ fetch: githubWith(202), newStore: true }, async (app) => {
      expect(await ready(app)).toEqual([200, JSON.stringify({ ready: true })]);
    });
    expect(wasThere).toBe(true);
  });

  test("an App none of whose deliveries was ever taken begins", async () => {
    const wasThere = await started({ fetch: githubWith(502) }, async (app) => {
      expect((await ready(app))[0]).toBe(200);
    });
    expect(wasThere).toBe(true);
  });

  test("where GitHub cannot be asked it waits", async () => {
    const wasThere = await started({ fetch: githubWith(null) }, async (app) => {
      expect(await ready(app)).toEqual([503, expect.stringContaining("cannot be asked")]);
    });
    expect(wasThere).toBe(false);
  });
});
