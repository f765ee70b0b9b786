import { afterEach, describe, expect, test } from "vitest";

import { UsageError } from "../../src/cli/terminal/answer.ts";
import { actOnEmergency, answerOf } from "../../src/cli/emergency/act.ts";
import { listEmergencies } from "../../src/cli/emergency/list.ts";
import { authorised, emergencyEntry, opened, used, withdrawn } from "../../src/domain/emergency/life.ts";
import { reviewEntry, reviewOwed } from "../../src/domain/emergency/retroactive-review.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { ann, bob, policy, repository, START } from "../support/facts.ts";
import { freshDatabase } from "../support/stores.ts";

const OCCASION = { repository, pull: 7, deployment: null, policy: policy(), policyDigest: "0".repeat(64) };
const GIVEN = {
  by: bob,
  at: START,
  via: "comment",
  until: START,
  head: null,
  authority: {
    actor: bob,
    permission: "write",
    teams: [],
    organizations: [],
    unread: [],
    at: START,
    basis: "observed",
  },
  confirmBy: null,
} as const;
const DAY = 24 * 3_600_000;
const clear: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const remove of clear.splice(0)) await remove();
});

describe("emergency list", () => {
  test("shows what is open or owed, and answers 1 once a review is overdue", async () => {
    const database = await freshDatabase("sqlite");
    clear.push(database.remove);
    const ledger = await openLedger(database.where);
    const attribution = { by: ann, at: START, via: "comment" } as const;
    const waiting = opened(OCCASION, "a", attribution, "the shop is down", null);
    const done = used(authorised(waiting, GIVEN, OCCASION), START, "change");
    const review = reviewOwed(done, { at: START, subject: "change", shipped: "b".repeat(40) }, OCCASION);
    const over = withdrawn(
      opened(OCCASION, "b", attribution, "not needed", null),
      attribution,
      "ann withdrew it",
    );
    const body = {
      repository,
      installationId: 1,
      installedFrom: START,
      removedAt: null,
      inScope: true,
      reason: "",
      productionRefs: [],
      archived: false,
    };
    const known = {
      kind: "repository",
      subject: "5",
      repositoryId: 5,
      organizationId: 2,
      at: START,
      body,
    } as const;
    const entries = [known, emergencyEntry(done), reviewEntry(review), emergencyEntry(over)];
    await ledger.record({ entries, actions: [] }, START);
    await ledger.close();

    const early = await listEmergencies(database.where, {}, START + DAY);
    expect(early.code).toBe(0);
    expect(early.lines.join("\n")).toContain("acme/web#7");
    expect(early.lines.join("\n")).toContain("due, due 2026-07-08T09:00:00Z");
    expect(early.lines.join("\n")).not.toContain("not needed");
    const late = await listEmergencies(database.where, { all: true }, START + 3 * DAY);
    expect(late.code).toBe(1);
    expect(late.lines.join("\n")).toContain("overdue");
    expect(late.lines.join("\n")).toContain("not needed");
  });
});

describe("emergency declare", () => {
  const terminal = { print: () => {}, printError: () => {}, env: {}, interactive: false };
  const now = (): number => START;

  test("asks for a pull request, or for an environment and a commit, and never for both", async () => {
    for (const named of [
      {},
      { environment: "production" },
      { pull: 7, environment: "production", commit: "main" },
    ]) {
      const said = actOnEmergency(terminal, "declare", { repo: "acme/web", as: "ann", ...named }, { now });
      await expect(said).rejects.toThrow(
        "Name what it is for: --pull 7, or --environment production --commit SHA.",
      );
    }
  });

  test("prints each paragraph of its reply on a line of its own, and answers 1 where it was refused", () => {
    const done = answerOf({
      says: "It is authorised.\n\n- waived: checks",
      emergency: "EMG-1",
      refused: null,
    });
    expect([done.code, done.lines]).toEqual([0, ["It is authorised.", "- waived: checks"]]);
    const refused = answerOf({ refused: "No emergency is open here." });
    expect([refused.code, refused.lines]).toEqual([1, ["No emergency is open here."]]);
  });

  test("is wrong use without the App's settings", async () => {
    const options = { repo: "acme/web", pull: 7, reason: "the shop is down", as: "ann" };
    await expect(actOnEmergency(terminal, "declare", options, { now })).rejects.toThrow(UsageError);
  });
});
