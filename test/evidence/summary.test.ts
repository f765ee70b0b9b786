import { expect, test } from "vitest";

import { Tally } from "../../src/domain/evidence/summary.ts";

function counted(rows: readonly Readonly<Record<string, string>>[], path: string): Tally {
  const tally = new Tally();
  for (const row of rows) tally.count(path, (column) => row[column] ?? "");
  return tally;
}

test("emergencies authorised alone are a class of their own, apart again while nobody confirmed them", () => {
  const at = "2026-07-06T09:00:00Z";
  const tally = counted(
    [
      { status: "used", authorised_at: at, alone: "no" },
      { status: "used", authorised_at: at, alone: "yes", confirmed_at: at },
      { status: "used", authorised_at: at, alone: "yes", confirmed_at: "" },
      { status: "withdrawn", authorised_at: "", alone: "" },
    ],
    "emergency-changes.csv",
  );
  expect(tally.summary().emergencies).toEqual({
    total: 4,
    by_status: { used: 3, withdrawn: 1 },
    by_authorisation: { "alone-confirmed": 1, "alone-unconfirmed": 1, independent: 1, none: 1 },
    reviews_by_status: {},
    reviews_late_or_overdue: 0,
  });
});

test("a review that came late is counted with those that are overdue", () => {
  const tally = counted(
    [
      { status: "approved", late: "no", overdue: "no" },
      { status: "approved", late: "yes", overdue: "no" },
      { status: "due", late: "", overdue: "yes" },
    ],
    "retroactive-reviews.csv",
  );
  expect(tally.summary().emergencies).toMatchObject({
    reviews_by_status: { approved: 2, due: 1 },
    reviews_late_or_overdue: 2,
  });
});

test("what somebody accepted although it could not be verified is counted, and stays unverifiable", () => {
  const { total, by_verdict, unverifiable_accepted } = counted(
    [
      { verdict: "unverifiable", unverifiable_accepted: "independently-approved;carol#3;seen on a call" },
      { verdict: "unverifiable" },
      {
        verdict: "unverifiable",
        unverifiable_accepted: "checks-passed;carol#3;ran it | content-as-reviewed;dan#4;compared it",
      },
    ],
    "changes.csv",
  ).summary().changes;
  expect({ total, by_verdict, unverifiable_accepted }).toEqual({
    total: 3,
    by_verdict: { unverifiable: 3 },
    unverifiable_accepted: 2,
  });
});
