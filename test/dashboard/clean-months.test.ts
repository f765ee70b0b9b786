/** Clean months since a remediation was done are counted wherever they are named, as they are when its deviation is closed. */

import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";

import { showDeviation, listDeviations } from "../../src/cli/deviation/deviation.ts";
import { remediationEntry } from "../../src/domain/deviation/decide.ts";
import { plannedRemediation } from "../../src/domain/deviation/remediation.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import { reviewedMonthsOf } from "../../src/flows/deviations/commands.ts";
import {
  deviationEntry,
  GENERATED_AT,
  ledgerWith,
  ORGANIZATION,
  smallLog,
  WEB,
} from "../evidence/fixture.ts";
import { pagesOf } from "./browsing.ts";

const HAPPENED = Date.parse("2026-06-16T09:00:00Z");
const DONE = Date.parse("2026-06-20T09:00:00Z");
const ANN = { id: 101, login: "ann" };

/** A deviation of June whose remediation is done: July was signed off as it was, August was not. */
function log(): readonly Entry[] {
  const opened = deviationEntry(4, HAPPENED);
  const moved = { command: "done", by: ANN, role: "owner", via: "comment", at: DONE, text: "done" } as const;
  const deviation = {
    ...opened,
    body: { ...opened.body, controls: ["independently-approved"], status: "done", moved },
  } as Entry<"deviation">;
  const remediation = remediationEntry({
    ...plannedRemediation(deviation.body, moved),
    status: "done",
    owner: ANN,
    owners: [ANN],
    evidence: [{ text: "https://ci.example/1", by: ANN, at: DONE }],
    done: { by: ANN, at: DONE, text: "done" },
  });
  const others = smallLog().filter(
    ({ kind, subject }) =>
      !["deviation", "remediation"].includes(kind) &&
      (kind !== "monthly-review" || subject.endsWith(":2026-07")),
  );
  return [...others, deviation, remediation];
}

function textOf(html: string): string {
  return html.replaceAll(/<[^>]*>/gu, " ").replaceAll(/\s+/gu, " ");
}

async function opened() {
  const made = await ledgerWith(log());
  onTestFinished(made.close);
  const id = deviationEntry(4, HAPPENED).subject;
  return { ...made, id, where: { dataDir: join(made.folder, "data") } };
}

test("on the page of the deviation, for whoever sees the organisation", async () => {
  const { ledger, id } = await opened();
  const text = textOf(await (await pagesOf(ledger).ask(`/deviations/${id}`)).text());
  expect(text).toContain("Next: 3 clean monthly reviews in a row (so far: 1).");
  expect(text).toContain(
    "It has operated, with evidence: no: 1 of 3 clean monthly reviews in a row since it was done",
  );
});

test("on that page for a member with the reason why they are not shown", async () => {
  const { ledger, id } = await opened();
  const access = { organization: ORGANIZATION, repositories: new Set([WEB.id]), role: "member" as const };
  const viewer = { name: "dev", person: null, sees: [access] };
  const text = textOf(await (await pagesOf(ledger, { viewer }).ask(`/deviations/${id}`)).text());
  expect(text).not.toMatch(/so far|\d of 3 clean/u);
  expect(text).toMatch(
    /What to do now[^]*3 clean monthly reviews in a row since it was done[^]*Not shown to you/u,
  );
});

test("at the terminal, in the list and in the words of its issue", async () => {
  const { where, id, ledger } = await opened();
  await ledger.beat(GENERATED_AT);
  const one = await showDeviation(where, id, GENERATED_AT);
  expect(one.lines.join("\n")).toContain("(so far: 1)");
  const all = await listDeviations(where, {}, GENERATED_AT);
  expect(all.lines.join("\n")).toContain("(so far: 1)");
});

test("cost a reading of the changes only where a remediation is done", async () => {
  const { ledger } = await opened();
  const read = vi.spyOn(ledger, "states");
  const kindsReadFor = async (deviation: Entry<"deviation">): Promise<readonly string[]> => {
    read.mockClear();
    await reviewedMonthsOf({ ledger }, deviation.body, GENERATED_AT);
    return read.mock.calls.map(([kind]) => kind);
  };
  expect(await kindsReadFor(deviationEntry(5, HAPPENED))).not.toContain("change");
  expect(await kindsReadFor(deviationEntry(4, HAPPENED))).toContain("change");
});
