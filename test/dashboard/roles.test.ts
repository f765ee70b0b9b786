/** Who leads or audits an organisation by its policy, as GitHub and the log have it now, and how soon that ends. */

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { untilIdle } from "../../src/cli/scenario/clock.ts";
import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import type { AccessPerson } from "../../src/domain/policy/access-now.ts";
import { DAY, HOUR, MINUTE } from "../../src/domain/time/durations.ts";
import { PolicyRoles } from "../../src/start/access.ts";
import { buildTools, type Built } from "../../src/start/tools.ts";
import { addInstalledOrganization } from "../github/setup.ts";
import { PAGES } from "../../src/dashboard/page-list.ts";
import { changeEntry, GENERATED_AT, ORGANIZATION, smallLog } from "../evidence/fixture.ts";
import { ANN, pagesBehindSignIn } from "./signed-in.ts";
import { settingsFor } from "../support/app.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";

const START = Date.parse("2026-02-02T09:00:00Z");
/** The last day of the auditors. */
const UNTIL = Date.parse("2026-02-10T00:00:00Z");

const ACCESS = `access: { leads: { teams: [acme/leads] }, auditors: { users: [Erin], emails: [Audit@Big.example], until: 2026-02-10 } }`;

const STORY = readStory(
  `name: who leads and audits
policy:
  mode: enforce
  ${ACCESS}
people:
  ann: { permission: write, teams: [leads] }
  bob: { permission: write }
  erin: { permission: none }
  adm: { permission: admin, teams: [] }
start: 2026-02-02T09:00:00Z
story: []
`,
  "who leads and audits",
);

