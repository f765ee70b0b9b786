import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { FIRST_LINK, linkHash } from "../../src/domain/records/chain.ts";
import { canonical, sha256 } from "../../src/domain/values/digest.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import { LeaseLost } from "../../src/domain/values/external-error.ts";
import { describeLongOnBothStores, describeOnBothStores } from "../support/stores.ts";
import { action, all, delivery, entry, subjects } from "./sample.ts";
import { claimed } from "../support/claimed.ts";
import { rounds } from "../support/effort.ts";

describe("the hash link", () => {
  it("is the digest of the hash before it and of the entry's canonical form", () => {
    const unlinked = { ...entry("a", { b: "ü\n", a: "" }), seq: 7, recordedAt: 5 };
    expect(linkHash(FIRST_LINK, unlinked)).toBe(sha256(`${FIRST_LINK}\n${canonical(unlinked)}`));
  });

  it("covers the version of a body, of which a line of version 1 says nothing", () => {
    const unlinked = { ...entry("a", 1), seq: 7, recordedAt: 5 };
    const newer = { ...unlinked, version: 2 };
    expect(linkHash(FIRST_LINK, { ...unlinked, version: 1 })).toBe(linkHash(FIRST_LINK, unlinked));
    expect(linkHash(FIRST_LINK, newer)).toBe(sha256(`${FIRST_LINK}\n${canonical(newer)}`));
  });
});

