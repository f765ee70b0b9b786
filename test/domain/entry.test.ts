import { expect, expectTypeOf, test } from "vitest";

import type { Bodies, Entry, EntryKind, LoggedEntry } from "../../src/domain/records/entry.ts";
import { ENTRY_KINDS } from "../../src/domain/records/entry.ts";
import type { TagsRecord } from "../../src/domain/records/deployment.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";

const place = { subject: "1", repositoryId: 1, organizationId: 9, at: 0 };
const tags: TagsRecord = { tags: {}, at: 0 };

test("an entry takes the body of its kind, and no other compiles", () => {
  const right: Entry = { ...place, kind: "tags", body: tags };
  // @ts-expect-error -- a webhook is an address
  const wrong: Entry = { ...place, kind: "webhook", body: tags };
  // @ts-expect-error -- tags are read at a time
  const less: Entry = { ...place, kind: "tags", body: { tags: {} } };
  expect([right, wrong, less].map(({ kind }) => kind)).toEqual(["tags", "webhook", "tags"]);
});

test("every kind has a body, and a kind tells the body of an entry", () => {
  expectTypeOf<keyof Bodies>().toEqualTypeOf<EntryKind>();
  expect(new Set(ENTRY_KINDS).size).toBe(ENTRY_KINDS.length);
  const entry = { ...place, kind: "tags", body: tags } as Entry;
  if (entry.kind === "tags") expectTypeOf(entry.body).toEqualTypeOf<TagsRecord>();
  else expectTypeOf(entry.body).not.toEqualTypeOf<TagsRecord>();
});

test("what is read of the log is typed by the kinds asked for", () => {
  const one = (ledger: Ledger) => ledger.state("change", "c1");
  expectTypeOf(one).returns.resolves.toEqualTypeOf<LoggedEntry<"change"> | undefined>();
  const some = (ledger: Ledger) => ledger.log({ everyOrganization: true, kinds: ["change", "landing"] });
  expectTypeOf(some).returns.toEqualTypeOf<AsyncIterable<LoggedEntry<"change" | "landing">>>();
  const all = (ledger: Ledger) => ledger.log({ everyOrganization: true });
  expectTypeOf(all).returns.toEqualTypeOf<AsyncIterable<LoggedEntry>>();
});
