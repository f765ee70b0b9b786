/** The first policy and its ruleset in a folder: checked before anything else is done, asked for at a terminal, written once. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../settings.ts";
import { systemErrorCode } from "../../settings/system-error.ts";
import { UsageError, type Terminal } from "../terminal/answer.ts";
import {
  NO_ANSWERS,
  problemsOf,
  STARTER_FILES,
  STARTER_QUESTIONS,
  starterFiles,
  starterPolicy,
  withAnswer,
  type StarterAnswers,
} from "./starter.ts";

/** Describes what the command line says of the first policy. */
export interface PolicyOptions {
  readonly out?: string;
  readonly force?: true;
  /** Answers of the starter's questions, by their keys. */
  readonly answers: Readonly<Partial<Record<keyof StarterAnswers, string>>>;
}

/** Holds the last lines of `setup`, and the files it wrote. */
export interface FirstPolicy {
  readonly lines: readonly string[];
  readonly names: readonly string[];
}

/** Refuses options that no policy can be written with, before anything is registered. Throws UsageError. */
export function checkPolicyOptions(options: PolicyOptions): void {
  if (!isWanted(options)) return;
  const answers = STARTER_QUESTIONS.reduce(
    (all, { key, fallback }) => withAnswer(all, key, options.answers[key] ?? fallback),
    NO_ANSWERS,
  );
  refuseProblems(answers);
  starterFiles(answers, { appId: 1, organization: "unknown" });
  const there = existing(options);
  if (there.length > 0 && options.force !== true)
    throw new UsageError(
      `Already there, and kept: ${there.join(", ")}. Name another folder with --out, remove them, or go on without --out and answers.`,
    );
}

/** Writes the first policy, where options or a person at the terminal ask for it. Throws UsageError. */
export async function firstPolicy(
  options: PolicyOptions,
  terminal: Terminal,
  { appId, organization }: Pick<Settings, "appId"> & { readonly organization: string },
): Promise<FirstPolicy> {
  if (!isWanted(options) && terminal.ask === undefined)
    return {
      lines: [
        "Next: start the App (countersign serve; in a clone: npm start, or docker compose up --detach). A first policy: countersign setup --out FOLDER --approvers acme/core",
      ],
      names: [],
    };
  const there = isWanted(options) ? [] : existing(options);
  if (there.length > 0)
    return {
      lines: [
        `Already there, and kept: ${there.join(", ")}. For another policy: countersign setup --out FOLDER`,
        ...nextLines(options, organization),
      ],
      names: [],
    };
  const answers = await answered(terminal, options.answers);
  refuseProblems(answers);
  const files = starterFiles(answers, { appId, organization });
  terminal.printError("The policy has no problems:");
  for (const line of starterPolicy(answers).trimEnd().split("\n")) terminal.printError(`  ${line}`);
  writeAll(folderOf(options), files, options.force === true);
  return {
    names: [...files.keys()].map((name) => join(folderOf(options), name)),
    lines: nextLines(options, organization),
  };
}

function nextLines(options: PolicyOptions, organization: string): readonly string[] {
  const at = (name: string): string => join(folderOf(options), name);
  return [
    "Next:",
    "  1. Start the App: countersign serve (in a clone: npm start, or docker compose up --detach)",
    `  2. Open a pull request in ${organization}/.github that adds ${at("countersign.yml")} as .github/countersign.yml. Its text: ${at("pull-request.md")}`,
    `  3. Require the check: gh api orgs/${organization}/rulesets --input ${at("ruleset.json")} (Terraform: ${at("ruleset.tf")})`,
  ];
}

function isWanted({ out, answers }: PolicyOptions): boolean {
  return out !== undefined || Object.keys(answers).length > 0;
}

function folderOf({ out }: PolicyOptions): string {
  return out ?? "countersign-policy";
}

function existing(options: PolicyOptions): readonly string[] {
  return STARTER_FILES.map((name) => join(folderOf(options), name)).filter((path) => existsSync(path));
}

function refuseProblems(answers: StarterAnswers): void {
  const problems = problemsOf(answers);
  if (problems.length > 0)
    throw new UsageError(
      ["the policy would have problems, and nothing was written:", ...problems].join("\n  "),
    );
}

/** Asks the questions that no option answers, each again until the policy's own checks accept the answer. */
async function answered(terminal: Terminal, given: PolicyOptions["answers"]): Promise<StarterAnswers> {
  let answers = NO_ANSWERS;
  for (const { key, question, fallback } of STARTER_QUESTIONS) {
    const text = given[key];
    if (text !== undefined || terminal.ask === undefined) {
      answers = withAnswer(answers, key, text ?? fallback);
      continue;
    }
    for (;;) {
      const typed = await terminal.ask(`${question}${fallback === "" ? "" : ` [${fallback}]`}: `);
      const candidate = withAnswer(answers, key, typed.trim() === "" ? fallback : typed);
      const problems = problemsOf(candidate);
      if (problems.length === 0) {
        answers = candidate;
        break;
      }
      for (const problem of problems) terminal.printError(`  ${problem}`);
    }
  }
  return answers;
}

function writeAll(out: string, files: ReadonlyMap<string, string>, force: boolean): void {
  try {
    mkdirSync(out, { recursive: true });
    for (const [name, text] of files) writeFileSync(join(out, name), text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const { path = out } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `${path} cannot be written (${systemErrorCode(error)}): name a folder that you may write with --out.`,
    );
  }
}
