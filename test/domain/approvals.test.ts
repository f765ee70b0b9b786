import { describe, expect, test } from "vitest";
import {
  ann,
  bob,
  carol,
  codes,
  dan,
  gate,
  landed,
  MINUTE,
  person,
  policy,
  resultOf,
  robot,
  sha,
  Story,
  webFlow,
} from "../support/facts.ts";

const strict = policy({ independence: "strict" });
const dba = policy({ approvals: [{ required: 1, from: { teams: ["acme/dba"] } }] });
const two = policy({ approvals: [{ required: 2, from: { permission: "write" } }] });

function story(): Story {
  return new Story(ann).push(ann, "c1");
}

describe("who may approve", () => {
  test("one independent approval of the present content is enough", () => {
    const verdict = gate(story().review(bob));
    expect(verdict.verdict).toBe("compliant");
    expect(resultOf(verdict).reasons).toEqual(["bob approved this content"]);
  });
  test("without any approval it waits for one", () => {
    const verdict = gate(story());
    expect(verdict.verdict).toBe("pending");
    expect(resultOf(verdict)).toMatchObject({ outcome: "fail", cause: "waiting-for-approval" });
    expect(resultOf(verdict).reasons[0]).toBe("needs 1 approval from anyone with write permission");
  });
  test("X25: a bot never approves, whatever it may write", () => {
    const verdict = gate(
      story().review(robot),
      policy({ approvals: [{ required: 1, from: { users: [robot.login] } }] }),
    );
    expect(codes(verdict)).toEqual(["dependabot[bot]: bot"]);
    expect(verdict.verdict).toBe("pending");
  });
  test("who may only read does not count", () => {
    const verdict = gate(story().review(bob).rights(bob, { permission: "read" }));
    expect(codes(verdict)).toEqual(["bob: no-authority"]);
  });
  test("a permission is the least that is needed", () => {
    expect(gate(story().review(bob).rights(bob, { permission: "admin" })).verdict).toBe("compliant");
  });
  test("X11: logins and teams are compared without case", () => {
    const bigBob = person(12, "Bob");
    const users = policy({ approvals: [{ required: 1, from: { users: ["bOB"] } }] });
    const teams = policy({ approvals: [{ required: 1, from: { teams: ["Acme/DBA"] } }] });
    expect(gate(story().review(bigBob).rights(bigBob, { permission: "none" }), users).verdict).toBe(
      "compliant",
    );
    expect(
      gate(
        story()
          .review(bob)
          .rights(bob, { teams: ["acme/dba"] }),
        teams,
      ).verdict,
    ).toBe("compliant");
  });
  test("the same login under another id is another person", () => {
    const other = person(99, "ann");
    expect(gate(story().review(other)).verdict).toBe("compliant");
  });
  test("X30: the ways of being entitled are alternatives", () => {
    const either = policy({
      approvals: [{ required: 1, from: { teams: ["acme/core"], permission: "maintain" } }],
    });
    expect(gate(story().review(bob).rights(bob, { permission: "maintain" }), either).verdict).toBe(
      "compliant",
    );
    expect(
      gate(
        story()
          .review(bob)
          .rights(bob, { teams: ["acme/core"] }),
        either,
      ).verdict,
    ).toBe("compliant");
    expect(gate(story().review(bob), either).verdict).toBe("pending");
  });
  test("a deleted account does not open the gate, and after the merge it cannot be told whose approval it was", () => {
    expect(gate(story().review(null)).verdict).toBe("pending");
    const after = landed(story().review(null).gate().merge());
    expect(after.verdict).toBe("unverifiable");
    expect(codes(after)).toEqual(["ghost: ghost"]);
  });
  test("rights that GitHub would not tell are no verdict", () => {
    const verdict = gate(story().review(bob).rights(bob, { permission: "unknown" }));
    expect(verdict.verdict).toBe("unverifiable");
    expect(resultOf(verdict).reasons[0]).toContain("GitHub did not return the permissions of bob");
  });
  test("nobody's rights were read: unverifiable", () => {
    expect(gate(story().review(bob).with({ authorities: [] })).verdict).toBe("unverifiable");
  });
  test("a team whose members could not be read is unknown, not empty", () => {
    expect(
      gate(
        story()
          .review(bob)
          .rights(bob, { unread: ["acme/dba"] }),
        dba,
      ).verdict,
    ).toBe("unverifiable");
    expect(gate(story().review(bob), dba).verdict).toBe("pending");
  });
  test("nothing required, nothing needed; a request for changes still holds it back", () => {
    const none = policy({ approvals: [{ required: 0, from: { permission: "write" } }] });
    expect(gate(story(), none).verdict).toBe("compliant");
    expect(gate(story().with({ commitsComplete: false }), none).verdict).toBe("compliant");
    expect(gate(story().review(bob, "changes-requested"), none).verdict).toBe("non-compliant");
  });
});