describeOnBothStores("the ledger", (open) => {
  it("records entries in order, each linked to the one before", async () => {
    const { ledger } = await open();
    const logged = await ledger.record(
      { entries: [entry("a", 1), entry("b", { x: "2" })], actions: [] },
      5_000,
    );
    expect(logged.map(({ seq, recordedAt }) => [seq, recordedAt])).toEqual([
      [1, 5_000],
      [2, 5_000],
    ]);
    expect(logged[0]?.previousHash).toBe(FIRST_LINK);
    expect(logged[1]?.previousHash).toBe(logged[0]?.hash);
    expect(await all(ledger.log({ everyOrganization: true }))).toEqual(logged);
    expect(await ledger.head()).toEqual({ size: 2, hash: logged[1]?.hash });
    expect(await ledger.verifyLog()).toEqual({ ok: true, size: 2, hash: logged[1]?.hash });
  });

  it("records nothing when the same is decided again, whatever the order of its keys", async () => {
    const { ledger } = await open();
    const first = { entries: [entry("a", { x: "1", y: "2" })], actions: [action("k", { x: 1, y: 2 })] };
    const again = { entries: [entry("a", { y: "2", x: "1" })], actions: [action("k", { y: 2, x: 1 })] };
    expect(await ledger.record(first, 1)).toHaveLength(1);
    expect(await ledger.record(again, 2)).toEqual([]);
    expect((await ledger.head()).size).toBe(1);
    expect((await ledger.queue.waiting()).actions).toBe(1);
  });

  it("keeps the newest state of a subject, and every older one in the log", async () => {
    const { ledger } = await open();
    await ledger.record({ entries: [entry("a", 1), entry("a", 2), entry("a", 2)], actions: [] }, 1);
    await ledger.record({ entries: [entry("a", 1)], actions: [] }, 2);
    expect((await ledger.state("tags", "a"))?.body.at).toBe(1);
    expect((await ledger.state("tags", "a"))?.seq).toBe(3);
    expect(await ledger.state("deployment", "a")).toBeUndefined();
    expect(
      (await all(ledger.log({ everyOrganization: true, kinds: ["tags"] }))).map(({ body }) => body.at),
    ).toEqual([1, 2, 1]);
  });

  it("records all or nothing", async () => {
    const { ledger } = await open();
    const broken = { entries: [entry("a", 1), entry("b", Number.NaN)], actions: [action("k", 1)] };
    await expect(ledger.record(broken, 1)).rejects.toThrow("NaN");
    const lateBroken = { entries: [entry("a", 1)], actions: [action("k", Number.NaN)] };
    await expect(ledger.record(lateBroken, 1)).rejects.toThrow("NaN");
    expect((await ledger.head()).size).toBe(0);
    expect(await ledger.state("tags", "a")).toBeUndefined();
    expect((await ledger.queue.waiting()).actions).toBe(0);
  });

  it("records no body that is not as its schema says", async () => {
    const { ledger } = await open();
    const wrong = { ...entry("a", 1), body: { tags: { v1: 7 }, at: 1 } } as unknown as Entry;
    await expect(ledger.record({ entries: [entry("b", 1), wrong] }, 1)).rejects.toThrow(
      "the tags a is not as it is stored: tags.v1: ",
    );
    expect((await ledger.head()).size).toBe(0);
  });

  it("refuses to read what a newer version recorded, and says so; the log is whole all the same", async () => {
    const { ledger, sql } = await open();
    await ledger.record({ entries: [entry("a", 1)] }, 1);
    const { size, hash } = await ledger.head();
    const newer = { ...entry("b", 1), seq: size + 1, recordedAt: 2, version: 2 };
    const link = linkHash(hash, newer);
    await sql(
      `insert into log (seq, kind, subject, repository_id, organization_id, at, recorded_at, previous_hash, hash, version, body)
        values (2, 'tags', 'b', 1, 9, 1000, 2, '${hash}', '${link}', 2, '${canonical(newer.body)}')`,
      `insert into state (kind, subject, seq, repository_id, organization_id, at) values ('tags', 'b', 2, 1, 9, 1000)`,
      `update log_head set size = 2, hash = '${link}'`,
    );
    expect(await ledger.verifyLog()).toEqual({ ok: true, size: 2, hash: link });
    const said = { code: "database-version", message: expect.stringContaining("Entry 2") };
    await expect(ledger.state("tags", "b")).rejects.toMatchObject(said);
    await expect(all(ledger.states("tags", { everyOrganization: true }))).rejects.toMatchObject(said);
    await expect(all(ledger.log({ everyOrganization: true }))).rejects.toMatchObject(said);
    await expect(ledger.record({ entries: [entry("b", 2)] }, 3)).rejects.toMatchObject(said);
    expect((await ledger.state("tags", "a"))?.body.at).toBe(1);
  });

  it("gives states by subject or by time, cut by repository, organisation, prefix and half-open period", async () => {
    const { ledger } = await open();
    await ledger.record(
      {
        entries: [
          entry("b/1", 1, { at: 30 }),
          entry("a/1", 1, { at: 20, repositoryId: 2 }),
          entry("a/2", 1, { at: 10, organizationId: 8 }),
          entry("a/\u{1F600}", 1, { at: 20 }),
          { ...entry("ignored", 1), kind: "webhook", body: { url: "" } },
        ],
        actions: [],
      },
      1,
    );
    const found = async (filter: Parameters<typeof ledger.states>[1]) =>
      subjects(await all(ledger.states("tags", filter)));
    expect(await found({ everyOrganization: true })).toEqual(["a/1", "a/2", "a/\u{1F600}", "b/1"]);
    expect(await found({ everyOrganization: true, order: "at" })).toEqual([
      "a/2",
      "a/1",
      "a/\u{1F600}",
      "b/1",
    ]);
    expect(await found({ everyOrganization: true, from: 10, to: 30 })).toEqual(["a/1", "a/2", "a/\u{1F600}"]);
    expect(await found({ repositoryId: 1, order: "at" })).toEqual(["a/2", "a/\u{1F600}", "b/1"]);
    expect(await found({ organizationId: 8 })).toEqual(["a/2"]);
    expect(await found({ everyOrganization: true, subjectPrefix: "a/" })).toEqual([
      "a/1",
      "a/2",
      "a/\u{1F600}",
    ]);
    expect(await all(ledger.log({ everyOrganization: true, kinds: ["webhook"], from: 0 }))).toHaveLength(1);
    expect(await all(ledger.log({ everyOrganization: true, from: 20, to: 30 }))).toHaveLength(2);
    expect(subjects(await all(ledger.log({ organizationId: 8 })))).toEqual(["a/2"]);
  });

  it("reads more than one page of states and log without a gap or a double", async () => {
    const { ledger } = await open();
    const entries = Array.from({ length: 2_345 }, (_, index) =>
      entry(String(index).padStart(5, "0"), index, { at: index % 7 }),
    );
    await ledger.record({ entries, actions: [] }, 1);
    const bySubject = entries.map(({ subject }) => subject);
    expect(subjects(await all(ledger.log({ everyOrganization: true })))).toEqual(bySubject);
    expect(subjects(await all(ledger.states("tags", { everyOrganization: true })))).toEqual(bySubject);
    const byTime = entries.toSorted((one, other) => one.at - other.at).map(({ subject }) => subject);
    expect(subjects(await all(ledger.states("tags", { everyOrganization: true, order: "at" })))).toEqual(
      byTime,
    );
    expect((await ledger.verifyLog()).ok).toBe(true);
  });

  it("lets a reader go on while a writer writes", async () => {
    const { ledger } = await open();
    const entries = Array.from({ length: 1_500 }, (_, index) => entry(String(index + 10_000), index));
    await ledger.record({ entries, actions: [] }, 1);
    let read = 0;
    for await (const logged of ledger.log({ everyOrganization: true })) {
      read += 1;
      if (logged.seq === 500) await ledger.record({ entries: [entry("late", 1)], actions: [] }, 2);
    }
    expect(read).toBe(1_501);
  });

  it("keeps one chain without a gap under two writers at once", async () => {
    const { ledger, again } = await open();
    const other = await again();
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? ledger : other).record(
          {
            entries: [entry(`s${index % 5}`, index), entry(`t${index}`, index)],
            actions: [action("k", index)],
          },
          index,
        ),
      ),
    );
    const check = await ledger.verifyLog();
    expect(check).toMatchObject({ ok: true, size: 80 });
    const log = await all(other.log({ everyOrganization: true }));
    for (const state of await all(other.states("tags", { everyOrganization: true })))
      expect(log.findLast((logged) => logged.subject === state.subject)).toEqual(state);
    expect((await ledger.queue.waiting()).actions).toBe(1);
  });

  it("refuses to record for a worker whose lease ran out or was taken", async () => {
    const { ledger } = await open();
    await ledger.record({ entries: [], actions: [action("k", 1)] }, 10);
    const lane = "repository:1";
    expect(await claimed(ledger.queue, "ann", 10, 100, 5)).toEqual([lane]);
    const decision = { entries: [entry("a", 1)], actions: [] };
    await expect(ledger.record(decision, 110, { owner: "ann", lane })).rejects.toThrow(LeaseLost);
    expect(await claimed(ledger.queue, "bob", 110, 100, 5)).toEqual([lane]);
    await expect(ledger.record(decision, 120, { owner: "ann", lane })).rejects.toThrow(LeaseLost);
    expect((await ledger.head()).size).toBe(0);
    expect(await ledger.record(decision, 120, { owner: "bob", lane })).toHaveLength(1);
  });

  it("refuses to change or delete an entry", async () => {
    const { ledger, sql } = await open();
    await ledger.record({ entries: [entry("a", 1)], actions: [] }, 1);
    await expect(sql("update log set body = '2'")).rejects.toThrow("append-only");
    await expect(sql("delete from log")).rejects.toThrow("append-only");
    expect((await ledger.verifyLog()).ok).toBe(true);
  });

  it("takes any text there is, and finds what was stored under it again", async () => {
    const { ledger } = await open();
    const text = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.constantFrom("half \ud83d", "\udc00 half", "a\u0000b", "\u0000", "\u202e"),
    );
    let round = 0;
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        round += 1;
        const subject = `${round}/${given}`;
        await ledger.record(
          { entries: [entry(subject, { [given]: given })], actions: [action(subject, { given })] },
          1,
        );
        const found = await ledger.state("tags", subject);
        expect(found).toBeDefined();
        await ledger.queue.store(
          delivery(`d${round}`, { action: given, lane: `repository:${round + 1_000}` }),
        );
      }),
      { numRuns: rounds(12, 30) },
    );
    expect((await ledger.verifyLog()).ok).toBe(true);
    expect(await ledger.queue.waiting()).toMatchObject({ deliveries: round, actions: round });
  });

  it("recording is idempotent: any decision recorded twice leaves what once leaves", async () => {
    const { ledger } = await open();
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.dictionary(fc.string(), fc.string())), {
          maxLength: 6,
        }),
        async (pairs) => {
          round += 1;
          const entries = pairs.map(([subject, body]) => entry(`${round}/${subject}`, body));
          // Within one decision a subject may change its state and come back; twice the same decision is about its outcome.
          const last = [...new Map(entries.map((one) => [one.subject, one])).values()];
          await ledger.record(
            { entries: last, actions: last.map((one) => action(one.subject, one.body)) },
            1,
          );
          const before = [await ledger.head(), await ledger.queue.waiting()];
          expect(
            await ledger.record(
              { entries: last, actions: last.map((one) => action(one.subject, one.body)) },
              2,
            ),
          ).toEqual([]);
          expect([await ledger.head(), await ledger.queue.waiting()]).toEqual(before);
        },
      ),
      { numRuns: rounds(10, 25) },
    );
    expect((await ledger.verifyLog()).ok).toBe(true);
  });
});

