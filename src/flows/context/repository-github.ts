/** Every question to GitHub about one repository, with the client, the repository and the cache inside. */

import type { Repository } from "../../domain/change/repository.ts";
import type { GitHub } from "../../github/api/requests.ts";
import type { CachedClient } from "../../github/api/repository-client.ts";
import type { Lookups } from "../../github/api/lookups.ts";
import type { Tools } from "./tools.ts";

type GitHubRoom = Tools["github"];

/** Binds every reading to a repository. `client` is asked for each reading anew. */
export function repositoryGitHub(github: GitHubRoom, client: () => Promise<GitHub>, repository: Repository) {
  const { lookups } = github;
  const of =
    <Args extends readonly unknown[], Answer>(
      read: (client: CachedClient, ...args: Args) => Promise<Answer>,
    ) =>
    async (...args: Args): Promise<Answer> =>
      read({ github: await client(), repository, lookups }, ...args);
  /** About something else that its installation can see. */
  const seen =
    <Args extends readonly unknown[], Answer>(read: (github: GitHub, ...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> =>
      read(await client(), ...args);
  /** The same, and kept. */
  const keptSeen =
    <Args extends readonly unknown[], Answer>(
      read: (github: GitHub, ...args: [...Args, Lookups]) => Promise<Answer>,
    ) =>
    async (...args: Args): Promise<Answer> =>
      read(await client(), ...args, lookups);
  type Rights = Parameters<GitHubRoom["readAuthorities"]>;
  return {
    lookups,
    organizationMembers: keptSeen(github.organizationMembers),
    authorities: async (read: Rights[1], needs: Rights[2], losses: Rights[4]) =>
      github.readAuthorities(await client(), read, needs, lookups, losses),
    candidates: of(github.readCandidates),
    holders: of(github.readHolders),
    listComments: of(github.listComments),
    listGitLine: of(github.listGitLine),
    listMergedPulls: of(github.listMergedPulls),
    compare: of(github.compareCommits),
    compareFiles: of(github.compareFiles),
    isOnBranch: of(github.isOnBranch),
    environments: seen(github.readEnvironments),
    people: of(github.readPeople),
    protection: seen(github.readProtection),
    isSamePatch: of(github.isSamePatch),
    proveSameContent: of(github.proveSameContent),
    proveShipped: of(github.proveShipped),
    listMergedInto: of(github.listMergedInto),
    commitWork: of(github.readCommitWork),
    pushedWork: of(github.readPushedWork),
    pushesBy: of(github.readPushesBy),
    deployKeys: of(github.readDeployKeys),
    listDeployments: of(github.listDeployments),
    deployment: of(github.readDeployment),
    earlier: of(github.readEarlier),
    touched: of(github.readTouched),
    pushedCommits: of(github.readPushedCommits),
    files: keptSeen(github.readFiles),
    owners: of(github.readOwners),
    listBranches: of(github.listBranches),
    listOpenPulls: of(github.listOpenPulls),
    pullsWithHead: of(github.pullsWithHead),
    listed: seen(github.readListed),
    mergeGroup: of(github.readMergeGroup),
    account: keptSeen(github.readAccount),
    teamId: keptSeen(github.readTeamId),
    teamNames: keptSeen(github.readTeamNames),
    policy: of(github.readPolicy),
    policyHistory: seen(github.readPolicyHistory),
    checks: of(github.readChecks),
    pull: of(github.readPullRequest),
    identifyPull: of(github.identifyPull),
    listSucceededRuns: of(github.listSucceededRuns),
    listTags: of(github.listTags),
    approvals: of(github.readApprovals),
    commit: of(github.readCommit),
    environment: of(github.readEnvironment),
    makers: of(github.readMakers),
    run: of(github.readRun),
    runBehind: of(github.runBehind),
    deploymentOfJob: of(github.deploymentOfJob),
    listWaitingJobs: of(github.listWaitingJobs),
    stillThere: of(github.readStillThere),
    listDeletedBranches: of(github.listDeletedBranches),
    change: of(github.readChange),
    pushers: of(github.readPushers),
    pushes: of(github.readPushes),
    refUpdates: of(github.readRefUpdates),
    Losses: github.Losses,
    Overviews: github.Overviews,
    behind: github.behind,
    digestOf: github.digestOf,
    mergePushes: github.mergePushes,
    movesIn: github.movesIn,
    peopleBehind: github.peopleBehind,
    unshownChecks: github.unshownChecks,
  };
}

/** Describes GitHub as it is asked about one repository. */
export type RepositoryGitHub = ReturnType<typeof repositoryGitHub>;
