/** Everything that can be read of GitHub, in one place: the tool the flows are handed. */

export { ReadAhead } from "./read-ahead.ts";
export { organizationMembers, readAuthorities, readCandidates } from "./authority.ts";
export { listComments } from "./comments.ts";
export { listGitLine, listMergedPulls } from "./census.ts";
export { compareCommits, compareFiles, isOnBranch } from "./compare.ts";
export { readPeople, readProtection } from "./control-state.ts";
export { proveSameContent, proveShipped } from "./content.ts";
export { listFailedDeliveries, redeliver } from "./deliveries.ts";
export { listDeployments, readDeployment } from "./deployments.ts";
export { readFiles, readOwners } from "./files.ts";
export {
  listBranches,
  listInstallations,
  listOpenPulls,
  listOwned,
  listRepositories,
  pullsWithHead,
  readInstallation,
  readListed,
  readMergeGroup,
  readRepository,
} from "./lists.ts";
export { readAccount, readTeamId, readTeamNames } from "./accounts.ts";
export { missingPermissions } from "./permissions.ts";
export { readPolicy } from "./policies.ts";
export { readPolicyHistory } from "./policy-history.ts";
export { merged as mergePushes } from "./pushes.ts";
export { readChecks, readPullRequest } from "./pull-request.ts";
export {
  listSucceededRuns,
  listTags,
  readApprovals,
  readCommit,
  readEnvironment,
  readRun,
  runBehind,
} from "./runs.ts";
export { readWebhookConfig } from "./webhook.ts";
export { digestOf, listDeletedBranches, readChange, readPushes, readRefUpdates } from "./updates.ts";
