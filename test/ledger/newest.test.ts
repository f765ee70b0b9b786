import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { Newest, type NewestAnswer } from "../../src/ledger/newest.ts";
import { endOnFailure, rounds } from "../support/effort.ts";
import { freshDatabase } from "../support/stores.ts";
import { all, entry, subjects } from "./sample.ts";

describe("what was read of the newest entries", () => {
  const answer = (size: number, isWhole = true): NewestAnswer<"tags"> => ({ entries: [], size, isWhole });

  /** Counts what is read, where others write as often as `others` says. */
  function counted(others: () => number | null) {
    const newest = new Newest(others);
    const asked: string[] = [];
    const ask = (question: string, size = 1, isWhole = true) =>
      newest.answer("tags", question, async () => {
        asked.push(question);
        return answer(size, isWhole);
      });
    return { newest, asked, ask };
  }

  test("is kept until an entry of its kind is written", async () => {
    const { newest, asked, ask } = counted(() => 0);
    await ask("one");
    await ask("one");
    newest.wrote(["gate"]);
    await ask("one");
    expect(asked).toEqual(["one"]);
    newest.wrote(["gate", "tags"]);
    await ask("one");
    expect(asked).toEqual(["one", "one"]);
  });

  test("is kept until somebody else writes, and never where that cannot be told", async () => {
    let others: number | null = 1;
    const { asked, ask } = counted(() => others);
    await ask("one");
    others = 2;
    await ask("one");
    await ask("one");
    expect(asked).toHaveLength(2);
    others = null;
    await ask("one");
    await ask("one");
    expect(asked).toHaveLength(4);
  });

  test("is not kept where something was written while it was read", async () => {
    const { newest, asked, ask } = counted(() => 0);
    const slow = newest.answer("tags", "one", async () => {
      newest.wrote(["tags"]);
      return answer(1);
    });
    await slow;
    await ask("one");
    expect(asked).toEqual(["one"]);
  });

  test("is not kept where there is more of it than one page", async () => {
    const { asked, ask } = counted(() => 0);
    await ask("one", 1, false);
    await ask("one", 1, false);
    expect(asked).toHaveLength(2);
  });

  test("is forgotten where it becomes too much, what was not asked for longest first", async () => {
    const { asked, ask } = counted(() => 0);
    await ask("old", 900_000);
    await ask("used", 900_000);
    await ask("old", 900_000);
    await ask("new", 900_000);
    asked.length = 0;
    await ask("old");
    await ask("new");
    expect(asked).toEqual([]);
    await ask("used");
    expect(asked).toEqual(["used"]);
  });
});

const SUBJECTS = ["a", "a/1", "b"] as const;

describe("two ledgers on one database", () => {
  const act = fc.record({
    by: fc.constantFrom(0, 1),
    what: fc.constantFrom("write", "state", "states", "some"),
    subject: fc.constantFrom(...SUBJECTS),
    value: fc.nat({ max: 3 }),
  });

  test("read what a fresh reading would, whoever has written before", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 30 }), async (acts) => {
        const { where, remove } = await freshDatabase("sqlite");
        const ledger = await openLedger(where);
        const other = await openLedger(where);
        const two: readonly Ledger[] = [ledger, other];
        let at = 0;
        for (const { by, what, subject, value } of acts) {
          const one = two[by] ?? ledger;
          at += 1;
          if (what === "write") await one.record({ entries: [entry(subject, value)] }, at);
          else if (what === "state") {
            const fresh = await one.snapshot((moment) => moment.state("tags", subject));
            expect(await one.state("tags", subject)).toEqual(fresh);
          } else {
            const filter =
              what === "some"
                ? { repositoryId: 1, subjectPrefix: "a" }
                : ({ everyOrganization: true } as const);
            const fresh = await one.snapshot((moment) => all(moment.states("tags", filter)));
            const read = await all(one.states("tags", filter));
            expect(read).toEqual(fresh);
            expect(subjects(read)).toEqual(subjects(read).toSorted());
          }
        }
        for (const each of two) await each.close();
        await remove();
      }),
      { numRuns: rounds(20, 200), endOnFailure },
    );
  });
});
