import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

import { readBotFile } from "../../src/domain/policy-bot/file.ts";
import { run } from "./run.ts";

const FOLDER = new URL("../golden/policy-bot/", import.meta.url);
const NAMES = readdirSync(FOLDER).flatMap((name) =>
  name.endsWith(".policy.yml") ? [name.slice(0, -".policy.yml".length)] : [],
);

function written(name: string): string {
  return readFileSync(new URL(`${name}.policy.yml`, FOLDER), "utf8");
}

describe("policy import", () => {
  test.each(NAMES)("%s is translated as reviewed, into a policy that has no problems", async (name) => {
    const { code, printed } = await run(
      ["policy", "import", "-", "--for", "organization"],
      {},
      written(name),
    );
    await expect(`exit code ${code}\n${printed}\n`).toMatchFileSnapshot(
      `../golden/policy-bot/${name}.out.txt`,
    );
    if (!readBotFile(written(name)).ok) return;
    const checked = await run(["policy", "check", "-"], {}, printed);
    expect(checked.printed).toBe("-: no problems.");
  });

  test("at least a dozen files are translated", () => {
    expect(NAMES.length).toBeGreaterThanOrEqual(12);
  });

  test("everything policy-bot's files may hold is in one of them", () => {
    const all = NAMES.map(written).join("\n");
    const missing = KEYS.filter((key) => !new RegExp(`\\b${key}\\b`, "u").test(all));
    expect(missing).toEqual([]);
  });

  test("prints for machines the policy, its text, and each difference with what is asked instead", async () => {
    const { code, printed } = await run(["policy", "import", "-", "--json"], {}, written("nobody-can"));
    const told = JSON.parse(printed) as {
      readonly ok: boolean;
      readonly yaml: string;
      readonly policy: unknown;
      readonly notes: readonly { readonly where: string; readonly kind: string; readonly instead: string }[];
    };
    expect(code).toBe(1);
    expect(told.ok).toBe(false);
    expect(parse(told.yaml)).toEqual(told.policy);
    expect(told.notes).toContainEqual(
      expect.objectContaining({ where: "nobody", kind: "looser", loss: "never" }),
    );
  });

  test("names the line of what it cannot read, and answers 1", async () => {
    const { code, printed } = await run(["policy", "import", "-"], {}, "policy:\n  aproval: [a]\n");
    expect(code).toBe(1);
    expect(printed).toContain('-:2: policy: Unrecognized key: "aproval"');
    expect(printed).toContain("nothing was converted");
  });

  test("answers 0 where nothing is asked less of or otherwise", async () => {
    const { code, printed } = await run(["policy", "import", "-"], {}, written("simple"));
    expect(code).toBe(0);
    expect(printed).not.toContain("Looser here");
    expect(printed).not.toContain("Expressed differently");
  });
});

describe("policy import, where the result is to stand", () => {
  const LETS_OUT =
    "policy: { approval: [{ or: [bots, people] }] }\napproval_rules:\n  - { name: bots, if: { has_author_in: { users: ['a[bot]'] } } }\n  - { name: people, requires: { count: 1, permissions: [write] } }\n";
  const NOTHING = "policy: { approval: [any] }\napproval_rules: [{ name: any, requires: { count: 0 } }]\n";

  test("a rule that lets out by what an author sets is a problem of a repository's own file alone", async () => {
    const own = await run(["policy", "import", "-", "--for", "repository"], {}, LETS_OUT);
    expect(own.code).toBe(1);
    expect(own.printed).toContain("its author could set this to be let out of the rule");
    expect(own.printed).toContain("--for organization");
    const organization = await run(["policy", "import", "-", "--for", "organization"], {}, LETS_OUT);
    expect(organization.code).toBe(0);
  });

  test("a repository's own file is what it is checked as where nothing is said", async () => {
    const own = await run(["policy", "import", "-", "--for", "repository"], {}, LETS_OUT);
    expect(await run(["policy", "import", "-"], {}, LETS_OUT)).toEqual(own);
  });

  test("what asks nothing there keeps the default approval without an organisation's file", async () => {
    const own = await run(["policy", "import", "-"], {}, NOTHING);
    expect(own.code).toBe(1);
    expect(own.printed).toContain("the default stays");
    const organization = await run(["policy", "import", "-", "--for", "organization"], {}, NOTHING);
    expect(organization.code).toBe(0);
    expect(organization.printed).not.toContain("the default stays");
  });

  test("a policy that is elsewhere comes to no policy", async () => {
    const { code, printed } = await run(["policy", "import", "-", "--json"], {}, "remote: acme/policies\n");
    expect(code).toBe(1);
    expect(JSON.parse(printed)).toMatchObject({ ok: false, policy: null, yaml: null });
  });

  test.each([
    "- ",
    "a: *b",
    "a: &b { <<: *b }",
    "[".repeat(20_000),
    "policy: null",
    "approval_rules: [{ name: a, if: null }]",
  ])("%j is read or refused with a line", async (text) => {
    const { code, printed } = await run(["policy", "import", "-"], {}, text);
    expect(code === 1 || printed.includes("mode: enforce")).toBe(true);
  });
});

/** Every key of the other app's files. */
const KEYS = `
changed_files no_changed_files only_changed_files ignore has_author_in has_contributor_in
only_has_contributors_in author_is_only_contributor targets_branch from_branch modified_lines
has_status has_successful_status has_workflow_result has_labels repository title
has_valid_signatures has_valid_signatures_by_keys users teams organizations permissions admins
write_collaborators conditions count comments comment_patterns github_review
github_review_comment_patterns body_patterns allow_author allow_contributor and or
allow_non_author_contributor invalidate_on_push ignore_update_merges ignore_commits_by
ignore_edited_comments request_review disapproval disapprove revoke remote approval_defaults
`
  .trim()
  .split(/\s+/u);
