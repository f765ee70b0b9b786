/**
 * How many requests to GitHub, and statements and commits of the embedded store, each kind of event costs, the App in process
 * against the GitHub double, tokens not counted.
 * `node bench/requests.ts [--json]`. Cold: after a quarter of an hour in which nothing happened. Warm: a minute after that.
 * Beside them, from the literature: what policy-bot was measured to ask at the same event of such a pull request.
 */

import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { z } from "zod";

import { playScenario } from "../src/cli/scenario/play.ts";
import { readStory } from "../test/support/scenarios.ts";
import { openHarness } from "../test/support/harness.ts";
import { Statements } from "../test/support/statements.ts";

/** One row of the table. `asked` names the warm requests. */
export interface RequestsRow {
  readonly event: string;
  readonly cold: number;
  readonly warm: number;
  readonly asked: readonly string[];
  /** What the store did for the warm event; `texts`: every statement of the story. */
  readonly store: {
    readonly statements: number;
    readonly commits: number;
    readonly texts: readonly string[];
  };
  /** What policy-bot was measured to ask; null: it has no such event, or nobody measured it. */
  readonly policyBot: number | null;
}

interface Kind {
  readonly event: string;
  readonly policyBot?: number;
  /** In place of the policy of all. */
  readonly policy?: string;
  /** Steps before anything is counted. */
  readonly before: readonly string[];
  readonly cold: string;
  readonly warm: string;
}

/** One team rule; the review that counts is by a member of the team. */
const POLICY =
  "{ mode: enforce, approval: { required: 1, from: { teams: [acme/core] } }, checks: { required: [build] } }";
const HEAD = `
name: requests
people: { ann: { permission: write }, bob: { permission: write, teams: [core] }, eve: { permission: write, teams: [core] }, carol: { permission: admin } }
start: 2026-07-06T09:00:00Z
`;

const opened = (pull: number): string =>
  `{ do: open-pull-request, by: ann, pull: ${pull}, branch: feature-${pull}, files: { a${pull}.ts: "1" } }`;
const pushed = (pull: number, text: string): string =>
  `{ do: push, by: ann, pull: ${pull}, files: { b${pull}.ts: "${text}" }, after: 1m }`;
/** A pull request with three commits. */
const three = (pull: number): readonly string[] => [opened(pull), pushed(pull, "2"), pushed(pull, "3")];
const reviewed = (pull: number, by = "bob"): string =>
  `{ do: review, by: ${by}, pull: ${pull}, state: approved, after: 1m }`;
const checked = (pull: number, conclusion: string): string =>
  `{ do: set-check, pull: ${pull}, name: build, app: ci, conclusion: ${conclusion}, after: 1m }`;
const merged = (pull: number): string =>
  `{ do: merge, by: carol, pull: ${pull}, method: squash, bypass: true, after: 1m }`;

