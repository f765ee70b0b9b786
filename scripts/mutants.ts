/**
 * Makes the judgement wrong in one place after another, each in a copy of this repository, and says which test notices.
 * `npm run mutants [-- NAME...]`. Exit code 1: some mistake went unnoticed, or its place was not found.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

interface Mistake {
  readonly name: string;
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

const MISTAKES: readonly Mistake[] = [
  {
    name: "dismissed reviews count",
    file: "approval.ts",
    right: "return review.dismissed !== null && review.dismissed.at <= at;",
    wrong: "return at < 0;",
  },
  {
    name: "second parents are skipped",
    file: "contribution.ts",
    right: "open.push(...(parents.get(sha) ?? []));",
    wrong: "open.push(...(parents.get(sha) ?? []).slice(0, 1));",
  },
  {
    name: "logins are compared by case",
    file: "entitled.ts",
    right: "user.toLowerCase() === login",
    wrong: "user === login.toUpperCase()",
  },
  {
    name: "a changed base is ignored",
    file: "approval.ts",
    right: "if (pull.retargetedAt !== null && review.submittedAt <= pull.retargetedAt)",
    wrong: "if (at < 0)",
  },
  {
    name: "bots approve",
    file: "approval.ts",
    right: 'if (actor.type !== "User") return answer("bot", "no");',
    wrong: "",
  },
  {
    name: "reviews are counted, not people",
    file: "approval.ts",
    right: "samePerson(later, review)",
    wrong: "later === review",
  },
  {
    name: "changed content keeps its approval",
    file: "approval.ts",
    right: 'if (proofs.includes("different")) return "earlier";',
    wrong: 'if (proofs.includes("different")) return "same";',
  },
  {
    name: "requests for changes are ignored",
    file: "controls/independently-approved.ts",
    right: "if (judgement.vetoes.length > 0) {",
    wrong: "if (judgement.vetoes.length > 1000) {",
  },
  {
    name: "reviews after the merge count",
    file: "approval.ts",
    right: "review.submittedAt <= at",
    wrong: "review.submittedAt <= at * 2",
  },
  {
    name: "what cannot be told passes",
    file: "controls/assess.ts",
    right: 'if (results.some((each) => each.outcome === "unverifiable")) return "unverifiable";',
    wrong: 'if (results.some((each) => each.outcome === "unverifiable")) return "compliant";',
  },
  {
    name: "the place a file was moved from is forgotten",
    file: "rule.ts",
    right: "? [oldPath, path]",
    wrong: "? [path]",
  },
  {
    name: "globs miss hidden files",
    file: "policy/glob.ts",
    right: "dot: true",
    wrong: "dot: false",
  },
];

/** Which tests are asked: those of the judgement alone, which take seconds. */
const TESTS = [
  "test/domain",
  "test/laws/approvals.test.ts",
  "test/laws/policy.test.ts",
  "test/laws/policy-bot.test.ts",
];

const HOME = new URL("..", import.meta.url).pathname;
const NOT_COPIED = /\/(?:node_modules|\.git|demo\/out|dist|data)$/u;

const Report = z.object({
  testResults: z.array(
    z.object({
      message: z.string().optional(),
      name: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

function noticedBy(mistake: Mistake): string | null {
  const copy = mkdtempSync(join(tmpdir(), "countersign-mutant-"));
  try {
    cpSync(HOME, copy, { recursive: true, filter: (path) => !NOT_COPIED.test(path) });
    symlinkSync(join(HOME, "node_modules"), join(copy, "node_modules"));
    const path = join(copy, "src/domain", mistake.file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(mistake.right)) throw new Error(`${mistake.file} does not say: ${mistake.right}`);
    writeFileSync(path, text.replaceAll(mistake.right, mistake.wrong));
    const out = join(copy, "report.json");
    const args = ["run", ...TESTS, "--reporter=json", `--outputFile=${out}`, "--bail=1"];
    spawnSync(join(HOME, "node_modules/.bin/vitest"), args, { cwd: copy, stdio: "ignore" });
    const { testResults } = Report.parse(JSON.parse(readFileSync(out, "utf8")));
    const failed = testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status === "failed").map(({ fullName }) => fullName),
    );
    return failed[0] ?? null;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
let unnoticed = 0;
for (const mistake of MISTAKES) {
  if (wanted.length > 0 && !wanted.includes(mistake.name)) continue;
  const test = noticedBy(mistake);
  if (test === null) unnoticed += 1;
  console.log(`${mistake.name}: ${test === null ? "NOT NOTICED" : `noticed by “${test}”`}`);
}
process.exitCode = unnoticed === 0 ? 0 : 1;
