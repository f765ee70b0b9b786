import { generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";

import { policySubject } from "../../src/domain/policy/record.ts";
import { readCsv } from "../../src/cli/input/read-csv.ts";
import { writePackage } from "../../src/cli/evidence/write-package.ts";
import { linkHash } from "../../src/domain/records/chain.ts";
import { BODIES, ENTRY_KINDS, type Entry, type LoggedEntry } from "../../src/domain/records/entry.ts";
import { isTaskEvent, readTask, taskEvent } from "../../src/domain/records/task.ts";
import { lineOf } from "../../src/domain/records/stored.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { leftBehind, RELEASES } from "../support/releases.ts";
import { folderOfTest } from "../support/folders.ts";
import { all } from "./sample.ts";

/** The kinds of entry there were not yet. */
const ADDED_SINCE: Readonly<Record<string, readonly string[]>> = {
  "version-1": ["period-close", "log-head", "head-check", "package-download"],
};

test("the database of the first version is kept", () => {
  expect(RELEASES).toContain("version-1");
});

const STORES = [
  ["sqlite", []],
  ["postgres", ["long"]],
] as const;

describe.each(RELEASES)("the database that %s left behind", (release) => {
  for (const [kind, tags] of STORES)
    describe(`on ${kind}`, { tags: [...tags] }, () => {
      test("is not opened for reading before its tables are brought up to date", async () => {
        await expect(openLedger(await database(), { readOnly: true })).rejects.toMatchObject({
          code: "database-version",
          message: expect.stringContaining("countersign log migrate"),
        });
      });

      test("holds one of every kind of entry, and each body is what its schema says today", async () => {
        const entries = await all((await open()).log({ everyOrganization: true }));
        const kinds = new Set<string>(entries.map((entry) => entry.kind));
        expect(ENTRY_KINDS.filter((each) => !kinds.has(each))).toEqual(ADDED_SINCE[release] ?? []);
        for (const { kind: each, body } of entries) expect(BODIES[each].schema.parse(body)).toEqual(body);
      });

      test("is whole, link by link, and so is what is read of it", async () => {
        const ledger = await open();
        const { size, hash } = await ledger.head();
        expect(await ledger.verifyLog()).toEqual({ ok: true, size, hash });
        const entries = await all(ledger.log({ everyOrganization: true }));
        expect(entries).toHaveLength(size);
        for (const entry of entries) expect(linkOf(entry)).toBe(entry.hash);
      });

      test("takes more entries, and none that says what is there already", async () => {
        const ledger = await open();
        const before = await ledger.head();
        const states: LoggedEntry[] = [];
        for (const each of ENTRY_KINDS)
          states.push(...(await all<LoggedEntry>(ledger.states(each, { everyOrganization: true }))));
        expect(await ledger.record({ entries: states.map(again) }, 1)).toEqual([]);
        expect(await ledger.head()).toEqual(before);
        const moved = states.map((state) => ({ ...again(state), subject: `${state.subject} again` }));
        expect(await ledger.record({ entries: moved }, 2)).toHaveLength(moved.length);
        expect(await ledger.verifyLog()).toMatchObject({ ok: true, size: before.size + moved.length });
      });

      test("holds tasks that wait, and each can still be done", async () => {
        const { queue } = await open();
        const waiting = (await queue.list({ limit: 10_000 })).filter(({ event }) => isTaskEvent(event));
        expect(waiting.filter(({ status }) => status === "waiting").length).toBeGreaterThan(0);
        for (const { id, event, receivedAt } of waiting) {
          const body = await queue.bodyOf(id);
          const task = readTask(event, receivedAt, JSON.parse(new TextDecoder().decode(body ?? undefined)));
          expect(taskEvent(task.kind)).toBe(event);
        }
      });

      test("is exported into a package that verifies", async () => {
        const ledger = await open();
        const policies = await all<LoggedEntry<"policy">>(
          ledger.states("policy", { everyOrganization: true }),
        );
        // This version records a policy that is still in force as its organisation's own.
        for (const { organizationId, at, body } of policies) {
          const subject = policySubject(organizationId, body.digest);
          await ledger.record(
            { entries: [{ kind: "policy", subject, repositoryId: 0, organizationId, at, body }] },
            at,
          );
        }
        const folder = folderOfTest("release-package");
        const out = join(folder, "package");
        const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
        const { populations } = await writePackage(ledger, {
          organization: "acme",
          period: {
            name: "2026-Q3",
            from: Date.parse("2026-07-01T00:00:00Z"),
            to: Date.parse("2026-10-01T00:00:00Z"),
          },
          out,
          zip: false,
          signingKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
          apiUrl: "https://api.github.com",
          generatedAt: Date.parse("2026-10-02T00:00:00Z"),
        });
        expect(populations.changes).toBe(
          (await all(ledger.states("change", { everyOrganization: true }))).length,
        );
        expect(populations.deployments).toBe(
          (await all(ledger.states("deployment", { everyOrganization: true }))).length,
        );
        expect((await verifyPath(out)).defects).toEqual([]);
        const index = await readFile(join(out, "policies/index.csv"), "utf8");
        for (const { body } of policies)
          expect(
            index.split("\r\n").filter((row) => row.startsWith(body.digest)),
            index,
          ).toHaveLength(1);
        const older = (await all(ledger.states("completeness", { everyOrganization: true }))).filter(
          ({ recorded }) => recorded?.version === 1,
        );
        const seqs = new Set(older.map(({ seq }) => String(seq)));
        const queries = readCsv(await readFile(join(out, "ipe.csv"), "utf8"));
        const unnoted = queries
          .filter((row) => row["query_id"]?.startsWith("completeness "))
          .filter((row) => seqs.has(row["log_seq"] ?? ""));
        expect(unnoted.length > 0).toBe(seqs.size > 0);
        for (const row of unnoted)
          expect(row).toMatchObject({
            began_at: "",
            ended_at: "",
            read_as: "",
            rights: "",
            pages: "",
            rows: "",
          });
      });

      async function database(): Promise<StoreLocation> {
        const { where, remove } = await leftBehind(release, kind);
        onTestFinished(remove);
        return where;
      }

      async function open(): Promise<Ledger> {
        const ledger = await openLedger(await database());
        onTestFinished(() => ledger.close());
        return ledger;
      }
    });
});

function linkOf(entry: LoggedEntry): string {
  const { hash: _, previousHash, ...line } = lineOf(entry);
  return linkHash(previousHash, line);
}

/** What would be recorded again of a state that has not changed. */
function again({ kind, subject, repositoryId, organizationId, at, body }: LoggedEntry): Entry {
  return { kind, subject, repositoryId, organizationId, at, body } as Entry;
}
