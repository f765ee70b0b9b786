import { generateKeyPairSync } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";

import type { Answer } from "../../src/cli/terminal/answer.ts";
import { doctor } from "../../src/cli/doctor/doctor.ts";
import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import type { BaselineRecord } from "../../src/domain/protection/record.ts";
import { sha256 } from "../../src/domain/values/digest.ts";
import { openStore } from "../../src/ledger/database/store.ts";
import { migrate, MIGRATIONS } from "../../src/ledger/migrate.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { readStory } from "../support/scenarios.ts";
import { environmentOf } from "../support/app.ts";
import { rounds } from "../support/effort.ts";
import { freshDatabase } from "../support/stores.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";

const MINUTE = 60_000;
/** A third of the repositories of a large organisation. */
const THIRD = rounds(12, 133);

const STORY = readStory(
  `name: a doctor's visit
policy: { mode: enforce }
people: { ann: { permission: write }, bob: { permission: write }, adm: { permission: admin } }
story: []
`,
  "doctor",
);

const open: InProcessHarness[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function visit(scenario: Scenario = STORY): Promise<InProcessHarness> {
  const harness = await openHarness(scenario, "sqlite");
  open.push(harness);
  await pass(harness, scenario.start + 55 * MINUTE);
  return harness;
}

async function pass(harness: InProcessHarness, until: number): Promise<void> {
  await harness.double.setClock(until);
  await harness.app.advance(until);
  await harness.app.settle();
}

async function act(harness: InProcessHarness, ...steps: readonly DoStep[]): Promise<void> {
  for (const step of steps) {
    expect(await harness.double.act(step)).toMatchObject({ refused: null, unplayable: null });
    await harness.double.idle();
    await harness.app.settle();
  }
}

/** What the doctor says, with the time GitHub has then and `env` on top. */
function ask(
  harness: InProcessHarness,
  now: number | (() => number) = STORY.start + 55 * MINUTE,
  env: Readonly<Record<string, string>> = {},
  barred: RegExp | null = null,
): Promise<Answer> {
  const terminal = {
    print: () => undefined,
    printError: () => undefined,
    env: { ...environmentOf(harness.where), ...env },
    interactive: false,
  };
  const clock = typeof now === "number" ? () => now : now;
  return doctor(terminal, clock, async (input, init) => {
    const request = new Request(input, init);
    if (barred?.test(request.url) === true)
      return Response.json({ message: "Resource not accessible by integration" }, { status: 403 });
    return harness.github.fetch(request);
  });
}

describe("the doctor", () => {
  test("finds nothing wrong with a repository under the ruleset that goes with the policy", async () => {
    const harness = await visit({ ...STORY, policy: null });
    const { code, lines } = await ask(harness);
    expect(lines.join("\n")).toContain("ok     webhook: GitHub sends to http://countersign.test");
    expect(lines.join("\n")).toContain("ok     clock: agrees with GitHub's");
    expect(lines.join("\n")).toContain(
      "ok     installation on acme: it grants every permission the App needs",
    );
    expect(lines.join("\n")).toContain("ok     repositories: 1 read");
    expect(lines.join("\n")).not.toContain("Not prevented");
    expect(lines.join("\n")).toContain("Detected, not blocked:");
    expect(lines.join("\n")).toContain("where: acme/web (environment production)");
    expect(lines.at(-1)).toBe("You can require the check now. `countersign ruleset` prints the ruleset.");
    expect(code).toBe(0);
  });

  test("tries a comment with the rights the App has, and leaves nothing behind", async () => {
    const harness = await visit({ ...STORY, policy: null });
    await act(harness, {
      do: "open-pull-request",
      by: "ann",
      pull: 1,
      branch: "one",
      files: { "a.ts": "1" },
    });
    const before = JSON.stringify(await harness.double.state());
    const { code, lines } = await ask(harness);
    expect(lines).toContain(
      "ok     comments in acme/web: an empty one on #1 was refused for being empty only; nothing was left behind",
    );
    expect(JSON.stringify(await harness.double.state())).toBe(before);
    expect(code).toBe(0);
    await act(harness, {
      do: "set-app-permissions",
      permissions: { issues: "read", pull_requests: "read" },
    });
    const refused = await ask(harness);
    expect(refused.lines.join("\n")).toMatch(
      /wrong {2}comments in acme\/web: GitHub refuses POST .*Grant issues: write on the App's page/u,
    );
    expect(refused.code).toBe(2);
    expect(refused.lines.at(-1)).toMatch(/^Before you require the check: fix .*comments in acme\/web/u);
  });

  test.each([
    ["what GitHub refuses ends with 2", { APP_ID: "12" }, null, 2, "has no App 12: compare APP_ID"],
    ["what is not reached ends with 3", {}, "server-error", 3, "GitHub does not answer GET"],
  ] as const)("%s", async (_, env, fault, code, says) => {
    const harness = await visit({ ...STORY, policy: null });
    if (fault !== null) await harness.double.setFault("github-fails", { kind: fault, match: "/app" });
    const answer = await ask(harness, undefined, env);
    expect(answer.lines.join("\n")).toContain(says);
    expect(answer.code).toBe(code);
    expect(answer.lines.at(-1)).toBe("Before you require the check: fix what is wrong with GitHub.");
  });

  test("has nothing to require before a repository is read", async () => {
    const harness = await visit({ ...STORY, policy: null });
    const empty = await freshDatabase("sqlite");
    const { lines } = await ask(harness, undefined, environmentOf(empty.where));
    expect(lines.at(-1)).toBe(
      "Before you require the check: start the App, and wait until it has read a repository.",
    );
    await empty.remove();
  });

  test("lists what is not prevented, what is not visible and what would block an emergency, with the fix", async () => {
    const harness = await visit({ ...STORY, policy: null });
    await act(
      harness,
      { do: "edit-ruleset", by: "adm", approvals: 2, checks: [{ name: "countersign" }, { name: "build" }] },
      {
        do: "set-environment",
        by: "adm",
        environment: "production",
        reviewers: ["bob"],
        "admins-bypass": true,
        "prevent-self-review": true,
      },
    );
    await harness.app.sweep();
    const { code, lines } = await ask(harness);
    const said = lines.join("\n");
    expect(code).toBe(1);
    expect(said).toContain(
      "the check is required from any source: whoever may write can post one of that name",
    );
    expect(said).toContain("fix: apply what `countersign ruleset` prints");
    expect(said).toContain("administrators may skip the environment's rules");
    expect(said).toContain("GitHub shows who may bypass a ruleset only to callers who may edit it");
    expect(said).toContain("GitHub itself requires 2 approvals, also of an authorised emergency");
    expect(said).toContain("GitHub itself requires other checks (build)");
    expect(said).toContain("deployments wait for the one reviewer there is");
  });

  test("names a missing permission, a selected installation, a foreign webhook and a wrong clock", async () => {
    const harness = await visit({ ...STORY, repositories: { api: {} } });
    await act(
      harness,
      { do: "set-app-permissions", permissions: { administration: "none" } },
      { do: "remove-repository", repository: "api" },
      { do: "set-webhook", url: "http://elsewhere.example/hook" },
    );
    const env = { COUNTERSIGN_BASE_URL: "http://countersign.test" };
    const { code, lines } = await ask(harness, STORY.start + 65 * MINUTE, env);
    const said = lines.join("\n");
    expect(said).toContain("it lacks administration: read (branch protection cannot be read");
    expect(said).toContain("it covers selected repositories only");
    expect(said).toContain("wrong  webhook: GitHub sends to http://elsewhere.example/hook");
    expect(said).toContain(
      "wrong  clock: This server's clock is 600 seconds ahead of GitHub's: synchronise it",
    );
    expect(said).toContain("wrong  monitoring gap since");
    expect(code).toBe(1);
  });

  test("finds nothing wrong with deliveries that are read from GitHub's log", async () => {
    const harness = await visit({ ...STORY, polling: true });
    await act(harness, { do: "push", by: "ann", branch: "other", files: { "a.ts": "1" } });
    const said = (await ask(harness, undefined, { COUNTERSIGN_POLL: "1m" })).lines.join("\n");
    expect(said).toMatch(
      /ok {5}deliveries: \d+ of the last three days are in GitHub's log, which the App reads/u,
    );
    expect(said).not.toContain("did not arrive");
  });

  test("takes the time GitHub's answer needs, or its own start, for no wrong clock", async () => {
    const harness = await visit({ ...STORY, policy: null });
    // The store alone keeps it waiting for two minutes, and each answer of GitHub for one and a half.
    let now = STORY.start + 52 * MINUTE;
    const { lines } = await ask(harness, () => {
      const before = now;
      now = Math.min(now + 1.5 * MINUTE, STORY.start + 55.8 * MINUTE);
      return before;
    });
    expect(lines.join("\n")).toContain("ok     clock: agrees with GitHub's");
  });

  test("names what it cannot read of GitHub, each by itself, and looks at the rest", async () => {
    const harness = await visit({ ...STORY, policy: null });
    await harness.double.setFault("github-fails", { kind: "cut-json", match: "/hook/deliveries" });
    await harness.double.setFault("github-fails", { kind: "allow-list", match: "/hook/config" });
    const { code, lines } = await ask(harness);
    const said = lines.join("\n");
    expect(said).toContain(
      "wrong  deliveries: it cannot be read: GitHub's answer to GET /app/hook/deliveries",
    );
    expect(said).toContain("wrong  webhook: it cannot be read: GitHub bars us");
    expect(said).toContain("ok     installation on acme: it grants every permission the App needs");
    expect(said).toContain("ok     repositories: 1 read");
    expect(code).toBe(3);
  });

  test("lists every problem of the settings, and looks no further", async () => {
    const harness = await visit();
    const { code, lines } = await ask(harness, STORY.start, {
      APP_ID: "none",
      WEBHOOK_SECRET: "development",
    });
    expect(code).toBe(2);
    const said = lines.slice(0, -1).map((line) => line.slice(0, "wrong  settings: APP_ID".length));
    expect(said).toEqual(["wrong  settings: APP_ID", "wrong  settings: WEBHOO"]);
    expect(lines.at(-1)).toBe("Before you require the check: fix what is wrong with settings.");
  });
});

const READY = "You can require the check now. `countersign ruleset` prints the ruleset.";

describe("the doctor lets no one require the check", () => {
  test("where GitHub's log of deliveries is empty, until one arrives", async () => {
    const harness = await visit({ ...STORY, policy: null });
    const later = STORY.start + 5 * 24 * 60 * MINUTE;
    await pass(harness, later);
    const empty = await ask(harness, later);
    expect(empty.lines.join("\n")).toContain(
      "wrong  deliveries: GitHub's log of the last three days is empty, so none was seen to arrive",
    );
    expect(empty.lines.at(-1)).toBe("Before you require the check: fix what is wrong with deliveries.");
    expect(empty.code).toBe(1);
    await act(harness, { do: "push", by: "ann", branch: "other", files: { "a.ts": "1" } });
    const { lines } = await ask(harness, later);
    expect(lines.join("\n")).toMatch(
      /ok {5}deliveries: \d+ of the last three days are in GitHub's log, and all are in/u,
    );
    expect(lines.at(-1)).toBe(READY);
  });

  test("where another program answers GitHub, or another store is written", async () => {
    const harness = await visit({ ...STORY, policy: null });
    const other = await freshDatabase("sqlite");
    const ledger = await openLedger(other.where);
    await ledger.beat(STORY.start + 55 * MINUTE);
    await ledger.close();
    const { lines } = await ask(harness, undefined, environmentOf(other.where));
    await other.remove();
    expect(lines.join("\n")).toMatch(
      /wrong {2}deliveries: (\d+) of the last three days are in GitHub's log, and \1 are not in this store/u,
    );
  });

  test("where webhooks are polled, and the App that polls is dead", async () => {
    const harness = await visit({ ...STORY, policy: null, polling: true });
    const poll = { COUNTERSIGN_POLL: "1m" };
    expect((await ask(harness, undefined, poll)).lines.at(-1)).toBe(READY);
    expect(
      await harness.double.act({ do: "push", by: "ann", branch: "other", files: { "a.ts": "1" } }),
    ).toMatchObject({ refused: null });
    await harness.double.idle();
    // What it may still read in time is no reason.
    const soon = STORY.start + 56 * MINUTE;
    await harness.double.setClock(soon);
    expect((await ask(harness, soon, poll)).lines.at(-1)).toBe(READY);
    const later = STORY.start + 60 * MINUTE;
    await harness.double.setClock(later);
    const { code, lines } = await ask(harness, later, poll);
    expect(lines.join("\n")).toMatch(
      /wrong {2}deliveries: \d+ of the last three days are in GitHub's log, and [1-9]\d* should be in this store by now/u,
    );
    expect(lines.at(-1)).toBe("Before you require the check: fix what is wrong with deliveries.");
    expect(code).toBe(1);
  });

  test("while a gap is open: no App has been there for a while", async () => {
    const harness = await visit({ ...STORY, policy: null });
    const later = STORY.start + 80 * MINUTE;
    await harness.double.setClock(later);
    const { code, lines } = await ask(harness, later);
    expect(lines.at(-1)).toMatch(
      /^Before you require the check: end what keeps the App from watching: acme \(no App has been running since/u,
    );
    expect(code).toBe(1);
    await pass(harness, later);
    expect((await ask(harness, later)).lines.at(-1)).not.toContain(
      "keeps the App from watching: acme (no App has",
    );
  });

  test("where the log was filled from GitHub, and no App ever ran", async () => {
    const harness = await visit({ ...STORY, policy: null });
    const store = await openStore(harness.where, { readOnly: false });
    await store.transact((tx) => tx.deleteFrom("heartbeat").execute());
    await store.close();
    const { lines } = await ask(harness);
    expect(lines.at(-1)).toBe(
      "Before you require the check: start the App: none has noted yet that it works on this store.",
    );
  });
});

describe("the doctor changes nothing", () => {
  /** Every file of a folder with its digest. */
  function filesOf(folder: string): readonly string[] {
    return readdirSync(folder).map((name) => `${name} ${sha256(readFileSync(join(folder, name), "latin1"))}`);
  }

  test("in a store, nor where there is none", async () => {
    const harness = await visit({ ...STORY, policy: null });
    const { dataDir } = harness.where as { readonly dataDir: string };
    const before = filesOf(dataDir);
    await ask(harness);
    expect(filesOf(dataDir)).toEqual(before);
    const closed = await freshDatabase("sqlite");
    await (await openLedger(closed.where)).close();
    const folder = (closed.where as { readonly dataDir: string }).dataDir;
    const closedBefore = filesOf(folder);
    expect((await ask(harness, undefined, environmentOf(closed.where))).lines.join("\n")).toContain(
      "holds 0 entries",
    );
    expect(filesOf(folder)).toEqual(closedBefore);
    await closed.remove();
    const nowhere = join(dataDir, "nowhere", "data");
    const { lines } = await ask(harness, undefined, environmentOf({ dataDir: nowhere }));
    expect(lines).toContain(
      `ok     store: there is no evidence log yet (${nowhere}): the App begins it when it starts`,
    );
    expect(lines.join("\n")).toMatch(
      /deliveries: \d+ of the last three days are in GitHub's log, and 0 arrived here, where no App has/u,
    );
    expect(lines.at(-1)).toBe(
      "Before you require the check: start the App, and wait until it has read a repository.",
    );
    expect(existsSync(join(dataDir, "nowhere"))).toBe(false);
  });

  test.each(["sqlite", "postgres"] as const)(
    "in an empty database, or one of an earlier version: %s",
    async (kind) => {
      const harness = await visit({ ...STORY, policy: null });
      const { where, sql: run, remove } = await freshDatabase(kind);
      const store = await openStore(where, { readOnly: false });
      const own = kind === "sqlite" ? null : new URL("databaseUrl" in where ? where.databaseUrl : "");
      const schema = /search_path=(\w+)/u.exec(decodeURIComponent(own?.search ?? ""))?.[1];
      const tables = (): Promise<readonly string[]> =>
        store.read(async (db) =>
          (await db.introspection.getTables())
            .filter((table) => table.schema === schema)
            .map(({ name }) => name),
        );
      try {
        // What another program keeps in the same database is not the App's.
        if (schema !== undefined)
          await run(`create schema ${schema}_other`, `create table ${schema}_other.migration (name text)`);
        await store.read((db) => sql`select 1`.execute(db));
        const { privateKey } = generateKeyPairSync("ec", {
          namedCurve: "P-256",
          publicKeyEncoding: { type: "spki", format: "pem" },
          privateKeyEncoding: { type: "pkcs8", format: "pem" },
        });
        const env = { ...environmentOf(where), COUNTERSIGN_SIGNING_KEY: privateKey };
        const empty = await ask(harness, undefined, env);
        expect(empty.lines.join("\n")).toContain("ok     store: there is no evidence log yet");
        expect(await tables()).toEqual([]);
        await store.migrate((tx) => migrate(tx, kind, 0, MIGRATIONS.slice(0, 2)));
        const before = await tables();
        const { code, lines } = await ask(harness, undefined, env);
        expect(lines.join("\n")).toContain(
          "wrong  store: The database is older than this version of Countersign",
        );
        expect(code).toBe(3);
        expect(await tables()).toEqual(before);
      } finally {
        await store.close();
        if (schema !== undefined) await run(`drop schema ${schema}_other cascade`);
        await remove();
      }
    },
  );
});

test(
  "many repositories installed at once, a third of them weakly protected, are one baseline and no issue",
  { tags: ["long"] },
  async () => {
    const names = Array.from({ length: 3 * THIRD }, (_, index) => `r${String(index + 1).padStart(3, "0")}`);
    // Every third has no ruleset: the double's setup knows that, the scenario format does not.
    const repositories = Object.fromEntries(
      names.map((name, index) => [name, { visibility: "private" as const, ruleset: index % 3 !== 0 }]),
    );
    const harness = await openHarness({ ...STORY, repositories }, "sqlite", {
      hourlyLimit: 100_000,
    });
    open.push(harness);
    await pass(harness, STORY.start + 55 * MINUTE);
    const ledger = await harness.openLedger();
    const baselines: BaselineRecord[] = [];
    for await (const entry of ledger.states("baseline", { everyOrganization: true }))
      baselines.push(entry.body);
    const deviations = [];
    for await (const entry of ledger.states("deviation", { everyOrganization: true }))
      deviations.push(entry.subject);
    await ledger.close();
    expect(baselines).toHaveLength(1);
    // The organisation's own repository, which holds the policy, comes on top.
    expect(baselines[0]?.repositories).toBe(3 * THIRD + 2);
    expect(
      baselines[0]?.weaknesses.map(({ weakness, repositories: count }) => [weakness, count]),
    ).toContainEqual(["the check is not required: any change can be merged", THIRD + 1]);
    expect(deviations).toEqual([]);
    const state = await harness.double.state();
    expect(state.repositories.flatMap(({ issues }) => issues)).toEqual([]);
    const { lines } = await ask(harness);
    expect(lines.length).toBeLessThan(40);
    expect(lines.join("\n")).toContain(`and ${THIRD + 1 - 5} more (--json lists all)`);
  },
);

test("a team or login of access that GitHub has not is named, and what is there is not; nothing waits for it", async () => {
  const access =
    "access: { leads: { teams: [acme/leads, acme/leadz] }, auditors: { users: [bob, bobb], until: 2026-12-31 } }";
  const story = (policy: string): Scenario =>
    readStory(
      `name: who leads
policy: { mode: enforce, ${policy} }
people: { ann: { permission: write, teams: [leads] }, bob: { permission: write } }
story: []
`,
      "doctor",
    );
  const { lines } = await ask(await visit(story(access)));
  const told = lines.filter((line) => line.includes("access in acme"));
  expect(told).toEqual([
    "wrong  access in acme: access.leads names acme/leadz, and GitHub has no such team. Is acme/leads meant?",
    "wrong  access in acme: access.auditors names bobb, and GitHub has no such account",
  ]);
  expect(lines.at(-1)).not.toContain("access in acme");
  const right = await ask(await visit(story(access.replace(", acme/leadz", "").replace(", bobb", ""))));
  expect(right.lines.filter((line) => line.includes("access in acme"))).toEqual([
    "ok     access in acme: GitHub has every team and login that it names",
  ]);
  const hidden = await visit(story(access));
  const { lines: unseen } = await ask(hidden, undefined, {}, /\/orgs\/acme\/teams/u);
  expect(unseen.filter((line) => line.includes("acme/leadz"))).toEqual([
    "wrong  access in acme: access.leads names acme/leadz, and GitHub does not show the App the teams of acme: whether there is one is not known",
  ]);
});

test("the lines of CODEOWNERS that GitHub skips are named, with whose those files are then", async () => {
  const harness = await visit();
  const files = {
    ".github/CODEOWNERS": "* @ann\n/app/[id]/ @bob\n/docs/ @nobody-there\n",
    "app/[id]/page.ts": "1",
    "docs/a.md": "1",
  };
  await act(harness, { do: "push", by: "adm", branch: "main", files, bypass: true });
  const { code, lines } = await ask(harness);
  const told = lines.filter((line) => line.includes("CODEOWNERS")).join("\n");
  expect(told).toContain("wrong  CODEOWNERS of acme/web: line 2 of .github/CODEOWNERS is skipped");
  expect(told).toContain("so app/[id]/page.ts is that of @ann");
  expect(told).toContain("line 3 of .github/CODEOWNERS names an owner GitHub does not know");
  expect(code).toBe(1);
});

test("a job that uses an environment without leaving a deployment is found, one that leaves one is not", async () => {
  const harness = await visit();
  const files = {
    ".github/workflows/migrate.yml":
      "on: push\njobs:\n  migrate:\n    environment: { name: production, deployment: false }\n    steps: []\n",
    ".github/workflows/deploy.yml":
      "on: push\njobs:\n  deploy:\n    environment: production\n  named:\n    environment: { name: production, deployment: true }\n",
  };
  await act(harness, { do: "push", by: "adm", branch: "main", files, bypass: true });
  const { code, lines } = await ask(harness);
  const told = lines.filter((line) => line.includes("workflows of"));
  expect(told).toEqual([
    expect.stringContaining("job migrate uses the secrets of the environment production"),
  ]);
  expect(told[0]).toContain("leaves no deployment");
  expect(code).toBe(1);
});
