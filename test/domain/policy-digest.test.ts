import { expect, test } from "vitest";

import { DigestedPolicySchema } from "../../src/domain/policy/record.ts";
import { defaultPolicy, hasItsDigest } from "../../src/domain/policy/tighten.ts";
import { canonical, sha256 } from "../../src/domain/values/digest.ts";

const NONE = { organization: null, repository: null };
const ABSENT = { organization: { state: "absent" }, repository: { state: "absent" } };

test.each([
  ["as it is asked for today", defaultPolicy()],
  ["as a version asked for it that knew other keys", { reviews: { atLeast: 2 } }],
])("a recorded policy has its digest, %s", (_, effective) => {
  const digest = sha256(canonical({ effective, ...NONE }));
  const recorded = { digest, ...ABSENT, effective: { ...effective, names: { people: [] } } };
  expect(hasItsDigest(DigestedPolicySchema.parse(recorded))).toBe(true);
  const altered = { ...recorded, effective: { ...recorded.effective, more: 1 } };
  expect(hasItsDigest(DigestedPolicySchema.parse(altered))).toBe(false);
});

test.each([
  ["an older one without files", { digest: "d", effective: {} }],
  ["no requirements at all", { digest: "d", ...ABSENT }],
])("%s is no policy whose digest can be checked", (_, recorded) => {
  expect(DigestedPolicySchema.safeParse(recorded).success).toBe(false);
});