/** What someone with the database's password could do to entry `seq` of three, once the guards are off. */
const TAMPERING: Readonly<Record<string, (seq: number) => readonly string[]>> = {
  "edits a body": (seq) => [`update log set body = '"forged"' where seq = ${seq}`],
  "adds a space to a body": (seq) => [`update log set body = body || ' ' where seq = ${seq}`],
  "moves the time": (seq) => [`update log set at = at + 1 where seq = ${seq}`],
  "moves the time of recording": (seq) => [`update log set recorded_at = recorded_at - 1 where seq = ${seq}`],
  "changes the subject": (seq) => [`update log set subject = 'other' where seq = ${seq}`],
  "changes the kind": (seq) => [`update log set kind = 'gate' where seq = ${seq}`],
  "changes the repository": (seq) => [`update log set repository_id = 2 where seq = ${seq}`],
  "changes the organisation": (seq) => [`update log set organization_id = 2 where seq = ${seq}`],
  "changes the version of a body": (seq) => [`update log set version = 2 where seq = ${seq}`],
  "changes the hash": (seq) => [`update log set hash = '${"1".repeat(64)}' where seq = ${seq}`],
  "changes the link": (seq) => [`update log set previous_hash = '${"1".repeat(64)}' where seq = ${seq}`],
  "deletes an entry": (seq) => [`delete from log where seq = ${seq}`],
  "deletes an entry and closes the gap": (seq) => [
    `delete from log where seq = ${seq}`,
    `update log set seq = -(seq - 1) where seq > ${seq}`,
    `update log set seq = -seq where seq < 0`,
    `update log_head set size = size - 1`,
  ],
  "puts an entry in": (seq) => [
    `update log set seq = -(seq + 1) where seq >= ${seq}`,
    `update log set seq = -seq where seq < 0`,
    `insert into log select ${seq}, kind, 'inserted', repository_id, organization_id, at, recorded_at,
      previous_hash, hash, body, version from log where seq = ${seq} + 1`,
    `update log_head set size = size + 1`,
  ],
  "swaps two entries": (seq) => [
    `update log set seq = 100 where seq = ${seq}`,
    `update log set seq = ${seq} where seq = ${seq} % 3 + 1`,
    `update log set seq = ${seq} % 3 + 1 where seq = 100`,
  ],
  "changes the state's entry": (seq) => [`update state set seq = seq % 3 + 1 where seq = ${seq}`],
  "changes the state's time": (seq) => [`update state set at = at + 1 where seq = ${seq}`],
  "forgets a state": (seq) => [`delete from state where seq = ${seq}`],
};

describeLongOnBothStores("checking the log", (open) => {
  it.each(Object.keys(TAMPERING))(
    "notices, whichever of its entries it is, when someone %s",
    async (what) => {
      for (const seq of [1, 2, 3]) {
        const { ledger, sql, kind } = await open();
        for (const subject of ["a", "b", "c"])
          await ledger.record({ entries: [entry(subject, { subject })], actions: [] }, 50);
        expect((await ledger.verifyLog()).ok).toBe(true);
        await sql(
          ...(kind === "sqlite"
            ? ["drop trigger log_no_update", "drop trigger log_no_delete"]
            : ["drop trigger log_no_change on log"]),
          ...(TAMPERING[what]?.(seq) ?? []),
        );
        const check = await ledger.verifyLog();
        expect(check, `entry ${seq}`).toMatchObject({ ok: false });
      }
    },
  );
});