describe("how many", () => {
  test("X22: one person counts once, however often", () => {
    const verdict = gate(story().review(bob).review(bob).review(bob), two);
    expect(verdict.verdict).toBe("pending");
    expect(resultOf(verdict).reasons[0]).toBe("needs 1 approval from anyone with write permission");
    expect(gate(story().review(bob).review(carol), two).verdict).toBe("compliant");
  });
  test("two requirements may be met by different people or by one who is entitled to both", () => {
    const both = policy({
      approvals: [
        { required: 1, from: { permission: "write" } },
        { required: 1, from: { teams: ["acme/dba"] } },
      ],
    });
    expect(
      gate(
        story()
          .review(bob)
          .rights(bob, { teams: ["acme/dba"] }),
        both,
      ).verdict,
    ).toBe("compliant");
    const apart = story()
      .review(bob)
      .review(carol)
      .rights(carol, { permission: "read", teams: ["acme/dba"] });
    expect(gate(apart, both).verdict).toBe("compliant");
    expect(gate(story().review(bob).review(carol), both).verdict).toBe("pending");
  });
  test("an empty pull request needs its approval, by someone else than its opener", () => {
    expect(gate(new Story(ann).review(bob, "approved", { commit: sha("base") })).verdict).toBe("compliant");
    expect(codes(gate(new Story(ann).review(ann, "approved", { commit: sha("base") })))).toEqual([
      "ann: own-work",
    ]);
  });
});

