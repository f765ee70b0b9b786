import { describe, expect, test } from "vitest";
import type { OwnersFile, PullRequest } from "../../src/domain/change/pull-request.ts";
import type { RequirementTree } from "../../src/domain/policy/file/requirement.ts";
import type { When } from "../../src/domain/policy/file/when.ts";
import { evaluateWhen } from "../../src/domain/approval/rule-conditions.ts";
import {
  ann,
  bob,
  carol,
  gate,
  person,
  policy,
  resultOf,
  robot,
  sha,
  START,
  Story,
} from "../support/facts.ts";
import type { ChangedFile } from "../../src/domain/change/commit.ts";

const DBA: RequirementTree = { required: 1, from: { teams: ["acme/dba"] } };
const NONE: RequirementTree = { required: 0, from: { permission: "write" } };

function files(...paths: readonly (string | readonly [string, string])[]): NonNullable<PullRequest["files"]> {
  const list = paths.map((path): ChangedFile =>
    typeof path === "string"
      ? { path, oldPath: null, status: "modified" }
      : { path: path[1], oldPath: path[0], status: "renamed" },
  );
  return { list, complete: true };
}

function under(when: When, approval: RequirementTree = DBA) {
  return policy({ approvals: [NONE], rules: [{ name: "ours", when, approval }] });
}

function holds(when: When, changes: Partial<PullRequest> = {}, story = new Story().push(ann, "a")) {
  return evaluateWhen(when, { ...story.facts(), ...changes }, START + 1e9).holds;
}

describe("a condition", () => {
  test("on paths sees a renamed file at its old and its new path", () => {
    for (const paths of [["db/**"], ["src/**"]])
      expect(holds({ paths }, { files: files(["db/a.sql", "src/a.sql"]) })).toBe("yes");
    expect(holds({ "only-paths": ["src/**"] }, { files: files(["db/a.sql", "src/a.sql"]) })).toBe("no");
    expect(holds({ paths: ["**"] }, { files: files() })).toBe("no");
    expect(holds({ "only-paths": ["**"] }, { files: files() })).toBe("no");
  });
  test("on a file that is not listed is unknown, unless a listed one settles it", () => {
    const truncated = { files: { ...files("src/a.ts"), complete: false } };
    expect(holds({ paths: ["db/**"] }, truncated)).toBe("unknown");
    expect(holds({ not: { paths: ["db/**"] } }, truncated)).toBe("unknown");
    expect(holds({ paths: ["src/**"] }, truncated)).toBe("yes");
    expect(holds({ "only-paths": ["db/**"] }, truncated)).toBe("no");
    expect(holds({ "only-paths": ["src/**"] }, truncated)).toBe("unknown");
    expect(holds({ paths: ["src/**"] })).toBe("unknown");
  });
  test("on people counts co-authors, pushers and apps, and takes nobody it cannot name for someone else", () => {
    const together = new Story().push(ann, "a", { authors: [ann, bob] });
    expect(holds({ contributors: { users: ["BOB"] } }, {}, together)).toBe("yes");
    expect(holds({ "only-contributors": { users: ["bob"] } }, {}, together)).toBe("no");
    expect(holds({ "only-contributors": { users: ["ann", "bob"] } }, {}, together)).toBe("yes");
    expect(holds({ author: { apps: ["dependabot"] } }, { author: robot })).toBe("yes");
    const impostor = person(99, "dependabot");
    expect(holds({ author: { apps: ["dependabot"] } }, { author: impostor })).toBe("no");
    const unnamed = new Story().push(ann, "a", { authors: [null] });
    expect(holds({ contributors: { users: ["eve"] } }, {}, unnamed)).toBe("unknown");
    expect(holds({ "only-contributors": { users: ["ann"] } }, {}, unnamed)).toBe("unknown");
    expect(holds({ author: { teams: ["acme/core"] } })).toBe("unknown");
  });
  test("on people is not lifted by a name in a commit, which anybody can write there", () => {
    const named = new Story().push(ann, "a", { authors: [ann, bob] });
    expect(holds({ "only-contributors": { users: ["ann"] } }, {}, named)).toBe("yes");
    expect(holds({ not: { "only-contributors": { users: ["ann"] } } }, {}, named)).toBe("yes");
    expect(holds({ not: { contributors: { users: ["bob"] } } }, {}, named)).toBe("yes");
    const pushed = new Story().push(ann, "a").push(bob, "b");
    expect(holds({ "only-contributors": { users: ["ann"] } }, {}, pushed)).toBe("no");
    expect(holds({ not: { contributors: { users: ["bob"] } } }, {}, pushed)).toBe("no");
  });
  test("on signatures holds for all commits or not at all", () => {
    const { commits } = new Story().push(ann, "a").push(ann, "b").facts();
    const signed = (...which: readonly boolean[]) =>
      commits.map((commit, index) => ({ ...commit, signed: which[index] === true }));
    expect(holds({ signatures: "valid" }, { commits: signed(true, true) })).toBe("yes");
    expect(holds({ signatures: "missing" }, { commits: signed(true, false) })).toBe("yes");
    expect(holds({ signatures: "valid" }, { commits })).toBe("unknown");
    expect(holds({ signatures: "valid" }, { commits: signed(true, true), commitsComplete: false })).toBe(
      "unknown",
    );
  });
  test("on size compares, and is unknown where GitHub did not say", () => {
    const size = { additions: 10, deletions: 5, files: 2 };
    expect(holds({ size: { lines: "> 14", files: "<= 2" } }, { size })).toBe("yes");
    expect(holds({ size: { lines: "> 15" } }, { size })).toBe("no");
    expect(holds({ size: { additions: "= 10", deletions: "< 5" } }, { size })).toBe("no");
    expect(holds({ size: { lines: "> 14" } })).toBe("unknown");
  });
});

