import { expect, test } from "vitest";

import { endedSpans, lastHour } from "../../src/flows/completeness/schedule.ts";
import { openRig, type Rig } from "../robustness/rig.ts";
import { readStory } from "../support/scenarios.ts";
import { freshDatabase } from "../support/stores.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const STORY = readStory(
  `name: a quarter ends
policy:
  mode: enforce
  periods: [{ name: first-half, from: 2026-01-01, to: 2026-10-01 }, { name: 2026-H2, from: 2026-07-01, to: 2027-01-01 }]
people: { ann: { permission: admin } }
start: 2026-09-30T09:00:00Z
story: []
`,
  "due",
);

const iso = (at: number): string => new Date(at).toISOString();

/** What was counted of the default branch by itself: each span, and whether it was complete. */
async function counted({ ledger }: Rig): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { body } of ledger.states("completeness", { everyOrganization: true, order: "at" })) {
    const { repository, from, to, complete, listings } = body;
    if (repository.name !== "web") continue;
    const counts = listings.map(({ count }) => count).join(" ");
    found.push(`${iso(from)} ${iso(to)} ${complete ? "complete" : "NOT complete"}: ${counts}`);
  }
  return found;
}

async function changes({ ledger }: Rig): Promise<number> {
  let count = 0;
  for await (const { body } of ledger.states("change", { everyOrganization: true }))
    count += body.change.repository.name === "web" ? 1 : 0;
  return count;
}

test("completeness is counted hourly in small, told only where it is wrong, and whole for each month, quarter and period that ended", async () => {
  const { where, remove } = await freshDatabase("sqlite");
  const rig = await openRig(STORY, where);
  try {
    const push = async (at: number, text: string): Promise<void> => {
      await rig.double.setClock(at);
      const { refused, unplayable } = await rig.double.act({
        do: "push",
        by: "ann",
        branch: "main",
        files: { "src/a.ts": text },
        bypass: true,
      });
      expect(refused ?? unplayable).toBeNull();
      await rig.settle();
    };
    await push(STORY.start + HOUR, "1");
    await rig.moveTo(STORY.start + 4 * HOUR);
    // Every hour agreed: there is nothing to tell.
    expect(await counted(rig)).toEqual([]);

    await rig.fault({ do: "drop-webhooks" });
    await push(STORY.start + 5 * HOUR, "2");
    expect(await changes(rig)).toBe(1);
    await rig.fault({ do: "github-fails", match: "GET .*/web/activity", kind: "cut-short", items: 0 });
    await rig.moveTo(STORY.start + 7 * HOUR);
    const wrong = await counted(rig);
    // The list is empty, and the branch is not where it was: no hour counted now is proven.
    expect(wrong).toEqual([
      "2026-09-30T12:00:00.000Z 2026-09-30T13:00:00.000Z NOT complete: 0 0 0 0 0",
      "2026-09-30T14:00:00.000Z 2026-09-30T15:00:00.000Z NOT complete: 0 0 0 0 0",
    ]);

    await rig.fault({ do: "recover" });
    await rig.moveTo(Date.parse("2026-10-01T06:00:00Z"));
    expect(await changes(rig)).toBe(2);
    // Listed: GitHub's chain, git's own line, merged pull requests, webhooks that came, the log.
    expect((await counted(rig)).filter((each) => !wrong.includes(each))).toEqual([
      "2026-01-01T00:00:00.000Z 2026-10-01T00:00:00.000Z complete: 2 2 0 1 2",
      "2026-07-01T00:00:00.000Z 2026-10-01T00:00:00.000Z complete: 2 2 0 1 2",
      "2026-09-01T00:00:00.000Z 2026-10-01T00:00:00.000Z complete: 2 2 0 1 2",
    ]);
  } finally {
    await rig.close();
    await remove();
  }
});

test("an hour is counted once GitHub's lists have settled, and what ended up to forty days ago is still counted", () => {
  const now = Date.parse("2026-10-01T00:05:00Z");
  expect(iso(lastHour(now).to)).toBe("2026-09-30T23:00:00.000Z");
  expect(iso(lastHour(now + 10 * 60_000).to)).toBe("2026-10-01T00:00:00.000Z");
  expect(endedSpans(now, []).map(({ to }) => iso(to))).toEqual(["2026-09-01T00:00:00.000Z"]);
  const later = endedSpans(Date.parse("2026-11-05T00:00:00Z"), []);
  expect(later.map(({ from, to }) => [iso(from).slice(0, 10), iso(to).slice(0, 10)])).toEqual([
    ["2026-10-01", "2026-11-01"],
    ["2026-07-01", "2026-10-01"],
  ]);
  const named = { from: now - 90 * DAY, to: now - 41 * DAY };
  expect(endedSpans(now, [named])).not.toContainEqual(named);
});
