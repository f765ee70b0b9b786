/** Policy files of the command line, made into the policy in force as the App does it. */

import { sha256 } from "../../domain/values/digest.ts";
import { policyInForce, type FileProblem, type PolicyInForce } from "../../domain/policy/tighten.ts";
import type { PolicySource } from "../../domain/policy/record.ts";
import type { Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import { readText } from "./text-file.ts";

/** Describes a policy file as it was given. */
export interface GivenFile {
  /** As it was written on the command line. */
  readonly file: string;
  readonly text: string;
}

const NOT_GIVEN: PolicySource = { state: "absent" };

/** Reads a policy file. Throws UsageError when it cannot be read. */
export async function readPolicyFile(file: string, terminal: Pick<Terminal, "input">): Promise<GivenFile> {
  return { file, text: await readText(file, "the path of a policy file", terminal) };
}

/** Returns the policy of an organisation's file and a repository's own, either may be null. Problems name the files as given. */
export function policyFromFiles(organization: GivenFile | null, repository: GivenFile | null): PolicyInForce {
  const policy = policyInForce(
    organization === null ? NOT_GIVEN : sourceOf("organisation", organization),
    repository === null ? NOT_GIVEN : sourceOf("repository", repository),
  );
  if (policy.state !== "broken") return policy;
  return { ...policy, problems: policy.problems.map(asGiven) };
}

/**
 * Returns the policy of `--policy`. The first file is the organisation's, a second one a repository's own on top of it. Null
 * where none was given. Throws UsageError when a file has problems.
 */
export async function policyFrom(
  files: readonly string[],
  terminal: Pick<Terminal, "input">,
): Promise<Extract<PolicyInForce, { readonly state: "known" }> | null> {
  if (files.length === 0) return null;
  if (files.length > 2) {
    throw new UsageError("Give --policy at most twice: the organisation's file, then a repository's own.");
  }
  const given: GivenFile[] = [];
  for (const file of files) given.push(await readPolicyFile(file, terminal));
  const policy = policyFromFiles(given[0] ?? null, given[1] ?? null);
  if (policy.state === "known") return policy;
  const problems = policy.state === "broken" ? policy.problems.map(problemLine) : [policy.because];
  throw new UsageError(["the policy has problems (see countersign policy check):", ...problems].join("\n  "));
}

/** Returns a problem as a line: "policy.yml:3:1: unknown key ...". */
export function problemLine({ file, line, column, message }: FileProblem): string {
  return `${file}:${line}:${column}: ${message}`;
}

function sourceOf(whose: "organisation" | "repository", { file, text }: GivenFile): PolicySource {
  const blob = sha256(text);
  return { state: "found", repository: whose, path: file, commit: blob, blob, text };
}

function asGiven(problem: FileProblem): FileProblem {
  return { ...problem, file: problem.file.replace(/^(organisation|repository)\//u, "") };
}
