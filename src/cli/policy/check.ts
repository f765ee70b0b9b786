/** `countersign policy check`: every problem of a policy file, with its place and a suggestion. */

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { workflowAccountNotes } from "../../domain/policy/workflow-accounts.ts";
import { parsePolicy } from "../../domain/policy/file/parse.ts";
import type { FileProblem } from "../../domain/policy/tighten.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import { policyFromFiles, problemLine, readPolicyFile, type GivenFile } from "../input/policy-files.ts";

/** The path of a repository's policy file in its clone. */
const POLICY_FILE = join(".github", "countersign.yml");

/** Returns the path of the policy file in this folder or the nearest one above. Throws UsageError where there is none. */
export function ownPolicyFile(): string {
  let up = ".";
  for (;;) {
    const file = join(up, POLICY_FILE);
    if (existsSync(file)) return file;
    if (dirname(resolve(up)) === resolve(up))
      throw new UsageError(`There is no ${POLICY_FILE} here or in a folder above: name the policy file.`);
    up = join(up, "..");
  }
}

/** The most characters of a line that are shown. */
const WIDEST = 120;

/** Checks a file by itself or, with the organisation's, as a repository's own that may only tighten it. */
export async function checkPolicy(
  terminal: Pick<Terminal, "input">,
  file: string,
  organization: string | undefined,
): Promise<Answer> {
  if (file === "-" && organization === "-") throw new UsageError("Only one of the two files can be -.");
  const own = await readPolicyFile(file, terminal);
  const above = organization === undefined ? null : await readPolicyFile(organization, terminal);
  const problems = above === null ? alone(own) : together(above, own);
  const given = above === null ? [own] : [above, own];
  const count = `${problems.length} ${problems.length === 1 ? "problem" : "problems"}`;
  const notes = notesOf(own);
  const lines = [
    ...(problems.length > 0
      ? [...problems.flatMap((problem) => shown(problem, given)), count]
      : [
          above === null
            ? `${file}: no problems.`
            : `${file}: no problems; it loosens nothing in ${above.file}.`,
        ]),
    ...notes.flatMap((note) => shown({ ...note, message: `Note: ${note.message}` }, given)),
  ];
  return {
    code: problems.length > 0 ? 1 : 0,
    lines,
    data: {
      ok: problems.length === 0,
      file,
      organization: organization ?? null,
      problems,
      ...(notes.length === 0 ? {} : { notes }),
    },
  };
}

/** Returns notes on rules that are valid and easily misread. */
function notesOf({ file, text }: GivenFile): readonly FileProblem[] {
  const parsed = parsePolicy(text);
  return parsed.ok ? workflowAccountNotes(parsed.file, parsed.lineOf).map((note) => ({ ...note, file })) : [];
}

function alone({ file, text }: GivenFile): readonly FileProblem[] {
  const parsed = parsePolicy(text);
  return parsed.ok ? [] : parsed.problems.map((problem) => ({ ...problem, file }));
}

function together(above: GivenFile, own: GivenFile): readonly FileProblem[] {
  const policy = policyFromFiles(above, own);
  if (policy.state !== "broken") return [];
  // The organisation's first, and each file from top to bottom.
  const place = (problem: FileProblem): number => (problem.file === above.file ? 0 : 1);
  return policy.problems.toSorted((a, b) => place(a) - place(b) || a.line - b.line || a.column - b.column);
}

/** Prints the problem, its line, and a caret below the place. */
function shown(problem: FileProblem, given: readonly GivenFile[]): readonly string[] {
  const text = given.find(({ file }) => file === problem.file)?.text.split(/\r?\n/u)[problem.line - 1] ?? "";
  const start = problem.column < WIDEST / 2 ? 0 : problem.column - WIDEST / 2;
  const part = text.slice(start, start + WIDEST);
  const number = String(problem.line);
  // Tabs stay tabs in front of the caret, so that it stands where the reader's terminal puts the place.
  const before = part.slice(0, problem.column - 1 - start).replaceAll(/[^\t]/gu, " ");
  if (part.trim() === "") return [problemLine(problem)];
  return [problemLine(problem), `  ${number} | ${part}`, `  ${" ".repeat(number.length)} | ${before}^`];
}
