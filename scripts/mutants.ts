/**
 * Makes one mistake after another in a copy of this repository, and says what notices it: of the judgement the tests it names, of what
 * sees the ways round an approval the story of that way.
 * `npm run mutants [-- judgement | seeing | NAME...]`. Exit code 1: some mistake went unnoticed, or its place was not found.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { JUDGEMENT, SEEING, type Blindness, type Misjudgement } from "./mistakes.ts";

/** What plays the stories. */
const STORIES = "test/stories/scenarios/";

const HOME = new URL("..", import.meta.url).pathname;
const NOT_COPIED = /\/(?:node_modules|\.git|demo\/out|dist|data)$/u;

const Report = z.object({
  testResults: z.array(
    z.object({
      message: z.string().optional(),
      name: z.string(),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string(),
          failureMessages: z.array(z.string()).optional(),
        }),
      ),
    }),
  ),
});

/** Where the mistakes are made. */
const COPY = mkdtempSync(join(tmpdir(), "countersign-mutants-"));

/** What came of one mistake; `isNoticed` false: no test fails because of it, or its place was not found. */
interface Outcome {
  readonly isNoticed: boolean;
  readonly said: string;
}

/** The test that fails because of the mistake, with the first thing it finds wrong. */
function noticedBy(mistake: Misjudgement | Blindness): Outcome {
  const path = join(COPY, "src", mistake.file);
  const text = readFileSync(path, "utf8");
  if (!text.includes(mistake.right))
    return { isNoticed: false, said: `NOT MADE: ${mistake.file} does not say ${mistake.right}` };
  try {
    writeFileSync(path, text.replaceAll(mistake.right, mistake.wrong));
    const out = join(COPY, "report.json");
    rmSync(out, { force: true });
    const asked = "story" in mistake ? [STORIES, "-t", storyName(mistake.story)] : mistake.tests;
    const args = ["run", ...asked, "--reporter=json", `--outputFile=${out}`];
    spawnSync(join(HOME, "node_modules/.bin/vitest"), args, { cwd: COPY, stdio: "ignore" });
    const { testResults } = Report.parse(JSON.parse(readFileSync(out, "utf8")));
    const all = testResults.flatMap(({ assertionResults }) => assertionResults);
    const failed = all.find(({ status }) => status === "failed");
    if (failed === undefined) {
      const hasRun = all.some(({ status }) => status === "passed");
      return { isNoticed: false, said: hasRun ? "NOT NOTICED" : "NO TEST RAN" };
    }
    const what =
      "story" in mistake ? `${mistake.story}: ${foundWrong(failed.failureMessages ?? [])}` : failed.fullName;
    return { isNoticed: true, said: `noticed by “${what}”` };
  } finally {
    writeFileSync(path, text);
  }
}

/** A pattern for exactly this story's test. */
function storyName(file: string): string {
  const { name } = z
    .object({ name: z.string() })
    .parse(parse(readFileSync(join(HOME, "test/scenarios", file), "utf8")));
  return `${name.replaceAll(/[$()*+.?[\\\]^{|}]/gu, "\\$&")}$`;
}

/** Which expectation did not hold, with its place in the story. */
function foundWrong(messages: readonly string[]): string {
  const lines = messages.join("\n").split("\n");
  const line = lines.find((each) => each.includes(".yaml:")) ?? lines[0] ?? "";
  return line.replace(/^.*?\.yaml:(\d+) /u, "line $1 ").slice(0, 160);
}

const LISTS: Readonly<Record<string, readonly (Misjudgement | Blindness)[]>> = {
  judgement: JUDGEMENT,
  seeing: SEEING,
};
const wanted = process.argv.slice(2);
let unnoticed = 0;
try {
  cpSync(HOME, COPY, { recursive: true, filter: (path) => !NOT_COPIED.test(path) });
  symlinkSync(join(HOME, "node_modules"), join(COPY, "node_modules"));
  for (const [list, mistakes] of Object.entries(LISTS)) {
    for (const mistake of mistakes) {
      if (wanted.length > 0 && !wanted.includes(mistake.name) && !wanted.includes(list)) continue;
      const began = Date.now();
      const { isNoticed, said } = noticedBy(mistake);
      if (!isNoticed) unnoticed += 1;
      const seconds = ((Date.now() - began) / 1000).toFixed(0);
      console.log(`${mistake.name}: ${said} (${seconds} s)`);
    }
  }
} finally {
  rmSync(COPY, { recursive: true, force: true });
}
process.exitCode = unnoticed === 0 ? 0 : 1;
