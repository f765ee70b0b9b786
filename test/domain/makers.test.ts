import { describe, expect, test } from "vitest";
import type { PullRequest } from "../../src/domain/change/pull-request.ts";
import { contributorsOf } from "../../src/domain/approval/contribution/contributors.ts";
import { ann, bob, carol, codes, dan, gate, policy, robot, sha, START, Story } from "../support/facts.ts";

const strict = policy({ independence: "strict" });

/** bob's commit in ann's name, and ann's own before it. */
function hidden(): Story {
  return new Story(ann).push(ann, "c1").push(bob, "evil", { authors: [ann], committer: ann });
}

describe("what was replaced", () => {
  test("is still its pusher's, whoever pushed the new commits and whatever names they bear", () => {
    for (const by of [ann, carol, robot]) {
      const again = hidden()
        .force(by, "c2", { authors: [ann], committer: ann, content: "evil" })
        .review(bob);
      expect(codes(gate(again))).toEqual(["bob: replaced-work"]);
      expect(gate(again).verdict).toBe("pending");
      expect(gate(again.review(dan)).verdict).toBe("compliant");
      const other = hidden()
        .force(by, "c2", { authors: [ann], committer: ann })
        .review(bob);
      expect(gate(other).verdict).toBe("pending");
    }
  });
  test("also where GitHub no longer knows it", () => {
    const pull = hidden().force(ann, "c2", { content: "evil" }).review(bob).facts();
    const gone = { ...pull, earlier: [{ head: sha("evil"), commits: null }] };
    expect(codes(gate(gone))).toEqual(["bob: replaced-work"]);
  });
  test("names its people too: who wrote what somebody else brought is no stranger to it", () => {
    const told = new Story(ann)
      .push(ann, "c1", { authors: [bob] })
      .push(bob, "c2")
      .force(ann, "c3")
      .review(bob);
    expect(contributorsOf(told.facts()).map(({ actor }) => actor.login)).toEqual(["ann", "bob"]);
    expect(gate(told).verdict).toBe("pending");
  });
  test("and came by a push that nobody saw is one unknown person's", () => {
    const pull = new Story(ann)
      .push(ann, "c1")
      .push(ann, "c2")
      .force(ann, "c3", { content: "c2" })
      .review(bob);
    const { pushes } = pull.facts();
    const lost = { ...pull.facts(), pushes: pushes.slice(2) };
    expect(gate(pull).verdict).toBe("compliant");
    expect(gate(lost).verdict).toBe("unverifiable");
  });
  test("is an unknown person's also where GitHub no longer knows it, and whoever replaced it made nothing", () => {
    const pull = new Story(ann)
      .push(ann, "c1")
      .push(ann, "c2")
      .force(bob, "c3", { content: "c2" })
      .review(bob)
      .facts();
    expect(gate(pull).verdict).toBe("compliant");
    for (const earlier of [[], [{ head: sha("c2"), commits: null }]])
      expect(gate({ ...pull, pushes: pull.pushes.slice(2), earlier }).verdict).toBe("unverifiable");
  });
});

describe("a push that changes nothing of the difference to the base", () => {
  test("makes whoever pushed it no maker, before and after their approval, also under strict independence", () => {
    const rebased = new Story(ann).push(ann, "c1").review(bob).force(bob, "c2", { content: "c1" });
    for (const under of [policy(), strict]) {
      expect(gate(rebased, under).verdict).toBe("compliant");
      expect(gate(rebased.review(bob), under).verdict).toBe("compliant");
    }
    expect(contributorsOf(rebased.facts()).map(({ actor }) => actor.login)).toEqual(["ann"]);
  });
  test("keeps everybody a maker who was one", () => {
    const squashed = hidden().force(carol, "one", { content: "evil" });
    expect(gate(squashed.review(bob)).verdict).toBe("pending");
    expect(gate(squashed.review(carol)).verdict).toBe("compliant");
  });
  test("is not one where it cannot be told", () => {
    const pull = new Story(ann)
      .push(ann, "c1")
      .force(bob, "c2", { content: "c1" })
      .review(bob)
      .facts("unknown");
    expect(gate(pull).verdict).toBe("unverifiable");
  });
  test("goes on where the branch was deleted and made again", () => {
    const pull = new Story(ann).push(ann, "c1").review(bob).facts();
    const again = [
      { before: sha("c1"), after: "0".repeat(40), actor: carol },
      { before: "0".repeat(40), after: sha("c1"), actor: bob },
    ].map((push) => ({ ...push, at: START + 90_000, forced: false, basis: "observed" as const }));
    const restored: PullRequest = { ...pull, pushes: [...pull.pushes, ...again] };
    expect(contributorsOf(restored).map(({ actor }) => actor.login)).toEqual(["ann"]);
  });
});

