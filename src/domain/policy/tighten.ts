/** Combines the organisation's minimum and a repository's own file into the policy in force. A repository's file only tightens. */

import { z } from "zod";
import { canonical, sha256 } from "../values/digest.ts";
import { PolicyRecordSchema, type DigestedPolicy, type PolicySource } from "./record.ts";
import { parsePolicy, type PolicyProblem } from "./file/parse.ts";
import type { Policy, PolicyFile } from "./file/policy.ts";
import { emergencyLoosened, writtenEmergency } from "./file/emergency.ts";
import { emergencyMinimum, fold, forRepository } from "./fold.ts";
import type { About } from "./file/organisation.ts";
import { isWithin } from "./file/people.ts";
import { letsAuthorOut } from "./file/when.ts";
import type { Infer } from "../values/schema.ts";

/** Describes a problem in a policy file, and the file it is in. */
export interface FileProblem extends PolicyProblem {
  readonly file: string;
}

/** Describes {@link PolicyInForce}. */
export const PolicyInForceSchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("known"), record: PolicyRecordSchema }),
  z.object({
    state: z.literal("broken"),
    problems: z.array(z.object({ file: z.string(), line: z.int(), column: z.int(), message: z.string() })),
  }),
  z.object({ state: z.literal("unreadable"), because: z.string() }),
]);

/** Describes the policy in force, or why there is none. `unreadable`: it could not be read; `broken`: someone must fix a file. */
export type PolicyInForce = Infer<typeof PolicyInForceSchema>;

/** Keys of `production` that let something pass. */
const ORGANIZATION_PRODUCTION = [
  ["not", "it ends what is watched for"],
  ["before-merge", "it lets a deployment come before its merge"],
  ["secrets-only", "it ends what is assessed"],
] as const;

const ORGANIZATION_ONLY = [
  "repositories",
  "exemptions",
  "identities",
  "access",
  "controls",
  "notifications",
  "calendar",
  "monitoring",
  "retention",
  "periods",
  "since",
] as const;

/** Folds the two sources into the policy in force. `about`: the repository and moment; null: any repository that no line names. */
export function policyInForce(
  organization: PolicySource,
  repository: PolicySource,
  about: About | null = null,
): PolicyInForce {
  for (const source of [organization, repository]) {
    if (source.state === "unreadable") return source;
  }
  const org = read(organization);
  const repo = read(repository);
  const problems = [...org.problems, ...repo.problems, ...loosened(forRepository(org.file, about), repo)];
  if (problems.length > 0) return { state: "broken", problems };
  const effective = fold(org.file, repo.file, about);
  const digest = digestOf(effective, organization, repository);
  return { state: "known", record: { digest, organization, repository, effective } };
}

/** Returns the same policy for a time without an App that could block. It only observes, and its digest shows that. */
export function withoutGate(policy: PolicyInForce): PolicyInForce {
  if (policy.state !== "known" || policy.record.effective.mode === "observe") return policy;
  const { organization, repository } = policy.record;
  const effective: Policy = { ...policy.record.effective, mode: "observe" };
  return {
    state: "known",
    record: { digest: digestOf(effective, organization, repository), organization, repository, effective },
  };
}

/** Returns the policy where no file exists anywhere. */
export function defaultPolicy(): Policy {
  return fold(null, null);
}

/**
 * Returns whether a policy has its own digest. That is the digest of its requirements and of the files it came from;
 * what names meant is kept beside it.
 */
export function hasItsDigest({ digest, effective, organization, repository }: DigestedPolicy): boolean {
  const { names: _, ...required } = effective;
  return digestOf(required, organization, repository) === digest;
}

function digestOf(
  effective: DigestedPolicy["effective"],
  organization: PolicySource,
  repository: PolicySource,
): string {
  return sha256(canonical({ effective, organization: blobOf(organization), repository: blobOf(repository) }));
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
      say(["approval", "independence"], "approval.independence: the organisation requires strict"),
    );
  }
  for (const key of ["repository", "per-day"] as const) {
    if (org?.deviations?.[key] !== undefined && file.deviations?.[key] !== undefined) {
      problems.push(say(["deviations", key], `deviations.${key}: the organisation has said it already`));
    }
  }
  for (const { key, because } of emergencyLoosened(emergencyMinimum(org), writtenEmergency(file.emergency))) {
    problems.push(say(["emergency", key], `emergency.${key}: ${because}`));
  }
  const accepted = org === null ? { permission: "admin" as const } : org.unverifiable?.["accepted-by"];
  const accepting = file.unverifiable?.["accepted-by"];
  if (accepting !== undefined && accepted !== undefined && !isWithin(accepting, accepted)) {
    const path = ["unverifiable", "accepted-by"];
    problems.push(say(path, `${path.join(".")}: names people who are not among those the minimum allows`));
  }
  for (const [index, change] of (file["standard-changes"] ?? []).entries()) {
    const path = ["standard-changes", index];
    // What needs no pull request is only ever the organisation's to give.
    const isGiven = org !== null && change["direct-push"] === undefined;
    const minimum = org?.["standard-changes"] ?? (isGiven ? undefined : []);
    if (minimum !== undefined && !minimum.some((each) => canonical(each) === canonical(change)))
      problems.push(
        say(
          path,
          `${path.join(".")}: a repository may only take over the organisation's standard changes, word for word`,
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
  for (const [key, because] of ORGANIZATION_PRODUCTION) {
    if (file.production?.[key] !== undefined)
      problems.push(
        say(["production", key], `production.${key}: belongs in the organisation's file only: ${because}`),
      );
  }
  for (const key of ORGANIZATION_ONLY) {
    if (file[key] !== undefined) problems.push(say([key], `${key}: belongs in the organisation's file only`));
  }
  return problems;
}

function blobOf(source: PolicySource): string | null {
  return source.state === "found" ? source.blob : null;
}