describe("the policy's access", () => {
  let harness: InProcessHarness;
  let built: Built;
  let roles: PolicyRoles;
  let now: number;

  beforeEach(async () => {
    harness = await openHarness(STORY, "sqlite");
    await untilIdle(harness);
    now = START;
    built = await buildTools(
      settingsFor(harness.where),
      {
        clock: { now: () => now },
        log: pino({ level: "silent" }),
        fetch: (input, init) => harness.github.fetch(new Request(input, init)),
      },
      { now: () => now },
      null,
    );
    roles = new PolicyRoles(built.tools);
  });

  afterEach(async () => {
    built.pacing.stop();
    await built.tools.ledger.close();
    await harness.close();
  });

  async function act(step: DoStep): Promise<void> {
    expect(await harness.double.act(step)).toMatchObject({ refused: null, unplayable: null });
    await untilIdle(harness);
  }

  /** The id of one of the people. */
  function idOf(login: string): number {
    const found = [...harness.github.double.world.accounts.values()].find((each) => each.login === login);
    if (found === undefined) throw new Error(`nobody is called ${login}`);
    return found.id;
  }

  function github(login: string): AccessPerson {
    return { githubId: idOf(login) };
  }

  /** What someone is, as `organisation role`. */
  async function rolesOf(person: AccessPerson, at = now): Promise<readonly string[]> {
    now = at;
    return (await roles.of(person, at)).map(({ organization, role }) => `${organization.login} ${role}`);
  }

  const AUDITOR: AccessPerson = { email: "audit@big.example" };

  test("makes a team's members leads, and auditors of logins and verified addresses", async () => {
    expect(await rolesOf(github("ann"))).toEqual(["acme lead"]);
    expect(await rolesOf(github("erin"))).toEqual(["acme auditor"]);
    expect(await rolesOf(AUDITOR)).toEqual(["acme auditor"]);
    for (const login of ["bob", "adm"]) expect(await rolesOf(github(login)), login).toEqual([]);
  });

  test("an address is the same in another case of its letters, and none that only looks like it", async () => {
    const same = ["Audit@Big.example", "AUDIT@BIG.EXAMPLE"];
    for (const email of same) expect(await rolesOf({ email }), email).toEqual(["acme auditor"]);
    const others = [
      "audit@big.example ",
      " audit@big.example",
      "audit@big.example.evil.example",
      "audit@bıg.example",
      "аudit@big.example",
      "ａudit@big.example",
      "audit@BİG.example",
      "audit+1@big.example",
      "audit@big.example\u200B",
      "audit@big.example\0",
      "",
      "erin",
    ];
    for (const email of others) expect(await rolesOf({ email }), JSON.stringify(email)).toEqual([]);
  });

  test("an auditor's access ends with its last day, and a lead's does not", async () => {
    expect(await rolesOf(AUDITOR, UNTIL + DAY - 1)).toEqual(["acme auditor"]);
    expect(await rolesOf(github("erin"), UNTIL + DAY - 1)).toEqual(["acme auditor"]);
    for (const person of [AUDITOR, github("erin")]) expect(await rolesOf(person, UNTIL + DAY)).toEqual([]);
    expect(await rolesOf(github("ann"), UNTIL + DAY)).toEqual(["acme lead"]);
  });

  test.each<readonly [string, DoStep, AccessPerson | "ann"]>([
    [
      "a lead leaves the team",
      { do: "remove-from-team", by: "adm", person: "ann", team: "acme/leads" },
      "ann",
    ],
    ["the team is deleted", { do: "delete-team", by: "adm", team: "acme/leads" }, "ann"],
    [
      "the team is deleted and made again under its name",
      { do: "replace-team", by: "adm", team: "acme/leads", person: "ann" },
      "ann",
    ],
    ["the key is taken out", { do: "edit-policy", by: "adm", policy: { mode: "enforce" } }, AUDITOR],
    ["the key is taken out, of a lead", { do: "edit-policy", by: "adm", policy: { mode: "enforce" } }, "ann"],
    ["the file breaks", { do: "edit-policy", by: "adm", text: "mode: [" }, AUDITOR],
    ["the file breaks, of a lead", { do: "edit-policy", by: "adm", text: `${ACCESS}\nmood: enforce` }, "ann"],
    ["the App is uninstalled", { do: "uninstall", by: "adm" }, AUDITOR],
  ])("ends within five minutes when %s", async (_, step, who) => {
    const person = who === "ann" ? github("ann") : who;
    expect(await rolesOf(person)).not.toEqual([]);
    await act(step);
    expect(await rolesOf(person, now + 5 * MINUTE)).toEqual([]);
  });

  test("ends though the policy goes back to one that was recorded before", async () => {
    await act({ do: "edit-policy", by: "adm", policy: { mode: "enforce" } });
    expect(await rolesOf(AUDITOR)).toEqual([]);
    await act({ do: "edit-policy", by: "adm", text: `mode: enforce\n${ACCESS}\n` });
    expect(await rolesOf(AUDITOR, now + 5 * MINUTE)).toEqual(["acme auditor"]);
    await act({ do: "edit-policy", by: "adm", policy: { mode: "enforce" } });
    expect(await rolesOf(AUDITOR, now + 5 * MINUTE)).toEqual([]);
  });

  test("nobody gains by a name: it means whom it meant when the policy first had it", async () => {
    const [erin, bob] = [idOf("erin"), idOf("bob")];
    await act({ do: "rename-user", by: "adm", person: "erin", to: "erin-left" });
    await act({ do: "rename-user", by: "adm", person: "bob", to: "erin" });
    await act({ do: "edit-policy", by: "adm", text: `mode: observe\n${ACCESS}\n` });
    now += 5 * MINUTE;
    expect(await rolesOf({ githubId: bob })).toEqual([]);
    expect(await rolesOf({ githubId: erin })).toEqual(["acme auditor"]);
  });

  test("nobody gains by the file of a repository, with or without one of the organisation", async () => {
    const own = `access: { leads: { teams: [acme/leads] }, auditors: { users: [bob], until: 2030-01-01 } }\n`;
    await act({ do: "edit-policy", by: "adm", in: "repository", text: own, bypass: true });
    expect(await rolesOf(github("bob"), now + 5 * MINUTE)).toEqual([]);
    expect(await rolesOf(github("ann"))).toEqual(["acme lead"]);
    await act({ do: "edit-policy", by: "adm", text: "" });
    for (const login of ["ann", "bob"]) expect(await rolesOf(github(login), now + 5 * MINUTE)).toEqual([]);
  });

  test("an outage gives nobody more, and it is asked again before long", async () => {
    for (const via of ["graphql", "rest"] as const) {
      const fails = { do: "github-fails", kind: "refused", via } as const;
      harness.github.double.fault(fails);
      expect(await rolesOf(github("ann"), now + 5 * MINUTE), via).toEqual([]);
      harness.github.double.fault({ do: "recover" });
      expect(await rolesOf(github("ann"), now + MINUTE), via).toEqual(["acme lead"]);
    }
  });

  test("gives nothing in another organisation, whoever is called the same there", async () => {
    addInstalledOrganization(harness.github.double.world, "globex", {
      repositories: { web: null },
      policy: {
        mode: "enforce",
        access: { auditors: { emails: ["other@big.example"], until: "2026-03-01" } },
      },
    });
    await harness.app.sweep();
    await untilIdle(harness);
    now += HOUR;
    expect(await rolesOf({ email: "other@big.example" })).toEqual(["globex auditor"]);
    expect(await rolesOf(AUDITOR)).toEqual(["acme auditor"]);
    expect(await rolesOf(github("ann"))).toEqual(["acme lead"]);
  });
});

