import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { parsePolicy } from "../../src/domain/policy/file/parse.ts";
import { run } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-policy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