describe("own work", () => {
  test("nobody approves alone what they made", () => {
    const verdict = gate(new Story(ann).push(bob, "c1").review(bob));
    expect(verdict.verdict).toBe("non-compliant");
    expect(resultOf(verdict)).toMatchObject({ cause: "own-work" });
    expect(resultOf(verdict).reasons).toContain("bob made these changes; nobody approves their own work");
  });
  test("X04: a commit that came by the second parent of a merge is its maker's own", () => {
    const side = story()
      .commit("s1", { authors: [bob], parents: ["base"] })
      .push(ann, "m", { parents: ["c1", "s1"], committer: webFlow })
      .review(bob);
    expect(gate(side).verdict).toBe("pending");
    expect(codes(gate(side))).toEqual(["bob: covers-some"]);
    expect(resultOf(gate(side)).reasons.at(-1)).toContain("2 of 3 commits");
    expect(gate(side.review(carol)).verdict).toBe("compliant");
  });
  test("who made the first commit and who made the second cover each other", () => {
    const mutual = story().push(bob, "c2").review(ann).review(bob);
    expect(gate(mutual).verdict).toBe("compliant");
    expect(gate(mutual, strict).verdict).toBe("non-compliant");
  });
  test("X10: a commit of an unknown account needs an approval like any other", () => {
    const unknown = new Story(ann).push(ann, "c1", { authors: [null], committer: null });
    expect(gate(unknown).verdict).toBe("pending");
    expect(gate(unknown.review(bob)).verdict).toBe("compliant");
  });
  test("an unknown author's commit that the approver pushed is the approver's own", () => {
    expect(
      codes(gate(new Story(ann).push(bob, "c1", { authors: [null], committer: null }).review(bob))),
    ).toEqual(["bob: own-work"]);
  });
  test("X12: a co-author may approve what another author pushed, under every-commit only", () => {
    const trailer = new Story(ann).push(ann, "c1", { authors: [ann, bob], committer: webFlow }).review(bob);
    expect(gate(trailer).verdict).toBe("compliant");
    expect(codes(gate(trailer, strict))).toEqual(["bob: own-work"]);
  });
  test("a co-author who was seen to commit it does not cover it", () => {
    const relay = new Story(ann).push(ann, "c1", { authors: [ann, bob], committer: bob }).review(bob);
    expect(codes(gate(relay))).toEqual(["bob: own-work"]);
  });
  test("an author's commit relayed by somebody who is no author stays the author's own", () => {
    expect(
      codes(gate(new Story(ann).push(carol, "c1", { authors: [bob], committer: bob }).review(bob))),
    ).toEqual(["bob: own-work"]);
  });
  test("a forged author and committer name does not help who was seen to push", () => {
    const forged = new Story(ann).push(bob, "c1", { authors: [ann], committer: ann }).review(bob);
    expect(codes(gate(forged))).toEqual(["bob: own-work"]);
    const asCoAuthor = new Story(ann)
      .push(bob, "c1", { authors: [ann, bob], committer: webFlow })
      .review(bob);
    expect(codes(gate(asCoAuthor))).toEqual(["bob: own-work"]);
  });
  test("a bot that pushed vouches for nobody", () => {
    const byBot = new Story(robot)
      .push(robot, "c1", { authors: [robot, bob], committer: webFlow })
      .review(bob);
    expect(codes(gate(byBot))).toEqual(["bob: own-work"]);
    expect(gate(new Story(robot).push(robot, "c1").review(bob)).verdict).toBe("compliant");
  });
  test("X23: who pushed onto a bot's pull request made it", () => {
    expect(gate(new Story(robot).push(robot, "c1").push(bob, "c2").review(bob)).verdict).toBe("pending");
  });
  test("a commit nobody was seen to push may be the approver's under another name", () => {
    const unseen = story().review(bob).with({ pushes: [] });
    const verdict = gate(unseen);
    expect(verdict.verdict).toBe("unverifiable");
    expect(resultOf(verdict).reasons[0]).toContain("who pushed the commits was not observed");
    expect(codes(gate(unseen, strict))).toEqual(["bob: unknown-maker"]);
  });
  test("who made a commit unseen is one person: of two who approve, one did not", () => {
    const pull = new Story(ann).push(ann, "c1").push(carol, "c2").review(bob).facts();
    const unseen = { ...pull, pushes: pull.pushes.slice(1) };
    expect(gate(unseen).verdict).toBe("unverifiable");
    const both = new Story(ann).push(ann, "c1").push(carol, "c2").review(bob).review(dan).facts();
    const verdict = gate({ ...both, pushes: both.pushes.slice(1) });
    expect(verdict.verdict).toBe("compliant");
    expect(gate({ ...both, pushes: [] }).verdict).toBe("compliant");
    expect(codes(gate({ ...both, pushes: [] }))).toEqual(["bob: beside-unseen", "dan: beside-unseen"]);
    expect(gate({ ...both, pushes: both.pushes.slice(1) }, two).verdict).toBe("unverifiable");
  });
  test("under strict independence each commit nobody saw pushed may be another one's", () => {
    const both = new Story(ann).push(ann, "c1").push(carol, "c2").review(bob).review(dan);
    expect(gate(both.facts(), strict).verdict).toBe("compliant");
    expect(gate({ ...both.facts(), pushes: [] }, strict).verdict).toBe("unverifiable");
    const three = both.review(person(90, "eve")).facts();
    expect(gate({ ...three, pushes: [] }, strict).verdict).toBe("compliant");
  });
  test("commits that were not all listed are no verdict", () => {
    const verdict = gate(story().review(bob).with({ commitsComplete: false }));
    expect(verdict.verdict).toBe("unverifiable");
    expect(resultOf(verdict).reasons).toContain("GitHub did not list all commits of this pull request");
  });
  test("makers that were not all asked for are no verdict, where approval is required at all", () => {
    const verdict = gate(story().review(bob).with({ moreMakers: true }));
    expect(verdict.verdict).toBe("unverifiable");
    expect(resultOf(verdict).reasons.join()).toContain("takes more requests to GitHub than are sent");
    const none = policy({ approvals: [{ required: 0, from: { permission: "write" } }] });
    expect(gate(story().with({ moreMakers: true }), none).verdict).toBe("compliant");
  });
});

describe("merging the base", () => {
  const merge = (made: { clean?: boolean; parents?: readonly string[] }): Story =>
    story()
      .push(bob, "m", { parents: ["c1", "base-2"], committer: webFlow, ...made })
      .review(bob);
  test("pressing Update branch makes nobody a contributor", () => {
    expect(gate(merge({ clean: true })).verdict).toBe("compliant");
    expect(gate(merge({ clean: true }), strict).verdict).toBe("compliant");
  });
  test("a clean merge after the approval keeps it", () => {
    const kept = story()
      .review(bob)
      .push(bob, "m", { parents: ["c1", "base-2"], committer: webFlow, clean: true });
    expect(gate(kept).verdict).toBe("compliant");
  });
  test("X19: who resolved a conflict while merging made that part", () => {
    expect(codes(gate(merge({})))).toEqual(["bob: covers-some"]);
    expect(gate(merge({})).verdict).toBe("pending");
    const after = story()
      .review(bob)
      .push(ann, "m", { parents: ["c1", "base-2"], committer: webFlow });
    expect(codes(gate(after))).toEqual(["bob: earlier-version"]);
  });
  test("X20: an octopus is somebody's contribution", () => {
    expect(gate(merge({ parents: ["c1", "base-2", "other"], clean: true })).verdict).toBe("pending");
  });
  test("whether a merge added anything could not be told: unverifiable", () => {
    const pull = merge({ clean: true }).facts("unknown");
    expect(gate(pull).verdict).toBe("unverifiable");
  });
  test("X05: a side branch merged after the approval ends it", () => {
    const side = story()
      .review(bob)
      .commit("s1", { authors: [carol], parents: ["base"] })
      .push(ann, "m", { parents: ["c1", "s1"], committer: webFlow });
    expect(codes(gate(side))).toEqual(["bob: earlier-version"]);
  });
});

