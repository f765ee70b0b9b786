import { describe, expect, test } from "vitest";
import {
  ann,
  APP_ID,
  bob,
  change,
  deployment,
  gate,
  inForce,
  judged,
  landed,
  policy,
  resultOf,
  START,
  Story,
} from "../support/facts.ts";
import { assess } from "../../src/domain/assessment/assess.ts";
import type { Change } from "../../src/domain/change/change.ts";
import type { Assessment } from "../../src/domain/values/result.ts";

const build = policy({ checks: [{ name: "build", app: null }] });
const approved = (): Story => new Story(ann).push(ann, "c1").review(bob);

function fails(assessment: Assessment): readonly string[] {
  return assessment.results.filter((each) => each.outcome === "fail").map((each) => each.control);
}

function updated(kind: Change["update"]["kind"], more: Partial<Change> = {}): Assessment {
  return judged({ moment: "landed", change: change([], { kind, ...more }) }, build);
}

describe("which control fails", () => {
  test("a push to the branch fails its pull request, its approval, its gate and its checks", () => {
    const expected = ["independently-approved", "checks-passed", "merged-by-pull-request", "gate-respected"];
    expect(fails(updated("push"))).toEqual(expected);
    expect(fails(updated("force-push"))).toEqual(expected);
  });
  test("deleting a branch brings nothing to production", () => {
    expect(updated("branch-deleted").verdict).toBe("compliant");
    const outcomes = updated("branch-deleted").results.map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(["not-applicable"]));
  });
  test("a new branch is judged by whether its commit had landed before, and left open where nobody knows", () => {
    expect(updated("branch-created", { alreadyLanded: true }).verdict).toBe("compliant");
    expect(updated("branch-created", { alreadyLanded: false }).verdict).toBe("non-compliant");
    const open = updated("branch-created", { alreadyLanded: null });
    expect(open.verdict).toBe("unverifiable");
    expect(fails(open)).toEqual([]);
  });
  test("a merge whose pull request GitHub would not name is no verdict", () => {
    const unknown = updated("pull-request");
    expect(unknown.verdict).toBe("unverifiable");
    expect(fails(unknown)).toEqual([]);
  });
  test("merged while our check was not success: the gate was not respected", () => {
    expect(fails(landed(approved().merge()))).toEqual(["gate-respected"]);
    for (const conclusion of ["failure", "neutral", "skipped", "action_required", null]) {
      expect(fails(landed(approved().gate(conclusion).merge()))).toEqual(["gate-respected"]);
    }
    expect(landed(approved().gate().merge()).verdict).toBe("compliant");
  });
  test("another app's check of our name opens nothing", () => {
    const spoofed = approved()
      .gate("success", { app: { id: APP_ID + 1, slug: "countersign" } })
      .merge();
    expect(fails(landed(spoofed))).toEqual(["gate-respected"]);
    expect(fails(landed(approved().gate("success", { app: null }).merge()))).toEqual(["gate-respected"]);
  });
  test("a success after the merge is none, one in its very second is", () => {
    expect(fails(landed(approved().merge().gate()))).toEqual(["gate-respected"]);
    expect(landed(approved().gate().merge(ann, { after: 0 })).verdict).toBe("compliant");
  });
  test("a policy that only observes has no gate to respect", () => {
    const result = resultOf(landed(approved().merge(), policy({ mode: "observe" })), "gate-respected");
    expect(result.outcome).toBe("not-applicable");
  });
  test("content is compared only where an approval counts", () => {
    const none = landed(new Story(ann).push(ann, "c1").gate().merge());
    expect(resultOf(none, "content-as-reviewed").outcome).toBe("not-applicable");
  });
  test("content that differs fails, content nobody compared is no verdict", () => {
    const with_ = (shipped: Change["shipped"]): Assessment =>
      landed(approved().gate().merge(), policy(), { shipped });
    expect(with_([{ pull: 1, coverage: "replay", files: [] }]).verdict).toBe("compliant");
    const residual = with_([{ pull: 1, coverage: "residual", files: ["src/a.ts"] }]);
    expect(resultOf(residual, "content-as-reviewed").reasons[0]).toContain("src/a.ts");
    expect(fails(residual)).toEqual(["content-as-reviewed"]);
    expect(with_([{ pull: 1, coverage: "unverifiable", files: [] }]).verdict).toBe("unverifiable");
    expect(with_([]).verdict).toBe("unverifiable");
  });
  test("of a group every pull request must have been compared", () => {
    const first = approved().gate().merge().facts();
    const second = { ...first, number: 2 };
    const group = change([first, second], {
      kind: "queue",
      checks: first.checks,
      shipped: [{ pull: 1, coverage: "identity", files: [] }],
    });
    const it = judged({ moment: "landed", change: group }, policy(), group.update.at);
    expect(resultOf(it, "content-as-reviewed").outcome).toBe("unverifiable");
  });
  test("what happened before observation began is historic", () => {
    const it = change([], { kind: "push" });
    const circumstances = { policy: inForce(policy()), appId: APP_ID, at: START, since: START + 1 };
    expect(assess({ moment: "landed", change: it }, circumstances).verdict).toBe("historic");
  });
});

