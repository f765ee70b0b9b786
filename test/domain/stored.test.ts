import { describe, expect, test } from "vitest";

import { BODIES, ENTRY_KINDS } from "../../src/domain/records/entry.ts";
import { lineOf, raised } from "../../src/domain/records/stored.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import { entry } from "../ledger/sample.ts";

const READING = { readAt: 1, wholeAt: 1, digest: "d" };
const PROTECTION = {
  readAt: 1,
  visibility: "private",
  archived: false,
  rulesets: [],
  branches: [],
  environments: { unobservable: "no permission" },
};
const link = { seq: 4, recordedAt: 9, previousHash: "p", hash: "h" };

describe("a body of an older version", () => {
  test("is raised, and kept as it was recorded", () => {
    const older = { seq: 4, kind: "protection", version: 1 } as const;
    expect(raised(older, READING)).toEqual({
      body: { kind: "reading", ...READING },
      recorded: { version: 1, body: READING },
    });
    expect(raised(older, PROTECTION).body).toEqual({ kind: "snapshot", protection: PROTECTION });
  });

  test("that is not what its version says is a bug, not a body", () => {
    const older = { seq: 4, kind: "protection", version: 1 } as const;
    expect(() => raised(older, { readAt: 1 })).toThrow(
      "entry 4, a protection of version 1, is not raised to 2",
    );
  });
});

test("a body of today's version is given as it is", () => {
  const body = { kind: "reading", ...READING };
  expect(raised({ seq: 4, kind: "protection", version: 2 }, body)).toEqual({ body });
});

test.each([
  ["protection", 3],
  ["a-kind-to-come", 1],
])("a %s of version %i is of a newer version of Countersign", (kind, version) => {
  const read = () => raised({ seq: 4, kind: kind as "protection", version }, {});
  expect(read).toThrow(ExternalError);
  expect(read).toThrow("was recorded by a newer version of Countersign");
});

test("a line has the body that was recorded, and its version where that is not the first", () => {
  const tags = { ...entry("a", 1), ...link };
  expect(lineOf(tags)).toEqual(tags);
  const place = { subject: "1", repositoryId: 1, organizationId: 9, at: 0, ...link };
  const body = { kind: "reading", ...READING } as const;
  expect(lineOf({ ...place, kind: "protection", body })).toEqual({
    ...place,
    kind: "protection",
    version: 2,
    body,
  });
  const recorded = { version: 1, body: READING };
  expect(lineOf({ ...place, kind: "protection", body, recorded })).toEqual({
    ...place,
    kind: "protection",
    body: READING,
  });
});

test("bodies have these versions: those not named here have the first", () => {
  const later = ENTRY_KINDS.filter((kind) => BODIES[kind].version !== 1);
  expect(Object.fromEntries(later.map((kind) => [kind, BODIES[kind].version]))).toEqual({
    remediation: 2,
    completeness: 2,
    protection: 2,
    "monthly-review": 2,
  });
});
