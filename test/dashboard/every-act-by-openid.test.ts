/**
 * Whoever signed in without a GitHub account gives leave by no act of any page, whatever they send: what they may do is recorded as theirs.
 *
 * @module-tag long
 */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";

import { PAGES } from "../../src/dashboard/page-list.ts";
import type { LoggedEntry } from "../../src/domain/records/entry.ts";
import { COMMAND_NAMES, DEVIATION_COMMAND_TABLE } from "../../src/domain/deviation/commands.ts";
import type { ViewerOf } from "../../src/dashboard/page/access.ts";
import { SignIn } from "../../src/dashboard/sign-in/sign-in.ts";
import { deviationOf, pagesAtGitHub, type PagesAtGitHub } from "./at-github.ts";
import { CLIENT, startOpenId } from "./openid-provider.ts";
import { BASE_URL, Browser } from "./signed-in.ts";

const AT = Date.parse("2026-08-03T06:01:00Z");
const OLGA = { subject: "o-1", email: "olga@big.example", isVerified: true };

/** Something for each act: emergencies that wait and that are reviewed, a deviation, a month that is over, something unverifiable. */
const STORY = `
name: something for every act
policy:
  mode: enforce
  emergency: { authorisers: { teams: [acme/on-call] }, review-within: 2 business days }
  monitoring: { owner: cat }
  access: { leads: { teams: [acme/leads] }, auditors: { emails: [${OLGA.email}], until: 2026-12-31 } }
people:
  ann: { permission: write }
  bob: { permission: write, teams: [on-call] }
  cat: { permission: write, teams: [leads, on-call] }
  eve: { permission: admin }
start: 2026-07-06T09:00:00Z
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: hotfix, files: { src/a.ts: "1" } }
  - { do: command, by: ann, pull: 1, text: "/countersign emergency the shop is down", after: 1m }
  - { do: command, by: bob, pull: 1, text: "/countersign authorise", after: 1m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: push, by: eve, branch: main, files: { a.ts: "1" }, bypass: true, after: 1m }
  - { do: wait, at: "2026-08-03T06:00:00Z" }
  - { do: open-pull-request, by: ann, pull: 2, branch: second, files: { src/b.ts: "1" } }
  - { do: command, by: ann, pull: 2, text: "/countersign emergency nobody can pay", after: 1m }
`;

