import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import { parsePolicy } from "../../src/domain/policy/file/parse.ts";
import { policyFromFiles } from "../../src/cli/input/policy-files.ts";
import { PolicyFileSchema } from "../../src/domain/policy/file/policy.ts";
import { run } from "./run.ts";
import { folderOfSuite } from "../support/folders.ts";

const folder = folderOfSuite("policy");

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("policy check", () => {
  test("answers 0 for a file without problems", async () => {
    const good = file("good.yml", "mode: enforce\n");
    const { code, printed } = await run(["policy", "check", good]);
    expect(code).toBe(0);
    expect(printed).toBe(`${good}: no problems.`);
  });

  test("names every problem with file, line, column, the line itself, a caret and the nearest word", async () => {
    const bad = file("bad.yml", "mode: enforced\naproval: { required: 2 }\n");
    const { code, printed } = await run(["policy", "check", bad]);
    expect(code).toBe(1);
    expect(printed.split("\n")).toEqual([
      `${bad}:1:7: mode: must be one of observe, enforce; did you mean "enforce"?`,
      "  1 | mode: enforced",
      "    |       ^",
      `${bad}:2:1: unknown key "aproval"; did you mean "approval"?`,
      "  2 | aproval: { required: 2 }",
      "    | ^",
      "2 problems",
    ]);
  });

  test("puts the caret below the place also where a tab stands before it", async () => {
    const text = "approval: {\trequired: many }\n";
    const parsed = parsePolicy(text);
    expect(parsed.ok).toBe(false);
    const { printed } = await run(["policy", "check", "-"], {}, text);
    const [, line = "", caret = ""] = printed.split("\n");
    expect(line.indexOf("many")).toBe(caret.indexOf("^"));
    expect(caret).toContain("\t");
  });

  test("shows of a very long line the part the problem is in", async () => {
    const text = `mode: enforce # ${"x".repeat(300)}\nchecks: { required: [${"a, ".repeat(100)}{ nam: b }] }\n`;
    const { code, printed } = await run(["policy", "check", "-"], {}, text);
    expect(code).toBe(1);
    for (const line of printed.split("\n").slice(1)) expect(line.length).toBeLessThan(160);
    const [, shown = "", caret = ""] = printed.split("\n");
    expect(shown.slice(caret.indexOf("^"))).toMatch(/^(nam|\{ nam)/u);
  });

  test("reads standard input for -", async () => {
    const { code, printed } = await run(["policy", "check", "-"], {}, "mode: observ\n");
    expect(code).toBe(1);
    expect(printed).toContain("-:1:7: mode: must be one of observe, enforce");
  });

  test("with the organisation's file names every attempt to loosen it, and answers 1", async () => {
    const organization = file("organisation.yml", "mode: enforce\napproval: { independence: strict }\n");
    const repository = file(
      "repository.yml",
      "mode: observe\nsince: 2026-01-01\napproval:\n  independence: every-commit\n",
    );
    expect((await run(["policy", "check", repository])).code).toBe(0);
    const { code, printed } = await run(["policy", "check", repository, "--organization", organization]);
    expect(code).toBe(1);
    expect(printed).toContain(`${repository}:1:7: mode: the organisation enforces`);
    expect(printed).toContain(`${repository}:4:17: approval.independence: the organisation requires strict`);
    expect(printed).toContain(`${repository}:2:8: since: belongs in the organisation's file only`);
    expect(printed).toContain("3 problems");
  });

  test("with the organisation's file shows problems of either in the file they are in", async () => {
    const organization = file("broken.yml", "\nmode: strict\n");
    const repository = file("fine.yml", "mode: enforce\n");
    const { code, printed } = await run(["policy", "check", repository, "--organization", organization]);
    expect(code).toBe(1);
    expect(printed).toContain(`${organization}:2:7: mode: must be one of`);
    expect(printed).toContain("  2 | mode: strict");
  });

  test("gives machines the same problems", async () => {
    const { code, printed } = await run(["policy", "check", "-", "--json"], {}, "mod: enforce\n");
    expect(code).toBe(1);
    expect(JSON.parse(printed)).toEqual({
      ok: false,
      file: "-",
      organization: null,
      problems: [{ file: "-", line: 1, column: 1, message: 'unknown key "mod"; did you mean "mode"?' }],
    });
  });

  test("says of a standard change by github-actions whose it is, and answers 0: that is no problem", async () => {
    const text = `mode: enforce
standard-changes:
  - name: generated
    by: [{ app: dependabot }, { app: github-actions }]
    paths: ["docs/**"]
    approved-by: carol
    expires: 2030-01-01
`;
    const { code, printed } = await run(["policy", "check", "-"], {}, text);
    expect(code).toBe(0);
    expect(printed).toContain("-: no problems.");
    expect(printed).toContain(
      "-:4:31: Note: standard-changes.0.by.1: github-actions is whoever may push a workflow",
    );
  });

  test("answers 2 and says what to give where there is no such file", async () => {
    const { code, said } = await run(["policy", "check", join(folder, "nowhere.yml")]);
    expect(code).toBe(2);
    expect(said).toMatch(/nowhere\.yml cannot be read \(no such file\): give the path of a policy/u);
  });
});

describe("a problem is told in the words of the file, not of the program that reads it", () => {
  const sample = `rules: [{ when: { paths: [] }, approval: { required: many } }]
production: { branches: main, environments: }
checks: { required: [3] }
exemptions: [{ repository: web }]
periods: [{ name: Q3, from: 2026-07-01 }]
approval: { required: -1 }
record: {}
`;

  test("what is missing, of another kind, empty or too small", async () => {
    const { code, printed } = await run(["policy", "check", "-", "--json"], {}, sample);
    expect(code).toBe(1);
    const { problems } = JSON.parse(printed) as {
      readonly problems: readonly { readonly message: string }[];
    };
    expect(problems.map(({ message }) => message)).toEqual([
      "rule 1 needs a name",
      "rules.0.when.paths: must not be empty: leave it out, or list at least one",
      "rules.0.approval.required: must be a number, not text",
      "production.branches: must be a list, not text: write [main]",
      "production.environments: must be a list, not nothing: leave it out, or give a value",
      "checks.required.0: must be text, not a number",
      'exemption 1 needs "approved-by"',
      'exemption 1 needs "expires"',
      "exemption 1 needs a reason",
      "exemption 1 needs controls",
      'period 1 needs "to"',
      "approval.required: must be at least 0",
      "record needs a pattern",
    ]);
  });

  test("no message is the schema library's own, whatever is put in the place of a value", async () => {
    const values = [
      "3",
      "-1.5",
      "word",
      "true",
      "[]",
      "[{}]",
      "{}",
      "null",
      '""',
      "[3]",
      "[[]]",
      "2026-13-40",
    ];
    const keys = Object.keys(PolicyFileSchema.shape);
    expect(keys.length).toBeGreaterThan(15);
    for (const key of keys)
      for (const value of values) {
        const parsed = parsePolicy(`${key}: ${value}\n`);
        const told = parsed.ok ? [] : parsed.problems.map(({ message }) => message);
        for (const message of told)
          expect(message, `${key}: ${value}`).not.toMatch(
            /invalid|expected|received|too (?:small|big)|>=|undefined/iu,
          );
      }
  });

  test.each(["rules", "standard-changes", "exemptions", "identities", "notifications", "periods", "freeze"])(
    "an empty list of %s is the same as none",
    (key) => {
      const policy = policyFromFiles({ file: "o.yml", text: `mode: enforce\n${key}: []\n` }, null);
      const none = policyFromFiles({ file: "o.yml", text: "mode: enforce\n" }, null);
      expect(policy).toMatchObject({ state: "known" });
      if (policy.state !== "known" || none.state !== "known") return;
      expect(policy.record.effective).toEqual(none.record.effective);
    },
  );
});

describe("without a file", () => {
  test("it checks .github/countersign.yml, of the folder or one above it", async () => {
    const clone = join(folder, "clone");
    mkdirSync(join(clone, ".github"), { recursive: true });
    mkdirSync(join(clone, "src/deep"), { recursive: true });
    writeFileSync(join(clone, ".github/countersign.yml"), "mode: enforced\n");
    const home = process.cwd();
    onTestFinished(() => process.chdir(home));
    for (const place of [".", "src/deep"]) {
      process.chdir(join(clone, place));
      const { code, printed } = await run(["policy", "check"]);
      expect(code).toBe(1);
      expect(printed).toContain("countersign.yml:1:7: mode: must be one of");
    }
    mkdirSync(join(folder, "elsewhere"));
    process.chdir(join(folder, "elsewhere"));
    const { code, said } = await run(["policy", "check"]);
    expect(code).toBe(2);
    expect(said).toContain("no .github/countersign.yml here or in a folder above: name the policy file");
  });
});