describe("an empty commit", () => {
  test("makes nothing", () => {
    const started = new Story(ann).push(ann, "c1").review(bob).push(bob, "again", { content: "c1" });
    expect(gate(started).verdict).toBe("compliant");
    expect(gate(started, strict).verdict).toBe("compliant");
  });
  test("makes nothing, also where nobody saw who pushed it, or GitHub compares nothing", () => {
    const pull = new Story(ann).push(ann, "c1").push(bob, "again", { content: "c1" }).review(bob).facts();
    expect(gate({ ...pull, pushes: pull.pushes.slice(0, 1) }).verdict).toBe("compliant");
    const unproven = pull.sameContent.map((each) => ({ ...each, proof: "unknown" as const }));
    expect(gate({ ...pull, sameContent: unproven }).verdict).toBe("compliant");
  });
  test("is not a merge with the tree of its first parent", () => {
    const merge = new Story(ann)
      .push(ann, "c1")
      .push(bob, "m", { parents: ["c1", "base-2"], content: "c1" })
      .review(bob)
      .facts();
    const ours = merge.sameContent.map((each) => ({ ...each, proof: "different" as const }));
    expect(gate({ ...merge, sameContent: ours }).verdict).toBe("pending");
  });
});

describe("a path that is dropped again", () => {
  const made = (): Story =>
    new Story(ann)
      .push(ann, "c1", { touches: ["+a.ts"] })
      .push(bob, "c2", { touches: ["+b.ts", "README.md"] });

  test("frees who touched it", () => {
    const undone = made()
      .push(ann, "c3", { touches: ["-b.ts", "README.md"] })
      .leaves(["+a.ts"], ["README.md"]);
    expect(gate(undone.review(bob)).verdict).toBe("compliant");
  });
  test("frees nobody while any of it is left", () => {
    const some = made()
      .push(ann, "c3", { touches: ["-b.ts"] })
      .leaves(["+a.ts", "README.md"]);
    expect(gate(some.review(bob)).verdict).toBe("pending");
  });
  test("frees nobody while it is there under another name", () => {
    const moved = made()
      .push(ann, "c3", { touches: ["b.ts -> c.ts", "README.md"] })
      .push(ann, "c4", { touches: ["c.ts -> d.ts"] })
      .leaves(["+a.ts", "+d.ts"], ["README.md"]);
    expect(gate(moved.review(bob)).verdict).toBe("pending");
  });
  test("frees nobody where the base may have moved it", () => {
    const moved = made()
      .push(ann, "c3", { touches: ["-b.ts"] })
      .leaves(["+a.ts", "docs/README.md"]);
    expect(gate(moved.review(bob)).verdict).toBe("pending");
  });
  test("frees nobody where not everything is told", () => {
    const undone = made().push(ann, "c3").leaves(["+a.ts"], ["README.md"]);
    expect(gate(undone.review(bob)).verdict).toBe("pending");
  });
});

describe("a bot's own pull request", () => {
  const opened = (): Story => new Story(robot).push(robot, "c1");

  test("may be approved by anybody, also by who updated it", () => {
    expect(gate(opened().push(robot, "c2").review(bob)).verdict).toBe("compliant");
    expect(gate(opened().force(bob, "c2", { content: "c1" }).push(robot, "c3").review(bob)).verdict).toBe(
      "compliant",
    );
  });
  test("is an unknown person's in what the bot pushes after a person", () => {
    const relayed = opened().push(bob, "c2").force(robot, "c3");
    expect(gate(relayed.review(bob)).verdict).toBe("pending");
    const seen = opened().push(bob, "c2").force(robot, "c3").review(carol);
    expect(gate(seen).verdict).toBe("unverifiable");
    expect(gate(seen.review(dan)).verdict).toBe("compliant");
  });
  test("is one in what the bot pushes after a part that nobody saw", () => {
    const pull = opened().push(bob, "c2").force(robot, "c3").review(carol).facts();
    expect(gate({ ...pull, pushes: pull.pushes.toSpliced(1, 1) }).verdict).toBe("unverifiable");
  });
  test("is told from a person's, in which a bot's commit is the bot's", () => {
    expect(gate(new Story(ann).push(ann, "c1").push(robot, "c2").review(bob)).verdict).toBe("compliant");
  });
});
