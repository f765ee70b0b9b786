/** What does nothing but repair a policy file is judged by its last valid version: else nobody could repair it and be judged. */

import type { Repo } from "../context/repo.ts";
import { workflowAccountNotes } from "../../domain/policy/workflow-accounts.ts";
import type { PolicyNames } from "../../domain/policy/file/names.ts";
import { aboutOf, unknownIn, openSince, policyAt, policyOf } from "./in-force.ts";
import type { RefUpdate } from "../../domain/change/change.ts";
import { parsePolicy } from "../../domain/policy/file/parse.ts";
import { policyInForce, type FileProblem, type PolicyInForce } from "../../domain/policy/tighten.ts";
import { unknownNameProblems } from "../../domain/policy/unknown-names.ts";
import type { Tools } from "../context/tools.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { ProposedPolicy, PullRequest } from "../../domain/change/pull-request.ts";

/** Describes the policy that judges instead, and the version of the file it is from. Null: no version could be used, so there is none. */
export interface RepairPolicy {
  readonly policy: Extract<PolicyInForce, { readonly state: "known" }>;
  readonly proposed: ProposedPolicy & { readonly judgedBy: Sha | null };
}

/** Lists why a policy lets nothing pass until a file is changed; empty where it does. */
export function blockingProblemsOf(policy: PolicyInForce): readonly FileProblem[] {
  if (policy.state === "broken") return policy.problems;
  return policy.state === "known" ? unknownNameProblems(policy.record) : [];
}

/** Returns the policy by which to judge an open pull request that makes the file valid, and nothing else. Null: it is judged as any other. */
export async function policyForRepair(
  repo: Repo,
  pull: PullRequest,
  broken: PolicyInForce,
  readFiles: () => Promise<NonNullable<PullRequest["files"]>>,
): Promise<RepairPolicy | null> {
  const { broughtPolicy: proposed, base } = pull;
  if (proposed === undefined || proposed.problems.length > 0 || !isOwnFault(repo, broken, proposed.path))
    return null;
  const { list, complete } = await readFiles();
  const isOnly = list.every(({ path, oldPath }) => path === proposed.path && oldPath === null);
  return complete && isOnly ? lastUsable(repo, proposed.path, base.sha, repo.now()) : null;
}

/** Returns the same for an update of a branch: it changed nothing but the file, which can be used since. */
export async function policyAfterRepair(
  repo: Repo,
  { before, after, at }: RefUpdate,
  broken: PolicyInForce,
): Promise<RepairPolicy | null> {
  if (blockingProblemsOf(broken).length === 0) return null;
  const since = await policyAt(repo, after, at);
  if (since.state !== "known" || blockingProblemsOf(since).length > 0) return null;
  const { repository } = since.record;
  const own = repository.state === "found" ? repository : since.record.organization;
  if (own.state !== "found" || !isOwnFault(repo, broken, own.path)) return null;
  const compared = await repo.github.compareFiles(before, after);
  if (compared === null || compared.truncated) return null;
  const isOnly = compared.files.every(({ path, oldPath }) => path === own.path && oldPath === null);
  return isOnly ? lastUsable(repo, own.path, before, at) : null;
}

/** Whether there are problems, and all of them are in the repository's own file. */
function isOwnFault({ info: repository }: Repo, broken: PolicyInForce, path: string): boolean {
  const problems = blockingProblemsOf(broken);
  const own = `${repository.owner}/${repository.name}/${path}`.toLowerCase();
  return problems.length > 0 && problems.every(({ file }) => file.toLowerCase() === own);
}

/** The newest version up to a commit that, with the organisation's file as it is, lets something pass; else the organisation's file alone. */
async function lastUsable(repo: Repo, path: string, commit: Sha, at: Instant): Promise<RepairPolicy | null> {
  const { info: repository } = repo;
  const { lookups } = repo.github;
  const place = `${repository.owner}/${repository.name}`;
  const isShown = (await openSince(repo, commit)) === null;
  const history = await lookups.rememberForever(
    `policy-history:${place}:${commit}`,
    () => repo.github.policyHistory(place, commit),
    () => isShown,
  );
  const usable = (policy: PolicyInForce, judgedBy: Sha | null): RepairPolicy | null =>
    policy.state === "known" && blockingProblemsOf(policy).length === 0
      ? { policy, proposed: { path, problems: [], judgedBy } }
      : null;
  for (const version of history.versions) {
    if (version.text === null || !parsePolicy(version.text).ok) continue;
    const found = usable(await policyAt(repo, version.commit, at), version.commit);
    if (found !== null) return found;
  }
  // Older versions that were not read may have asked for more.
  if (!history.complete) return null;
  const { organization } = await repo.github.policy(commit, {
    installationId: repo.installationId,
    lookups,
    witnesses: repo.witnesses(),
  });
  const isOwn =
    organization.state === "found" && organization.repository.toLowerCase() === place.toLowerCase();
  const alone = {
    organization: isOwn ? ({ state: "absent" } as const) : organization,
    repository: { state: "absent" } as const,
  };
  if (policyInForce(alone.organization, alone.repository).state !== "known") return null;
  return usable(await policyOf(repo, alone, at), null);
}

type ReadPull = Awaited<ReturnType<Tools["github"]["readPullRequest"]>>;

/** Returns what is wrong with the policy file a pull request would introduce, beside the organisation's as it is. */
export async function proposedPolicy(
  repo: Repo,
  read: ReadPull,
): Promise<Pick<PullRequest, "broughtPolicy">> {
  const { proposedPolicy: proposed, policy } = read;
  if (proposed === null) return {};
  // Of the organisation's own file there is nothing above it.
  const isTop = proposed.repository.toLowerCase().endsWith("/.github");
  const together = isTop
    ? policyInForce(proposed, { state: "absent" })
    : policyInForce(policy.organization, proposed, await aboutOf(repo, policy.organization, repo.now()));
  const own = `${proposed.repository}/${proposed.path}`;
  const problems = (await problemsOf(repo, together)).filter(({ file }) => file === own);
  const parsed = parsePolicy(proposed.text);
  const notes = parsed.ok ? workflowAccountNotes(parsed.file, parsed.lineOf) : [];
  return {
    broughtPolicy: {
      path: proposed.path,
      ...(notes.length === 0 ? {} : { notes: notes.map(({ line, message }) => `line ${line}: ${message}`) }),
      problems: problems.map(({ line, column, message }) => ({ line, column, message })),
    },
  };
}

async function problemsOf(repo: Repo, policy: PolicyInForce): Promise<readonly FileProblem[]> {
  if (policy.state === "broken") return policy.problems;
  if (policy.state !== "known") return [];
  const { record } = policy;
  const names: PolicyNames = { accounts: [], brought: [], unknown: await unknownIn(repo, record) };
  return blockingProblemsOf({
    state: "known",
    record: { ...record, effective: { ...record.effective, names } },
  });
}