describe("a rule", () => {
  test("X27: that may apply to a file GitHub does not list is unverifiable, never skipped", () => {
    const story = new Story().push(ann, "a").review(bob);
    const pull = { ...story.facts(), files: { ...files("src/a.ts"), complete: false } };
    const assessment = gate(pull, under({ paths: ["db/**"] }));
    expect(assessment.verdict).toBe("unverifiable");
    expect(resultOf(assessment).reasons[0]).toBe(
      "whether the rule “ours” applies cannot be verified: GitHub did not list more than 1 of the changed files",
    );
  });
  test("whose approval is there anyway need not be known to apply", () => {
    const story = new Story()
      .push(ann, "a")
      .review(bob)
      .rights(bob, { teams: ["acme/dba"] });
    const pull = { ...story.facts(), files: { ...files("src/a.ts"), complete: false } };
    expect(gate(pull, under({ paths: ["db/**"] })).verdict).toBe("compliant");
  });
  test("does not count its own maker, whatever team they are in", () => {
    const story = new Story()
      .push(ann, "a")
      .review(ann)
      .rights(ann, { teams: ["acme/dba"] });
    const pull = { ...story.facts(), files: files("db/a.sql") };
    expect(gate(pull, under({ paths: ["db/**"] })).verdict).not.toBe("compliant");
  });
  test("is held back by a request for changes of whom it asks, and only where it applies", () => {
    const story = new Story().push(ann, "a").review(carol, "changes-requested");
    const facts = story.rights(carol, { permission: "read", teams: ["acme/dba"] }).facts();
    const at = (path: string) => gate({ ...facts, files: files(path) }, under({ paths: ["db/**"] }));
    expect(resultOf(at("db/a.sql")).cause).toBe("changes-requested");
    expect(at("src/a.ts").verdict).toBe("compliant");
  });
  test("with any-of is met by one of them, with all-of by every one", () => {
    const story = new Story()
      .push(ann, "a")
      .review(bob)
      .rights(bob, { teams: ["acme/dba"] });
    const core = { required: 1, from: { teams: ["acme/core"] } };
    const pull = { ...story.facts(), draft: true };
    expect(gate(pull, under({ draft: true }, { "any-of": [core, DBA] })).verdict).toBe("compliant");
    const both = gate(pull, under({ draft: true }, { "any-of": [{ "all-of": [core, DBA] }] }));
    expect(both.verdict).toBe("pending");
    expect(resultOf(both).reasons[0]).toBe("needs 1 approval from acme/core, required by “ours”");
  });
});

describe("code owners", () => {
  const owned = policy({ approvals: [{ required: 1, from: { codeowners: true } }] });
  const file = (text: string): OwnersFile => ({
    state: "found",
    path: "CODEOWNERS",
    commit: sha("base"),
    text,
  });
  const facts = (story: Story, owners: OwnersFile, paths = files("src/a.ts")): PullRequest => ({
    ...story.facts(),
    files: paths,
    owners,
  });
  test("are asked for every file they own", () => {
    const story = new Story().push(ann, "a").review(bob);
    const pull = facts(story, file("/src/ @bob\n/db/ @carol"), files("src/a.ts", "db/a.sql"));
    const result = resultOf(gate(pull, owned), "approved-by-owners");
    expect(result).toMatchObject({ outcome: "fail", cause: "waiting-for-approval" });
    expect(result.reasons[0]).toBe("needs 1 approval from carol, code owner of db/a.sql");
  });
  test("do not open the gate by there being none: somebody who may write is asked", () => {
    for (const owners of [{ state: "absent" }, file("/db/ @carol"), file("/src/")] as const) {
      expect(gate(facts(new Story().push(ann, "a"), owners), owned).verdict).toBe("pending");
      expect(gate(facts(new Story().push(ann, "a").review(bob), owners), owned).verdict).toBe("compliant");
    }
  });
  test("named by team only are not taken for nobody", () => {
    const story = new Story().push(ann, "a").review(bob);
    expect(gate(facts(story, file("* @acme/dba")), owned).verdict).toBe("pending");
  });
  test("without write access are none", () => {
    const story = new Story().push(ann, "a").review(bob).rights(bob, { permission: "read" });
    expect(gate(facts(story, file("* @bob")), owned).verdict).toBe("pending");
  });
  test("named by an address, whose file cannot be read, or whose files are not all listed, are unverifiable", () => {
    const story = new Story().push(ann, "a").review(bob);
    const truncated = { ...files("src/a.ts"), complete: false };
    for (const pull of [
      facts(story, file("* bob@example.com")),
      facts(story, { state: "unreadable", because: "it is too large" }),
      facts(story, file("* @bob"), truncated),
      story.facts(),
    ])
      expect(gate(pull, owned).verdict).toBe("unverifiable");
  });
  test("do not own what they made alone", () => {
    const story = new Story().push(ann, "a").review(ann);
    expect(gate(facts(story, file("* @ann")), owned).verdict).not.toBe("compliant");
  });
});
