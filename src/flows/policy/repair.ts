/** What does nothing but mend a policy file is judged by that file as it last could be used: else nobody could mend it and be judged. */

import type { RefUpdate } from "../../domain/change/change.ts";
import { parsePolicy } from "../../domain/policy/file/parse.ts";
import { policyInForce, type FileProblem, type PolicyInForce } from "../../domain/policy/tighten.ts";
import { unknownNameProblems } from "../../domain/policy/unknown-names.ts";
import { openSince, policyAt, policyOf } from "./in-force.ts";
import { witnessesOf } from "../records/observations.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { ProposedPolicy, PullRequest } from "../../domain/change/pull-request.ts";

/** The policy that judges instead, and the version of the file it is from; null: no version could be used, so there is none. */
export interface RepairPolicy {
  readonly policy: Extract<PolicyInForce, { readonly state: "known" }>;
  readonly brought: ProposedPolicy & { readonly judgedBy: Sha | null };
}

/** Why a policy lets nothing pass until a file is changed; empty where it does. */
export function blockingProblemsOf(policy: PolicyInForce): readonly FileProblem[] {
  if (policy.state === "broken") return policy.problems;
  return policy.state === "known" ? unknownNameProblems(policy.record) : [];
}

/** The policy by which to judge an open pull request that brings the file without a problem, and nothing else; null: it is judged as any other. */
export async function policyForRepair(
  tools: Tools,
  watched: RepositoryContext,
  pull: PullRequest,
  broken: PolicyInForce,
  readFiles: () => Promise<NonNullable<PullRequest["files"]>>,
): Promise<RepairPolicy | null> {
  const { broughtPolicy: brought, base } = pull;
  if (brought === undefined || brought.problems.length > 0 || !isOwnFault(watched, broken, brought.path))
    return null;
  const { list, complete } = await readFiles();
  const isOnly = list.every(({ path, oldPath }) => path === brought.path && oldPath === null);
  return complete && isOnly ? lastUsable(tools, watched, brought.path, base.sha, tools.clock.now()) : null;
}

/** The same for an update of a branch: it changed nothing but the file, which can be used since. */
export async function policyAfterRepair(
  tools: Tools,
  watched: RepositoryContext,
  { before, after, at }: RefUpdate,
  broken: PolicyInForce,
): Promise<RepairPolicy | null> {
  if (blockingProblemsOf(broken).length === 0) return null;
  const since = await policyAt(tools, watched, after, at);
  if (since.state !== "known" || blockingProblemsOf(since).length > 0) return null;
  const { repository } = since.record;
  const own = repository.state === "found" ? repository : since.record.organization;
  if (own.state !== "found" || !isOwnFault(watched, broken, own.path)) return null;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const { compareFiles, lookups } = tools.github;
  const compared = await compareFiles(octokit, watched.repository, before, after, lookups);
  if (compared === null || compared.truncated) return null;
  const isOnly = compared.files.every(({ path, oldPath }) => path === own.path && oldPath === null);
  return isOnly ? lastUsable(tools, watched, own.path, before, at) : null;
}

/** Whether there are problems, and all of them are in the repository's own file. */
function isOwnFault({ repository }: RepositoryContext, broken: PolicyInForce, path: string): boolean {
  const problems = blockingProblemsOf(broken);
  const own = `${repository.owner}/${repository.name}/${path}`.toLowerCase();
  return problems.length > 0 && problems.every(({ file }) => file.toLowerCase() === own);
}

/** The newest version up to a commit that, with the organisation's file as it is, lets something pass; else the organisation's file alone. */
async function lastUsable(
  tools: Tools,
  watched: RepositoryContext,
  path: string,
  commit: Sha,
  at: Instant,
): Promise<RepairPolicy | null> {
  const { repository } = watched;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const { lookups } = tools.github;
  const place = `${repository.owner}/${repository.name}`;
  const isShown = (await openSince(tools, watched, commit)) === null;
  const history = await lookups.rememberForever(
    `policy-history:${place}:${commit}`,
    () => tools.github.readPolicyHistory(octokit, place, commit),
    () => isShown,
  );
  const usable = (policy: PolicyInForce, judgedBy: Sha | null): RepairPolicy | null =>
    policy.state === "known" && blockingProblemsOf(policy).length === 0
      ? { policy, brought: { path, problems: [], judgedBy } }
      : null;
  for (const version of history.versions) {
    if (version.text === null || !parsePolicy(version.text).ok) continue;
    const found = usable(await policyAt(tools, watched, version.commit, at), version.commit);
    if (found !== null) return found;
  }
  // Older versions that were not read may have asked for more.
  if (!history.complete) return null;
  const { organization } = await tools.github.readPolicy(octokit, repository, commit, {
    installationId: watched.installationId,
    lookups,
    witnesses: witnessesOf(tools, watched),
  });
  const isOwn =
    organization.state === "found" && organization.repository.toLowerCase() === place.toLowerCase();
  const alone = {
    organization: isOwn ? ({ state: "absent" } as const) : organization,
    repository: { state: "absent" } as const,
  };
  if (policyInForce(alone.organization, alone.repository).state !== "known") return null;
  return usable(await policyOf(tools, watched, alone, at), null);
}
