import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { runProgram } from "../../src/cli/program.ts";
import { recompute } from "../independent/recompute.ts";

test("the demo plays its quarter in two processes, and its package verifies and is recomputed until it is tampered with", async () => {
  const out = mkdtempSync(join(tmpdir(), "countersign-demo-"));
  const printed: string[] = [];
  try {
    const code = await runProgram(["demo", "--out", out], {
      print: (line) => printed.push(line),
      printError: (line) => printed.push(line),
      env: {},
      interactive: false,
    });
    const text = printed.join("\n");
    expect(code, text).toBe(0);
    expect(text).toContain("found later by the sweep");
    expect(text).toContain("The package is whole");
    expect(text).toMatch(/^ {2}changes\.csv: /mu);
    const places = [
      ["evidence", "START-HERE.html"],
      ["addendum", "START-HERE.html"],
      ["two-quarters", "START-HERE.html"],
      ["sample", "index.html"],
      ["tampered"],
    ].map((parts) => join(out, ...parts));
    expect(printed.slice(-places.length).map((line) => line.slice(line.indexOf(out)))).toEqual(places);
    for (const place of places) expect(existsSync(place), place).toBe(true);
    expect(text).toContain("This package rolls up 2 periods: 2026-Q3, 2026-Q4.");
    expect(text).toMatch(
      /Of 2026-Q3, \d+ rows? differs? from the package that closed it, and .* its addendum 1/u,
    );
    expect(recompute(join(out, "two-quarters"))).toEqual([]);
    expect(recompute(join(out, "evidence"))).toEqual([]);
    expect(text).toMatch(/This package is addendum 1 .* rows? differs? from it/u);
    expect(recompute(join(out, "addendum"))).toEqual([]);
    expect(recompute(join(out, "tampered"))).toContain("changes.csv: not as sealed");
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
