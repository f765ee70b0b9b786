/** The two policy files in force: read whole, or the reason why not. A file that could not be read is never "no file". */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { PolicySource } from "../../domain/policy/record.ts";
import {
  PoliciesAnswer,
  type FileAnswer,
  type OrganizationAnswer,
  type PolicyAnswer,
} from "../queries/answers.ts";
import { ask, query, type GitHub } from "../api/requests.ts";
import { behind, movesIn, policyBehind, type Witnesses } from "../freshness/freshness.ts";
import { tags, type Lookups } from "../api/lookups.ts";
import type { PoliciesSeen } from "../listings/overview.ts";
import { ORGANIZATION_REPOSITORY, POLICY_PATH } from "../queries/policy-path.ts";
import { POLICIES_QUERY } from "../queries/queries.ts";
import { isSha } from "../queries/shapes.ts";
import type { Sha } from "../../domain/change/sha.ts";

/** Holds both policy files, and the commit of the repository that its own was read from. */
export interface Policies {
  readonly organization: PolicySource;
  readonly repository: PolicySource;
  readonly policyCommit: Sha | null;
}

/** Holds what reading policies requires of the installation whose token is used. */
export interface Through {
  readonly installationId: number;
  readonly lookups: Lookups;
  /** Absent: a past is read, of which no webhook reports. */
  readonly witnesses?: Witnesses;
}

/**
 * Reads the policy files as they are at a commit, or at the head of a branch, of this repository. One request, or none where
 * they were `seen` on that branch already. Throws {@link ExternalError}.
 */
export async function readPolicy(
  client: RepositoryClient,
  commitOrBranch: string,
  through: Through,
  seen: PoliciesSeen | null = null,
): Promise<Policies> {
  const at = expressionOf(commitOrBranch);
  const variables = {
    owner: client.repository.owner,
    name: client.repository.name,
    at,
    policyFile: `${at}:${POLICY_PATH}`,
  };
  const answer =
    seen?.branch === commitOrBranch
      ? seen
      : await query(client.github, POLICIES_QUERY, variables, PoliciesAnswer, ["organization"]);
  const read = await policyFilesOf(client.github, answer.repository, answer.organization, through);
  if (!at.startsWith("refs/") || read.policyCommit === null || through.witnesses === undefined) return read;
  const newer = behind(read.policyCommit, movesIn(await through.witnesses.ofRef(at)));
  return newer === null ? read : readPolicy(client, newer.after, through);
}

/** Returns the policy files of an answer. Reads what the installation covers only where the organisation's repository is not found. */
export async function policyFilesOf(
  github: GitHub,
  repository: z.infer<typeof PolicyAnswer>,
  organization: z.infer<typeof OrganizationAnswer>,
  through: Through,
): Promise<Policies> {
  const policyCommit = repository.policyCommit?.oid ?? null;
  const own = sourceOf(repository.file, repository.nameWithOwner, policyCommit, policyCommit !== null);
  // There the repository's own file is the organisation's, as it was at that commit.
  if (repository.nameWithOwner.toLowerCase().endsWith(`/${ORGANIZATION_REPOSITORY}`))
    return { policyCommit, organization: own, repository: { state: "absent" } };
  return {
    policyCommit,
    repository: own,
    organization:
      organization == null
        ? await missingOrganization(github, through)
        : await newerOrganization(github, organization, through, () =>
            sourceOf(
              organization.file,
              organization.nameWithOwner,
              organization.defaultBranchRef?.target?.oid ?? null,
              // Without a branch the repository is empty, and so without a policy.
              true,
            ),
          ),
  };
}

/** Reads the organisation's file at the commit a webhook reported, where GitHub still shows an older one. */
async function newerOrganization(
  github: GitHub,
  organization: NonNullable<z.infer<typeof OrganizationAnswer>>,
  { witnesses }: Through,
  asShown: () => PolicySource,
): Promise<PolicySource> {
  const newer = await policyBehind(organization.defaultBranchRef?.target?.oid ?? null, witnesses);
  if (newer === null) return asShown();
  const [owner = "", name = ""] = organization.nameWithOwner.split("/");
  const at = newer.after;
  const variables = { owner, name, at, policyFile: `${at}:${POLICY_PATH}` };
  const answer = await query(github, POLICIES_QUERY, variables, PoliciesAnswer, ["organization"]);
  const { nameWithOwner, policyCommit, file } = answer.repository;
  if (policyCommit == null)
    return { state: "unreadable", because: `GitHub does not show ${at.slice(0, 7)} of ${nameWithOwner} yet` };
  return sourceOf(file, nameWithOwner, at, true);
}

/** Returns whether the installation covers all repositories of its account or selected ones. Remembered until it changes. */
async function repositorySelection(github: GitHub, through: Through): Promise<"all" | "selected"> {
  const key = `selection:${through.installationId}`;
  return through.lookups.remember(key, [tags.installation(through.installationId)], async () => {
    const shape = z.object({ repository_selection: z.enum(["all", "selected"]).optional() });
    const { data } = await ask(github, "GET /installation/repositories", { per_page: 1 }, shape);
    // A host that does not show it is taken for the worse.
    return data.repository_selection ?? "selected";
  });
}

/** Names a commit or branch for GitHub; a full ref name, because a tag of a branch's name would come before the branch. */
function expressionOf(commitOrBranch: string): string {
  if (commitOrBranch.startsWith("refs/") || isSha(commitOrBranch)) return commitOrBranch;
  return `refs/heads/${commitOrBranch}`;
}

async function missingOrganization(github: GitHub, through: Through): Promise<PolicySource> {
  if ((await repositorySelection(github, through)) === "all") return { state: "absent" };
  return {
    state: "unreadable",
    because: `the App cannot see the organisation's ${ORGANIZATION_REPOSITORY} repository: add it to the App's selected repositories, or install the App on all of them`,
  };
}

function sourceOf(
  file: z.infer<typeof FileAnswer>,
  repository: string,
  commit: Sha | null,
  isAnswered: boolean,
): PolicySource {
  const unreadable = (because: string): PolicySource => ({ state: "unreadable", because });
  if (file == null) {
    return isAnswered
      ? { state: "absent" }
      : unreadable(`the branch that should hold the policy of ${repository} does not exist`);
  }
  const what = `${POLICY_PATH} of ${repository}`;
  if (file.__typename !== "Blob") return unreadable(`${what} is not a file`);
  if (file.isBinary === true || file.text == null) return unreadable(`${what} is not a text in UTF-8`);
  if (file.isTruncated) return unreadable(`${what} is too large: GitHub shows only a part of it`);
  if (commit === null) return unreadable(`GitHub does not say which commit ${what} was read from`);
  return { state: "found", repository, path: POLICY_PATH, commit, blob: file.oid, text: file.text };
}