describe("for which content", () => {
  test("a push ends the approval before it", () => {
    const verdict = gate(story().review(bob).push(ann, "c2"));
    expect(verdict.verdict).toBe("pending");
    expect(resultOf(verdict).reasons).toContain(
      "bob approved an earlier version; the content changed afterwards",
    );
  });
  test("X06: an older commit put in the head's place was never approved", () => {
    const replaced = story()
      .commit("k9", { authors: [ann], parents: ["base"] })
      .review(bob)
      .force(ann, "k9");
    expect(codes(gate(replaced))).toEqual(["bob: earlier-version"]);
  });
  test("a rebase that changes nothing keeps the approval", () => {
    expect(gate(story().review(bob).force(ann, "c1b", { content: "c1" })).verdict).toBe("compliant");
  });
  test("A, then B, then A again: the approval does not come back", () => {
    const there = story().review(bob).force(ann, "b");
    expect(codes(gate(there.force(ann, "c1")))).toEqual(["bob: earlier-version"]);
    const anew = story().review(bob).push(ann, "c2").push(ann, "c3", { content: "c1" });
    expect(codes(gate(anew))).toEqual(["bob: earlier-version"]);
    const unseen = anew.with({ pushes: [] });
    expect(codes(gate(unseen))).toEqual(["bob: earlier-version"]);
  });
  test("A, B and A within one second: the approval of that second is for the first A", () => {
    const quick = story().review(bob).force(ann, "b", { after: 0 }).force(ann, "c1", { after: 0 });
    expect(codes(gate(quick))).toEqual(["bob: earlier-version"]);
  });
  test("a review in the second of the push it is for counts", () => {
    expect(gate(story().review(bob, "approved", { after: 0 })).verdict).toBe("compliant");
  });
  test("a push in the second of the review, by its place in the chain, came after it", () => {
    expect(codes(gate(story().review(bob).push(ann, "c2", { after: 0 })))).toEqual(["bob: earlier-version"]);
  });
  test("a missed push that may have hidden another version leaves it open", () => {
    const pull = story().review(bob).force(ann, "b").force(ann, "c1b", { content: "c1" }).facts();
    expect(gate({ ...pull, pushes: pull.pushes.slice(0, 1) }).verdict).toBe("unverifiable");
  });
  test("what is pushed to the branch after the merge was no part of it", () => {
    const later = story().review(bob).gate().merge().push(ann, "c2");
    const pull = later.facts();
    const atMerge = {
      ...pull,
      head: { ...pull.head, sha: sha("c1"), tree: null },
      commits: pull.commits.slice(0, 1),
    };
    expect(gate(atMerge).verdict).toBe("compliant");
  });
  test("a review whose commit nobody knows leaves it open", () => {
    const verdict = gate(story().review(bob, "approved", { commit: null, basis: "read-later" }));
    expect(verdict.verdict).toBe("unverifiable");
    expect(codes(verdict)).toEqual(["bob: unknown-commit"]);
  });
  test("content GitHub would not compare leaves it open", () => {
    const pull = story().review(bob).force(ann, "c1b", { content: "c1" }).facts("unknown");
    expect(gate(pull).verdict).toBe("unverifiable");
    expect(codes(gate(pull))).toEqual(["bob: unproven-content"]);
    expect(gate({ ...pull, sameContent: [] }).verdict).toBe("unverifiable");
  });
  test("an approval before the base was changed does not count for the new base", () => {
    expect(codes(gate(story().review(bob).retarget()))).toEqual(["bob: retargeted"]);
    expect(codes(gate(story().review(bob).retarget({ after: 0 })))).toEqual(["bob: retargeted"]);
    expect(gate(story().retarget().review(bob)).verdict).toBe("compliant");
  });
  test("an approval after the merge does not count for it", () => {
    const late = landed(story().merge().review(bob));
    expect(codes(late)).toEqual(["bob: after-merge"]);
    expect(resultOf(late)).toMatchObject({ outcome: "fail", cause: "too-few-approvals" });
    expect(landed(story().review(bob).gate().merge(ann, { after: 0 })).verdict).toBe("compliant");
  });
});

