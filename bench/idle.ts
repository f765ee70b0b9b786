/**
 * What a day in which nothing happens costs each repository in requests to GitHub, the App in process against the GitHub
 * double. `node bench/idle.ts [--json]`. Unchanged answers (304) are not counted by GitHub; its tags hold for one token, and a
 * token for an hour, so that a day's first reading finds none: both are shown.
 */

import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { z } from "zod";

import { readStory } from "../test/support/scenarios.ts";
import { openHarness } from "../test/support/harness.ts";

const REPOSITORIES = 20;
const DAY = 24 * 3_600_000;

/** One row of the table: requests for each repository. `unchanged`: of them, answered 304. */
export interface IdleRow {
  readonly day: string;
  readonly requests: number;
  readonly unchanged: number;
  readonly counted: number;
  /** Each kind of request and how many there were, over all repositories. */
  readonly asked: Readonly<Record<string, number>>;
}

const Requests = z.array(z.object({ method: z.string(), path: z.string(), status: z.number().nullish() }));

/** Lets two days pass over a number of quiet repositories. */
export async function benchIdle(): Promise<readonly IdleRow[]> {
  const names = Array.from({ length: REPOSITORIES - 2 }, (_, index) => `quiet-${index + 1}`);
  const story = readStory(
    JSON.stringify({
      name: "idle",
      policy: { mode: "enforce", approval: { required: 1 } },
      people: { ann: { permission: "write" }, bob: { permission: "write" } },
      repositories: Object.fromEntries(names.map((name) => [name, {}])),
      story: [],
    }),
    "idle",
  );
  const stage = await openHarness(story, "sqlite");
  const pass = async (until: number): Promise<void> => {
    await stage.double.setClock(until);
    await stage.app.advance(until);
    await stage.app.settle();
  };
  const seen = async (): Promise<z.infer<typeof Requests>> => {
    const response = await stage.github.fetch(new Request("http://double/_double/requests?since=0"));
    return Requests.parse(await response.json());
  };
  try {
    await pass(story.start + DAY);
    const before = (await seen()).length;
    await pass(story.start + 2 * DAY);
    const first = (await seen()).slice(before);
    await stage.app.kill();
    await stage.app.restart(story.start + 2 * DAY);
    const between = (await seen()).length;
    await pass(story.start + 3 * DAY);
    await stage.app.kill();
    const after = (await seen()).slice(before + first.length, between);
    return [rowOf("with the token of the day before", first), rowOf("with a new token, as on GitHub", after)];
  } finally {
    await stage.close();
  }
}

function rowOf(day: string, requests: z.infer<typeof Requests>): IdleRow {
  const own = requests.filter(({ path }) => !path.endsWith("/access_tokens"));
  const unchanged = own.filter(({ status }) => status === 304).length;
  const asked: Record<string, number> = {};
  for (const { method, path } of own) {
    const kind = `${method} ${path
      .replace(/^\/api\/v3/u, "")
      .replace(/\/(quiet-\d+|web|\.github)(?=\/|$)/u, "/REPOSITORY")
      .replaceAll(/\/\d+/gu, "/ID")}`;
    asked[kind] = (asked[kind] ?? 0) + 1;
  }
  const each = (count: number): number => Number((count / REPOSITORIES).toFixed(1));
  return {
    day,
    requests: each(own.length),
    unchanged: each(unchanged),
    counted: each(own.length - unchanged),
    asked,
  };
}

/** The table as text. */
export function idleTable(rows: readonly IdleRow[]): string {
  return [
    `Requests for each of ${REPOSITORIES} repositories in which nothing happens, a day`,
    ...rows.flatMap(({ day, requests, unchanged, counted, asked }) => [
      `${day}: ${requests}, of them unchanged ${unchanged}, counted ${counted}`,
      ...Object.entries(asked)
        .toSorted((a, b) => b[1] - a[1])
        .map(([kind, count]) => `  ${String(count).padStart(4)}  ${kind}`),
    ]),
  ].join("\n");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  const rows = await benchIdle();
  console.log(values.json ? JSON.stringify(rows, null, 2) : idleTable(rows));
}
