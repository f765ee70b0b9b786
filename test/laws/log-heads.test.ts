/** Law: whatever entry before the newest head that GitHub shows is rewritten, the heads no longer agree; an untouched log agrees. */

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { rewrite } from "../../src/cli/scenario/harness/tamper.ts";
import {
  compareHeads,
  headToPost,
  type HeadsCompared,
  type PostHeadPayload,
  type ShownComment,
} from "../../src/domain/monitoring/log-heads.ts";
import { headSubject, type HeadFinding, type LogHeadRecord } from "../../src/domain/records/monitoring.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { knownHeads } from "../../src/flows/monitoring/log-heads.ts";
import { entry } from "../ledger/sample.ts";
import { rounds } from "../support/effort.ts";
import { describeOnBothStores } from "../support/stores.ts";

const ORGANIZATION = { id: 9, login: "acme" };
const REPOSITORY = "acme/change-control";
const DAY = 86_400_000;

/** Posts the present head: what the App would record, and what GitHub would show. */
async function post(ledger: Ledger, shown: ShownComment[]): Promise<void> {
  const number = shown.length + 1;
  const askedAt = number * DAY;
  const wanted = {
    ...(await ledger.head()),
    number,
    why: "daily" as const,
    round: `day:${number}`,
    askedAt,
    before: null,
    repository: REPOSITORY,
    issue: 1,
    findings: [],
  };
  const { record, action } = headToPost(wanted, {
    organization: ORGANIZATION,
    installationId: 1,
    appId: 4711,
  });
  const url = `https://github.com/${REPOSITORY}/issues/1#issuecomment-${number}`;
  const by = { id: 8001, login: "countersign[bot]" };
  const posted = { issue: 1, comment: 100 + number, url, createdAt: askedAt, by };
  await ledger.record(
    {
      entries: [
        {
          kind: "log-head",
          subject: headSubject(ORGANIZATION.id, number),
          repositoryId: 0,
          organizationId: ORGANIZATION.id,
          at: askedAt,
          body: { ...record, posted },
        },
      ],
    },
    askedAt,
  );
  const { text } = action.payload as PostHeadPayload;
  shown.push({ ...posted, repository: REPOSITORY, body: text, updatedAt: askedAt });
}

async function compared(ledger: Ledger, shown: readonly ShownComment[]): Promise<readonly HeadFinding[]> {
  return compareHeads(await factsOf(ledger, shown));
}

async function factsOf(ledger: Ledger, shown: readonly ShownComment[]): Promise<HeadsCompared> {
  const known = await knownHeads(ledger, ORGANIZATION.id);
  const { size } = await ledger.head();
  const sizes = Array.from({ length: size }, (_, index) => index + 1);
  const hashAt = await ledger.hashesAt(sizes);
  return {
    organizationId: ORGANIZATION.id,
    known,
    shown,
    isRead: () => true,
    isAllRead: true,
    at: 100 * DAY,
    size,
    hashAt,
  };
}

/** How many entries come before each head, and after the last. */
const lengths = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 });

describeOnBothStores("the heads of a log", (open) => {
  test("no longer agree when an entry before the newest of them is rewritten, however its heads are rewritten too", async () => {
    await fc.assert(
      fc.asyncProperty(lengths, fc.nat(), fc.boolean(), async (before, at, isThorough) => {
        const { ledger, where } = await open();
        const shown: ShownComment[] = [];
        let made = 0;
        for (const length of before) {
          for (let number = 0; number <= length; number += 1) {
            made += 1;
            await ledger.record({ entries: [entry(`tags ${made}`, made)] }, made);
          }
          await post(ledger, shown);
        }
        expect(await compared(ledger, shown)).toEqual([]);
        const newest = (await knownHeads(ledger, ORGANIZATION.id)).at(-1)?.size ?? 0;
        const edited = 1 + (at % newest);
        await rewrite(where, ({ seq, kind, body }, hashAt) => {
          if (seq === edited) return kind === "tags" ? { ...body, at: -1 } : { ...body, round: "another" };
          if (kind !== "log-head" || !isThorough) return body;
          return { ...body, hash: hashAt(Number(body["size"])) ?? body["hash"] };
        });
        expect(await ledger.verifyLog()).toMatchObject({ ok: true });
        const found = await compared(ledger, shown);
        expect(found.some(({ code }) => code === "contradicts")).toBe(true);
      }),
      { numRuns: rounds(4, 60) },
    );
  });

  test("no longer agree when the log is cut before the newest of them", async () => {
    const { ledger } = await open();
    const shown: ShownComment[] = [];
    await ledger.record({ entries: [entry("tags", 1)] }, 1);
    await post(ledger, shown);
    const { ledger: older } = await open();
    expect((await compared(older, shown)).map(({ code }) => code)).toEqual(["contradicts"]);
  });
});