const KINDS: readonly Kind[] = [
  { event: "pull request opened", before: [], cold: opened(1), warm: opened(2) },
  { event: "pull request pushed to", before: [opened(1)], cold: pushed(1, "2"), warm: pushed(1, "3") },
  {
    event: "review, 3 commits, one team rule",
    policyBot: 5,
    before: [...three(1), ...three(2)],
    cold: reviewed(1),
    warm: reviewed(2),
  },
  {
    event: "second review of the same pull request",
    before: [...three(1), reviewed(1)],
    cold: reviewed(1, "eve"),
    warm: reviewed(1, "carol"),
  },
  {
    event: "review by somebody outside the team",
    policyBot: 6,
    before: [...three(1), ...three(2)],
    cold: reviewed(1, "carol"),
    warm: reviewed(2, "carol"),
  },
  {
    event: "push after a review, which it ends",
    policyBot: 6,
    before: [...three(1), reviewed(1), ...three(2), reviewed(2)],
    cold: pushed(1, "4"),
    warm: pushed(2, "4"),
  },
  {
    event: "comment that is no command",
    policyBot: 2,
    before: three(1),
    cold: `{ do: comment, by: bob, pull: 1, text: "why?", after: 1m }`,
    warm: `{ do: comment, by: bob, pull: 1, text: "why not?", after: 1m }`,
  },
  {
    event: "comment of approval, which is none here",
    policyBot: 6,
    before: three(1),
    cold: `{ do: comment, by: bob, pull: 1, text: ":+1:", after: 1m }`,
    warm: `{ do: comment, by: bob, pull: 1, text: "👍", after: 1m }`,
  },
  {
    event: "check completed that nothing asks about",
    policyBot: 2,
    policy: "{ mode: enforce, approval: { required: 1, from: { teams: [acme/core] } } }",
    before: three(1),
    cold: checked(1, "failure"),
    warm: checked(1, "success"),
  },
  {
    event: "check completed, rules by path and by check",
    policyBot: 10,
    policy:
      "{ mode: enforce, rules: [{ name: one, when: { paths: [a/**], checks: [build] }, approval: { from: { teams: [acme/core] } } }] }",
    before: three(1),
    cold: checked(1, "failure"),
    warm: checked(1, "success"),
  },
  {
    event: "merge group, judged, landed and judged again",
    policyBot: 2,
    policy: "{ mode: enforce, approval: { required: 1, from: { teams: [acme/core] } } }",
    before: [...three(1), reviewed(1), ...three(2), reviewed(2)],
    cold: "{ do: enqueue, by: ann, pull: 1, after: 1m }",
    warm: "{ do: enqueue, by: ann, pull: 2, after: 1m }",
  },
  {
    event: "release pull request of two landings, labelled",
    policy: "{ mode: enforce, production: { integration: [develop] } }",
    before: [
      "{ do: create-branch, by: ann, branch: develop, from: main }",
      ...[1, 2].flatMap((pull) => [
        `{ do: open-pull-request, by: ann, pull: ${pull}, branch: feature-${pull}, base: develop, files: { a${pull}.ts: "1" } }`,
        reviewed(pull),
        `{ do: merge, by: ann, pull: ${pull}, method: squash, after: 1m }`,
      ]),
      "{ do: open-pull-request, by: ann, pull: 3, branch: develop, base: main, after: 1m }",
    ],
    cold: `{ do: label, by: ann, pull: 3, label: one, after: 1m }`,
    warm: `{ do: label, by: ann, pull: 3, label: two, after: 1m }`,
  },
  {
    event: "review where there is no policy",
    policyBot: 3,
    policy: "",
    before: [...three(1), ...three(2)],
    cold: reviewed(1),
    warm: reviewed(2),
  },
  {
    event: "check completed",
    before: [opened(1)],
    cold: checked(1, "failure"),
    warm: checked(1, "success"),
  },
  {
    event: "label",
    before: [opened(1)],
    cold: "{ do: label, by: ann, pull: 1, label: one }",
    warm: "{ do: label, by: ann, pull: 1, label: two }",
  },
  {
    event: "re-run pressed",
    before: [opened(1)],
    cold: "{ do: press, by: ann, pull: 1, button: recheck }",
    warm: "{ do: press, by: ann, pull: 1, button: recheck, after: 1m }",
  },
  {
    event: "merged as judged",
    policy: "{ mode: enforce, approval: { required: 1, from: { teams: [acme/core] } } }",
    before: [...three(1), reviewed(1), ...three(2), reviewed(2)],
    cold: "{ do: merge, by: ann, pull: 1, method: squash, after: 1m }",
    warm: "{ do: merge, by: ann, pull: 2, method: squash, after: 1m }",
  },
  {
    event: "merged past a check, and its deviation told",
    before: [...three(1), reviewed(1), ...three(2), reviewed(2)],
    cold: merged(1),
    warm: merged(2),
  },
  {
    event: "pushed directly to a production branch",
    before: [],
    cold: `{ do: push, by: carol, branch: main, files: { x.ts: "1" }, bypass: true, after: 1m }`,
    warm: `{ do: push, by: carol, branch: main, files: { x.ts: "2" }, bypass: true, after: 1m }`,
  },
  {
    event: "deployed to production",
    before: [],
    cold: "{ do: deploy, by: ann, environment: production, commit: main, after: 1m }",
    warm: "{ do: deploy, by: ann, environment: production, commit: main, after: 1m }",
  },
  {
    event: "team changed, one pull request open",
    before: [...three(1), reviewed(1)],
    cold: "{ do: remove-from-team, by: carol, person: bob, team: core, after: 1m }",
    warm: "{ do: add-to-team, by: carol, person: bob, team: core, after: 1m }",
  },
];

