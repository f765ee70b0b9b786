import { describe, expect, test } from "vitest";
import { entryId } from "../../src/domain/policy/entry-provenance.ts";
import { isWorkflowAccount } from "../../src/domain/policy/file/waivers-and-freezes.ts";
import { isOnlyText } from "../../src/domain/policy/workflow-accounts.ts";
import { preApproval } from "../../src/domain/approval/pre-approved/pre-approved-change.ts";
import { person, policy, START, Story } from "../support/facts.ts";

describe("what neither runs nor chooses what runs", () => {
  test("is a text or a picture", () => {
    for (const path of ["README.md", "docs/a.md", "texts/de.json", "img/logo.PNG", "LICENSE", "a/b.csv"])
      expect(isOnlyText(path), path).toBe(true);
  });

  test("is no workflow, manifest, lockfile or script, nor anything that is not known to be a text", () => {
    const running = [
      ".github/workflows/a.md",
      ".github/CODEOWNERS",
      "action.yml",
      "package.json",
      "a/package-lock.json",
      "composer.json",
      "tsconfig.json",
      "requirements.txt",
      "constraints.txt",
      "CMakeLists.txt",
      ".eslintrc.json",
      "pnpm-lock.yaml",
      "go.mod",
      "go.sum",
      "Cargo.toml",
      "gradle.lockfile",
      "build.sh",
      "a.py",
      "a.js",
      "Makefile",
      "Dockerfile",
      "bin/tool",
      "page.html",
      "logo.svg",
      "compose.yaml",
    ];
    expect(running.filter(isOnlyText)).toEqual([]);
  });
});

test("anybody who may push a workflow acts as github-actions, by whatever name the policy has for it", () => {
  expect(
    [{ app: "GitHub-Actions" }, { user: "github-actions[bot]" }, { id: 41_898_282 }].map(isWorkflowAccount),
  ).toEqual([true, true, true]);
  expect([{ app: "dependabot" }, { user: "ann" }, { id: 7 }].map(isWorkflowAccount)).toEqual([
    false,
    false,
    false,
  ]);
});

test("of two makers of one entry, only what github-actions opens is held to texts", () => {
  const bot = (id: number, login: string) => ({ ...person(id, login), type: "Bot" as const });
  const [actions, dependabot] = [bot(70, "github-actions[bot]"), bot(71, "dependabot[bot]")];
  const entry = {
    name: "lockfiles",
    by: [{ app: "github-actions" }, { app: "dependabot" }],
    paths: ["**"],
    approvedBy: "carol",
    expires: "2030-01-01",
  };
  const brought = {
    entry: entryId(entry),
    state: "approved",
    because: "approved by carol",
    url: null,
    approver: null,
    at: START,
  } as const;
  const accounts = [actions, dependabot].map((account) => ({ name: account.login, account }));
  const under = policy({ standardChanges: [entry], names: { accounts, brought: [brought] } });
  const why = (author: typeof actions, path: string): readonly string[] => {
    const files = { list: [{ path, oldPath: null, status: "modified" as const }], complete: true };
    const told = preApproval(
      new Story(author).push(author, "c1").with({ files }).facts(),
      under,
      START + 1e9,
    );
    return told.holds ? [] : told.why;
  };
  expect(why(actions, "package-lock.json").join()).toContain("may run or choose what runs");
  expect(why(dependabot, "package-lock.json")).toEqual([]);
  expect(why(actions, "docs/a.md")).toEqual([]);
});