/** The same heads as GitHub and the log have them where each comment was made so much later (ms). */
function postedLater(
  known: readonly LogHeadRecord[],
  shown: readonly ShownComment[],
  { later, isInLog }: { readonly later: number; readonly isInLog: boolean },
): Pick<HeadsCompared, "known" | "shown"> {
  return {
    known: known.map((record) => {
      const { posted } = record;
      if (posted === null || !isInLog) return record;
      return { ...record, posted: { ...posted, createdAt: posted.createdAt + later } };
    }),
    shown: shown.map((comment) => ({
      ...comment,
      createdAt: comment.createdAt + later,
      updatedAt: comment.updatedAt + later,
    })),
  };
}

describeOnBothStores("heads that were deleted and posted again", (open) => {
  test("are dated otherwise where the log keeps the dates they had, and where it does not, agree with what it has", async () => {
    const { ledger } = await open();
    const shown: ShownComment[] = [];
    for (let number = 1; number <= 3; number += 1) {
      await ledger.record({ entries: [entry(`tags ${number}`, number)] }, number);
      await post(ledger, shown);
    }
    const facts = await factsOf(ledger, shown);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 * DAY }), fc.boolean(), (later, isInLog) => {
        const found = compareHeads({ ...facts, ...postedLater(facts.known, shown, { later, isInLog }) });
        const isSame = later === 0 || isInLog;
        expect(found.map(({ number, code }) => `${number} ${code}`)).toEqual(
          isSame ? [] : ["1 dated-otherwise", "2 dated-otherwise", "3 dated-otherwise"],
        );
      }),
    );
  });
});

describeOnBothStores("a head that neither GitHub nor the log has", (open) => {
  test("is missing where a later one is shown, and is not where the log has why it was never posted", async () => {
    const { ledger } = await open();
    const shown: ShownComment[] = [];
    for (let number = 1; number <= 5; number += 1) {
      await ledger.record({ entries: [entry(`tags ${number}`, number)] }, number);
      await post(ledger, shown);
    }
    const facts = await factsOf(ledger, shown);
    const without = (lost: readonly number[], isAllRead: boolean): readonly string[] =>
      compareHeads({
        ...facts,
        isAllRead,
        known: facts.known.filter(({ number }) => !lost.includes(number)),
        shown: shown.filter((_, index) => !lost.includes(index + 1)),
      }).map(({ number, code }) => `${number} ${code}`);
    expect(without([], true)).toEqual([]);
    expect(without([3], false)).toEqual(["3 missing"]);
    expect(without([1], true)).toEqual(["1 missing"]);
    expect(without([2, 3], true)).toEqual(["3 missing"]);
    // Those before may be on an issue that was not read; of those after nothing is left.
    expect(without([1], false)).toEqual([]);
    expect(without([5], true)).toEqual([]);
    // Whoever may edit a comment can write any number into it: nothing follows from that, but that it was edited.
    const forged = shown.map((comment, index) =>
      index === 4
        ? { ...comment, updatedAt: 9 * DAY, body: comment.body.replace("number=5", "number=999999999") }
        : comment,
    );
    expect(compareHeads({ ...facts, shown: forged }).map(({ code }) => code)).not.toContain("missing");
    const refused = facts.known.map((record) =>
      record.number === 3 ? { ...record, posted: null, refused: "acme/change-control is public" } : record,
    );
    const there = shown.filter((_, index) => index !== 2);
    expect(compareHeads({ ...facts, known: refused, shown: there })).toEqual([]);
  });
});

test("the heads of another organisation on the same issue are none of this one's", async () => {
  const { record, action } = headToPost(
    {
      number: 1,
      size: 4,
      hash: "a".repeat(64),
      why: "daily",
      round: "day:1",
      askedAt: DAY,
      before: null,
      repository: REPOSITORY,
      issue: 1,
      findings: [],
    },
    { organization: { id: 10, login: "other" }, installationId: 1, appId: 4711 },
  );
  const { text: body } = action.payload as PostHeadPayload;
  const url = `https://github.com/${REPOSITORY}/issues/1#issuecomment-1`;
  const by = { id: 8001, login: "countersign[bot]" };
  const comment = {
    repository: REPOSITORY,
    issue: 1,
    comment: 1,
    url,
    body,
    createdAt: DAY,
    updatedAt: DAY,
    by,
  };
  const posted = { issue: 1, comment: 1, url, createdAt: DAY, by };
  const facts = { shown: [comment], isRead: () => true, isAllRead: true, at: 100 * DAY };
  const log = { size: 4, hashAt: new Map([[4, record.hash]]) };
  expect(compareHeads({ ...facts, ...log, organizationId: 9, known: [] })).toEqual([]);
  expect(compareHeads({ ...facts, ...log, organizationId: 10, known: [{ ...record, posted }] })).toEqual([]);
  // A new database beside them, whether it is shorter or another.
  for (const other of [
    { size: 0, hashAt: new Map() },
    { size: 9, hashAt: new Map([[4, "b".repeat(64)]]) },
  ])
    expect(
      compareHeads({ ...facts, ...other, organizationId: 10, known: [] }).map(({ code }) => code),
    ).toEqual(["contradicts"]);
});
