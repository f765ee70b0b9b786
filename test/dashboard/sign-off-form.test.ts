/** A month is signed off from its page by the account that owns the control, once, and by nobody else. */

import { expect, test } from "vitest";

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

async function signedOff(pages: PagesAtGitHub): Promise<readonly string[]> {
  const ledger = await pages.harness.openLedger();
  try {
    const found: string[] = [];
    for await (const { body } of ledger.states("monthly-review"))
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