describe("checks", () => {
  const checks = (story: Story): string => resultOf(gate(story, build), "checks-passed").cause;
  test("only success is success", () => {
    expect(checks(approved().check("build"))).toBe("satisfied");
    for (const conclusion of ["failure", "neutral", "skipped", "cancelled", "timed_out", "stale"])
      expect(checks(approved().check("build", conclusion))).toBe("check-failed");
  });
  test("a check that is missing, still running or of another name is waited for", () => {
    expect(checks(approved())).toBe("waiting-for-check");
    expect(checks(approved().check("build", null, { completedAt: null }))).toBe("waiting-for-check");
    expect(checks(approved().check("Build"))).toBe("waiting-for-check");
    expect(gate(approved(), build).verdict).toBe("pending");
  });
  test("the newest run decides; of two in one second both must have succeeded", () => {
    expect(checks(approved().check("build", "failure").check("build"))).toBe("satisfied");
    expect(checks(approved().check("build").check("build", "failure"))).toBe("check-failed");
    expect(checks(approved().check("build", "failure").check("build", "success", { after: 0 }))).toBe(
      "check-failed",
    );
    expect(checks(approved().check("build").check("build", null, { completedAt: null }))).toBe(
      "waiting-for-check",
    );
  });
  test("a check of an app counts from that app only", () => {
    const ci = policy({ checks: [{ name: "build", app: "ci" }] });
    const from = (slug: string | null): string =>
      gate(approved().check("build", "success", { app: slug === null ? null : { id: 1, slug } }), ci).verdict;
    expect([from("ci"), from("other"), from(null)]).toEqual(["compliant", "pending", "pending"]);
  });
  test("after the merge, what ended by then decides, whatever was run again later", () => {
    const at = (story: Story): string => resultOf(landed(story, build), "checks-passed").cause;
    expect(at(approved().check("build").gate().merge().check("build", "failure"))).toBe("satisfied");
    expect(at(approved().check("build", "failure").gate().merge().check("build"))).toBe("check-failed");
    expect(at(approved().gate().merge().check("build"))).toBe("check-missing");
  });
  test("every pull request of a merge must have its own checks", () => {
    const first = approved().check("build").gate().merge().facts();
    const second = { ...first, number: 2, checks: first.checks.filter((each) => each.name !== "build") };
    const both = change([first, second]);
    const it = judged({ moment: "landed", change: both }, build, both.update.at);
    expect(resultOf(it, "checks-passed").cause).toBe("check-missing");
  });
});

describe("without a policy", () => {
  const subject = { moment: "gate", pull: approved().facts() } as const;
  const at = { appId: APP_ID, at: START, since: 0 };
  test("an unreadable policy lets nothing pass and condemns nothing", () => {
    const it = assess(subject, { policy: { state: "unreadable", because: "GitHub failed" }, ...at });
    expect(it.verdict).toBe("unverifiable");
  });
  test("a broken policy holds a merge back, and leaves open what has landed", () => {
    const problems = [
      { file: "acme/web/.github/countersign.yml", line: 2, column: 1, message: "unknown key" },
    ];
    const policy = { state: "broken", problems } as const;
    expect(resultOf(assess(subject, { policy, ...at })).reasons[1]).toContain("line 2");
    expect(assess(subject, { policy, ...at }).verdict).toBe("non-compliant");
    const it = change([subject.pull]);
    expect(assess({ moment: "landed", change: it }, { policy, ...at }).verdict).toBe("unverifiable");
  });
});

describe("deployments", () => {
  const verdict = (changes: Parameters<typeof deployment>[0]): string =>
    judged({ moment: "deployed", deployment: deployment(changes) }).verdict;
  test("what carries compliant changes from a production branch is compliant", () => {
    expect(verdict({})).toBe("compliant");
  });
  test("what is on no production branch is not", () => {
    expect(verdict({ onProductionBranch: false, kind: "unmerged" })).toBe("non-compliant");
    expect(verdict({ onProductionBranch: null })).toBe("unverifiable");
  });
  test("what it carries must be known, and let through", () => {
    const carried = (verdict: string) => [
      { id: "1", verdict: "compliant", landedAt: START, pulls: [], sha: "b".repeat(40), makers: [] },
      { id: "2", verdict, landedAt: START, pulls: [], sha: "b".repeat(40), makers: [] },
    ];
    expect(verdict({ carried: carried("non-compliant") })).toBe("non-compliant");
    expect(verdict({ carried: carried("unverifiable") })).toBe("unverifiable");
    expect(verdict({ carried: carried("pending") })).toBe("unverifiable");
    expect(verdict({ carried: carried("historic") })).toBe("compliant");
    expect(verdict({ unaccounted: ["a".repeat(40)] })).toBe("non-compliant");
    expect(verdict({ unaccounted: null })).toBe("unverifiable");
    expect(verdict({ carried: [] })).toBe("unverifiable");
    expect(verdict({ kind: "unknown" })).toBe("unverifiable");
  });
  test("going back is fine to what had succeeded there", () => {
    expect(verdict({ kind: "rollback", succeededBefore: true })).toBe("compliant");
    expect(verdict({ kind: "rollback", succeededBefore: false })).toBe("non-compliant");
    expect(verdict({ kind: "redeploy", succeededBefore: true })).toBe("compliant");
    expect(verdict({ kind: "first" })).toBe("compliant");
  });
});
