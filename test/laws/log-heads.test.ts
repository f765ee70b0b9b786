/** Law: whatever entry before the newest head that GitHub shows is rewritten, the heads no longer agree; an untouched log agrees. */

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { rewrite } from "../../src/cli/scenario/harness/tamper.ts";
import {
  compareHeads,
  headToPost,
  type PostHeadPayload,
  type ShownComment,
} from "../../src/domain/monitoring/log-heads.ts";
import { headSubject, type HeadFinding } from "../../src/domain/records/monitoring.ts";
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
  const known = await knownHeads(ledger, ORGANIZATION.id);
  const { size } = await ledger.head();
  const sizes = Array.from({ length: size }, (_, index) => index + 1);
  const hashAt = await ledger.hashesAt(sizes);
  return compareHeads({
    organizationId: ORGANIZATION.id,
    known,
    shown,
    isRead: () => true,
    at: 100 * DAY,
    size,
    hashAt,
  });
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
