import { expect, test } from "vitest";
import { currentPolicies, organizationsOwn } from "../../src/domain/policy/current.ts";
import { policyInForce } from "../../src/domain/policy/tighten.ts";
import type { PolicyRecord, PolicySource } from "../../src/domain/policy/record.ts";

const ABSENT: PolicySource = { state: "absent" };

function file(repository: string, text: string): PolicySource {
  return { state: "found", repository, path: ".github/countersign.yml", commit: "c", blob: text, text };
}

function record(organization: PolicySource, repository: PolicySource): PolicyRecord {
  const found = policyInForce(organization, repository);
  if (found.state !== "known") throw new Error("the policy of the test is broken");
  return found.record;
}

const before = record(file("acme/.github", "mode: observe"), ABSENT);
const alone = record(file("acme/.github", "mode: enforce"), ABSENT);
const strict = record(
  file("acme/.github", "mode: enforce"),
  file("acme/web", "checks: { required: [build] }"),
);

test("the organisation's own rules are the same whichever repository was read last", () => {
  for (const order of [
    [before, alone, strict],
    [before, strict, alone],
  ]) {
    const logged = order.map((body, seq) => ({ seq, body }));
    expect(organizationsOwn(logged)?.body).toBe(alone);
    expect(new Set(currentPolicies(logged).map(({ body }) => body))).toEqual(new Set([alone, strict]));
  }
});

test("without a file of the organisation, what was recorded last is all there is to go by", () => {
  const own = ["1", "2"].map((required) =>
    record(ABSENT, file("acme/web", `approval: { required: ${required} }`)),
  );
  expect(organizationsOwn(own.map((body, seq) => ({ seq, body })))?.body).toBe(own[1]);
  expect(organizationsOwn([])).toBeUndefined();
});
