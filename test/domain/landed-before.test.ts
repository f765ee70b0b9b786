import { describe, expect, test } from "vitest";
import type { LandedBefore } from "../../src/domain/change/pull-request.ts";
import { requirementsDigest } from "../../src/domain/approval/inherited-approvals.ts";
import { readSnapshot, assessSnapshot, type Snapshot } from "../../src/domain/assessment/snapshot.ts";
import { ann, APP_ID, bob, gate, inForce, policy, resultOf, sha, START, Story } from "../support/facts.ts";
import type { SameContent } from "../../src/domain/change/commit.ts";

const { production } = policy();
const gathers = policy({ production: { ...production, integration: ["develop"] } });

/** A landing of one commit on develop by pull request 7, compliant, as asked now. */
function landing(after: string, before: string, changes: Partial<LandedBefore> = {}): LandedBefore {
  return {
    changeId: `landing of ${after}`,
    ref: "refs/heads/develop",
    before: sha(before),
    after: sha(after),
    at: START,
    kind: "pull-request",
    verdict: "compliant",
    waived: [],
    pulls: [7],
    approvers: [bob],
    asked: requirementsDigest(gathers, []),
    basis: "observed",
    ...changes,
  };
}

function release(...landedBefore: readonly LandedBefore[]): Story {
  return new Story(ann).push(ann, "c1").push(ann, "c2").with({ landedBefore });
}

const first = landing("c1", "base");
const second = landing("c2", "c1");

describe("what landed approved on an integration branch", () => {
  test("needs no second approval", () => {
    const verdict = gate(release(first, second), gathers);
    expect(verdict.verdict).toBe("compliant");
    expect(resultOf(verdict).reasons).toEqual(["2 commits landed approved on develop by pull request 7"]);
  });

  test("covers only what it brought", () => {
    const verdict = gate(release(second), gathers);
    expect(verdict.verdict).toBe("pending");
    expect(resultOf(verdict).reasons).toContain(`commit ${sha("c1").slice(0, 7)} was not seen to land there`);
  });

  test.each<[string, Partial<LandedBefore>, string]>([
    ["was pushed", { kind: "push", verdict: "non-compliant", pulls: [] }, "was pushed straight to develop"],
    ["was forced", { kind: "force-push" }, "was pushed straight to develop"],
    ["was there from the start", { kind: "branch-created" }, "was on develop when that was made"],
    ["was non-compliant", { verdict: "non-compliant" }, "by pull request 7, non-compliant"],
    ["passed in an emergency", { verdict: "emergency" }, "by pull request 7, emergency"],
    ["could not be verified", { verdict: "unverifiable" }, "by pull request 7, unverifiable"],
    ["came before the policy's first day", { verdict: "historic" }, "by pull request 7, historic"],
    [
      "was exempted from approval",
      { verdict: "exempted", waived: ["independently-approved"] },
      "exempted from independently-approved",
    ],
    ["was asked less", { asked: "less" }, "when other approvals were required than now"],
  ])("covers nothing where it %s", (_, changes, says) => {
    const verdict = gate(release(first, { ...second, ...changes }), gathers);
    expect(verdict.verdict).toBe("pending");
    expect(resultOf(verdict).reasons.join("\n")).toContain(says);
  });

  test("covers what was exempted from something else", () => {
    const exempted = { ...second, verdict: "exempted", waived: ["checks-passed"] };
    expect(gate(release(first, exempted), gathers).verdict).toBe("compliant");
  });

  test("covers nothing that landed later than the moment judged", () => {
    const later = { ...second, at: START + 365 * 24 * 3_600_000 };
    expect(gate(release(first, later), gathers).verdict).toBe("pending");
  });

  test("covers nothing where the policy no longer names the branch", () => {
    expect(gate(release(first, second), policy()).verdict).toBe("pending");
  });

  test("does not lift a request for changes on the release", () => {
    const verdict = gate(release(first, second).review(bob, "changes-requested"), gathers);
    expect(verdict.verdict).toBe("non-compliant");
    expect(resultOf(verdict).cause).toBe("changes-requested");
  });

  test("covers a merge of the base only if its patch is proven the same, not if it threw away what it merged", () => {
    const merged = (proof: SameContent["proof"]): string =>
      gate(
        release(first, second)
          .push(ann, "m", { parents: ["c2", "base"] })
          .with({ sameContent: [{ from: sha("c2"), to: sha("m"), proof }] }),
        gathers,
      ).verdict;
    expect((["patch", "tree", "different", "unknown"] as const).map(merged)).toEqual([
      "compliant",
      "pending",
      "pending",
      "pending",
    ]);
  });

  test("gives the same judgement from stored facts", () => {
    const snapshot: Snapshot = {
      moment: "gate",
      subject: { pull: release(first, second).facts() },
      policy: inForce(gathers),
      appId: APP_ID,
      at: START + 3_600_000,
      since: 0,
    };
    const read = readSnapshot(JSON.stringify(snapshot));
    expect(read.ok && assessSnapshot(read.snapshot)).toEqual(assessSnapshot(snapshot));
    expect(assessSnapshot(snapshot).verdict).toBe("compliant");
  });
});