describe("taking it back", () => {
  test("X01: who asks for changes after approving holds it back", () => {
    const verdict = gate(story().review(bob).review(bob, "changes-requested"));
    expect(verdict.verdict).toBe("non-compliant");
    expect(resultOf(verdict)).toMatchObject({ cause: "changes-requested" });
    expect(codes(verdict)).toEqual(["bob: superseded"]);
  });
  test("X02: a dismissed approval does not count", () => {
    expect(codes(gate(story().review(bob).dismiss(bob)))).toEqual(["bob: dismissed"]);
  });
  test("X03: dismissing a request for changes does not bring the approval before it back", () => {
    const verdict = gate(story().review(bob).review(bob, "changes-requested").dismiss(bob));
    expect(verdict.verdict).toBe("pending");
    expect(codes(verdict)).toEqual(["bob: superseded"]);
  });
  test("a dismissed newer approval does not bring an older one back", () => {
    expect(gate(story().review(bob).review(bob).dismiss(bob)).verdict).toBe("pending");
  });
  test("a comment neither gives nor takes", () => {
    expect(gate(story().review(bob, "commented")).verdict).toBe("pending");
    expect(gate(story().review(bob).review(bob, "commented")).verdict).toBe("compliant");
  });
  test("another's request for changes holds back until that person lifts it", () => {
    const held = story().review(bob).review(carol, "changes-requested");
    expect(resultOf(gate(held)).reasons[0]).toBe(
      "carol requested changes; only a new review by carol, or a dismissal by an administrator, lifts that",
    );
    expect(gate(story().review(bob).review(carol, "changes-requested").review(bob)).verdict).toBe(
      "non-compliant",
    );
    expect(gate(held.review(carol)).verdict).toBe("compliant");
    expect(gate(story().review(bob).review(carol, "changes-requested").dismiss(carol, carol)).verdict).toBe(
      "compliant",
    );
  });
  test.each([
    ["admin", "compliant"],
    ["write", "non-compliant"],
    ["unknown", "unverifiable"],
  ] as const)("a dismissal by somebody else with permission %s leaves it %s", (permission, verdict) => {
    const dismissed = story().review(bob).review(carol, "changes-requested").dismiss(carol, dan);
    expect(gate(dismissed.rights(dan, { permission })).verdict).toBe(verdict);
  });
  test("a push does not lift a request for changes", () => {
    expect(gate(story().review(carol, "changes-requested").push(ann, "c2").review(bob)).verdict).toBe(
      "non-compliant",
    );
  });
  test("who may not approve cannot hold it back; whose rights are unknown leaves it open", () => {
    const held = (permission: "read" | "unknown"): Story =>
      story().review(bob).review(carol, "changes-requested").rights(carol, { permission });
    expect(gate(held("read")).verdict).toBe("compliant");
    expect(gate(held("unknown")).verdict).toBe("unverifiable");
  });
  test("a dismissal after the merge changes nothing of what was so at the merge", () => {
    expect(landed(story().review(bob).gate().merge().dismiss(bob)).verdict).toBe("compliant");
    expect(landed(story().review(bob).dismiss(bob).gate().merge(ann, { after: 0 })).verdict).toBe(
      "non-compliant",
    );
  });
  test("an approval dismissed after the merge is still compared with what was merged", () => {
    const moved = story().review(bob).force(ann, "c1b", { content: "c1" }).gate().merge().dismiss(bob);
    expect(landed(moved).verdict).toBe("compliant");
  });
  test("a review dismissed after the merge, whose state was missed, may have been a request for changes", () => {
    const missed = story().review(bob).review(carol, "unknown").gate().merge().dismiss(carol);
    expect(landed(missed).verdict).toBe("unverifiable");
    const before = story().review(bob).review(carol, "unknown").dismiss(carol, carol).gate().merge();
    expect(landed(before).verdict).toBe("compliant");
  });
  test("a request for changes by an account deleted since leaves a merge open", () => {
    expect(landed(story().review(bob).review(null, "changes-requested").gate().merge()).verdict).toBe(
      "unverifiable",
    );
    expect(gate(story().review(bob).review(null, "changes-requested")).verdict).toBe("compliant");
  });
  test("of two reviews in one second the later one counts", () => {
    expect(gate(story().review(bob).review(bob, "changes-requested", { after: 0 })).verdict).toBe(
      "non-compliant",
    );
    expect(
      gate(story().review(bob, "changes-requested").review(bob, "approved", { after: MINUTE })).verdict,
    ).toBe("compliant");
  });
});
