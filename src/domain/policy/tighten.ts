/** The organisation's minimum and a repository's own file, made into the policy in force. A repository's file only tightens. */

import { canonical, sha256 } from "../digest.ts";
import type { PolicyRecord, PolicySource } from "../record.ts";
import { parsePolicy, type PolicyProblem } from "./parse.ts";
import type { Policy, PolicyFile } from "./policy.ts";
import { requirementOf } from "./requirement.ts";
import { letsAuthorOut } from "./when.ts";

/** A problem in a policy file, and the file it is in. */
export interface FileProblem extends PolicyProblem {
  readonly file: string;
}

/** The policy in force, or why there is none. `unreadable`: we could not look; `broken`: someone must mend a file. */
export type PolicyInForce =
  | { readonly state: "known"; readonly record: PolicyRecord }
  | { readonly state: "broken"; readonly problems: readonly FileProblem[] }
  | { readonly state: "unreadable"; readonly because: string };

const DEFAULT_APPROVAL = { required: 1, from: { permission: "write" } } as const;
const DEFAULT_ENVIRONMENTS: readonly string[] = ["production", "prod"];
const ORGANIZATION_ONLY = ["periods", "since"] as const;

/** Folds the two sources into the policy in force. */
export function policyInForce(organization: PolicySource, repository: PolicySource): PolicyInForce {
  for (const source of [organization, repository]) {
    if (source.state === "unreadable") return source;
  }
  const org = read(organization);
  const repo = read(repository);
  const problems = [...org.problems, ...repo.problems, ...loosened(org.file, repo)];
  if (problems.length > 0) return { state: "broken", problems };
  const effective = fold(org.file, repo.file);
  const digest = sha256(
    canonical({ effective, organization: blobOf(organization), repository: blobOf(repository) }),
  );
  return { state: "known", record: { digest, organization, repository, effective } };
}

/** The policy where no file exists anywhere. */
export function defaultPolicy(): Policy {
  return fold(null, null);
}

interface Read {
  readonly name: string;
  readonly file: PolicyFile | null;
  readonly lineOf: ((path: readonly PropertyKey[]) => PolicyProblem) | null;
  readonly problems: readonly FileProblem[];
}

function read(source: PolicySource): Read {
  if (source.state !== "found") return { name: "", file: null, lineOf: null, problems: [] };
  const name = `${source.repository}/${source.path}`;
  const parsed = parsePolicy(source.text);
  if (parsed.ok) return { name, file: parsed.file, lineOf: parsed.lineOf, problems: [] };
  return {
    name,
    file: null,
    lineOf: null,
    problems: parsed.problems.map((problem) => ({ ...problem, file: name })),
  };
}

function loosened(org: PolicyFile | null, repo: Read): readonly FileProblem[] {
  const { file, lineOf, name } = repo;
  if (file === null || lineOf === null) return [];
  const say = (path: readonly PropertyKey[], message: string): FileProblem => ({
    ...lineOf(path),
    message,
    file: name,
  });
  const problems: FileProblem[] = [];
  if (org?.mode === "enforce" && file.mode === "observe") {
    problems.push(say(["mode"], "mode: the organisation enforces; a repository cannot go back to observe"));
  }
  if (org?.approval?.independence === "strict" && file.approval?.independence === "every-commit") {
    problems.push(
      say(["approval", "independence"], "approval.independence: the organisation asks for strict"),
    );
  }
  if (org?.deviations?.repository !== undefined && file.deviations?.repository !== undefined) {
    problems.push(
      say(
        ["deviations", "repository"],
        "deviations.repository: the organisation has said where deviations go",
      ),
    );
  }
  for (const [index, rule] of (file.rules ?? []).entries()) {
    if (org?.rules?.some((each) => each.name === rule.name) === true) {
      const path = ["rules", index, "name"];
      problems.push(say(path, `rules.${index}.name: the organisation has a rule called "${rule.name}"`));
    }
    for (const path of letsAuthorOut(rule.when, ["rules", index, "when"])) {
      const where = path.map(String).join(".");
      problems.push(
        say(path, `${where}: its author could set this to be let out of the rule; not under "not"`),
      );
    }
  }
  for (const key of ORGANIZATION_ONLY) {
    if (file[key] !== undefined) problems.push(say([key], `${key}: belongs in the organisation's file only`));
  }
  return problems;
}

function fold(org: PolicyFile | null, repo: PolicyFile | null): Policy {
  const minimum = org?.approval ?? (org !== null && repo?.approval !== undefined ? null : DEFAULT_APPROVAL);
  const approvals = [minimum, repo?.approval ?? null].filter((each) => each !== null).map(requirementOf);
  const rules = [org, repo]
    .flatMap((file) => file?.rules ?? [])
    .map(({ name, when, approval }) => ({ name, when, approval: requirementOf(approval) }));
  const strict = [org, repo].some((file) => file?.approval?.independence === "strict");
  const checks = [org, repo].flatMap((file) => file?.checks?.required ?? []);
  const branches = [org, repo].flatMap((file) => file?.production?.branches ?? []);
  // Where no organisation file exists the defaults are the minimum, which a repository adds to.
  const environments = [
    ...(org === null ? DEFAULT_ENVIRONMENTS : []),
    ...[org, repo].flatMap((file) => file?.production?.environments ?? []),
  ];
  return {
    mode: org?.mode === "enforce" || repo?.mode === "enforce" ? "enforce" : "observe",
    production: {
      branches: branches.length > 0 ? unique(branches) : null,
      ...(org === null && branches.length > 0 ? { alsoDefaultBranch: true as const } : {}),
      environments: unique(environments.length > 0 ? environments : DEFAULT_ENVIRONMENTS),
    },
    approvals: approvals.filter(
      (each, index) => approvals.findIndex((other) => canonical(other) === canonical(each)) === index,
    ),
    rules,
    independence: strict ? "strict" : "every-commit",
    checks: checks
      .map((check) =>
        typeof check === "string" ? { name: check, app: null } : { name: check.name, app: check.app ?? null },
      )
      .filter(
        (check, index, all) =>
          all.findIndex((other) => other.name === check.name && other.app === check.app) === index,
      ),
    deviations: {
      repository: org?.deviations?.repository ?? repo?.deviations?.repository ?? null,
      assignees: unique([...(org?.deviations?.assignees ?? []), ...(repo?.deviations?.assignees ?? [])]),
      labels: unique([...(org?.deviations?.labels ?? []), ...(repo?.deviations?.labels ?? [])]),
    },
    periods: org?.periods ?? [],
    since: org?.since ?? null,
  };
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

function blobOf(source: PolicySource): string | null {
  return source.state === "found" ? source.blob : null;
}
