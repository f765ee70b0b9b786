/** Whatever a page can be sent is done only from a form of that page, in that session, by someone the act is for. */

import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";

import { dashboard } from "../../src/dashboard/app.ts";
import { PAGES } from "../../src/dashboard/page-list.ts";
import { labelsOf, type ActTools } from "../../src/dashboard/page/page.ts";
import type { Access, SignedInPerson } from "../../src/dashboard/page/access.ts";
import { csvText } from "../../src/package/csv.ts";
import { CountedAnswers } from "../../src/start/counted-answers.ts";
import { GENERATED_AT, ledgerWith, ORGANIZATION, smallLog, WEB } from "../evidence/fixture.ts";
import { BASE_URL } from "./signed-in.ts";

const ANN: SignedInPerson = { kind: "github", id: 101, login: "ann" };
const WEB_ONLY: Access = { organization: ORGANIZATION, repositories: new Set([WEB.id]), role: "member" };

/** Every act of every page, with an address of the page and fields it takes. */
const ALL = PAGES.flatMap(({ path, acts = [] }) =>
  acts.map(({ name, fields }): readonly [string, string, string, Readonly<Record<string, string>>] => [
    name,
    path,
    path.replace(":id", "DEV-0123456789ab").replace(":owner/:repo/:number", "acme/web/13"),
    Object.fromEntries(
      Object.entries(fields.shape).map(([each, shape]) => [
        each,
        shape instanceof z.ZodEnum ? String(shape.options[0]) : "x",
      ]),
    ),
  ]),
);

/** Pages whose acts only note that they were asked. */
async function pages(sees: readonly Access[] = [WEB_ONLY], person: SignedInPerson | null = ANN) {
  const { ledger, close } = await ledgerWith(smallLog());
  onTestFinished(close);
  const done: unknown[] = [];
  const acts = new Proxy({} as ActTools, {
    get:
      (_, name) =>
      async (...given: unknown[]) => {
        done.push([name, given]);
        return { says: "done", refused: null };
      },
  });
  const viewer = { current: { person, name: "ann", sees, csrfToken: "the token of this session" } };
  const app = dashboard({
    ledger,
    clock: { now: () => GENERATED_AT },
    log: { error: () => undefined },
    apiUrl: "https://api.github.com",
    appId: 7,
    csv: csvText,
    acts,
    counted: new CountedAnswers(ledger),
    viewerOf: () => Promise.resolve(viewer.current),
    callerOf: () => ({ address: null, httpVersion: null }),
    signIn: {
      addTo: () => undefined,
      isSecure: true,
      origin: BASE_URL,
      tokenOf: () => Promise.resolve("token"),
    },
  });
  return {
    done,
    viewer,
    send: async (
      path: string,
      fields: Readonly<Record<string, string>>,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<number> => {
      const body = new URLSearchParams(fields);
      const all = { origin: BASE_URL, ...headers };
      return (await app.fetch(new Request(`${BASE_URL}${path}`, { method: "POST", body, headers: all })))
        .status;
    },
  };
}

test("every field that takes more than a name has a label, by which it is shown where its form is not", () => {
  const written = PAGES.flatMap(({ path, acts = [] }) =>
    acts.flatMap((act) =>
      Object.entries(act.fields.shape).flatMap(([name, field]) =>
        z.safeParse(field, "x".repeat(300)).success ? [[path, act.name, name, labelsOf(act).has(name)]] : [],
      ),
    ),
  );
  expect(written.length).toBeGreaterThanOrEqual(9);
  expect(written.filter(([, , , isLabelled]) => isLabelled !== true)).toEqual([]);
});

function formOf(act: string, fields: Readonly<Record<string, string>>): Record<string, string> {
  return { ...fields, csrf: "the token of this session", act, form: "aaaaaaaaaaaaaaaaaaaaaa" };
}

test("there are acts on the pages", () => {
  expect(ALL.length).toBeGreaterThanOrEqual(5);
});

test.each(ALL)(
  "%s on %s: is not taken with a token that is missing, forged or another session's",
  async (act, _, path, fields) => {
    const { send, done } = await pages();
    const form = formOf(act, fields);
    for (const csrf of ["", "forged", "the token of another session", "the token of this session "])
      expect(await send(path, { ...form, csrf })).toBe(403);
    const { csrf, ...without } = form;
    expect([await send(path, without), csrf]).toEqual([403, "the token of this session"]);
    for (const origin of ["null", "https://evil.example", `${BASE_URL}:444`, ""])
      expect(await send(path, form, { origin })).toBe(403);
    expect(await send(path, { ...form, more: "x" })).toBe(400);
    expect(done).toEqual([]);
    // Its honest twin is read.
    expect([303, 404, 422]).toContain(await send(path, form));
  },
);

test.each(ALL)(
  "%s on %s: is not taken from an auditor, from nobody, nor for an organisation that is not theirs",
  async (act, _, path, fields) => {
    const form = formOf(act, fields);
    const auditor = await pages([{ organization: ORGANIZATION, repositories: "all", role: "auditor" }]);
    expect(await auditor.send(path, form)).toBe(403);
    const nobody = await pages([WEB_ONLY], null);
    expect(await nobody.send(path, form)).toBe(403);
    const other = await pages();
    expect(await other.send(`${path}?org=globex`, form)).toBe(404);
    expect([auditor.done, nobody.done, other.done]).toEqual([[], [], []]);
  },
);

test.each(ALL)(
  "%s on %s: is not taken for what its sender may not see, nor once they may see it no more",
  async (act, _, path, fields) => {
    const unseen = await pages([{ ...WEB_ONLY, repositories: new Set([4_242]) }]);
    expect([404, 422]).toContain(await unseen.send(path, formOf(act, fields)));
    const demoted = await pages([{ organization: ORGANIZATION, repositories: "all", role: "lead" }]);
    demoted.viewer.current = { ...demoted.viewer.current, sees: [{ ...WEB_ONLY, repositories: new Set() }] };
    expect([404, 422]).toContain(await demoted.send(path, formOf(act, fields)));
    expect([unseen.done, demoted.done]).toEqual([[], []]);
  },
);
