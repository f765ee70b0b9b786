/** A month is signed off from its page by the account that owns the control, once, and by nobody else. */

import { expect, test } from "vitest";

import { maySignOff, signersOf } from "../../src/domain/monitoring/sign-off.ts";
import { defaultPolicy } from "../../src/domain/policy/tighten.ts";
import { pagesAtGitHub, type PagesAtGitHub } from "./at-github.ts";

const STORY = `
name: a month is over
policy:
  mode: enforce
  monitoring: { owner: carol }
  deviations: { repository: acme/change-control }
  access: { leads: { teams: [acme/leads] } }
repositories: { change-control: {} }
people:
  ann: { permission: write }
  bob: { permission: write, teams: [leads] }
  carol: { permission: write, teams: [leads] }
start: 2026-07-06T09:00:00Z
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: a, files: { src/a.ts: "1" } }
  - { do: review, by: bob, pull: 1, state: approved }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: wait, at: "2026-08-01T06:00:00Z" }
`;

/** The same, whose owner leads nothing, and is known by GitHub's id. */
const OWNED = STORY.replace("carol: { permission: write, teams: [leads] }", "carol: { permission: read }")
  .replace("bob: { permission: write, teams: [leads] }", "bob: { permission: write }")
  .replace("people:", "people:\n  dan: { permission: write, teams: [leads] }");

test("an owner who leads nothing sees what they own, and signs it off; no other member, and no lead who owns nothing", async () => {
  const pages = await pagesAtGitHub(OWNED);
  const [bob, carol, dan] = [
    await pages.signedIn("bob"),
    await pages.signedIn("carol"),
    await pages.signedIn("dan"),
  ];
  const forms = await carol.forms("/months");
  const [form] = forms;
  if (form === undefined) throw new Error(await (await carol.open("/months")).text());
  const shown = await (await carol.open("/months")).text();
  expect(shown).toContain("Of the controls you own:");
  expect(shown).toContain("Not shown to you");
  for (const each of [bob, dan]) expect(await each.forms("/months")).toEqual([]);
  expect(await (await bob.open("/months")).text()).not.toContain("carol");
  const own = { ...form, text: "I read every change" };
  for (const [other, status] of [
    [bob, 404],
    [dan, 422],
  ] as const) {
    const csrf = /name="csrf" value="([^"]+)"/u.exec(await (await other.open("/months")).text())?.[1] ?? "";
    const answer = await other.send("/months", { ...own, csrf });
    expect(answer.status).toBe(status);
    if (other === bob) expect(await answer.text()).not.toContain("carol");
  }
  expect(await signedOff(pages)).toEqual([]);
  const done = await carol.send("/months", own);
  expect(done.status).toBe(303);
  const after = await (await carol.open(done.headers.get("location") ?? "")).text();
  expect(after).toMatch(/role="status"[^]*carol signed off[^]*id="signed-off"[^]*I read every change/u);
  expect(await carol.forms("/months")).toHaveLength(forms.length - 1);
  expect(await signedOff(pages)).toHaveLength(1);
});

test("what nobody owns is nobody's to sign off from a page or by a comment, only at a terminal", () => {
  const owned = { owner: "carol", ownerId: 7 };
  const policy = defaultPolicy();
  const named = { ...policy, monitoring: { ...policy.monitoring, owner: "dan" } };
  const at = (id: number | null, login: string) => ({ id, login });
  const may = (review: typeof owned | null, of: typeof policy, by: ReturnType<typeof at>) =>
    maySignOff(signersOf(review, of, "merged-by-pull-request"), by);
  expect([may(null, policy, at(7, "carol")), may(null, policy, at(null, "carol"))]).toEqual([false, true]);
  expect([may(owned, policy, at(7, "renamed")), may(owned, policy, at(8, "carol"))]).toEqual([true, false]);
  expect([may(owned, named, at(9, "dan")), may(owned, named, at(9, "eve"))]).toEqual([true, false]);
});

async function signedOff(pages: PagesAtGitHub): Promise<readonly string[]> {
  const ledger = await pages.harness.openLedger();
  try {
    const found: string[] = [];
    for await (const { body } of ledger.states("monthly-review", { everyOrganization: true }))
      if (body.signedOff !== null)
        found.push(
          [
            body.control,
            body.month,
            body.signedOff.by.login,
            body.signedOff.via,
            body.signedOff.comment,
          ].join(" "),
        );
    return found;
  } finally {
    await ledger.close();
  }
}

test("its owner signs it off with a comment, once; who does not own it is refused in the table's own words", async () => {
  const pages = await pagesAtGitHub(STORY);
  const [bob, carol] = [await pages.signedIn("bob"), await pages.signedIn("carol")];
  const [form] = await carol.forms("/months");
  if (form === undefined) throw new Error(await (await carol.open("/months")).text());
  const own: Record<string, string> = { ...form, text: "I read every change" };
  const { control = "", month = "" } = form;
  // The form is shown to its owner alone; made by hand, it is refused.
  expect(await bob.forms("/months")).toEqual([]);
  const csrf = /name="csrf" value="([^"]+)"/u.exec(await (await bob.open("/months")).text())?.[1] ?? "";
  const forged = await bob.send("/months", { ...own, csrf });
  expect([forged.status, await forged.text()]).toEqual([
    422,
    expect.stringContaining(`Only carol can sign off ${control}`),
  ]);
  const empty = await carol.send("/months", { ...own, text: "" });
  expect([empty.status, await empty.text()]).toEqual([
    422,
    expect.stringContaining("A sign-off needs a comment"),
  ]);
  expect(await signedOff(pages)).toEqual([]);
  const answers = await Promise.all([carol.send("/months", own), carol.send("/months", own)]);
  expect(answers.map(({ status }) => status)).toEqual([303, 303]);
  expect(await signedOff(pages)).toEqual([`${control} ${month} carol page I read every change`]);
  const again = await carol.send("/months", { ...own, form: "another-form-of-hers" });
  expect([again.status, await again.text()]).toEqual([422, expect.stringContaining("already signed off")]);
});
