import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { FIRST_LINK } from "../../src/domain/records/chain.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { Newest, ReadEntries, type NewestAnswer } from "../../src/ledger/newest.ts";
import { endOnFailure, rounds } from "../support/effort.ts";
import { describeOnBothStores } from "../support/stores.ts";
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

describe("single entries that were read", () => {
  const place = (seq: number, hash = `hash ${seq}`) => ({ seq, hash });
  const row = ({ seq, hash }: ReturnType<typeof place>) => ({
    ...place(seq, hash),
    kind: "coverage-gap",
    subject: String(seq),
    repository_id: 1,
    organization_id: 9,
    at: 1,
    recorded_at: 1,
    previous_hash: "",
    version: 1,
    body: JSON.stringify(gap(String(seq), seq).body),
  });

  test("are read again only where no entry with that hash is kept, and come as they were asked for", async () => {
    const entries = new ReadEntries();
    const asked: (readonly number[])[] = [];
    const ask = async (places: readonly ReturnType<typeof place>[]) => {
      const found = await entries.at("coverage-gap", places, (seqs) => {
        asked.push(seqs);
        return Promise.resolve(places.filter(({ seq }) => seqs.includes(seq)).map(row));
      });
      return found.entries.map(({ hash }) => hash);
    };
    expect(await ask([place(2), place(1)])).toEqual(["hash 2", "hash 1"]);
    expect(await ask([place(3), place(1), place(2)])).toEqual(["hash 3", "hash 1", "hash 2"]);
    // A log that was put back has another entry in the same place.
    expect(await ask([place(3), place(2, "another")])).toEqual(["hash 3", "another"]);
    expect(asked).toEqual([[2, 1], [3], [2]]);
    expect(entries.use().entries).toBe(4);
  });

  test("are never left out where the log has them no more", async () => {
    const gone = new ReadEntries().at("coverage-gap", [place(1)], () => Promise.resolve([]));
    await expect(gone).rejects.toThrow("entry 1 is in no log any more");
  });
});

const SUBJECTS = ["a", "a/1", "b"] as const;

/** A small entry of a kind of which single entries are kept. */
function gap(subject: string, value: number): Entry<"coverage-gap"> {
  const body = {
    id: subject,
    cause: "app-down",
    scope: "acme",
    from: 1,
    to: 2,
    because: `reading ${value}`,
    backfilled: false,
  } as const;
  return { kind: "coverage-gap", subject, repositoryId: 1, organizationId: 9, at: 1_000, body };
}

describeOnBothStores("two ledgers on one database", (open) => {
  const act = fc.record({
    by: fc.constantFrom(0, 1),
    what: fc.constantFrom("write", "state", "states", "some"),
    kind: fc.constantFrom("tags", "coverage-gap"),
    subject: fc.constantFrom(...SUBJECTS),
    value: fc.nat({ max: 3 }),
  });

  test("read what a fresh reading would, whoever has written before", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 30 }), async (acts) => {
        const { ledger, again } = await open();
        const two: readonly Ledger[] = [ledger, await again()];
        let at = 0;
        for (const { by, what, kind, subject, value } of acts) {
          const one = two[by] ?? ledger;
          at += 1;
          if (what === "write") {
            const written = kind === "tags" ? entry(subject, value) : gap(subject, value);
            await one.record({ entries: [written] }, at);
          } else if (what === "state") {
            const fresh = await one.snapshot((moment) => moment.state(kind, subject));
            expect(await one.state(kind, subject)).toEqual(fresh);
          } else {
            const filter =
              what === "some"
                ? { repositoryId: 1, subjectPrefix: "a" }
                : ({ everyOrganization: true } as const);
            const fresh = await one.snapshot((moment) => all(moment.states(kind, filter)));
            const read = await all(one.states(kind, filter));
            expect(read).toEqual(fresh);
            expect(subjects(read)).toEqual(subjects(read).toSorted());
          }
        }
      }),
      { numRuns: rounds(20, 200), endOnFailure },
    );
  });

  test("read what a backup holds that was put back while they ran", async () => {
    const { kind, ledger, again, sql } = await open();
    const other = await again();
    const read = async () => (await all(ledger.states("coverage-gap", { everyOrganization: true })))[0]?.body;
    await ledger.record({ entries: [gap("a", 1)] }, 1);
    expect(await read()).toEqual(gap("a", 1).body);
    await sql(
      kind === "sqlite" ? "drop trigger log_no_delete" : "drop trigger log_no_change on log",
      "delete from state",
      "delete from log",
      `update log_head set size = 0, hash = '${FIRST_LINK}'`,
    );
    await other.record({ entries: [gap("a", 2)] }, 1);
    expect(await read()).toEqual(gap("a", 2).body);
  });
});