beforeEach(() => {
  // The provider reads the system's clock, and warns of what only one in production needs.
  vi.useFakeTimers({ toFake: ["Date"], now: AT });
  vi.spyOn(console, "warn").mockReturnValue();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A form made by hand. `what`: names it in this test. */
interface Made {
  readonly what: string;
  readonly path: string;
  readonly act: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What is known here for the fields of acts; any other field is a word. */
interface Known {
  readonly paths: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

/** Every act of every page, with every choice it offers, about everything there is. */
function everyForm({ paths, fields }: Known): readonly Made[] {
  return PAGES.flatMap(({ path, acts = [] }) =>
    acts.flatMap(({ name: act, fields: { shape } }) => {
      let made: Readonly<Record<string, string>>[] = [{}];
      for (const [name, type] of Object.entries(shape)) {
        const values = type instanceof z.ZodEnum ? type.options.map(String) : (fields[name] ?? ["low"]);
        made = made.flatMap((each) => values.map((value) => ({ ...each, [name]: value })));
      }
      const real = path.replaceAll(/:\w+/gu, (name) => paths[name] ?? "1");
      return made.map((each) => ({
        what: `${path} ${act} ${Object.values(each).join(" ")}`,
        path: real,
        act,
        fields: each,
      }));
    }),
  );
}

async function known(pages: PagesAtGitHub): Promise<Known> {
  const ledger = await pages.harness.openLedger();
  try {
    const { deviation, log } = await deviationOf(ledger);
    const emergency: string[] = [];
    for await (const { subject } of ledger.states("emergency", { everyOrganization: true }))
      emergency.push(subject);
    const shown = log.findLast(({ kind }) => kind === "remediation")?.seq ?? 0;
    return {
      paths: { ":id": deviation.id, ":owner": "acme", ":repo": "web", ":number": "2" },
      fields: {
        emergency,
        month: ["2026-07"],
        shown: [String(shown)],
        category: ["tooling"],
        owner: ["ann"],
        due: ["2026-12-01"],
      },
    };
  } finally {
    await ledger.close();
  }
}

async function entriesAfter(pages: PagesAtGitHub, seq: number): Promise<readonly LoggedEntry[]> {
  const ledger = await pages.harness.openLedger();
  try {
    const found: LoggedEntry[] = [];
    for await (const entry of ledger.log({ everyOrganization: true })) if (entry.seq > seq) found.push(entry);
    return found;
  } finally {
    await ledger.close();
  }
}

async function stage() {
  const provider = await startOpenId(`${BASE_URL}/sign-in/openid/callback`);
  const gitHub = { clientId: "Iv1.client", clientSecret: "secret", sessionSecret: "s".repeat(32) };
  const pages = await pagesAtGitHub(STORY, {
    signIn: { ...gitHub, openId: { ...CLIENT, issuer: provider.issuer } },
  });
  const olga = new Browser(pages.fetch);
  const away = await olga.open("/sign-in/openid?to=/");
  await olga.open(await provider.agree(away.headers.get("location") ?? "", OLGA));
  let [count, now] = [0, AT];
  return {
    pages,
    olga,
    send: async (browser: Browser, { path, act, fields }: Made) => {
      const page = await (await browser.open("/")).text();
      const csrf = /name="csrf" value="([^"]+)"/u.exec(page)?.[1] ?? "";
      count += 1;
      // So many are taken in a minute.
      if (count % 25 === 0) await pages.harness.app.advance((now += 60_000));
      const form = `a-form-made-by-hand-${count}`;
      const answer = await browser.send(path, { ...fields, csrf, act, form });
      return { status: answer.status, text: await answer.text() };
    },
    posted: () => [1, 2].flatMap((number) => pages.comments(number)),
  };
}

/** What a lead without an account recorded is marked so wherever it is kept. */
const MARK = `${OLGA.email} (by OpenID Connect at `;

test("as an auditor they send nothing, and as a lead nothing that gives leave: what is recorded has their mark", async () => {
  const { pages, olga, send, posted } = await stage();
  const forms = everyForm(await known(pages));
  const acts = new Set(forms.map(({ path, act }) => `${path} ${act}`));
  expect(acts.size).toBe(PAGES.flatMap(({ acts: all = [] }) => all).length);
  const before = posted();
  let [seq, recorded] = [(await entriesAfter(pages, 0)).at(-1)?.seq ?? 0, 0];
  for (const form of forms) {
    const { status, text } = await send(olga, form);
    expect([form.what, status]).toEqual([form.what, 403]);
    expect(text, form.what).toContain("An auditor only reads these pages.");
  }
  expect(await entriesAfter(pages, seq)).toEqual([]);

  // No policy can say so of an address today: nothing depends on that.
  const original = Object.getOwnPropertyDescriptor(SignIn.prototype, "viewerOf")?.value as ViewerOf;
  vi.spyOn(SignIn.prototype, "viewerOf").mockImplementation(async function (this: SignIn, request) {
    const viewer = await original.call(this, request, { address: null, httpVersion: null });
    if ("sentences" in viewer) return viewer;
    return { ...viewer, sees: viewer.sees.map((each) => ({ ...each, role: "lead" as const })) };
  });
  seq = (await entriesAfter(pages, 0)).at(-1)?.seq ?? 0;
  for (const form of forms) {
    const { status, text } = await send(olga, form);
    const entries = await entriesAfter(pages, seq);
    seq = entries.at(-1)?.seq ?? seq;
    if (status === 303) {
      recorded += 1;
      const command = COMMAND_NAMES.find((each) => each === form.fields["name"]);
      const steps = command === undefined ? [] : DEVIATION_COMMAND_TABLE[command].deviation;
      // They may have caused it without our knowing.
      expect(
        steps.flatMap(({ bars = [] }) => bars),
        form.what,
      ).not.toContain("causer");
      expect(entries, form.what).not.toEqual([]);
      for (const { kind, body } of entries) {
        expect(["deviation", "remediation"], form.what).toContain(kind);
        const {
          by,
          text: words,
          role,
        } = (body as { moved: { by: unknown; text: string; role: string } }).moved;
        if (role !== "app")
          expect([form.what, words, JSON.stringify(by)]).toEqual([
            form.what,
            words,
            expect.stringContaining(MARK),
          ]);
      }
    } else {
      expect([form.what, status]).toEqual([form.what, 422]);
      expect(text, form.what).toMatch(/class="refused" role="alert"[^]*<p>[^<]*[a-z]/u);
      expect(entries, form.what).toEqual([]);
    }
  }
  expect(recorded).toBeGreaterThan(5);
  await pages.settled();
  const others = (all: ReturnType<typeof posted>) => all.filter(({ login }) => login !== "countersign[bot]");
  expect(others(posted())).toEqual(others(before));

  // Their honest twin: by each act, someone with an account gets something done.
  const cat = await pages.signedIn("cat");
  const done = new Set<string>();
  for (const form of everyForm(await known(pages)))
    if ((await send(cat, form)).status === 303) done.add(`${form.path} ${form.act}`);
  expect(done).toEqual(acts);
});