/** Plays every kind of event, or those named, on a stage of its own and counts. Throws when a step does not go as it should. */
export async function benchRequests(
  named: readonly string[] = KINDS.map(({ event }) => event),
): Promise<readonly RequestsRow[]> {
  const rows: RequestsRow[] = [];
  for (const event of named) {
    const kind = KINDS.find((each) => each.event === event);
    if (kind === undefined) throw new Error(`no kind of event is called ${event}`);
    rows.push(await count(kind));
  }
  return rows;
}

async function count(kind: Kind): Promise<RequestsRow> {
  const steps = [...kind.before, "{ do: wait, for: 15m }", kind.cold, kind.warm];
  const policy = kind.policy ?? POLICY;
  const policyLine = policy === "" ? "" : `policy: ${policy}\n`;
  const story = readStory(
    `${HEAD}${policyLine}story:\n${steps.map((step) => `  - ${step}\n`).join("")}`,
    kind.event,
  );
  const stage = await openHarness(story, "sqlite");
  const stored = new Statements();
  try {
    const after: (readonly string[])[] = [];
    const work: ReturnType<Statements["counted"]>[] = [];
    const performance = await playScenario(story, stage, {
      onIdle: async () => {
        after.push(await asked((request) => stage.github.fetch(request)));
        work.push(stored.counted());
      },
    });
    const [failure] = performance.failures;
    if (failure !== undefined) throw new Error(`${kind.event}, step ${failure.step}: ${failure.because}`);
    const ledger = await stage.openLedger();
    const waiting = await ledger.queue.waiting();
    await ledger.close();
    // Work that failed would be counted as cheap.
    if (waiting.deliveries + waiting.actions > 0) {
      throw new Error(`${kind.event}: work is left undone: ${JSON.stringify(waiting)}`);
    }
    const [before, cold, warm] = [after.at(-3)?.length ?? 0, after.at(-2) ?? [], after.at(-1) ?? []];
    return {
      event: kind.event,
      cold: cold.length - before,
      warm: warm.length - cold.length,
      asked: warm.slice(cold.length),
      store: {
        statements: (work.at(-1)?.statements ?? 0) - (work.at(-2)?.statements ?? 0),
        commits: (work.at(-1)?.commits ?? 0) - (work.at(-2)?.commits ?? 0),
        texts: stored.texts,
      },
      policyBot: kind.policyBot ?? null,
    };
  } finally {
    stored.stop();
    await stage.close();
  }
}

const Requests = z.array(z.object({ method: z.string(), path: z.string(), query: z.string().optional() }));

/** The requests the double had so far, in order, without those for tokens. */
async function asked(fetch: (request: Request) => Promise<Response>): Promise<readonly string[]> {
  const response = await fetch(new Request("http://double/_double/requests?since=0"));
  return Requests.parse(await response.json())
    .filter(({ path }) => !path.endsWith("/access_tokens"))
    .map(({ method, path, query }) => query ?? `${method} ${path.replace(/^\/api(?:\/v3)?/u, "")}`);
}

/** The table as text. */
export function requestsTable(rows: readonly RequestsRow[]): string {
  const width = Math.max(...rows.map(({ event }) => event.length));
  const lines = rows.map(({ event, cold, warm, asked, policyBot, store }) =>
    [
      event.padEnd(width),
      String(cold).padStart(4),
      String(warm).padStart(4),
      String(policyBot ?? "").padStart(10),
      String(store.statements).padStart(10),
      String(store.commits).padStart(7),
      asked.join(", "),
    ].join("  "),
  );
  const head = `${"requests to GitHub".padEnd(width)}  cold  warm  policy-bot  statements  commits  asked (warm)`;
  return [head, ...lines].join("\n");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  const rows = await benchRequests();
  process.stdout.write(`${values.json ? JSON.stringify(rows, null, 2) : requestsTable(rows)}\n`);
}