describe("whoever is signed in", () => {
  const other = { id: 501, login: "globex" };
  const foreign = {
    ...changeEntry(13, GENERATED_AT - HOUR),
    subject: "f".repeat(64),
    repositoryId: 998_877,
    organizationId: other.id,
  };
  const elsewhere = { ...changeEntry(23, GENERATED_AT - HOUR), repositoryId: 7002 };

  test("sees the whole organisation as its lead or auditor, and no more than before once that ends", async () => {
    const { browser, signIn, roles: given } = await pagesBehindSignIn([...smallLog(), elsewhere]);
    const own = browser();
    await signIn(own, ANN);
    const isShown = async (): Promise<boolean> =>
      (await (await own.open("/changes")).text()).includes("Change number 23");
    expect(await isShown()).toBe(false);
    for (const role of ["lead", "auditor"] as const) {
      given.set(ANN.id, [{ organization: ORGANIZATION, role }]);
      expect(await isShown(), role).toBe(true);
      given.delete(ANN.id);
      expect(await isShown(), role).toBe(false);
    }
  });

  test("as an auditor of one organisation is shown nothing of another on any page", async () => {
    const {
      browser,
      signIn,
      roles: given,
      github: staged,
    } = await pagesBehindSignIn([...smallLog(), foreign]);
    staged.access.set(ANN.id, []);
    given.set(ANN.id, [{ organization: ORGANIZATION, role: "auditor" }]);
    const own = browser();
    await signIn(own, ANN);
    const values: Readonly<Record<string, string>> = {
      id: foreign.subject,
      owner: "globex",
      repo: "web",
      number: "13",
    };
    expect(await (await own.open("/changes")).text()).toContain("Change number 3");
    for (const { path } of PAGES) {
      const address = path.replaceAll(/:(\w+)(?:\{[^}]*\})?/gu, (_, name: string) => values[name] ?? "x");
      for (const org of ["", "?org=globex", "?org=501"]) {
        const answer = await own.open(`${address}${org}`);
        const text = (await answer.text()).replaceAll(address, "");
        expect(text, `${address}${org}`).not.toMatch(/Change number 13|globex\/|998877/u);
        if (org !== "") expect(answer.status, `${address}${org}`).toBe(404);
      }
    }
  });
});
